"""The Clothes page in a real browser: a dot of the map, a picture's neighbours, a shuffle that a link repeats, a file
to take home."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.data import explore
from core.data.columns import CSV_COLUMNS
from core.data.dataset import Dataset
from core.data.files import read_csv
from core.data.sources import load
from core.settings import Settings
from tests.browser.conftest import PATIENCE, App, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]

# Where on the page the dot of the map stands that is furthest to the left: [x, y, its row].
LEFTMOST = """() => {
    const chart = document.querySelector('.js-plotly-plot'), box = chart.getBoundingClientRect();
    const layout = chart._fullLayout;
    const dots = chart._fullData.flatMap(
        trace => Array.from(trace.x, (x, i) => [x, trace.y[i], trace.customdata[i][0]]));
    const [x, y, row] = dots.reduce((one, other) => one[0] < other[0] ? one : other);
    return [box.left + layout.xaxis._offset + layout.xaxis.c2p(x),
        box.top + layout.yaxis._offset + layout.yaxis.c2p(y), row];
}"""


def shown_by(app: App) -> Dataset:
    """The data set that the app shows."""
    return load(replace(Settings.from_environment(), home=app.home))


def test_a_tapped_dot_of_the_map_shows_its_picture_which_can_be_opened(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/dataset?look=Map", height=2200)
    expect(page.get_by_text("Tap a dot to see its picture")).to_be_visible()
    page.locator(".js-plotly-plot .scatterlayer .point").first.wait_for()
    settled(page)  # what the script's end draws anew cannot take the tap away
    x, y, row = page.evaluate(LEFTMOST)
    page.mouse.move(x, y)
    expect(page.locator(".hoverlayer")).to_contain_text(f"picture {row}")
    page.mouse.click(x, y)
    expect(page.locator(f"img[alt$='found on the map: Training picture {row}']")).to_be_visible()
    page.get_by_role("button", name="Open this picture").click()
    expect(page.get_by_role("spinbutton", name="Picture number")).to_have_value(str(row))
    expect(page.get_by_text("To a computer this")).to_be_visible()
    expect(page).to_have_url(re.compile(f"picture={row}"))


def test_a_tapped_neighbour_is_opened_and_its_own_neighbours_are_shown(app: App, open_page: Open) -> None:
    data = shown_by(app)
    first = explore.nearest(data.train_images, data.train_images[5], 20, leave_out=5)
    page = open_page(f"{app.address}/dataset?picture=5&look=More+like+this")
    page.get_by_title(re.compile(f", Training picture {first[0]}$")).click()
    expect(page.get_by_role("spinbutton", name="Picture number")).to_have_value(str(first[0]))
    second = explore.nearest(data.train_images, data.train_images[first[0]], 20, leave_out=int(first[0]))
    expect(page.get_by_title(re.compile(f", Training picture {second[0]}$"))).to_be_visible()
    expect(page.get_by_title(re.compile(f", Training picture {first[0]}$"))).to_have_count(0)


def test_on_a_phone_a_tapped_picture_opens_over_the_page_and_is_put_away_again(app: App, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{app.address}/dataset")
    settled(page)
    large, eighth = page.locator("img.large").first, page.locator(".sheet a").nth(7)
    expect(large).not_to_be_in_viewport()
    page.evaluate("window.unchanged = true")
    eighth.tap()
    expect(large).to_be_in_viewport()
    expect(page).to_have_url(re.compile("picture=7"))
    expect(eighth).to_be_in_viewport()
    expect(eighth).to_have_attribute("aria-current", "true")
    page.locator(".sheet a").nth(0).tap()  # the picture that is usual, and not in the address
    expect(large).to_be_in_viewport()
    page.get_by_role("button", name="Close").tap()
    expect(large).not_to_be_in_viewport()
    assert page.evaluate("window.unchanged"), "the page was loaded anew"
    assert all(chip.bounding_box()["height"] >= 44 for chip in page.locator(".st-key-class button").all())
    context.close()


def test_a_shuffle_is_repeated_by_its_link(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/dataset")
    page.get_by_role("button", name="View").click()
    page.get_by_role("radio", name="shuffled").click()
    page.get_by_role("spinbutton", name="Seed").fill("12")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    expect(page).to_have_url(re.compile("seed=12"))
    pictures = ".sheet6 a"
    elsewhere = open_page(page.url)
    titles = [link.get_attribute("title") for link in elsewhere.locator(pictures).all()]
    assert len(titles) == 30
    for place, title in enumerate(titles):
        expect(page.locator(pictures).nth(place)).to_have_attribute("title", title)


def test_the_table_is_downloaded_as_a_csv_that_can_be_read_again(app: App, open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"{app.address}/dataset?look=Table&part=test")
    with page.expect_download() as started:
        page.get_by_role("link", name=re.compile("Download as CSV .about")).click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)
    assert file.name == "fashion-mnist_test.csv" and file.read_text().startswith(",".join(CSV_COLUMNS))
    data = shown_by(app)
    images, labels, _ways = read_csv(file)
    assert np.array_equal(images, data.test_images) and np.array_equal(labels, data.test_labels)
