"""Makes the shipped network: `python -m core.fitting --data FOLDER --pictures FOLDER [--out models/shipped] [--seed
0]`.

Fits one small network in two stages: on Fashion-MNIST and sketches made by program, then on these and cut-out photos.
The second stage is repeated with the photos of some people left out, so that every photo is answered once by a network
that has seen none of its owner's: these answers calibrate. The check folders are only measured. Keras is imported
inside functions: no server imports this file.
"""

import argparse
import contextlib
import csv
import io
import json
import math
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from core import metrics as evaluation
from core.data import class_folders as folders
from core.data import synthetic as garments
from core.data.dataset import Dataset, load
from core.errors import DataError, PictureError
from core.fitting import sketches, wearers
from core.inference.network import SHIPPED, Network, calibrated
from core.labels import SLUGS
from core.settings import Settings
from core.vision import reading as photo

BATCH = 128
RATE = 6e-3  # of the convolutions; the rest is learned at a third of it
STAGES = (14, 20, 3)  # epochs without photos, with photos, and with photos for each fold
FOLDS = 3  # groups of people, each left out once
PHOTOS, SKETCHES, NONE, WORN, LYING = (
    14_000,
    15_000,
    2_500,
    5_000,
    1_500,
)  # pictures of each kind in an epoch, beside the data set's own
POOL = (
    10_000  # different sketches of each kind: from the data set's images, from drawn stand-in clothes, and caricatures
)
SMOOTHING = 0.05
PRECISION = 0.90  # wanted among photos answered as sure
LOST = 0.04  # share of clothes that may be called none of the ten
DATA = (
    ("Fashion-MNIST, training part", "Zalando SE", "MIT", "fitting"),
    ("Phone photos of clothes", "162 contributors", "CC0-1.0", "fitting, and calibration out of fold by contributor"),
    (
        "Phone photos of hats, shorts and skirts",
        "78 contributors, 60 of them the same",
        "CC0-1.0",
        "fitting what is none of the ten, and calibration out of fold",
    ),
    (
        "Sketches made by program from the first, from clothes drawn by program, and from templates",
        "Fitting Room",
        "MIT",
        "fitting",
    ),
    (
        "People drawn by program into the first and into the photos, and pairs of shoes made from the first",
        "Fitting Room",
        "MIT",
        "fitting",
    ),
    ("Phone photos of 61 other people", "contributors", "CC0-1.0", "measuring only"),
    ("Quick, Draw! drawings", "Google", "CC BY 4.0", "measuring only"),
)
SHOES = [SLUGS.index(slug) for slug in ("sandal", "sneaker", "ankle-boot")]
ANEW = 3  # times each photo is read again, changed as if taken once more
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
        return Pictures(*(getattr(self, field.name)[which] for field in fields(self)))

    def and_those(self, others: "Pictures") -> "Pictures":
        """These pictures and others."""
        return Pictures(
            *(np.concatenate([getattr(self, field.name), getattr(others, field.name)]) for field in fields(self))
        )


def read_pictures(folder: Path, kind: str, part: str, seed: int | None = None) -> Pictures:
    """Read the pictures that `pictures.csv` in a folder lists for a kind and a part.

    Raises DataError when there are none.

    With a seed each is changed first, as if it had been taken once more, so that the garment is cut out a little
    differently.
    """
    try:
        with (folder / "pictures.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["kind"] == kind and row["part"] == part]
    except OSError as error:
        raise DataError(
            f"{folder} holds no pictures.csv. Point --pictures at the folder with the photos and drawings."
        ) from error
    if not rows:
        raise DataError(f"{folder / 'pictures.csv'} lists no pictures of kind {kind}, part {part}.")
    seeds = [None if seed is None else (seed, place) for place in range(len(rows))]
    readings = folders.read_many([(folder / row["path"], own) for row, own in zip(rows, seeds, strict=True)], _read)
    good = [index for index, reading in enumerate(readings) if reading is not None]
    labels = [SLUGS.index(row["class"]) if row["class"] in SLUGS else -1 for row in rows]
    return Pictures(
        np.stack([readings[index][0] for index in good]),
        np.array([labels[index] for index in good]),
        np.array([rows[index]["contributor"] for index in good]),
        np.array([readings[index][1] for index in good]),
    )


def _read(source: tuple[Path, tuple[int, int] | None]) -> tuple[np.ndarray, bool] | None:
    path, seed = source
    content = path.read_bytes()
    try:
        reading = photo.read_photo(
            content if seed is None else taken_again(content, np.random.default_rng(seed)), LARGEST
        )
    except PictureError:
        return None
    return reading.image, reading.finding is None


def taken_again(content: bytes, generator: np.random.Generator) -> bytes:
    """A picture file as if taken once more: held a little differently, in other light, by a worse camera.

    Gives a JPEG file.
    """
    before = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    high, wide = before.shape[:2]
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    turn, nearer = np.deg2rad(generator.normal(0, 6)), generator.uniform(0.95, 1.12)
    rotation = nearer * np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    middle = np.array([wide, high]) / 2
    moved = (corners - middle) @ rotation.T + middle + generator.normal(0, 0.025, (4, 2)) * (wide, high)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    changed = (
        cv2.warpPerspective(before, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        / 255.0
    )
    light = changed ** np.exp(generator.normal(0, 0.25)) * np.exp(generator.normal(0, 0.06, 3))
    pixels = np.clip(255 * light, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(55, 95))])[1].tobytes()


def folds(photos: Pictures, none: Pictures, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each of FOLDS groups of people which photos and which other things are theirs, (n,) bool each; nobody is in
    two groups."""
    from sklearn.model_selection import GroupKFold

    people = np.concatenate([photos.contributors, none.contributors])
    groups = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(people, groups=people)
    return [tuple(np.split(np.isin(np.arange(len(people)), theirs), [len(photos.labels)])) for _, theirs in groups]


def draw_pool(data: Dataset, seed: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sketches of three kinds, `POOL` of each: (n, 28, 28) uint8 and their labels (n,)."""
    chosen = generator.choice(len(data.train_labels), POOL, replace=False)
    invented, imagined = generator.integers(0, 10, POOL), generator.integers(0, 10, POOL)
    models = (
        (sketches.from_images, data.train_images[chosen]),
        (sketches.from_images, garments.draw(invented, seed)),
        (sketches.caricatures, imagined),
    )
    pieces = [(draw, some) for draw, all_of_them in models for some in np.array_split(all_of_them, max(1, POOL // 250))]
    drawn = folders.read_many([(*piece, (seed, place)) for place, piece in enumerate(pieces)], _drawn)
    return np.concatenate(drawn), np.concatenate([data.train_labels[chosen], invented, imagined])


def _drawn(piece: tuple[Callable, np.ndarray, tuple[int, int]]) -> np.ndarray:
    draw, models, seed = piece
    return draw(models, np.random.default_rng(seed))


def augment(images: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Mirrored, tilted, shifted, stretched copies with holes, remnants and other tones, lit from a side: (n, 28, 28)
    uint8."""
    count = len(images)
    turn = generator.normal(0, 0.09 * strength, count)
    stretch = np.exp(generator.normal(0, 0.06 * strength, (count, 2)))
    shear = generator.normal(0, 0.05 * strength, count)
    shift = generator.normal(0, 0.8 * strength, (count, 2))
    mirror = np.where(generator.random(count) < 0.5, -1.0, 1.0)
    gain, offset = np.exp(generator.normal(0, 0.18 * strength, count)), generator.normal(0, 18 * strength, count)
    light = generator.normal(0, 0.1 * strength, (count, 2))
    across, damage = np.linspace(-1, 1, 28), generator.random(count)
    changed = np.empty_like(images)
    for index, image in enumerate(images):
        cos, sin = np.cos(turn[index]), np.sin(turn[index])
        matrix = np.array([[cos, -sin + shear[index]], [sin, cos]]) @ np.diag(stretch[index])
        matrix[:, 0] *= mirror[index]
        move = 13.5 - matrix @ (13.5, 13.5) + shift[index]
        moved = cv2.warpAffine(image, np.column_stack([matrix, move]), (28, 28), flags=cv2.INTER_LINEAR)
        lit = moved * (1 + light[index, 0] * across + light[index, 1] * across[:, None])
        toned = np.where(moved > 8, np.clip((lit - 128) * gain[index] + 128 + offset[index], 8, 255), 0)
        if damage[index] < 0.12 * strength:
            _patch(toned, generator, 0)
        elif damage[index] < 0.2 * strength:
            _patch(toned, generator, int(generator.integers(40, 220)))
        changed[index] = toned
    return changed


def _patch(image: np.ndarray, generator: np.random.Generator, value: int) -> None:
    """A hole in the garment, or a remnant of the background beside it."""
    centre, axes = generator.integers(0, 28, 2), generator.integers(1, 6, 2)
    cv2.ellipse(
        image, [int(v) for v in centre], [int(v) for v in axes], float(generator.uniform(0, 180)), 0, 360, value, -1
    )


def build():
    """A fresh Keras network: raw pixels (n, 28, 28) float32 in, ten logits out. 513,418 numbers to learn."""
    from keras import Model, layers

    def convolve(before, filters: int, stride: int = 1):
        after = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(before)
        return layers.ReLU()(layers.BatchNormalization()(after))

    pixels = layers.Input((28, 28))
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Permute((1, 3, 2, 4))(layers.Reshape((14, 2, 14, 2))(x))
    x = convolve(layers.Reshape((14, 14, 4))(x), 64)  # every 2 x 2 pixels become one place with 4 channels
    x = layers.Add()([x, convolve(x, 64)])
    x = convolve(x, 128, 2)  # (7, 7, 128)
    x = layers.Add()([x, convolve(x, 128)])
    x = convolve(layers.MaxPooling2D(2, padding="same")(x), 192)  # (4, 4, 192)
    x = layers.Dropout(0.4)(layers.Flatten()(x))
    return Model(pixels, layers.Dense(10)(x), name="fitting_room")


def answering(network):
    """The network that is kept: it looks at a picture three times and gives ten probabilities.

    The three looks are as it is, mirrored from a little farther, and from a little nearer; their logits are averaged.
    """
    from keras import Model, layers, ops

    pixels = layers.Input((28, 28))
    flat, deep = layers.Reshape((28, 28)), layers.Reshape((28, 28, 1))(pixels)
    farther = layers.ZeroPadding2D(1)(layers.Resizing(26, 26)(deep))
    nearer = layers.Cropping2D(1)(layers.Resizing(30, 30)(deep))
    logits = layers.Average()([network(look) for look in (pixels, ops.flip(flat(farther), axis=2), flat(nearer))])
    return Model(pixels, layers.Softmax()(logits), name="fitting_room")


@dataclass(frozen=True, eq=False)
class Mixture:
    """What an epoch is made of: the data set, sketches with their labels, photos (none in the first stage), and some of
    it worn."""

    data: Dataset
    pool: tuple[np.ndarray, np.ndarray]  # (n, 28, 28) uint8, (n,) int
    photos: Pictures | None = None
    none: Pictures | None = None
    share: float = 1.0  # of the data set's own images, other ones in each epoch

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        own = round(self.share * len(self.data.train_labels))
        return (own + SKETCHES + WORN + LYING + (PHOTOS + NONE if self.photos else 0)) // BATCH

    def epoch(self, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Freshly augmented pictures (n, 28, 28) uint8 and targets (n, 10) float32, shuffled in whole batches."""
        drawn = generator.choice(len(self.pool[1]), SKETCHES)
        own = generator.permutation(len(self.data.train_labels))[: round(self.share * len(self.data.train_labels))]
        parts = [
            (self.data.train_images[own], self.data.train_labels[own], 0.5),
            (self.pool[0][drawn], self.pool[1][drawn], 0.8),
        ]
        clothes = [(self.data.train_images, self.data.train_labels)]
        if self.photos:
            often = (
                np.bincount(self.photos.labels, minlength=10)[self.photos.labels] ** -0.4
            )  # rare classes come up more often
            chosen = generator.choice(len(self.photos.labels), PHOTOS, p=often / often.sum())
            others = generator.choice(len(self.none.labels), NONE)
            parts.append((self.photos.images[chosen], self.photos.labels[chosen], 1.2))
            parts.append((self.none.images[others], self.none.labels[others], 1.0))
            clothes.append((self.photos.images, self.photos.labels))
        for pictures, classes in clothes:
            some = generator.choice(len(classes), WORN // len(clothes))
            parts.append((wearers.somebody_in(pictures[some], classes[some], generator), classes[some], 0.8))
        thrown = generator.choice(np.flatnonzero(np.isin(self.data.train_labels, SHOES)), LYING)
        parts.append((wearers.lying(self.data.train_images[thrown], generator), self.data.train_labels[thrown], 0.8))
        labels = np.concatenate([part[1] for part in parts]).astype(int)
        sharp = np.eye(10, dtype=np.float32)[labels] * (1 - SMOOTHING) + SMOOTHING / 10
        targets = np.where((labels < 0)[:, None], np.float32(0.1), sharp)
        images = np.concatenate([augment(pictures, generator, strength) for pictures, _, strength in parts])
        order = generator.permutation(len(labels))[: self.steps * BATCH]
        return images[order], targets[order]

    def learn(
        self, network, rate: object, epochs: int, generator: np.random.Generator, say: Callable[[str], None]
    ) -> None:
        """Train a network (logits) for some epochs; the next epoch's pictures are made while this one is learned."""
        import keras

        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        network.compile(optimiser(rate), loss=loss, metrics=["accuracy"], steps_per_execution=16)
        with ThreadPoolExecutor(1) as beside:
            coming = beside.submit(self.epoch, generator)
            for epoch in range(epochs):
                images, targets = coming.result()
                if epoch + 1 < epochs:
                    coming = beside.submit(self.epoch, generator)
                history = network.fit(images, targets, batch_size=BATCH, epochs=1, shuffle=False, verbose=0).history
                say(
                    f"  epoch {epoch + 1} of {epochs}: loss {history['loss'][0]:.4f}, accuracy"
                    f" {history['accuracy'][0]:.4f}"
                )


def optimiser(rate: object) -> object:
    """Gives Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) for the convolutions, AdamW for the
    rest.

    Keras leaves all but matrices to AdamW; here a convolution's kernel is a matrix too, with a column for each of its
    filters.
    """
    import keras

    class Muon(keras.optimizers.Muon):
        def _should_use_adamw(self, variable) -> bool:
            return len(variable.shape) != 4

        def zeropower_via_newtonschulz5(self, x, steps: int):
            columns = keras.ops.reshape(x, (-1, x.shape[-1]))
            return keras.ops.reshape(super().zeropower_via_newtonschulz5(columns, steps), x.shape)

        def lr_adjust(self, x):
            return x * self.rms_rate * max(math.prod(x.shape[:-1]), x.shape[-1]) ** 0.5

    return Muon(rate, adam_lr_ratio=1 / 3, weight_decay=0.03, adam_weight_decay=0.03)


def falling(epochs: int, mixture: Mixture) -> object:
    """A rate that falls from RATE to nothing over some epochs of a mixture."""
    import keras

    return keras.optimizers.schedules.CosineDecay(RATE, epochs * mixture.steps, 0.005)


def rising() -> object:
    """A rate that rises to RATE over a thousand steps and stays there."""
    import keras

    return keras.optimizers.schedules.PolynomialDecay(RATE / 20, 1_000, RATE)


def fit(
    data: Dataset,
    photos: Pictures,
    none: Pictures,
    again: tuple[Pictures, Pictures],
    seed: int,
    stages: tuple[int, int, int],
    say: Callable[[str], None],
) -> tuple:
    """Fit a network from a seed.

    Gives the network (logits) and what networks that had not seen them said of all photos and all others.

    These out-of-fold answers are raw shares, (n, 10) float32 each, in the order of `photos` and `none`. `again` holds
    photos and others read anew: they are learned from beside their originals, and left out with the same people.
    """
    import keras

    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    pool = draw_pool(data, seed, generator)
    say(f"{len(pool[1])} sketches drawn")
    without = Mixture(data, pool)
    network = build()
    say("without photos")
    without.learn(network, rising(), stages[0], generator, say)
    basis = network.get_weights()
    said = np.zeros((len(photos.labels), 10), np.float32), np.zeros((len(none.labels), 10), np.float32)
    for place, (mine, others) in enumerate(folds(photos, none, seed), start=1):
        say(f"with photos, fold {place} of {FOLDS}")
        learned = [
            known.pick(~away & known.found).and_those(
                more.pick(more.found & ~np.isin(more.contributors, known.contributors[away]))
            )
            for known, more, away in zip((photos, none), again, (mine, others), strict=True)
        ]
        mixture = Mixture(data, pool, *learned, share=0.5)
        network.set_weights(basis)
        mixture.learn(network, falling(stages[2], mixture), stages[2], generator, say)
        judge = Network(to_tflite(answering(network)))
        said[0][mine], said[1][others] = judge.raw(photos.images[mine]), judge.raw(none.images[others])
    say("with all photos")
    learned = [known.and_those(more) for known, more in zip((photos, none), again, strict=True)]
    mixture = Mixture(data, pool, *(pictures.pick(pictures.found) for pictures in learned))
    network.set_weights(basis)
    mixture.learn(network, falling(stages[1], mixture), stages[1], generator, say)
    return network, *said


def to_tflite(model) -> bytes:
    """The network as the bytes of a `.tflite` file."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


def fit_temperature(outputs: list[np.ndarray], labels: list[np.ndarray]) -> float:
    """The temperature with the least mean log loss, each set of outputs (n, 10) with its labels (n,) counting alike."""

    def loss(temperature: float) -> float:
        shares = (
            calibrated(raw, temperature)[np.arange(len(truth)), truth]
            for raw, truth in zip(outputs, labels, strict=True)
        )
        return -sum(float(np.log(share).mean()) for share in shares)

    return float(min(np.linspace(0.3, 4.0, 75), key=loss))


def fit_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Above which probability an answer is sure, and below which it is none of the ten; labels (n,) with -1 for
    none."""
    best, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(-best)
    precise = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((precise >= PRECISION) & (np.arange(len(order)) >= 20))
    sure = float(best[order][enough[-1]]) if len(enough) else 0.98
    none = float(np.quantile(best[labels >= 0], LOST))
    return {"sure": round(sure, 3), "none": round(min(none, sure - 0.05), 3)}


def measure(probabilities: np.ndarray, pictures: Pictures, limits: dict[str, float]) -> dict[str, float | int]:
    """Accuracy, share answered as sure, and right among those; of none of the ten only the share answered as sure."""
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


def make(
    data: Dataset, folder: Path, out: Path, seed: int, stages: tuple[int, int, int], say: Callable[[str], None] = print
) -> dict:
    """Read, fit, calibrate, measure and write the shipped network's files; returns its card."""
    generator = np.random.default_rng([seed, 1])
    photos, none = read_pictures(folder, "photo", "train"), read_pictures(folder, "none-of-the-ten", "train")
    checks = {kind: read_pictures(folder, kind, "check") for kind in ("photo", "drawing", "none-of-the-ten")}
    say(f"{len(photos.labels)} photos and {len(none.labels)} other things read")
    again = tuple(_read_again(folder, kind, seed) for kind in ("photo", "none-of-the-ten"))
    say(f"{len(again[0].labels)} photos and {len(again[1].labels)} other things read again, changed")
    fitted, said, said_of_none = fit(data, photos, none, again, seed, stages, say)
    model = answering(fitted)
    content = to_tflite(model)

    raw = Network(content)
    fresh = generator.choice(len(data.train_labels), 1500, replace=False)
    drawn = sketches.from_images(data.train_images[fresh], generator)
    clean = augment(data.train_images[fresh], generator, 0.5)
    temperature = fit_temperature(
        [said[photos.found], raw.raw(clean)], [photos.labels[photos.found], data.train_labels[fresh]]
    )
    network = Network(content, temperature, saw_photos=True)
    both = np.concatenate([said[photos.found], said_of_none[none.found]])
    truth = np.concatenate([photos.labels[photos.found], none.labels[none.found]])
    on_photos = fit_thresholds(calibrated(both, temperature), truth)
    on_sketches = fit_thresholds(network.probabilities(drawn), data.train_labels[fresh])
    # Sketches made by program are easier than people's, so a drawing must be at least as clear as a photo.
    on_drawings = {
        "sure": max(on_photos["sure"], on_sketches["sure"]),
        "none": min(on_photos["none"], on_sketches["none"]),
    }
    thresholds = {"photo": on_photos, "drawing": on_drawings}

    probabilities = network.probabilities(data.test_images)
    figures = {
        "photos_check": measure(network.probabilities(checks["photo"].images), checks["photo"], on_photos),
        "drawings_check": measure(network.probabilities(checks["drawing"].images), checks["drawing"], on_drawings),
        "none_of_the_ten_check": measure(
            network.probabilities(checks["none-of-the-ten"].images), checks["none-of-the-ten"], on_photos
        ),
        "photos_out_of_fold": measure(calibrated(said, temperature), photos, on_photos),
    }
    card = _card(model, data, seed, stages, temperature, thresholds, figures, probabilities)
    write(out, fitted, content, card, probabilities)
    return card


def _read_again(folder: Path, kind: str, seed: int) -> Pictures:
    first, *others = (read_pictures(folder, kind, "train", 1_000 * (seed + 1) + time) for time in range(ANEW))
    for pictures in others:
        first = first.and_those(pictures)
    return first


def _card(
    model,
    data: Dataset,
    seed: int,
    stages: tuple[int, int, int],
    temperature: float,
    thresholds: dict,
    figures: dict,
    probabilities: np.ndarray,
) -> dict:
    import keras
    import tensorflow as tf

    versions = {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "opencv": cv2.__version__,
    }
    return {
        "name": "shipped",
        "title": "The network that comes with Fitting Room",
        "source": "Fitting Room",
        "seed": seed,
        "epochs": stages[0] + stages[1],
        "stages": {
            "without photos": stages[0],
            "with photos": stages[1],
            "with photos, for each of the folds": stages[2],
        },
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
            (
                "Learnt from unworn clothes, laid flat or hung up, and from wearers drawn by program; of real worn"
                " clothes it saw none."
            ),
            "Saw few photos of shoes and none of bags.",
            "Shirts, pullovers, coats and T-shirts are easily confused, by people too.",
        ],
        "versions": versions,
    }


def write(out: Path, fitted, content: bytes, card: dict, probabilities: np.ndarray) -> None:
    """Write model.keras, model.tflite, card.json and probabilities.npz into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    plain = build()  # without the optimiser's state, three times smaller
    plain.set_weights(fitted.get_weights())
    answering(plain).save(out / "model.keras")
    (out / "model.tflite").write_bytes(content)
    (out / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    np.savez_compressed(out / "probabilities.npz", probabilities=probabilities.astype(np.float16))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m core.fitting", description="Make the network that comes with the app."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with Fashion-MNIST's four files")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with pictures.csv, photos and drawings")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where the files go")
    parser.add_argument("--seed", type=int, default=0)
    words = "epochs without photos, with photos, and with photos for each fold"
    parser.add_argument(
        "--stages", type=int, nargs=3, default=STAGES, help=f"{words} (default: {' '.join(map(str, STAGES))})"
    )
    given = parser.parse_args(arguments)
    data = load(Settings(data=given.data))
    if not data.real:
        raise SystemExit(data.problem or f"{given.data} holds no Fashion-MNIST.")
    card = make(
        data, given.pictures, given.out, given.seed, tuple(given.stages), lambda words: print(words, flush=True)
    )
    print(
        json.dumps(
            {"test_accuracy": card["test_accuracy"], "temperature": card["temperature"], **card["figures"]}, indent=2
        )
    )


if __name__ == "__main__":
    main()
