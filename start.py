#!/usr/bin/env python3
"""Set Fitting Room up and open it, or run its tests, with one command.

    python3 start.py                      set up where needed, then open the app in the browser
    python3 start.py --share              the same, and let other screens in this network open it too
    python3 start.py test [pytest ...]    set up for development and run every test

Standard library only, and readable by Python 3.8, so that an unfitting Python can still look for a fitting one.
core/launch.py opens the app once the packages are there; this file knows nothing of it but its name.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

PROJECT = Path(__file__).resolve().parent
VENV = PROJECT / ".venv"
STAMP = VENV / "installed.txt"  # fingerprints of the requirement files that were installed to the end
NOTES = PROJECT / ".fitting-room"  # lock and log of the installation; core/launch.py keeps its note there too
LOCK, RANGES, DEVELOPMENT = "requirements.lock", "requirements.txt", "requirements-dev.txt"

OLDEST, NEWEST = (3, 11), (3, 13)
FITTING = ("3.13", "3.12", "3.11")
ROOM_NEEDED = 4_000_000_000  # bytes: what a full installation takes, with a margin
PYTHON_PAGE = "https://www.python.org/downloads/"


class Trouble(Exception):
    """Something a person has to know; `str(trouble)` says what happened and what to do."""


# --- which Python
# -------------------------------------------------------------------------------------------------------------


def fits(version: tuple[int, ...]) -> bool:
    """Whether the app's packages exist for this version of Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def unfit_sentence(version: tuple[int, ...]) -> str:
    """What to say when neither this Python nor any other that was found fits."""
    age = "too old" if tuple(version[:2]) < OLDEST else "too new"
    return (
        f"This is Python {version[0]}.{version[1]}, which is {age}: Fitting Room needs Python 3.11, 3.12 or 3.13, and I"
        f" found none here.\nInstall Python 3.12 from {PYTHON_PAGE} and run start.py again. The Python you have can"
        " stay."
    )


def machine_sentence(system: str, machine: str, bits: int) -> str | None:
    """Why TensorFlow cannot be had on this kind of machine, or None when it can."""
    if bits < 64:
        return f"This is a 32-bit Python. Fitting Room needs the 64-bit one: install Python 3.12 from {PYTHON_PAGE}."
    if system == "Darwin" and machine == "x86_64":
        return (
            "This Python is made for Intel Macs. Fitting Room needs an Apple chip (M1 or newer) and a Python for it:"
            f" {PYTHON_PAGE}"
        )
    return None


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


def version_of(command: list[str]) -> tuple[int, int] | None:
    """Ask a Python for its version; None when it does not run."""
    asking = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        answer = subprocess.run([*command, "-c", asking], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        major, minor = answer.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_python(
    commands: Iterable[list[str]], ask: Callable[[list[str]], tuple[int, int] | None] = version_of
) -> list[str] | None:
    """The first of the commands that is a fitting Python."""
    return next((command for command in commands if fits(ask(command) or (0, 0))), None)


def hand_over(command: list[str]) -> int:
    """Let this command take the place of this process; returns its exit status where there is no such thing."""
    sys.stdout.flush()
    if os.name == "nt":  # exec there comes back to the prompt at once
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the command's affair
        return subprocess.call(command)
    os.execv(command[0], command)


def environment_python(folder: Path = VENV) -> Path:
    """Where the virtual environment keeps its Python."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def digests(files: list[Path]) -> list[str]:
    """A fingerprint of each requirement file; it changes when a line of the file does."""
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def installed(files: list[Path], stamp: Path = STAMP) -> bool:
    """Whether exactly these requirement files were installed to the end; more may have been."""
    return stamp.is_file() and stamp.read_text().split()[: len(files)] == digests(files)


def need_room(free: int) -> None:
    """Raise Trouble when the disk has fewer free bytes than an installation needs."""
    if free < ROOM_NEEDED:
        figures = f"{free / 1e9:.1f} GB are free, Fitting Room needs {ROOM_NEEDED / 1e9:.0f} GB"
        raise Trouble(f"There is too little room on this disk: {figures}. Make room, then start again.")


def venv_sentence(version: tuple[int, ...], system: str) -> str:
    """What to do when this Python cannot make a virtual environment."""
    ours = f"{version[0]}.{version[1]}"
    remedy = f"sudo apt install python{ours}-venv" if system == "Linux" else f"install Python again from {PYTHON_PAGE}"
    return (
        f"This Python {ours} lacks a part, venv, that keeps the app's packages apart from others. To get it: {remedy}."
        " Then start again."
    )


def runs(command: list[str]) -> bool:
    """Whether a command ends well; what it prints is not shown."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def make_environment() -> None:
    """Make .venv, unless a working one of a fitting Python is there."""
    python = str(environment_python())
    if fits(version_of([python]) or (0, 0)) and runs([python, "-m", "pip", "--version"]):
        return
    trouble = venv_sentence(sys.version_info, platform.system())
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Trouble(trouble)
    print("Making a place of its own for the packages (.venv) ...", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode:
        said = made.stdout.decode(errors="replace").strip()
        raise Trouble(
            trouble if "ensurepip" in said else f"The place for the packages (.venv) could not be made:\n{said}"
        )


class Progress:
    """Reads pip's lines and tells in one short line how far it is."""

    def __init__(self, total: int) -> None:
        self.total, self.found, self.fetched = max(total, 1), 0, 0  # counts of packages
        self.words = "Asking for the packages"

    def read(self, line: str) -> None:
        """Take in one line of pip's output; lines that say nothing of progress change nothing."""
        looked_up = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        fetched = re.match(
            r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?([^\s/-]+)-\S+\.(?:whl|gz)(?!\S)", line
        )
        size = re.search(r" \([\d.]+ \w+\)$", line.rstrip())
        if looked_up:
            self.found += 1
            self.words = f"Finding {looked_up[1]}"
        elif fetched:
            self.fetched += 1
            self.words = f"Fetching {fetched[1]}" + (size[0] if size else "")
        elif line.startswith("Installing collected"):
            self.found = self.fetched = self.total
            self.words = "Unpacking everything, a minute or two"
        elif "Retrying" in line:
            self.words = "No answer from the network, trying again"

    def __str__(self) -> str:
        share = 0.8 * min(1.0, (self.found + 3 * self.fetched) / (4 * self.total))  # unpacking is the last fifth
        return f"[{'#' * round(20 * share):<20}] {self.words}"


def lines_of(process: subprocess.Popen) -> Iterator[str]:
    """What a process prints, line by line as it comes, and an empty line for each second of silence."""
    lines: queue.Queue = queue.Queue()

    def listen() -> None:
        for line in process.stdout:
            lines.put(line.decode(errors="replace"))
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    line = ""
    while line is not None:
        yield line
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            line = ""


def run_pip(files: list[Path]) -> str | None:
    """Install requirement files with a progress line. Returns None on success, else all that pip said."""
    rows = [row for file in files for row in file.read_text(encoding="utf-8").splitlines() if row[:1] not in ("", "#")]
    quietly = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    wanted = [word for file in files for word in ("-r", str(file))]
    command = [str(environment_python()), "-m", "pip", "install", *quietly, *wanted]
    pip = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PIP_USER": "0"}
    )
    progress, started, said, shown = Progress(len(rows)), time.monotonic(), [], -1
    width = shutil.get_terminal_size().columns - 1
    try:
        with (NOTES / "install.log").open("w", encoding="utf-8") as log:
            for line in lines_of(pip):
                log.write(line)
                said.append(line)
                progress.read(line)
                if sys.stdout.isatty():
                    seconds = f"{time.monotonic() - started:.0f} s"
                    print(f"\r{f'{progress}  {seconds}'[:width]:<{width}}", end="", flush=True)
                elif str(progress).count("#") != shown:  # into a file, a line for each step of the bar
                    shown = str(progress).count("#")
                    print(progress, flush=True)
        return "".join(said) if pip.wait() else None
    finally:
        pip.kill()
        pip.wait()
        print(flush=True)


# What pip prints when there is no network, no room on the disk, or no such package for this computer.
NO_NETWORK = (
    "NewConnectionError|NameResolutionError|getaddrinfo|Name or service not known|name"
    " resolution|ReadTimeout|ConnectTimeout|ProxyError|Max retries|Network is unreachable|SSLError"
)
NO_ROOM = "No space left on device|not enough space on the disk|Disk quota exceeded"
NO_PACKAGE = (
    "No matching distribution|Could not find a version|ResolutionImpossible"
    "|Failed building wheel|Failed to build|metadata-generation-failed"
)


def explain(said: str) -> str:
    """The plain reason why an installation failed, from what pip said."""
    if re.search(NO_ROOM, said):
        return "The disk is full. Make about 4 GB of room, then start again; it goes on where it stopped."
    if re.search(NO_NETWORK, said):
        return (
            "The packages could not be fetched: no network, or it blocks pypi.org. Connect this computer, then start"
            " again."
        )
    if "Long Path" in said:
        return (
            "The folder's path is too long for Windows. Move the project to a short one, such as C:\\fitting-room, then"
            " start again."
        )
    if "Permission denied" in said or "WinError 5" in said:
        return (
            "A file in .venv could not be written. Close other programs that use this folder, delete .venv, then start"
            " again."
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.split("\n")
    return (
        "The packages could not be installed. pip said:\n  "
        + "\n  ".join(errors[-3:])
        + f"\nAll it said is in {NOTES / 'install.log'}."
    )


def set_up(development: bool) -> Path:
    """Make the virtual environment hold what is needed, unless it does; returns its Python."""
    app = [PROJECT / LOCK]
    wanted = [*app, PROJECT / DEVELOPMENT] if development else app
    if installed(wanted) and fits(version_of([str(environment_python())]) or (0, 0)):
        return environment_python()
    unsuited = machine_sentence(platform.system(), platform.machine(), 64 if sys.maxsize > 2**32 else 32)
    if unsuited:
        raise Trouble(unsuited)
    if not installed(app):
        need_room(shutil.disk_usage(PROJECT).free)
    make_environment()
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()  # written again at the end, so the next start repairs what is interrupted
    print(
        "Installing the packages" + (" for the tests" if development else "") + " (some minutes, only once) ...",
        flush=True,
    )
    said = run_pip(wanted)
    if said and re.search(NO_PACKAGE, said) and not re.search(f"{NO_NETWORK}|{NO_ROOM}", said):
        print(
            "The exact versions this app was tested with cannot be had here; taking the nearest that should work.",
            flush=True,
        )
        said = run_pip([PROJECT / RANGES, *wanted[1:]])
    if said:
        raise Trouble(explain(said))
    STAMP.write_text("\n".join(digests(wanted)))
    return environment_python()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one start.py at a time set up this folder; another waits here."""
    NOTES.mkdir(exist_ok=True)
    with (NOTES / "lock").open("a+b") as handle:
        if not lock(handle, wait=False):
            print("Another start.py is setting up in this folder; waiting for it ...", flush=True)
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


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="start.py", description="Set up and open Fitting Room.", epilog="start.py test runs its tests."
    )
    parser.add_argument("--port", type=int, help="first port to try (8501 when not given)")
    parser.add_argument(
        "--share",
        action="store_true",
        help="let other screens in this network open it; shows the address and a QR code",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    testing = arguments[:1] == ["test"]
    if not testing:
        parser.parse_args(arguments)
    os.chdir(str(PROJECT))
    try:
        if not fits(sys.version_info):
            other = find_python(python_commands(Path.home()))
            if not other:
                raise Trouble(unfit_sentence(sys.version_info))
            return hand_over([*other, str(PROJECT / "start.py"), *arguments])
        with alone():
            python = str(set_up(development=testing))
        return hand_over(
            [python, "-m", "pytest", *arguments[1:]] if testing else [python, "-m", "core.launch", *arguments]
        )
    except KeyboardInterrupt:
        print("\nStopped. The next start repairs what is half done.")
        return 130
    except (Trouble, OSError) as trouble:
        print(trouble, file=sys.stderr)
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that pip is ended too
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
