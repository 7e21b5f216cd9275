"""The database behind the store of runs: opened, brought up to date, read and written, each trouble said in a sentence.

Any database that SQLAlchemy speaks to. Knows the tables, but nothing of what is done with them.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    DDL,
    URL,
    Column,
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn

from core.data.dataset import OWN_TITLE, Source
from core.errors import StoreError
from core.runs.schema import POINTS, RUNS, SCHEMA, TABLES, VERSION

WRITER_PATIENCE = 20  # seconds a writer of an SQLite file waits for its turn
MIGRATION_LOCK = 28_28_10  # any number: processes that bring one PostgreSQL database up to date take turns by it


class Database:
    """One engine a process; safe to use from several threads.

    Raises StoreError, with a sentence, when the database cannot be read or written.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self.url = url
        self._engine = engine

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is written, or nothing."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"The store of runs cannot be used ({_cause(error)}). {self._remedy()}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from; it never waits for a writer of an SQLite file."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"The store of runs cannot be read ({_cause(error)}). {self._remedy()}") from error

    def _remedy(self) -> str:
        address = make_url(self.url)
        if address.get_backend_name() == "sqlite":
            return (
                f"Check that {address.database} can be written and that the disk has room, "
                "or choose another folder with FITTING_ROOM_HOME."
            )
        return f"Check that the database at {address.host} answers, or choose another with FITTING_ROOM_STORE."


def open_database(url: str) -> Database:
    """The database at a SQLAlchemy URL, made or brought up to date where needed; one that is up to date is only read.

    Raises StoreError for an address that is none, a database that cannot be used, and one of a later version.
    """
    try:
        address = make_url(url)
        engine = _sqlite(address) if address.get_backend_name() == "sqlite" else create_engine(address)
    except (ArgumentError, ImportError) as error:
        raise StoreError(
            f"“{url}” is not a database address I can use. FITTING_ROOM_STORE takes a SQLAlchemy URL."
        ) from error
    except OSError as error:
        raise StoreError(
            f"The folder for the runs cannot be made: {error}. Choose another with FITTING_ROOM_HOME."
        ) from error
    database = Database(engine, url)
    with database.reading() as connection:
        version = _version(connection)
        if version < VERSION and connection.dialect.name == "sqlite":
            _let_readers_pass(connection)
    if version < VERSION:
        with database.writing() as connection:
            version = _migrate(connection)
    if version > VERSION:
        database.close()
        raise StoreError(
            f"This store of runs was written by a later version of Fitting Room ({version}; this one knows {VERSION}). "
            "Update the app, or choose another folder with FITTING_ROOM_HOME."
        )
    return database


def _sqlite(address: URL) -> Engine:
    """An engine for an SQLite file: connections are short-lived, and writers wait their turn."""
    if not address.database or address.database == ":memory:":
        raise StoreError(
            "FITTING_ROOM_STORE names an SQLite database in memory, which no training process could see. "
            "Name a file, for instance sqlite:////home/me/runs.sqlite, or leave it out."
        )
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": WRITER_PATIENCE})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(
            "PRAGMA secure_delete=ON"
        )  # uploaded pictures are gone from the file, not only from its index

    return engine


def _let_readers_pass(connection: Connection) -> None:
    """Write ahead from now on, which the SQLite file itself remembers: readers and the writer do not block each other.

    SQLite does not wait for its turn to change this, as it does for any other write.
    """
    deadline = time.monotonic() + WRITER_PATIENCE
    pause = threading.Event()
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            busy = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            pause.wait(0.05)


def _version(connection: Connection) -> int:
    """The version of the tables there are; 0 when there are none, 1 when they have no version."""
    tables = inspect(connection)
    if tables.has_table(SCHEMA.name):
        return connection.scalar(select(SCHEMA.c.version)) or 0
    return int(tables.has_table(RUNS.name))


def _migrate(connection: Connection) -> int:
    """Make the tables, or bring those of an earlier version up to date, and give the version they have then.

    Two that do so at once take turns; the second finds the work done.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    version = _version(connection)
    if version >= VERSION:
        return version
    TABLES.create_all(connection)
    added = [column for table in (RUNS, POINTS) for column in _missing(connection, table)]
    for column in added:
        definition = CreateColumn(column).compile(connection)
        connection.execute(DDL(f"ALTER TABLE {column.table.name} ADD COLUMN {definition}"))
    if "data_source" in [column.name for column in added]:  # an earlier version told uploaded pictures by their title
        uploaded = update(RUNS).where(RUNS.c.data_title.startswith(OWN_TITLE, autoescape=True))
        connection.execute(uploaded.values(data_source=Source.OWN))
    connection.execute(delete(SCHEMA))
    connection.execute(insert(SCHEMA).values(version=VERSION))
    return VERSION


def _missing(connection: Connection, table: Table) -> list[Column[Any]]:
    """The columns that a table of an earlier version lacks."""
    present = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return [column for column in table.columns if column.name not in present]


def _cause(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
