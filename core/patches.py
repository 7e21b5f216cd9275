"""The shortcut by which `quick` learns fast: whitened patches in place of a convolution, folded back into one afterwards.

A convolution with stride 4 is a dense layer laid over 49 patches. Cutting and whitening the patches once, before training,
saves that work in every step and makes the learning easier; the result is exactly a plain convolution.
"""

from dataclasses import dataclass

import numpy as np

SIZE = 7  # a patch is 7 x 7 pixels
STRIDE = 4
BEFORE, AFTER = 1, 2  # rows of zeros that "same" padding adds for 28 pixels, kernel 7, stride 4
COMPONENTS = 24
PORTION = 500  # pictures projected at a time, so that they stay in the cache
EVERY = 20  # the whitening is worked out from every twentieth picture,
AT_LEAST = 50  # but from so many where there are few


@dataclass(frozen=True)
class Whitening:
    """A patch (49,) of pixels 0 to 1 becomes `(patch - mean) @ projection`, (COMPONENTS,) with mean 0 and variance 1."""

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


def project(images: np.ndarray, whitening: Whitening) -> np.ndarray:
    """Pictures (n, 28, 28) uint8 -> whitened patches (n, 7, 7, COMPONENTS) float32, by one convolution with stride 4."""
    import tensorflow as tf

    kernel = whitening.projection.reshape(SIZE, SIZE, 1, COMPONENTS)
    features = np.empty((len(images), SIZE, SIZE, COMPONENTS), np.float32)
    for begin in range(0, len(images), PORTION):
        pixels = images[begin : begin + PORTION, ..., np.newaxis].astype(np.float32) / 255
        features[begin : begin + PORTION] = tf.nn.conv2d(pixels, kernel, STRIDE, "SAME")
    return features - whitening.mean @ whitening.projection


def fold(trained: object, whitening: Whitening, plain: object) -> object:
    """Put what a network learned on whitened patches into the plain network, which takes pixels 0 to 1; answers stay the same."""
    patch_weights, patch_bias, *rest = trained.get_weights()  # (COMPONENTS, filters), (filters,)
    kernel = whitening.projection @ patch_weights  # (49, filters)
    bias = patch_bias - whitening.mean @ kernel
    plain.set_weights([kernel.reshape(SIZE, SIZE, 1, -1), bias, *rest])
    return plain
