"""Every page in real Chromium: by a link on a phone, with nonsense in its address; and what the server holds."""

import re
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from playwright.sync_api import Page, expect

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
            expect(page.get_by_role("link", name=label, exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        no_trouble(page)
        for width in (390, 820):  # upright, a phone and a tablet
            page.set_viewport_size({"width": width, "height": 1000})
            page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            assert sideways(page) == [] and cut_off(page) == [], (path, width, cut_off(page))


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
