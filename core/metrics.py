"""From true labels and stored probabilities to scores, the confusion matrix and the mistakes.

Works on arrays alone: knows nothing of networks, runs or pictures. Every process of the app loads this, so that pandas
and scikit-learn, which are large, wait in the functions that need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.labels import NAMES

if TYPE_CHECKING:
    import pandas as pd

CLASS_INDEX = np.arange(10)


def normalise(raw: np.ndarray) -> np.ndarray:
    """Scale each row of network outputs (n, 10) to sum to 1; softmax rows stay as they are, sigmoid rows become
    shares."""
    total = raw.sum(axis=1, keepdims=True)
    return np.where(total > 0, raw / np.where(total > 0, total, 1), 0.1).astype(np.float32)


def calibrated(outputs: np.ndarray, temperature: float) -> np.ndarray:
    """A network's outputs (n, 10) as shares at a temperature, each row summing to 1: (n, 10) float64."""
    powered = np.maximum(outputs.astype(float), 1e-12) ** (1 / temperature)
    shares: np.ndarray = powered / powered.sum(axis=1, keepdims=True)
    return shares


def best_temperature(outputs: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> float:
    """The temperature at which answers are as sure as they are right: that of the least mean log loss.

    Takes one or several sets, outputs (n, 10) each with its labels (n,), none of them learned from; each set counts
    alike (Guo et al. 2017, arXiv 1706.04599).
    """
    from scipy.optimize import minimize_scalar

    sets = [
        (np.log(np.clip(normalise(raw), 1e-7, 1)).astype(np.float64), np.arange(len(truth)), truth)
        for raw, truth in zip(outputs, labels, strict=True)
    ]

    def mean_loss(log_temperature: float) -> float:
        total = 0.0
        for logs, rows, truth in sets:
            scaled = logs / np.exp(log_temperature)
            total += float((np.logaddexp.reduce(scaled, axis=1) - scaled[rows, truth]).mean())
        return total / len(sets)

    return float(np.exp(minimize_scalar(mean_loss, bounds=(-1.5, 1.5), method="bounded").x))


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of images whose most probable class is the true one, 0 to 1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean cross-entropy in nats: -log of the probability given to the true class, as Keras clips it (1e-7)."""
    given = normalise(probabilities)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(given, 1e-7, 1)).mean())


def confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Counts (10, 10) int: row = true class, column = predicted class."""
    cells = 10 * labels.astype(int) + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=100).reshape(10, 10)


def report(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Per class: precision, recall, F1 (0 to 1) and number of images; one row a class, in class order."""
    import pandas as pd

    counts = confusion(labels, probabilities)
    right, answered, images = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    columns = {
        "precision": right / np.maximum(answered, 1),
        "recall": right / np.maximum(images, 1),
        "f1": 2 * right / np.maximum(answered + images, 1),
        "images": images,
    }
    return pd.DataFrame(columns, index=pd.Index(NAMES, name="class"))


def full_report(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The same with scikit-learn's last three rows: accuracy (in the column f1, of all images), macro avg and weighted
    avg."""
    import pandas as pd

    classes = report(labels, probabilities)
    scores, images = classes[["precision", "recall", "f1"]], classes["images"]
    rows = {
        "accuracy": [np.nan, np.nan, accuracy(labels, probabilities), len(labels)],
        "macro avg": [*scores.mean(), len(labels)],
        "weighted avg": [*np.average(scores, axis=0, weights=images), len(labels)],
    }
    last = pd.DataFrame(rows, index=classes.columns).T.astype(classes.dtypes)
    return pd.concat([classes, last]).rename_axis("class")


def report_csv(labels: np.ndarray, probabilities: np.ndarray) -> str:
    """The full report as CSV, with scikit-learn's names of the columns."""
    return (
        full_report(labels, probabilities)
        .rename(columns={"f1": "f1-score", "images": "support"})
        .to_csv(lineterminator="\n")
    )


def report_text(labels: np.ndarray, probabilities: np.ndarray) -> str:
    """The classification report as scikit-learn prints it."""
    from sklearn.metrics import classification_report

    text: str = classification_report(
        labels, probabilities.argmax(axis=1), labels=CLASS_INDEX, target_names=NAMES, digits=4, zero_division=0
    )
    return text


def adds_up(raw: np.ndarray) -> bool:
    """Whether outputs (n, 10) are shares of 1 already, as those of a softmax are; sigmoids each stand for
    themselves."""
    return bool(np.allclose(raw.sum(axis=1), 1, atol=5e-3))


def shown(count: int, begin: int, size: int, seed: int | None = None) -> np.ndarray:
    """Which of `count` pictures stand on a sheet of `size` that begins at a place: in order, or shuffled by a seed."""
    order = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    return order[begin : begin + size]


def mistakes(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The wrongly answered images, most confident first: `index`, `label`, `predicted`, `probability` (0 to 1)."""
    import pandas as pd

    shares = normalise(probabilities)
    predicted = shares.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    table = pd.DataFrame(
        {
            "index": wrong,
            "label": labels[wrong],
            "predicted": predicted[wrong],
            "probability": shares[wrong, predicted[wrong]],
        }
    )
    return table.sort_values("probability", ascending=False, kind="stable", ignore_index=True)


def only_one_right(labels: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Indices of the images that outputs `one` (n, 10) get right and `other` (n, 10) wrong, the surest wrong answers
    first."""
    shares = normalise(other)
    rows = np.flatnonzero((one.argmax(axis=1) == labels) & (other.argmax(axis=1) != labels))
    return rows[np.argsort(-shares[rows].max(axis=1), kind="stable")]


def in_cell(labels: np.ndarray, probabilities: np.ndarray, true: int, predicted: int) -> np.ndarray:
    """Indices of the images of class `true` answered as `predicted`, the most confident first."""
    shares = normalise(probabilities)
    chosen = np.flatnonzero((labels == true) & (shares.argmax(axis=1) == predicted))
    return chosen[np.argsort(-shares[chosen, predicted], kind="stable")]


def worst_cell(counts: np.ndarray) -> tuple[int, int]:
    """The most frequent mistake (true class, predicted class) in a confusion matrix (10, 10)."""
    off_diagonal = counts * (1 - np.eye(10, dtype=counts.dtype))
    true, predicted = np.unravel_index(off_diagonal.argmax(), counts.shape)
    return int(true), int(predicted)
