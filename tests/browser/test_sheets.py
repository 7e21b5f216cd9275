"""The code behind a run, weights brought from elsewhere and the sheets of answers, in a real browser with a real
worker."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.training.weights import written
from models.catalogue import RECIPES
from tests.browser.conftest import PATIENCE, App, no_trouble, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


def bring(page: Page, name: str, content: bytes) -> None:
    """Choose a file of weights and press the button."""
    uploader = page.locator("[class*=st-key-runs_load_file]")
    uploader.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/x-hdf5", "buffer": content}
    )
    expect(uploader.get_by_text(name)).to_be_visible()
    page.get_by_role("button", name="Load and score").click()


def test_weights_are_loaded_in_the_worker_and_the_code_of_the_run_is_taken_away(
    app: App, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(f"{app.address}/runs")
    page.get_by_text("Weights saved elsewhere").click()
    bring(page, "words.h5", b"I am text.")
    expect(page.get_by_text("This file does not hold weights")).to_be_visible()
    page = open_page(f"{app.address}/runs")
    page.get_by_text("Weights saved elsewhere").click()
    bring(page, "another.weights.h5", written(RECIPES["hello-world"].build()))
    expect(page.get_by_text("These weights belong to another network")).to_be_visible()
    page = open_page(f"{app.address}/runs")
    page.get_by_text("Weights saved elsewhere").click()
    bring(page, "right.weights.h5", written(RECIPES["quick"].build()))
    expect(page.get_by_role("heading", name=re.compile("Quick, loaded"))).to_be_visible()
    expect(page.get_by_text("of the test pictures right")).to_be_visible()
    expect(page.get_by_text("there is no curve to show")).to_have_count(1)
    page.get_by_role("link", name="Open in Train").click()
    expect(page.get_by_role("heading", name="Train a network")).to_be_visible()

    page.get_by_text("Show me the code").click()
    expect(page.get_by_test_id("stCode")).to_contain_text("layers.Conv2D(32, 7, strides=4")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download .py").click()
    waiting.value.save_as(tmp_path / "run.py")
    code = (tmp_path / "run.py").read_text(encoding="utf-8")
    assert 'network.load_weights("quick.weights.h5")' in code
    compile(code, "run.py", "exec")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_sheet_of_answers_leads_to_one_picture_with_its_ten_bars(app: App, open_page: Open, width: int) -> None:
    page = open_page(f"{app.address}/mistakes", width=width)
    cells = page.locator(".answers a")
    expect(cells).to_have_count(25)
    expect(page.locator(".answers .bars")).to_have_count(0)
    page.get_by_text("5 × 3 with bars").click()
    expect(page.locator(".answers .bars")).to_have_count(15)
    expect(cells.nth(2).locator("b")).to_have_text(re.compile(r"^[✓✗] .+ \d+\s%"))
    said = cells.nth(2).locator("b").inner_text()
    cells.nth(2).click()
    page.wait_for_url(re.compile(r"picture=2(&|#|$)"))
    settled(page)
    opened = page.locator(".opened")
    expect(opened).to_be_in_viewport()
    expect(opened.locator(".said")).to_have_text(said[2:])
    expect(page.locator("table.outputs .bar i")).to_have_count(10)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as CSV", exact=True).click()
    assert "#" not in page.url, "once the reader has done something, nothing moves the page by itself"
    assert waiting.value.path().read_text().startswith("class,precision,recall,f1-score,support\n")


def test_a_tap_on_a_number_of_the_matrix_shows_its_pictures(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/mistakes", height=1400)
    chart = page.locator(".js-plotly-plot").first
    heat = chart.locator(".heatmaplayer image").bounding_box()
    side_x, side_y = heat["width"] / 10, heat["height"] / 10
    page.mouse.move(heat["x"] + 9.5 * side_x, heat["y"] + 7.5 * side_y)
    page.mouse.click(heat["x"] + 9.5 * side_x, heat["y"] + 7.5 * side_y)  # Sneaker answered as Ankle boot
    expect(page.get_by_role("heading", name="Sneaker taken for Ankle boot")).to_be_visible()
    first = page.locator(".tiles").first
    expect(first.locator("figcaption").first).to_contain_text("really Sneaker")
    pictures = first.locator("img").first
    assert "Sneaker, answered Ankle boot" in pictures.get_attribute("alt")
    no_trouble(page)
