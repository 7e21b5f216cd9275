"""What is fitted to the second eye: its neurons, its joining with the small network, all out of fold by person."""

from dataclasses import replace

import numpy as np
import pytest

from core.fitting import eye as module
from core.fitting.eye import FittedEye, fit_eye, fit_joining, thresholds
from core.fitting.pictures import MOST, Photos, Pictures
from core.inference.eye import BAG, Head
from core.inference.network import shipped_bytes

COUNT, FEATURES = 300, 40
KINDS = np.array([label for label in range(10) if label != BAG])


def empty() -> Head:
    return Head(
        np.zeros((2, FEATURES, 11), np.float32),
        np.zeros(11, np.float32),
        np.zeros((FEATURES, 2), np.float32),
        np.array([-9.0, 0.0]),
        1,
    )


def pictures(labels: np.ndarray, seed: int, clearly: float = 2.0, person: str | None = None) -> Pictures:
    """Pictures whose features tell their class, in two views, by thirty people."""
    generator = np.random.default_rng(seed)
    directions = np.random.default_rng(99).normal(size=(11, 2, FEATURES))
    features = generator.normal(size=(len(labels), 2, FEATURES)) + clearly * directions[labels + 1]
    people = generator.integers(0, 30, len(labels)).astype(str) if person is None else np.full(len(labels), person)
    count = len(labels)
    found = np.ones(count, bool)
    return Pictures(np.zeros((count, 28, 28), np.uint8), labels, people, found, features.astype(np.float16))


@pytest.fixture(scope="module")
def photos() -> Photos:
    return Photos(pictures(np.resize(KINDS, COUNT), 0), pictures(np.full(60, -1), 1))


def people_left_out(photos: Photos, modulo: int = 2) -> list[tuple[np.ndarray, np.ndarray]]:
    kinds = photos.clothes, photos.others
    return [
        tuple(kind.contributors.astype(int) % modulo == part for kind in kinds)  # type: ignore[misc]
        for part in range(modulo)
    ]


@pytest.fixture(scope="module")
def fitted(photos) -> FittedEye:
    return fit_eye(photos, people_left_out(photos), empty(), lambda _: None)


def test_the_neurons_learn_the_classes_and_none_of_the_ten_and_leave_bags_to_imagenet(fitted):
    fresh, others = pictures(np.resize(KINDS, 90), 5), pictures(np.full(20, -1), 6)
    answers = fitted.head.probabilities(fresh.features.astype(np.float32))
    assert (answers.argmax(axis=1) == fresh.labels).mean() > 0.95 and answers[:, BAG].max() < 0.01
    assert fitted.head.probabilities(others.features.astype(np.float32)).max(axis=1).mean() < 0.3
    assert fitted.penalty in module.PENALTIES


def test_every_photo_is_answered_by_neurons_that_know_nobody_of_its_fold(photos, monkeypatch):
    learned = []

    def remember(kinds, known, penalty):
        learned.append({person for kind in kinds for person in kind.contributors})
        return replace(known, bias=np.full(11, float(len(learned)), np.float32))

    monkeypatch.setattr(module, "_fit_head", remember)
    monkeypatch.setattr(module, "PENALTIES", (1.0,))
    given = fit_eye(photos, people_left_out(photos, 3), empty(), lambda _: None)
    everybody = set(photos.clothes.contributors) | set(photos.others.contributors)
    for people, (clothes, others) in zip(learned, people_left_out(photos, 3), strict=False):
        left_out = set(photos.clothes.contributors[clothes]) | set(photos.others.contributors[others])
        assert people == everybody - left_out
    assert learned[-1] == everybody and given.clothes.shape == (COUNT, 10) and given.others.shape == (60, 10)


def test_a_picture_that_the_second_eye_is_not_shown_is_not_learned_from(photos):
    blind = replace(photos.clothes, features=np.zeros_like(photos.clothes.features), labels=photos.clothes.labels[::-1])
    with_blind = module._fit_head([photos.clothes, blind, photos.others], empty(), 30.0)
    without = module._fit_head([photos.clothes, photos.others], empty(), 30.0)
    assert np.allclose(with_blind.weights, without.weights, atol=1e-4)


def test_one_person_with_many_photos_does_not_drown_the_others():
    many = pictures(np.zeros(3 * MOST, int), 7, person="busy")
    assert np.isclose(many.weights.sum(), MOST)
    assert (pictures(np.zeros(20, int), 8, person="few").weights == 1).all()


@pytest.mark.parametrize("better", ["network", "eye"])
def test_who_is_right_more_often_counts_more_in_the_joint_answer(photos, better):
    labels = photos.clothes.labels

    def answers(right: float, seed: int) -> np.ndarray:
        generator = np.random.default_rng(seed)
        said = np.where(generator.random(COUNT) < right, labels, generator.integers(0, 10, COUNT))
        return np.eye(10)[said] * 0.6 + 0.04

    other = np.full((60, 10), 0.1)
    good, bad = answers(0.95, 1), answers(0.4, 2)
    own, seen = (good, bad) if better == "network" else (bad, good)
    joining = fit_joining((own, other), FittedEye(empty(), seen, other, 30.0), photos)
    weights = {"network": joining.network, "eye": joining.eye}
    assert weights[better] > 1.5 * min(weights.values())
    joint = joining.join(own, seen)
    assert joining.thresholds == thresholds(joint, joining.join(other, other), photos)
    assert 0 <= joining.thresholds.none < joining.thresholds.sure <= 1


def test_the_shipped_file_of_imagenet_fits_an_empty_head():
    head = Head.knowing_only_imagenet(shipped_bytes("eye/imagenet.npz"))
    shares = head.probabilities(np.zeros((len(head.weights), head.weights.shape[1]), np.float32))
    assert np.isclose(shares.sum(), 1)
