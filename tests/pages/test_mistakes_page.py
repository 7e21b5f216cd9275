"""Mistakes: scores of the chosen network, the pictures behind a number, and all wrong answers."""

import re
from functools import partial

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import metrics
from core.data.dataset import Dataset
from core.labels import NAMES
from core.runs.book import NewRun
from core.runs.results import SHIPPED, load_test_answers
from core.runs.runner import carry_out
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from tests.pages.conftest import opened as open_page
from tests.stored import alter

pytestmark = pytest.mark.usefixtures("small_data")
opened = partial(open_page, "mistakes")


def tiles(at: AppTest) -> list[list[str]]:
    """The descriptions of the pictures in each wall of tiles."""
    blocks = [block.proto.body for block in at.html if 'class="tiles"' in block.proto.body]
    return [re.findall(r'alt="([^"]*)"', block) for block in blocks]


def test_the_shipped_network_is_scored_on_the_clothes_in_use(store: Store, small: Dataset):
    at = opened()
    answers = load_test_answers(SHIPPED, store, small)
    assert not at.exception and not at.error
    values = [metric.value for metric in at.metric]
    assert f"{answers.accuracy:.1%}" in values and f"{answers.loss:.3f}" in values
    assert any("these are its answers to other pictures" in caption.value for caption in at.caption)
    wrong = metrics.mistakes(answers.labels, answers.outputs)
    first = wrong.astype(int).loc[0]
    assert (
        tiles(at)[-1][0]
        == f"Test picture {first['index']}: {NAMES[first['label']]}, answered {NAMES[first['predicted']]}"
    )
    assert len(tiles(at)[-1]) == min(24, len(wrong))


def test_a_tap_on_a_number_shows_exactly_its_pictures(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    counts = metrics.confusion(answers.labels, answers.outputs)
    true, predicted = 5, 5
    at = opened()
    point = {"customdata": [true, predicted], "point_index": 55, "curve_number": 1}
    at.session_state["mistakes_matrix_shipped_pictures"] = {
        "selection": {"points": [point], "point_indices": [55], "box": [], "lasso": []}
    }
    at.run()
    assert f"{NAMES[5]}, answered right" in [heading.value for heading in at.subheader]
    assert all(f"{NAMES[true]}, answered {NAMES[predicted]}" in words for words in tiles(at)[0])
    assert len(tiles(at)[0]) == min(12, counts[true, predicted]) > 0


def test_only_the_chosen_classes_are_listed(store: Store):
    at = opened()
    at.pills(key="mistakes_only").set_value(["Shirt"]).run()
    assert all(": Shirt, answered" in words for words in tiles(at)[-1])


@pytest.mark.slow
def test_a_link_to_a_run_opens_that_run_and_not_the_shipped_network(store: Store, small: Dataset):
    run_id = store.create(NewRun(Plan.of("hello-world", epochs=1), "Mine", small.fingerprint, small.title))
    carry_out(run_id, Settings.from_environment())
    at = opened(run=run_id)
    assert at.selectbox(key="choice_run").value == run_id
    assert f"{store.run(run_id).test_accuracy:.1%}" in [metric.value for metric in at.metric]
    at.selectbox(key="choice_run").select(SHIPPED).run()
    assert at.query_params["run"] in (SHIPPED, [SHIPPED])


@pytest.mark.slow
def test_a_run_of_other_clothes_is_not_paired_with_these(store: Store, small: Dataset):
    run_id = store.create(NewRun(Plan.of("quick", epochs=1), "Other", small.fingerprint, "Other clothes"))
    carry_out(run_id, Settings.from_environment())
    alter(store, run_id, fingerprint="f" * 16)
    at = opened(run=run_id)
    assert any("was tested on “Other clothes”" in error.value for error in at.error)
    assert tiles(at) == []


def test_an_unknown_run_gets_a_sentence_and_the_shipped_network(store: Store):
    at = opened(run="nonsense")
    assert any("no finished run “nonsense”" in info.value for info in at.info)
    assert at.selectbox(key="choice_run").value == SHIPPED


def sheet(at: AppTest) -> list[tuple[str, str]]:
    """Each answered picture on the sheet: its number, and what is written below."""
    (body,) = [block.proto.body for block in at.html if 'class="answers' in block.proto.body]
    return re.findall(r'aria-label="Test picture (\d+)".*?<b>(.*?)</b><small>(.*?)</small>', body)


def written(row: int, label: int, shares: np.ndarray) -> tuple[str, str, str]:
    """What must stand below a picture."""
    answer = int(shares.argmax())
    right = answer == label
    words = f"{'✓' if right else '✗'} {NAMES[answer]} {shares[answer]:.0%}".replace("%", "\u00a0%")
    return str(row), words if right else f"{words} ({NAMES[label]})", f"{answer} / {label}"


def test_sheets_begin_with_the_first_pictures_turn_and_shuffle(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    shares = metrics.normalise(answers.outputs)
    expected = [written(row, int(answers.labels[row]), shares[row]) for row in range(len(shares))]
    at = opened()
    assert sheet(at) == expected[:25]
    at.button(key="mistakes_on").click().run()
    assert sheet(at) == expected[25:50]
    at.segmented_control(key="mistakes_kind").set_value("5 × 3 with bars").run()
    assert sheet(at) == expected[25:40]
    at.number_input(key="mistakes_from").set_value(0).run()
    assert sheet(at) == expected[:15] and at.button(key="mistakes_back").disabled
    at.toggle(key="mistakes_shuffled").set_value(True).run()
    assert sheet(at) == [expected[row] for row in np.random.default_rng(0).permutation(len(shares))[:15]]
    at.number_input(key="mistakes_from").set_value(len(shares) - 1).run()
    assert len(sheet(at)) == 1 and at.button(key="mistakes_on").disabled


def outputs(at: AppTest) -> list[list[str]]:
    """The rows of the table of ten outputs: number, name and figures."""
    (body,) = [block.proto.body for block in at.html if 'class="outputs"' in block.proto.body]
    rows = re.findall(r"<td>(\d)</td><th>(.*?)</th>(.*?)</tr>", body)
    return [[index, name, *re.findall(r"<span>(.*?)</span>", cells)] for index, name, cells in rows]


@pytest.mark.slow
def test_a_sigmoid_network_shows_its_raw_outputs_beside_the_scaled_ones(store: Store, small: Dataset):
    run_id = store.create(NewRun(Plan.of("five-steps", epochs=1), "Sigmoid", small.fingerprint, small.title))
    carry_out(run_id, Settings.from_environment())
    answers = load_test_answers(run_id, store, small)
    raw, label = answers.outputs[15], answers.labels[15]
    at = opened(run=run_id, picture="15")
    rows = outputs(at)
    assert [float(row[2]) for row in rows] == pytest.approx(raw.tolist(), abs=6e-5)
    assert [float(row[3].split()[0]) for row in rows] == pytest.approx((100 * raw / raw.sum()).tolist(), abs=0.06)
    assert [row[1].endswith("✓") for row in rows] == [index == label for index in range(10)]
    told = " ".join(caption.value for caption in at.caption)
    assert (
        f"add up to {raw.sum():.2f}, not to 1" in told
        and f"number {raw.argmax()}, so the answer is {NAMES[raw.argmax()]}" in told
    )


def test_a_softmax_network_shows_its_outputs_once(store: Store):
    at = opened(picture="3")
    assert all(len(row) == 3 for row in outputs(at)) and any(
        "They add up to 1." in caption.value for caption in at.caption
    )
    at.button(key="mistakes_another").click().run()
    assert not at.exception and len(outputs(at)) == 10


def test_the_diagonal_is_added_up_and_the_report_can_be_taken_away(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    diagonal = metrics.confusion(answers.labels, answers.outputs).diagonal()
    at = opened()
    (words,) = [block.proto.body for block in at.html if 'class="diagonal"' in block.proto.body]
    assert f"{' + '.join(map(str, diagonal))} = <b>{diagonal.sum()} right answers</b> of 400" in words
    buttons = at.get("download_button")
    assert [button.label for button in buttons] == ["Download as CSV", "Download as text"]
    assert all(button.proto.deferred_file_id for button in buttons)  # made when asked for
    assert at.dataframe[0].value.index.tolist()[-3:] == ["accuracy", "macro avg", "weighted avg"]
