"""The code behind a run, weights brought from elsewhere and the sheets of answers, in a real browser with a real
worker."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.training.weights import written
from models.catalogue import RECIPES
from tests.browser.conftest import PATIENCE, App, cut_off, no_trouble, settled, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


def bring(page: Page, name: str, content: bytes) -> None:
    """Choose a file of weights and press the button."""
    page.get_by_role("button", name="Import a run").click()
    page.get_by_role("tab", name="Weights alone").click()
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
    bring(page, "words.h5", b"I am text.")
    expect(page.get_by_text("This file does not hold weights")).to_be_visible()
    page = open_page(f"{app.address}/runs")
    bring(page, "another.weights.h5", written(RECIPES["hello-world"].build()))
    expect(page.get_by_text("These weights belong to another network")).to_be_visible()
    page = open_page(f"{app.address}/runs")
    bring(page, "right.weights.h5", written(RECIPES["quick"].build()))
    expect(page.get_by_role("heading", name=re.compile("Quick, loaded"))).to_be_visible()
    expect(page.get_by_text("of the test pictures right")).to_be_visible()
    expect(page.get_by_text("there is no curve")).to_have_count(1)
    page.get_by_role("link", name="Open in Train").click()
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()

    page.get_by_role("tab", name="Code").click()
    expect(page.get_by_test_id("stCode")).to_contain_text("layers.Conv2D(32, 7, strides=4")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download .py").click()
    waiting.value.save_as(tmp_path / "run.py")
    code = (tmp_path / "run.py").read_text(encoding="utf-8")
    assert 'network.load_weights("quick.weights.h5")' in code
    compile(code, "run.py", "exec")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_tapped_answer_opens_with_its_ten_bars_and_without_loading_the_page_again(
    app: App, open_page: Open, width: int
) -> None:
    page = open_page(f"{app.address}/mistakes", width=width)
    page.evaluate("window.stayed = true")
    page.get_by_role("tab", name="Sheets").click()
    cells = page.locator(".tiles.numbers a")
    expect(cells).to_have_count(25)
    expect(page.locator(".tiles .bars")).to_have_count(0)
    page.get_by_text("5 × 3 with bars").click()
    cells = page.locator(".tiles.pairs a")
    expect(page.locator(".tiles .bars")).to_have_count(15)
    expect(cells.nth(2).locator("b")).to_have_text(re.compile(r"^[✓✗] .+ \d+\s%"))
    said = cells.nth(2).locator("b").inner_text()
    cells.nth(2).click()
    opened = page.locator(".opened")
    expect(opened).to_be_in_viewport()
    expect(opened.locator(".said")).to_have_text(said[2:])
    expect(page.locator("table.outputs .bar i")).to_have_count(10)
    assert "picture=2" in page.url and page.evaluate("window.stayed")
    page.get_by_role("tab", name="Report").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as CSV", exact=True).click()
    assert waiting.value.path().read_text().startswith("class,precision,recall,f1-score,support\n")


WHOLE = """grid => {
    const box = grid.getBoundingClientRect();
    return [box.left >= 0, box.right <= innerWidth, box.bottom <= innerHeight];
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 1180), (390, 844)])
def test_the_whole_matrix_and_pictures_behind_a_cell_stand_in_the_first_screen(
    app: App, open_page: Open, width: int, height: int
) -> None:
    page = open_page(f"{app.address}/mistakes", width=width, height=height)
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("gridcell", selected=True)).to_have_count(1)
    expect(page.locator(".st-key-mistakes_cell a").first).to_be_in_viewport(ratio=1)
    assert grid.evaluate(WHOLE) == [True] * 3
    assert not sideways(page) and not cut_off(page)


def test_a_cell_is_chosen_by_keys_and_by_one_click_and_back_undoes_it(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/mistakes?cell=6-0")
    grid = page.get_by_role("grid")
    expect(page.get_by_role("heading", name="Shirt taken for T-shirt")).to_be_visible()
    expect(grid.get_by_role("columnheader", name="Sneaker")).to_be_visible()
    expect(grid.get_by_role("rowheader", name="Ankle boot")).to_be_visible()
    grid.get_by_role("gridcell", selected=True).focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Shirt taken for Pullover")).to_be_visible()
    expect(grid.get_by_role("gridcell", name=re.compile("^Shirt taken for Pullover"))).to_be_focused()
    looks = "cell => [getComputedStyle(cell).opacity, getComputedStyle(cell).backgroundColor]"
    other = grid.get_by_role("gridcell", name="Coat taken for Shirt")
    before = other.evaluate(looks)
    grid.get_by_role("gridcell", name="Sneaker taken for Ankle boot").click()
    expect(page.get_by_role("heading", name="Sneaker taken for Ankle boot")).to_be_visible()
    assert other.evaluate(looks) == before, "choosing one does not dim the others"
    page.wait_for_url(re.compile("cell=7-9"))
    page.go_back()
    expect(page.get_by_role("heading", name="Shirt taken for Pullover")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Shirt taken for Pullover")).to_be_visible()
    assert not page.evaluate("performance.getEntriesByType('resource').some(each => /plotly/i.test(each.name))")
    no_trouble(page)


def test_on_a_phone_one_tap_chooses_a_cell_and_a_swipe_scrolls_the_page(app: App, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{app.address}/mistakes?cell=6-0")
    settled(page)
    page.get_by_role("gridcell", name="Ankle boot taken for Sneaker").tap()
    expect(page.get_by_role("heading", name="Ankle boot taken for Sneaker")).to_be_visible()
    grid = page.get_by_role("grid")
    before = grid.bounding_box()
    x, y = before["x"] + 180, before["y"] + 300
    touch = context.new_cdp_session(page)
    for kind, up in (("touchStart", 0), *(("touchMove", 20 * step) for step in range(1, 10)), ("touchEnd", None)):
        points = [] if up is None else [{"x": x, "y": y - up}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function(
        "top => document.querySelector('[role=grid]').getBoundingClientRect().top < top", arg=before["y"] - 100
    )
    expect(page.get_by_role("heading", name="Ankle boot taken for Sneaker")).to_be_visible()
    context.close()
