"""The shortcut by which `quick` learns fast: whitened patches in place of a convolution, folded back into one afterwards.

A convolution with stride 4 is a dense layer laid over 49 patches. Whitened by a fixed projection, the patches are easier to
learn from and need no gradient of their own; the result is exactly a plain convolution.
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
    """Pictures (n, 28, 28) uint8 -> whitened patches (n, 7, 7, COMPONENTS) float32."""
    parts = np.array_split(images, -(-len(images) // PORTION))
    return np.concatenate([project_tensor(part[..., np.newaxis], whitening) for part in parts])


def project_tensor(pixels: object, whitening: Whitening) -> object:
    """The same for a tensor (n, 28, 28, 1), inside a graph: one convolution with stride 4, without a gradient."""
    import tensorflow as tf

    kernel = whitening.projection.reshape(SIZE, SIZE, 1, COMPONENTS) / 255
    return tf.nn.conv2d(tf.cast(pixels, tf.float32), kernel, STRIDE, "SAME") - whitening.mean @ whitening.projection


def fold(trained: object, whitening: Whitening, plain: object) -> object:
    """Put what a network learned on whitened patches into the plain network, which takes pixels 0 to 1; answers stay the same."""
    patch_weights, patch_bias, *rest = trained.get_weights()  # (COMPONENTS, filters), (filters,)
    kernel = whitening.projection @ patch_weights  # (49, filters)
    bias = patch_bias - whitening.mean @ kernel
    plain.set_weights([kernel.reshape(SIZE, SIZE, 1, -1), bias, *rest])
    return plain
