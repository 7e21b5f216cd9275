"""What a pupil would write in Keras for a recipe of the app: the baseline of `benchmarks.training`."""

import time
from functools import partial
from typing import Any

import numpy as np

from core.data import dataset, sources
from core.settings import Settings
from core.training.plan import Plan


def plain(plan: Plan, cores: int | None = None) -> tuple[float, float]:
    """Seconds of `compile` and `fit` for a plan: of `fit` alone, and of all but importing and loading.

    With TensorFlow as it comes, or told to use so many cores. For a process of its own.
    """
    import keras
    import tensorflow as tf

    if cores:
        tf.config.threading.set_intra_op_parallelism_threads(cores)
        tf.config.threading.set_inter_op_parallelism_threads(cores)
    recipe, data = plan.row, sources.load(Settings.from_environment())
    began = time.perf_counter()
    keras.utils.set_random_seed(plan.seed)
    rows = dataset.subset(data, plan.examples, plan.seed)
    images = data.train_images[rows, ..., np.newaxis] / np.float32(recipe.train_scale)
    encode = partial(keras.utils.to_categorical, num_classes=10) if recipe.one_hot else np.asarray
    labels, test_labels = encode(data.train_labels[rows]), encode(data.test_labels)
    validation = None
    if recipe.validation:
        kept, held_back = dataset.validation_split(len(rows), recipe.validation, recipe.validation_seed)
        validation = images[held_back], labels[held_back]
        images, labels = images[kept], labels[kept]
    network = recipe.build()
    loss = "categorical_crossentropy" if recipe.one_hot else "sparse_categorical_crossentropy"
    network.compile(plain_optimiser(plan, -(-len(images) // plan.batch_size) * plan.epochs), loss, metrics=["accuracy"])
    fit_began = time.perf_counter()
    network.fit(images, labels, plan.batch_size, plan.epochs, validation_data=validation, verbose=0)
    fit_ended = time.perf_counter()
    network.evaluate(data.test_images[..., np.newaxis] / np.float32(recipe.test_scale), test_labels, verbose=0)
    return fit_ended - fit_began, time.perf_counter() - began


def plain_optimiser(plan: Plan, steps: int) -> Any:
    """Keras' own optimiser, set as the recipe says."""
    from keras import optimizers

    recipe, rate = plan.row, plan.learning_rate
    if recipe.optimiser == "rmsprop":
        return optimizers.RMSprop(rate)
    if recipe.optimiser == "adam":
        return optimizers.Adam(rate, epsilon=recipe.epsilon)
    warm_up = max(1, round(0.125 * steps))
    schedule = optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), 0.01, warmup_target=rate, warmup_steps=warm_up
    )
    return optimizers.AdamW(schedule, weight_decay=0.1, epsilon=recipe.epsilon)
