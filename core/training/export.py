"""A trained network -> its test answers, its calibration and its files."""

import contextlib
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import metrics
from core.data.dataset import Dataset
from core.errors import RunError
from core.training import weights
from models.catalogue import Recipe

SCORE_BATCH = 500
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
    note: str = ""  # why it ended before its last epoch, by itself


def result_of(
    network: object,
    recipe: Recipe,
    dataset: Dataset,
    held_back: np.ndarray,
    seconds: float | None,
    phase: Callable[[str], None],
    note: str = "",
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
        temperature = best_temperature(
            _outputs(model, dataset.train_images[held_back]), dataset.train_labels[held_back]
        )
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


def best_temperature(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that makes held-back answers (n, 10) as sure as they are right (Guo et al.

    2017, arXiv 1706.04599).
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(np.clip(metrics.normalise(outputs), 1e-7, 1)).astype(np.float64)

    def mean_loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(labels)), labels]).mean())

    return float(np.exp(minimize_scalar(mean_loss, bounds=(-1.5, 1.5), method="bounded").x))


def _with_pixels(network: object, recipe: Recipe) -> object:
    """The network as it is kept: pixels (n, 28, 28) float32, 0 to 255, in; (n, 10) out."""
    from keras import Input, Sequential, layers

    scale = layers.Rescaling(1 / recipe.test_scale)
    return Sequential([Input((28, 28)), scale, layers.Reshape((28, 28, 1)), *network.layers], name=network.name)


def _outputs(model: object, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    answer = tf.function(
        lambda pixels: model(pixels, training=False), input_signature=[tf.TensorSpec((None, 28, 28), tf.float32)]
    )
    parts = np.array_split(images, max(1, -(-len(images) // SCORE_BATCH)))
    return np.concatenate([answer(part.astype(np.float32)).numpy() for part in parts])


def _keras_file(model: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _tflite_file(model: object) -> bytes:
    import tensorflow as tf

    with contextlib.redirect_stdout(io.StringIO()):  # the converter talks; --json must not
        return tf.lite.TFLiteConverter.from_keras_model(model).convert()
