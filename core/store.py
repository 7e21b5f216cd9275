"""The store of runs: plans, progress, curves, models and test answers, in any database SQLAlchemy speaks to.

It is the only channel between pages and workers. Knows nothing of networks or pages. Writes are small and short.
"""

import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    literal,
    make_url,
    or_,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn

from core.errors import RunError, StoreError, TakenError
from core.holders import is_dead, this_process

ENDED = ("done", "stopped", "failed")
ARTIFACTS = ("keras", "tflite", "weights", "probabilities")
CHECKPOINT = "checkpoint"  # the artifact to go on from; `kept_epoch` says where it stands
BROUGHT = ("pictures", "given")  # what a run may bring with it, somebody's own clothes or weights; it goes when the run has ended
SILENT_SECONDS = 6.0  # a running run whose worker wrote nothing for so long has lost it; one whose worker is seen dead, at once
NOT_YOURS = "Only the browser that started this run can stop, change or delete it. You can look at it, and start one of your own."
UNDO_SECONDS = 600.0  # a deleted run can be brought back for so long
CURVE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")  # the numbers of a point

_TABLES = MetaData()
_RUNS = Table(
    "runs",
    _TABLES,
    Column("id", String(12), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("recipe", String(40), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("status", String(10), nullable=False, index=True),  # waiting, running, paused, done, stopped, failed
    Column("phase", String(60), nullable=False, default=""),
    Column("progress", Float, nullable=False, default=0.0),  # 0 to 1
    Column("speed", Float),  # images a second
    Column("created", Float, nullable=False),  # seconds since 1970
    Column("started", Float),
    Column("finished", Float),
    Column("heartbeat", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("stop_requested", Boolean, nullable=False, default=False),
    Column("message", String(500), nullable=False, default=""),
    Column("fingerprint", String(16), nullable=False),
    Column("data_title", String(200), nullable=False),
    Column("test_accuracy", Float),
    Column("test_loss", Float),
    Column("seconds", Float),
    Column("temperature", Float, nullable=False, default=1.0),
    Column("owner", String(64), nullable=False, server_default=""),  # hash of a key that only its owner's browser has; "": of this computer
    Column("note", String(500), nullable=False, server_default=""),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    Column("removed", Float),  # when it was deleted; for UNDO_SECONDS it can be brought back
    Column("pause_requested", Boolean, nullable=False, server_default="0"),
    Column("parent", String(12)),  # the run it was trained on from
    Column("kept_epoch", Float, nullable=False, server_default="0"),  # epochs behind its checkpoint
    Column("seams", JSON, nullable=False, server_default="[]"),  # epochs at which it was taken up again
    Column("worker", String(160), nullable=False, server_default=""),  # the process that has or had it, as core.holders writes it
)
_POINTS = Table(
    "points",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(5), nullable=False),  # batch, epoch
    Column("epoch", Float, nullable=False),
    Column("accuracy", Float),
    Column("loss", Float),
    Column("val_accuracy", Float),
    Column("val_loss", Float),
)
_SNAPSHOTS = Table(
    "snapshots",
    _TABLES,
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
_ARTIFACTS = Table(
    "artifacts",
    _TABLES,
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Run:
    """A snapshot of one row of the run book; the columns of the table, times in seconds since 1970."""

    id: str
    name: str
    recipe: str
    plan: Mapping
    status: str
    phase: str
    progress: float
    speed: float | None
    created: float
    started: float | None
    finished: float | None
    heartbeat: float | None
    attempts: int
    stop_requested: bool
    message: str
    fingerprint: str
    data_title: str
    test_accuracy: float | None
    test_loss: float | None
    seconds: float | None
    temperature: float
    owner: str
    note: str
    pinned: bool
    removed: float | None
    pause_requested: bool
    parent: str | None
    kept_epoch: float
    seams: list[float]
    worker: str

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to this run."""
        return self.status in ENDED

    @property
    def scored(self) -> bool:
        """Whether it has a model and test answers to look at."""
        return self.test_accuracy is not None

    def belongs_to(self, key: str | None) -> bool:
        """Whether who holds a key may stop, change or delete it. None is this computer itself; a run without an owner is everybody's."""
        return key is None or not self.owner or secrets.compare_digest(self.owner, owner_of(key))


@dataclass(frozen=True)
class Past:
    """What a run that was trained elsewhere brings of its training, beside its weights."""

    points: Sequence[Mapping] = ()  # of its curve, each as `add_point` takes it
    snapshots: Mapping[int, bytes] = field(default_factory=dict)  # by epoch
    note: str = ""


def owner_of(key: str) -> str:
    """What the store keeps of somebody's secret key; "" for no key."""
    return hashlib.sha256(key.encode()).hexdigest() if key else ""


class Store:
    """The run book behind a SQLAlchemy URL. One engine a process; safe to use from several threads.

    Every method raises StoreError, with a sentence, when the database cannot be opened, read or written.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
            self._engine = _sqlite(url, address.database) if address.get_backend_name() == "sqlite" else create_engine(url)
        except (ArgumentError, ImportError) as error:
            raise StoreError(f"“{url}” is not a database address I can use. FITTING_ROOM_STORE takes a SQLAlchemy URL.") from error
        except OSError as error:
            raise StoreError(f"The folder for the runs cannot be made: {error}. Choose another with FITTING_ROOM_HOME.") from error
        self.url = url
        with self._writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # two that open a new or an old store must not both change its tables
            _TABLES.create_all(connection)
            _add_missing_columns(connection)
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

        Not `waiting` means that this process carries it out itself, and no worker may take it. `pictures` is a data set that
        only this run may use, `given` a file of weights to load instead of training; both are kept until the run has ended.
        `key` is the secret of its owner, who may have one run waiting; `parent` a run from whose checkpoint and curve it goes on;
        `past` is what `given` weights that were trained elsewhere bring of their training.
        """
        run_id, now, owner = secrets.token_hex(4), time.time(), owner_of(key or "")
        with self._writing() as connection:
            _clear_away(connection)
            queue = list(connection.scalars(select(_RUNS.c.owner).where(_RUNS.c.status == "waiting")))
            if len(queue) >= most_waiting:
                raise RunError(f"{most_waiting} runs are waiting already. Please try again when some have finished.")
            if owner and owner in queue:
                raise RunError("You have a run waiting already. Start the next one when that has begun, or take it out of the queue.")
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
                **({} if waiting else {"status": "running", "started": now, "heartbeat": now, "worker": this_process()}),
            }
            connection.execute(insert(_RUNS).values(values))
            for kind, content in zip(BROUGHT, (pictures, given), strict=True):
                if content is not None:
                    connection.execute(insert(_ARTIFACTS).values(run=run_id, kind=kind, content=content))
            if parent:
                _go_on_from(connection, parent, run_id)
            if past and past.points:
                connection.execute(
                    insert(_POINTS), [{"run": run_id, "kind": row["kind"], **{name: row[name] for name in CURVE}} for row in past.points]
                )
            if past and past.snapshots:
                kept = [{"run": run_id, "epoch": epoch, "content": content} for epoch, content in past.snapshots.items()]
                connection.execute(insert(_SNAPSHOTS), kept)
        return run_id

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        with self._reading() as connection:
            query = select(_RUNS).where(_RUNS.c.removed.is_(None)).order_by(_RUNS.c.created.desc())
            return [Run(**row) for row in connection.execute(query).mappings()]

    def run(self, run_id: str) -> Run:
        """One run by its exact id. Raises RunError when there is none."""
        with self._reading() as connection:
            row = connection.execute(select(_RUNS).where(_RUNS.c.id == run_id, _RUNS.c.removed.is_(None))).mappings().first()
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
        before = or_(_RUNS.c.status == "running", (_RUNS.c.status == "waiting") & (_RUNS.c.created < run.created))
        query = select(_RUNS).where(before, _RUNS.c.removed.is_(None), _RUNS.c.id != run.id).order_by(_RUNS.c.status, _RUNS.c.created)
        with self._reading() as connection:
            return [Run(**row) for row in connection.execute(query).mappings()]

    def pending(self, now: float) -> list[Run]:
        """The runs a worker should have: the waiting ones and those whose worker is dead or silent, oldest first.

        Of a person who has a run training already, none that waits.
        """
        busy = select(_RUNS.c.owner).where(_RUNS.c.status == "running", _RUNS.c.owner != "")
        free = (_RUNS.c.status == "waiting") & _RUNS.c.owner.not_in(busy)
        with self._reading() as connection:
            query = select(_RUNS).where(or_(free, _lost(connection, now))).order_by(_RUNS.c.created)
            return [Run(**row) for row in connection.execute(query).mappings()]

    def claim(self, run_id: str, now: float, worker: str = "") -> bool:
        """Take a waiting run, or one whose worker is dead or silent, for a worker. False when another has it or it is gone.

        What came after its checkpoint is taken back: it is trained again. The curve of weights given to it stays. `worker` is that
        process, as `core.holders` writes it.
        """
        taken = {
            "status": "running",
            "started": func.coalesce(_RUNS.c.started, now),
            "heartbeat": now,
            "attempts": _RUNS.c.attempts + 1,
            "phase": "getting ready",
            "worker": worker,
        }
        with self._writing() as connection:
            free = or_(_RUNS.c.status == "waiting", _lost(connection, now))
            claimed = connection.execute(update(_RUNS).where(_RUNS.c.id == run_id, free).values(taken)).rowcount == 1
            if claimed and not connection.scalar(_given_to(run_id)):
                _take_up_again(connection, run_id)
        return claimed

    def update(self, run_id: str, worker: str | None = None, **columns: object) -> None:
        """Set columns of a run; a deleted run is left alone.

        Here and in the four that follow, `worker` is the process that writes: it raises TakenError, and nothing is written,
        when the run has been taken by another meanwhile.
        """
        with self._writing() as connection:
            _set(connection, run_id, worker, **columns)
            if columns.get("status") in ENDED:
                connection.execute(delete(_ARTIFACTS).where(_brought_by(run_id)))

    def add_point(self, run_id: str, point: Mapping, worker: str | None = None, **columns: object) -> None:
        """Add a point of the curve (`kind`, `epoch`, `accuracy`, `loss`, ...) and set columns of the run in the same stroke."""
        with self._writing() as connection:
            _set(connection, run_id, worker, **columns)
            connection.execute(insert(_POINTS).values(run=run_id, **point))

    def add_epoch(
        self, run_id: str, point: Mapping, snapshot: bytes, checkpoint: bytes, worker: str | None = None, **columns: object
    ) -> None:
        """Add the point of a whole epoch with its snapshot and the checkpoint to go on from, all or nothing."""
        with self._writing() as connection:
            _set(connection, run_id, worker, kept_epoch=point["epoch"], **columns)
            connection.execute(insert(_POINTS).values(run=run_id, **point))
            connection.execute(insert(_SNAPSHOTS).values(run=run_id, epoch=round(point["epoch"]), content=snapshot))
            _put(connection, run_id, CHECKPOINT, checkpoint)

    def keep(self, run_id: str, checkpoint: bytes, epoch: float, worker: str | None = None, **columns: object) -> None:
        """Keep a checkpoint that stands so many epochs into the run."""
        with self._writing() as connection:
            _set(connection, run_id, worker, kept_epoch=epoch, **columns)
            _put(connection, run_id, CHECKPOINT, checkpoint)

    def checkpoint(self, run_id: str) -> bytes | None:
        """Where the run can go on from, if it has come so far."""
        with self._reading() as connection:
            return connection.scalar(select(_ARTIFACTS.c.content).where(_ARTIFACTS.c.run == run_id, _ARTIFACTS.c.kind == CHECKPOINT))

    def epochs(self, run_id: str) -> list[int]:
        """The epochs a run has a snapshot of, in order."""
        with self._reading() as connection:
            return list(connection.scalars(select(_SNAPSHOTS.c.epoch).where(_SNAPSHOTS.c.run == run_id).order_by(_SNAPSHOTS.c.epoch)))

    def snapshot(self, run_id: str, epoch: int) -> bytes:
        """What the run's network said at the end of an epoch, as `core.keeping.Snapshot` writes it. Raises RunError when there is none."""
        with self._reading() as connection:
            content = connection.scalar(select(_SNAPSHOTS.c.content).where(_SNAPSHOTS.c.run == run_id, _SNAPSHOTS.c.epoch == epoch))
        if content is None:
            raise RunError(f"Nothing was kept of epoch {epoch} of this run. Choose another.")
        return content

    def finish(self, run_id: str, artifacts: Mapping[str, bytes], worker: str | None = None, **columns: object) -> None:
        """Store what a run made and how it ended, all or nothing."""
        with self._writing() as connection:
            _set(connection, run_id, worker, **columns)
            connection.execute(delete(_ARTIFACTS).where(_brought_by(run_id)))
            for kind, content in artifacts.items():
                _put(connection, run_id, kind, content)

    def points(self, run_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The curve so far: one table of batches and one of epochs (epoch, accuracy, loss, val_accuracy, val_loss)."""
        query = select(_POINTS).where(_POINTS.c.run == run_id).order_by(_POINTS.c.id)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        table = pd.DataFrame(rows, columns=[column.name for column in _POINTS.columns])
        return tuple(table.loc[table["kind"] == kind, list(CURVE)].astype(float).reset_index(drop=True) for kind in ("batch", "epoch"))

    def epochs_of_all(self) -> pd.DataFrame:
        """The points of whole epochs of every run, in one query: run, epoch, accuracy, loss, val_accuracy, val_loss."""
        columns = [_POINTS.c.run, *(_POINTS.c[name] for name in CURVE)]
        query = select(*columns).join(_RUNS, _RUNS.c.id == _POINTS.c.run).where(_POINTS.c.kind == "epoch", _RUNS.c.removed.is_(None))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(_POINTS.c.run, _POINTS.c.epoch)).all()
        return pd.DataFrame(rows, columns=["run", *CURVE]).astype(dict.fromkeys(CURVE, float))

    def given(self, run_id: str) -> bytes | None:
        """The weights a run is to load instead of training, while it has not ended; None when it trains."""
        with self._reading() as connection:
            return connection.scalar(_given_to(run_id))

    def artifact(self, run_id: str, kind: str) -> bytes:
        """A file a run made or brought: one of ARTIFACTS or BROUGHT. Raises RunError when it has none (yet)."""
        with self._reading() as connection:
            content = connection.scalar(select(_ARTIFACTS.c.content).where(_ARTIFACTS.c.run == run_id, _ARTIFACTS.c.kind == kind))
        if content is None:
            raise RunError("This run has no model yet. Wait until it has finished, or choose another run.")
        return content

    def pictures(self, run_id: str) -> bytes | None:
        """The data set a run brought with it, while it has not ended; None when it uses the one everybody has."""
        with self._reading() as connection:
            return connection.scalar(select(_ARTIFACTS.c.content).where(_ARTIFACTS.c.run == run_id, _ARTIFACTS.c.kind == "pictures"))

    def artifacts(self, run_id: str) -> list[str]:
        """The kinds of files a run has."""
        with self._reading() as connection:
            return list(connection.scalars(select(_ARTIFACTS.c.kind).where(_ARTIFACTS.c.run == run_id)))

    def stop(self, run_id: str, key: str | None = None) -> None:
        """Ask the worker to stop; a run that waits or is paused ends at once. Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        with self._writing() as connection:
            for status, message in (("waiting", "Taken out of the queue before it began."), ("paused", "Ended while it was paused.")):
                asked = update(_RUNS).where(_RUNS.c.id == run_id, _RUNS.c.status == status)
                if connection.execute(asked.values(status="stopped", finished=time.time(), message=message)).rowcount:
                    connection.execute(delete(_ARTIFACTS).where(_brought_by(run_id)))
            running = update(_RUNS).where(_RUNS.c.id == run_id, _RUNS.c.status == "running")
            connection.execute(running.values(stop_requested=True))

    def pause(self, run_id: str, key: str | None = None) -> None:
        """Ask the worker to keep where the run stands and to serve others meanwhile. Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        with self._writing() as connection:
            running = update(_RUNS).where(_RUNS.c.id == run_id, _RUNS.c.status == "running")
            connection.execute(running.values(pause_requested=True))

    def go_on(self, run_id: str, key: str | None = None) -> None:
        """Put a paused run back into the queue, at its old place. Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        with self._writing() as connection:
            paused = update(_RUNS).where(_RUNS.c.id == run_id, _RUNS.c.status == "paused")
            connection.execute(paused.values(status="waiting", pause_requested=False, attempts=0, message=""))

    def rename(self, run_id: str, name: str, key: str | None = None) -> None:
        """Give a run another name; one already taken gets a number. Raises RunError when it is empty, or the key not its owner's."""
        self._check_owner(run_id, key)
        if not name.strip():
            raise RunError("A run needs a name. Type at least one letter.")
        with self._writing() as connection:
            connection.execute(update(_RUNS).where(_RUNS.c.id == run_id).values(name=_free_name(connection, name.strip()[:60], run_id)))

    def annotate(self, run_id: str, key: str | None = None, note: str | None = None, pinned: bool | None = None) -> None:
        """Write a note about a run, or pin it. Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        given = {name: value for name, value in (("note", note and note.strip()[:500]), ("pinned", pinned)) if value is not None}
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
            row = connection.execute(select(_RUNS).where(_RUNS.c.id == run_id)).mappings().first()
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
                f"Check that {place.database} can be written and that the disk has room, or choose another folder with FITTING_ROOM_HOME."
            )
        return f"Check that the database at {place.host} answers, or choose another with FITTING_ROOM_STORE."


def _lost(connection: Connection, now: float) -> ColumnElement[bool]:
    """The condition for a running run whose worker is seen dead, or wrote nothing for SILENT_SECONDS."""
    holders = connection.scalars(select(_RUNS.c.worker).where(_RUNS.c.status == "running"))
    dead = [holder for holder in holders if is_dead(holder)]
    return (_RUNS.c.status == "running") & or_(_RUNS.c.heartbeat < now - SILENT_SECONDS, _RUNS.c.worker.in_(dead))


def _set(connection: Connection, run_id: str, worker: str | None, **columns: object) -> None:
    """Set columns of a run. Raises TakenError when a worker writes that no longer has it."""
    row = _RUNS.c.id == run_id
    if worker is not None:
        row &= (_RUNS.c.worker == worker) & (_RUNS.c.status == "running")
    found = connection.execute(update(_RUNS).where(row).values(columns or {"id": run_id})).rowcount
    if worker is not None and not found:
        raise TakenError("Another worker has taken this run.")


def _put(connection: Connection, run_id: str, kind: str, content: bytes) -> None:
    connection.execute(delete(_ARTIFACTS).where(_ARTIFACTS.c.run == run_id, _ARTIFACTS.c.kind == kind))
    connection.execute(insert(_ARTIFACTS).values(run=run_id, kind=kind, content=content))


def _take_up_again(connection: Connection, run_id: str) -> None:
    """Take back what came after a run's checkpoint, and mark the seam in its curve."""
    kept, seams = connection.execute(select(_RUNS.c.kept_epoch, _RUNS.c.seams).where(_RUNS.c.id == run_id)).one()
    later = (_POINTS.c.run == run_id) & (_POINTS.c.epoch > kept + 1e-6)
    lost = connection.execute(delete(_POINTS).where(later)).rowcount
    if kept and (lost or kept not in seams):
        connection.execute(update(_RUNS).where(_RUNS.c.id == run_id).values(seams=sorted({*seams, kept})))
    if not kept:
        connection.execute(update(_RUNS).where(_RUNS.c.id == run_id).values(progress=0.0))


def _go_on_from(connection: Connection, parent: str, run_id: str) -> None:
    """Give a new run the checkpoint, curve and snapshots of another. Raises RunError when that has none."""
    kept = connection.scalar(select(_RUNS.c.kept_epoch).where(_RUNS.c.id == parent, _RUNS.c.removed.is_(None)))
    content = connection.scalar(select(_ARTIFACTS.c.content).where(_ARTIFACTS.c.run == parent, _ARTIFACTS.c.kind == CHECKPOINT))
    if not kept or content is None:
        raise RunError("Nothing is kept of that run to train on from. Start a new one.")
    _put(connection, run_id, CHECKPOINT, content)
    for table in (_POINTS, _SNAPSHOTS):
        copied = [column for column in table.columns if column.name not in ("id", "run")]
        rows = select(literal(run_id), *copied).where(table.c.run == parent, table.c.epoch <= kept + 1e-6).order_by(table.c.epoch)
        connection.execute(insert(table).from_select(["run", *(column.name for column in copied)], rows))
    connection.execute(update(_RUNS).where(_RUNS.c.id == run_id).values(kept_epoch=kept))


def _add_missing_columns(connection: Connection) -> None:
    """Bring a store written by an earlier version up to date: it only lacks columns."""
    there = {column["name"] for column in inspect(connection).get_columns(_RUNS.name)}
    for column in _RUNS.columns:
        if column.name not in there:
            connection.execute(DDL(f"ALTER TABLE {_RUNS.name} ADD COLUMN {CreateColumn(column).compile(connection)}"))


def _clear_away(connection: Connection) -> None:
    """Remove for good what was deleted long enough ago."""
    gone = select(_RUNS.c.id).where(_RUNS.c.removed < time.time() - UNDO_SECONDS)
    for table, column in ((_POINTS, _POINTS.c.run), (_SNAPSHOTS, _SNAPSHOTS.c.run), (_ARTIFACTS, _ARTIFACTS.c.run), (_RUNS, _RUNS.c.id)):
        connection.execute(delete(table).where(column.in_(gone)))


def _brought_by(run_id: str) -> ColumnElement[bool]:
    return (_ARTIFACTS.c.run == run_id) & _ARTIFACTS.c.kind.in_(BROUGHT)


def _given_to(run_id: str) -> Select:
    return select(_ARTIFACTS.c.content).where(_ARTIFACTS.c.run == run_id, _ARTIFACTS.c.kind == "given")


def _cause(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _sqlite(url: str, path: str | None) -> Engine:
    """An engine for an SQLite file: connections are short-lived, readers never block the writer (WAL), writers wait their turn."""
    from pathlib import Path

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 20})

    @event.listens_for(engine, "connect")
    def prepare(connection, _record) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # somebody's pictures are gone from the file, not only from its index

    return engine


def _free_name(connection: Connection, name: str, own_id: str = "") -> str:
    taken = set(connection.scalars(select(_RUNS.c.name).where(_RUNS.c.id != own_id)))
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
