"""Photos that are mended by hand, a gallery of several, and the paper's own tools, in a real browser."""

import io
import re
from collections.abc import Callable

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.labels import NAMES
from tests.browser.conftest import PATIENCE, App, no_trouble, settled, shirt

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


def trousers_and_ball() -> bytes:
    """Dark trousers on a pale floor with a red ball beside them, as a PNG."""
    floor = np.full((240, 240, 3), 225, np.uint8)
    legs = np.array([(60, 20), (140, 20), (150, 220), (110, 220), (100, 80), (90, 220), (50, 220)])
    cv2.fillPoly(floor, [legs], (50, 50, 90))
    cv2.circle(floor, (200, 120), 26, (200, 40, 40), -1)
    file = io.BytesIO()
    Image.fromarray(floor).save(file, "PNG")
    return file.getvalue()


def bring(page: Page, **files: bytes) -> None:
    given = [{"name": f"{name}.png", "mimeType": "image/png", "buffer": content} for name, content in files.items()]
    page.locator(".st-key-predict_files input[type=file]").set_input_files(given)


def stroke(page: Page, paper: str, points: list[tuple[float, float]]) -> None:
    """Draw through points, shares of the paper's sides."""
    canvas = page.locator(f"{paper} canvas").last
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def seen(page: Page) -> str:
    """The 28 x 28 picture, as its address, when the answer stands."""
    settled(page)
    expect(page.locator(".strip")).to_have_count(1)
    return page.locator(".strip img.dots28").last.get_attribute("src")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_photo_is_turned_and_brushed_and_the_answer_follows(app: App, open_page: Open, width: int) -> None:
    page = open_page(f"{app.address}/predict", width=width, height=1100)
    bring(page, legs=trousers_and_ball())
    expect(page.get_by_text("As it came")).to_be_visible()
    expect(page.locator(".answer").first).to_contain_text("Trouser")
    first = seen(page)
    last = page.locator(".strip img.dots28").last
    page.get_by_role("button", name="Turn right").click()
    expect(last).not_to_have_attribute("src", first)
    expect(page.get_by_text("As you edited it")).to_be_visible()
    page.get_by_role("button", name="Turn left").click()
    expect(last).to_have_attribute("src", first)
    page.get_by_text("Crop it, or brush what belongs to it").click()
    expect(page.locator(".st-key-predict_mend_paper canvas").last).to_be_visible()
    settled(page)
    stroke(page, ".st-key-predict_mend_paper", [(0.8, 0.45), (0.86, 0.5)])
    expect(last).not_to_have_attribute("src", first)
    page.get_by_role("button", name="Start again").click()
    expect(last).to_have_attribute("src", first)
    page.get_by_role("radio", name="Draw a ring").click()
    ring = "[class*=st-key-predict_ring]"  # another paper than the brush's
    expect(page.locator(f"{ring} canvas").last).to_be_visible()
    settled(page)
    stroke(page, ring, [(0.68, 0.97), (0.4, 0.5), (0.12, 0.03)])  # the ball stays outside
    for place, about in enumerate((r"1[0-2]", r"(6[789]|70)", r"[0-3]", r"9[6-9]")):
        expect(page.get_by_role("slider").nth(place)).to_have_attribute("aria-valuetext", re.compile(f"^{about} %$"))
    expect(page.locator(".answer").first).to_contain_text("Trouser")
    page.get_by_role("button", name="Start again").click()
    expect(last).to_have_attribute("src", first)


def test_several_photos_become_a_gallery_and_a_table(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict")
    bring(page, legs=trousers_and_ball(), letter=b"I am text.", more=trousers_and_ball())
    tiles = page.locator("[class*='st-key-predict_tile_']")
    expect(tiles).to_have_count(3)
    expect(tiles.nth(1)).to_contain_text("letter.png: This file is not a picture I can open")
    settled(page)
    tiles.nth(2).click()
    expect(page.locator("[class*='st-key-predict_tile_open_2']")).to_have_count(1)
    expect(
        page.locator(".st-key-predict_stage [data-testid=stCaptionContainer]").get_by_text("more.png")
    ).to_be_visible()
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as CSV").click()
    table = pd.read_csv(waiting.value.path())
    assert table["file"].tolist() == ["legs.png", "letter.png", "more.png"]
    assert table["label"].tolist()[0] == "Trouser" and table.loc[0, list(NAMES)].sum() == pytest.approx(1, abs=1e-3)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save this answer").click()
    assert waiting.value.suggested_filename == "answer-trouser.png"
    with Image.open(waiting.value.path()) as card:
        assert card.size == (1000, 720)
    other = open_page(f"{app.address}/help")
    for _ in range(2):
        other.reload()
        settled(other)
    assert page.request.get(waiting.value.url).status == 200, (
        "a file stays with its page, however often others draw theirs anew"
    )


def test_a_stroke_is_taken_back_and_the_paper_cleared(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict?way=draw", height=1200)
    expect(page.locator(".st-key-paper canvas").last).to_be_visible()
    stroke(page, ".st-key-paper", [(0.3, 0.1), (0.7, 0.1), (0.7, 0.9), (0.3, 0.9), (0.3, 0.1)])
    expect(page.locator(".answer")).to_have_count(1)
    first, last = seen(page), page.locator(".strip img.dots28").last
    stroke(page, ".st-key-paper", [(0.1, 0.5), (0.95, 0.5)])
    expect(last).not_to_have_attribute("src", first)
    page.locator(".st-key-predict_stroke_undo button").click()
    expect(last).to_have_attribute("src", first)
    page.locator(".st-key-predict_stroke_clear button").click()
    expect(page.get_by_text("Draw a shirt, a boot, a bag")).to_be_visible()


def test_a_drawing_is_still_there_after_another_way_was_looked_at(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict?way=draw", height=1200)
    expect(page.locator(".st-key-paper canvas").last).to_be_visible()
    stroke(page, ".st-key-paper", [(0.3, 0.1), (0.7, 0.1), (0.7, 0.9), (0.3, 0.9), (0.3, 0.1)])
    first, last = seen(page), page.locator(".strip img.dots28").last
    stroke(page, ".st-key-paper", [(0.1, 0.5), (0.95, 0.5)])
    expect(last).not_to_have_attribute("src", first)
    page.locator(".st-key-predict_stroke_undo button").click()
    expect(last).to_have_attribute("src", first)
    stroke(page, ".st-key-paper", [(0.5, 0.02), (0.5, 0.5)])
    expect(last).not_to_have_attribute("src", first)
    whole = seen(page)
    page.get_by_role("radio", name="Test picture").click()
    expect(page.get_by_role("button", name="Take another")).to_be_visible()
    page.get_by_role("radio", name="Draw").click()
    expect(page.locator(".st-key-paper canvas").last).to_be_visible()
    expect(page.locator(".strip img.dots28").last).to_have_attribute("src", whole)


def test_what_was_brushed_on_a_photo_stays_when_another_was_looked_at(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict", height=1500)
    bring(page, legs=trousers_and_ball(), more=trousers_and_ball())
    tiles, last = (
        page.locator("[class*='st-key-predict_tile_']"),
        page.locator(".st-key-predict_answer_photo .strip:not(.pair) img.dots28").last,
    )
    expect(tiles).to_have_count(2)
    untouched = last.get_attribute("src")
    page.get_by_text("Crop it, or brush what belongs to it").click()
    expect(page.locator(".st-key-predict_mend_paper canvas").last).to_be_visible()
    settled(page)
    stroke(page, ".st-key-predict_mend_paper", [(0.8, 0.45), (0.86, 0.5)])
    expect(last).not_to_have_attribute("src", untouched)
    settled(page)
    brushed = last.get_attribute("src")
    for is_open in (False, True):  # the brush is put away, and taken up again
        page.get_by_text("Crop it, or brush what belongs to it").click()
        expect(page.locator(".st-key-predict_mend_paper")).to_have_count(int(is_open))
        settled(page)
        expect(last).to_have_attribute("src", brushed)
    tiles.nth(1).click()
    expect(last).to_have_attribute("src", untouched)
    tiles.nth(0).click()
    expect(last).to_have_attribute("src", brushed)
    page.get_by_role("radio", name="Does not").click()
    settled(page)
    expect(page.locator(".st-key-predict_mend_paper canvas").last).to_be_visible()  # the paper of the photo tapped last
    stroke(page, ".st-key-predict_mend_paper", [(0.05, 0.05), (0.1, 0.1)])  # on the floor: nothing new is taken away
    settled(page)
    expect(last).to_have_attribute("src", brushed)
    page.get_by_role("button", name="Start again").click()
    expect(last).to_have_attribute("src", untouched)


def test_good_and_bad_files_sent_together_each_get_their_own_answer(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict")
    page.locator("input[type=file]").set_input_files(
        [
            {"name": "letter.png", "mimeType": "image/png", "buffer": b"I am text."},
            {"name": "empty.jpg", "mimeType": "image/jpeg", "buffer": b""},
            {"name": "shirt.png", "mimeType": "image/png", "buffer": shirt()},
        ]
    )
    expect(page.get_by_text("letter.png: This file is not a picture I can open")).to_be_visible()
    expect(page.get_by_text("empty.jpg: This file is empty")).to_be_visible()
    expect(page.locator(".verdict")).to_have_count(1)
    expect(page.locator(".answer").first).to_contain_text("T-shirt/top")
    no_trouble(page)


def test_a_drawing_is_answered_while_it_is_drawn(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict?way=draw", height=1200)
    canvas = page.get_by_test_id("stMain").locator("canvas.upper-canvas, canvas").last
    canvas.wait_for()
    expect(page.get_by_text("Draw a shirt, a boot, a bag")).to_be_visible()
    box = canvas.bounding_box()
    trousers = [
        (0.3, 0.08),
        (0.7, 0.08),
        (0.74, 0.92),
        (0.56, 0.92),
        (0.5, 0.35),
        (0.44, 0.92),
        (0.26, 0.92),
        (0.3, 0.08),
    ]
    page.mouse.move(box["x"] + trousers[0][0] * box["width"], box["y"] + trousers[0][1] * box["height"])
    page.mouse.down()
    for x, y in trousers[1:]:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=12)
    page.mouse.up()
    expect(page.locator(".answer").first).to_contain_text("Trouser")
    no_trouble(page)
