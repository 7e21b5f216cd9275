"""The frame of all pages in a real browser: the menu by keyboard and on a phone, links to copy, the presenter view."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, App, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


def test_the_menu_is_navigation_that_says_where_one_is_and_can_be_walked_by_keyboard(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/help")
    menu = page.get_by_role("navigation", name="Pages")
    expect(menu.locator("[aria-current=page]")).to_have_text(["Help"])
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Lessons":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lessons")
    expect(menu.locator("[aria-current=page]")).to_have_text(["Lessons"])


def test_on_a_phone_the_pages_are_in_the_menu_beside_the_heading(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/help", width=390, height=844)
    expect(page.get_by_role("link", name="Lessons", exact=True)).to_have_count(0)
    button = page.get_by_role("button", name="Menu", exact=True)
    heading = page.get_by_role("heading", level=1).bounding_box()
    assert button.bounding_box()["y"] < heading["y"] + heading["height"] < 80
    button.click()
    page.get_by_role("link", name="Lessons", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lessons")


def test_a_link_is_copied_and_says_that_it_works_on_this_computer_only(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/help")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.get_by_role("img", name="QR code of this link")).to_be_visible()
    expect(page.get_by_text("This link works on this computer only")).to_be_visible()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{app.address}/help"


def test_the_key_p_shows_the_page_to_a_whole_room_and_leaves_again(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/help", width=1920, height=1080)
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("present=1"))
    expect(page.get_by_role("img", name="QR code of this link")).to_be_visible()
    expect(page.get_by_role("link", name="Lessons", exact=True)).to_have_count(0)
    room = page.get_by_test_id("stMainBlockContainer").bounding_box()
    assert room["width"] > 1900
    page.reload()
    settled(page)
    expect(page.get_by_role("img", name="QR code of this link")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("link", name="Lessons", exact=True)).to_be_visible()
    assert "present" not in page.url
