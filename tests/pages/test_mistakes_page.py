"""Mistakes: the matrix and the pictures behind its cells, all wrong answers, sheets, one picture, the report."""

import html
import json
import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import metrics
from core.data.dataset import Dataset
from core.labels import NAMES, short_names
from core.runs.book import NewRun
from core.runs.results import SHIPPED, load_test_answers
from core.runs.runner import carry_out
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from pages.shared import matrix
from tests.pages.conftest import opened as open_page
from tests.stored import alter

pytestmark = pytest.mark.usefixtures("small_data")
opened = partial(open_page, "mistakes")
GROUND_TEXT = ("#1d1a16", "#f3eee6")  # the theme's text, light and dark


def parts(at: AppTest, name: str) -> list[dict[str, Any]]:
    """What the components of a name on the page are told."""
    return [json.loads(each.proto.json) for each in at.get("bidi_component") if each.proto.component_name == name]


def walls(at: AppTest) -> list[list[str]]:
    """The descriptions of the pictures in each wall of tiles."""
    blocks = [part["html"] for part in parts(at, "sheets") if 'class="tiles' in part["html"]]
    return [re.findall(r'role="img" aria-label="(Test picture [^"]*)"', block) for block in blocks]


def headings(at: AppTest) -> list[str]:
    """The page's own headings."""
    return [html.unescape(found) for block in at.html for found in re.findall(r"<h[23]>(.*?)</h", block.proto.body)]


def view(at: AppTest, name: str) -> AppTest:
    """The page with another of its parts open."""
    at.session_state["mistakes_view"] = name
    return at.run()


def written(at: AppTest) -> str:
    """All captions and all HTML of a page."""
    return " ".join([*(caption.value for caption in at.caption), *(block.proto.body for block in at.html)])


def test_the_headline_says_how_many_are_right_and_wrong(store: Store, small: Dataset):
    at = opened()
    answers = load_test_answers(SHIPPED, store, small)
    assert not at.exception and not at.error
    wrong = metrics.mistakes(answers.labels, answers.outputs)
    assert f"{100 * answers.accuracy:.1f}\u00a0% right" in written(at) and f"{len(wrong)} wrong of 400" in written(at)
    assert "these are its answers to other pictures" in written(at)
    first = wrong.astype(int).loc[0]
    called = f"{NAMES[first['label']]}, answered {NAMES[first['predicted']]}"
    assert walls(at)[-1][0] == f"Test picture {first['index']}: {called}"
    assert len(walls(at)[-1]) == min(24, len(wrong))


def test_before_a_cell_is_chosen_the_biggest_mistake_is_shown_as_chosen(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    counts = metrics.confusion(answers.labels, answers.outputs)
    true, predicted = metrics.worst_cell(counts)
    at = opened()
    (told,) = parts(at, "matrix")
    assert told["chosen"] == f"{true}-{predicted}" and "most frequent mistake" in written(at)
    cell = told["cells"][10 * true + predicted]
    count = counts[true, predicted]
    assert cell["shown"] == str(count)
    assert cell["label"] == f"{short_names()[true]} taken for {short_names()[predicted]}: {count} pictures"
    assert len(told["cells"]) == 100 and not at.get("plotly_chart")


def test_a_cell_stands_in_the_address_and_shows_exactly_its_pictures(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    counts = metrics.confusion(answers.labels, answers.outputs)
    at = opened(cell="5-5")
    assert parts(at, "matrix")[0]["chosen"] == "5-5"
    assert f"{NAMES[5]}, answered right: {counts[5, 5]}" in headings(at)
    assert all(f"{NAMES[5]}, answered {NAMES[5]}" in words for words in walls(at)[0])
    assert len(walls(at)[0]) == min(15, counts[5, 5]) > 0


@pytest.mark.parametrize("word", ["", "5", "5-", "10-1", "a-b", "5-5-5", "\N{ARABIC-INDIC DIGIT THREE}-1", "*x*"])
def test_no_other_word_is_a_cell(word: str):
    assert matrix.cell_named(word) is None and matrix.cell_named("0-9") == (0, 9)


def test_the_numbers_of_the_matrix_are_read_on_every_shade_in_both_themes():
    def brightness(colour: str) -> float:  # relative luminance, WCAG 2
        shares = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        linear = np.where(shares <= 0.03928, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for share in np.linspace(0, 1, 51):
        for right in (False, True):
            for text, ground in zip(GROUND_TEXT, matrix.shades(float(share), right), strict=True):
                dark, light = sorted((brightness(text), brightness(ground)))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (share, right, ground)


def test_only_the_chosen_classes_are_listed(store: Store):
    at = opened()
    at.pills(key="mistakes_only").set_value(["Shirt"]).run()
    assert all(": Shirt, answered" in words for words in walls(at)[-1])


@pytest.mark.slow
def test_a_link_to_a_run_opens_that_run_and_not_the_shipped_network(store: Store, small: Dataset):
    run_id = store.create(NewRun(Plan.of("hello-world", epochs=1), "Mine", small.fingerprint, small.title))
    carry_out(run_id, Settings.from_environment())
    at = opened(run=run_id)
    assert at.selectbox(key="choice_run").value == run_id
    assert f"{100 * store.run(run_id).test_accuracy:.1f}\u00a0% right" in written(at)
    at.selectbox(key="choice_run").select(SHIPPED).run()
    assert at.query_params["run"] in (SHIPPED, [SHIPPED])


@pytest.mark.slow
def test_a_run_of_other_clothes_is_not_paired_with_these(store: Store, small: Dataset):
    run_id = store.create(NewRun(Plan.of("quick", epochs=1), "Other", small.fingerprint, "Other clothes"))
    carry_out(run_id, Settings.from_environment())
    alter(store, run_id, fingerprint="f" * 16)
    at = opened(run=run_id)
    assert any("was tested on “Other clothes”" in error.value for error in at.error)
    assert walls(at) == []


def test_an_unknown_run_gets_a_sentence_and_the_shipped_network(store: Store):
    at = opened(run="nonsense")
    assert any("no finished run “nonsense”" in info.value for info in at.info)
    assert at.selectbox(key="choice_run").value == SHIPPED


def sheet(at: AppTest) -> list[tuple[str, str, str]]:
    """Each answered picture on the sheet: its number, and what is written below."""
    (body,) = [
        part["html"] for part in parts(at, "sheets") if re.match('<div class="tiles (numbers|pairs)"', part["html"])
    ]
    below = re.findall(r'data-picture="(\d+)".*?<b class="(?:right|wrong)">(.*?)</b>(.*?)</a>', body)
    return [(row, re.sub("<.*?>", "", words), re.sub("<.*?>", " ", small).strip()) for row, words, small in below]


def below(row: int, label: int, shares: np.ndarray) -> tuple[str, str, str]:
    """What must stand below a picture."""
    answer = int(shares.argmax())
    right = answer == label
    words = f"{'✓' if right else '✗'} {short_names()[answer]} {100 * shares[answer]:.0f}\u00a0%"
    return str(row), words, ("" if right else f"really {NAMES[label]}  ") + f"{answer} / {label}"


def test_sheets_begin_with_the_first_pictures_turn_and_shuffle(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    shares = metrics.normalise(answers.outputs)
    expected = [below(row, int(answers.labels[row]), shares[row]) for row in range(len(shares))]
    at = view(opened(), "Sheets")
    assert sheet(at) == expected[:25]
    at.button(key="mistakes_on").click().run()
    assert sheet(at) == expected[25:50]
    at.segmented_control(key="mistakes_kind").set_value("pairs").run()
    assert sheet(at) == expected[25:40]
    at.number_input(key="mistakes_from").set_value(0).run()
    assert sheet(at) == expected[:15] and at.button(key="mistakes_back").disabled
    at.toggle(key="mistakes_shuffled").set_value(True).run()
    assert sheet(at) == [expected[row] for row in np.random.default_rng(0).permutation(len(shares))[:15]]
    at.number_input(key="mistakes_from").set_value(len(shares) - 1).run()
    assert len(sheet(at)) == 1 and at.button(key="mistakes_on").disabled


def outputs(at: AppTest) -> list[list[str]]:
    """The rows of the table of ten outputs: number, name and figures."""
    (body,) = [part["html"] for part in parts(at, "sheets") if 'class="outputs"' in part["html"]]
    rows = re.findall(r"<td>(\d)</td><th scope=row>(.*?)</th>(.*?)</tr>", body)
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
    told = written(at)
    assert f"add up to {raw.sum():.2f}, not to 1" in told and "sigmoid, a function that" in told
    assert f"number {raw.argmax()}, so the answer is {NAMES[raw.argmax()]}" in told


def test_a_softmax_network_shows_its_outputs_once_and_the_picture_stands_in_the_address(store: Store):
    at = opened(picture="3")
    assert all(len(row) == 3 for row in outputs(at)) and "add up to 1." in written(at)
    at.button(key="mistakes_another").click().run()
    assert not at.exception and len(outputs(at)) == 10
    at.number_input(key="mistakes_picture").set_value(7).run()
    assert at.query_params["picture"] in ("7", ["7"])


def test_the_diagonal_is_added_up_and_the_report_can_be_taken_away(store: Store, small: Dataset):
    answers = load_test_answers(SHIPPED, store, small)
    diagonal = metrics.confusion(answers.labels, answers.outputs).diagonal()
    at = view(opened(), "Report")
    assert f"{' + '.join(map(str, diagonal))} = {diagonal.sum()} right answers of 400" in written(at)
    assert f"Loss: {answers.loss:.3f}" in written(at)
    buttons = at.get("download_button")
    assert [button.label for button in buttons] == ["Download as CSV", "Download as text"]
    assert all(button.proto.deferred_file_id for button in buttons)  # made when asked for
    assert at.dataframe[0].value.index.tolist()[-3:] == ["Accuracy", "Mean", "Weighted mean"]
