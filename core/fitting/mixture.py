"""What an epoch of the fit is made of: the data set, sketches, photos, clothes that are worn, all changed anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from core.data import class_folders, synthetic
from core.data.dataset import Dataset
from core.fitting import sketches, wearers
from core.fitting.network import optimiser
from core.fitting.pictures import Pictures
from core.labels import SLUGS

BATCH = 128
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
SHOES = [SLUGS.index(slug) for slug in ("sandal", "sneaker", "ankle-boot")]


def draw_pool(data: Dataset, seed: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sketches of three kinds, `POOL` of each: (n, 28, 28) uint8 and their labels (n,)."""
    chosen = generator.choice(len(data.train_labels), POOL, replace=False)
    invented, imagined = generator.integers(0, 10, POOL), generator.integers(0, 10, POOL)
    models = (
        (sketches.from_images, data.train_images[chosen]),
        (sketches.from_images, synthetic.draw(invented, seed)),
        (sketches.caricatures, imagined),
    )
    pieces = [(draw, some) for draw, all_of_them in models for some in np.array_split(all_of_them, max(1, POOL // 250))]
    drawn = class_folders.read_many([(*piece, (seed, place)) for place, piece in enumerate(pieces)], _drawn)
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
