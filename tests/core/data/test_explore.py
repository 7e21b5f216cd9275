"""Orders repeat, the nearest are the nearest, a map holds alike pictures together, every dot is counted."""

import time

import numpy as np
import pytest

from core.data import explore
from core.data.dataset import Dataset


def test_a_shuffle_holds_every_picture_once_and_its_seed_repeats_it(small: Dataset) -> None:
    labels = small.train_labels
    assert np.array_equal(explore.arrange(labels), np.arange(len(labels)))
    shuffled = explore.arrange(labels, seed=7)
    assert np.array_equal(np.sort(shuffled), np.arange(len(labels))) and not np.array_equal(
        shuffled, np.arange(len(labels))
    )
    assert np.array_equal(shuffled, explore.arrange(labels, seed=7))
    assert not np.array_equal(shuffled, explore.arrange(labels, seed=8))


@pytest.mark.parametrize("seed", [None, 3])
def test_a_class_holds_only_its_own(small: Dataset, seed: int | None) -> None:
    rows = explore.arrange(small.train_labels, kind=4, seed=seed)
    assert sorted(rows) == np.flatnonzero(small.train_labels == 4).tolist()


def by_hand(images: np.ndarray, image: np.ndarray) -> np.ndarray:
    """All differences, in whole numbers."""
    return ((images.astype(np.int64) - image.astype(np.int64)) ** 2).sum(axis=(1, 2))


@pytest.mark.parametrize("row", [0, 17, 399])
def test_the_nearest_differ_least_and_come_in_order(small: Dataset, row: int) -> None:
    distances = by_hand(small.train_images, small.test_images[row])
    found = explore.nearest(small.train_images, small.test_images[row], 12)
    assert distances[found].tolist() == sorted(distances)[:12]


def test_a_picture_is_not_its_own_neighbour_but_its_twin_is(small: Dataset) -> None:
    images = np.concatenate([small.train_images, small.train_images[5:6]])
    twin = len(images) - 1
    assert 5 in explore.nearest(images, images[5], 2)
    found = explore.nearest(images, images[5], 12, leave_out=5)
    assert len(found) == 12 and 5 not in found and found[0] == twin


@pytest.mark.parametrize("leave_out", [None, 1])
def test_few_pictures_have_few_neighbours(small: Dataset, leave_out: int | None) -> None:
    left = 3 - (leave_out is not None)
    assert len(explore.nearest(small.train_images[:3], small.train_images[1], 12, leave_out)) == left
    assert len(explore.nearest(small.train_images[:0], small.train_images[1], 12)) == 0


def test_black_and_white_are_as_far_apart_as_can_be() -> None:
    images = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    assert explore.nearest(images, images[1], 2).tolist() == [1, 0]


@pytest.mark.real_data
def test_the_nearest_of_60_000_are_there_at_once(real: Dataset) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        explore.nearest(real.train_images, real.test_images[0], 20)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.2


def test_a_smaller_sample_is_the_beginning_of_a_larger_one() -> None:
    large = explore.sample(10_000, 3_000)
    assert len(set(large.tolist())) == 3_000 and large.max() < 10_000
    assert np.array_equal(explore.sample(10_000, 2_000), large[:2_000])
    assert len(explore.sample(5, 3_000)) == 5


@pytest.mark.parametrize("way", list(explore.MAPS))
def test_a_map_puts_alike_pictures_together_and_comes_out_the_same_again(small: Dataset, way: str) -> None:
    images, labels = small.train_images[:300], small.train_labels[:300]
    points = explore.project(images, way)
    assert points.shape == (300, 2) and points.dtype == np.float32 and np.isfinite(points).all()
    assert np.array_equal(points, explore.project(images, way))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).mean() > 0.3, "by chance it is a tenth"


@pytest.mark.parametrize("way", list(explore.MAPS))
@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_few_pictures_break_no_map(small: Dataset, way: str, count: int) -> None:
    assert explore.project(small.train_images[:count], way).shape == (count, 2)


def test_every_dot_is_counted_once(small: Dataset) -> None:
    counts = explore.brightness(small.train_images)
    assert counts.shape == (256,) and counts.sum() == small.train_images.size
    assert counts[0] == (small.train_images == 0).sum() and counts[200] == (small.train_images == 200).sum()
    assert not explore.brightness(small.train_images[:0]).any()
