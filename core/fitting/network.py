"""The shipped network in Keras: its layers, its three looks at a picture, its optimiser. Imported by no server."""

import contextlib
import io
import math
from typing import Any, TypeAlias

# Keras comes without types; these names say at least what is meant.
KerasModel: TypeAlias = Any
KerasTensor: TypeAlias = Any
KerasOptimiser: TypeAlias = Any
LearningRate: TypeAlias = Any  # a number, or one of Keras' schedules


def build() -> KerasModel:
    """A fresh Keras network: raw pixels (n, 28, 28) float32 in, ten logits out. 513,418 numbers to learn."""
    from keras import Model, layers

    def convolve(before: KerasTensor, filters: int, stride: int = 1) -> KerasTensor:
        after = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(before)
        return layers.ReLU()(layers.BatchNormalization()(after))

    pixels = layers.Input((28, 28))
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Permute((1, 3, 2, 4))(layers.Reshape((14, 2, 14, 2))(x))
    x = convolve(layers.Reshape((14, 14, 4))(x), 64)  # every 2 x 2 pixels become one place with 4 channels
    x = layers.Add()([x, convolve(x, 64)])
    x = convolve(x, 128, 2)  # (7, 7, 128)
    x = layers.Add()([x, convolve(x, 128)])
    x = convolve(layers.MaxPooling2D(2, padding="same")(x), 192)  # (4, 4, 192)
    x = layers.Dropout(0.4)(layers.Flatten()(x))
    return Model(pixels, layers.Dense(10)(x), name="fitting_room")


def answering(network: KerasModel) -> KerasModel:
    """The network that is kept: it looks at a picture (n, 28, 28) three times and gives ten probabilities.

    It averages a network's logits for the picture as it is, mirrored from a little farther, and from a little nearer.
    """
    from keras import Model, layers, ops

    pixels = layers.Input((28, 28))
    flat, deep = layers.Reshape((28, 28)), layers.Reshape((28, 28, 1))(pixels)
    farther = layers.ZeroPadding2D(1)(layers.Resizing(26, 26)(deep))
    nearer = layers.Cropping2D(1)(layers.Resizing(30, 30)(deep))
    logits = layers.Average()([network(look) for look in (pixels, ops.flip(flat(farther), axis=2), flat(nearer))])
    return Model(pixels, layers.Softmax()(logits), name="fitting_room")


def optimiser(rate: LearningRate) -> KerasOptimiser:
    """Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) for convolutions, AdamW for the rest.

    Keras leaves all but matrices to AdamW; here a convolution's kernel is a matrix too, with a column for each of its
    filters. What is not a convolution learns at a third of the rate.
    """
    import keras

    class Muon(keras.optimizers.Muon):  # type: ignore[misc]  # Keras comes without types
        def _should_use_adamw(self, variable: KerasTensor) -> bool:
            return len(variable.shape) != 4

        def zeropower_via_newtonschulz5(self, x: KerasTensor, steps: int) -> KerasTensor:
            columns = keras.ops.reshape(x, (-1, x.shape[-1]))
            return keras.ops.reshape(super().zeropower_via_newtonschulz5(columns, steps), x.shape)

        def lr_adjust(self, x: KerasTensor) -> KerasTensor:
            return x * self.rms_rate * max(math.prod(x.shape[:-1]), x.shape[-1]) ** 0.5

    return Muon(rate, adam_lr_ratio=1 / 3, weight_decay=0.03, adam_weight_decay=0.03)


def to_tflite(model: KerasModel) -> bytes:
    """The network as the bytes of a `.tflite` file, its weights in 16 bits: half the size, and the same answers."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    with contextlib.redirect_stdout(io.StringIO()):
        return bytes(converter.convert())
