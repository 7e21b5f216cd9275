"""A network taken home as one HTML file, opened from a folder in a real browser: it answers as the app does, reads
drawings as the app does, and is a page for a phone, for the dark and for everyone."""

import base64
import functools
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from core.data.dataset import Dataset
from core.inference.network import Calibration, Network, shipped, shipped_bytes
from core.inference.portable import Portable, page_of
from core.runs import runner
from core.runs.book import NewRun
from core.runs.results import network
from core.runs.schema import Run
from core.runs.store import open_store
from core.runs.web_page import web_page
from core.settings import Settings
from core.training.export import _tflite_file, _with_pixels
from core.training.plan import Plan
from core.vision.reading import Kind, read_drawing, read_photo
from models.catalogue import RECIPES, Recipe, own_recipe
from tests.browser.conftest import PATIENCE, shirt

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOLERANCE = 1e-4  # of a probability
NAME = "Mine</script></title><img src=x onerror=document.title='out'>"
OWN = {
    "every kind of layer": [
        ["normalise"],
        ["convolution", 12, 5, 2],
        ["normalise"],
        ["pooling", 3],
        ["dropout", 0.3],
        ["convolution", 16, 2, 1],
        ["average"],
        ["normalise"],
        ["dense", 32],
        ["normalise"],
        ["dropout", 0.5],
    ],
    "no layer": [],
    "rows and steps": [["convolution", 8, 4, 3], ["pooling", 4], ["flatten"], ["normalise"], ["dense", 12]],
}
ANSWERS = "async pictures => { const all = []; for (const each of pictures) all.push(await answer(each)); return all; }"
DRAWN = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
WITH_GAPS = """([label, gap]) => {
  const left = points => points.slice(0, Math.max(2, points.length - gap));
  draw(PAGE.outlines[label].map(points => ({ size: 6 + 2 * label, points: left(points) })));
  return [...inked()];
}"""
SMALL = """[...document.querySelectorAll("button, label")]
  .map(each => [each.textContent, each.offsetWidth, each.offsetHeight])
  .filter(([, width, height]) => Math.min(width, height) < 44)"""
SEEN = """() => [...at("seen").getContext("2d").getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)"""
DROP = """(kind, name, content) => {
  const brought = new DataTransfer();
  brought.items.add(new File([bytesOf(content)], name, { type: "image/png" }));
  const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: brought, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: brought, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


def untrained(recipe: Recipe, images: np.ndarray) -> bytes:
    """The `.tflite` file of a network whose numbers were drawn by lot, so that its answers to these images differ."""
    import keras

    keras.utils.set_random_seed(7)
    made, rng = recipe.build(), np.random.default_rng(7)
    made.set_weights([values + rng.normal(0, 0.05, values.shape) for values in made.get_weights()])
    seen = np.asarray(keras.Sequential(made.layers[:-1])(images[..., None] / np.float32(recipe.test_scale)))
    weights = rng.normal(0, 1, (seen.shape[1], 10))
    weights *= 2 / (seen @ weights).std(axis=0)
    made.layers[-1].set_weights([weights, -(seen @ weights).mean(axis=0)])
    return _tflite_file(_with_pixels(made, recipe))


@pytest.fixture(scope="module")
def trained(garments: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Network, Path]]:
    """A run that was really trained: its row, its network as the app asks it, its page."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITTING_ROOM_HOME", str(folder))
        patch.setattr(runner, "dataset_in_use", functools.cache(lambda settings: garments))
        settings = Settings.from_environment()
        store = open_store(settings.store_url)
        run_id = store.create(NewRun(Plan.of("quick", epochs=2), "Mine", garments.fingerprint, garments.title))
        runner.carry_out(run_id, settings, lambda point: None)
        page = folder / "network.html"
        page.write_bytes(web_page(run_id, store))
        yield store.run(run_id), network(run_id, store), page
        store.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A window that may load files only, and reports whatever else is asked for."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def opened(window: Page, page: Path) -> Page:
    """The page, when its first answer stands."""
    window.goto(page.as_uri())
    window.locator("#bars .top").wait_for()
    return window


def difference(window: Page, page: Path, asked: Network, images: np.ndarray) -> float:
    """How far the ten probabilities of a page and of the app are apart at most."""
    opened(window, page)
    answers = np.array(window.evaluate(ANSWERS, images.reshape(-1, 784).tolist()))
    due = asked.probabilities(images)
    assert due.max(axis=1).std() > 0.02 and np.isfinite(answers).all()  # or every network would agree with every other
    return float(np.abs(answers - due).max())


def test_its_answers_to_100_pictures_are_the_apps_for_every_network(
    window: Page, trained: tuple[Run, Network, Path], garments: Dataset, tmp_path: Path
) -> None:
    images = garments.test_images[:100]
    run, own, page = trained
    assert run.temperature != 1
    apart = {"trained": difference(window, page, own, images)}
    networks = {name: untrained(recipe, images) for name, recipe in RECIPES.items()}
    networks |= {name: untrained(own_recipe(rows), images) for name, rows in OWN.items()}
    networks |= {"shipped": shipped_bytes("model.tflite")}
    for name, content in networks.items():
        calibration = shipped().calibration if name == "shipped" else Calibration(0.8)
        page = tmp_path / "network.html"
        page.write_bytes(page_of(Portable(NAME, content, calibration, {"Network": NAME})))
        apart[name] = difference(window, page, Network(content, calibration), images)
        assert window.title() == NAME and window.locator("h1").text_content() == NAME
    print({name: f"{most:.1e}" for name, most in apart.items()})
    assert {name: most for name, most in apart.items() if not most < TOLERANCE} == {}


def test_a_drawing_is_read_and_answered_as_in_the_app(window: Page, trained: tuple[Run, Network, Path]) -> None:
    _, own, page = trained
    opened(window, page)
    assert window.evaluate("strokes.length") > 0  # an example lies on the paper at first, and makes room
    box = window.locator("#paper").bounding_box()
    corners = [(0.3, 0.2), (0.7, 0.2), (0.8, 0.8), (0.55, 0.82), (0.5, 0.5), (0.45, 0.8), (0.2, 0.8), (0.31, 0.22)]
    for step, (x, y) in enumerate(corners):
        window.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if step == 0:
            window.mouse.down()
    before = window.evaluate("turn")
    window.mouse.up()
    window.wait_for_function("before => turn > before && document.querySelector('#bars .top')", arg=before)
    canvas = np.zeros((320, 320, 4), np.uint8)
    canvas[..., 3] = 255 * np.array(window.evaluate("[...inked()]"), np.uint8).reshape(320, 320)
    reading = read_drawing(canvas)
    window.wait_for_function(
        "due => String(SEEN()) === String(due)".replace("SEEN", f"({SEEN})"), arg=reading.image.ravel().tolist()
    )
    best = int(own.probabilities(reading.image[None])[0].argmax())
    expect(window.locator("#said")).to_have_text(window.evaluate("label => `${PAGE.names[label]}?`", best))
    expect(window.locator("#verdict")).to_have_text("? Not sure")
    expect(window.locator("#reason")).to_have_text("This network has never seen a drawing, so its answer is a guess.")
    assert window.evaluate("strokes.length") == 1
    window.get_by_role("button", name="Undo").click()
    expect(window.locator("#bars > div")).to_have_count(0)
    expect(window.get_by_role("button", name="Undo")).to_be_disabled()


def test_drawings_with_gaps_become_the_same_dots_as_in_the_app(
    window: Page, trained: tuple[Run, Network, Path]
) -> None:
    opened(window, trained[2])
    for label in range(10):
        strokes = window.evaluate(WITH_GAPS, [label, label % 3])
        canvas = np.zeros((320, 320, 4), np.uint8)
        canvas[..., 3] = 255 * np.array(strokes, np.uint8).reshape(320, 320)
        seen = window.evaluate("mask => [...readStrokes(Uint8Array.from(mask), 320, 320).image]", strokes)
        assert seen == read_drawing(canvas).image.ravel().tolist(), label


def test_a_photo_from_a_file_dropped_or_pasted_is_cut_out_and_shown_beside_its_answer(
    window: Page, trained: tuple[Run, Network, Path], tmp_path: Path
) -> None:
    opened(window, trained[2])
    due = read_photo(shirt(), 10_000_000).image > 0
    (tmp_path / "shirt.png").write_bytes(shirt())
    (tmp_path / "notes.png").write_bytes(b"no picture")
    for way in ("file", "drop", "paste"):
        window.get_by_role("button", name="Clear").click()
        expect(window.locator("#bars > div")).to_have_count(0)
        if way == "file":
            window.locator("#file").set_input_files(tmp_path / "shirt.png")
        else:
            window.evaluate(
                f"([way, content]) => ({DROP})(way, 'shirt.png', content)", [way, base64.b64encode(shirt()).decode()]
            )
        expect(window.locator("#bars > div")).to_have_count(10)
        seen = np.array(window.evaluate(SEEN)).reshape(28, 28) > 0
        assert (seen & due).sum() / (seen | due).sum() > 0.9
        expect(window.get_by_text("The app itself reads photos better")).to_be_visible()
        expect(window.locator("#reason")).to_contain_text("never seen a photo")
        expect(window.locator("#tip")).to_have_text(
            "In Fitting Room itself you can ask a network that has seen photos, too."
        )
    window.locator("#file").set_input_files(tmp_path / "notes.png")
    expect(window.locator("#reason")).to_have_text(
        "This file is not a picture that this browser can open. Try a JPEG or a PNG."
    )
    expect(window.locator("#clear")).to_be_disabled()  # nothing is on the paper that has no answer


def test_a_drawing_on_paper_that_was_photographed_is_read_as_a_drawing(
    window: Page, trained: tuple[Run, Network, Path]
) -> None:
    opened(window, trained[2])
    sheet = Image.new("RGB", (300, 300), (236, 231, 222))
    trousers = [(90, 40), (210, 40), (230, 250), (160, 250), (150, 120), (140, 250), (70, 250), (90, 40)]
    ImageDraw.Draw(sheet).line(trousers, (52, 60, 120), 6)
    light = np.linspace(1, 0.75, 300)[:, None, None]  # darker towards the bottom
    file = io.BytesIO()
    Image.fromarray((np.asarray(sheet) * light).astype(np.uint8)).save(file, "PNG")
    window.get_by_role("button", name="Clear").click()
    window.evaluate(f"content => ({DROP})('drop', 'sheet.png', content)", base64.b64encode(file.getvalue()).decode())
    expect(window.locator("#bars > div")).to_have_count(10)
    reading = read_photo(file.getvalue(), 10_000_000)
    assert reading.kind is Kind.DRAWING
    seen = np.array(window.evaluate(SEEN)).reshape(28, 28)
    assert np.abs(seen - reading.image.astype(int)).mean() < 2  # of 255
    expect(window.get_by_text("The app itself reads photos better")).to_be_hidden()


def test_it_is_a_page_for_a_phone_for_the_dark_and_for_everyone(
    browser: Browser, trained: tuple[Run, Network, Path]
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    page = opened(context.new_page(), trained[2])
    for theme, ground in (("dark", "rgb(20, 18, 15)"), ("light", "rgb(250, 247, 242)")):
        page.emulate_media(color_scheme=theme)
        page.evaluate(DRAWN)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        page.evaluate(AXE_SCRIPT)
        assert (
            page.evaluate("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))")
            == []
        )
    for place in ("#paper", "#bars > div:last-child"):
        box = page.locator(place).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL) == []
    page.get_by_role("button", name="Sneaker").first.focus()  # by keyboard: a drawing, then a photo
    page.keyboard.press("Enter")
    expect(page.locator("#hint")).to_be_visible()
    page.get_by_role("button", name="Coat").last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The app itself reads photos better")).to_be_visible()
    context.close()
