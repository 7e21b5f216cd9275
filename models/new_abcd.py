"""Recipe 4, "New ABCD of machine learning": one convolution into a wide dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    """A fresh network for images (n, 28, 28, 1), giving (n, 10) probabilities. 1,386,506 parameters."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(64, 3, activation="relu"),  # (26, 26, 64)
            layers.MaxPooling2D(2),  # (13, 13, 64)
            layers.Flatten(),  # 10,816 numbers
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="new_abcd",
    )
