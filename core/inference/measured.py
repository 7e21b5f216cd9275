"""How well pictures whose class is known are answered: how many are right, how many sure, and how far that can be off.

Knows nothing of files, networks or pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from core.inference.verdict import Answer, Verdict

WIDTH = 1.96  # standard deviations to each side, for an interval that holds the truth 95 times in 100


@dataclass(frozen=True)
class Share:
    """A part of a number of pictures."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """0 to 1; 0 of none."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def between(self) -> tuple[float, float]:
        """Between which shares the true one of all such pictures lies, 95 times in 100 (Wilson 1927, JASA 22)."""
        if not self.whole:
            return 0.0, 1.0
        share, count, square = self.value, self.whole, WIDTH**2
        middle = (share + square / (2 * count)) / (1 + square / count)
        half = WIDTH * sqrt(share * (1 - share) / count + square / (4 * count**2)) / (1 + square / count)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Measured:
    """What answers to pictures of known classes are worth. An answer in doubt counts by the class it names first."""

    right: Share  # of all
    sure: Share  # of all
    right_when_sure: Share  # of those answered as sure
    classes: tuple[Share, ...]  # of the pictures of each class, in class order, those that are right

    @property
    def mean_of_classes(self) -> float:
        """The mean share that is right of each class with pictures, 0 to 1; 0 without any."""
        there = [share.value for share in self.classes if share.whole]
        return sum(there) / len(there) if there else 0.0


def measured(labels: np.ndarray, answers: Sequence[Answer]) -> Measured:
    """Compare answers with the true classes (n,) int, -1 for none of the ten, which no answer meets."""
    sure = np.array([given.verdict is Verdict.SURE for given in answers], bool)
    right = np.array([given.index for given in answers], int) == labels
    return Measured(
        right=_share(right),
        sure=_share(sure),
        right_when_sure=_share(right[sure]),
        classes=tuple(_share(right[labels == label]) for label in range(10)),
    )


def _share(which: np.ndarray) -> Share:
    return Share(int(which.sum()), len(which))
