"""The real app in a real browser: a server with a home of its own, and pages of a Chromium."""

import http.client
import io
import json
import os
import re
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
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright

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


def serve(home: Path, workers: int, port: int | None = None, script: str = "app.py") -> App:
    """Start the app, or another script, on a port, a free one when none is named, and wait until it answers."""
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "FITTING_ROOM_HOME": str(home), "FITTING_ROOM_WORKERS": str(workers)}
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    with open(home / "server.log", "w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options],
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
    """Open an address in a browser that knows nothing of any other, and wait until the page stands."""
    contexts = []

    def opened(address: str, width: int = 1280, height: int = 900, wait: bool = True, touch: bool = False) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address, wait_until="load" if wait else "commit")
        if wait:
            settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def settled(page: Page) -> None:
    """Wait until the page's script has run: the menu is there and Streamlit says it is idle."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    page.locator(".st-key-menu a").first.wait_for(state="attached")
    page.get_by_role("heading", level=1).first.wait_for()


def open_menu(page: Page) -> None:
    """Open the small menu: what is alike on all pages, and on a phone the pages."""
    page.get_by_role("button", name="Menu", exact=True).click()


def no_trouble(page: Page) -> None:
    """Nothing on the page says that something broke."""
    expect(page.get_by_text(re.compile("Traceback|Something went wrong|Error:"))).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def sideways(page: Page) -> list[str]:
    """What reaches over the right edge, save for what has a scroll bar of its own."""
    return page.evaluate(
        "[...document.querySelectorAll('[data-testid=stMain] *')].filter(e => e.getBoundingClientRect().right >"
        " innerWidth + 1"
        " && !e.closest('.numbers, .strip, [data-testid=stDataFrame], [data-testid=stCode],"
        " [data-testid=stElementToolbar],"
        " .st-key-menu, .js-plotly-plot, .st-key-class, .st-key-look')"
        " && e.type !== 'range'"  # a slider's input is invisible; what is seen is its handle
        " && getComputedStyle(e).position !== 'fixed').map(e => e.tagName + '.' + e.className).slice(0, 5)"
    )


def cut_off(page: Page) -> list[str]:
    """Words of which a part is not shown, save for the names below the small pictures."""
    return page.evaluate(
        "[...document.querySelectorAll('[data-testid=stMain] *')].filter(e => e.scrollWidth > e.clientWidth + 1"
        " && e.clientWidth && e.innerText && getComputedStyle(e).textOverflow === 'ellipsis'"
        " && !e.closest('.sheet, .tiles, .pair')).map(e => e.innerText).slice(0, 5)"
    )


def shirt() -> bytes:
    """A PNG of a dark T-shirt on a plain ground."""
    picture = Image.new("RGB", (400, 400), "white")
    right = [(200, 85), (230, 60), (280, 60), (370, 130), (335, 185), (290, 155), (290, 345)]
    ImageDraw.Draw(picture).polygon([*right, *((400 - x, y) for x, y in reversed(right[1:]))], fill=(40, 60, 120))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
