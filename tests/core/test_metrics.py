"""Scores from labels and probabilities, against hand-worked and brute-force answers."""

import io

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report, confusion_matrix, precision_recall_fscore_support

from core import metrics

LABELS = np.array([0, 0, 1, 6, 6, 9], np.uint8)
ANSWERS = np.array([0, 6, 1, 0, 6, 9])
SURE = np.array([0.9, 0.6, 0.8, 0.95, 0.5, 0.7])


@pytest.fixture
def outputs() -> np.ndarray:
    table = np.repeat(((1 - SURE) / 9)[:, np.newaxis], 10, axis=1)
    table[np.arange(6), ANSWERS] = SURE
    return table.astype(np.float32)


def test_accuracy_and_loss_are_those_worked_out_by_hand(outputs: np.ndarray) -> None:
    assert metrics.accuracy(LABELS, outputs) == pytest.approx(4 / 6)
    given = [0.9, 0.4 / 9, 0.8, 0.05 / 9, 0.5, 0.7]
    assert metrics.loss(LABELS, outputs) == pytest.approx(-np.mean(np.log(given)), rel=1e-5)


def test_sigmoid_rows_are_scaled_to_one_and_empty_rows_say_nothing() -> None:
    rows = np.array([[0.5] * 10, [0.0] * 10, [0.9, 0.9] + [0.0] * 8])
    shares = metrics.normalise(rows)
    assert np.allclose(shares.sum(axis=1), 1) and shares[2, 0] == pytest.approx(0.5) and np.allclose(shares[1], 0.1)


def test_the_matrix_counts_true_rows_and_answered_columns(outputs: np.ndarray) -> None:
    counts = metrics.confusion(LABELS, outputs)
    assert counts.shape == (10, 10) and counts.sum() == 6 and np.trace(counts) == 4
    assert counts[0, 6] == counts[6, 0] == 1
    assert metrics.worst_cell(counts) == (0, 6)


def test_mistakes_come_surest_first_and_cells_hold_their_pictures(outputs: np.ndarray) -> None:
    table = metrics.mistakes(LABELS, outputs)
    assert table["index"].tolist() == [3, 1]
    assert table[["label", "predicted"]].to_numpy().tolist() == [[6, 0], [0, 6]]
    assert table["probability"].tolist() == pytest.approx([0.95, 0.6])
    assert metrics.in_cell(LABELS, outputs, 6, 0).tolist() == [3]
    assert metrics.in_cell(LABELS, outputs, 5, 5).tolist() == []


def test_the_report_matches_its_definitions(outputs: np.ndarray) -> None:
    report = metrics.report(LABELS, outputs)
    assert report.loc["T-shirt/top", ["precision", "recall", "f1", "images"]].tolist() == pytest.approx(
        [0.5, 0.5, 0.5, 2]
    )
    assert report.loc["Ankle boot", "recall"] == 1 and report["images"].sum() == 6


def test_matrix_and_report_are_scikit_learns_also_for_a_class_never_answered_or_not_there() -> None:
    generator = np.random.default_rng(0)
    labels, outputs = generator.integers(1, 10, 500).astype(np.uint8), generator.random((500, 10))
    outputs[:, 3] = 0
    answers = outputs.argmax(axis=1)
    classes = np.arange(10)
    assert (metrics.confusion(labels, outputs) == confusion_matrix(labels, answers, labels=classes)).all()
    theirs = precision_recall_fscore_support(labels, answers, labels=classes, zero_division=0)
    assert np.allclose(metrics.report(labels, outputs).to_numpy().T, theirs)
    rows = classification_report(labels, answers, labels=classes, zero_division=0, output_dict=True)
    averages = metrics.full_report(labels, outputs).loc[["macro avg", "weighted avg"]]
    assert np.allclose(averages, [list(rows[name].values()) for name in averages.index])
    assert metrics.full_report(labels, outputs).loc["accuracy", "f1"] == rows["accuracy"]


def test_the_full_report_ends_with_scikit_learns_three_rows_and_its_csv_and_text_say_the_same(
    outputs: np.ndarray,
) -> None:
    table = metrics.full_report(LABELS, outputs)
    assert table.index.tolist() == [*metrics.NAMES, "accuracy", "macro avg", "weighted avg"]
    assert table.loc["accuracy", ["f1", "images"]].tolist() == pytest.approx([4 / 6, 6]) and np.isnan(
        table.loc["accuracy", "recall"]
    )
    classes = table.iloc[:10]
    assert table.loc["macro avg", "f1"] == pytest.approx(classes["f1"].mean())
    assert table.loc["weighted avg", "precision"] == pytest.approx((classes["precision"] * classes["images"]).sum() / 6)
    read = pd.read_csv(io.StringIO(metrics.report_csv(LABELS, outputs)), index_col="class")
    assert read.columns.tolist() == ["precision", "recall", "f1-score", "support"]
    assert np.allclose(read.to_numpy(), table.to_numpy(), equal_nan=True)
    lines = {
        line.strip()[:12].strip(): line.split()
        for line in metrics.report_text(LABELS, outputs).splitlines()
        if line.strip()
    }
    assert lines["Ankle boot"][-4:] == ["1.0000", "1.0000", "1.0000", "1"] and lines["accuracy"][-2:] == ["0.6667", "6"]


def test_outputs_that_add_up_to_one_are_told_from_sigmoids(outputs: np.ndarray) -> None:
    assert metrics.adds_up(outputs) and not metrics.adds_up(1.5 * outputs)


def test_a_sheet_goes_on_where_the_last_one_ended_and_a_seed_shuffles_it_the_same_way_again() -> None:
    assert metrics.shown(30, 0, 25).tolist() == list(range(25)) and metrics.shown(30, 25, 25).tolist() == list(
        range(25, 30)
    )
    shuffled = [*metrics.shown(30, 0, 25, seed=3), *metrics.shown(30, 25, 25, seed=3)]
    assert sorted(shuffled) == list(range(30)) and shuffled != list(range(30))
    assert metrics.shown(30, 0, 25, seed=4).tolist() != metrics.shown(30, 0, 25, seed=3).tolist()


def test_the_images_that_only_one_of_two_gets_right_come_with_the_surest_mistakes_first() -> None:
    labels = np.array([0, 1, 2, 3])
    one = np.eye(10)[[0, 1, 2, 9]]
    other = np.full((4, 10), 0.01)
    other[range(4), [5, 1, 6, 3]] = [0.6, 0.9, 0.8, 0.9]
    assert metrics.only_one_right(labels, one, other).tolist() == [2, 0]
    assert metrics.only_one_right(labels, other, one).tolist() == [3]
    assert metrics.only_one_right(labels, one, one).tolist() == []


def test_the_temperature_takes_back_what_made_answers_too_certain() -> None:
    generator = np.random.default_rng(0)
    honest = generator.dirichlet(np.full(10, 0.4), 4000)
    labels = np.array([generator.choice(10, p=row / row.sum()) for row in honest])
    boasting = honest**2 / (honest**2).sum(axis=1, keepdims=True)
    assert metrics.best_temperature([honest], [labels]) == pytest.approx(1.0, abs=0.11)
    assert metrics.best_temperature([boasting], [labels]) == pytest.approx(2.0, abs=0.21)


def test_the_best_temperature_cools_an_answerer_that_is_too_sure() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 4000)
    logits = 2 * np.eye(10)[labels] + generator.gumbel(size=(4000, 10))
    too_sure = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    assert metrics.best_temperature([too_sure], [labels]) > 1.8


def test_each_set_counts_alike_for_the_best_temperature_however_large_it_is() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 4000)
    logits = 2 * np.eye(10)[labels] + generator.gumbel(size=(4000, 10))
    honest, too_sure = (np.exp(factor * logits) for factor in (1, 3))
    few = slice(0, 400)
    between = metrics.best_temperature([honest, too_sure[few]], [labels, labels[few]])
    again = metrics.best_temperature([honest, *[too_sure[few]] * 2], [labels, *[labels[few]] * 2])
    first, second = (metrics.best_temperature([one], [labels]) for one in (honest, too_sure))
    assert first < between < again < second
