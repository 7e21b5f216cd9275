"""The welcome page: a wall, three doors, what is going on; it works on a machine that has nothing yet."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.runs.book import NewRun
from core.runs.store import open_store
from core.settings import Settings
from core.training.plan import Plan
from tests.pages.conftest import window
from tests.stored import alter

PLAN = Plan.of("quick")


def links(at: AppTest) -> list[str]:
    return [link.label for link in at.get("page_link")]


@pytest.fixture
def app(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    return window("welcome")


def test_a_fresh_home_shows_the_wall_the_sentence_and_three_doors(app):
    at = app.run()
    assert not at.exception and not at.error
    assert at.title[0].value == "Teach a computer to tell a coat from a shirt"
    assert {"Try a photo", "Train a network", "Look at the clothes"} <= set(links(at))
    assert len(at.get("image")) == 1
    assert any("Nothing is being trained" in text.value for text in at.markdown)


def test_the_menu_leads_to_every_page(app):
    assert links(app.run())[:8] == [
        "Fitting Room",
        "Clothes",
        "Lessons",
        "Train",
        "Run book",
        "Mistakes",
        "Predict",
        "Help",
    ]


def test_without_any_data_the_wall_is_drawn_and_the_page_says_so(home, garments: Dataset, monkeypatch):
    monkeypatch.delenv("FITTING_ROOM_DATA", raising=False)
    few = (garments.train_images, garments.train_labels, garments.test_images, garments.test_labels)
    monkeypatch.setattr("core.data.synthetic.make", lambda: few)
    at = window("welcome").run()
    assert not at.exception and not at.error
    assert len(at.get("image")) == 1
    assert any("Drawn stand-in clothes" in caption.value for caption in at.caption)
    assert "Fetch the real ones" in links(at)


def test_real_clothes_are_not_called_drawn_and_no_download_is_offered(app):
    at = app.run()
    assert not any("Drawn" in caption.value for caption in at.caption)
    assert "Fetch the real ones" not in links(at)


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
    assert (at.metric[0].label, at.metric[0].value) == ("good", "91.0%")
    assert [(bar.proto.text, bar.proto.value) for bar in at.get("progress")] == [("busy", 40)]
    assert not any("Nothing is being trained" in text.value for text in at.markdown)


def test_a_broken_store_is_one_sentence_and_leaves_the_wall(app, home, monkeypatch):
    blocked = home.folder / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("FITTING_ROOM_STORE", f"sqlite:///{blocked / 'runs.sqlite'}")
    at = app.run()
    assert not at.exception
    assert len(at.error) == 1 and "folder" in at.error[0].value and "Traceback" not in at.error[0].value
    assert len(at.get("image")) == 1
