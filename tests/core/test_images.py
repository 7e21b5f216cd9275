"""Many images become one picture, pixel for pixel, and fast."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset
from core.images import FRAME, RIGHT, WRONG, enlarge, png, sheet

IMAGES = np.random.default_rng(0).integers(1, 256, (7, 28, 28)).astype(np.uint8)


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_enlarged_pixels_stay_hard(scale: int) -> None:
    large = enlarge(IMAGES[0], scale)
    assert large.shape == (28 * scale, 28 * scale) and large.dtype == np.uint8
    assert np.array_equal(large[::scale, ::scale], IMAGES[0]) and np.array_equal(
        large[scale - 1 :: scale, scale - 1 :: scale], IMAGES[0]
    )
    assert enlarge(np.zeros((4, 6, 3), np.uint8), scale).shape == (4 * scale, 6 * scale, 3)


@pytest.mark.parametrize(("columns", "scale", "gap"), [(3, 1, 0), (3, 2, 2), (7, 3, 5), (10, 1, 1)])
def test_every_image_stands_in_its_place(columns: int, scale: int, gap: int) -> None:
    picture = sheet(IMAGES, columns, scale, gap)
    rows, step = -(-len(IMAGES) // columns), 28 * scale + gap
    assert picture.shape == (rows * step - gap, columns * step - gap)
    for index, image in enumerate(IMAGES):
        top, left = index // columns * step, index % columns * step
        tile = picture[top : top + 28 * scale, left : left + 28 * scale]
        assert np.array_equal(tile, enlarge(image, scale))
        tile[:] = 0
    assert not picture.any(), "between the images and in empty places there is only background"


def test_inverted_shows_dark_on_light_everywhere() -> None:
    assert np.array_equal(sheet(IMAGES, 3, inverted=True), 255 - sheet(IMAGES, 3))


@pytest.mark.parametrize("inverted", [False, True])
def test_right_and_wrong_differ_by_frame_and_by_sign(inverted: bool) -> None:
    blank = np.zeros((3, 28, 28), np.uint8)
    picture = sheet(blank, 3, scale=2, gap=2, inverted=inverted, marks=["right", "wrong", None])
    side = 56 + 2 * FRAME
    assert picture.shape == (side, 3 * (side + 2) - 2, 3)
    right, wrong, none = (picture[:, start : start + side] for start in (0, side + 2, 2 * (side + 2)))
    assert tuple(right[0, 0]) == tuple(right[-1, 0]) == RIGHT and tuple(wrong[0, 0]) == tuple(wrong[5, -1]) == WRONG
    assert (none == (255 if inverted else 0)).all()
    corner = [tile[-side // 4 :, -side // 4 :].min(axis=2) > 200 for tile in (right, wrong)]
    assert corner[0].any() and corner[1].any() and not np.array_equal(*corner), "the signs have different shapes"


def test_marks_cover_little_of_the_images() -> None:
    plain, marked = sheet(IMAGES, 7, gap=0), sheet(IMAGES, 7, gap=0, marks=["right"] * 7)
    side = 56 + 2 * FRAME
    inner = np.concatenate(
        [marked[FRAME:-FRAME, left + FRAME : left + side - FRAME, 0] for left in range(0, 7 * side, side)], axis=1
    )
    assert (inner != plain).mean() < 0.1


def test_no_images_are_an_empty_row() -> None:
    assert not sheet(IMAGES[:0], 4, 1, 0).any() and sheet(IMAGES[:0], 4, 1, 0).shape == (28, 112)
    assert sheet(IMAGES[:0], 4, marks=[]).ndim == 3


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_a_png_holds_exactly_the_picture(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(opened(png(picture)), picture)


def test_a_wall_of_225_garments_takes_no_time(garments: Dataset) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        png(sheet(garments.train_images[:225], 15))
        return time.perf_counter() - began

    assert min(seconds() for _ in range(20)) < 0.03
