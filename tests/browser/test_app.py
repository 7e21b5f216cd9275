"""Every page in real Chromium: by a link on a phone, with nonsense in its address; and what the server holds."""

import re
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, App, cut_off, no_trouble, open_menu, settled, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)

PAGES = {
    "": "Teach a computer to tell a coat from a shirt",
    "dataset": "Clothes",
    "lessons": "Lessons",
    "training": "Train",
    "runs": "Run book",
    "mistakes": "Mistakes",
    "predict": "Predict",
    "own": "Your own clothes",
    "help": "Help",
}
Open = Callable[..., Page]


def test_links_to_all_pages_tapped_at_once_on_phones_work_in_an_app_nobody_has_opened_yet(
    fresh_app: App, open_page: Open
) -> None:
    windows = {path: open_page(f"{fresh_app.address}/{path}", width=390, height=844, wait=False) for path in PAGES}
    for path, page in windows.items():
        settled(page)
        expect(page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
        open_menu(page)
        for label in ("Fitting Room", "Clothes", "Lessons", "Train", "Run book", "Mistakes", "Predict", "Help"):
            expect(page.get_by_test_id("stPopoverBody").get_by_role("link", name=label, exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        no_trouble(page)
        for width in (390, 820):  # upright, a phone and a tablet
            page.set_viewport_size({"width": width, "height": 1000})
            page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            assert sideways(page) == [] and cut_off(page) == [], (path, width, cut_off(page))


def test_a_garment_of_the_wall_is_answered_in_place_by_a_tap_and_by_the_arrow_keys(app: App, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(app.address)
    garments, answer = page.locator(".wall button:visible"), page.locator(".answer")
    garments.nth(0).tap()
    expect(garments.nth(0)).to_have_attribute("aria-pressed", "true")
    expect(answer.locator(".bars .top")).to_be_in_viewport()
    for key, place in (("ArrowRight", 1), ("ArrowDown", 7), ("End", 17), ("Home", 0)):
        page.keyboard.press(key)
        expect(garments.nth(place)).to_be_focused()
        expect(page.locator(".wall [aria-pressed=true]")).to_have_count(1)
        expect(garments.nth(place)).to_have_attribute("aria-pressed", "true")
    assert all(min(garment.bounding_box()[side] for side in ("width", "height")) >= 44 for garment in garments.all())
    expect(page.get_by_role("link", name="Try a photo")).to_be_in_viewport()
    context.close()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("training?run=nonsense", "There is no run “nonsense”"),
        ("mistakes?run=%00%22", "There is no finished run"),
        ("predict?model=nonsense&way=nowhere&sample=x", "There is no finished run “nonsense”"),
        ("dataset?split=sideways&class=hat&page=-7&index=1e9", "Clothes"),
    ],
)
def test_nonsense_in_the_address_gets_a_sentence_and_a_working_page(
    app: App, open_page: Open, path: str, sentence: str
) -> None:
    page = open_page(f"{app.address}/{path}")
    expect(page.get_by_text(sentence).first).to_be_visible()
    no_trouble(page)


def test_the_server_never_holds_tensorflow(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict?way=data")
    expect(page.locator(".verdict").first).to_be_visible()
    mapped = {mapping.path for mapping in psutil.Process(app.process.pid).memory_maps()}
    assert any("ai_edge_litert" in path for path in mapped)
    assert not [path for path in mapped if re.search(r"/(tensorflow|keras)/", path)]
    assert np.array([path.endswith(".so") for path in mapped]).any()
