"""What is amiss with a picture is said in words, each with something to do about it; a pair of shoes becomes one
shoe."""

import cv2
import numpy as np
import pytest

from core.vision import quality, shoe_pair
from core.vision.quality import Problem
from core.vision.reading import read_picture

FLOOR, BLUE, GREEN, BROWN = (220, 215, 205), (30, 40, 90), (30, 110, 50), (70, 35, 20)
SHIRT = np.array(
    [
        (0.3, 0.2),
        (0.7, 0.2),
        (0.9, 0.38),
        (0.8, 0.46),
        (0.7, 0.4),
        (0.7, 0.8),
        (0.3, 0.8),
        (0.3, 0.4),
        (0.2, 0.46),
        (0.1, 0.38),
    ]
)
TROUSERS = np.array([(0.3, 0.1), (0.7, 0.1), (0.8, 0.95), (0.6, 0.95), (0.5, 0.4), (0.4, 0.95), (0.2, 0.95)])
SHOE = np.array([(0, 0.55), (0.35, 0.45), (0.6, 0.1), (0.62, 0), (1, 0), (1, 1), (0, 1)])  # its toe to the left


def scene(width: int, height: int, ground, *things, noise: float = 0.0) -> np.ndarray:
    """Coloured polygons on a floor, (h, w, 4) uint8; a thing is (corners, colour, (left, top, width, height))."""
    picture = np.full((height, width, 3), ground, np.uint8)
    for corners, colour, (left, top, wide, high) in things:
        cv2.fillPoly(picture, [(corners * (wide, high) + (left, top)).round().astype(np.int32)], colour)
    speckled = np.clip(picture + np.random.default_rng(0).normal(0, noise, picture.shape), 0, 255).astype(np.uint8)
    return np.dstack([speckled, np.full((height, width), 255, np.uint8)])


def shirt(ground, cloth, noise: float = 1.5) -> np.ndarray:
    return scene(240, 320, ground, (SHIRT, cloth, (0, 0, 240, 320)), noise=noise)


FORBIDDING = {
    Problem.NOTHING_FOUND: scene(240, 320, (60, 70, 120), noise=12),
    Problem.TOO_SMALL: scene(480, 640, FLOOR, (SHIRT, BLUE, (210, 280, 60, 80))),
    Problem.TWO_THINGS: scene(
        400, 240, FLOOR, (SHIRT, BLUE, (10, 10, 180, 220)), (TROUSERS, GREEN, (220, 10, 160, 220))
    ),
    Problem.SEVERAL_THINGS: scene(
        420, 240, FLOOR, *[(SHIRT, BLUE, (5 + 140 * place, 40, 130, 170)) for place in range(3)]
    ),
}
WEAKENING = {
    Problem.WHITE_ON_WHITE: shirt((246, 246, 244), (237, 237, 235)),
    Problem.BLACK_ON_BLACK: shirt((27, 26, 28), (14, 14, 16)),
    Problem.SAME_COLOUR: shirt((140, 120, 100), (134, 114, 94)),
    Problem.DARK: shirt((14, 14, 16), (70, 20, 20)),
    Problem.BLURRED: cv2.GaussianBlur(shirt(FLOOR, BLUE), (0, 0), 14),
}


@pytest.mark.parametrize("problem", FORBIDDING, ids=lambda problem: problem.words)
def test_a_picture_without_one_garment_says_why(problem):
    assert read_picture(FORBIDDING[problem]).finding is problem


@pytest.mark.parametrize("problem", WEAKENING, ids=lambda problem: problem.words)
def test_what_makes_an_answer_less_certain_is_remarked_and_forbids_nothing(problem):
    reading = read_picture(WEAKENING[problem])
    assert (reading.finding, reading.remark) == (None, problem)


def test_a_clear_photo_has_nothing_amiss():
    reading = read_picture(shirt(FLOOR, BLUE))
    assert reading.finding is None and reading.remark is None


@pytest.mark.parametrize(
    ("touched", "doubtful", "forbidden"), [(10, False, False), (50, True, False), (92, True, True)]
)
def test_a_cut_out_along_the_frame_still_has_its_background(touched, doubtful, forbidden):
    mask = np.zeros((100, 100), bool)
    mask[20:80, 20:80] = True
    mask[:touched, :] = True
    rgb = np.where(mask[..., None], np.uint8(BLUE), np.uint8(FLOOR))
    assert (quality.remark(rgb, mask) is Problem.BACKGROUND_LEFT) == doubtful
    assert (quality.finding(mask) is Problem.BACKGROUND_LEFT) == forbidden


def test_every_problem_has_something_to_do_about_it():
    assert len(Problem) == 13
    assert all(problem.tip.endswith(".") and problem.words[0].islower() for problem in Problem)


def test_a_cut_out_that_came_with_the_picture_needs_no_contrast():
    pixels = shirt((255, 255, 255), (245, 245, 245), noise=0)
    pixels[..., 3] = np.where((pixels[..., :3] == 245).all(axis=2), 255, 0)
    assert read_picture(pixels).remark is None


@pytest.mark.parametrize("toe", ["left", "right"])
def test_a_pair_of_shoes_is_read_as_one_with_its_toe_to_the_left(toe):
    corners = SHOE if toe == "left" else np.column_stack([1 - SHOE[:, 0], SHOE[:, 1]])
    pair = scene(320, 240, FLOOR, (corners, BROWN, (20, 60, 130, 90)), (corners, BROWN, (170, 90, 130, 90)))
    single = scene(320, 240, FLOOR, (SHOE, BROWN, (90, 80, 130, 90)))
    reading = read_picture(pair)
    assert reading.finding is None
    assert ((reading.image > 0) == (read_picture(single).image > 0)).mean() > 0.95


def test_two_legs_and_two_colours_are_no_pair_of_shoes():
    picture = np.full((100, 200, 3), FLOOR, np.uint8)
    mask = np.zeros((100, 200), bool)
    mask[5:95, 60:80] = mask[5:95, 110:130] = True
    assert shoe_pair.one_shoe(picture, mask)[1] is mask
    mask = np.zeros((100, 200), bool)
    mask[30:70, 20:80] = mask[30:70, 110:170] = True
    assert shoe_pair.one_shoe(picture, mask)[1].sum() == mask.sum() / 2
    picture[:, :100], picture[:, 100:] = (200, 30, 30), (30, 60, 200)
    assert shoe_pair.one_shoe(picture, mask)[1] is mask
