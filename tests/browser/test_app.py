"""The app as people meet it: real server, real worker, real Chromium; real Fashion-MNIST where FITTING_ROOM_DATA names
it."""

import io
import re
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.runs.book import NewRun
from core.runs.store import open_store
from core.training.plan import Plan
from tests.browser.conftest import PATIENCE, App, settled
from tests.stored import add_points, alter, point

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)

PAGES = {
    "": "Teach a computer to tell a coat from a shirt",
    "dataset": "The clothes",
    "lessons": "Lessons",
    "training": "Train a network",
    "runs": "Run book",
    "mistakes": "Mistakes",
    "predict": "Try a photo",
    "help": "Help",
}
Open = Callable[..., Page]


def shirt(background: int = 255) -> bytes:
    """A PNG of a dark T-shirt on a plain ground."""
    from PIL import ImageDraw

    picture = Image.new("RGB", (400, 400), (background,) * 3)
    outline = [
        (120, 60),
        (170, 60),
        (200, 85),
        (230, 60),
        (280, 60),
        (370, 130),
        (335, 185),
        (290, 155),
        (290, 345),
        (110, 345),
        (110, 155),
        (65, 185),
        (30, 130),
    ]
    ImageDraw.Draw(picture).polygon(outline, fill=(40, 60, 120))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def no_trouble(page: Page) -> None:
    """Nothing on the page says that something broke."""
    expect(page.get_by_text(re.compile("Traceback|Something went wrong|Error:"))).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize(("path", "title"), PAGES.items(), ids=lambda value: value or "welcome")
def test_a_link_to_a_page_works_in_an_app_nobody_has_opened_yet(
    fresh_app: App, open_page: Open, path: str, title: str
) -> None:
    page = open_page(f"{fresh_app.address}/{path}")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    for label in ("Fitting Room", "Clothes", "Lessons", "Train", "Run book", "Mistakes", "Predict", "Help"):
        expect(page.get_by_role("link", name=label, exact=True)).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect(page.get_by_text("Page not found")).to_have_count(0)
    no_trouble(page)


def test_a_network_is_trained_left_found_again_inspected_and_asked(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/training")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text(re.compile(r"epoch \d of 4")).first).to_be_visible()
    expect(page.get_by_text("pictures a second")).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer .trace").first).to_be_attached()
    assert "run=" in page.url
    link = page.url

    page.get_by_role(
        "link", name="Clothes", exact=True
    ).click()  # leave, come back, refresh, and open the link elsewhere
    expect(page.get_by_role("heading", name="The clothes")).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="Quick", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Quick", exact=True)).to_be_visible()
    elsewhere = open_page(link)
    expect(elsewhere.get_by_text("of the test pictures right")).to_be_visible()
    expect(page.get_by_text("of the test pictures right")).to_be_visible()
    no_trouble(page)

    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    (run,) = [run for run in store.runs() if run.name == "Quick"]
    assert run.status == "done" and run.test_accuracy > 0.85
    expect(elsewhere.get_by_text(f"{run.test_accuracy:.1%}").first).to_be_visible()
    store.close()

    elsewhere.get_by_role("link", name="Look into its mistakes").click()
    expect(elsewhere.get_by_role("heading", name="What it takes for what")).to_be_visible()
    expect(elsewhere.get_by_text(f"{run.test_accuracy:.1%}").first).to_be_visible()
    assert f"run={run.id}" in elsewhere.url
    page.get_by_role("link", name="Show it a photo").click()
    expect(page.get_by_role("heading", name="Try a photo")).to_be_visible()
    page.locator("input[type=file]").set_input_files({"name": "shirt.png", "mimeType": "image/png", "buffer": shirt()})
    expect(page.get_by_text("shirt.png").first).to_be_visible()
    expect(page.locator(".verdict").first).to_be_visible()
    expect(page.get_by_text("✓ Sure")).to_have_count(0)  # a network that never saw a photo is never sure of one
    no_trouble(page)


def test_stop_really_stops_and_a_second_start_waits_its_turn(app: App, open_page: Open) -> None:
    first = open_page(f"{app.address}/training")
    choose(first, "New ABCD")
    first.get_by_role("button", name="Start").click()
    expect(first.get_by_text("pictures a second")).to_be_visible()
    second = open_page(f"{app.address}/training")
    choose(second, "Hello World")
    taste(second)
    second.get_by_role("button", name="Start").click()
    expect(second.get_by_text("In the queue: 1 run is before it")).to_be_visible()
    first.get_by_role("button", name="Stop and keep what it learned").click()
    expect(first.get_by_text("Stopped by hand.")).to_be_visible()
    expect(first.get_by_text("of the test pictures right")).to_be_visible()
    expect(second.get_by_text("of the test pictures right")).to_be_visible()
    expect(second.get_by_text("In the queue")).to_have_count(0)
    no_trouble(second)


def choose(page: Page, network: str) -> None:
    """Take a network from the list on the Train page.

    The list is brought into sight first: an open one closes when the page scrolls.
    """
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    box = page.get_by_role("combobox", name=re.compile("Network"))
    box.scroll_into_view_if_needed()
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    box.click()
    page.get_by_role("option", name=network).click()
    settled(page)


def taste(page: Page) -> None:
    """Let the run learn from a tenth of the pictures."""
    page.get_by_role("radio", name="a taste").click()
    settled(page)


def test_a_network_is_built_on_a_phone_and_learns(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/training", width=390, height=844)
    choose(page, "Build your own")

    def press(name: str, then: str) -> None:
        page.get_by_role("button", name=re.compile(rf"{name}\b")).click()
        expect(page.get_by_text(then).first).to_be_visible()
        settled(page)

    press("A small one", "50,890 numbers to learn.")
    press("1 · Dense", "Neurons: how many sums it takes")
    press("Convolution", "32 pictures of 26 × 26 dots")
    press("Down", "Layer 2 needs pictures")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    assert sideways(page) == []
    press("Take out", "50,890 numbers to learn.")
    taste(page)
    press("Start", "of the test pictures right")
    expect(page.get_by_text("Its layers: the picture → Dense (64 neurons) → ten answers")).to_be_visible()
    no_trouble(page)


def test_a_run_is_renamed_deleted_and_brought_back(app: App, open_page: Open) -> None:
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick", epochs=1), "Old name", "0" * 16, "Other clothes"))
    store.stop(run_id)
    page = open_page(f"{app.address}/runs?run={run_id}")
    page.get_by_role("textbox", name="Name", exact=True).fill("New name")
    page.get_by_role("textbox", name="Name", exact=True).press("Enter")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("heading", name="New name")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="New name")).to_have_count(0)
    assert run_id not in [run.id for run in store.runs()]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="New name")).to_be_visible()
    store.delete(run_id)
    store.close()


def test_a_tick_opens_a_run_and_two_stand_side_by_side(app: App, open_page: Open) -> None:
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    plans = {f"Ticked {seed}": Plan.of("quick", epochs=1, seed=seed) for seed in (1, 2)}
    ids = [store.create(NewRun(plan, name, "0" * 16, "Other clothes", waiting=False)) for name, plan in plans.items()]
    for run_id in ids:
        add_points(store, run_id, point(1.0, "epoch"))
        alter(store, run_id, status="stopped")
    page = open_page(f"{app.address}/runs")
    page.get_by_role("textbox", name="Find").fill("ticked")
    page.get_by_role("textbox", name="Find").press("Enter")
    expect(page.locator(".stDataFrame [role=grid]").first).to_have_attribute(
        "aria-rowcount", "3"
    )  # the names of the columns, and two runs
    settled(page)
    box = page.locator(".stDataFrame canvas").first.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 57)  # the boxes of the first and the second row, below the line of names
    expect(page.get_by_role("heading", name="Ticked 2")).to_be_visible()
    page.mouse.click(box["x"] + 16, box["y"] + 101)
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    assert set(page.url.rpartition("run=")[2].replace("%2C", ",").split(",")) == set(ids)
    elsewhere = open_page(page.url)
    expect(elsewhere.get_by_text("Ticked 1 (training)").first).to_be_attached()
    no_trouble(page)
    for run_id in ids:
        store.delete(run_id)
    store.close()


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


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("training?run=nonsense", "There is no run “nonsense”"),
        ("mistakes?run=%00%22", "There is no finished run"),
        ("predict?model=nonsense&way=nowhere&sample=x", "There is no finished run “nonsense”"),
        ("dataset?split=sideways&class=hat&page=-7&index=1e9", "The clothes"),
    ],
)
def test_nonsense_in_the_address_gets_a_sentence_and_a_working_page(
    app: App, open_page: Open, path: str, sentence: str
) -> None:
    page = open_page(f"{app.address}/{path}")
    expect(page.get_by_text(sentence).first).to_be_visible()
    no_trouble(page)


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_every_page_without_sideways_scrolling(app: App, open_page: Open, path: str) -> None:
    page = open_page(f"{app.address}/{path}", width=390, height=844)
    expect(page.get_by_role("heading", name=PAGES[path])).to_be_visible()
    assert sideways(page) == []
    no_trouble(page)


def sideways(page: Page) -> list[str]:
    """What reaches over the right edge, save for what has a scroll bar of its own."""
    return page.evaluate(
        "[...document.querySelectorAll('[data-testid=stMain] *')].filter(e => e.getBoundingClientRect().right >"
        " innerWidth + 1"
        " && !e.closest('.numbers, .strip, [data-testid=stDataFrame], [data-testid=stCode],"
        " [data-testid=stElementToolbar],"
        " .st-key-menu, .js-plotly-plot')"
        " && e.type !== 'range'"  # a slider's input is invisible; what is seen is its handle
        " && getComputedStyle(e).position !== 'fixed').map(e => e.tagName + '.' + e.className).slice(0, 5)"
    )


def test_the_server_never_holds_tensorflow_after_all_this(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/predict?way=data")
    expect(page.locator(".verdict").first).to_be_visible()
    mapped = {mapping.path for mapping in psutil.Process(app.process.pid).memory_maps()}
    assert any("ai_edge_litert" in path for path in mapped)
    assert not [path for path in mapped if re.search(r"/(tensorflow|keras)/", path)]
    assert np.array([path.endswith(".so") for path in mapped]).any()
