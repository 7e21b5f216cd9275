"""Turning and rounding of points, for everything here that draws or moves a picture."""

import numpy as np
from numpy.typing import ArrayLike


def rotation(angle: float) -> np.ndarray:
    """The matrix that turns points by an angle in radians: (2, 2) float."""
    return np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])


def to_pixels(points: ArrayLike) -> np.ndarray:
    """Points (n, 2), x and y, at the nearest whole pixels: (n, 2) int32, as OpenCV draws them."""
    return np.array(points, float).round().astype(np.int32)
