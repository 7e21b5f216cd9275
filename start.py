#!/usr/bin/env python3
"""Set Fitting Room up and open it, use it without a browser, or check and test its code, with one command.

    python3 start.py                          set up where needed, then open the app in the browser
    python3 start.py --share                  the same, and let other screens in this network open it too
    python3 start.py --small                  the same without TensorFlow: it shows and predicts, but does not train
    python3 start.py --full                   with TensorFlow again
    python3 start.py VERB ...                 what `python -m core` can do: train quick, predict photo.jpg
    python3 start.py check                    lint, format and types
    python3 start.py audit                    ask whether weaknesses of the packages are known
    python3 start.py test [--quick] [pytest]  every test, or those that take no browser and little time

Standard library only, and readable by Python 3.8, so that an unfitting Python can still look for a fitting one.
installation.py installs the packages; core/launch.py opens the app; core/command/ knows the verbs.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parent))  # where PYTHONSAFEPATH is set, Python leaves it out

from installation import LOCKS, NOTES, OLDEST, PROJECT, PYTHON_PAGE, Trouble, fits, set_up, tell, version_of

FITTING = ("3.13", "3.12", "3.11")
CHECKS = {"lint": ("ruff", "check", "."), "format": ("ruff", "format", "--check", "."), "types": ("mypy",)}
AUDIT = ("--format=json", "--progress-spinner=off", "--disable-pip", "--require-hashes", "--timeout=15")
QUICK = ("--ignore=tests/browser", "-m", "not slow")


def unfit_sentence(version: tuple[int, ...]) -> str:
    """What to say when neither this Python nor any other that was found fits."""
    age = "too old" if tuple(version[:2]) < OLDEST else "too new"
    return (
        f"This is Python {version[0]}.{version[1]}, which is {age}: Fitting Room needs Python 3.11, 3.12 or 3.13, "
        f"and I found none here.\nInstall Python 3.12 from {PYTHON_PAGE} and run start.py again. "
        "The Python you have can stay."
    )


def python_commands(home: Path, which: Callable[[str], str | None] = shutil.which) -> Iterator[list[str]]:
    """Commands that may be a fitting Python, the likeliest first."""
    for version in FITTING:
        if which("py"):  # the launcher for Windows
            yield ["py", f"-{version}"]
        places = [which(f"python{version}"), f"/opt/homebrew/bin/python{version}", f"/usr/local/bin/python{version}"]
        places += sorted(map(str, home.glob(f".pyenv/versions/{version}.*/bin/python")))
        places += sorted(map(str, home.glob(f".local/share/uv/python/cpython-{version}*/bin/python3")))
        places += [str(home / f"AppData/Local/Programs/Python/Python{version.replace('.', '')}/python.exe")]
        yield from ([place] for place in places if place and Path(place).exists())
    yield from ([place] for place in (which("python3"), which("python")) if place)


def find_python(commands: Iterable[list[str]], ask: Callable = version_of) -> list[str] | None:
    """The first of the commands that is a fitting Python."""
    return next((command for command in commands if fits(ask(command) or (0, 0))), None)


def hand_over(command: list[str]) -> int:
    """Let this command take the place of this process; returns its exit status where there is no such thing."""
    sys.stdout.flush()
    if os.name == "nt":  # exec there comes back to the prompt at once
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the command's affair
        return subprocess.call(command)
    os.execv(command[0], command)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one start.py at a time set up this folder; another waits here."""
    with contextlib.ExitStack() as stack:
        try:
            NOTES.mkdir(exist_ok=True)
            handle = stack.enter_context((NOTES / "lock").open("a+b"))
        except OSError:  # a folder that cannot be written needs nobody to wait: what is installed stays as it is
            yield
            return
        if not lock(handle, wait=False):
            tell("Another start.py is setting up in this folder; waiting for it ...")
            while not lock(handle, wait=True):
                pass
        yield  # closing the file frees the lock, and so does the end of this process


def lock(handle: BinaryIO, wait: bool) -> bool:
    """Take the lock of an open file; False while another process has it. Where files cannot be locked, go without."""
    try:
        if os.name == "nt":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # waits ten seconds at most
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as refused:
        return refused.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def check(python: Path) -> int:
    """Run the checks of the code, a line for each; returns the exit status."""
    failed = []
    for name, words in CHECKS.items():
        command = [str(python), "-m", *words]
        began = time.monotonic()
        done = subprocess.run(command, cwd=str(PROJECT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        result = "FAILED" if done.returncode else "clean"
        print(f"{name:<8} {result:<6} {time.monotonic() - began:5.1f} s   {' '.join(words)}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout.decode(errors="replace"))
    print(f"To mend: {', '.join(failed)}." if failed else "All is clean.")
    return int(bool(failed))


def audit(python: Path, ask: Callable = subprocess.run) -> int:
    """Ask whether weaknesses of the locked packages are known; returns 0 for none, 1 for some, 2 without an answer."""
    status = 0
    for lock in LOCKS[1:]:  # the first is a part of the second
        command = [str(python), "-m", "pip_audit", *AUDIT, "--requirement", str(PROJECT / lock)]
        answer = ask(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            packages = json.loads(answer.stdout)["dependencies"]
        except (ValueError, KeyError, TypeError):
            packages = []
        asked = [package for package in packages if "skip_reason" not in package]
        weak = [package for package in asked if package["vulns"]]
        print(f"{lock}: {len(asked)} of {len(packages)} packages are known there, {len(weak)} with known weaknesses.")
        for package in weak:
            names = ", ".join(weakness["id"] for weakness in package["vulns"])
            print(f"  {package['name']} {package['version']}: {names}")
        status = max(status, 2 if not asked else int(bool(weak)))
    if status == 2:
        print("COULD NOT ASK: no index of known weaknesses answers here. Connect this computer, then audit again.")
    return status


def version() -> str:
    """The version of Fitting Room, which only pyproject.toml keeps."""
    return re.findall('^version = "(.+)"', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)[0]


def port(text: str) -> int:
    """The port in an option. Raises ArgumentTypeError, which argparse shows, for what is none."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"“{text[:10]}” is no port. Write a whole number from 1 to 65535")
    return int(text)


def read_options(arguments: list[str]) -> None:
    """Refuse options that are not the app's before anything is installed for them; answer --help and --version."""
    others = "those that `start.py help` explains, such as: download, train quick, predict photo.jpg"
    parser = argparse.ArgumentParser(
        prog="start.py",
        description="Set up and open Fitting Room.",
        epilog=f"Verbs: check, audit, test [--quick], and {others}",
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=port, help="first port to try (8501 when not given)")
    parser.add_argument("--share", action="store_true", help="let other screens in this network open it, by a QR code")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="without TensorFlow, which only training needs; remembered")
    size.add_argument("--full", action="store_true", help="with TensorFlow, as at first; remembered")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--version", action="version", version=f"Fitting Room {version()}")
    parser.parse_args(arguments)


SIZES = {"--small": True, "--full": False}  # options of the set-up: whether it is to be the small one
OWN = {"check": check, "audit": audit}


def verbs() -> list[str]:
    """The verbs of `python -m core`, which only core/command/ keeps."""
    texts = (file.read_text(encoding="utf-8") for file in sorted((PROJECT / "core" / "command").glob("*.py")))
    return [name for text in texts for name in re.findall(r'\bVerb\(\s*"(\w+)"', text)]


def not_known(verb: str) -> str:
    """What to say, before anything is installed for it, to a verb that is none; "" to one that is."""
    known = [*OWN, "test", "help", *verbs()]
    if verb in known:
        return ""
    meant = "".join(f" Did you mean “{near}”?" for near in difflib.get_close_matches(verb.lower(), known, 1))
    return f"There is no command “{verb}”.{meant} The commands: {', '.join(known)}."


def carry_out(arguments: list[str], python: Path) -> int:
    """Do what the command line asks, with the Python that has the packages; returns the exit status."""
    verb, *rest = arguments or [""]
    if verb in OWN:
        return OWN[verb](python)
    if verb and verb != "test" and not verb.startswith("-"):  # in the person's own folder, so that files mean theirs
        paths = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        os.environ.update(PYTHONPATH=paths, PYTHONSAFEPATH="1", FITTING_ROOM_PROGRAM="start.py")
        return hand_over([str(python), "-m", "core", *arguments])
    os.chdir(str(PROJECT))
    if verb == "test":
        quick = QUICK if "--quick" in rest else ()
        return hand_over([str(python), "-m", "pytest", *quick, *(word for word in rest if word != "--quick")])
    return hand_over([str(python), "-m", "core.launch", *(word for word in arguments if word not in SIZES)])


def main(arguments: list[str]) -> int:
    """Set up where needed and do what the command line asks; returns the exit status."""
    small = None
    if not arguments or arguments[0].startswith("-"):
        read_options(arguments)
        small = next((SIZES[word] for word in arguments if word in SIZES), None)
    elif refusal := not_known(arguments[0]):
        if "--json" in arguments:
            print(json.dumps({"error": refusal}))
        else:
            tell(f"start.py: error: {refusal}")
        return 2
    try:
        if not fits(sys.version_info):
            other = find_python(python_commands(Path(os.path.expanduser("~"))))
            if not other:
                raise Trouble(unfit_sentence(sys.version_info))
            return hand_over([*other, str(PROJECT / "start.py"), *arguments])
        with alone():
            python = set_up(arguments[:1] in (["check"], ["audit"], ["test"]), small)
        return carry_out(arguments, python)
    except KeyboardInterrupt:
        tell("\nStopped. The next start repairs what is half done.")
        return 130
    except (Trouble, OSError) as trouble:
        tell(trouble)
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that pip is ended too
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
