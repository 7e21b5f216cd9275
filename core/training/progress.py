"""What a training reports while it goes on, what it may be asked, and how many steps make up one call into TensorFlow.

Knows nothing of networks or the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from core.errors import RunError
from core.training.checkpoint import Checkpoint, Snapshot

EXECUTION_SECONDS = 0.1  # aim for one call into TensorFlow: a stop is seen, and the curve moves, between two
REPORT_SECONDS = 0.2
Kind = Literal["batch", "epoch"]  # what a point of the curve is the mean of


@dataclass(frozen=True)
class Point:
    """One point of the curve: the mean over the batches since the last point, or a whole epoch.

    Accuracy 0 to 1, loss in nats.
    """

    kind: Kind
    epoch: float  # epochs seen so far
    accuracy: float
    loss: float
    progress: float  # of the training, 0 to 1
    speed: float  # images a second
    seconds: float  # trained so far, breaks left out
    val_accuracy: float | None = None
    val_loss: float | None = None


class Paused(Exception):
    """A training was asked to pause; it can go on from its checkpoint at any time."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__("paused")
        self.checkpoint = checkpoint


class Request(StrEnum):
    """What a training may be asked while it goes on; it looks about ten times a second."""

    STOP = "stop"
    PAUSE = "pause"


class Watcher:
    """What a training reports to. This one ignores everything; a subclass takes up what it needs."""

    def phase(self, words: str) -> None:
        """The work changes: what is done from now on, in a few words."""

    def point(self, point: Point) -> None:
        """About four times a second: the mean over the batches since the last point."""

    def epoch(self, point: Point, snapshot: Snapshot, checkpoint: Checkpoint) -> None:
        """After each epoch."""

    def keep(self, checkpoint: Checkpoint) -> None:
        """Stopped in the middle of an epoch: where it stands."""


def no_request() -> Request | None:
    """For a training that nobody stops or pauses."""
    return None


class Pace:
    """Cuts an epoch's order into portions of whole batches, each about EXECUTION_SECONDS long on this machine."""

    def __init__(self) -> None:
        self._steps = 1
        self._traced = False

    def portions(self, order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
        """The rows of `order` (n,) in batches, several at a time, (batches, batch_size); last what is left over, (1,
        fewer).

        The time between two portions sets how many batches the next one has.
        """
        whole = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)
        begin = 0
        while begin < len(whole):
            batches = whole[begin : begin + self._steps]
            began = time.perf_counter()
            yield batches
            spent = time.perf_counter() - began
            if self._traced:  # the first call also builds the graph and says nothing about speed
                fitting = int(EXECUTION_SECONDS * len(batches) / max(spent, 1e-6))
                self._steps = max(1, min(fitting, 4 * self._steps))
            self._traced = True
            begin += len(batches)
        if len(whole) * batch_size < len(order):
            yield order[np.newaxis, len(whole) * batch_size :]


class Meter:
    """Adds up losses and right answers, and reports a Point at most every REPORT_SECONDS."""

    def __init__(self, count: int, epochs: int, report: Callable[[Point], None]) -> None:
        self._count, self._epochs, self._report = count, epochs, report
        self._began = self._last = time.perf_counter()
        self._first = True
        self._steady: tuple[float, int] | None = None  # when the graph was built, and the pictures seen until then
        self._trained = 0.0  # seconds before this process took over
        self._seen = self._before = 0  # pictures: in all, and before this process took over
        self._usual = 0.0  # pictures in the last point
        self._recent = np.zeros(3)  # images, sum of losses, right answers since the last point
        self.epoch_sums = np.zeros(3)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Count from where a checkpoint stands."""
        self._seen = self._before = checkpoint.epoch * self._count + checkpoint.images
        self.epoch_sums = checkpoint.sums.copy()
        self._trained = checkpoint.seconds

    def add(self, images: int, loss: float, right: float) -> None:
        """Count so many images with the sum of their losses and their right answers.

        Raises RunError when the loss is no number.
        """
        if not np.isfinite(loss):
            raise RunError(
                "The loss is no longer a number: the steps were too large. Try a learning rate ten times smaller."
            )
        self._seen += images
        self._recent += (images, loss, right)
        self.epoch_sums += (images, loss, right)
        if time.perf_counter() - self._last >= REPORT_SECONDS or self._first:
            self._first = False
            self._report_recent()

    def end_epoch(self, epoch: int, held_back: dict[str, float]) -> Point:
        """The Point of the epoch, with val_loss and val_accuracy where pictures are held back.

        What was not yet reported of its batches is; but a few are left to the next point, they would be a spike.
        """
        if 2 * self._recent[0] > self._usual or (epoch == self._epochs and self._recent[0]):
            self._report_recent()
        point = self._point("epoch", epoch, self.epoch_sums, held_back)
        self.epoch_sums = np.zeros(3)
        return point

    def restart_clock(self) -> None:
        """Count the time to the next point from now: one made of a few pictures only would be a spike in the curve."""
        self._last = time.perf_counter()

    def _report_recent(self) -> None:
        point = self._point("batch", self._seen / self._count, self._recent, {})
        self._usual = self._recent[0]
        self._recent[:] = 0
        self._last = time.perf_counter()
        self._report(point)

    def _point(self, kind: Kind, epoch: float, sums: np.ndarray, held_back: dict[str, float]) -> Point:
        images, loss, right = sums
        progress = min(1.0, self._seen / (self._count * self._epochs))
        now = time.perf_counter()
        spent = now - self._began
        means = float(right / images), float(loss / images)
        return Point(kind, float(epoch), *means, progress, self._speed(now), self._trained + spent, **held_back)

    def _speed(self, now: float) -> float:
        """Pictures a second since the first call, which also builds the graph and says nothing about the next run."""
        if self._steady is None:
            self._steady = now, self._seen
            return (self._seen - self._before) / (now - self._began)
        since, seen = self._steady
        return (self._seen - seen) / max(now - since, 1e-6)
