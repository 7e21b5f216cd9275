"""The drawn clothes: same format and figures as the real data, repeatable, learnable, and confusable where real clothes
are."""

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.data.silhouettes import GARMENTS
from core.data.synthetic import draw, make
from core.labels import NAMES, SLUGS

TOPS = [SLUGS.index(slug) for slug in ("t-shirt", "pullover", "coat", "shirt")]
REAL_MEAN, REAL_DEVIATION = 0.286, 0.353  # of 255, over the real training images
# Share of pixels that are not background, and mean tone, of each class of the real training images.
REAL_COVER = np.array([0.594, 0.349, 0.649, 0.428, 0.602, 0.321, 0.629, 0.338, 0.586, 0.485])
REAL_TONE = np.array([83, 57, 96, 66, 98, 35, 85, 43, 90, 77])


@pytest.fixture(scope="module")
def clothes() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return make(train=4000, test=1000, seed=3)


@pytest.fixture(scope="module")
def answers(clothes) -> np.ndarray:
    """The test images' classes according to a straight-line classifier fitted on half of the training images."""
    images, labels, test_images, _ = clothes
    model = LogisticRegression(C=0.02, max_iter=400, tol=1e-2)
    return model.fit(images[:2000].reshape(2000, -1) / 255, labels[:2000]).predict(
        test_images.reshape(len(test_images), -1) / 255
    )


def extent(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height and width in pixels of what is not background."""
    rows, columns = (images > 0).any(axis=2), (images > 0).any(axis=1)
    return tuple(28 - side.argmax(axis=1) - side[:, ::-1].argmax(axis=1) for side in (rows, columns))


def test_there_is_one_cut_for_every_class():
    assert len(GARMENTS) == len(NAMES)
    assert [garment.__name__.replace("_", "-") for garment in GARMENTS] == list(SLUGS)


def test_the_format_is_that_of_fashion_mnist(clothes):
    images, labels, test_images, test_labels = clothes
    assert images.shape == (4000, 28, 28) and test_images.shape == (1000, 28, 28)
    assert labels.shape == (4000,) and test_labels.shape == (1000,)
    assert {array.dtype for array in clothes} == {np.dtype(np.uint8)}
    assert images.min() == 0 and images.max() == 255


def test_classes_are_balanced_and_shuffled(clothes):
    _, labels, _, test_labels = clothes
    assert np.bincount(labels).tolist() == [400] * 10
    assert np.bincount(test_labels).tolist() == [100] * 10
    assert len(set(labels[:40].tolist())) > 6
    assert not np.array_equal(labels[:1000], test_labels)


def test_the_same_seed_gives_the_same_clothes_and_another_gives_others():
    first, again, other = (make(train=60, test=20, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])
    labels = np.arange(10)
    assert (draw(labels, 1) != draw(labels, 2)).any(axis=(1, 2)).all()


def test_the_longest_side_fills_the_frame_and_the_garment_is_centred(clothes):
    height, width = extent(clothes[0])
    assert (np.maximum(height, width) == 28).mean() > 0.98
    columns = (clothes[0] > 0).any(axis=1)
    assert np.abs(columns.argmax(axis=1) - columns[:, ::-1].argmax(axis=1)).max() <= 2


def test_the_corners_are_background(clothes):
    for images in (clothes[0], clothes[2]):
        assert not images[:, [0, 0, -1, -1], [0, -1, 0, -1]].any()


def test_the_figures_are_near_the_real_ones(clothes):
    images, labels, _, _ = clothes
    assert images.mean() / 255 == pytest.approx(REAL_MEAN, abs=0.015)
    assert images.std() / 255 == pytest.approx(REAL_DEVIATION, abs=0.015)
    cover = np.array([(images[labels == label] > 0).mean() for label in range(10)])
    tone = np.array([images[labels == label].mean() for label in range(10)])
    assert cover == pytest.approx(REAL_COVER, abs=0.07)
    assert tone == pytest.approx(REAL_TONE, abs=14)


def test_clothes_stand_and_shoes_lie_with_the_toe_to_the_left(clothes):
    images, labels, _, _ = clothes
    height, width = extent(images)
    for slug in ("trouser", "dress"):
        chosen = labels == SLUGS.index(slug)
        assert (height[chosen] == 28).all() and width[chosen].mean() < 17
    for slug in ("sandal", "sneaker", "ankle-boot"):
        chosen = labels == SLUGS.index(slug)
        assert (width[chosen] == 28).mean() > 0.9
        left, right = (
            (images[chosen] > 0)[:, :, 2:9].sum(axis=(1, 2)),
            (images[chosen] > 0)[:, :, -9:-2].sum(axis=(1, 2)),
        )
        assert (right > left).mean() > 0.8


def test_sandals_and_bags_have_gaps_that_the_background_shows_through(clothes):
    images, labels, _, _ = clothes

    def hole(picture: np.ndarray) -> bool:
        outside = np.pad((picture == 0).astype(np.uint8), 1, constant_values=1)
        cv2.floodFill(outside, None, (0, 0), 0)
        return int(outside.sum()) >= 3

    def with_gap(slug: str) -> float:
        return float(np.mean([hole(picture) for picture in images[labels == SLUGS.index(slug)]]))

    assert with_gap("sandal") > 0.5
    assert with_gap("bag") > 0.3
    assert with_gap("sneaker") < 0.1
    assert with_gap("ankle-boot") < 0.1


def test_every_class_varies_in_shape_and_shade(clothes):
    images, labels, _, _ = clothes
    _, width = extent(images)
    height, _ = extent(images)
    for label in range(10):
        chosen = labels == label
        shades = np.array([np.median(picture[picture > 0]) for picture in images[chosen]])
        assert shades.std() > 25, NAMES[label]
        assert np.minimum(height, width)[chosen].std() > 1, NAMES[label]


def test_a_classifier_learns_them_but_not_all(clothes, answers):
    right = (answers == clothes[3]).mean()
    assert 0.75 < right < 0.95


def test_tops_are_what_is_confused(clothes, answers):
    truth = clothes[3]
    wrong = answers != truth
    among_tops = np.isin(truth, TOPS) & np.isin(answers, TOPS)
    assert (wrong & among_tops).sum() > 0.6 * wrong.sum()
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (truth[wrong], answers[wrong]), 1)
    for cell in np.argsort(counts, axis=None)[-3:]:
        assert set(divmod(int(cell), 10)) <= set(TOPS)
    assert wrong[truth == SLUGS.index("shirt")].mean() > 2 * wrong[truth == SLUGS.index("trouser")].mean()


def test_no_picture_comes_twice(clothes):
    both = np.concatenate([clothes[0], clothes[2]]).reshape(-1, 784)
    assert len(np.unique(both, axis=0)) == len(both)


def test_the_labels_given_are_the_labels_drawn():
    labels = np.array([7, 1, 7, 1, 7, 1], np.uint8)
    height, width = extent(draw(labels, 0))
    assert (width[::2] == 28).all() and (height[1::2] == 28).all() and (width[1::2] < 20).all()


@pytest.mark.parametrize("labels", [[-1], [10], [[1, 2]]])
def test_labels_outside_the_ten_classes_are_refused(labels):
    with pytest.raises(ValueError, match="0 to 9"):
        draw(np.array(labels), 0)


def test_nothing_to_draw_gives_an_empty_stack():
    assert draw(np.array([], np.uint8), 0).shape == (0, 28, 28)
