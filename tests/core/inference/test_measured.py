"""What answers to pictures of known classes are worth, and how far that may be off."""

import numpy as np
import pytest

from core.inference.measured import Share, measured
from core.inference.verdict import Answer, Verdict


def answered(index: int, verdict: Verdict = Verdict.SURE) -> Answer:
    return Answer(index, "", tuple(np.eye(10)[index]), verdict, "", "")


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),  # statsmodels' proportion_confint(part, whole, method="wilson")
    [(46, 60, 0.6456, 0.8556), (60, 60, 0.9398, 1), (0, 10, 0, 0.2775), (1, 1, 0.2065, 1), (250, 500, 0.4563, 0.5437)],
)
def test_a_share_says_between_what_the_true_one_lies(part: int, whole: int, low: float, high: float) -> None:
    assert Share(part, whole).between == pytest.approx((low, high), abs=1e-4)


def test_of_nothing_everything_is_possible() -> None:
    assert Share(0, 0).between == (0, 1) and Share(0, 0).value == 0


def test_right_answers_are_counted_in_all_among_the_sure_and_by_class() -> None:
    labels = np.array([4, 4, 8, 8, 8, -1])
    verdicts = [Verdict.SURE, Verdict.UNSURE, Verdict.SURE, Verdict.SURE, Verdict.NONE, Verdict.SURE]
    answers = [answered(index, verdict) for index, verdict in zip((4, 4, 8, 2, 8, 0), verdicts, strict=True)]
    found = measured(labels, answers)
    assert (found.right, found.sure, found.right_when_sure) == (Share(4, 6), Share(4, 6), Share(2, 4))
    assert (found.classes[4], found.classes[8], found.classes[0]) == (Share(2, 2), Share(2, 3), Share(0, 0))
    assert found.mean_of_classes == pytest.approx(5 / 6)
