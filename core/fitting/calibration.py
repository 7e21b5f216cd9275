"""How far the shipped network can be trusted: folds by person, thresholds, figures."""

import numpy as np

from core.fitting.pictures import Photos, Pictures
from core.inference.network import Thresholds

FOLDS = 3  # groups of people, each left out once
PRECISION = 0.91  # wanted among photos answered as sure
LOST = 0.04  # share of clothes that may be called none of the ten


def folds(photos: Photos, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each of FOLDS groups of people, which photos of clothes and which of other things are theirs, (n,) bool each.

    Every person is in one group only.
    """
    from sklearn.model_selection import GroupKFold

    people = np.concatenate([photos.clothes.contributors, photos.others.contributors])
    groups = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(people, groups=people)
    masks = []
    for _, members in groups:
        clothes, others = np.split(np.isin(np.arange(len(people)), members), [len(photos.clothes.labels)])
        masks.append((clothes, others))
    return masks


def fit_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> Thresholds:
    """Above which probability an answer is `sure`, and below which it is `none` of the ten.

    From calibrated probabilities (n, 10) and labels (n,), -1 for none of the ten.
    """
    best, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(-best)
    precise = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((precise >= PRECISION) & (np.arange(len(order)) >= 20))
    sure = float(best[order][enough[-1]]) if len(enough) else 0.98
    none = float(np.quantile(best[labels >= 0], LOST))
    return Thresholds(sure=round(sure, 3), none=round(min(none, sure - 0.05), 3))


def measure(probabilities: np.ndarray, pictures: Pictures, limits: Thresholds) -> dict[str, float | int]:
    """Figures of the answers to some pictures: their number, the share answered as sure, and more.

    Of clothes also the accuracy, the share right among the sure answers and the share wrongly called Bag; of other
    things the share answered as none of the ten or in which no single garment was found.
    """
    right, best = probabilities.argmax(axis=1) == pictures.labels, probabilities.max(axis=1)
    sure = (best >= limits.sure) & pictures.found
    figures: dict[str, float | int] = {"count": len(right), "sure": round(float(sure.mean()), 4)}
    if (pictures.labels >= 0).all():
        figures["accuracy"] = round(float(right.mean()), 4)
        figures["right_when_sure"] = round(float(right[sure].mean()), 4) if sure.any() else 0.0
        figures["called_bag"] = round(float(((probabilities.argmax(axis=1) == 8) & (pictures.labels != 8)).mean()), 4)
    else:
        figures["none"] = round(float(((best < limits.none) | ~pictures.found).mean()), 4)
    return figures
