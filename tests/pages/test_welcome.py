"""The welcome page: a wall that answers, three doors, what is going on; it works on a machine that has nothing yet."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.errors import RunError
from core.inference.network import shipped
from core.labels import NAMES
from core.runs.book import NewRun
from core.runs.store import open_store
from core.settings import Settings
from core.training.plan import Plan
from pages.shared import wall
from tests.pages.conftest import kept, window
from tests.stored import alter

PLAN = Plan.of("quick")


def links(at: AppTest) -> list[str]:
    return [link.label for link in at.get("page_link")]


def told(at: AppTest) -> dict[str, Any]:
    """What the wall is told; what it draws itself, in the browser, is not seen here."""
    (only,) = [each for each in at.get("bidi_component") if each.proto.component_name == "wall"]
    return json.loads(only.proto.json)


@pytest.fixture
def app(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    return window("welcome")


def test_a_fresh_home_shows_the_wall_the_sentence_and_three_doors(app):
    at = app.run()
    assert not at.exception and not at.error
    assert told(at)["title"] == "Teach a computer to tell a coat from a shirt"
    assert {"Try a photo", "Train a network", "Look at the clothes"} <= set(links(at))
    assert any("Nothing is being trained" in text.value for text in at.markdown)
    assert not at.get("plotly_chart")


def test_the_wall_knows_the_ten_bars_of_each_garment_so_that_a_tap_is_answered_at_once(app, small):
    at = app.run()
    rows = np.random.default_rng(7).integers(0, len(small.test_images), wall.COLUMNS * wall.ROWS)
    assert told(at)["labels"] == small.test_labels[rows].tolist()
    answers = shipped().probabilities(small.test_images[rows])
    assert np.allclose(np.array(told(at)["shares"]) / 1000, answers, atol=0.0006)
    assert told(at)["names"] == list(NAMES)


def test_the_garment_that_is_lit_first_stands_on_every_window_and_is_named_rightly(app):
    shown = told(app.run())
    assert shown["lit"] < wall.FIRST
    assert np.argmax(shown["shares"][shown["lit"]]) == shown["labels"][shown["lit"]]


def test_a_sample_photo_is_answered_when_it_is_tapped(app):
    at = app.run()
    assert [photo["slug"] for photo in told(at)["photos"]] == list(wall.PHOTOS) and not told(at)["asked"]
    kept(at)[wall.TAPPED] = {"coat"}
    at.run()
    assert not at.exception and not at.error
    assert told(at)["names"][int(np.argmax(told(at)["asked"]["coat"]))] == "Coat"


def test_a_wall_that_cannot_be_made_does_not_keep_the_server_from_starting_and_is_said_on_the_page(app, monkeypatch):
    def missing():
        raise RunError("The network that comes with the app is missing.")

    monkeypatch.setattr("pages.shared.wall.shipped", missing)
    wall.warm_up()
    at = app.run()
    assert not at.exception and "missing" in at.error[0].value


def test_the_menu_leads_to_every_page(app):
    assert links(app.run())[:8] == [
        "Fitting Room",
        "Clothes",
        "Lessons",
        "Train",
        "Predict",
        "Mistakes",
        "Run book",
        "Help",
    ]


def test_without_any_data_the_wall_is_drawn_and_the_page_says_so(home, garments: Dataset, monkeypatch):
    monkeypatch.delenv("FITTING_ROOM_DATA", raising=False)
    few = (garments.train_images, garments.train_labels, garments.test_images, garments.test_labels)
    monkeypatch.setattr("core.data.synthetic.make", lambda: few)
    at = window("welcome").run()
    assert not at.exception and not at.error
    assert len(told(at)["labels"]) == wall.COLUMNS * wall.ROWS
    assert any("Drawn stand-in clothes" in caption.value for caption in at.caption)
    assert "Fetch Fashion-MNIST" in links(at)


def test_real_clothes_are_not_called_drawn_and_no_download_is_offered(app):
    at = app.run()
    assert not any("Drawn" in caption.value for caption in at.caption)
    assert "Fetch Fashion-MNIST" not in links(at)


def test_a_run_that_trains_and_the_best_one_are_shown(app, home):
    store = open_store(home.store_url)
    for name, columns in (
        ("good", {"status": "done", "test_accuracy": 0.91}),
        ("poor", {"status": "done", "test_accuracy": 0.52}),
        ("busy", {"status": "running", "progress": 0.4}),
    ):
        alter(store, store.create(NewRun(PLAN, name, "print", "Fashion-MNIST")), **columns)
    store.close()
    at = app.run()
    assert not at.exception and not at.error
    assert (at.metric[0].label, at.metric[0].value) == ("good", "91.0\u00a0%")
    assert [(bar.proto.text, bar.proto.value) for bar in at.get("progress")] == [("busy", 40)]
    assert not any("Nothing is being trained" in text.value for text in at.markdown)


def test_a_broken_store_is_one_sentence_and_leaves_the_wall(app, home, monkeypatch):
    blocked = home.folder / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("FITTING_ROOM_STORE", f"sqlite:///{blocked / 'runs.sqlite'}")
    at = app.run()
    assert not at.exception
    assert len(at.error) == 1 and "folder" in at.error[0].value and "Traceback" not in at.error[0].value
    assert len(told(at)["labels"]) == wall.COLUMNS * wall.ROWS
