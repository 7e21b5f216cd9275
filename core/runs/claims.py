"""The queue's questions to the store: which runs want a worker, which come first, and who may have one."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, case, delete, func, or_, select, update

from core.data.dataset import Source
from core.runs.database import Database
from core.runs.dialects import NOW, silence
from core.runs.files import kinds_of
from core.runs.lease import Lease
from core.runs.process import is_dead, this_process
from core.runs.schema import GETTING_READY, POINTS, READ, RUNS, FileKind, Run, Status, readable

SILENT_SECONDS = 6.0  # a running run whose worker wrote nothing for so long has lost it; one seen dead, at once


class Pending(NamedTuple):
    """A run that wants a worker."""

    id: str
    created: float  # seconds since 1970
    turn: str  # another one whenever a worker has had it
    data: str = ""  # fingerprint of the data set that its worker must have; "" when it brings its own pictures
    data_title: str = ""


class Claims:
    """Which runs wait, and which worker has one."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def ahead(self, run: Run) -> list[Run]:
        """The runs that are served before this waiting one, the running ones first; none when it is next."""
        earlier = (RUNS.c.status == Status.WAITING) & (RUNS.c.created < run.created)
        before = or_(RUNS.c.status == Status.RUNNING, earlier)
        others = READ.where(before, RUNS.c.removed.is_(None), RUNS.c.id != run.id)
        with self.database.reading() as connection:
            return readable(connection.execute(others.order_by(RUNS.c.status, RUNS.c.created)).mappings())

    def pending(self) -> list[Pending]:
        """The runs a worker should have: the waiting ones and those whose worker is dead or silent, oldest first.

        Of a person who has a run training already, none that waits. A run with a plan that this version cannot read is
        among them: the worker ends it with a sentence.
        """
        busy = select(RUNS.c.owner).where(RUNS.c.status == Status.RUNNING, RUNS.c.owner != "")
        free = (RUNS.c.status == Status.WAITING) & RUNS.c.owner.not_in(busy)
        about = select(RUNS.c.id, RUNS.c.created, RUNS.c.heartbeat, _needed_data(), RUNS.c.data_title)
        with self.database.reading() as connection:
            rows = connection.execute(about.where(or_(free, _lost(connection))).order_by(RUNS.c.created)).all()
        return [Pending(run_id, created, f"{beat or 0:.3f}", *data) for run_id, created, beat, *data in rows]

    def awaited(self) -> set[str]:
        """Fingerprints of the data sets that runs wait for."""
        with self.database.reading() as connection:
            return set(connection.scalars(select(_needed_data()).where(RUNS.c.status == Status.WAITING))) - {""}

    def claim(self, run_id: str, process: str | None = None) -> Lease | None:
        """Take a waiting run, or one whose worker is dead or silent, for a process (this one when none is named).

        None when another has it or it is gone. What came after its checkpoint is taken back: it is trained again. The
        curve that came with weights from elsewhere stays.
        """
        process = process or this_process()
        taken = {
            "status": Status.RUNNING,
            "started": func.coalesce(RUNS.c.started, NOW),
            "heartbeat": NOW,
            "attempts": RUNS.c.attempts + 1,
            "phase": GETTING_READY,
            "worker": process,
        }
        with self.database.writing() as connection:
            free = or_(RUNS.c.status == Status.WAITING, _lost(connection))
            claimed = connection.execute(update(RUNS).where(RUNS.c.id == run_id, free).values(taken)).rowcount == 1
            if claimed and FileKind.INITIAL_WEIGHTS not in kinds_of(connection, run_id):
                _take_up_again(connection, run_id)
        return Lease(self.database, run_id, process) if claimed else None

    def lease(self, run_id: str) -> Lease:
        """The lease of a run that this process made for itself, without waiting."""
        return Lease(self.database, run_id, this_process())


def _needed_data() -> ColumnElement[str]:
    return case((RUNS.c.data_source == Source.OWN, ""), else_=RUNS.c.fingerprint)


def _lost(connection: Connection) -> ColumnElement[bool]:
    """The condition for a running run whose worker is seen dead, or wrote nothing for SILENT_SECONDS."""
    workers = connection.scalars(select(RUNS.c.worker).where(RUNS.c.status == Status.RUNNING))
    dead = [worker for worker in workers if is_dead(worker)]
    silent = silence(RUNS.c.heartbeat) > SILENT_SECONDS
    return (RUNS.c.status == Status.RUNNING) & or_(silent, RUNS.c.worker.in_(dead))


def _take_up_again(connection: Connection, run_id: str) -> None:
    """Take back what came after a run's checkpoint, and mark the seam in its curve."""
    kept, seams = connection.execute(select(RUNS.c.kept_epoch, RUNS.c.seams).where(RUNS.c.id == run_id)).one()
    later = (POINTS.c.run == run_id) & (POINTS.c.epoch > kept + 1e-6)
    lost = connection.execute(delete(POINTS).where(later)).rowcount
    this_run = update(RUNS).where(RUNS.c.id == run_id)
    if kept and (lost or kept not in seams):
        connection.execute(this_run.values(seams=sorted({*seams, kept})))
    if not kept:
        connection.execute(this_run.values(progress=0.0))
