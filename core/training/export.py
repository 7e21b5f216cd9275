"""A trained network -> its test answers, its calibration and its files. Knows nothing of how it was trained."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import metrics
from core.archive import zipped
from core.data.dataset import Dataset
from core.errors import RunError
from core.labels import NAMES
from core.language import Saying
from core.quiet import quiet
from core.training import weights
from core.training.tflite_metadata import with_metadata
from models.catalogue import Recipe

if TYPE_CHECKING:
    import keras

SCORE_BATCH = 100  # pictures at a time: more are hardly faster, and 500 take 100 MB more
ABOUT = "fitting_room"  # under which a .keras file's metadata.json says what the network is
PURPOSE = "Tells ten kinds of clothes apart in pictures of 28 x 28, as Fashion-MNIST has them."
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
    accuracy, loss = metrics.accuracy(dataset.test_labels, outputs), metrics.loss(dataset.test_labels, outputs)
    about = _about(recipe, temperature, {"pictures": len(outputs), "accuracy": accuracy, "loss": loss})
    tflite = with_metadata(_tflite_file(model), recipe.title, PURPOSE, NAMES, json.dumps(about, indent=1))
    return Result(
        keras=_keras_file(model, recipe, about),
        tflite=tflite,
        weights=weights.written(network),
        outputs=outputs,
        test_accuracy=accuracy,
        test_loss=loss,
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


def _about(recipe: Recipe, temperature: float, test: dict[str, float]) -> dict[str, Any]:
    """What is said of a network within its files, for those who have nothing else of it."""
    return {
        "network": recipe.title,
        "classes": list(NAMES),
        "input": {
            "shape": [28, 28],
            "type": "float32",
            "from": 0,
            "to": 255,
            "means": "grey values; 0 is the background, so bright clothes lie on black",
        },
        "output": {
            "shape": [10],
            "means": "a share for each class; where they do not add up to 1, divide by their sum",
        },
        "calibration": {
            "temperature": temperature,
            "how": "raise each share to the power of 1 / temperature, then divide by their sum",
        },
        "test": test,
    }


def _keras_file(model: keras.Model, recipe: Recipe, about: dict[str, Any]) -> bytes:
    """A .keras file that plain Keras loads, scores and trains on: `about` stands in its metadata.json."""
    model.compile(recipe.optimiser, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)  # Keras would warn that it has less than it needs
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    files["metadata.json"] = json.dumps(json.loads(files["metadata.json"]) | {ABOUT: about}, indent=1).encode()
    return zipped(files)


def _tflite_file(model: keras.Model) -> bytes:
    import tensorflow as tf

    with quiet(), contextlib.redirect_stdout(io.StringIO()):  # the converter talks; --json must not
        content: bytes = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    return content
