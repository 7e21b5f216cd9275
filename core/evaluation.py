"""From true labels and stored probabilities to scores, the confusion matrix and the mistakes.

Works on arrays alone: knows nothing of networks, runs or pictures.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from core.labels import NAMES

CLASS_INDEX = np.arange(10)


def normalise(raw: np.ndarray) -> np.ndarray:
    """Scale each row of network outputs (n, 10) to sum to 1; softmax rows stay as they are, sigmoid rows become shares."""
    total = raw.sum(axis=1, keepdims=True)
    return np.where(total > 0, raw / np.where(total > 0, total, 1), 0.1).astype(np.float32)


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of images whose most probable class is the true one, 0 to 1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean cross-entropy in nats: -log of the probability given to the true class, as Keras clips it (1e-7)."""
    given = normalise(probabilities)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(given, 1e-7, 1)).mean())


def confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Counts (10, 10) int: row = true class, column = predicted class."""
    return confusion_matrix(labels, probabilities.argmax(axis=1), labels=CLASS_INDEX)


def report(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Per class: precision, recall, F1 (0 to 1) and number of images; one row a class, in class order."""
    columns = precision_recall_fscore_support(labels, probabilities.argmax(axis=1), labels=CLASS_INDEX, zero_division=0)
    return pd.DataFrame(dict(zip(("precision", "recall", "f1", "images"), columns, strict=True)), index=pd.Index(NAMES, name="class"))


def mistakes(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The wrongly answered images, most confident first: `index`, `label`, `predicted`, `probability` (0 to 1)."""
    shares = normalise(probabilities)
    predicted = shares.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    table = pd.DataFrame(
        {"index": wrong, "label": labels[wrong], "predicted": predicted[wrong], "probability": shares[wrong, predicted[wrong]]}
    )
    return table.sort_values("probability", ascending=False, kind="stable", ignore_index=True)


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
