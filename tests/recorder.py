"""A watcher for tests: it keeps what a training reports."""

from core.training.checkpoint import Checkpoint, Snapshot
from core.training.progress import Point, Watcher


class Recorder(Watcher):
    """Everything reported so far, in order."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.points: list[Point] = []  # of batches and of epochs
        self.epochs: list[Point] = []
        self.snapshots: list[Snapshot] = []
        self.checkpoints: list[Checkpoint] = []  # of whole epochs
        self.kept: list[Checkpoint] = []  # in the middle of an epoch

    def phase(self, words: str) -> None:
        self.phases.append(words)

    def point(self, point: Point) -> None:
        self.points.append(point)

    def epoch(self, point: Point, snapshot: Snapshot, checkpoint: Checkpoint) -> None:
        self.points.append(point)
        self.epochs.append(point)
        self.snapshots.append(snapshot)
        self.checkpoints.append(checkpoint)

    def keep(self, checkpoint: Checkpoint) -> None:
        self.kept.append(checkpoint)
