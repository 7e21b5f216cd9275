"""The pictures in use as four arrays, with where they come from; a fair part of them, and a part to hold back.

Knows nothing of files, networks, runs or pages.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FULL = (60_000, 10_000)  # training and test pictures of the whole data set
OWN_TITLE = "Your clothes"  # what a data set that a person brought is called
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True, eq=False)
class Dataset:
    """The pictures in use and where they come from. 0 is background."""

    train_images: np.ndarray  # (n, 28, 28) uint8
    train_labels: np.ndarray  # (n,) uint8, 0 to 9
    test_images: np.ndarray  # (m, 28, 28) uint8
    test_labels: np.ndarray  # (m,) uint8, 0 to 9
    source: str  # "folder", "csv", "keras", "download", "own" or "garments"
    place: str  # the folder, the name of what a person brought, or "" for drawn clothes
    fingerprint: str  # 16 hex digits of all pictures and labels in their order
    problem: str | None = None  # a sentence: why better data were not used

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], source: str, place: str = "", problem: str | None = None) -> "Dataset":
        """A data set of four uint8 arrays, in the order of the fields, with its fingerprint; the arrays become
        read-only."""
        for array in arrays:
            array.setflags(write=False)
        return cls(*arrays, source=source, place=place, fingerprint=fingerprint(arrays), problem=problem)

    @property
    def real(self) -> bool:
        """Whether these are photos of real clothes."""
        return self.source != "garments"

    @property
    def title(self) -> str:
        """What the data are, in plain words."""
        if not self.real:
            return "Drawn stand-in clothes"
        counts = (len(self.train_images), len(self.test_images))
        if self.source == "own":
            return f"{OWN_TITLE}: {self.place} ({counts[0]:,} + {counts[1]:,} pictures)"
        part = "" if counts == FULL else f" ({counts[0]:,} + {counts[1]:,} pictures)"
        if self.source in ("keras", "download"):
            return f"Fashion-MNIST, {'kept by Keras' if self.source == 'keras' else 'downloaded'}{part}"
        return f"Fashion-MNIST, read from {Path(self.place).name}{' (CSV files)' if self.source == 'csv' else ''}{part}"


def fingerprint(arrays: Sequence[np.ndarray]) -> str:
    """16 hexadecimal digits that change with any picture, any label or their order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:16]


def validation_split(count: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to hold back, as scikit-learn's `train_test_split(random_state=seed)` deals them."""
    from sklearn.model_selection import train_test_split

    learn, hold_back = train_test_split(np.arange(count), test_size=fraction, random_state=seed)
    return learn, hold_back


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
    place = np.empty(len(labels))  # of each picture within its class, 0 to 1
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        place[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
    return np.sort(order[np.argsort(place[order], kind="stable")[:examples]])


def pack(data: Dataset) -> bytes:
    """A data set as the bytes a run carries to its worker."""
    content = io.BytesIO()
    np.savez_compressed(content, **{name: getattr(data, name) for name in ARRAYS})
    return content.getvalue()


def unpack(content: bytes) -> Dataset:
    """The data set in the bytes that `pack` made, with the same fingerprint."""
    with np.load(io.BytesIO(content)) as arrays:
        return Dataset.of([arrays[name] for name in ARRAYS], "own")
