"""What the layers of a network do to one picture: convolution, ReLU, pooling, dropout.

For showing; training uses Keras.

Works on arrays alone: knows nothing of networks, pages or data sets.
"""

from dataclasses import dataclass

import numpy as np

from core.language import N_


@dataclass(frozen=True, eq=False)
class Kernel:
    """A small table of numbers that is slid over a picture, and what it does to it."""

    name: str
    words: str
    weights: np.ndarray  # (3, 3) float64


KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel(
            N_("Upright edges"),
            N_("Bright where the picture gets brighter from left to right."),
            np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
        ),
        Kernel(
            N_("Level edges"),
            N_("Bright where the picture gets brighter from top to bottom."),
            np.array([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]]),
        ),
        Kernel(
            N_("Blur"),
            N_("Each dot becomes the average of itself and its eight neighbours."),
            np.full((3, 3), 1 / 9),
        ),
        Kernel(
            N_("Sharpen"),
            N_("Each dot is lifted away from its neighbours: edges stand out."),
            np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ),
        Kernel(
            N_("Outline"),
            N_("Zero on even ground, large wherever something changes."),
            np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
        ),
    )
}


def convolve(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Slide a kernel (k, k) over a picture (h, w) scaled to 0 to 1: (h - k + 1, w - k + 1) float64, as a Conv2D layer
    without bias."""
    places = np.lib.stride_tricks.sliding_window_view(image.astype(float) / 255, weights.shape)  # (.., .., k, k)
    values: np.ndarray = (places * weights).sum(axis=(2, 3))
    return values


def relu(values: np.ndarray) -> np.ndarray:
    """Negative numbers become 0."""
    positive: np.ndarray = np.maximum(values, 0)
    return positive


def pool(values: np.ndarray) -> np.ndarray:
    """The largest of every 2 x 2 numbers: (h, w) -> (h // 2, w // 2); an odd last row or column is left out, as Keras
    does."""
    height, width = (side // 2 for side in values.shape)
    largest: np.ndarray = values[: 2 * height, : 2 * width].reshape(height, 2, width, 2).max(axis=(1, 3))
    return largest


def drop(values: np.ndarray, rate: float, seed: int) -> np.ndarray:
    """A random share `rate` of the numbers becomes 0, and the others grow by as much (Srivastava et al. 2014)."""
    kept = np.random.default_rng(seed).random(values.shape) >= rate
    return np.where(kept, values / (1 - rate), 0)


def to_grey(values: np.ndarray) -> np.ndarray:
    """Numbers as a picture, uint8: 0 is middle grey where some are negative, else black; the farthest from 0 is white
    or black."""
    most = float(np.abs(values).max()) or 1.0
    if values.min() < 0:
        return (127.5 + 127.5 * values / most).round().astype(np.uint8)
    return (255 * values / most).round().astype(np.uint8)
