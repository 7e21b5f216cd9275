"""Every page for everyone: axe-core finds nothing in both themes, all targets fit a thumb, and no word is faint, cut
off or out of sight, nor with letters twice as large."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE, App, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = ("", "dataset", "lessons", "training", "predict?way=data", "mistakes", "runs", "own", "help")
CHECKS = Path(__file__).with_name("access.js").read_text(encoding="utf-8")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "rules": {
        name: {"enabled": True}
        for name in ("heading-order", "landmark-one-main", "landmark-no-duplicate-main", "page-has-heading-one")
    },
    "resultTypes": ["violations"],
}
# (words of a fault, why it stays)
ALLOWED = (
    ("“Skip to main content”", "Streamlit's; only who comes by keyboard sees it, large"),
    ("“Scroll tabs", "Streamlit's; a finger swipes the tabs themselves"),
    ("in st-key-mistakes_matrix", "eleven columns of 44 px are wider than a phone; 24 px is what the guidelines ask"),
)
DRAWN = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


@pytest.fixture(scope="module")
def page(app: App, browser: Browser) -> Iterator[Page]:
    """One window that is touched, for all pages: their scripts are fetched once."""
    context = browser.new_context(has_touch=True, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def look(page: Page, width: int, height: int, theme: str = "light", letters: str = "") -> None:
    """Change the window, the theme and the size of letters, and wait until all is drawn anew."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("letters => document.documentElement.style.fontSize = letters", letters)
    page.evaluate(DRAWN)


def axe(page: Page) -> list[str]:
    """What axe-core finds, a sentence each."""
    violations = page.evaluate(f"axe.run({json.dumps(RULES)}).then(found => found.violations)")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"]]


def found(page: Page, *checks: str) -> list[str]:
    """What these checks of access.js find, but for what is allowed."""
    faults = [f"{check} {fault}" for check in checks for fault in page.evaluate(f"access.{check}()")]
    return [fault for fault in faults if not any(words in fault for words, _ in ALLOWED if fault.startswith("small"))]


@pytest.mark.parametrize("path", PAGES)
def test_everyone_can_read_and_tap_every_page(app: App, page: Page, path: str) -> None:
    look(page, 1280, 800)
    page.goto(f"{app.address}/{path}")
    settled(page)
    page.evaluate(AXE_SCRIPT)
    page.evaluate(CHECKS)
    faults = {}
    for theme in ("light", "dark"):
        look(page, 1280, 800, theme)
        faults[f"1280, {theme}"] = axe(page) + found(page, "faint", "over", "cut")
        look(page, 390, 844, theme)
        faults[f"390, {theme}"] = axe(page) + found(page, "faint", "small", "over", "cut")
    look(page, 820, 1180)
    faults["820"] = found(page, "small", "over", "cut")
    for width, height in ((1280, 800), (820, 1180), (390, 844)):
        look(page, width, height, letters="200%")
        faults[f"{width}, letters twice as large"] = found(page, "over", "cut")
    assert {where: what for where, what in faults.items() if what} == {}


def test_everyone_can_read_and_tap_the_menu_of_a_phone(app: App, page: Page) -> None:
    look(page, 390, 844)
    page.goto(f"{app.address}/help")
    settled(page)
    page.evaluate(AXE_SCRIPT)
    page.evaluate(CHECKS)
    page.get_by_role("button", name="Menu", exact=True).tap()
    page.get_by_role("link", name="Lessons", exact=True).wait_for()
    for letters in ("", "200%"):
        look(page, 390, 844, "dark", letters)
        assert axe(page) + found(page, "faint", "small", "over", "cut") == []
    over = page.get_by_test_id("stPopoverBody")
    assert over.evaluate("menu => getComputedStyle(menu).colorScheme") == "dark"  # colours of our own follow it
