"""No page takes what a person, a file or an error says for Markdown or HTML, whatever an earlier version has stored."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset, Source
from core.data.gather import UploadedDataset
from core.inference.network import SHIPPED
from core.runs.book import NewRun
from core.runs.files import put
from core.runs.queue import RunQueue
from core.runs.schema import FileKind
from core.runs.store import Store
from core.training.plan import Plan
from pages.shared import session
from pages.shared.words import plain
from tests.pages.conftest import markdown, opened
from tests.stored import add_points, alter, point

pytestmark = pytest.mark.usefixtures("small_data")
BACK = "\N{RIGHT-TO-LEFT OVERRIDE}"
TAG = "<b onclick=1>"
MARKDOWN = ("![x](http:", TAG, "$x$", ":red[", "**z", "_w_", "www.", ":smile:", "@h.de", BACK)  # none may be left
BAD = f"![x](http://h/x.png){TAG}$x$ :red[y] **z** _w_ www.h.de :smile: a@h.de {BACK}o\n# "
WORDS = ("name", "note", "message", "data_title")
STATES = {  # by what is said of a run, its columns
    "best": {"status": "done", "test_accuracy": 0.99, "test_loss": 0.1},
    "good": {"status": "done", "test_accuracy": 0.9, "test_loss": 0.2, "pinned": True},
    "live": {"status": "running", "phase": "training", "started": 1.0, "heartbeat": 1.0},
    "waiting": {"status": "waiting"},
    "paused": {"status": "paused", "kept_epoch": 1.0},
    "failed": {"status": "failed"},
    "gone": {"status": "stopped"},
}


def fill(store: Store, data: Dataset) -> dict[str, str]:
    """A run in each state, every word of it hostile, written as an earlier version would; their ids by their states."""
    right = np.eye(10, dtype=np.float32)[data.test_labels]
    content = {"best": right, "good": np.roll(right, 1, axis=0)}
    ids = {}
    for state, columns in STATES.items():
        ids[state] = store.create(NewRun(Plan.of("quick", epochs=2), state, data.fingerprint, data.title))
        alter(store, ids[state], **dict.fromkeys(WORDS, BAD) | {"name": f"{BAD} {state}"} | columns)
        if state != "failed":  # a run without a curve is named beside those that have one
            add_points(store, ids[state], point(1.0, "epoch"))
        if state in content:
            answers = io.BytesIO()
            np.save(answers, content[state])
            with store.database.writing() as connection:
                put(connection, ids[state], FileKind.PROBABILITIES, answers.getvalue())
                put(connection, ids[state], FileKind.TFLITE, (SHIPPED / "model.tflite").read_bytes())
    return ids


@pytest.fixture
def hostile(store: Store, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Hostile runs, hostile clothes in use, a queue with a hostile problem."""
    clothes = replace(small, source=Source.OWN, origin=BAD, problem=BAD)
    brought = UploadedDataset(clothes, BAD, (BAD,), (BAD,))
    monkeypatch.setattr(session, "uploaded_by", lambda key: brought)
    for name, words in (("problem", BAD), ("missing", None)):
        monkeypatch.setattr(RunQueue, name, words, raising=False)
    monkeypatch.setattr(RunQueue, "__init__", lambda queue, settings: setattr(queue, "settings", settings))
    return fill(store, clothes)


def strings(value: object) -> Iterator[str]:
    """Every text in a value as JSON has it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def check(at: AppTest, *said: str) -> None:
    """Nothing on a page is raw, and the words that were `said` are there."""
    assert not at.exception
    texts = markdown(at)
    assert [text for text in texts for mark in MARKDOWN if mark in text] == []
    charts = [text for chart in at.get("plotly_chart") for text in strings(json.loads(chart.proto.spec))]
    for text in [*(block.proto.body for block in at.html), *charts]:
        assert TAG not in text
    for word in said:
        assert [text for text in texts if word in text], word


def test_each_page_shows_letter_by_letter_whose_clothes_are_in_use(hostile: dict[str, str]) -> None:
    for page in ("welcome", "dataset", "lessons", "training", "runs", "mistakes", "predict", "own", "help"):
        check(opened(page), plain(BAD.strip("\n# ")))


def test_the_best_run_and_those_under_way_are_named_letter_by_letter_on_the_welcome_page(
    hostile: dict[str, str],
) -> None:
    check(opened("welcome"), *(plain(f"{BAD} {state}") for state in ("best", "live", "waiting")))


@pytest.mark.parametrize("state", [state for state in STATES if state != "gone"])
def test_a_run_is_shown_letter_by_letter_where_it_is_opened(hostile: dict[str, str], state: str) -> None:
    name, run_id = plain(f"{BAD} {state}"), hostile[state]
    message = [plain(BAD)] if state in ("best", "good", "failed") else []
    check(opened("training", run=run_id), name, *message)
    check(opened("runs", run=run_id), name, plain(BAD))
    check(opened("mistakes", run=run_id))
    check(opened("predict", model=run_id, **{"with": hostile["best"]}))


def test_runs_side_by_side_are_named_letter_by_letter(hostile: dict[str, str]) -> None:
    at = opened("runs", run=",".join(hostile[state] for state in ("best", "good", "failed")))
    check(at, plain(f"{BAD} best"), plain(f"{BAD} good"), "Without a curve: C.")
    assert len(at.get("plotly_chart")) == 2


def test_a_deleted_run_and_an_error_are_said_letter_by_letter(hostile: dict[str, str], store: Store) -> None:
    at = opened("runs", run=hostile["gone"])
    at.button(key="runs_delete").click().run()
    check(at, f"Deleted “{plain(f'{BAD} gone')}”")
    alter(store, hostile["best"], fingerprint="0" * 16)  # its pictures are not in use: a sentence with its name
    check(opened("mistakes", run=hostile["best"]), f"“{plain(f'{BAD} best')}” was tested on")
