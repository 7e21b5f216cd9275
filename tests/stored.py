"""Runs as tests want them to stand in the store: with columns, a curve or a checkpoint that no training has made."""

from dataclasses import asdict

import numpy as np
from sqlalchemy import insert, update

from core.runs.claims import SILENT_SECONDS
from core.runs.schema import POINTS, RUNS
from core.runs.store import Store
from core.training.checkpoint import Checkpoint, Snapshot
from core.training.progress import Point


def alter(store: Store, run_id: str, **columns: object) -> None:
    """Set columns of a run, whoever has it."""
    with store.database.writing() as connection:
        connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(columns))


def fall_silent(store: Store, run_id: str, seconds: float = SILENT_SECONDS + 1) -> None:
    """As if so many seconds had passed since the worker of a run was heard of."""
    alter(store, run_id, heartbeat=RUNS.c.heartbeat - seconds)


def add_points(store: Store, run_id: str, *points: Point) -> None:
    """Add points to the curve of a run, whoever has it."""
    rows = [
        {name: value for name, value in asdict(each).items() if name not in ("progress", "speed")} for each in points
    ]
    with store.database.writing() as connection:
        connection.execute(insert(POINTS), [{"run": run_id, **row} for row in rows])


def point(epoch: float, kind: str = "batch", accuracy: float = 0.5, loss: float = 1.0, **others: float) -> Point:
    """A point of a curve."""
    return Point(kind, epoch, accuracy, loss, **{"progress": 0.5, "speed": 1000.0, "seconds": 1.0, **others})


def checkpoint(epoch: float) -> Checkpoint:
    """A checkpoint so many epochs into a training of ten pictures, with one variable."""
    whole = int(epoch)
    return Checkpoint(whole, round(10 * (epoch - whole)), 10, np.zeros(3), seconds=1.0, variables=[np.array([epoch])])


def snapshot() -> Snapshot:
    """What a network that answered nothing looks like at the end of an epoch."""
    nothing = np.zeros(0, np.int32)
    return Snapshot(
        np.zeros((10, 10), np.int32), nothing, False, np.zeros((0, 10), np.float16), np.zeros((1, 3, 3), np.float16)
    )
