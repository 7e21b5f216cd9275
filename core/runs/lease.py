"""The right of one process to write about one run while it trains it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, update

from core.errors import TakenError
from core.runs.database import Database
from core.runs.files import delete_uploads, put
from core.runs.schema import POINTS, RUNS, SNAPSHOTS, FileKind, Status
from core.training.checkpoint import Checkpoint, Snapshot
from core.training.progress import Point, Watcher

LONGEST_MESSAGE = 500  # letters


@dataclass(frozen=True)
class Lease(Watcher):
    """What a worker that has claimed a run writes about it; the training itself reports to it.

    Each write also says that the worker is alive.

    Every method raises TakenError, and writes nothing, when another process has the run meanwhile or it has ended.
    """

    database: Database
    run_id: str
    process: str  # identity of the process that holds the run
    listen: Callable[[Point], None] = lambda point: None  # gets each point of the curve too, once it is written

    def beat(self) -> None:
        """Say that the worker is alive."""
        with self._writing():
            pass

    def phase(self, words: str) -> None:
        """Say in a few words what is being done."""
        with self._writing(phase=words):
            pass

    def point(self, point: Point) -> None:
        """Add a point to the curve."""
        with self._writing(progress=point.progress, speed=point.speed) as connection:
            _add(connection, self.run_id, point)
        self.listen(point)

    def epoch(self, point: Point, snapshot: Snapshot, checkpoint: Checkpoint) -> None:
        """Add the point of a whole epoch with its snapshot and the checkpoint to go on from, all or nothing."""
        columns = {"progress": point.progress, "speed": point.speed, "seconds": checkpoint.seconds}
        with self._writing(kept_epoch=point.epoch, attempts=1, **columns) as connection:
            _add(connection, self.run_id, point)
            seen = {"run": self.run_id, "epoch": round(point.epoch), "content": snapshot.to_bytes()}
            connection.execute(insert(SNAPSHOTS).values(seen))
            put(connection, self.run_id, FileKind.CHECKPOINT, checkpoint.to_bytes())
        self.listen(point)

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint in the middle of an epoch."""
        self._keep(checkpoint)

    def pause(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint and let go of the run until its owner lets it go on."""
        message = "Paused. Others may train meanwhile; it goes on when you say so."
        self._keep(checkpoint, status=Status.PAUSED, phase="", message=message)

    def finish(self, files: Mapping[FileKind, bytes], status: Status = Status.DONE, **figures: object) -> None:
        """Store what the run made and how it ended, all or nothing; `figures` are further columns of the run."""
        ended = {"status": status, "finished": time.time(), "phase": ""}
        with self._writing(**ended, **figures) as connection:
            delete_uploads(connection, self.run_id)
            for kind, content in files.items():
                put(connection, self.run_id, kind, content)

    def fail(self, message: str) -> None:
        """Write that the run failed, and why."""
        self.finish({}, Status.FAILED, message=message[:LONGEST_MESSAGE])

    def _keep(self, checkpoint: Checkpoint, **columns: object) -> None:
        with self._writing(kept_epoch=checkpoint.standing, seconds=checkpoint.seconds, **columns) as connection:
            put(connection, self.run_id, FileKind.CHECKPOINT, checkpoint.to_bytes())

    @contextmanager
    def _writing(self, **columns: object) -> Iterator[Connection]:
        held = (RUNS.c.id == self.run_id) & (RUNS.c.worker == self.process) & (RUNS.c.status == Status.RUNNING)
        with self.database.writing() as connection:
            values = {"heartbeat": time.time(), **columns}
            if not connection.execute(update(RUNS).where(held).values(values)).rowcount:
                raise TakenError("Another worker has taken this run.")
            yield connection


def _add(connection: Connection, run_id: str, point: Point) -> None:
    row = asdict(point)
    del row["progress"], row["speed"]  # of the run, not of the point
    connection.execute(insert(POINTS).values(run=run_id, **row))
