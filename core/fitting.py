"""Makes the shipped network: `python -m core.fitting --data FOLDER --pictures FOLDER [--out models/shipped] [--seed 0]`.

Fits one small network on Fashion-MNIST, cut-out photos and sketches made by program; calibrates it on photos by
people whose photos it was not fitted on; measures it on the check folders, which it never learns from.
Keras is imported inside functions: no server imports this file.
"""

import argparse
import contextlib
import csv
import io
import json
import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from core import evaluation, photo, sketches
from core.dataset import Dataset, load
from core.errors import DataError, PictureError
from core.inference import SHIPPED, Network
from core.labels import SLUGS
from core.settings import Settings

BATCH = 128
RATE = 2e-3
HELD_OUT = 0.15  # share of the photos, all by people of their own, that only calibrate
PHOTOS, SKETCHES, NONE = 16_000, 16_000, 2_500  # pictures of each kind in an epoch, beside the data set's own
POOL = 30_000  # different sketches, half from the data set's images and half caricatures
SMOOTHING = 0.05
PRECISION = 0.90  # wanted among photos answered as sure
LOST = 0.04  # share of clothes that may be called none of the ten
DATA = (
    ("Fashion-MNIST, training part", "Zalando SE", "MIT", "fitting"),
    ("Phone photos of clothes", "180 contributors", "CC0-1.0", "fitting; 15 % of the people for calibration"),
    ("Phone photos of hats, shorts and skirts", "contributors", "CC0-1.0", "fitting what is none of the ten"),
    ("Sketches made by program from the first and from templates", "Fitting Room", "MIT", "fitting"),
    ("Phone photos of 61 other people", "contributors", "CC0-1.0", "measuring only"),
    ("Quick, Draw! drawings", "Google", "CC BY 4.0", "measuring only"),
)
FEW = 150  # so many pictures are read without starting processes
LARGEST = 10**9  # bytes; these are our own files


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures read by the pipeline, with what is known about them."""

    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) int, -1 for none of the ten
    contributors: np.ndarray  # (n,) str
    found: np.ndarray  # (n,) bool, whether a single garment was found

    def pick(self, which: np.ndarray) -> "Pictures":
        """The pictures where `which` (n,) bool is set."""
        return replace(
            self, images=self.images[which], labels=self.labels[which], contributors=self.contributors[which], found=self.found[which]
        )


def read_pictures(folder: Path, kind: str, part: str) -> Pictures:
    """Read the pictures that `pictures.csv` in a folder lists for a kind and a part. Raises DataError when there are none."""
    try:
        with (folder / "pictures.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["kind"] == kind and row["part"] == part]
    except OSError as error:
        raise DataError(f"{folder} holds no pictures.csv. Point --pictures at the folder with the photos and drawings.") from error
    if not rows:
        raise DataError(f"{folder / 'pictures.csv'} lists no pictures of kind {kind}, part {part}.")
    paths = [folder / row["path"] for row in rows]
    if len(paths) <= FEW:
        readings = [_read(path) for path in paths]
    else:  # fresh processes: a forked one may wait for ever on a thread that only its parent has
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
            readings = list(pool.map(_read, paths, chunksize=16))
    good = [index for index, reading in enumerate(readings) if reading is not None]
    labels = [SLUGS.index(row["class"]) if row["class"] in SLUGS else -1 for row in rows]
    return Pictures(
        np.stack([readings[index][0] for index in good]),
        np.array([labels[index] for index in good]),
        np.array([rows[index]["contributor"] for index in good]),
        np.array([readings[index][1] for index in good]),
    )


def _read(path: Path) -> tuple[np.ndarray, bool] | None:
    try:
        reading = photo.read_photo(path.read_bytes(), LARGEST)
    except PictureError:
        return None
    return reading.image, reading.finding is None


def hold_out(contributors: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """True (n,) for all pictures of some contributors, drawn by chance until they made `HELD_OUT` of the pictures."""
    people = generator.permutation(np.unique(contributors))
    made = np.cumsum([(contributors == person).sum() for person in people])
    return np.isin(contributors, people[: int(np.searchsorted(made, HELD_OUT * len(contributors))) + 1])


def augment(images: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Mirrored, tilted, shifted, stretched copies with holes, remnants and other tones: (n, 28, 28) uint8."""
    count = len(images)
    turn = generator.normal(0, 0.09 * strength, count)
    stretch = np.exp(generator.normal(0, 0.06 * strength, (count, 2)))
    shear = generator.normal(0, 0.05 * strength, count)
    shift = generator.normal(0, 0.8 * strength, (count, 2))
    mirror = np.where(generator.random(count) < 0.5, -1.0, 1.0)
    gain, offset = np.exp(generator.normal(0, 0.18 * strength, count)), generator.normal(0, 18 * strength, count)
    damage = generator.random(count)
    changed = np.empty_like(images)
    for index, image in enumerate(images):
        cos, sin = np.cos(turn[index]), np.sin(turn[index])
        matrix = np.array([[cos, -sin + shear[index]], [sin, cos]]) @ np.diag(stretch[index])
        matrix[:, 0] *= mirror[index]
        move = 13.5 - matrix @ (13.5, 13.5) + shift[index]
        moved = cv2.warpAffine(image, np.column_stack([matrix, move]), (28, 28), flags=cv2.INTER_LINEAR)
        toned = np.where(moved > 8, np.clip((moved - 128.0) * gain[index] + 128 + offset[index], 8, 255), 0)
        if damage[index] < 0.12 * strength:
            _patch(toned, generator, 0)
        elif damage[index] < 0.2 * strength:
            _patch(toned, generator, int(generator.integers(40, 220)))
        changed[index] = toned
    return changed


def _patch(image: np.ndarray, generator: np.random.Generator, value: int) -> None:
    """A hole in the garment, or a remnant of the background beside it."""
    centre, axes = generator.integers(0, 28, 2), generator.integers(1, 6, 2)
    cv2.ellipse(image, [int(v) for v in centre], [int(v) for v in axes], float(generator.uniform(0, 180)), 0, 360, value, -1)


def build():
    """A fresh Keras network: raw pixels (n, 28, 28) float32 in, ten probabilities out."""
    from keras import Sequential, layers

    def convolution(filters: int, size: int, stride: int = 1) -> list:
        return [layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU()]

    return Sequential(
        [
            layers.Input((28, 28)),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            *convolution(32, 5, 2),  # (14, 14, 32)
            *convolution(64, 3),
            *convolution(96, 3, 2),  # (7, 7, 96)
            *convolution(128, 3),
            layers.MaxPooling2D(2, padding="same"),  # (4, 4, 128)
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ],
        name="fitting_room",
    )


def one_epoch(data: Dataset, photos: Pictures, none: Pictures, pool: tuple, generator: np.random.Generator) -> tuple:
    """Freshly augmented pictures (n, 28, 28) uint8 and targets (n, 10) float32 for one epoch, shuffled."""
    share = np.bincount(photos.labels, minlength=10)[photos.labels] ** -0.4  # rare classes come up more often, not equally often
    chosen = generator.choice(len(photos.labels), PHOTOS, p=share / share.sum())
    drawn = generator.choice(len(pool[1]), SKETCHES)
    others = generator.choice(len(none.labels), NONE)
    images = np.concatenate(
        [
            augment(data.train_images, generator, 0.5),
            augment(photos.images[chosen], generator, 1.2),
            augment(pool[0][drawn], generator, 0.8),
            augment(none.images[others], generator, 1.0),
        ]
    )
    labels = np.concatenate([data.train_labels, photos.labels[chosen], pool[1][drawn], none.labels[others]]).astype(int)
    sharp = np.eye(10, dtype=np.float32)[labels] * (1 - SMOOTHING) + SMOOTHING / 10
    targets = np.where((labels < 0)[:, None], np.float32(0.1), sharp)
    order = generator.permutation(len(labels))
    return images[order], targets[order]


def fit(data: Dataset, photos: Pictures, none: Pictures, seed: int, epochs: int, say: Callable[[str], None]):
    """Fit a network from a seed; returns the Keras model."""
    import keras

    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    half = generator.choice(len(data.train_labels), POOL // 2, replace=False)
    invented = generator.integers(0, 10, POOL - POOL // 2)
    pool = (
        np.concatenate([sketches.from_images(data.train_images[half], generator), sketches.caricatures(invented, generator)]),
        np.concatenate([data.train_labels[half], invented]),
    )
    say(f"{POOL} sketches drawn")
    steps = epochs * -(-(len(data.train_labels) + PHOTOS + SKETCHES + NONE) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(RATE / 10, steps, warmup_target=RATE, warmup_steps=steps // 20)
    model = build()
    optimiser = keras.optimizers.AdamW(rate, weight_decay=0.01)
    model.compile(optimiser, loss="categorical_crossentropy", metrics=["accuracy"], steps_per_execution=16)
    for epoch in range(epochs):
        images, targets = one_epoch(data, photos, none, pool, generator)
        history = model.fit(images, targets, batch_size=BATCH, epochs=1, shuffle=False, verbose=0).history
        say(f"epoch {epoch + 1} of {epochs}: loss {history['loss'][0]:.4f}, accuracy {history['accuracy'][0]:.4f}")
    return model


def to_tflite(model) -> bytes:
    """The network as the bytes of a `.tflite` file."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


def fit_temperature(outputs: list[np.ndarray], labels: list[np.ndarray]) -> float:
    """The temperature with the least mean log loss, each set of outputs (n, 10) with its labels (n,) counting alike."""

    def loss(temperature: float) -> float:
        total = 0.0
        for raw, truth in zip(outputs, labels, strict=True):
            powered = np.maximum(raw.astype(float), 1e-12) ** (1 / temperature)
            right = (powered / powered.sum(axis=1, keepdims=True))[np.arange(len(truth)), truth]
            total -= float(np.log(right).mean())
        return total

    return float(min(np.linspace(0.3, 4.0, 75), key=loss))


def fit_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Above which probability an answer is sure, and below which it is none of the ten; labels (n,) with -1 for none."""
    best, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(-best)
    precise = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((precise >= PRECISION) & (np.arange(len(order)) >= 20))
    sure = float(best[order][enough[-1]]) if len(enough) else 0.98
    none = float(np.quantile(best[labels >= 0], LOST))
    return {"sure": round(sure, 3), "none": round(min(none, sure - 0.05), 3)}


def measure(network: Network, pictures: Pictures, limits: dict[str, float]) -> dict[str, float | int]:
    """Accuracy, share answered as sure, and right among those; of none of the ten only the share answered as sure."""
    probabilities = network.probabilities(pictures.images)
    right, best = probabilities.argmax(axis=1) == pictures.labels, probabilities.max(axis=1)
    sure = (best >= limits["sure"]) & pictures.found
    figures: dict[str, float | int] = {"count": len(right), "sure": round(float(sure.mean()), 4)}
    if (pictures.labels >= 0).all():
        figures["accuracy"] = round(float(right.mean()), 4)
        figures["right_when_sure"] = round(float(right[sure].mean()), 4) if sure.any() else 0.0
        figures["called_bag"] = round(float(((probabilities.argmax(axis=1) == 8) & (pictures.labels != 8)).mean()), 4)
    else:
        figures["none"] = round(float(((best < limits["none"]) | ~pictures.found).mean()), 4)
    return figures


def make(data: Dataset, folder: Path, out: Path, seed: int, epochs: int, say: Callable[[str], None] = print) -> dict:
    """Read, fit, calibrate, measure and write the shipped network's files; returns its card."""
    generator = np.random.default_rng([seed, 1])
    photos, none = read_pictures(folder, "photo", "train"), read_pictures(folder, "none-of-the-ten", "train")
    checks = {kind: read_pictures(folder, kind, "check") for kind in ("photo", "drawing", "none-of-the-ten")}
    say(f"{len(photos.labels)} photos and {len(none.labels)} other things read")
    kept, none_kept = hold_out(photos.contributors, generator), hold_out(none.contributors, generator)
    usable = photos.pick(~kept & photos.found)
    model = fit(data, usable, none.pick(~none_kept & none.found), seed, epochs, say)
    content = to_tflite(model)

    calibration, others = photos.pick(kept & photos.found), none.pick(none_kept & none.found)
    raw = Network(content)
    fresh = generator.choice(len(data.train_labels), 1500, replace=False)
    drawn = sketches.from_images(data.train_images[fresh], generator)
    clean = augment(data.train_images[fresh], generator, 0.5)
    temperature = fit_temperature([raw.raw(calibration.images), raw.raw(clean)], [calibration.labels, data.train_labels[fresh]])
    network = Network(content, temperature, saw_photos=True)
    both = np.concatenate([calibration.images, others.images]), np.concatenate([calibration.labels, others.labels])
    on_photos = fit_thresholds(network.probabilities(both[0]), both[1])
    on_sketches = fit_thresholds(network.probabilities(drawn), data.train_labels[fresh])
    # Sketches made by program are easier than people's, so a drawing must be at least as clear as a photo.
    on_drawings = {"sure": max(on_photos["sure"], on_sketches["sure"]), "none": min(on_photos["none"], on_sketches["none"])}
    thresholds = {"photo": on_photos, "drawing": on_drawings}

    probabilities = network.probabilities(data.test_images)
    figures = {
        "photos_check": measure(network, checks["photo"], on_photos),
        "drawings_check": measure(network, checks["drawing"], on_drawings),
        "none_of_the_ten_check": measure(network, checks["none-of-the-ten"], on_photos),
        "photos_held_out": measure(network, calibration, on_photos),
    }
    card = _card(model, data, seed, epochs, temperature, thresholds, figures, probabilities)
    write(out, model, content, card, probabilities)
    return card


def _card(
    model, data: Dataset, seed: int, epochs: int, temperature: float, thresholds: dict, figures: dict, probabilities: np.ndarray
) -> dict:
    import keras
    import tensorflow as tf

    versions = {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__, "opencv": cv2.__version__}
    return {
        "name": "shipped",
        "title": "The network that comes with Fitting Room",
        "source": "Fitting Room",
        "seed": seed,
        "epochs": epochs,
        "parameters": int(model.count_params()),
        "fingerprint": data.fingerprint,
        "test_accuracy": round(float(evaluation.accuracy(data.test_labels, probabilities)), 4),
        "test_loss": round(float(evaluation.loss(data.test_labels, probabilities)), 4),
        "temperature": round(temperature, 3),
        "thresholds": thresholds,
        "figures": figures,
        "data": [dict(zip(("name", "by", "licence", "use"), row, strict=True)) for row in DATA],
        "limits": [
            "Knows ten kinds of clothes; of anything else it should say none, and sometimes does not.",
            "Learnt from unworn clothes, laid flat or hung up; a garment worn by a person is new to it.",
            "Saw few photos of shoes and none of bags.",
            "Shirts, pullovers, coats and T-shirts are easily confused, by people too.",
        ],
        "versions": versions,
    }


def write(out: Path, model, content: bytes, card: dict, probabilities: np.ndarray) -> None:
    """Write model.keras, model.tflite, card.json and probabilities.npz into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    plain = build()  # without the optimiser's state, three times smaller
    plain.set_weights(model.get_weights())
    plain.save(out / "model.keras")
    (out / "model.tflite").write_bytes(content)
    (out / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    np.savez_compressed(out / "probabilities.npz", probabilities=probabilities.astype(np.float16))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m core.fitting", description="Make the network that comes with the app.")
    parser.add_argument("--data", type=Path, required=True, help="folder with Fashion-MNIST's four files")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with pictures.csv, photos and drawings")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where the files go")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=9)
    given = parser.parse_args(arguments)
    data = load(Settings(data=given.data))
    if not data.real:
        raise SystemExit(data.problem or f"{given.data} holds no Fashion-MNIST.")
    card = make(data, given.pictures, given.out, given.seed, given.epochs, lambda words: print(words, flush=True))
    print(json.dumps({"test_accuracy": card["test_accuracy"], "temperature": card["temperature"], **card["figures"]}, indent=2))


if __name__ == "__main__":
    main()
