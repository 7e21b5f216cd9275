"""A garment is cut out of a picture of somebody who wears it, and what nobody wears is left alone."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from core.vision.decode import open_picture
from core.vision.edits import Edits
from core.vision.reading import read_photo, read_picture
from core.vision.wearer import without_wearer

SKINS = [(250, 218, 192), (231, 180, 143), (198, 134, 90), (141, 85, 50), (92, 60, 42)]  # RGB, from pale to dark
SHIRT = np.array(
    [
        (70, 90),
        (110, 80),
        (130, 92),
        (150, 80),
        (190, 90),
        (222, 140),
        (196, 158),
        (184, 138),
        (184, 260),
        (76, 260),
        (76, 138),
        (64, 158),
    ]
)


def somebody(
    skin: tuple[int, int, int], ground: tuple[int, int, int] = (246, 246, 246)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Somebody in a green T-shirt: the picture, the whole of them, and the shirt alone."""
    body, shirt = np.zeros((300, 260), np.uint8), np.zeros((300, 260), np.uint8)
    cv2.ellipse(body, (130, 42), (24, 32), 0, 0, 360, 1, -1)
    cv2.rectangle(body, (119, 60), (141, 110), 1, -1)
    for elbow, hand in (((72, 140), (40, 230)), ((188, 140), (220, 230))):
        cv2.line(body, elbow, hand, 1, 20)
    cv2.fillPoly(shirt, [SHIRT], 1)
    picture = np.full((300, 260, 3), ground, np.uint8)
    picture[body > 0] = skin
    picture[shirt > 0] = (30, 120, 70)
    noise = np.random.default_rng(0).normal(0, 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8), (body | shirt) > 0, shirt > 0


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize("skin", SKINS)
def test_head_and_arms_go_and_the_shirt_stays(skin):
    picture, whole, shirt = somebody(skin)
    assert overlap(whole, shirt) < 0.8
    assert overlap(without_wearer(picture, whole), shirt) > 0.93


def test_on_wood_nothing_is_taken_for_skin():
    picture, whole, _ = somebody(SKINS[1], ground=(205, 160, 120))
    assert without_wearer(picture, whole) is whole


def test_one_patch_in_the_colour_of_skin_is_a_patch():
    picture, _, shirt = somebody(SKINS[1])
    picture[140:258, 78:120] = SKINS[1]
    assert without_wearer(picture, shirt) is shirt


def test_a_shirt_in_the_colour_of_skin_is_no_body():
    picture, whole, shirt = somebody(SKINS[1])
    picture[shirt] = SKINS[1]
    assert without_wearer(picture, whole) is whole


def test_a_beige_garment_with_sleeves_a_little_redder_is_one_garment():
    picture, whole, shirt = somebody((200, 170, 145))
    picture[shirt] = (188, 172, 158)
    assert without_wearer(picture, whole) is whole
    picture[shirt] = (40, 60, 90)
    assert overlap(without_wearer(picture, whole), shirt) > 0.93


def test_two_shoes_in_the_colour_of_skin_are_shoes():
    picture, whole = np.full((200, 300, 3), 246, np.uint8), np.zeros((200, 300), np.uint8)
    for left in (30, 170):
        cv2.ellipse(whole, (left + 50, 100), (50, 24), 0, 0, 360, 1, -1)
    picture[whole > 0] = SKINS[2]
    assert without_wearer(picture, whole > 0).sum() == whole.sum()


@pytest.mark.parametrize("nothing", [np.zeros((40, 40), bool), np.ones((40, 40), bool)])
def test_an_empty_or_a_full_cut_out_stays_as_it_is(nothing):
    assert without_wearer(np.full((40, 40, 3), 200, np.uint8), nothing) is nothing


def test_a_picture_with_a_clear_ground_is_read_without_the_wearer_and_says_so():
    picture, whole, shirt = somebody(SKINS[2])
    file = io.BytesIO()
    Image.fromarray(np.dstack([picture, np.where(whole, 255, 0).astype(np.uint8)])).save(file, "PNG")
    reading = read_photo(file.getvalue(), 10**7)
    assert "the person wearing it" in reading.stages[1].words
    assert reading.cover == pytest.approx(shirt.mean(), rel=0.08)
    alone = read_picture(np.dstack([picture, np.where(shirt, 255, 0).astype(np.uint8)]))
    assert np.abs(reading.image.astype(int) - alone.image).mean() < 12
    assert "wears" not in alone.stages[1].words


def test_somebody_before_a_white_wall_is_cut_out_too():
    picture, _, shirt = somebody(SKINS[3])
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=92)
    reading = read_picture(open_picture(file.getvalue(), 10**7))
    assert reading.cover == pytest.approx(shirt.mean(), rel=0.12) and reading.finding is None


def test_brushing_something_else_away_does_not_bring_the_wearer_back():
    picture, _, shirt = somebody(SKINS[3])
    picture[4:24, 4:24] = (30, 120, 60)
    opened = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    drop = np.zeros(picture.shape[:2], bool)
    drop[:28, :28] = True
    mended = read_picture(opened, Edits(drop=drop))
    assert mended.cover == pytest.approx(shirt.mean(), rel=0.15) and mended.finding is None
    assert "the person wearing it" in mended.stages[1].words
