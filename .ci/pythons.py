"""Tries the app under the other versions of Python that it claims, in an environment for each without TensorFlow.

    python3 .ci/pythons.py                 a part of the quick tests, as continuous integration does
    python3 .ci/pythons.py tests -m ...    what pytest is told instead

The packages are those of the locks. A version that is not on this machine is named, and is no failure.
"""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from installation import DEVELOPMENT, NOTES, environment_python, find_uv, version_of  # noqa: E402
from start import FITTING, QUICK, python_commands  # noqa: E402

PART = ("tests/pages/test_without_tensorflow.py", "tests/core/data", "tests/core/inference")
OPTIONS = ("-n", "0", "-q", "-p", "no:cacheprovider")


def environment(version: str, uv: str) -> Path | None:
    """The Python of an environment of this version with all that the tests need but TensorFlow; None without one."""
    wanted = tuple(map(int, version.split(".")))
    found = next((command for command in python_commands(Path.home()) if version_of(command) == wanted), None)
    if not found:
        return None
    folder = NOTES / f"python-{version}"
    python = environment_python(folder)
    if version_of([str(python)]) != wanted:
        base = subprocess.run([*found, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True)
        subprocess.run([uv, "venv", "-q", "--clear", "--python", base.stdout.strip(), str(folder)], check=True)
    extras = ("-r", "pyproject.toml", "--extra", "dev", "-c", DEVELOPMENT)
    install = (uv, "pip", "install", "-q", "--python", str(python))
    subprocess.run([*install, *extras], check=True, cwd=PROJECT)
    return python


def uv_of_this_clone() -> str | None:
    """An installer that makes environments in seconds, from the package index; None where it cannot be had."""
    folder = NOTES / "uv"
    python = str(environment_python(folder))
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)]).returncode == 0
    if made and subprocess.run([python, "-m", "pip", "install", "-q", "uv"]).returncode == 0:
        return str(Path(python).with_name("uv"))
    return None


def tried(version: str, python: Path, words: list[str]) -> tuple[bool, str]:
    """Whether the tests pass under this Python, and what is to be said of it."""
    began = time.monotonic()
    done = subprocess.run([python, "-m", "pytest", *OPTIONS, *words], cwd=PROJECT, capture_output=True, text=True)
    passed = re.findall(r"(\d+) passed", done.stdout)
    if done.returncode or not passed:
        return False, f"Python {version} FAILED:\n{done.stdout}\n{done.stderr}"
    seconds = time.monotonic() - began
    return (
        True,
        f"Python {version}: {int(passed[-1]):,} of the quick tests passed in {seconds:.0f} s, without TensorFlow.",
    )


def main(words: list[str]) -> int:
    """Try all versions but that of this Python; returns the exit status."""
    uv = find_uv() or uv_of_this_clone()
    others = [version for version in reversed(FITTING) if version != "{}.{}".format(*sys.version_info)]
    if not uv:
        print(f"NOT TESTED: Python {' and '.join(others)}, for uv, which makes their environments, cannot be had.")
        return 0
    pythons = {version: environment(version, uv) for version in others}
    for version in others:
        if not pythons[version]:
            print(f"NOT TESTED: Python {version}, for there is none on this machine.")
    asked = [(version, python, words or [*PART, *QUICK]) for version, python in pythons.items() if python]
    with ThreadPoolExecutor() as beside:
        results = list(beside.map(lambda row: tried(*row), asked))
    print(*(said for _, said in results), sep="\n", flush=True)
    return int(not all(good for good, _ in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
