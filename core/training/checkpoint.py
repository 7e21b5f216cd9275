"""What is kept of a run while it trains: a checkpoint to go on from, and a snapshot of each epoch to look at
afterwards.

Both become plain arrays in an .npz file, read without pickle. Knows nothing of Keras, the store or pages.
"""

import io
from dataclasses import dataclass, field, fields

import numpy as np

SHEET = 12  # pictures whose answers are kept after each epoch
SAMPLE = 1_000  # test pictures looked at after each epoch by a run that holds none back
FILTERS = 32  # most first-layer filters kept


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
        plain = {
            name: getattr(self, name)
            for name in ("epoch", "images", "count", "sums", "seconds", "best_epoch", "best_loss", "over")
        }
        lists = {
            f"{name}_{place}": array
            for name in ("variables", "best")
            for place, array in enumerate(getattr(self, name))
        }
        return _packed(plain | lists, squeeze=False)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Checkpoint":
        """Read what `to_bytes` wrote."""
        arrays = _unpacked(content)

        def several(name: str) -> list[np.ndarray]:
            count = sum(key.startswith(f"{name}_") and key[len(name) + 1 :].isdecimal() for key in arrays)
            return [arrays[f"{name}_{place}"] for place in range(count)]

        whole = {name: int(arrays[name]) for name in ("epoch", "images", "count", "best_epoch")}
        parts = {name: float(arrays[name]) for name in ("seconds", "best_loss")}
        lists = {name: several(name) for name in ("variables", "best")}
        return cls(**whole, **parts, **lists, sums=arrays["sums"], over=bool(arrays["over"]))


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
        return _packed({row.name: getattr(self, row.name) for row in fields(self)}, squeeze=True)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Snapshot":
        """Read what `to_bytes` wrote."""
        arrays = _unpacked(content)
        return cls(**{**arrays, "held_back": bool(arrays["held_back"])})


def chosen_for_the_sheet(labels: np.ndarray) -> np.ndarray:
    """Places of SHEET pictures (or all, where there are fewer): the first of each class, then the next ones, sorted by
    class."""
    turn = np.empty(len(labels), int)  # how many of its class came before
    for kind in np.unique(labels):
        here = labels == kind
        turn[here] = np.arange(here.sum())
    places = np.lexsort((np.arange(len(labels)), labels, turn))[:SHEET]
    return places[np.argsort(labels[places], kind="stable")].astype(np.int32)


def _packed(arrays: dict[str, object], squeeze: bool) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if squeeze else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def _unpacked(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)
