"""What is kept of a run while it trains: a checkpoint to go on from, and a snapshot of each epoch to look at
afterwards.

Both become plain arrays in an .npz file, which may have passed through strangers' hands: it is read without pickle, and
each number is checked. Knows nothing of Keras, the store or pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from core.archive import Limits
from core.arrays import DAMAGE, from_npz, to_npz
from core.errors import RunError, door
from core.language import N_

SHEET = 12  # pictures whose answers are kept after each epoch
SAMPLE = 1_000  # test pictures looked at after each epoch by a run that holds none back
FILTERS = 32  # most first-layer filters kept
LISTS = ("variables", "best")  # fields of a checkpoint that become an array each of their members
MOST_ARRAYS = 1_000  # of a checkpoint
MOST_COUNTED = 1_000_000  # pictures, of which a snapshot may count the answers
LARGEST_SNAPSHOT = 200_000  # bytes of each of its arrays
LOST_SNAPSHOT = N_("What was kept of this epoch cannot be read. Choose another.")
LOST_CHECKPOINT = N_("What was kept of this run cannot be read, so that it cannot go on. Start a new one.")


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
        return to_npz(plain | lists, compress=False)

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint:
        """Read what `to_bytes` wrote. Raises RunError for anything else."""
        with door(RunError, LOST_CHECKPOINT, DAMAGE):
            arrays = from_npz(content, Limits(MOST_ARRAYS, len(content)))  # it is not packed

            def numbered(name: str) -> list[np.ndarray]:
                count = sum(key.startswith(f"{name}_") and key[len(name) + 1 :].isdecimal() for key in arrays)
                return [arrays[f"{name}_{index}"] for index in range(count)]

            read = cls(
                epoch=_whole(arrays["epoch"]),
                images=_whole(arrays["images"]),
                count=_whole(arrays["count"]),
                sums=arrays["sums"],
                seconds=arrays["seconds"].item(),
                variables=numbered("variables"),
                best=numbered("best"),
                best_epoch=_whole(arrays["best_epoch"]),
                best_loss=arrays["best_loss"].item(),
                over=bool(arrays["over"].item()),
            )
            if not (read.images <= read.count and read.count and read.sums.shape == (3,) and read.seconds >= 0):
                raise ValueError("numbers that cannot be")
            return read


@dataclass(frozen=True)
class Snapshot:
    """What a network said, and how its first filters looked, at the end of an epoch."""

    counts: np.ndarray  # (10, 10) int32, confusion matrix: row = true class, column = answer
    rows: np.ndarray  # (SHEET,) int32, which pictures `shares` is about
    held_back: bool  # whether these rows are of the training pictures, held back; else of the test pictures
    shares: np.ndarray  # (SHEET, 10) float16, the answers to them
    filters: np.ndarray  # (k, height, width) float16, weights of the first layer's filters, k at most FILTERS

    def to_bytes(self) -> bytes:
        """As a packed .npz file."""
        return to_npz({row.name: getattr(self, row.name) for row in fields(self)}, compress=True)

    @classmethod
    def from_bytes(cls, content: bytes) -> Snapshot:
        """Read what `to_bytes` wrote. Raises RunError for anything else."""
        names = [row.name for row in fields(cls)]
        with door(RunError, LOST_SNAPSHOT, DAMAGE):
            arrays = from_npz(content, Limits(len(names), len(names) * LARGEST_SNAPSHOT), LARGEST_SNAPSHOT)
            counts, rows, held_back, shares, filters = (arrays[name] for name in names)
            read = cls(
                _as(counts, np.int32),
                _as(rows, np.int32),
                bool(held_back.item()),
                _as(shares, np.float16),
                _as(filters, np.float16),
            )
            if not read._can_be():
                raise ValueError("numbers that cannot be")
            return read

    def fits(self, training: int, test: int) -> bool:
        """Whether a data set with so many pictures to train and to test on has those this is about."""
        return bool((self.rows < (training if self.held_back else test)).all())

    def _can_be(self) -> bool:
        """Whether these shapes and numbers can be those of a snapshot, of whatever data set."""
        counts, rows, shares, filters = self.counts, self.rows, self.shares, self.filters
        return bool(
            counts.shape == (10, 10)
            and (counts >= 0).all()
            and counts.sum(dtype=np.int64) <= MOST_COUNTED
            and rows.ndim == 1
            and len(rows) <= SHEET
            and ((rows >= 0) & (rows < MOST_COUNTED)).all()
            and shares.shape == (len(rows), 10)
            and ((shares >= 0) & (shares <= 1)).all()
            and filters.ndim == 3
            and len(filters) <= FILTERS
            and all(1 <= side <= 28 for side in filters.shape[1:])
            and np.isfinite(filters).all()
        )


def sheet_rows(labels: np.ndarray) -> np.ndarray:
    """Rows of SHEET pictures (or all, where there are fewer), (k,) int32: the first of each class, then the second of
    each and so on; sorted by class."""
    earlier = np.empty(len(labels), int)  # how many of its class come before it
    for label in np.unique(labels):
        of_class = labels == label
        earlier[of_class] = np.arange(of_class.sum())
    rows = np.lexsort((np.arange(len(labels)), labels, earlier))[:SHEET]
    return rows[np.argsort(labels[rows], kind="stable")].astype(np.int32)


def _whole(array: np.ndarray) -> int:
    """The whole number, from 0 on, that is an array's only one. Raises ValueError."""
    number = array.item()
    if not isinstance(number, int) or number < 0:
        raise ValueError("no whole number")
    return number


def _as(array: np.ndarray, kind: type[np.number]) -> np.ndarray:
    """The array in a kind of numbers that may hold fewer. Raises ValueError where a number becomes another or none."""
    with np.errstate(all="ignore"):
        cast = array.astype(kind)
    same = array == cast if np.issubdtype(kind, np.integer) else np.isfinite(cast)
    if not same.all():
        raise ValueError("numbers of another kind")
    return cast
