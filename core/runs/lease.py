"""The right of one process to write about one run while it trains it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, update

from core.errors import TakenError
from core.language import N_, Saying
from core.runs.database import Database
from core.runs.dialects import NOW
from core.runs.files import end, put
from core.runs.patience import patiently
from core.runs.schema import PAUSED_WORDS, POINTS, RUNS, SNAPSHOTS, FileKind, Status
from core.training.checkpoint import Checkpoint, Snapshot
from core.training.progress import Point, Watcher

LONGEST_MESSAGE = 500  # letters
LEFT_BEHIND = N_("Ended by hand, after its process had gone.")


@dataclass(frozen=True)
class Lease(Watcher):
    """What a worker that has claimed a run writes about it; the training itself reports to it.

    Each write also says that the worker is alive. A store that is away is waited for, see `core.runs.patience`.

    Every method raises TakenError, and writes nothing, when another process has the run meanwhile or it has ended, and
    StoreError when the store stays away.
    """

    database: Database
    run_id: str
    process: str  # identity of the process that holds the run
    listen: Callable[[Point], None] = lambda point: None  # gets each point of the curve too, once it is written

    def beat(self) -> None:
        """Say that the worker is alive, unless the store is away just now: then StoreError is raised at once."""
        self._write_once(lambda connection: None, {})

    def phase(self, words: str) -> None:
        """Say in a few words what is being done."""
        self._write(phase=words)

    def point(self, point: Point) -> None:
        """Add a point to the curve."""
        self._write(lambda connection: _add(connection, self.run_id, point), progress=point.progress, speed=point.speed)
        self.listen(point)

    def epoch(self, point: Point, snapshot: Snapshot, checkpoint: Checkpoint) -> None:
        """Add the point of a whole epoch with its snapshot and the checkpoint to go on from, all or nothing."""
        columns = {"progress": point.progress, "speed": point.speed, "seconds": checkpoint.seconds}
        seen = {"run": self.run_id, "epoch": round(point.epoch), "content": snapshot.to_bytes()}
        content = checkpoint.to_bytes()

        def add(connection: Connection) -> None:
            _add(connection, self.run_id, point)
            again = (SNAPSHOTS.c.run == self.run_id) & (SNAPSHOTS.c.epoch == seen["epoch"])
            connection.execute(delete(SNAPSHOTS).where(again))
            connection.execute(insert(SNAPSHOTS).values(seen))
            put(connection, self.run_id, FileKind.CHECKPOINT, content)

        self._write(add, kept_epoch=point.epoch, attempts=1, **columns)
        self.listen(point)

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint in the middle of an epoch."""
        self._keep(checkpoint)

    def pause(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint and let go of the run until its owner lets it go on."""
        self._keep(checkpoint, status=Status.PAUSED, phase="", message=PAUSED_WORDS)

    def finish(self, files: Mapping[FileKind, bytes], status: Status = Status.DONE, **figures: object) -> None:
        """Store what the run made and how it ended, all or nothing; `figures` are further columns of the run."""

        def add(connection: Connection) -> None:
            end(connection, self.run_id)
            for kind, content in files.items():
                put(connection, self.run_id, kind, content)

        self._write(add, status=status, finished=NOW, phase="", **figures)

    def fail(self, why: Saying | str) -> None:
        """Write that the run failed, and why."""
        words = why if isinstance(why, Saying) else Saying(why)
        self.finish({}, Status.FAILED, message=words.packed(LONGEST_MESSAGE))

    def _keep(self, checkpoint: Checkpoint, **columns: object) -> None:
        content = checkpoint.to_bytes()
        self._write(
            lambda connection: put(connection, self.run_id, FileKind.CHECKPOINT, content),
            kept_epoch=checkpoint.standing,
            seconds=checkpoint.seconds,
            **columns,
        )

    def _write(self, also: Callable[[Connection], None] = lambda connection: None, **columns: object) -> None:
        """Set columns of the run, and what `also` does in the same transaction; wait for a store that is away."""
        patiently(lambda: self._write_once(also, columns))

    def _write_once(self, also: Callable[[Connection], None], columns: Mapping[str, object]) -> None:
        held = (RUNS.c.id == self.run_id) & (RUNS.c.worker == self.process) & (RUNS.c.status == Status.RUNNING)
        with self.database.writing() as connection:
            values = {"heartbeat": NOW, **columns}
            if not connection.execute(update(RUNS).where(held).values(values)).rowcount:
                raise TakenError("Another worker has taken this run.")
            also(connection)


def _add(connection: Connection, run_id: str, point: Point) -> None:
    """Add a point to a curve, in place of the same one: it may have been written before the store went away."""
    row = asdict(point)
    del row["progress"], row["speed"]  # of the run, not of the point
    same = (POINTS.c.run == run_id) & (POINTS.c.kind == point.kind) & (POINTS.c.epoch == point.epoch)
    connection.execute(delete(POINTS).where(same))
    connection.execute(insert(POINTS).values(run=run_id, **row))
