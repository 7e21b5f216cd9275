"""The tables of the store: runs, the points of their curves, snapshots and files; a row of the first as a value.

Knows nothing of what is done with them.
"""

import hashlib
import logging
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    String,
    Table,
    select,
)

from core.data.dataset import Source
from core.errors import PlanError, RunError
from core.language import N_, Saying
from core.runs.dialects import silence
from core.training.plan import Plan
from core.words import line

VERSION = 5  # of these tables; a store without one was written before they had a version
LONGEST_NAME = 60  # characters
CURVE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")  # the numbers of a point


class Status(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


GETTING_READY = "getting ready"  # the phase of a run that a worker has just taken
ENDED = (Status.DONE, Status.STOPPED, Status.FAILED)


class FileKind(StrEnum):
    """What a file of a run is."""

    KERAS = "keras"
    TFLITE = "tflite"
    WEIGHTS = "weights"
    PROBABILITIES = "probabilities"  # its answers to the test pictures
    CHECKPOINT = "checkpoint"  # to go on from; `kept_epoch` says where it stands
    PICTURES = "pictures"  # an uploaded data set that only this run uses
    INITIAL_WEIGHTS = "given"  # uploaded weights that it loads instead of training


UPLOADED = (FileKind.PICTURES, FileKind.INITIAL_WEIGHTS)  # kept only until the run has ended
FLEETING = (*UPLOADED, FileKind.CHECKPOINT)  # they vanish, or are rewritten while the run is under way
PAUSED_WORDS = N_("Paused. Others may train meanwhile; it goes on when you say so.")

log = logging.getLogger(__name__)

TABLES = MetaData()
SCHEMA = Table("schema_version", TABLES, Column("version", Integer, primary_key=True))
IDENTITY = Table("identity", TABLES, Column("id", String(16), primary_key=True))  # of this store, unlike any other's
RUNS = Table(
    "runs",
    TABLES,
    Column("id", String(12), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("recipe", String(40), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("status", String(10), nullable=False, index=True),  # a Status
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
    # hash of a key that only its owner's browser has; "": of this computer
    Column("owner", String(64), nullable=False, server_default=""),
    Column("note", String(500), nullable=False, server_default=""),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    Column("removed", Float),  # when it was deleted; for a while it can be brought back
    Column("pause_requested", Boolean, nullable=False, server_default="0"),
    Column("parent", String(12)),  # the run it was trained on from
    Column("kept_epoch", Float, nullable=False, server_default="0"),  # epochs behind its checkpoint
    Column("seams", JSON, nullable=False, server_default="[]"),  # epochs at which it was taken up again
    # identity of the process that has or had it, as core.runs.process gives it
    Column("worker", String(160), nullable=False, server_default=""),
    Column("data_source", String(10), nullable=False, server_default=""),  # a Source; "" in runs of earlier versions
)
WAITS = (RUNS.c.status == Status.WAITING) & (RUNS.c.owner != "")
ONE_NAME = Index("one_run_a_name", RUNS.c.name, unique=True)
ONE_WAITING = Index(
    "one_waiting_run_a_person", RUNS.c.owner, unique=True, sqlite_where=WAITS, postgresql_where=WAITS
).ddl_if(callable_=lambda *_schema, dialect, **_others: dialect.name in ("sqlite", "postgresql"))
READ = select(RUNS, silence(RUNS.c.heartbeat).label("silence"))  # what `Run.of_row` takes
POINTS = Table(
    "points",
    TABLES,
    # SQLite's integers are as wide anyway, and count by themselves under that name only
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(5), nullable=False),  # batch, epoch
    Column("epoch", Float, nullable=False),
    Column("accuracy", Float),
    Column("loss", Float),
    Column("val_accuracy", Float),
    Column("val_loss", Float),
    Column("seconds", Float),  # trained until then; none in runs from elsewhere and of earlier versions
)
SNAPSHOTS = Table(
    "snapshots",
    TABLES,
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
FILES = Table(
    "artifacts",
    TABLES,
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),  # a FileKind
    Column("content", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Run:
    """One row of the run book as it stood when it was read; times in seconds since 1970, by the database's clock."""

    id: str
    name: str
    recipe: str
    plan: Plan
    status: Status
    phase: str
    progress: float
    speed: float | None
    created: float
    started: float | None
    finished: float | None
    heartbeat: float | None
    attempts: int
    stop_requested: bool
    message: str  # how it stands or ended, in the language of who reads it
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
    data_source: Source | None  # None: made by an earlier version, which kept it for uploaded pictures only
    silence: float | None  # seconds since its worker was heard of, while it had one

    @classmethod
    def of_row(cls, row: RowMapping) -> "Run":
        """The run in a row of the table. Raises RunError when this version cannot read its plan, status or source."""
        try:
            plan = Plan(**row["plan"])
            plan.row  # noqa: B018 - an unknown recipe, variant or layer shows only here
            status, source = Status(row["status"]), Source(row["data_source"]) if row["data_source"] else None
        except (TypeError, KeyError, ValueError, PlanError) as error:
            raise RunError(
                "The run “{name}” was made by another version of the app, which this one cannot read.", name=row["name"]
            ) from error
        columns = {field.name: row[field.name] for field in fields(cls)}
        message = str(Saying.unpacked(row["message"]))
        return cls(**columns | {"plan": plan, "status": status, "data_source": source, "message": message})

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to this run."""
        return self.status in ENDED

    @property
    def scored(self) -> bool:
        """Whether it has a model and test answers to look at."""
        return self.test_accuracy is not None

    @property
    def on_uploaded_pictures(self) -> bool:
        """Whether it learned from a data set that a visitor uploaded."""
        return self.data_source == Source.OWN

    def belongs_to(self, key: str | None) -> bool:
        """Whether who holds a key may stop, change or delete it.

        None is this computer itself; a run without an owner is everybody's.
        """
        return key is None or not self.owner or secrets.compare_digest(self.owner, owner_of(key))


def readable(rows: Iterable[RowMapping]) -> list[Run]:
    """The runs in these rows of the table, without those that this version cannot read."""
    runs = []
    for row in rows:
        try:
            runs.append(Run.of_row(row))
        except RunError as error:
            log.warning("%s: %s", row["id"], error)
    return runs


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or where it is taken the name with the next number, within LONGEST_NAME."""
    free, number = name, 2
    while free in taken:
        end = f" {number}"
        free, number = line(name[: LONGEST_NAME - len(end)]) + end, number + 1
    return free


def owner_of(key: str) -> str:
    """What the store keeps of a browser's secret key; "" for no key."""
    return hashlib.sha256(key.encode()).hexdigest() if key else ""
