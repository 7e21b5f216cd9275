"""Where TensorFlow is not installed every page opens and answers, and training says how to add it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from core.__main__ import main
from core.data.dataset import Dataset
from core.errors import WorkerError
from core.lessons.articles import ALL
from core.runs.queue import RunQueue
from core.runs.store import Store
from core.runs.workers import address_file, serve
from core.settings import Settings
from core.training.backend import missing, versions
from core.training.plan import Plan
from pages.shared import runs
from tests.pages.conftest import opened

pytestmark = pytest.mark.usefixtures("small_data")
SENTENCE = "Training needs TensorFlow, which is not installed here."
REMEDY = "`python3 start.py --full`"
PAGES = sorted({path.stem for path in Path("pages").glob("[a-z]*.py")} - {"router"})


@pytest.fixture(autouse=True)
def without_tensorflow(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python finds none, as if it were not installed, and the app would start a worker of its own."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setenv("FITTING_ROOM_WORKERS", "1")
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(page: str) -> None:
    at = opened(page)
    assert not at.exception and not at.error, page


def test_the_train_page_and_a_lesson_say_how_to_add_it_and_offer_no_start(store: Store) -> None:
    train = opened("training")
    assert train.button(key="training_start").disabled
    steps = [step.act for step in ALL["hello-world"]]
    lessons = [opened("lessons", lesson="hello-world", step=str(1 + steps.index(act))) for act in ("train", "gap")]
    assert all(lesson.button(key="lessons_start").disabled for lesson in lessons)
    for at in (train, *lessons):
        (said,) = [warning.value for warning in at.warning if SENTENCE in warning.value]
        assert REMEDY in said
    assert store.runs() == []


def test_nothing_is_queued_and_no_worker_is_started(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerError, match=SENTENCE):
        runs.start(Plan.of("quick"), "Mine")
    chosen = Settings.from_environment()
    queue = RunQueue(chosen).start()
    assert SENTENCE in str(queue.problem) and not queue.ready
    queue.close()
    assert store.runs() == [] and not address_file(chosen).exists()
    with pytest.raises(WorkerError, match=SENTENCE):
        serve(chosen)


def test_a_scheduler_that_trains_elsewhere_needs_none_here() -> None:
    assert RunQueue(Settings(scheduler="tls://elsewhere:8786")).problem is None
    assert RunQueue(Settings(workers=0)).problem is None


@pytest.mark.parametrize("words", [["train", "quick", "--epochs", "1"], ["workers"]])
def test_the_command_line_says_it_too(words: list[str], store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    assert SENTENCE in capsys.readouterr().err
    assert store.runs() == []


def test_predicting_needs_none(small: Dataset) -> None:
    network, _ = runs.network()
    assert network.probabilities(small.test_images[:2]).sum(axis=1) == pytest.approx(np.ones(2), abs=1e-4)


def test_it_is_known_by_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing() and set(versions()) >= {"numpy"}
    monkeypatch.setattr("core.training.backend.version", {"tensorflow-cpu": "2.21.0", "numpy": "2.4.6"}.__getitem__)
    monkeypatch.setattr("core.training.backend.PackageNotFoundError", KeyError)
    assert versions() == {"tensorflow": "2.21.0", "numpy": "2.4.6"}
