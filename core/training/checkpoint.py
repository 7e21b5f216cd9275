"""What is kept of a run while it trains: a checkpoint to go on from, and a snapshot of each epoch to look at
afterwards.

Both become plain arrays in an .npz file, read without pickle. Knows nothing of Keras, the store or pages.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

SHEET = 12  # pictures whose answers are kept after each epoch
SAMPLE = 1_000  # test pictures looked at after each epoch by a run that holds none back
FILTERS = 32  # most first-layer filters kept
LISTS = ("variables", "best")  # fields of a checkpoint that become an array each of their members


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands: going on from it gives what going on without a break would have given."""

    epoch: int  # whole epochs behind it
    images: int  # training pictures looked at in the epoch that follows,
    count: int  # of so many
    sums: np.ndarray  # (3,) of that epoch: images, losses, right answers
    seconds: float  # trained so far
    variables: list[np.ndarray]  # of the network, then of the optimiser, in their order
    best: list[np.ndarray] = field(default_factory=list)  # of the network at its best epoch, when the plan stops early
    best_epoch: int = 0
    best_loss: float = np.inf
    over: bool = False  # whether the plan's patience ended here

    @property
    def standing(self) -> float:
        """Epochs behind it, with the part of the one that was begun."""
        return self.epoch + self.images / self.count

    def to_bytes(self) -> bytes:
        """As an .npz file."""
        plain = {row.name: getattr(self, row.name) for row in fields(self) if row.name not in LISTS}
        lists = {f"{name}_{index}": array for name in LISTS for index, array in enumerate(getattr(self, name))}
        return _to_npz(plain | lists, compress=False)

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint:
        """Read what `to_bytes` wrote."""
        arrays = _from_npz(content)

        def numbered(name: str) -> list[np.ndarray]:
            count = sum(key.startswith(f"{name}_") and key[len(name) + 1 :].isdecimal() for key in arrays)
            return [arrays[f"{name}_{index}"] for index in range(count)]

        return cls(
            epoch=int(arrays["epoch"]),
            images=int(arrays["images"]),
            count=int(arrays["count"]),
            sums=arrays["sums"],
            seconds=float(arrays["seconds"]),
            variables=numbered("variables"),
            best=numbered("best"),
            best_epoch=int(arrays["best_epoch"]),
            best_loss=float(arrays["best_loss"]),
            over=bool(arrays["over"]),
        )


@dataclass(frozen=True)
class Snapshot:
    """What a network said, and how its first filters looked, at the end of an epoch."""

    counts: np.ndarray  # (10, 10) int32, confusion matrix: row = true class, column = answer
    rows: np.ndarray  # (SHEET,) int32, which pictures `shares` is about
    held_back: bool  # whether these rows are of the training pictures, held back; else of the test pictures
    shares: np.ndarray  # (SHEET, 10) float16, the answers to them
    filters: np.ndarray  # (k, height, width) float16, weights of the first layer's filters

    def to_bytes(self) -> bytes:
        """As a packed .npz file."""
        return _to_npz({row.name: getattr(self, row.name) for row in fields(self)}, compress=True)

    @classmethod
    def from_bytes(cls, content: bytes) -> Snapshot:
        """Read what `to_bytes` wrote."""
        arrays: dict[str, Any] = _from_npz(content)
        return cls(**{**arrays, "held_back": bool(arrays["held_back"])})


def sheet_rows(labels: np.ndarray) -> np.ndarray:
    """Rows of SHEET pictures (or all, where there are fewer), (k,) int32: the first of each class, then the second of
    each and so on; sorted by class."""
    earlier = np.empty(len(labels), int)  # how many of its class come before it
    for label in np.unique(labels):
        of_class = labels == label
        earlier[of_class] = np.arange(of_class.sum())
    rows = np.lexsort((np.arange(len(labels)), labels, earlier))[:SHEET]
    return rows[np.argsort(labels[rows], kind="stable")].astype(np.int32)


def _to_npz(arrays: dict[str, Any], compress: bool) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def _from_npz(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)
