"""A trained network -> its test answers, its calibration and its files. Knows nothing of how it was trained."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import metrics
from core.data.dataset import Dataset
from core.errors import RunError
from core.language import Saying
from core.quiet import quiet
from core.training import weights
from models.catalogue import Recipe

if TYPE_CHECKING:
    import keras

SCORE_BATCH = 100  # pictures at a time: more are hardly faster, and 500 take 100 MB more
CALIBRATED_ON = 50  # held-back pictures it takes to say how sure a network may be


@dataclass(frozen=True)
class Result:
    """What a run made: its network as three files, raw test outputs (10000, 10) float32, and its figures."""

    keras: bytes
    tflite: bytes
    weights: bytes  # .weights.h5 of the network as models/ builds it
    outputs: np.ndarray
    test_accuracy: float
    test_loss: float
    temperature: float
    seconds: float | None  # of training alone; None when it loaded its weights
    note: Saying | None = None  # why it ended before its last epoch, by itself


def result_of(
    network: keras.Model,
    recipe: Recipe,
    dataset: Dataset,
    held_back: np.ndarray,
    seconds: float | None,
    phase: Callable[[str], None],
    note: Saying | None = None,
) -> Result:
    """Score and export a network as models/ builds it; the rows held back of the training pictures set its
    temperature."""
    phase("scoring on the test pictures")
    model = _with_pixels(network, recipe)
    outputs = _outputs(model, dataset.test_images)
    if not np.isfinite(outputs).all():
        raise RunError("Some of this network's answers are no numbers. Its weights are spoilt; train it again.")
    temperature = 1.0
    if len(held_back) >= CALIBRATED_ON:
        outputs_held_back = _outputs(model, dataset.train_images[held_back])
        temperature = metrics.best_temperature([outputs_held_back], [dataset.train_labels[held_back]])
    phase("saving")
    return Result(
        keras=_keras_file(model),
        tflite=_tflite_file(model),
        weights=weights.written(network),
        outputs=outputs,
        test_accuracy=metrics.accuracy(dataset.test_labels, outputs),
        test_loss=metrics.loss(dataset.test_labels, outputs),
        temperature=temperature,
        seconds=seconds,
        note=note,
    )


def _with_pixels(network: keras.Model, recipe: Recipe) -> keras.Model:
    """The network as it is kept: pixels (n, 28, 28) float32, 0 to 255, in; (n, 10) out."""
    from keras import Input, Sequential, layers

    scale = layers.Rescaling(1 / recipe.test_scale)
    return Sequential([Input((28, 28)), scale, layers.Reshape((28, 28, 1)), *network.layers], name=network.name)


def _outputs(model: keras.Model, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    answer = tf.function(
        lambda pixels: model(pixels, training=False), input_signature=[tf.TensorSpec((None, 28, 28), tf.float32)]
    )
    parts = np.array_split(images, max(1, -(-len(images) // SCORE_BATCH)))
    return np.concatenate([answer(part.astype(np.float32)).numpy() for part in parts])


def _keras_file(model: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _tflite_file(model: keras.Model) -> bytes:
    import tensorflow as tf

    with quiet(), contextlib.redirect_stdout(io.StringIO()):  # the converter talks; --json must not
        content: bytes = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    return content
