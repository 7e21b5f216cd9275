"""A canvas on which garments are cut: filled shapes and lines, each belonging to a part (body, sleeve, trim, ...).

Every length is in units of the finished garment's side (1.0 = 28 pixels), x = 0 in the middle, y = 0 at the top.
Knows nothing of garments, tones or cloth.
"""

from collections.abc import Sequence

import cv2
import numpy as np

UNIT = 112  # canvas pixels for a garment of length 1: four times the finished picture
CANVAS = 176
EMPTY, BODY, SLEEVE, TRIM, LINE, DETAIL, INSIDE, PANEL = range(8)  # the parts of a garment

Points = Sequence[Sequence[float] | np.ndarray] | np.ndarray  # (k, 2): x and y of each


def curve(points: Points, steps: int = 4) -> np.ndarray:
    """A smooth line through the points (Catmull-Rom), ends included: (k, 2) floats."""
    p = np.asarray(points, float)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    middle = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([middle.reshape(-1, 2), p[-2:-1]])


class Cloth:
    """A canvas of parts, so many times larger than usual, and the generator that decides every choice about them."""

    def __init__(self, rng: np.random.Generator, times: int = 1) -> None:
        self.parts = np.zeros((CANVAS * times, CANVAS * times), np.uint8)
        self.rng, self.times = rng, times

    def u(self, low: float, high: float) -> float:
        """A number drawn evenly between two."""
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def pick(self, *weights: float) -> int:
        """An index drawn with these weights."""
        left = self.rng.random() * sum(weights)
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        return len(weights) - 1

    def _pixels(self, points: Points) -> np.ndarray:
        sixteenths = 16 * self.times * (np.asarray(points) * UNIT + (CANVAS / 2, 30))  # for shift=4
        return np.rint(sixteenths).astype(np.int32)

    def fill(self, points: Points, part: int = BODY) -> None:
        """Fill the shape with these corners."""
        cv2.fillPoly(self.parts, [self._pixels(points)], part, shift=4)

    def pair(self, points: Points, part: int) -> None:
        """Fill a shape and its mirror image."""
        self.fill(points, part)
        self.fill(np.asarray(points) * (-1, 1), part)

    def line(self, points: Points, part: int = LINE, width: float = 0.02, closed: bool = False) -> None:
        """Draw a line through the points."""
        cv2.polylines(
            self.parts, [self._pixels(points)], closed, part, max(1, round(width * UNIT * self.times)), shift=4
        )

    def lines(self, points: Points, part: int = LINE, width: float = 0.02) -> None:
        """Draw a line and its mirror image."""
        self.line(points, part, width)
        self.line(np.asarray(points) * (-1, 1), part, width)

    def oval(self, x: float, y: float, across: float, down: float, part: int) -> None:
        """Fill an ellipse with its middle and its two radii."""
        angle = np.linspace(0, 2 * np.pi, 17)[:-1]
        self.fill(np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], 1), part)

    def box(self, x: float, y: float, across: float, down: float, part: int) -> None:
        """Fill a rectangle with its upper left corner and its two sides."""
        self.fill([(x, y), (x + across, y), (x + across, y + down), (x, y + down)], part)
