"""Takes the README's pictures: starts the app, trains the quick network, and photographs every page.

.venv/bin/python -m docs.take_pictures        (FITTING_ROOM_DATA names the real data set; else the drawn clothes are
shown)
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

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


def opened(browser: Browser, address: str, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
    """A page in a window of its own, standing still."""
    page = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    ).new_page()
    page.set_default_timeout(WAIT)
    page.goto(address)
    settled(page)
    page.wait_for_load_state("networkidle")
    page.locator("[data-testid=stSkeleton]:not([hidden])").first.wait_for(state="hidden")
    settled(page)
    return page


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        app = serve(Path(home), workers=1)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        page = opened(browser, f"{app.address}/training")
        page.get_by_role("button", name="Start").click()
        page.get_by_text("of the test pictures right").wait_for()
        run = page.url.partition("?")[2]
        for name, path in PAGES.items():
            for dark in (False, True):
                page = opened(browser, f"{app.address}/{path.format(run=run)}", dark)
                page.screenshot(path=FOLDER / f"{name}-{'dark' if dark else 'light'}.jpg", type="jpeg", quality=82)
                page.context.close()
        browser.close()
        app.stop()


if __name__ == "__main__":
    main()
