"""Mistakes: scores of the chosen network, the pictures behind a number, and all wrong answers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import evaluation
from core.answers import SHIPPED, tested
from core.dataset import Dataset
from core.labels import NAMES
from core.runner import carry_out
from core.settings import Settings
from core.store import Store
from core.training import Plan

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture(autouse=True)
def folder(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    store = Store(home.store_url)
    yield store
    store.close()


def opened(**address: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.switch_page("pages/mistakes.py")
    for word, value in address.items():
        at.query_params[word] = value
    return at.run()


def tiles(at: AppTest) -> list[list[str]]:
    """The descriptions of the pictures in each wall of tiles."""
    blocks = [block.proto.body for block in at.html if 'class="tiles"' in block.proto.body]
    return [re.findall(r'alt="([^"]*)"', block) for block in blocks]


def test_the_shipped_network_is_scored_on_the_clothes_in_use(store: Store, small: Dataset):
    at = opened()
    answers = tested(SHIPPED, store, small)
    assert not at.exception and not at.error
    values = [metric.value for metric in at.metric]
    assert f"{answers.accuracy:.1%}" in values and f"{answers.loss:.3f}" in values
    assert any("these are its answers to other pictures" in caption.value for caption in at.caption)
    wrong = evaluation.mistakes(answers.labels, answers.outputs)
    first = wrong.astype(int).loc[0]
    assert tiles(at)[-1][0] == f"Test picture {first['index']}: {NAMES[first['label']]}, answered {NAMES[first['predicted']]}"
    assert len(tiles(at)[-1]) == min(24, len(wrong))


def test_a_tap_on_a_number_shows_exactly_its_pictures(store: Store, small: Dataset):
    answers = tested(SHIPPED, store, small)
    counts = evaluation.confusion(answers.labels, answers.outputs)
    true, predicted = 5, 5
    at = opened()
    point = {"customdata": [true, predicted], "point_index": 55, "curve_number": 1}
    at.session_state["mistakes_matrix_shipped_pictures"] = {"selection": {"points": [point], "point_indices": [55], "box": [], "lasso": []}}
    at.run()
    assert f"{NAMES[5]}, answered right" in [heading.value for heading in at.subheader]
    assert all(f"{NAMES[true]}, answered {NAMES[predicted]}" in words for words in tiles(at)[0])
    assert len(tiles(at)[0]) == min(12, counts[true, predicted]) > 0


def test_only_the_chosen_classes_are_listed(store: Store):
    at = opened()
    at.pills(key="mistakes_only").set_value(["Shirt"]).run()
    assert all(": Shirt, answered" in words for words in tiles(at)[-1])


def test_a_link_to_a_run_opens_that_run_and_not_the_shipped_network(store: Store, small: Dataset):
    run_id = store.create(Plan.of("hello-world", epochs=1).as_dict(), "Mine", small.fingerprint, small.title)
    carry_out(run_id, Settings.from_environment())
    at = opened(run=run_id)
    assert at.selectbox(key="choice_run").value == run_id
    assert f"{store.run(run_id).test_accuracy:.1%}" in [metric.value for metric in at.metric]
    at.selectbox(key="choice_run").select(SHIPPED).run()
    assert at.query_params["run"] in (SHIPPED, [SHIPPED])


def test_a_run_of_other_clothes_is_not_paired_with_these(store: Store, small: Dataset):
    run_id = store.create(Plan.of("quick", epochs=1).as_dict(), "Other", small.fingerprint, "Other clothes")
    carry_out(run_id, Settings.from_environment())
    store.update(run_id, fingerprint="f" * 16)
    at = opened(run=run_id)
    assert any("was tested on “Other clothes”" in error.value for error in at.error)
    assert tiles(at) == []


def test_an_unknown_run_gets_a_sentence_and_the_shipped_network(store: Store):
    at = opened(run="nonsense")
    assert any("no finished run “nonsense”" in info.value for info in at.info)
    assert at.selectbox(key="choice_run").value == SHIPPED
