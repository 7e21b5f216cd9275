"""Two eyes give one verdict: as they were fitted together, and with care where they were not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.inference.eye import Joining
from core.inference.network import UNCALIBRATED, Calibration, Thresholds
from core.inference.verdict import Answer, Eyes, Verdict, answer
from core.runs.results import SHIPPED, eye_beside
from core.vision.quality import Problem
from core.vision.reading import Kind, Reading
from core.vision.views import SIDE

COAT, PULLOVER = 4, 2
FITTED = Calibration(thresholds={Kind.PHOTO: Thresholds(0.99, 0.98)})  # of its own answers: not to be used for two
PHOTO = Reading(np.zeros((28, 28), np.uint8), (), Kind.PHOTO, 0.4, None, views=np.zeros((3, SIDE, SIDE, 3), np.uint8))
EYE_WEIGHT = 3


def shares(index: int, share: float) -> np.ndarray:
    """Ten probabilities: one, and the rest shared out."""
    return np.array([share if each == index else (1 - share) / 9 for each in range(10)], np.float32)


def asked(own: np.ndarray, seen: np.ndarray, calibration: Calibration = FITTED, reading: Reading = PHOTO) -> Answer:
    """The answer of a network that gives `own` beside a second eye that gives `seen`."""
    network = SimpleNamespace(calibration=calibration, probabilities=lambda images: own[None])
    eye = SimpleNamespace(
        look=lambda reading: SimpleNamespace(probabilities=seen),
        joining=Joining(1, EYE_WEIGHT, Thresholds(0.7, 0.2)),
        alone=Thresholds(0.8, 0.3),
    )
    return answer(network, reading, eye)  # type: ignore[arg-type]


def test_the_answer_of_two_that_were_fitted_together_is_weighted_and_judged_by_their_own_thresholds() -> None:
    own, seen = shares(COAT, 0.6), shares(PULLOVER, 0.4)
    joint = own * seen**EYE_WEIGHT
    given = asked(own, seen)
    assert given.label == "Pullover" and np.allclose(given.probabilities, joint / joint.sum(), atol=1e-5)
    assert given.verdict is Verdict.SURE and 0.7 < given.probabilities[PULLOVER] < 0.99
    assert given.eyes is not None and not given.eyes.agree
    assert np.allclose(given.eyes.network, own) and np.allclose(given.eyes.eye, seen)
    assert asked(shares(COAT, 0.15), shares(COAT, 0.15)).verdict is Verdict.UNSURE
    assert asked(shares(COAT, 0.11), shares(COAT, 0.11)).verdict is Verdict.NONE


@pytest.mark.parametrize(("seen", "verdict"), [(0.85, Verdict.SURE), (0.6, Verdict.UNSURE)])
def test_a_network_that_never_saw_photos_is_as_sure_as_the_second_eye_when_both_agree(
    seen: float, verdict: Verdict
) -> None:
    for own in (0.3, 0.99):
        given = asked(shares(COAT, own), shares(COAT, seen), UNCALIBRATED)
        assert given.verdict is verdict and given.label == "Coat" and given.eyes and given.eyes.agree
        assert verdict is not Verdict.SURE or given.percent in given.reason  # that of the bar which is shown
    assert (
        asked(shares(COAT, 0.99), shares(COAT, 0.85), UNCALIBRATED, replace(PHOTO, views=PHOTO.views[:0])).eyes is None
    )


def test_two_that_differ_and_were_not_fitted_together_leave_it_open() -> None:
    given = asked(shares(COAT, 0.999), shares(PULLOVER, 0.999), UNCALIBRATED)
    assert given.verdict is Verdict.UNSURE and "Coat" in given.reason and "Pullover" in given.reason and given.tip


def test_where_the_second_eye_sees_none_of_the_ten_a_network_that_never_saw_photos_does_not_overrule_it() -> None:
    given = asked(shares(COAT, 0.99), shares(COAT, 0.25), UNCALIBRATED)
    assert given.verdict is Verdict.UNSURE and "the second eye none of the ten" in given.reason
    assert given.eyes and given.eyes.said == ("Coat", "none of the ten") and not given.eyes.agree


@pytest.mark.parametrize("calibration", [FITTED, UNCALIBRATED])
def test_what_neither_of_them_named_is_never_sure_and_is_said_to_be_what_both_find_possible(
    calibration: Calibration,
) -> None:
    own, seen = np.full(10, 1e-3, np.float32), np.full(10, 1e-3, np.float32)
    own[[COAT, 0]], seen[[PULLOVER, 0]] = (0.52, 0.47), (0.52, 0.47)
    given = asked(own, seen, calibration)
    assert given.label == "T-shirt/top" and given.probabilities[0] > 0.7 and given.verdict is Verdict.UNSURE
    assert all(word in given.reason for word in ("second eye Pullover", "both find possible is T-shirt/top"))


@pytest.mark.parametrize("calibration", [FITTED, UNCALIBRATED])
@pytest.mark.parametrize("seen", [COAT, PULLOVER])
def test_what_is_not_one_garment_stays_unclear_however_sure_both_are(calibration: Calibration, seen: int) -> None:
    reading = replace(PHOTO, finding=Problem.SEVERAL_THINGS)
    given = asked(shares(COAT, 0.99), shares(seen, 0.99), calibration, reading)
    assert given.verdict is Verdict.UNCLEAR and Problem.SEVERAL_THINGS.words in given.reason and given.eyes


@pytest.mark.parametrize("kind", [Kind.DRAWING, Kind.SAMPLE])
def test_what_is_no_photo_the_network_answers_alone(kind: Kind) -> None:
    own = shares(COAT, 0.9)
    given = asked(own, shares(PULLOVER, 0.999), FITTED, replace(PHOTO, kind=kind, views=PHOTO.views[:0]))
    assert given.eyes is None and given.label == "Coat" and np.allclose(given.probabilities, own)


def test_each_eye_says_what_it_would_say_alone() -> None:
    given = asked(shares(COAT, 0.5), shares(COAT, 0.9))  # less than the network alone calls none of the ten
    assert given.eyes and given.eyes.said == ("none of the ten", "Coat") and not given.eyes.agree
    same = asked(shares(COAT, 0.985), shares(COAT, 0.9)).eyes
    assert same and same.said == ("Coat", "Coat") and same.agree and isinstance(same, Eyes)


def test_the_second_eye_stands_beside_the_network_it_was_fitted_with() -> None:
    assert eye_beside(SHIPPED) and not eye_beside("0123456789ab")
