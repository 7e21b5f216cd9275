"""What the second eye is shown of a photo."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.vision.edits import Edits
from core.vision.reading import read_drawing, read_photo, read_sample
from core.vision.views import GREY, LEAST, SIDE, VIEWS, views

MOST = 10_000_000


def scene(wide: int = 120, high: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A red garment on green, and where it is."""
    rgb = np.full((high, wide, 3), (40, 160, 60), np.uint8)
    mask = np.zeros((high, wide), bool)
    mask[60:120, 30:70] = True
    rgb[mask] = (200, 30, 30)
    return rgb, mask


def test_a_photo_is_shown_whole_close_up_and_cut_out_in_its_colours():
    whole, close, alone = views(*scene())
    assert whole.shape == (SIDE, SIDE, 3) and whole.dtype == np.uint8
    red = [(picture == (200, 30, 30)).all(axis=2).mean() for picture in (whole, close, alone)]
    assert 0.05 < red[0] < 0.09 and red[1] > 0.35 and red[2] > 0.45
    assert (whole[:, 0] == GREY).all() and (whole[0, SIDE // 2] == (40, 160, 60)).all()
    assert (close[0, SIDE // 2] == (40, 160, 60)).all() and (alone[0, 0] == 255).all()


def test_without_a_garment_the_whole_photo_is_shown_each_time():
    rgb, mask = scene()
    whole, close, alone = views(rgb, mask & False)
    assert (whole == close).all() and (whole[:, SIDE // 2] == alone[:, SIDE // 2]).all()


@pytest.mark.parametrize("shape", [(1, 320), (320, 1), (LEAST, LEAST), (320, 240)])
def test_a_photo_of_any_shape_fits(shape):
    rgb = np.zeros((*shape, 3), np.uint8)
    for mask in (np.ones(shape, bool), np.zeros(shape, bool)):
        assert views(rgb, mask).shape == (VIEWS, SIDE, SIDE, 3)


def test_a_picture_as_small_as_those_of_the_data_set_is_left_to_the_small_network():
    small = Image.fromarray(np.random.default_rng(0).integers(60, 200, (LEAST - 1, 28, 3)).astype(np.uint8))
    file = io.BytesIO()
    small.save(file, "PNG")
    assert len(read_photo(file.getvalue(), MOST).views) == 0


def photo() -> bytes:
    picture = Image.new("RGB", (300, 300), (225, 225, 220))
    ImageDraw.Draw(picture).polygon([(90, 60), (210, 60), (200, 250), (100, 250)], (40, 60, 160))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_a_photo_has_views_and_a_drawing_and_a_sample_have_none():
    assert read_photo(photo(), MOST).views.shape == (VIEWS, SIDE, SIDE, 3)
    canvas = np.zeros((280, 280, 4), np.uint8)
    canvas[60:220, 60:68, 3] = canvas[60:220, 212:220, 3] = canvas[60:68, 60:220, 3] = canvas[212:220, 60:220, 3] = 255
    assert len(read_drawing(canvas).views) == 0
    assert len(read_sample(np.zeros((28, 28), np.uint8)).views) == 0


def test_light_and_dark_swapped_for_the_small_network_change_nothing_for_the_second_eye():
    as_it_came, swapped = (read_photo(photo(), MOST, Edits(swapped=swap)) for swap in (False, True))
    assert (as_it_came.views[0] == swapped.views[0]).all()


def test_a_cut_out_stays_on_white_when_light_and_dark_are_swapped():
    picture = Image.open(io.BytesIO(photo())).convert("RGBA")
    pixels = np.array(picture)
    ground = (pixels[..., :3] == (225, 225, 220)).all(axis=2)
    pixels[..., :3] = np.random.default_rng(0).integers(60, 200, pixels[..., :3].shape)  # no pen's one colour
    pixels[ground, 3] = 0
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    as_it_came, swapped = (read_photo(file.getvalue(), MOST, Edits(swapped=swap)) for swap in (False, True))
    assert (as_it_came.views == swapped.views).all() and (swapped.views[0, 5, SIDE // 2] == 255).all()


def test_a_crop_is_what_the_second_eye_sees_too():
    cropped = read_photo(photo(), MOST, Edits(across=(0.2, 0.8), down=(0.1, 0.9)))
    assert (cropped.views[0] != read_photo(photo(), MOST).views[0]).any()
