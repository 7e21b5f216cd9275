"""Own clothes as people meet them: a zip goes in, is browsed, trained on and looked into; another browser sees nothing
of it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.data import upload
from tests.browser.conftest import PATIENCE, App, open_menu, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)

TITLE = "Your clothes: mine.zip (80 + 20 pictures)"


def test_a_zip_is_brought_browsed_trained_on_and_looked_into_in_one_browser_only(
    app: App, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{app.address}/help")
    open_menu(page)
    page.get_by_role("link", name="Bring your own clothes").click()
    expect(page.get_by_role("heading", name="Your own clothes")).to_be_visible()
    page.get_by_role("radio", name="A zip or a table").click()
    uploader = page.locator("[class*=st-key-own_files_file] input[type=file]")
    uploader.set_input_files({"name": "mine.zip", "mimeType": "application/zip", "buffer": upload.example_zip()})
    page.get_by_role("button", name="Look at them").click()
    page.get_by_role("button", name="Use these clothes").click()
    expect(page.get_by_role("heading", name=f"✓ {TITLE}")).to_be_visible()

    page.get_by_role("link", name="Look at them").click()
    expect(page.get_by_text("80 training pictures").first).to_be_visible()
    page.reload()  # a new window as far as the server knows
    settled(page)
    expect(page.get_by_text("80 training pictures").first).to_be_visible()

    page.get_by_role("link", name="Train", exact=True).first.click()
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile(r"run=\w+"))  # until then the best run of all is shown, with a link of its own
    mistakes = page.locator("[href*='mistakes?run=']")
    mistakes.wait_for()
    expect(page.get_by_text("people: ")).to_have_count(0)  # people were measured on Fashion-MNIST
    mistakes.click()
    expect(page.get_by_text(re.compile("wrong of 20"))).to_be_visible()
    expect(page.get_by_text("people: ")).to_have_count(0)
    link = page.url
    assert "run=" in link

    elsewhere = open_page(link)  # another browser: its clothes are the real ones, and the run's pictures are not there
    expect(elsewhere.get_by_text(re.compile("was tested on “Your clothes: mine.zip"))).to_be_visible()

    open_menu(page)
    page.get_by_role("button", name=re.compile("Back to")).click()
    expect(page.get_by_text(re.compile("was tested on “Your clothes: mine.zip"))).to_be_visible()


def test_a_zip_is_measured_to_its_end_by_itself(app: App, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{app.address}/own")
    page.get_by_role("radio", name="A zip or a table").click()
    uploader = page.locator("[class*=st-key-own_files_file] input[type=file]")
    uploader.set_input_files({"name": "mine.zip", "mimeType": "application/zip", "buffer": upload.example_zip()})
    page.get_by_role("button", name="Measure the app on them").click()
    expect(page.get_by_text(re.compile("of 100; of all such photos"))).to_be_visible()
    page.get_by_role("gridcell", name=re.compile("^Coat, answered right")).click()
    expect(page.get_by_role("heading", name=re.compile("Coat, answered right: "))).to_be_visible()
    page.get_by_role("button", name="All wrong answers").click()
    page.get_by_role("button", name="Choose others").click()
    expect(uploader).to_be_attached()
