"""Recipe 1, "The fashionable Hello World": one hidden layer of 128 neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    """A fresh network for images (n, 28, 28, 1), giving (n, 10) probabilities. 101,770 parameters."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Flatten(),  # 784 numbers
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="hello_world",
    )
