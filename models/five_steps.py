"""Recipe 0, "Fashion classifier in 5 easy steps": one convolution, and a sigmoid where a softmax is usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build(outputs: str = "sigmoid", filters: int = 64, second: bool = False) -> keras.Model:
    """A fresh network for images (n, 28, 28, 1), giving (n, 10) sigmoid outputs that need not sum to 1.

    347,114 parameters.

    Its author would try 32 `filters` first, and left a `second` convolution switched off.
    """
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(filters, 3, activation="relu"),  # (26, 26, 64)
            layers.MaxPooling2D(2),  # (13, 13, 64)
            layers.Dropout(0.25),
            *([layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)] if second else []),
            layers.Flatten(),  # 10,816 numbers
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation=outputs),
        ],
        name="five_steps",
    )
