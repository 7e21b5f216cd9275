"""Takes the README's pictures: starts the app, trains the quick network, photographs every page and films a tour.

    .venv/bin/python -m docs.take_pictures                  (FITTING_ROOM_DATA names the real data set; else the
    .venv/bin/python -m docs.take_pictures --only tour       drawn clothes are shown)

The tour goes from the welcome page to Train, watches the curve grow, looks at Mistakes and lets Predict answer a
drawing.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Error, Locator, Page, sync_playwright

from core.labels import SLUGS
from core.vision.templates import GHOSTS, TEMPLATES
from tests.browser.conftest import serve, settled
from tests.conftest import chromium_path

FOLDER = Path(__file__).with_name("pictures")
PAGES = {
    "welcome": "",
    "dataset": "dataset",
    "lessons": "lessons",
    "training": "training",
    "runs": "runs?{run}",
    "mistakes": "mistakes",
    "predict": "predict?way=data",
    "help": "help",
}
WAIT = 120_000  # milliseconds
DONE = "of the test pictures right"  # stands on the Train page once a run has ended
TOUR = "tour.webp"
VIEW = 1140, 860  # px, the window that is filmed
WIDTH = 900  # px, of the film
LONGEST = 20_000  # milliseconds, of the film; a longer one is shown more quickly
LARGEST = 3_000_000  # bytes
STEP = 200  # milliseconds that a picture of something moving is shown
QUALITIES = (80, 70, 60, 50, 40, 30)  # tried in turn until the film is small enough
DRAWN = SLUGS.index("trouser")  # what is drawn on the Predict page


@dataclass
class Film:
    """Pictures of a page, one after another, each with how long it is shown."""

    frames: list[Image.Image] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)

    def show(self, page: Page, milliseconds: int) -> None:
        """The page as it is now; one that looks like the last is shown longer instead."""
        shot = Image.open(io.BytesIO(page.screenshot(type="png"))).convert("RGB")
        frame = shot.resize((WIDTH, round(WIDTH * shot.height / shot.width)), Image.Resampling.LANCZOS)
        if self.frames and frame.tobytes() == self.frames[-1].tobytes():
            self.milliseconds[-1] += milliseconds
        else:
            self.frames.append(frame)
            self.milliseconds.append(milliseconds)

    def watch(self, page: Page, ended: Callable[[], bool], most: float, shown: int) -> None:
        """The page as it changes until something has ended, at most some seconds; all of it shown in so many ms."""
        part, began = Film(), time.monotonic()
        while not ended() and time.monotonic() - began < most:
            part.show(page, STEP)
        every = max(1, -(-sum(part.milliseconds) // shown))
        self.frames += part.frames[::every]
        self.milliseconds += [min(spent, 3 * STEP) for spent in part.milliseconds[::every]]

    def save(self, path: Path) -> None:
        """Write an animated WebP file, in the best quality that is small enough."""
        quicker = min(1.0, LONGEST / sum(self.milliseconds))
        spent = [round(quicker * milliseconds) for milliseconds in self.milliseconds]
        first, *others = self.frames
        for quality in QUALITIES:
            content = io.BytesIO()
            first.save(content, "WEBP", save_all=True, append_images=others, duration=spent, quality=quality, loop=0)
            if content.tell() <= LARGEST:
                break
        path.write_bytes(content.getvalue())


def opened(browser: Browser, address: str, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
    """A page in a window of its own, standing still."""
    page = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    ).new_page()
    page.set_default_timeout(WAIT)
    go(page, address)
    return page


def go(page: Page, address: str) -> None:
    """Open an address and wait until its page stands."""
    page.goto(address)
    standing(page)


def standing(page: Page) -> None:
    """Wait until a page is drawn, pictures and charts too."""
    settled(page)
    page.wait_for_load_state("networkidle")
    page.locator("[data-testid=stSkeleton]:not([hidden])").first.wait_for(state="hidden")
    settled(page)


def photograph(browser: Browser, address: str, run: str) -> None:
    """Every page of the app in light and dark; `run` is the query that names a finished run."""
    for name, path in PAGES.items():
        for dark in (False, True):
            page = opened(browser, f"{address}/{path.format(run=run)}", dark)
            page.screenshot(path=FOLDER / f"{name}-{'dark' if dark else 'light'}.jpg", type="jpeg", quality=82)
            page.context.close()


def film(browser: Browser, address: str) -> str:
    """Film the tour; returns the query that names the run trained in it."""
    reel = Film()
    page = opened(browser, address, width=VIEW[0], height=VIEW[1])
    reel.show(page, 1_800)
    go(page, f"{address}/training")
    reel.show(page, 1_000)
    page.get_by_role("button", name="Start").click()
    page.mouse.move(VIEW[0] / 2, VIEW[1] / 2)
    page.mouse.wheel(0, -VIEW[1])  # where the click scrolled down
    right = page.get_by_text(DONE).first
    reel.watch(page, right.is_visible, WAIT / 1000, 5_000)
    right.wait_for()
    standing(page)
    reel.show(page, 2_000)
    run = page.url.partition("?")[2]
    go(page, f"{address}/mistakes?{run}")
    reel.show(page, 2_200)
    page.mouse.wheel(0, 0.8 * VIEW[1])
    page.wait_for_timeout(500)  # nothing on the page tells when a smooth scroll has ended; this is a film, not a test
    reel.show(page, 1_500)
    film_answer(reel, page, address)
    page.context.close()
    reel.save(FOLDER / TOUR)
    return run


def film_answer(reel: Film, page: Page, address: str) -> None:
    """Draw on the Predict page, or where there is no paper show a test picture, and film the answer."""
    go(page, f"{address}/predict?way=draw")
    paper = page.locator(".st-key-paper canvas").last
    try:
        paper.wait_for(timeout=20_000)
    except Error:
        go(page, f"{address}/predict?way=data")
    else:
        reel.show(page, 600)
        draw(reel, page, paper)
        answered = time.monotonic() + 3
        reel.watch(page, lambda: time.monotonic() > answered, 3, 1_000)
        standing(page)
    reel.show(page, 2_500)


def draw(reel: Film, page: Page, paper: Locator) -> None:
    """Draw an outline with the mouse, a few points at a time."""
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    if box is None:
        return
    for stroke in TEMPLATES[DRAWN](np.random.default_rng(GHOSTS[DRAWN])):
        points = (stroke * 0.8 + 0.1) * (box["width"], box["height"]) + (box["x"], box["y"])
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=6)
            reel.show(page, STEP)
        page.mouse.up()


def main() -> None:
    """Take all pictures, or those asked for."""
    parser = argparse.ArgumentParser(prog="python -m docs.take_pictures", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("pages", "tour"), help="photograph the pages, or film the tour")
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        app = serve(Path(home), workers=1)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        try:
            if given.only == "pages":
                page = opened(browser, f"{app.address}/training")
                page.get_by_role("button", name="Start").click()
                page.get_by_text(DONE).first.wait_for()
                run = page.url.partition("?")[2]
            else:
                run = film(browser, app.address)
            if given.only != "tour":
                photograph(browser, app.address, run)
        finally:
            browser.close()
            app.stop()


if __name__ == "__main__":
    main()
