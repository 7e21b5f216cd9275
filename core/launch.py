"""Opens the app in the browser: the one that runs already, or a new one on a free port.

For this computer, or with --share for its network. start.py runs it as `python -m core.launch` once the packages are
there. Knows nothing of what the app shows.
"""

import argparse
import http.client
import io
import json
import os
import platform
import signal
import socket
import sys
import time
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from core.errors import SettingsError
from core.settings import lend_home

PROJECT = Path(__file__).resolve().parents[1]
NOTE = PROJECT / ".fitting-room" / "running.json"  # which app was opened last
FIRST_PORT, PORTS_TRIED = 8501, 50
START_SECONDS = 120.0  # longest wait for the app's first sign of life
END_SECONDS = 5.0  # how long the app may take to end before it is made to


class Running(NamedTuple):
    """An app that was opened from here: its process, its port, whether other screens may open it."""

    pid: int
    port: int
    share: bool


def app_command(port: int, share: bool) -> list[str]:
    """The command that serves the app; `running_app` recognises it by these arguments."""
    address = "0.0.0.0" if share else "127.0.0.1"
    options = [
        f"--server.address={address}",
        f"--server.port={port}",
        "--server.headless=true",
        "--logger.hideWelcomeMessage=true",
    ]
    return [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), *options]


def healthy(port: int) -> bool:
    """Whether a Streamlit app answers on this port of this computer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        response = connection.getresponse()
        return response.status == 200 and response.read(16) == b"ok"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def running_app(note: Path) -> tuple[psutil.Process, Running] | None:
    """The app of this project that was opened earlier and still runs, ready or not; `note` is the file that names it.

    None when there is none.
    """
    try:
        running = Running(**json.loads(note.read_text()))
        process = psutil.Process(running.pid)
        is_app = {str(PROJECT / "app.py"), f"--server.port={running.port}"} <= set(process.cmdline())
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
    return (process, running) if is_app else None


def free_port(first: int, share: bool) -> int | None:
    """The first port from `first` on that is free; None when all that were tried are taken."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket() as listener, socket.socket() as caller, suppress(OSError):
            caller.settimeout(1)
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                continue
            if os.name != "nt":  # there the option would share a port that is in use
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("0.0.0.0" if share else "127.0.0.1", port))
            return port
    return None


def lan_address() -> str | None:
    """This computer's address in its network, None without one. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # an address kept for documentation
        return str(probe.getsockname()[0])
    return None


def has_screen() -> bool:
    """Whether a browser window can be shown; without one a text browser would take the terminal."""
    return platform.system() != "Linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))


def show_qr_code(address: str) -> None:
    """Draw the address in the terminal as a code that a phone can scan."""
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(address)
    with suppress(UnicodeEncodeError):  # a terminal without block characters has the address itself
        code.print_ascii(tty=sys.stdout.isatty(), invert=True)


def announce(running: Running, browser: bool) -> None:
    """Say where the app is, and open it."""
    local_url = f"http://127.0.0.1:{running.port}"
    print(f"Fitting Room is open at {local_url}")
    if running.share:
        address = lan_address()
        if address:
            shared_url = f"http://{address}:{running.port}"
            print(f"Every screen in this network can open it at {shared_url}, or by scanning:")
            show_qr_code(shared_url)
        else:
            print("This computer is in no network, so other screens cannot open it yet.")
    if browser and not (has_screen() and webbrowser.open(local_url)):
        print("No browser could be opened from here: open that address yourself.")


def wait_for(app: psutil.Process, port: int, seconds: float = START_SECONDS) -> str | None:
    """Wait until the app answers. Returns None then, or a sentence when it ended or does not answer for too long."""
    deadline = time.monotonic() + seconds
    while not healthy(port):
        with suppress(psutil.TimeoutExpired):
            app.wait(timeout=0.2)
            return "The app ended while it started; the lines above say why."
        if time.monotonic() > deadline:
            return f"The app has not answered for {seconds:.0f} seconds. Close other programs, then start again."
    return None


def end(app: psutil.Popen) -> None:
    """End the app, if it has not ended already: ask it to, and kill it where that is not enough."""
    for signal_it in (app.terminate, app.kill):
        if app.poll() is None:
            with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                signal_it()
                app.wait(timeout=END_SECONDS)


def join(app: psutil.Process, running: Running, share: bool, browser: bool) -> int:
    """Show the app that runs already; returns the exit status."""
    print("Fitting Room runs already.")
    if share and not running.share:
        print(
            "It is for this computer only: to share it, end it with Ctrl-C where it was started, then start it with"
            " --share."
        )
    problem = wait_for(app, running.port)
    print(problem, file=sys.stderr) if problem else announce(running, browser)
    return 1 if problem else 0


def open_new(note: Path, first_port: int, share: bool, browser: bool) -> int:
    """Serve the app and show it, until it ends or Ctrl-C ends it; returns the exit status."""
    port = free_port(first_port, share)
    if port is None:
        print(
            f"No port from {first_port} on is free. Close other apps, or choose one: python3 start.py --port 9000",
            file=sys.stderr,
        )
        return 1
    if port != first_port:
        print(f"Port {first_port} is taken by something else, so this is port {port}.")
    app = psutil.Popen(app_command(port, share), cwd=PROJECT)
    running = Running(app.pid, port, share)
    try:
        with suppress(OSError):  # without the note, as in a folder that cannot be written, the next start opens another
            note.parent.mkdir(exist_ok=True)
            note.write_text(json.dumps(running._asdict()))
        problem = wait_for(app, port)
        if problem:
            print(problem, file=sys.stderr)
            return 1
        announce(running, browser)
        print("To end it, press Ctrl-C here.")
        return app.wait()
    except KeyboardInterrupt:
        with suppress(psutil.TimeoutExpired):  # in a terminal, Ctrl-C has told the app too
            app.wait(timeout=END_SECONDS)
        print("\nFitting Room has ended.")
        return 0
    finally:
        end(app)
        with suppress(OSError):
            note.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """Open what start.py was asked to; returns the exit status. start.py explains the options."""
    parser = argparse.ArgumentParser(prog="start.py")
    parser.add_argument("--port", type=int, default=FIRST_PORT)
    parser.add_argument("--share", action="store_true")
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args(arguments)
    try:
        lend_home()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    found = running_app(NOTE)
    if found:
        return join(*found, options.share, not options.no_browser)
    return open_new(NOTE, options.port, options.share, not options.no_browser)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
