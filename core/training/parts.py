"""A batch cut into parts that TensorFlow computes at the same time, each on a core of its own where there are enough.

How many parts there are goes by the network and the batch, never by the computer: sums are added up in the same order
on one core and on eight, so the same plan gives the same network to the last bit on both. Only what looks at each
picture by itself is computed in parts; the parts are joined for the rest. Knows nothing of optimisers or of losses.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from core.training.fast_layers import Step, forward_pass, steps_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

MOST_PARTS = 8
LEAST_WORK = 400_000  # numbers that the convolutions of one part give: about a millisecond's work
TOGETHER = 4  # random numbers come in fours: a part begins at a picture whose number can be divided by it
DENSE_BATCH = 32  # pictures in a part from which dense layers belong to it: each part has a gradient as large as they

PartStep: TypeAlias = "Callable[[list[tf.Tensor], bool], list[tf.Tensor]]"  # parts, whether it trains -> parts


def count_parts(network: keras.Model, batch_size: int) -> int:
    """Into how many parts a batch of this network is cut; 1 where it is small or has no convolutions."""
    begin, end = _in_parts(network, dense=False)
    kept: int = sum(prod(layer.output.shape[1:]) for layer in network.layers[begin:end])
    return max(1, min(MOST_PARTS, batch_size // TOGETHER, batch_size * kept // LEAST_WORK))


def forward_in_parts(network: keras.Model, parts: int, batch_size: int) -> Step:
    """The forward pass of a built Keras Sequential as `fast_layers.forward_pass` has it, for `parts` at the same time.

    Inputs are (n, height, width, channels) float32 with n of at least TOGETHER * parts, or TensorFlow would crash.
    `batch_size` is the n of training. One part is `forward_pass` itself.
    """
    import tensorflow as tf

    if parts == 1:
        return forward_pass(network)
    begin, end = _in_parts(network, dense=batch_size // parts >= DENSE_BATCH)
    first, last = network.layers[begin], network.layers[end]
    steps = steps_of(network)
    layers = [layer for layer, _ in steps]
    start, stop = layers.index(first), layers.index(last)
    before, after = ([step for _, step in some] for some in (steps[:start], steps[stop:]))
    within = [_part_step(layer, step) for layer, step in steps[start:stop]]

    def forward(inputs: tf.Tensor, training: bool) -> tf.Tensor:
        for step in before:
            inputs = step(inputs, training)
        pieces = _cut(inputs, parts)
        for part_step in within:
            pieces = part_step(pieces, training)
        outputs = tf.concat(pieces, 0)
        for step in after:
            outputs = step(outputs, training)
        return outputs

    return forward


def _in_parts(network: keras.Model, dense: bool) -> tuple[int, int]:
    """Where the layers begin and end that are computed in parts: from the first convolution on, as far as they look at
    each picture by itself; never the last layer, whose logits Keras remembers."""
    from keras import layers

    kinds: tuple[type, ...] = (layers.Conv2D, layers.MaxPooling2D, layers.GlobalAveragePooling2D, layers.Dropout)
    kinds = (*kinds, layers.Flatten, layers.Dense) if dense else kinds
    *most, _ = network.layers
    begin = next((place for place, layer in enumerate(most) if isinstance(layer, layers.Conv2D)), len(most))
    end = next((place for place in range(begin, len(most)) if not isinstance(most[place], kinds)), len(most))
    return begin, end


def _cut(inputs: tf.Tensor, parts: int) -> list[tf.Tensor]:
    """The inputs in parts of almost the same size, each but the last a multiple of TOGETHER."""
    import tensorflow as tf

    count = tf.shape(inputs)[0] if inputs.shape[0] is None else inputs.shape[0]
    edges = [count // TOGETHER * part // parts * TOGETHER for part in range(parts)]
    return [inputs[begin:end] for begin, end in pairwise([*edges, count])]


def _part_step(layer: keras.Layer, step: Step) -> PartStep:
    """A step of the forward pass for all the parts."""
    from keras import layers

    if isinstance(layer, layers.Dropout) and layer.rate:
        return _dropout(layer)
    return lambda pieces, training: [step(piece, training) for piece in pieces]


def _dropout(layer: keras.layers.Dropout) -> PartStep:
    """Keras' dropout, for which each part draws those of the batch's random numbers that are for its pictures: the
    same neurons are left out as if it were whole."""
    import tensorflow as tf

    philox, scale = 1, 1 / (1 - layer.rate)  # the generator behind Keras' dropout

    def step(pieces: list[tf.Tensor], training: bool) -> list[tf.Tensor]:
        if not training:
            return pieces
        seed = tf.cast(tf.math.floormod(layer.seed_generator.next(), tf.int32.max - 1), tf.int32)  # as Keras does
        key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
        kept, drawn = [], 0  # numbers drawn so far, of pictures before this part
        for piece in pieces:
            passed = tf.stack([counter[0] + tf.cast(drawn // TOGETHER, tf.uint64), counter[1]])
            numbers = tf.raw_ops.StatelessRandomUniformV2(shape=tf.shape(piece), key=key, counter=passed, alg=philox)
            kept.append(piece * (tf.cast(numbers >= layer.rate, tf.float32) * scale))
            drawn += tf.size(numbers)
        return kept

    return step
