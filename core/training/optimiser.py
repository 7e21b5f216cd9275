"""A plan -> its optimiser, learning-rate schedule and loss, as the recipe's author had them.

Knows nothing of pictures or of the training loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.training.plan import Plan
from models.catalogue import Recipe

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def learning_rate(plan: Plan, recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate: a number, or a Keras schedule over the run's steps."""
    from keras.optimizers import schedules

    kind = plan.schedule or ("warm-up" if recipe.optimiser == "adamw" else "constant")
    rate = plan.learning_rate
    if kind == "warm-up":
        warm_up = max(1, round(0.125 * steps))
        return schedules.CosineDecay(0.0, max(1, steps - warm_up), 0.01, warmup_target=rate, warmup_steps=warm_up)
    if kind == "cosine":
        return schedules.CosineDecay(rate, steps, 0.01)
    if kind == "steps":
        return schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], [rate, rate / 10, rate / 100])
    return rate


def optimiser_for(plan: Plan, recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """The recipe's optimiser with the plan's learning rate, for a run of so many steps."""
    from keras import optimizers

    rate = learning_rate(plan, recipe, steps)
    if recipe.optimiser == "rmsprop":
        return optimizers.RMSprop(rate)
    if recipe.optimiser == "adam":
        return fused(optimizers.Adam)(rate, epsilon=recipe.epsilon)
    return fused(optimizers.AdamW)(rate, weight_decay=0.1, epsilon=recipe.epsilon)


def loss_of(recipe: Recipe, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """The recipe's loss of outputs (n, 10) for labels (n,) int32, one value an image (n,).

    Keras remembers the logits behind a sigmoid or softmax and takes the loss of those. The authors' Keras took it of
    the sigmoid outputs themselves, -log(p_true / sum of all ten); a copied tensor has no logits to remember.
    """
    import keras
    import tensorflow as tf

    if recipe.one_hot:
        return keras.losses.categorical_crossentropy(tf.one_hot(labels, 10), outputs)
    return keras.losses.sparse_categorical_crossentropy(labels, tf.identity(outputs) if recipe.sigmoid else outputs)


def fused(kind: type[keras.optimizers.Adam]) -> type[keras.optimizers.Adam]:
    """Keras' Adam or AdamW, with the same formula in TensorFlow's one operation: one pass over the weights in place of
    ten."""
    import numpy as np
    import tensorflow as tf

    def update_step(
        self: keras.optimizers.Adam, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float64)
        # TensorFlow takes 1 - beta_2 of a number rounded to 32 bits, which is 5e-5 off; Keras does so in its powers
        # only.
        rounded = float(np.float32(self.beta_2))
        correction = (1 - rounded**step) / (tf.sqrt(1 - self.beta_2**step) * (1 - self.beta_1**step))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=0.0,  # the correction is done
            beta2_power=0.0,
            lr=tf.cast(learning_rate, tf.float32) * tf.cast(correction, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    return type("Fused", (kind,), {"update_step": update_step})
