"""The real app in a real browser: a server with a home of its own, and pages of a Chromium."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import chromium_path

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 90_000  # milliseconds; only a failing test waits so long


@dataclass
class App:
    """A running server."""

    address: str
    home: Path
    process: subprocess.Popen

    def stop(self) -> None:
        """End the server and, when it has some, its training workers."""
        self.process.terminate()
        self.process.wait(30)
        notes = self.home / "workers.json"
        if notes.exists():
            pid = json.loads(notes.read_text())["pid"]
            if psutil.pid_exists(pid):
                workers = psutil.Process(pid)
                for process in [*workers.children(recursive=True), workers]:
                    process.kill()


def serve(home: Path, workers: int) -> App:
    """Start the app on a free port and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "FITTING_ROOM_HOME": str(home), "FITTING_ROOM_WORKERS": str(workers)}
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    with open(home / "server.log", "w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    pause, began = threading.Event(), time.monotonic()
    while time.monotonic() - began < 60 and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return App(f"http://127.0.0.1:{port}", home, process)
        except OSError:
            pause.wait(0.1)
        finally:
            connection.close()
    raise AssertionError(f"The server did not start:\n{(home / 'server.log').read_text()}")


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with one training worker."""
    running = serve(tmp_path_factory.mktemp("home"), workers=1)
    yield running
    running.stop()


@pytest.fixture
def fresh_app(tmp_path: Path) -> Iterator[App]:
    """An app that has just been started and that nobody has opened yet; it trains nothing."""
    running = serve(tmp_path / "home", workers=0)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a window of its own, and wait until the page stands."""
    contexts = []

    def opened(address: str, width: int = 1280, height: int = 900, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def settled(page: Page) -> None:
    """Wait until the page's script has run: the menu is there and Streamlit says it is idle."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    page.get_by_role("link", name="Help").first.wait_for()
