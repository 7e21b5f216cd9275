"""Our own network, made to teach: large strides keep it small, so that it learns while a class watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    """A fresh network for images (n, 28, 28, 1), giving (n, 10) probabilities. 102,666 parameters."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 7, strides=4, padding="same", activation="relu"),  # (7, 7, 32)
            layers.Flatten(),  # 1,568 numbers
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="quick",
    )


def build_on_patches(components: int) -> keras.Model:
    """The same network for training: its convolution in two, of which the first, a fixed one, only whitens the
    patches."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(components, 7, strides=4, padding="same", trainable=False),
            layers.Dense(32, activation="relu"),  # one small network, laid over every patch
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="quick_on_patches",
    )
