"""Predict on a screen, a tablet and a phone: the answer is in the first screen, the camera answers by itself, and one
can draw without a hand."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, App, no_trouble, settled, sideways
from tests.conftest import chromium_path

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
SIZES = [(1280, 800), (820, 1180), (390, 844)]
FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def bottom(part: Locator) -> float:
    """How far down a part reaches, in pixels of the page."""
    box = part.bounding_box()
    return box["y"] + box["height"]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_photo_answer_and_bars_are_in_the_first_screen(
    app: App, open_page: Callable[..., Page], width: int, height: int
) -> None:
    page = open_page(f"{app.address}/predict", width=width, height=height)
    page.locator(".st-key-predict_try_bag button").click()
    reply = page.locator("section.reply")
    expect(reply.locator("p.answer")).to_have_text("Bag")
    settled(page)
    assert bottom(reply.locator("p.answer")) < 300
    assert bottom(reply.locator("img.photo")) < height and bottom(reply.locator("dl.bars")) < height
    assert page.locator("[data-testid=stFileUploader]").bounding_box()["height"] < 100, "the uploader is a line"
    assert "photo=bag" in page.url and sideways(page) == []
    no_trouble(page)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_template_is_traced_by_keyboard_and_paper_and_answer_are_in_the_first_screen(
    app: App, open_page: Callable[..., Page], width: int, height: int
) -> None:
    page = open_page(f"{app.address}/predict?way=draw&template=trouser", width=width, height=height)
    canvas = page.locator(".st-key-paper canvas").last
    expect(canvas).to_have_attribute("aria-label", "Your drawing: 0 strokes")
    page.locator(".st-key-predict_trace button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("p.answer")).to_have_text("Trouser")
    settled(page)
    box = canvas.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and bottom(canvas) < height
    assert bottom(page.locator("p.answer")) < 300 and bottom(page.locator("dl.bars > :nth-child(3)")) < height
    assert page.locator(".dc-toolbar:visible").count() == 0 and sideways(page) == []
    no_trouble(page)


def test_the_camera_answers_by_itself_and_a_frozen_picture_can_be_mended(app: App, browser: Browser) -> None:
    seeing = browser.browser_type.launch(executable_path=chromium_path(), args=["--no-sandbox", *FAKE_CAMERA])
    try:
        page = seeing.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{app.address}/predict?way=camera")
        expect(page.locator("section.reply p.answer")).to_be_visible()
        assert bottom(page.locator("p.answer")) < 320 < bottom(page.locator(".camera video")) < 844
        first = page.locator("section.reply").inner_html()
        expect(page.locator("section.reply")).not_to_have_js_property(
            "innerHTML", first
        )  # it moves, and is asked again
        page.get_by_role("button", name="Freeze").click()
        expect(page.get_by_role("button", name="Turn left")).to_be_visible()
        page.get_by_role("button", name="Look again").click()
        expect(page.locator(".camera video")).to_be_visible()
    finally:
        seeing.close()


def test_where_the_camera_cannot_work_one_sentence_says_what_to_do(app: App, browser: Browser) -> None:
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.goto(f"{app.address}/predict?way=camera")
    expect(page.get_by_text("The camera works only where the address begins with https")).to_be_visible()
    assert page.locator("video").count() == 0 and page.get_by_role("button", name="Freeze").count() == 0
    page.close()
