"""What is fitted to the second eye's features: its neurons, and how much its answer counts beside the small network's.

All by answers out of fold: nobody's photo is answered by what has learned from another of the same person's.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from core.fitting.calibration import fit_thresholds
from core.fitting.pictures import Photos, Pictures
from core.inference.eye import Head, Joining
from core.inference.network import Thresholds

PENALTIES = (300.0, 100.0, 30.0)  # on the squares of the weights; that which answers best out of fold is taken
LEVEL = 0.4  # how far rare classes are made up for, from 0, not at all, to 1, in full
LEAST_SPREAD = 0.05  # of a feature, below which there is nothing to learn from it
ABSENT = -30.0  # bias of a class of which there is no photo: what bags look like ImageNet says

Fold = tuple[np.ndarray, np.ndarray]  # which photos of clothes and which of other things are left out, (n,) bool each


class FittedEye(NamedTuple):
    """A head, and what heads fitted without a person's photos answered to them."""

    head: Head
    clothes: np.ndarray  # (n, 10) for the photos of clothes, in their order
    others: np.ndarray  # (n, 10) for photos of other things
    penalty: float


def fit_eye(photos: Photos, left_out: Sequence[Fold], empty: Head, say: Callable[[str], None]) -> FittedEye:
    """Fit the neurons of a head that knows only ImageNet, `empty`, with the penalty that answers best out of fold."""
    best = None
    for penalty in PENALTIES:
        clothes, others = _out_of_fold(photos, left_out, empty, penalty)
        mean = _loss(clothes, photos.clothes)
        say(f"second eye, penalty {penalty:.0f}: loss {mean:.4f}, accuracy {_accuracy(clothes, photos.clothes):.4f}")
        if best is None or mean < best[0]:
            best = mean, penalty, clothes, others
    assert best is not None
    _, penalty, clothes, others = best
    return FittedEye(_fit_head([photos.clothes, photos.others], empty, penalty), clothes, others, penalty)


def _out_of_fold(
    photos: Photos, left_out: Sequence[Fold], empty: Head, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Ten probabilities for each photo of clothes and of other things, of heads that know nothing of its owner."""
    kinds = photos.clothes, photos.others
    answers = [np.full((len(kind.labels), 10), 0.1) for kind in kinds]
    for fold in left_out:
        head = _fit_head([kind.pick(~out) for kind, out in zip(kinds, fold, strict=True)], empty, penalty)
        for answer, kind, out in zip(answers, kinds, fold, strict=True):
            answer[out] = head.probabilities(_features(kind)[out])
    return answers[0], answers[1]


def _fit_head(kinds: Sequence[Pictures], empty: Head, penalty: float) -> Head:
    """Ten neurons, none of the ten and nine kinds of clothes, on the features of all views, by logistic regression.

    No person counts for more than `pictures.MOST` photos, and rare classes count more than common ones.
    """
    from sklearn.linear_model import LogisticRegression

    pictures = Pictures.joined(kinds)
    seen = _features(pictures).any(axis=(1, 2))
    features, labels, weights = _features(pictures)[seen], pictures.labels[seen] + 1, pictures.weights[seen]
    weights = weights * np.bincount(labels, weights, minlength=11)[labels] ** -LEVEL
    flat = features.reshape(len(features), -1)
    middle, spread = flat.mean(axis=0), flat.std(axis=0) + LEAST_SPREAD
    layer = LogisticRegression(C=1 / penalty, max_iter=200, tol=1e-3)
    layer.fit((flat - middle) / spread, labels, sample_weight=weights / weights.mean())
    rows, bias = np.zeros((11, flat.shape[1]), np.float32), np.full(11, ABSENT, np.float32)
    rows[layer.classes_] = layer.coef_ / spread
    bias[layer.classes_] = layer.intercept_ - rows[layer.classes_] @ middle
    return replace(empty, weights=rows.T.reshape(*features.shape[1:], 11), bias=bias)


def fit_joining(network: tuple[np.ndarray, np.ndarray], eye: FittedEye, photos: Photos) -> Joining:
    """How much either counts in the answer of both: exponents of the least loss, and the thresholds that go with them.

    `network` holds the small network's calibrated probabilities out of fold, (n, 10), for clothes and for other things.
    """
    from scipy.optimize import minimize

    clothes, found = photos.clothes, photos.clothes.found

    def loss(exponents: np.ndarray) -> float:
        joint = Joining(exponents[0], exponents[1]).join(network[0][found], eye.clothes[found])
        return _loss(joint, clothes.pick(found))

    exponents = minimize(loss, (0.5, 0.5), method="Nelder-Mead", bounds=[(0.1, 2.0)] * 2).x
    joining = Joining(round(float(exponents[0]), 3), round(float(exponents[1]), 3))
    joint = [joining.join(*both) for both in zip(network, (eye.clothes, eye.others), strict=True)]
    return replace(joining, thresholds=thresholds(joint[0], joint[1], photos))


def thresholds(answers_to_clothes: np.ndarray, answers_to_others: np.ndarray, photos: Photos) -> Thresholds:
    """Thresholds from answers out of fold, (n, 10) each, to the photos in which a single garment was found."""
    clothes, others = photos.clothes, photos.others
    answers = np.concatenate([answers_to_clothes[clothes.found], answers_to_others[others.found]])
    return fit_thresholds(answers, np.concatenate([clothes.labels[clothes.found], others.labels[others.found]]))


def _features(pictures: Pictures) -> np.ndarray:
    assert pictures.features is not None
    return pictures.features.astype(np.float32)


def _loss(answers: np.ndarray, pictures: Pictures) -> float:
    """Mean of -log of the probability of the true class, in nats, with each picture's weight."""
    given = answers[np.arange(len(answers)), pictures.labels]
    return float(-np.average(np.log(np.maximum(given, 1e-7)), weights=pictures.weights))


def _accuracy(answers: np.ndarray, pictures: Pictures) -> float:
    return float(np.average(answers.argmax(axis=1) == pictures.labels, weights=pictures.weights))
