"""The templates one may draw over."""

import numpy as np

from core.fitting.sketches import caricatures
from core.vision.reading import read_drawing
from core.vision.templates import GHOST, ghost


def test_each_class_has_a_faint_ghost_of_its_own_that_stays_on_the_paper():
    ghosts = [ghost(label, 320) for label in range(10)]
    assert len({paper.tobytes() for paper in ghosts}) == 10
    for paper in ghosts:
        assert paper.shape == (320, 320) and paper.dtype == np.uint8
        assert paper.min() == GHOST and (paper == 255).mean() > 0.9
        assert (
            (paper[:8] == 255).all()
            and (paper[-8:] == 255).all()
            and (paper[:, :8] == 255).all()
            and (paper[:, -8:] == 255).all()
        )


def test_a_ghost_drawn_over_is_one_whole_thing():
    for label in range(10):
        strokes = np.repeat((ghost(label, 320) < 255)[..., None], 4, axis=2).astype(np.uint8) * 255
        assert read_drawing(strokes).finding is None


def test_caricatures_are_whole_varied_and_the_same_from_the_same_seed():
    labels = np.repeat(np.arange(10), 12)
    sketched = caricatures(labels, np.random.default_rng(3))
    assert sketched.shape == (120, 28, 28) and sketched.dtype == np.uint8
    assert (sketched == caricatures(labels, np.random.default_rng(3))).all()
    assert len({picture.tobytes() for picture in sketched}) == 120
    covered = (sketched > 0).mean(axis=(1, 2))
    assert (covered > 0.02).all() and np.median(covered) > 0.2
