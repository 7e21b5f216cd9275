"""What an epoch of the fit is made of: the data set, sketches, photos and clothes in use, all changed anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from core.data import class_folders, synthetic
from core.data.dataset import Dataset
from core.fitting import sketches, wearers
from core.fitting.geometry import rotation
from core.fitting.network import KerasModel, LearningRate, optimiser
from core.fitting.pictures import Photos
from core.images import SIDE
from core.labels import SLUGS

BATCH = 128
# Pictures of each kind in an epoch, beside the data set's own: photos, sketches, photos of none of the ten, clothes
# worn by people, shoes lying about.
PHOTOS, SKETCHES, NONE, WORN, LYING = 14_000, 15_000, 2_500, 5_000, 1_500
POOL = 10_000  # sketches of each kind: of the data set's images, of clothes drawn by program, and caricatures
SMOOTHING = 0.05
SHOES = [SLUGS.index(slug) for slug in ("sandal", "sneaker", "ankle-boot")]


class Labelled(NamedTuple):
    """Images with their classes."""

    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) int, -1 for none of the ten

    def pick(self, indices: np.ndarray) -> "Labelled":
        """The images at some indices (k,) int."""
        return Labelled(self.images[indices], self.labels[indices])


def draw_pool(data: Dataset, seed: int, generator: np.random.Generator) -> Labelled:
    """Sketches of three kinds, `POOL` of each."""
    chosen = generator.choice(len(data.train_labels), POOL, replace=False)
    garment_labels, caricature_labels = generator.integers(0, 10, POOL), generator.integers(0, 10, POOL)
    sources = (
        (sketches.from_images, data.train_images[chosen]),
        (sketches.from_images, synthetic.draw(garment_labels, seed)),
        (sketches.caricatures, caricature_labels),
    )
    pieces = [(draw, part) for draw, source in sources for part in np.array_split(source, max(1, POOL // 250))]
    drawn = class_folders.read_many([(*piece, (seed, index)) for index, piece in enumerate(pieces)], _draw)
    labels = np.concatenate([data.train_labels[chosen], garment_labels, caricature_labels])
    return Labelled(np.concatenate(drawn), labels)


def _draw(
    piece: tuple[Callable[[np.ndarray, np.random.Generator], np.ndarray], np.ndarray, tuple[int, int]],
) -> np.ndarray:
    draw, source, seed = piece
    return draw(source, np.random.default_rng(seed))


def augment(images: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Copies mirrored, tilted, shifted and stretched, with holes, remnants and other tones, lit from a side.

    Images (n, 28, 28) uint8 in and out.
    """
    count = len(images)
    turn = generator.normal(0, 0.09 * strength, count)
    stretch = np.exp(generator.normal(0, 0.06 * strength, (count, 2)))
    shear = generator.normal(0, 0.05 * strength, count)
    shift = generator.normal(0, 0.8 * strength, (count, 2))
    mirror = np.where(generator.random(count) < 0.5, -1.0, 1.0)
    gain, offset = np.exp(generator.normal(0, 0.18 * strength, count)), generator.normal(0, 18 * strength, count)
    light = generator.normal(0, 0.1 * strength, (count, 2))
    damage = generator.random(count)
    changed = np.empty_like(images)
    for index, image in enumerate(images):
        matrix = (rotation(turn[index]) + [(0, shear[index]), (0, 0)]) @ np.diag(stretch[index])
        matrix[:, 0] *= mirror[index]
        moved = _moved(image, matrix, shift[index])
        toned = _toned(moved, light[index], gain[index], offset[index])
        if damage[index] < 0.12 * strength:
            _patch(toned, generator, 0)
        elif damage[index] < 0.2 * strength:
            _patch(toned, generator, int(generator.integers(40, 220)))
        changed[index] = toned
    return changed


def _moved(image: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The image (28, 28) with a matrix (2, 2) applied around its middle, then shifted by (2,) px."""
    offset = 13.5 - matrix @ (13.5, 13.5) + shift
    return cv2.warpAffine(image, np.column_stack([matrix, offset]), (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def _toned(image: np.ndarray, light: np.ndarray, gain: float, offset: float) -> np.ndarray:
    """The garment brighter towards one side, at most by `light` (2,) across and down, then with other tones."""
    across = np.linspace(-1, 1, SIDE)
    lit = image * (1 + light[0] * across + light[1] * across[:, None])
    return np.asarray(np.where(image > 8, np.clip((lit - 128) * gain + 128 + offset, 8, 255), 0))


def _patch(image: np.ndarray, generator: np.random.Generator, value: int) -> None:
    """A hole in the garment, or a remnant of the background beside it."""
    centre, axes = generator.integers(0, SIDE, 2), generator.integers(1, 6, 2)
    turn = float(generator.uniform(0, 180))
    cv2.ellipse(image, [int(v) for v in centre], [int(v) for v in axes], turn, 0, 360, value, -1)


@dataclass(frozen=True, eq=False)
class Mixture:
    """What an epoch is made of: the data set, sketches, photos (none in the first stage), and some of it in use."""

    data: Dataset
    pool: Labelled  # the sketches
    photos: Photos | None = None
    share: float = 1.0  # of the data set's own images, other ones in each epoch

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return (self._own_count + SKETCHES + WORN + LYING + (PHOTOS + NONE if self.photos else 0)) // BATCH

    @property
    def _own_count(self) -> int:
        """Images of the data set in an epoch, as they are."""
        return round(self.share * len(self.data.train_labels))

    def epoch(self, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Freshly augmented pictures (n, 28, 28) uint8 and targets (n, 10) float32, shuffled in whole batches."""
        parts = [*self._plain_parts(generator), *self._parts_in_use(generator)]
        labels = np.concatenate([part.labels for part, _ in parts]).astype(int)
        sharp = np.eye(10, dtype=np.float32)[labels] * (1 - SMOOTHING) + SMOOTHING / 10
        targets = np.where((labels < 0)[:, None], np.float32(0.1), sharp)
        images = np.concatenate([augment(part.images, generator, strength) for part, strength in parts])
        order = generator.permutation(len(labels))[: self.steps * BATCH]
        return images[order], targets[order]

    def _plain_parts(self, generator: np.random.Generator) -> list[tuple[Labelled, float]]:
        """Images of the data set, sketches and photos, each kind with how strongly it is changed."""
        data = Labelled(self.data.train_images, self.data.train_labels)
        drawn = generator.choice(len(self.pool.labels), SKETCHES)
        picked = generator.permutation(len(data.labels))[: self._own_count]
        parts = [(data.pick(picked), 0.5), (self.pool.pick(drawn), 0.8)]
        if self.photos:
            clothes, others = self.photos.clothes, self.photos.others
            weights = clothes.weights
            # rare classes come up more often
            often = weights * np.bincount(clothes.labels, weights, minlength=10)[clothes.labels] ** -0.4
            chosen = generator.choice(len(clothes.labels), PHOTOS, p=often / often.sum())
            chosen_others = generator.choice(len(others.labels), NONE, p=others.weights / others.weights.sum())
            parts.append((Labelled(clothes.images, clothes.labels).pick(chosen), 1.2))
            parts.append((Labelled(others.images, others.labels).pick(chosen_others), 1.0))
        return parts

    def _parts_in_use(self, generator: np.random.Generator) -> list[tuple[Labelled, float]]:
        """Clothes worn by people and shoes lying about, each kind with how strongly it is changed."""
        data = Labelled(self.data.train_images, self.data.train_labels)
        sources = [data]
        if self.photos:
            sources.append(Labelled(self.photos.clothes.images, self.photos.clothes.labels))
        parts = []
        for source in sources:
            chosen = source.pick(generator.choice(len(source.labels), WORN // len(sources)))
            worn = wearers.worn_by_people(chosen.images, chosen.labels, generator)
            parts.append((Labelled(worn, chosen.labels), 0.8))
        shoes = data.pick(generator.choice(np.flatnonzero(np.isin(data.labels, SHOES)), LYING))
        parts.append((Labelled(wearers.lying_about(shoes.images, generator), shoes.labels), 0.8))
        return parts

    def learn(
        self,
        network: KerasModel,
        rate: LearningRate,
        epochs: int,
        generator: np.random.Generator,
        say: Callable[[str], None],
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
