"""The shortcut by which `quick` learns fast: whitened patches in place of a convolution, folded back into one
afterwards.

A convolution with stride 4 is a dense layer laid over 49 patches. Whitened by a fixed projection, the patches are
easier to learn from and need no gradient of their own; the result is exactly a plain convolution. Its text goes into
the script of a run: it needs nothing of this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

SIZE = 7  # a patch is 7 x 7 pixels
STRIDE = 4
BEFORE, AFTER = 1, 2  # rows of zeros that "same" padding adds for 28 pixels, kernel 7, stride 4
COMPONENTS = 24
EVERY = 20  # the whitening is worked out from every twentieth picture,
AT_LEAST = 50  # but from so many where there are few


@dataclass(frozen=True)
class Whitening:
    """A patch (49,) of pixels 0 to 1 becomes `(patch - mean) @ projection`, (COMPONENTS,) with mean 0 and variance
    1."""

    mean: np.ndarray  # (49,) float32
    projection: np.ndarray  # (49, COMPONENTS) float32


def cut(images: np.ndarray) -> np.ndarray:
    """Pictures (n, 28, 28) uint8 -> their patches (n, 7, 7, 49) float32, 0 to 1."""
    padded = np.pad(images, ((0, 0), (BEFORE, AFTER), (BEFORE, AFTER)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIZE, SIZE), axis=(1, 2))[:, ::STRIDE, ::STRIDE]
    return windows.reshape(len(images), SIZE, SIZE, SIZE * SIZE).astype(np.float32) / 255


def whiten(images: np.ndarray) -> Whitening:
    """The principal components of the pictures' patches, scaled to variance 1."""
    every = min(EVERY, max(1, len(images) // AT_LEAST))
    rows = cut(images[::every]).reshape(-1, SIZE * SIZE).astype(np.float64)
    mean = rows.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(rows - mean, rowvar=False))
    strongest = np.argsort(variances)[::-1][:COMPONENTS]
    projection = directions[:, strongest] / np.sqrt(variances[strongest] + 1e-5)
    return Whitening(mean.astype(np.float32), projection.astype(np.float32))


def whitened(learner: keras.Model, whitening: Whitening) -> keras.Model:
    """Give the first layer of `build_on_patches` the whitening, as a convolution of pixels 0 to 1; it is not
    trained."""
    kernel = whitening.projection.reshape(SIZE, SIZE, 1, COMPONENTS)
    learner.layers[0].set_weights([kernel, -whitening.mean @ whitening.projection])
    return learner


def fold(learner: keras.Model, plain: keras.Model) -> keras.Model:
    """Put what a network learned behind its whitening into the plain network; answers stay the same."""
    projection, offset, patch_weights, patch_bias, *rest = learner.get_weights()  # the third is (COMPONENTS, filters)
    plain.set_weights([projection @ patch_weights, offset @ patch_weights + patch_bias, *rest])
    return plain
