"""The tables of the store: runs, the points of their curves, snapshots and files; and the SQLite file they usually lie
in.

Knows nothing of what is done with them.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn

ENDED = ("done", "stopped", "failed")

TABLES = MetaData()
RUNS = Table(
    "runs",
    TABLES,
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
    Column(
        "owner", String(64), nullable=False, server_default=""
    ),  # hash of a key that only its owner's browser has; "": of this computer
    Column("note", String(500), nullable=False, server_default=""),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    Column("removed", Float),  # when it was deleted; for UNDO_SECONDS it can be brought back
    Column("pause_requested", Boolean, nullable=False, server_default="0"),
    Column("parent", String(12)),  # the run it was trained on from
    Column("kept_epoch", Float, nullable=False, server_default="0"),  # epochs behind its checkpoint
    Column("seams", JSON, nullable=False, server_default="[]"),  # epochs at which it was taken up again
    Column(
        "worker", String(160), nullable=False, server_default=""
    ),  # the process that has or had it, as core.runs.process writes it
)
POINTS = Table(
    "points",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(5), nullable=False),  # batch, epoch
    Column("epoch", Float, nullable=False),
    Column("accuracy", Float),
    Column("loss", Float),
    Column("val_accuracy", Float),
    Column("val_loss", Float),
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
        """Whether who holds a key may stop, change or delete it.

        None is this computer itself; a run without an owner is everybody's.
        """
        return key is None or not self.owner or secrets.compare_digest(self.owner, owner_of(key))


def owner_of(key: str) -> str:
    """What the store keeps of somebody's secret key; "" for no key."""
    return hashlib.sha256(key.encode()).hexdigest() if key else ""


def add_missing_columns(connection: Connection) -> None:
    """Bring a store written by an earlier version up to date: it only lacks columns."""
    there = {column["name"] for column in inspect(connection).get_columns(RUNS.name)}
    for column in RUNS.columns:
        if column.name not in there:
            connection.execute(DDL(f"ALTER TABLE {RUNS.name} ADD COLUMN {CreateColumn(column).compile(connection)}"))


def sqlite(url: str, path: str | None) -> Engine:
    """An engine for an SQLite file: connections are short-lived, readers never block the writer (WAL), writers wait
    their turn."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 20})

    @event.listens_for(engine, "connect")
    def prepare(connection, _record) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(
            "PRAGMA secure_delete=ON"
        )  # somebody's pictures are gone from the file, not only from its index

    return engine
