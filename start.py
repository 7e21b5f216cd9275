#!/usr/bin/env python3
"""Set Fitting Room up and open it, or run its tests, with one command.

    python3 start.py                      set up where needed, then open the app in the browser
    python3 start.py --share              the same, and let other screens in this network open it too
    python3 start.py test [pytest ...]    set up for development and run every test

Standard library only, and readable by Python 3.8, so that an unfitting Python can still look for a fitting one.
Knows nothing of what the app does.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import importlib.util
import json
import os
import platform
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent
VENV = PROJECT / ".venv"
NOTES = PROJECT / ".fitting-room"  # this launcher's own notes: lock, log of the installation, the app that runs
LOCK, RANGES, DEVELOPMENT = "requirements.lock", "requirements.txt", "requirements-dev.txt"

OLDEST, NEWEST = (3, 11), (3, 13)
FITTING = ("3.13", "3.12", "3.11")
FIRST_PORT, PORTS_TRIED = 8501, 50
ROOM_NEEDED = 4_000_000_000  # bytes: what a full installation takes, with a margin
START_SECONDS = 120  # longest wait for the app's first sign of life
PYTHON_PAGE = "https://www.python.org/downloads/"


class Trouble(Exception):
    """Something a person has to know; `str(trouble)` says what happened and what to do."""


# --- which Python -------------------------------------------------------------------------------------------------------------


def fits(version: tuple[int, ...]) -> bool:
    """Whether the app's packages exist for this version of Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def unfit_sentence(version: tuple[int, ...]) -> str:
    """What to say when neither this Python nor any other that was found fits."""
    age = "too old" if tuple(version[:2]) < OLDEST else "too new"
    return (
        f"This is Python {version[0]}.{version[1]}, which is {age}: Fitting Room needs Python 3.11, 3.12 or 3.13, and I found none here.\n"
        f"Install Python 3.12 from {PYTHON_PAGE} and run start.py again. The Python you have can stay."
    )


def machine_sentence(system: str, machine: str, bits: int) -> str | None:
    """Why TensorFlow cannot be had on this kind of machine, or None when it can."""
    if bits < 64:
        return f"This is a 32-bit Python. Fitting Room needs the 64-bit one: install Python 3.12 from {PYTHON_PAGE}."
    if system == "Darwin" and machine == "x86_64":
        return f"On a Mac, Fitting Room needs an Apple chip (M1 or newer) and a Python made for it: {PYTHON_PAGE}. This one is made for Intel."
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


def find_python(commands: Iterable[list[str]], ask: Callable[[list[str]], tuple[int, int] | None] = version_of) -> list[str] | None:
    """The first of the commands that is a fitting Python."""
    return next((command for command in commands if fits(ask(command) or (0, 0))), None)


def go_on_with(command: list[str], arguments: list[str]) -> int:
    """Run this file again with another Python and return its exit status."""
    whole = [*command, str(Path(__file__).resolve()), *arguments]
    if os.name == "nt":  # exec there comes back to the prompt at once
        return subprocess.call(whole)
    os.execv(whole[0], whole)


# --- the virtual environment --------------------------------------------------------------------------------------------------


def environment_python(folder: Path = VENV) -> Path:
    """Where the virtual environment keeps its Python."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def digest(files: Iterable[Path]) -> str:
    """A fingerprint of requirement files; it changes when a line of them does."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def installed(files: list[Path], folder: Path = VENV) -> bool:
    """Whether exactly these requirement files were installed to the end."""
    stamp = stamp_of(files, folder)
    return stamp.is_file() and stamp.read_text() == digest(files)


def stamp_of(files: list[Path], folder: Path = VENV) -> Path:
    """The file that says which requirements are installed; one for the app, one for the tests."""
    return folder / f"installed-{files[-1].stem}-{files[-1].suffix[1:]}"


def need_room(free: int) -> None:
    """Raise Trouble when the disk has fewer free bytes than an installation needs."""
    if free < ROOM_NEEDED:
        raise Trouble(f"There is too little room on this disk: {free / 1e9:.1f} GB are free, Fitting Room needs {ROOM_NEEDED / 1e9:.0f} GB. Make room, then start again.")


def venv_sentence(version: tuple[int, ...], system: str) -> str:
    """What to do when this Python cannot make a virtual environment."""
    ours = f"{version[0]}.{version[1]}"
    remedy = f"sudo apt install python{ours}-venv" if system == "Linux" else f"install Python again from {PYTHON_PAGE}"
    return f"This Python {ours} lacks a part, venv, that keeps the app's packages apart from others. To get it: {remedy}. Then start again."


def make_environment() -> None:
    """Make .venv, unless a working one of a fitting Python is there."""
    python = str(environment_python())
    if fits(version_of([python]) or (0, 0)) and subprocess.call([python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return
    trouble = venv_sentence(sys.version_info, platform.system())
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Trouble(trouble)
    print("Making a place of its own for the app's packages (.venv) ...", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode:
        said = made.stdout.decode(errors="replace").strip()
        raise Trouble(trouble if "ensurepip" in said else f"The virtual environment could not be made:\n{said}")


class Progress:
    """Reads pip's lines and tells in one short line how far it is."""

    def __init__(self, total: int) -> None:
        self.total, self.found, self.fetched = max(total, 1), 0, 0  # counts of packages
        self.words = "Asking for the packages"

    def read(self, line: str) -> None:
        """Take in one line of pip's output; lines that say nothing of progress change nothing."""
        looked_up = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        fetched = re.match(r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?([^\s/-]+)-\S+\.(?:whl|gz)(?: \((.+)\))?$", line)
        if looked_up:
            self.found += 1
            self.words = f"Finding {looked_up[1]}"
        elif fetched:
            self.fetched += 1
            self.words = f"Fetching {fetched[1]}" + (f" ({fetched[2]})" if fetched[2] else "")
        elif line.startswith("Installing collected"):
            self.found = self.fetched = self.total
            self.words = "Unpacking everything, a minute or two"
        elif "Retrying" in line:
            self.words = "No answer from the network, trying again"

    def __str__(self) -> str:
        share = min(1.0, (self.found + 3 * self.fetched) / (4 * self.total)) * 0.8  # unpacking is the last fifth
        return f"[{'#' * round(20 * share):<20}] {self.words}"


def show_progress(progress: Progress, started: float, last: str) -> str:
    """Draw the progress line (in a terminal over the old one); returns the words shown."""
    if sys.stdout.isatty():
        line = f"{progress}  {time.monotonic() - started:.0f} s"
        print("\r" + line[: shutil.get_terminal_size().columns - 1].ljust(shutil.get_terminal_size().columns - 1), end="", flush=True)
    elif progress.words.split()[0] != last.split()[0]:
        print(progress, flush=True)
    return progress.words


def run_pip(files: list[Path]) -> str | None:
    """Install requirement files with a progress line. Returns None on success, else all that pip said."""
    total = sum(1 for file in files for line in file.read_text().splitlines() if line.strip() and not line.startswith("#"))
    wanted = [word for file in files for word in ("-r", str(file))]
    command = [str(environment_python()), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", *wanted]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PIP_USER": "0"})
    lines: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        for line in pip.stdout:
            lines.put(line.decode(errors="replace"))
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    progress, started, shown, said = Progress(total), time.monotonic(), " ", []
    try:
        with (NOTES / "install.log").open("w", encoding="utf-8") as log:
            while True:
                shown = show_progress(progress, started, shown)
                with contextlib.suppress(queue.Empty):
                    line = lines.get(timeout=1)
                    if line is None:
                        break
                    log.write(line)
                    said.append(line)
                    progress.read(line)
    finally:
        end(pip)
        print(flush=True)
    return "".join(said) if pip.returncode else None


NETWORK_SIGNS = "NewConnectionError|NameResolutionError|getaddrinfo|Name or service not known|name resolution|ReadTimeout|ConnectTimeout|ProxyError|Max retries|Network is unreachable|SSLError"
DISK_SIGNS = "No space left on device|not enough space on the disk|Disk quota exceeded"
NO_WHEEL_SIGNS = "No matching distribution|Could not find a version|ResolutionImpossible|Failed building wheel|Failed to build|metadata-generation-failed"


def explain(said: str) -> str:
    """The plain reason why an installation failed, from what pip said."""
    if re.search(DISK_SIGNS, said):
        return "The disk is full. Make about 4 GB of room, then start again; it goes on where it stopped."
    if re.search(NETWORK_SIGNS, said):
        return "The packages could not be fetched: there seems to be no network, or it blocks pypi.org. Connect this computer, then start again."
    if "Long Path" in said:
        return "The folder's path is too long for Windows. Move the project to a short one, such as C:\\fitting-room, then start again."
    if "Permission denied" in said or "WinError 5" in said:
        return "A file in .venv could not be written. Close other programs that use this folder, delete .venv, then start again."
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()
    return "The packages could not be installed. pip said:\n  " + "\n  ".join(errors[-3:]) + f"\nAll it said is in {NOTES / 'install.log'}."


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
    for files in (app, wanted):  # from here to the end no stamp stands, so an interruption is repaired by the next start
        with contextlib.suppress(FileNotFoundError):
            stamp_of(files).unlink()
    print("Installing the packages (about 600 MB to fetch, once) ..." if not development else "Installing the packages for the tests ...", flush=True)
    said = run_pip(wanted)
    if said and re.search(NO_WHEEL_SIGNS, said) and not re.search(f"{NETWORK_SIGNS}|{DISK_SIGNS}", said):
        print("The exact versions this app was tested with cannot be had on this computer; taking the nearest ones that should work.", flush=True)
        said = run_pip([PROJECT / RANGES, *wanted[1:]])
    if said:
        raise Trouble(explain(said))
    for files in (app, wanted):
        stamp_of(files).write_text(digest(files))
    return environment_python()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one start.py at a time set up and start in this folder; another waits here."""
    NOTES.mkdir(exist_ok=True)
    with (NOTES / "lock").open("a+b") as handle:
        if not _take(handle, wait=False):
            print("Another start.py is busy in this folder; waiting for it ...", flush=True)
            while not _take(handle, wait=True):
                pass
        yield  # closing the file frees the lock, and so does the end of this process


def _take(handle: object, wait: bool) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # waits ten seconds at most
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


# --- the app that runs --------------------------------------------------------------------------------------------------------


class Running(NamedTuple):
    """An app this launcher started: its process, its port, whether other screens may open it."""

    pid: int
    port: int
    share: bool


def app_command(python: Path, port: int, share: bool) -> list[str]:
    """The command that serves the app; `running_app` knows it again by its words."""
    address = "0.0.0.0" if share else "127.0.0.1"
    options = [f"--server.address={address}", f"--server.port={port}", "--server.headless=true", "--logger.hideWelcomeMessage=true"]
    return [str(python), "-m", "streamlit", "run", str(PROJECT / "app.py"), *options]


def words_of(pid: int) -> str:
    """The command line of a process, empty when there is no such process."""
    listing = Path(f"/proc/{pid}/cmdline")
    if listing.parent.parent.joinpath("self").exists():
        return listing.read_bytes().replace(b"\0", b" ").decode(errors="replace") if listing.exists() else ""
    asking = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    if os.name == "nt":
        asking = ["powershell", "-NoProfile", "-Command", f"(Get-CimInstance Win32_Process -Filter 'ProcessId={pid}').CommandLine"]
    return subprocess.run(asking, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode(errors="replace")


def healthy(port: int) -> bool:
    """Whether a Streamlit app answers on this port of this computer."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        asking.request("GET", "/_stcore/health")
        answer = asking.getresponse()
        return answer.status == 200 and answer.read(16) == b"ok"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def running_app(note: Path, words: Callable[[int], str] = words_of) -> Running | None:
    """The app of this project that an earlier start.py opened, if it still runs and answers."""
    try:
        running = Running(**json.loads(note.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    command = words(running.pid)
    ours = str(PROJECT / "app.py") in command and f"--server.port={running.port} " in command
    return running if ours and healthy(running.port) else None


def free_port(first: int, share: bool) -> int:
    """The first port from `first` on that nobody serves."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket() as listener, socket.socket() as caller, contextlib.suppress(OSError):
            caller.settimeout(1)
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                continue
            if os.name != "nt":  # there the option would share a port that is in use
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("0.0.0.0" if share else "127.0.0.1", port))
            return port
    raise Trouble(f"No port from {first} on is free. Close other apps, or choose one: python3 start.py --port 9000")


def lan_address() -> str | None:
    """This computer's address in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # an address kept for documentation
        return probe.getsockname()[0]
    return None


QR_CODE = "import sys, qrcode; code = qrcode.QRCode(border=2); code.add_data(sys.argv[1]); code.print_ascii(tty=sys.stdout.isatty(), invert=True)"


def announce(running: Running, browser: bool) -> None:
    """Say where the app is, and open it."""
    here = f"http://127.0.0.1:{running.port}"
    print(f"Fitting Room is open at {here}", flush=True)
    if running.share:
        address = lan_address()
        if address:
            there = f"http://{address}:{running.port}"
            print(f"Other screens in this network open {there} (everybody in it can), or scan:", flush=True)
            subprocess.call([str(environment_python()), "-c", QR_CODE, there], env={**os.environ, "PYTHONIOENCODING": "utf-8"})
        else:
            print("This computer is in no network, so other screens cannot open it yet.")
    screen = os.name == "nt" or platform.system() == "Darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    if browser and not (screen and webbrowser.open(here)):  # without a screen a text browser would take the terminal
        print("No browser could be opened here: open that address yourself.", flush=True)


def end(process: subprocess.Popen) -> None:
    """Let a process end: wait a little where it was told to already, then tell it, then make it."""
    for tell in (lambda: None, process.terminate, process.kill):
        tell()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return


def wait_for(app: subprocess.Popen, port: int) -> None:
    """Return once the app answers; raise Trouble when it ended or says nothing for too long."""
    latest = time.monotonic() + START_SECONDS
    while not healthy(port):
        with contextlib.suppress(subprocess.TimeoutExpired):
            app.wait(timeout=0.2)
            raise Trouble("The app ended while it started; the lines above say why.")
        if time.monotonic() > latest:
            raise Trouble(f"The app has not answered for {START_SECONDS} seconds. Close other programs, then start again.")


def open_app(port: int, share: bool, browser: bool) -> int:
    """Set up, open the app (or the one that runs already) and stay until it ends; returns the exit status."""
    note, app = NOTES / "running.json", None
    try:
        with alone():
            running = running_app(note)
            if running:
                print("It runs already." if running.share or not share else "It runs already, for this computer only. End it with Ctrl-C there to start it with --share.")
                announce(running, browser)
                return 0
            python = set_up(development=False)
            chosen = free_port(port, share)
            if chosen != port:
                print(f"Port {port} is taken by something else, so this is port {chosen}.")
            app = subprocess.Popen(app_command(python, chosen, share), cwd=str(PROJECT))
            running = Running(app.pid, chosen, share)
            wait_for(app, chosen)
            note.write_text(json.dumps(running._asdict()))
        announce(running, browser)
        print("To end it, press Ctrl-C here.", flush=True)
        return app.wait()
    except KeyboardInterrupt:
        print("\nEnded." if app else "\nStopped. The next start repairs what is half done.")
        return 0 if app else 130
    finally:
        if app:
            end(app)
            with contextlib.suppress(FileNotFoundError):
                note.unlink()


def run_tests(arguments: list[str]) -> int:
    """Set up for development and run pytest; returns its exit status."""
    with alone():
        python = set_up(development=True)
    return subprocess.call([str(python), "-m", "pytest", *arguments], cwd=str(PROJECT))


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="start.py", description="Set Fitting Room up and open it.", epilog="start.py test [pytest arguments] runs every test.")
    parser.add_argument("--share", action="store_true", help="let other screens in this network open it; shows the address and a QR code")
    parser.add_argument("--port", type=int, default=FIRST_PORT, help="first port to try (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    testing = arguments[:1] == ["test"]
    options = parser.parse_args([] if testing else arguments)
    try:
        if not fits(sys.version_info):
            other = find_python(python_commands(Path.home()))
            if not other:
                raise Trouble(unfit_sentence(sys.version_info))
            return go_on_with(other, arguments)
        if testing:
            return run_tests(arguments[1:])
        return open_app(options.port, options.share, not options.no_browser)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    except (Trouble, OSError) as trouble:
        print(trouble, file=sys.stderr)
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
