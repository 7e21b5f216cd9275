"""The same networks and optimisers, computed in fewer passes over memory: recipes train faster, their mathematics stay.

Nothing here holds weights: `forward_pass` computes with a Keras network's own variables, so that gradients, optimisers
and files know only the plain network. What it knows no shortcut for is left to the Keras layer. Three things are worth
a shortcut (the third, for Adam, stands in optimiser.py):

- The first convolution sees one channel. Its patches are cut by a convolution with an identity kernel, and the rest is
  one matrix product, whose gradient is far cheaper than that of a convolution.
- A maximum over 2 x 2 dots comes before bias and ReLU: both are monotone, and have a quarter of the dots to do.
- Adam's step is one fused operation in place of ten.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from core.training.backend import HAS_ONEDNN

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

POOL = 2  # the pooling that has a shortcut: the largest of 2 x 2
Step: TypeAlias = "Callable[[tf.Tensor, bool], tf.Tensor]"  # inputs, whether it trains -> outputs


def forward_pass(network: keras.Model, onednn: bool = HAS_ONEDNN) -> Step:
    """The forward pass of a built Keras Sequential for inputs (n, height, width, channels) float32.

    `onednn` says that TensorFlow pools with Intel's routines; without them a maximum is made of additions and ReLUs.
    """
    steps = [step for _, step in steps_of(network, onednn)]

    def forward(inputs: tf.Tensor, training: bool) -> tf.Tensor:
        for step in steps:
            inputs = step(inputs, training)
        return inputs

    return forward


def steps_of(network: keras.Model, onednn: bool = HAS_ONEDNN) -> list[tuple[keras.Layer, Step]]:
    """The same, one step after the other, each beside its layer; a convolution does the pooling after it, too."""
    steps = []
    layers = list(network.layers)
    while layers:
        layer = layers.pop(0)
        pooled = bool(layers) and _is_convolution(layer) and _is_pooling(layers[0])
        if _is_convolution(layer) and layer.kernel.shape[2] == 1:
            step = _first_convolution(layer, pooled, onednn)
        elif pooled:
            step = _pooled_convolution(layer)
        else:
            step = _plain(layer)
        if pooled:
            layers.pop(0)
        steps.append((layer, step))
    return steps


def _is_convolution(layer: keras.Layer) -> bool:
    """Whether it moves dot by dot, with a bias, and ends in a ReLU or nothing."""
    from keras import activations, layers

    return (
        isinstance(layer, layers.Conv2D)
        and layer.strides == layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.use_bias
        and layer.data_format == "channels_last"
        and layer.activation in (activations.relu, activations.linear)
    )


def _is_pooling(layer: keras.Layer) -> bool:
    from keras import layers

    return (
        isinstance(layer, layers.MaxPooling2D)
        and layer.pool_size == layer.strides == (POOL, POOL)
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
    )


def _plain(layer: keras.Layer) -> Step:
    """The Keras layer itself."""
    if "training" in inspect.signature(layer.call).parameters:
        return lambda inputs, training: layer(inputs, training=training)
    return lambda inputs, training: layer(inputs)


def _first_convolution(layer: keras.Layer, pooled: bool, onednn: bool) -> Step:
    """A convolution of one channel, and the pooling after it: the dots below the kernel beside a one for the bias,
    times one matrix."""
    import tensorflow as tf

    height, width, _, filters = layer.kernel.shape

    def whole(inputs: tf.Tensor, training: bool) -> tf.Tensor:
        dots = _dots(inputs, height, width, 1, layer.padding.upper())
        sums = tf.matmul(tf.reshape(dots, (-1, dots.shape[3])), _with_bias(layer, layer.kernel))
        sums = tf.reshape(sums, (-1, *dots.shape[1:3], filters))
        return layer.activation(tf.nn.max_pool2d(sums, POOL, POOL, "VALID") if pooled else sums)

    def corners(inputs: tf.Tensor, training: bool) -> tf.Tensor:  # four members of a group share the dots below them
        edges = [[(size - 1) // 2, size // 2] if layer.padding == "same" else [0, 0] for size in (height, width)]
        dots = _dots(inputs, height + 1, width + 1, POOL, [[0, 0], *edges, [0, 0]])
        flat = tf.reshape(dots, (-1, dots.shape[3]))
        moved = [
            tf.pad(layer.kernel, [[down, 1 - down], [right, 1 - right], [0, 0], [0, 0]])
            for down in (0, 1)
            for right in (0, 1)
        ]
        first, second, third, fourth = (tf.matmul(flat, _with_bias(layer, kernel)) for kernel in moved)
        largest = _larger(_larger(first, second), _larger(third, fourth))
        return layer.activation(tf.reshape(largest, (-1, *dots.shape[1:3], filters)))

    return corners if pooled and not onednn else whole


def _dots(inputs: tf.Tensor, height: int, width: int, stride: int, padding: str | list[list[int]]) -> tf.Tensor:
    """The height x width dots below a kernel at each of its places, and a one: (n, down, right, height * width + 1)."""
    import numpy as np
    import tensorflow as tf

    count = height * width
    copy = np.eye(count, count + 1, dtype=np.float32).reshape(height, width, 1, count + 1)
    return tf.nn.bias_add(tf.nn.conv2d(inputs, copy, stride, padding), np.eye(count + 1, dtype=np.float32)[count])


def _with_bias(layer: keras.Layer, kernel: tf.Tensor) -> tf.Tensor:
    """The matrix that belongs to `_dots`."""
    import tensorflow as tf

    return tf.concat([tf.reshape(kernel, (-1, layer.filters)), layer.bias[tf.newaxis]], 0)


def _larger(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Their maximum, with a gradient that costs one pass: that of `tf.maximum` compares and selects twice."""
    import tensorflow as tf

    return tf.nn.relu(first - second) + second


def _pooled_convolution(layer: keras.Layer) -> Step:
    """A later convolution, and the pooling after it: what pooling would leave out at an odd edge is not computed."""
    import tensorflow as tf

    def step(inputs: tf.Tensor, training: bool) -> tf.Tensor:
        if layer.padding == "valid":
            inputs = _cropped(
                inputs, *((inputs.shape[axis + 1] - layer.kernel_size[axis] + 1) % POOL for axis in (0, 1))
            )
        sums = tf.nn.conv2d(inputs, layer.kernel, 1, layer.padding.upper())
        return layer.activation(tf.nn.bias_add(tf.nn.max_pool2d(sums, POOL, POOL, "VALID"), layer.bias))

    return step


def _cropped(inputs: tf.Tensor, rows: int, columns: int) -> tf.Tensor:
    """Without the last rows and columns; its gradient is padding, that of a plain slice is ten times slower."""
    import tensorflow as tf

    def crop(whole: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        kept = whole[:, : whole.shape[1] - rows, : whole.shape[2] - columns]
        return kept, lambda gradient: tf.pad(gradient, [[0, 0], [0, rows], [0, columns], [0, 0]])

    return tf.custom_gradient(crop)(inputs) if rows or columns else inputs
