"""The store of runs: plans, progress, curves, models and test answers, in any database SQLAlchemy speaks to.

It is the only channel between pages and workers. Knows nothing of networks or pages. Writes are small and short.
"""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    create_engine,
    delete,
    func,
    insert,
    literal,
    make_url,
    or_,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from core.errors import RunError, StoreError, TakenError
from core.runs.process import is_dead, this_process
from core.runs.schema import ENDED, FILES, POINTS, RUNS, SNAPSHOTS, TABLES, Run, add_missing_columns, owner_of, sqlite

ARTIFACTS = ("keras", "tflite", "weights", "probabilities")
CHECKPOINT = "checkpoint"  # the artifact to go on from; `kept_epoch` says where it stands
BROUGHT = (
    "pictures",
    "given",
)  # what a run may bring with it, somebody's own clothes or weights; it goes when the run has ended
SILENT_SECONDS = (
    6.0  # a running run whose worker wrote nothing for so long has lost it; one whose worker is seen dead, at once
)
NOT_YOURS = (
    "Only the browser that started this run can stop, change or delete it. You can look at it, and start one of your"
    " own."
)
UNDO_SECONDS = 600.0  # a deleted run can be brought back for so long
CURVE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")  # the numbers of a point


@dataclass(frozen=True)
class Past:
    """What a run that was trained elsewhere brings of its training, beside its weights."""

    points: Sequence[Mapping] = ()  # of its curve, each as `add_point` takes it
    snapshots: Mapping[int, bytes] = field(default_factory=dict)  # by epoch
    note: str = ""


class Store:
    """The run book behind a SQLAlchemy URL. One engine a process; safe to use from several threads.

    Every method raises StoreError, with a sentence, when the database cannot be opened, read or written.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
            self._engine = (
                sqlite(url, address.database) if address.get_backend_name() == "sqlite" else create_engine(url)
            )
        except (ArgumentError, ImportError) as error:
            raise StoreError(
                f"“{url}” is not a database address I can use. FITTING_ROOM_STORE takes a SQLAlchemy URL."
            ) from error
        except OSError as error:
            raise StoreError(
                f"The folder for the runs cannot be made: {error}. Choose another with FITTING_ROOM_HOME."
            ) from error
        self.url = url
        with self._writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(
                    "BEGIN IMMEDIATE"
                )  # two that open a new or an old store must not both change its tables
            TABLES.create_all(connection)
            add_missing_columns(connection)
            _clear_away(connection)

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()

    def create(
        self,
        plan: Mapping,
        name: str,
        fingerprint: str,
        data_title: str,
        most_waiting: int = 40,
        waiting: bool = True,
        pictures: bytes | None = None,
        given: bytes | None = None,
        key: str | None = None,
        parent: str | None = None,
        past: Past | None = None,
    ) -> str:
        """Write a new run and give its id; a name already taken gets a number. Raises RunError when the queue is full.

        Not `waiting` means that this process carries it out itself, and no worker may take it. `pictures` is a data set
        that only this run may use, `given` a file of weights to load instead of training; both are kept until the run
        has ended. `key` is the secret of its owner, who may have one run waiting; `parent` a run from whose checkpoint
        and curve it goes on; `past` is what `given` weights that were trained elsewhere bring of their training.
        """
        run_id, now, owner = secrets.token_hex(4), time.time(), owner_of(key or "")
        with self._writing() as connection:
            _clear_away(connection)
            queue = list(connection.scalars(select(RUNS.c.owner).where(RUNS.c.status == "waiting")))
            if len(queue) >= most_waiting:
                raise RunError(f"{most_waiting} runs are waiting already. Please try again when some have finished.")
            if owner and owner in queue:
                raise RunError(
                    "You have a run waiting already. Start the next one when that has begun, or take it out of the"
                    " queue."
                )
            values = {
                "id": run_id,
                "name": _free_name(connection, name),
                "recipe": plan["recipe"],
                "plan": dict(plan),
                "created": now,
                "fingerprint": fingerprint,
                "data_title": data_title,
                "owner": owner,
                "parent": parent,
                "status": "waiting",
                "note": past.note if past else "",
                **(
                    {} if waiting else {"status": "running", "started": now, "heartbeat": now, "worker": this_process()}
                ),
            }
            connection.execute(insert(RUNS).values(values))
            for kind, content in zip(BROUGHT, (pictures, given), strict=True):
                if content is not None:
                    connection.execute(insert(FILES).values(run=run_id, kind=kind, content=content))
            if parent:
                _go_on_from(connection, parent, run_id)
            if past and past.points:
                connection.execute(
                    insert(POINTS),
                    [
                        {"run": run_id, "kind": row["kind"], **{name: row[name] for name in CURVE}}
                        for row in past.points
                    ],
                )
            if past and past.snapshots:
                kept = [
                    {"run": run_id, "epoch": epoch, "content": content} for epoch, content in past.snapshots.items()
                ]
                connection.execute(insert(SNAPSHOTS), kept)
        return run_id

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        with self._reading() as connection:
            query = select(RUNS).where(RUNS.c.removed.is_(None)).order_by(RUNS.c.created.desc())
            return [Run(**row) for row in connection.execute(query).mappings()]

    def run(self, run_id: str) -> Run:
        """One run by its exact id. Raises RunError when there is none."""
        with self._reading() as connection:
            row = (
                connection.execute(select(RUNS).where(RUNS.c.id == run_id, RUNS.c.removed.is_(None))).mappings().first()
            )
        if row is None:
            raise RunError(f"There is no run “{run_id}”. It may have been deleted.")
        return Run(**row)

    def find(self, text: str) -> Run:
        """The run meant by an id, a name, or the beginning of either. Raises RunError when none or several fit."""
        runs = self.runs()
        for fits in (
            [run for run in runs if run.id == text],
            [run for run in runs if run.name == text],
            [run for run in runs if text and (run.id.startswith(text) or run.name.startswith(text))],
        ):
            if len(fits) == 1:
                return fits[0]
            if fits:
                names = ", ".join(f"{run.id} ({run.name})" for run in fits[:5])
                raise RunError(f"“{text}” fits {len(fits)} runs: {names}. Write more of the id or name.")
        raise RunError(f"There is no run “{text}”. List all with “python -m core runs”.")

    def ahead(self, run: Run) -> list[Run]:
        """The runs that are served before this waiting one, the running ones first; none when it is next."""
        before = or_(RUNS.c.status == "running", (RUNS.c.status == "waiting") & (RUNS.c.created < run.created))
        query = (
            select(RUNS)
            .where(before, RUNS.c.removed.is_(None), RUNS.c.id != run.id)
            .order_by(RUNS.c.status, RUNS.c.created)
        )
        with self._reading() as connection:
            return [Run(**row) for row in connection.execute(query).mappings()]

    def pending(self, now: float) -> list[Run]:
        """The runs a worker should have: the waiting ones and those whose worker is dead or silent, oldest first.

        Of a person who has a run training already, none that waits.
        """
        busy = select(RUNS.c.owner).where(RUNS.c.status == "running", RUNS.c.owner != "")
        free = (RUNS.c.status == "waiting") & RUNS.c.owner.not_in(busy)
        with self._reading() as connection:
            query = select(RUNS).where(or_(free, _lost(connection, now))).order_by(RUNS.c.created)
            return [Run(**row) for row in connection.execute(query).mappings()]

    def claim(self, run_id: str, now: float, worker: str = "") -> bool:
        """Take a waiting run, or one whose worker is dead or silent, for a worker.

        False when another has it or it is gone.

        What came after its checkpoint is taken back: it is trained again. The curve of weights given to it stays.
        `worker` is that process, as `core.runs.process` writes it.
        """
        taken = {
            "status": "running",
            "started": func.coalesce(RUNS.c.started, now),
            "heartbeat": now,
            "attempts": RUNS.c.attempts + 1,
            "phase": "getting ready",
            "worker": worker,
        }
        with self._writing() as connection:
            free = or_(RUNS.c.status == "waiting", _lost(connection, now))
            claimed = connection.execute(update(RUNS).where(RUNS.c.id == run_id, free).values(taken)).rowcount == 1
            if claimed and not connection.scalar(_given_to(run_id)):
                _take_up_again(connection, run_id)
        return claimed

    def update(self, run_id: str, worker: str | None = None, **columns: object) -> None:
        """Set columns of a run; a deleted run is left alone.

        Here and in the four that follow, `worker` is the process that writes: it raises TakenError, and nothing is
        written, when the run has been taken by another meanwhile.
        """
        with self._writing() as connection:
            _set(connection, run_id, worker, **columns)
            if columns.get("status") in ENDED:
                connection.execute(delete(FILES).where(_brought_by(run_id)))

    def add_point(self, run_id: str, point: Mapping, worker: str | None = None, **columns: object) -> None:
        """Add a point of the curve (`kind`, `epoch`, `accuracy`, `loss`, ...) and set columns of the run in the same
        stroke."""
        with self._writing() as connection:
            _set(connection, run_id, worker, **columns)
            connection.execute(insert(POINTS).values(run=run_id, **point))

    def add_epoch(
        self,
        run_id: str,
        point: Mapping,
        snapshot: bytes,
        checkpoint: bytes,
        worker: str | None = None,
        **columns: object,
    ) -> None:
        """Add the point of a whole epoch with its snapshot and the checkpoint to go on from, all or nothing."""
        with self._writing() as connection:
            _set(connection, run_id, worker, kept_epoch=point["epoch"], **columns)
            connection.execute(insert(POINTS).values(run=run_id, **point))
            connection.execute(insert(SNAPSHOTS).values(run=run_id, epoch=round(point["epoch"]), content=snapshot))
            _put(connection, run_id, CHECKPOINT, checkpoint)

    def keep(self, run_id: str, checkpoint: bytes, epoch: float, worker: str | None = None, **columns: object) -> None:
        """Keep a checkpoint that stands so many epochs into the run."""
        with self._writing() as connection:
            _set(connection, run_id, worker, kept_epoch=epoch, **columns)
            _put(connection, run_id, CHECKPOINT, checkpoint)

    def checkpoint(self, run_id: str) -> bytes | None:
        """Where the run can go on from, if it has come so far."""
        with self._reading() as connection:
            return connection.scalar(select(FILES.c.content).where(FILES.c.run == run_id, FILES.c.kind == CHECKPOINT))

    def epochs(self, run_id: str) -> list[int]:
        """The epochs a run has a snapshot of, in order."""
        with self._reading() as connection:
            return list(
                connection.scalars(
                    select(SNAPSHOTS.c.epoch).where(SNAPSHOTS.c.run == run_id).order_by(SNAPSHOTS.c.epoch)
                )
            )

    def snapshot(self, run_id: str, epoch: int) -> bytes:
        """What the run's network said at the end of an epoch, as `core.training.checkpoint.Snapshot` writes it.

        Raises RunError when there is none.
        """
        with self._reading() as connection:
            content = connection.scalar(
                select(SNAPSHOTS.c.content).where(SNAPSHOTS.c.run == run_id, SNAPSHOTS.c.epoch == epoch)
            )
        if content is None:
            raise RunError(f"Nothing was kept of epoch {epoch} of this run. Choose another.")
        return content

    def finish(self, run_id: str, artifacts: Mapping[str, bytes], worker: str | None = None, **columns: object) -> None:
        """Store what a run made and how it ended, all or nothing."""
        with self._writing() as connection:
            _set(connection, run_id, worker, **columns)
            connection.execute(delete(FILES).where(_brought_by(run_id)))
            for kind, content in artifacts.items():
                _put(connection, run_id, kind, content)

    def points(self, run_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The curve so far: one table of batches and one of epochs (epoch, accuracy, loss, val_accuracy, val_loss)."""
        query = select(POINTS).where(POINTS.c.run == run_id).order_by(POINTS.c.id)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        table = pd.DataFrame(rows, columns=[column.name for column in POINTS.columns])
        return tuple(
            table.loc[table["kind"] == kind, list(CURVE)].astype(float).reset_index(drop=True)
            for kind in ("batch", "epoch")
        )

    def epochs_of_all(self) -> pd.DataFrame:
        """The points of whole epochs of every run, in one query: run, epoch, accuracy, loss, val_accuracy, val_loss."""
        columns = [POINTS.c.run, *(POINTS.c[name] for name in CURVE)]
        query = (
            select(*columns)
            .join(RUNS, RUNS.c.id == POINTS.c.run)
            .where(POINTS.c.kind == "epoch", RUNS.c.removed.is_(None))
        )
        with self._reading() as connection:
            rows = connection.execute(query.order_by(POINTS.c.run, POINTS.c.epoch)).all()
        return pd.DataFrame(rows, columns=["run", *CURVE]).astype(dict.fromkeys(CURVE, float))

    def given(self, run_id: str) -> bytes | None:
        """The weights a run is to load instead of training, while it has not ended; None when it trains."""
        with self._reading() as connection:
            return connection.scalar(_given_to(run_id))

    def artifact(self, run_id: str, kind: str) -> bytes:
        """A file a run made or brought: one of ARTIFACTS or BROUGHT. Raises RunError when it has none (yet)."""
        with self._reading() as connection:
            content = connection.scalar(select(FILES.c.content).where(FILES.c.run == run_id, FILES.c.kind == kind))
        if content is None:
            raise RunError("This run has no model yet. Wait until it has finished, or choose another run.")
        return content

    def pictures(self, run_id: str) -> bytes | None:
        """The data set a run brought with it, while it has not ended; None when it uses the one everybody has."""
        with self._reading() as connection:
            return connection.scalar(select(FILES.c.content).where(FILES.c.run == run_id, FILES.c.kind == "pictures"))

    def artifacts(self, run_id: str) -> list[str]:
        """The kinds of files a run has."""
        with self._reading() as connection:
            return list(connection.scalars(select(FILES.c.kind).where(FILES.c.run == run_id)))

    def stop(self, run_id: str, key: str | None = None) -> None:
        """Ask the worker to stop; a run that waits or is paused ends at once.

        Raises RunError when the key is not its owner's.
        """
        self._check_owner(run_id, key)
        with self._writing() as connection:
            for status, message in (
                ("waiting", "Taken out of the queue before it began."),
                ("paused", "Ended while it was paused."),
            ):
                asked = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == status)
                if connection.execute(asked.values(status="stopped", finished=time.time(), message=message)).rowcount:
                    connection.execute(delete(FILES).where(_brought_by(run_id)))
            running = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == "running")
            connection.execute(running.values(stop_requested=True))

    def pause(self, run_id: str, key: str | None = None) -> None:
        """Ask the worker to keep where the run stands and to serve others meanwhile.

        Raises RunError when the key is not its owner's.
        """
        self._check_owner(run_id, key)
        with self._writing() as connection:
            running = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == "running")
            connection.execute(running.values(pause_requested=True))

    def go_on(self, run_id: str, key: str | None = None) -> None:
        """Put a paused run back into the queue, at its old place. Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        with self._writing() as connection:
            paused = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == "paused")
            connection.execute(paused.values(status="waiting", pause_requested=False, attempts=0, message=""))

    def rename(self, run_id: str, name: str, key: str | None = None) -> None:
        """Give a run another name; one already taken gets a number.

        Raises RunError when it is empty, or the key not its owner's.
        """
        self._check_owner(run_id, key)
        if not name.strip():
            raise RunError("A run needs a name. Type at least one letter.")
        with self._writing() as connection:
            connection.execute(
                update(RUNS).where(RUNS.c.id == run_id).values(name=_free_name(connection, name.strip()[:60], run_id))
            )

    def annotate(
        self, run_id: str, key: str | None = None, note: str | None = None, pinned: bool | None = None
    ) -> None:
        """Write a note about a run, or pin it. Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        given = {
            name: value
            for name, value in (("note", note and note.strip()[:500]), ("pinned", pinned))
            if value is not None
        }
        self.update(run_id, **given)

    def delete(self, run_id: str, key: str | None = None) -> None:
        """Take a run out of the book; for UNDO_SECONDS `restore` brings it back, then it is gone with all it made.

        Raises RunError while it is training, or when the key is not its owner's.
        """
        run = self._check_owner(run_id, key)
        if run.status == "running":
            raise RunError("This run is still training. Stop it first, then delete it.")
        if not run.ended:
            self.stop(run_id, key)
        self.update(run_id, removed=time.time())

    def restore(self, run_id: str, key: str | None = None) -> None:
        """Bring a deleted run back. Raises RunError when it is too late, or the key is not its owner's."""
        with self._reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).mappings().first()
        if row is None:
            raise RunError("It is too late: this run is gone.")
        if not Run(**row).belongs_to(key):
            raise RunError(NOT_YOURS)
        self.update(run_id, removed=None)

    def _check_owner(self, run_id: str, key: str | None) -> Run:
        run = self.run(run_id)
        if not run.belongs_to(key):
            raise RunError(NOT_YOURS)
        return run

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"The store of runs cannot be used ({_cause(error)}). {self._remedy()}") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"The store of runs cannot be read ({_cause(error)}). {self._remedy()}") from error

    def _remedy(self) -> str:
        place = make_url(self.url)
        if place.get_backend_name() == "sqlite":
            return (
                f"Check that {place.database} can be written and that the disk has room, or choose another folder with"
                " FITTING_ROOM_HOME."
            )
        return f"Check that the database at {place.host} answers, or choose another with FITTING_ROOM_STORE."


def _lost(connection: Connection, now: float) -> ColumnElement[bool]:
    """The condition for a running run whose worker is seen dead, or wrote nothing for SILENT_SECONDS."""
    holders = connection.scalars(select(RUNS.c.worker).where(RUNS.c.status == "running"))
    dead = [holder for holder in holders if is_dead(holder)]
    return (RUNS.c.status == "running") & or_(RUNS.c.heartbeat < now - SILENT_SECONDS, RUNS.c.worker.in_(dead))


def _set(connection: Connection, run_id: str, worker: str | None, **columns: object) -> None:
    """Set columns of a run. Raises TakenError when a worker writes that no longer has it."""
    row = RUNS.c.id == run_id
    if worker is not None:
        row &= (RUNS.c.worker == worker) & (RUNS.c.status == "running")
    found = connection.execute(update(RUNS).where(row).values(columns or {"id": run_id})).rowcount
    if worker is not None and not found:
        raise TakenError("Another worker has taken this run.")


def _put(connection: Connection, run_id: str, kind: str, content: bytes) -> None:
    connection.execute(delete(FILES).where(FILES.c.run == run_id, FILES.c.kind == kind))
    connection.execute(insert(FILES).values(run=run_id, kind=kind, content=content))


def _take_up_again(connection: Connection, run_id: str) -> None:
    """Take back what came after a run's checkpoint, and mark the seam in its curve."""
    kept, seams = connection.execute(select(RUNS.c.kept_epoch, RUNS.c.seams).where(RUNS.c.id == run_id)).one()
    later = (POINTS.c.run == run_id) & (POINTS.c.epoch > kept + 1e-6)
    lost = connection.execute(delete(POINTS).where(later)).rowcount
    if kept and (lost or kept not in seams):
        connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(seams=sorted({*seams, kept})))
    if not kept:
        connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(progress=0.0))


def _go_on_from(connection: Connection, parent: str, run_id: str) -> None:
    """Give a new run the checkpoint, curve and snapshots of another. Raises RunError when that has none."""
    kept = connection.scalar(select(RUNS.c.kept_epoch).where(RUNS.c.id == parent, RUNS.c.removed.is_(None)))
    content = connection.scalar(select(FILES.c.content).where(FILES.c.run == parent, FILES.c.kind == CHECKPOINT))
    if not kept or content is None:
        raise RunError("Nothing is kept of that run to train on from. Start a new one.")
    _put(connection, run_id, CHECKPOINT, content)
    for table in (POINTS, SNAPSHOTS):
        copied = [column for column in table.columns if column.name not in ("id", "run")]
        rows = (
            select(literal(run_id), *copied)
            .where(table.c.run == parent, table.c.epoch <= kept + 1e-6)
            .order_by(table.c.epoch)
        )
        connection.execute(insert(table).from_select(["run", *(column.name for column in copied)], rows))
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(kept_epoch=kept))


def _clear_away(connection: Connection) -> None:
    """Remove for good what was deleted long enough ago."""
    gone = select(RUNS.c.id).where(RUNS.c.removed < time.time() - UNDO_SECONDS)
    for table, column in (
        (POINTS, POINTS.c.run),
        (SNAPSHOTS, SNAPSHOTS.c.run),
        (FILES, FILES.c.run),
        (RUNS, RUNS.c.id),
    ):
        connection.execute(delete(table).where(column.in_(gone)))


def _brought_by(run_id: str) -> ColumnElement[bool]:
    return (FILES.c.run == run_id) & FILES.c.kind.in_(BROUGHT)


def _given_to(run_id: str) -> Select:
    return select(FILES.c.content).where(FILES.c.run == run_id, FILES.c.kind == "given")


def _cause(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _free_name(connection: Connection, name: str, own_id: str = "") -> str:
    taken = set(connection.scalars(select(RUNS.c.name).where(RUNS.c.id != own_id)))
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
