"""The pictures in use as four arrays, with where they come from; a fair part of them, and a part to hold back.

Knows nothing of files, networks, runs or pages.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from core.archive import Limits
from core.arrays import DAMAGE, from_npz, to_npz
from core.errors import DataError, door
from core.language import N_, Saying, _

FULL = (60_000, 10_000)  # training and test pictures of the whole data set
OWN_TITLE = "Your clothes"  # what a data set that somebody uploaded is called
LOST_PICTURES = N_(
    "The pictures of this run cannot be read, or are more than the {most} that a worker takes. Start a new one."
)
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class Source(StrEnum):
    """Where the pictures in use come from."""

    FOLDER = "folder"  # idx files in the folder a person named
    CSV = "csv"  # the two CSV files there
    KERAS = "keras"  # Keras' own cache
    DOWNLOAD = "download"  # fetched by the app
    OWN = "own"  # uploaded by somebody
    GARMENTS = "garments"  # drawn by program


TITLES = {
    Source.CSV: N_("Fashion-MNIST, read from {folder} (CSV files)"),
    Source.FOLDER: N_("Fashion-MNIST, read from {folder}"),
    Source.KERAS: N_("Fashion-MNIST, kept by Keras"),
    Source.DOWNLOAD: N_("Fashion-MNIST, downloaded"),
    Source.OWN: N_("Your clothes: {origin}"),
    Source.GARMENTS: N_("Drawn stand-in clothes"),
}
PART = N_("{title} ({training} + {test} pictures)")


@dataclass(frozen=True, eq=False)
class Dataset:
    """The pictures in use and where they come from. 0 is background."""

    train_images: np.ndarray  # (n, 28, 28) uint8
    train_labels: np.ndarray  # (n,) uint8, 0 to 9
    test_images: np.ndarray  # (m, 28, 28) uint8
    test_labels: np.ndarray  # (m,) uint8, 0 to 9
    source: Source
    origin: str  # the folder, the name of what somebody uploaded, or "" for drawn clothes
    fingerprint: str  # 16 hex digits of all pictures and labels in their order
    problem: Saying | None = None  # why better data were not used
    read_as: Saying | None = None  # how its files were understood, where they are unusual

    @classmethod
    def of(
        cls, arrays: Sequence[np.ndarray], source: Source, origin: str = "", problem: Saying | None = None
    ) -> Dataset:
        """A data set of four uint8 arrays, in the order of the fields, with its fingerprint; the arrays become
        read-only."""
        for array in arrays:
            array.setflags(write=False)
        train_images, train_labels, test_images, test_labels = arrays
        digits = fingerprint(arrays)
        return cls(train_images, train_labels, test_images, test_labels, source, origin, digits, problem)

    @classmethod
    def from_bytes(cls, content: bytes, most: int) -> Dataset:
        """The data set somebody uploaded, of `most` pictures at most, read from what `to_bytes` made, with the same
        fingerprint. Raises DataError for anything else."""
        with door(DataError, Saying(LOST_PICTURES, most=most), DAMAGE):
            # a few bytes more: of each array, what says its shape
            arrays = from_npz(content, Limits(len(ARRAYS), (28 * 28 + 1) * most + len(ARRAYS) * 1_000))
            images, labels, test_images, test_labels = (arrays[name] for name in ARRAYS)
            if not (_are_clothes(images, labels) and _are_clothes(test_images, test_labels)):
                raise ValueError("no clothes")
            return cls.of([images, labels, test_images, test_labels], Source.OWN)

    def to_bytes(self) -> bytes:
        """Pictures and labels as an .npz file, which a run carries to its worker."""
        return to_npz({name: getattr(self, name) for name in ARRAYS}, compress=True)

    @property
    def real(self) -> bool:
        """Whether these are photos of real clothes."""
        return self.source != Source.GARMENTS

    @property
    def title(self) -> str:
        """What the data are, in plain English words, as a run keeps it; pages show it by `title_said`."""
        counts = (len(self.train_images), len(self.test_images))
        title = TITLES[self.source].format(origin=self.origin, folder=Path(self.origin).name)
        if not self.real or (counts == FULL and self.source != Source.OWN):
            return title
        return PART.format(title=title, training=f"{counts[0]:,}", test=f"{counts[1]:,}")


def _are_clothes(images: np.ndarray, labels: np.ndarray) -> bool:
    """Whether these are pictures with a label each, as a data set holds them."""
    return (
        images.shape == (len(labels), 28, 28)
        and labels.ndim == 1
        and len(labels) > 0
        and images.dtype == labels.dtype == np.uint8
        and bool((labels < 10).all())
    )


def title_said(title: str) -> str:
    """The title of a data set, as `Dataset.title` gives it and a run keeps it, in the language of the reader."""
    if part := re.fullmatch(r"(.*) \(([\d,]+) \+ ([\d,]+) pictures\)", title):
        return _(PART).format(title=title_said(part[1]), training=part[2], test=part[3])
    for words in TITLES.values():
        before, field, after = re.fullmatch(r"([^{]*)(?:\{(\w+)\})?(.*)", words).groups()  # type: ignore[union-attr]
        if found := re.fullmatch(re.escape(before) + ("(.*)" if field else "") + re.escape(after), title):
            return _(words).format(**{field: found[1]} if field else {})
    return title


def fingerprint(arrays: Sequence[np.ndarray]) -> str:
    """16 hexadecimal digits that change with any picture, any label or their order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def validation_split(count: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to hold back, as scikit-learn's `train_test_split(random_state=seed)` deals them.

    They are dealt here, as scikit-learn is large and takes a second or two of a worker's first Start to import.
    """
    order = np.random.RandomState(seed).permutation(count)
    held_back = math.ceil(fraction * count)
    return order[held_back:], order[:held_back]


def subset(dataset: Dataset, examples: int | None, seed: int) -> np.ndarray:
    """Rows of a random part of the training pictures, ascending, with every class in its share; None = all of them."""
    count = len(dataset.train_labels)
    return fair_share(dataset.train_labels, count if examples is None else examples, seed)


def fair_share(labels: np.ndarray, examples: int, seed: int) -> np.ndarray:
    """Rows of a random part of the pictures, ascending, with every class in its share; all rows where there are not
    more."""
    if examples >= len(labels):
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    rank = np.empty(len(labels))  # of each picture within its class, 0 to 1
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        rank[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return np.sort(order[np.argsort(rank[order], kind="stable")[:examples]])
