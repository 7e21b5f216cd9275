"""The brush over a cut-out: two colours become two masks, and a refined mask obeys them."""

import cv2
import numpy as np
import pytest
from PIL import ImageColor

from core.vision.edits import DROP_COLOUR, KEEP_COLOUR, add_strokes, bounding_box, brush_masks, overlay_masks
from core.vision.segmentation import find_garment, refine


def test_the_two_colours_of_the_brush_become_two_masks():
    painted = np.zeros((10, 12, 4), np.uint8)
    painted[2:5, 3:6] = ImageColor.getrgb(KEEP_COLOUR)
    painted[6:8, 1:4] = ImageColor.getrgb(DROP_COLOUR)
    keep, drop = brush_masks(painted)
    assert keep.sum() == 9 and keep[2:5, 3:6].all()
    assert drop.sum() == 6 and drop[6:8, 1:4].all()


def scene() -> np.ndarray:
    """A grey floor with a noisy dark square in the middle and a bright one at the edge."""
    random = np.random.default_rng(0)
    picture = np.full((120, 160, 3), 190) + random.integers(-6, 6, (120, 160, 3))
    picture[30:90, 50:110] -= 140
    picture[40:80, 130:155] = (230, 60, 40)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 3])
def test_a_refined_mask_holds_what_was_kept_and_nothing_that_was_dropped(scale):
    picture = scene().repeat(scale, axis=0).repeat(scale, axis=1)
    keep, drop = np.zeros(picture.shape[:2], bool), np.zeros(picture.shape[:2], bool)
    keep[55 * scale : 65 * scale, 138 * scale : 148 * scale] = True
    drop[30 * scale : 40 * scale, 50 * scale : 110 * scale] = True
    found = find_garment(picture)
    assert found[60 * scale, 80 * scale] and not found[60 * scale, 10 * scale]
    refined = refine(picture, found, keep, drop)
    assert refined[keep].all() and not refined[drop].any()
    assert refined[60 * scale, 80 * scale] and not refined[60 * scale, 10 * scale]


def test_refining_changes_neither_the_picture_nor_the_masks():
    picture, nothing = scene(), np.zeros((120, 160), bool)
    found = find_garment(picture)
    before = picture.copy(), found.copy()
    refine(picture, found, nothing, ~found)
    assert (picture == before[0]).all() and (found == before[1]).all() and not nothing.any()


def test_what_a_ring_spans_is_a_box_and_a_dot_spans_nothing():
    paper = np.zeros((100, 200, 4), np.uint8)
    assert bounding_box(paper) is None
    paper[50:52, 100:102] = 255
    assert bounding_box(paper) is None
    cv2.ellipse(paper, (100, 50), (60, 30), 0, 0, 360, (255, 0, 0, 255), 1)
    assert bounding_box(paper) == (0.2, 0.2, 0.805, 0.81)


def test_what_was_marked_before_stays_unless_it_is_marked_the_other_way():
    before, now, against = (np.zeros((40, 60), bool) for _ in range(3))
    before[:20], now[:, 50:], against[:5] = True, True, True
    expected = before & ~against | now
    assert (add_strokes(before, now, against) == expected).all()
    assert (add_strokes(before[::2, ::2], now, against) == expected).all() and add_strokes(None, now, against) is now


def test_marks_are_seen_in_their_colours_and_leave_the_picture_alone():
    picture = np.full((40, 60, 3), 128, np.uint8)
    keep, drop = np.zeros((40, 60), bool), np.zeros((20, 30), bool)
    keep[:10], drop[-3:] = True, True
    shown = overlay_masks(picture, keep, drop)
    assert (picture == 128).all() and (shown[15:30] == 128).all()
    assert shown[2, 5, 1] > shown[2, 5, 0] + 60 and shown[38, 5, 0] > shown[38, 5, 1] + 60
    assert (overlay_masks(picture, None, None) == picture).all()
