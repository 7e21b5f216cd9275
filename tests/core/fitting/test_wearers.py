"""A person drawn around a garment: the garment stays whole, and a bag stays alone. Shoes lie about, most in pairs."""

import cv2
import numpy as np
import pytest

from core.data.synthetic import draw
from core.fitting import wearers
from core.fitting.wearers import LARGE, ROOM, lying_about, worn_by_people
from core.labels import SLUGS

BAG = SLUGS.index("bag")
SHOES = [SLUGS.index(slug) for slug in ("sandal", "sneaker", "ankle-boot")]


@pytest.mark.parametrize("label", [label for label in range(10) if label != BAG])
def test_most_garments_are_shown_worn_by_a_person(label):
    labels = np.full(20, label)
    alone = draw(labels, seed=2)
    worn = worn_by_people(alone, labels, np.random.default_rng(0))
    assert worn.shape == alone.shape and worn.dtype == np.uint8
    assert (worn != alone).any(axis=(1, 2)).mean() > 0.8
    for image in worn:
        rows, columns = image.any(axis=1), image.any(axis=0)
        assert (rows[0] and rows[-1]) or (columns[0] and columns[-1])


def test_the_garment_is_not_painted_over(monkeypatch):
    shown = []
    monkeypatch.setattr(
        wearers, "to_square", lambda toned, mask: shown.append((toned, mask)) or np.zeros((28, 28), np.uint8)
    )
    labels = np.repeat(np.arange(10), 6)
    alone = draw(labels, seed=5)
    worn_by_people(alone, labels, np.random.default_rng(1))
    for image, label, (toned, mask) in zip(alone, labels, shown, strict=True):
        large = cv2.resize(image, (LARGE, LARGE))
        part = toned[ROOM : ROOM + LARGE, ROOM : ROOM + LARGE]
        assert (part[large > 12] == large[large > 12]).all() and mask[toned > 0].all()
        beside = mask.sum() - (large > 12).sum()
        assert beside == 0 if label == BAG else beside < 2.5 * (large > 12).sum()


@pytest.mark.parametrize("label", range(10))
def test_a_garment_of_one_thin_line_or_dot_is_worn_too(label):
    thin = np.zeros((84, 28, 28), np.uint8)
    for index in range(28):
        thin[index, index], thin[28 + index, :, index], thin[56 + index, index, 13] = 200, 200, 200
    assert worn_by_people(thin, np.full(84, label), np.random.default_rng(0)).any(axis=(1, 2)).all()


@pytest.mark.parametrize("label", SHOES)
def test_shoes_lie_turned_and_most_have_the_other_one_against_them(label):
    alone = draw(np.full(60, label), seed=3)
    lain = lying_about(alone, np.random.default_rng(0))
    assert lain.shape == alone.shape and lain.dtype == np.uint8
    assert (lain != alone).any(axis=(1, 2)).all() and (lying_about(alone, np.random.default_rng(0)) == lain).all()
    high = [np.ptp(np.flatnonzero(image.any(axis=1))) + 1 for image in lain]
    wide = [np.ptp(np.flatnonzero(image.any(axis=0))) + 1 for image in lain]
    assert all(max(sides) >= 26 for sides in zip(high, wide, strict=True))
    assert 0.2 < np.mean(np.array(high) > wide) < 0.95  # some stand on end; one alone as it came is wider than high


def test_a_shoe_of_one_thin_line_lies_about_too():
    thin = np.zeros((84, 28, 28), np.uint8)
    for index in range(28):
        thin[index, index], thin[28 + index, :, index], thin[56 + index, index, 13] = 200, 200, 200
    assert lying_about(thin, np.random.default_rng(0)).any(axis=(1, 2)).all()
    assert lying_about(thin // 15, np.random.default_rng(0)).shape == thin.shape  # so faint that turning loses it


def test_an_empty_picture_stays_as_it_is():
    empty = np.zeros((1, 28, 28), np.uint8)
    assert (
        not worn_by_people(empty, np.array([0]), np.random.default_rng(0)).any()
        and not lying_about(empty, np.random.default_rng(0)).any()
    )


def test_the_same_seed_gives_the_same_people():
    labels = np.arange(10)
    images = draw(labels, seed=1)
    first, second, third = (worn_by_people(images, labels, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first == second).all() and (first != third).any()
