"""Why an answer came about: the map of what mattered, and the sentences beside it."""

import numpy as np
import pytest

from core.inference.explanation import (
    compared,
    evidence_in_words,
    evidence_overlay,
    eyes_compared,
    in_words,
    neighbours_in_words,
    occlusion,
    overlay,
    said_alone,
)
from core.inference.network import shipped
from core.inference.verdict import NEITHER, Answer, Eyes, Verdict
from core.labels import NAMES


class TopLeft:
    """A network that says Bag as surely as the dot at (5, 5) is bright, and counts how often it is asked."""

    asked = 0

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        self.asked += 1
        bag = 0.1 + 0.8 * images[:, 5, 5] / 255
        return np.stack([bag if index == 8 else (1 - bag) / 9 for index in range(10)], axis=1).astype(np.float32)


def test_only_what_the_answer_hangs_on_matters_and_one_batch_is_enough():
    image = np.full((28, 28), 255, np.uint8)
    image[20:] = 0
    network = TopLeft()
    mattered = occlusion(network, image)
    assert network.asked == 1
    assert mattered.shape == (28, 28) and mattered[5, 5] == pytest.approx(0.8, abs=1e-5)
    assert mattered[5, 5] == mattered.max() and not mattered[:, 16:].any() and not mattered[20:].any()
    assert "the top left: with that covered, the bar of Bag falls by about 80 points of 100." in in_words(
        mattered, "Bag"
    )


def test_an_empty_picture_has_nothing_that_mattered():
    mattered = occlusion(TopLeft(), np.zeros((28, 28), np.uint8))
    assert not mattered.any() and "No single part" in in_words(mattered, "Bag")


def test_the_shipped_networks_answer_hangs_on_the_clothes(small):
    image = small.test_images[0]
    mattered = occlusion(shipped(), image)
    assert mattered.dtype == np.float32 and not mattered[image == 0].any()


def test_the_map_is_laid_over_the_picture_in_a_warm_colour():
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 4:24] = 100
    mattered = np.zeros((28, 28), np.float32)
    mattered[6:10, 6:10] = 0.5
    picture = overlay(image, mattered)
    assert picture.shape == (336, 336, 3) and picture.dtype == np.uint8
    warm = picture[..., 0].astype(int) - picture[..., 2]
    assert warm[8 * 12, 8 * 12] > 80 and warm[20 * 12, 20 * 12] == 0 and not picture[:12].any()
    assert not (
        overlay(image, np.zeros((28, 28), np.float32))[..., 0] != overlay(image, np.zeros((28, 28), np.float32))[..., 2]
    ).any()


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(1, 14, "the top:"), (14, 27, "the right:"), (14, 14, "the middle:"), (27, 1, "the bottom left:")],
)
def test_the_place_that_counts_most_is_named(row, column, words):
    mattered = np.zeros((28, 28), np.float32)
    mattered[row, column] = 0.3
    assert words in in_words(mattered, "Coat")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([8, 8, 8], "All 3 are called Bag, as the answer is."),
        ([8, 3, 8], "2 of 3 are called Bag, as the answer is. The others: Dress (1)."),
        ([8, 3, 3], "1 of 3 is called Bag, as the answer is. The others: Dress (2)."),
        (
            [3, 3, 2],
            "None of the 3 is called Bag: Dress (2), Pullover (1). That is a reason to doubt the answer.",
        ),
    ],
)
def test_the_neighbours_of_a_picture_that_was_answered_are_counted_in_words(labels, words):
    assert neighbours_in_words(8, np.array(labels), answered=True) == words


@pytest.mark.parametrize(
    ("labels", "parts"),
    [
        ([6, 6, 6], ["All 3 are called Shirt too"]),
        ([6, 4, 4, 2], ["1 of 4 is called Shirt too", "Coat (2), Pullover (1)"]),
        ([6, 6, 4], ["2 of 3 are called Shirt too", "Coat (1)"]),
        ([4, 2], ["None of the 2 is called Shirt", "Coat (1), Pullover (1)"]),
    ],
)
def test_other_names_among_the_neighbours_of_a_labelled_picture_are_said(labels, parts):
    words = neighbours_in_words(NAMES.index("Shirt"), np.array(labels, np.uint8), answered=False)
    assert all(part in words for part in parts)
    assert words.endswith("people gave them other names.") == (len(set(labels)) > 1)


def test_what_is_none_of_the_ten_has_no_neighbour_of_its_own_name():
    words = neighbours_in_words(None, np.array([3, 4, 3, 3, 8], np.uint8), answered=True)
    assert words == "They are called Dress (3), Coat (1), Bag (1)."


def says(index: int, share: float, **others: float) -> tuple[float, ...]:
    """Ten probabilities: one, those of others by their names, and the rest shared out."""
    known = {index: share} | {NAMES.index(name): value for name, value in others.items()}
    return tuple(known.get(each, (1 - sum(known.values())) / (10 - len(known))) for each in range(10))


def reply(index: int, share: float, verdict: Verdict = Verdict.SURE) -> Answer:
    return Answer(index, NAMES[index], says(index, share), verdict, "", "")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (reply(8, 0.9), reply(8, 0.6), "Both say Bag."),
        (reply(8, 0.9), reply(3, 0.6), "They differ: the first says Bag (90 %), “my run” Dress (60 %)."),
        (
            reply(8, 0.2, Verdict.NONE),
            reply(8, 0.6),
            "They differ: the first says none of the ten, “my run” Bag (60 %).",
        ),
        (reply(8, 0.2, Verdict.NONE), reply(3, 0.2, Verdict.NONE), "Both say none of the ten."),
    ],
)
def test_two_networks_agree_or_differ_in_words(first, second, words):
    assert compared(first, second, ("the first", "“my run”")) == words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("Coat", "Coat"), "Both say Coat."),
        (("Coat", "Pullover"), "They differ: the small network says Coat (60 %), the second eye Pullover (75 %)."),
        (("Coat", NEITHER), "They differ: the small network says Coat (60 %), the second eye none of the ten."),
        ((NEITHER, NEITHER), "Both say none of the ten."),
    ],
)
def test_whether_two_eyes_agree_is_said(said, words):
    assert eyes_compared(Eyes(says(4, 0.6), says(2, 0.75), said), "the small network") == words


def test_an_eye_that_says_none_of_the_ten_has_no_figure():
    assert said_alone("T-shirt/top", says(0, 0.61)) == "T-shirt/top 61 %"
    assert said_alone(NEITHER, says(3, 0.12)) == "None of the ten"


def test_what_the_second_eye_looked_at_is_warm_smooth_and_named():
    view, evidence = np.full((224, 224, 3), 100, np.uint8), np.zeros((7, 7), np.float32)
    evidence[0, 6] = 2
    seen = evidence_overlay(view, evidence)
    assert seen.shape == (224, 224, 3) and seen.dtype == np.uint8
    warm = seen[..., 0].astype(int) - seen[..., 2]
    assert warm[16, 208] > 80 and warm[200, 16] == 0 and len(np.unique(warm)) > 20
    assert evidence_in_words(evidence, "Coat") == "What speaks most for Coat is the top right of the photo."
    evidence[2, 3] = 3
    assert "is the middle of the photo." in evidence_in_words(evidence, "Coat")
    nothing = np.full((7, 7), -1, np.float32)
    assert evidence_in_words(nothing, "Coat") == "No place of the photo speaks for Coat."
    assert (evidence_overlay(view, nothing) == 85).all()
