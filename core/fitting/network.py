"""The shipped network in Keras: its layers, its three looks at a picture, its optimiser. Imported by no server."""

import contextlib
import io
import math


def build():
    """A fresh Keras network: raw pixels (n, 28, 28) float32 in, ten logits out. 513,418 numbers to learn."""
    from keras import Model, layers

    def convolve(before, filters: int, stride: int = 1):
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


def answering(network):
    """The network that is kept: it looks at a picture three times and gives ten probabilities.

    The three looks are as it is, mirrored from a little farther, and from a little nearer; their logits are averaged.
    """
    from keras import Model, layers, ops

    pixels = layers.Input((28, 28))
    flat, deep = layers.Reshape((28, 28)), layers.Reshape((28, 28, 1))(pixels)
    farther = layers.ZeroPadding2D(1)(layers.Resizing(26, 26)(deep))
    nearer = layers.Cropping2D(1)(layers.Resizing(30, 30)(deep))
    logits = layers.Average()([network(look) for look in (pixels, ops.flip(flat(farther), axis=2), flat(nearer))])
    return Model(pixels, layers.Softmax()(logits), name="fitting_room")


def optimiser(rate: object) -> object:
    """Gives Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) for the convolutions, AdamW for the
    rest.

    Keras leaves all but matrices to AdamW; here a convolution's kernel is a matrix too, with a column for each of its
    filters.
    """
    import keras

    class Muon(keras.optimizers.Muon):
        def _should_use_adamw(self, variable) -> bool:
            return len(variable.shape) != 4

        def zeropower_via_newtonschulz5(self, x, steps: int):
            columns = keras.ops.reshape(x, (-1, x.shape[-1]))
            return keras.ops.reshape(super().zeropower_via_newtonschulz5(columns, steps), x.shape)

        def lr_adjust(self, x):
            return x * self.rms_rate * max(math.prod(x.shape[:-1]), x.shape[-1]) ** 0.5

    return Muon(rate, adam_lr_ratio=1 / 3, weight_decay=0.03, adam_weight_decay=0.03)


def to_tflite(model) -> bytes:
    """The network as the bytes of a `.tflite` file."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()
