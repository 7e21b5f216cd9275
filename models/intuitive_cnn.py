"""Recipe 2, "Intuitively create a CNN": two convolutions, each followed by pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build(outputs: str = "sigmoid") -> keras.Model:
    """A fresh network for images (n, 28, 28, 1), giving (n, 10) sigmoid outputs that need not sum to 1.

    45,066 parameters.
    """
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(64, 3, activation="relu"),  # (26, 26, 64)
            layers.MaxPooling2D(2),  # (13, 13, 64)
            layers.Dropout(0.25),
            layers.Conv2D(32, 3, activation="relu"),  # (11, 11, 32)
            layers.MaxPooling2D(2),  # (5, 5, 32)
            layers.Flatten(),  # 800 numbers
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation=outputs),
        ],
        name="intuitive_cnn",
    )
