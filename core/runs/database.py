"""The database behind the store of runs: opened, brought up to date, read and written, each trouble said in a sentence.

Any database that SQLAlchemy speaks to. Knows the tables, but nothing of what is done with them.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, select
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.errors import StoreError
from core.language import N_, Saying, in_english
from core.runs.address import NO_ADDRESS, address_of, harmless, need_driver, title
from core.runs.dialects import SQLITE_CLOCK, tables_are_gone, take_turn
from core.runs.migration import clear_out, migrate, version_of
from core.runs.schema import IDENTITY, VERSION

WRITER_PATIENCE = 20  # seconds a writer waits for its turn
SERVER_PATIENCE = 10  # seconds one waits for a database's server to answer
POSTGRES = {  # how psycopg connects, where the address does not say otherwise
    "connect_timeout": SERVER_PATIENCE,
    # a cable that was pulled is noticed, instead of waited for two hours
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 1_000 * SERVER_PATIENCE,  # milliseconds
    "prepare_threshold": None,  # a pooler such as PgBouncer may give the next transaction to another connection
}
POSTGRES_SESSION = (  # and the server notices it too, so that nobody waits for the locks of one that has gone
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = '{notice}s';"
    " SET lock_timeout = '{patience}s'; SET idle_in_transaction_session_timeout = '{patience}s'"
)
NO_SHARED_MEMORY = (  # what SQLite says where processes cannot share memory beside the file, as on a network drive
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
)
GONE = N_("The file of runs was deleted while the app ran; an empty one was begun in its place.")
NOT_READ = N_("The store of runs cannot be read ({reason}).")
NOT_USED = N_("The store of runs cannot be used ({reason}).")
BOOK_LOCK = 28_28_11  # any number: those who write what must be there once take turns by it
NOT_AHEAD = (
    "The file of runs lies where SQLite cannot write ahead, a network drive perhaps: pages wait for its writers."
)
log = logging.getLogger(__name__)


class Database:
    """One engine a process; safe to use from several threads. An SQLite file that is deleted meanwhile is begun anew.

    Raises StoreError, with a sentence, when the database cannot be read or written.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self.url = url
        self._engine = engine
        self._address = address_of(url)
        self._file = _file(self._address)
        self._turn = threading.Lock()  # of the threads that find the file gone, one begins it anew
        self._in_use = False  # once it is brought up to date, its tables are to be there

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()

    @contextmanager
    def writing(self, alone: bool = False) -> Iterator[Connection]:
        """A transaction: all of it is written, or nothing. Of those that go `alone` no two are open at once."""
        self._look()
        with self._sentences(NOT_USED), self._engine.begin() as connection:
            if alone:
                take_turn(connection, BOOK_LOCK)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from; where an SQLite file is written ahead, it never waits for a writer."""
        self._look()
        with self._sentences(NOT_READ), self._engine.connect() as connection:
            yield connection

    def identity(self) -> str:
        """What tells this store of runs from every other, wherever it is seen from."""
        with self.reading() as connection:
            return connection.scalar(select(IDENTITY.c.id)) or ""

    def bring_up_to_date(self) -> tuple[int, int]:
        """Make the tables, or bring those of an earlier version up to date; gives the versions before and after."""
        with self._sentences(NOT_READ), self._engine.connect() as connection:
            before = version = version_of(connection)
            if version < VERSION and connection.dialect.name == "sqlite":
                _let_readers_pass(connection)
        if version < VERSION:
            with self._sentences(NOT_USED), self._engine.begin() as connection:
                version = migrate(connection)
            with self._sentences(NOT_USED), self._engine.connect() as connection:
                clear_out(connection, before)
        self._in_use = True
        return before, version

    def _look(self) -> None:
        """Begin the SQLite file anew where it was deleted."""
        try:
            there = not self._in_use or self._file is None or self._file.stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            there = False
        except OSError:  # whoever opens it will say why
            there = True
        if not there:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Make the tables of a store that lost them: its runs are lost, but the pages go on."""
        with self._turn:
            try:
                if self._file:
                    self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                before, _ = self.bring_up_to_date()
            except OSError as error:
                raise _no_folder(error) from error
            if not before:  # no other has done so meanwhile
                log.error("%s (%s)", GONE, in_english(title(self.url)))

    @contextmanager
    def _sentences(self, sentence: str) -> Iterator[None]:
        """Say in this sentence what goes wrong in these lines, which use the tables."""
        try:
            yield
        except SQLAlchemyError as error:
            if self._in_use and tables_are_gone(error):
                self._begin_anew()
                raise StoreError(GONE, N_("Reload the page, or try again.")) from error
            cause = harmless(str(getattr(error, "orig", None) or error), self.url)
            reason = cause or type(error).__name__
            raise StoreError(sentence, self._remedy(), reason=reason) from (error if cause else None)

    def _remedy(self) -> Saying:
        if self._address.get_backend_name() == "sqlite":
            return Saying(
                "Check that {file} can be written and that the disk has room, or choose another folder with"
                " FITTING_ROOM_HOME.",
                file=self._address.database,
            )
        sentence = N_("Check that {database} answers, and that FITTING_ROOM_STORE holds the right user and password.")
        return Saying(sentence, database=title(self.url))


def open_database(url: str) -> Database:
    """The database at a SQLAlchemy URL, made or brought up to date where needed; one that is up to date is only read.

    Raises StoreError for an address that is none, a database that cannot be used, and one of a later version.
    """
    address = address_of(url)
    need_driver(address)
    try:
        database = Database(_sqlite(address) if address.get_backend_name() == "sqlite" else _server(address), url)
        _, version = database.bring_up_to_date()
    except (ArgumentError, TypeError, ValueError):  # an option that the driver does not know; its words may be secret
        raise StoreError(NO_ADDRESS) from None
    except OSError as error:
        raise _no_folder(error) from error
    if version > VERSION:
        database.close()
        raise StoreError(
            "This store of runs was written by a later version of Fitting Room ({version}; this one knows {known})."
            " Update the app, or choose another folder with FITTING_ROOM_HOME.",
            version=version,
            known=VERSION,
        )
    return database


def _no_folder(error: OSError) -> StoreError:
    sentence = N_("The folder for the runs cannot be made: {reason}. Choose another with FITTING_ROOM_HOME.")
    return StoreError(sentence, reason=error)


def _server(address: URL) -> Engine:
    """An engine for a database with a server; a connection that the server has ended meanwhile is made anew."""
    if address.get_driver_name() != "psycopg":
        return create_engine(address, pool_pre_ping=True, hide_parameters=True)
    given = {name: value for name, value in POSTGRES.items() if name not in address.query}
    engine = create_engine(
        address, pool_pre_ping=True, hide_parameters=True, isolation_level="READ COMMITTED", connect_args=given
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(POSTGRES_SESSION.format(patience=WRITER_PATIENCE, notice=SERVER_PATIENCE))
        connection.autocommit = False

    return engine


def _file(address: URL) -> Path | None:
    """The file of an SQLite database; None for one with a server, and for one named by a URI of SQLite's own."""
    if address.get_backend_name() != "sqlite" or not address.database or address.database.startswith("file:"):
        return None
    return Path(address.database).absolute()


def _sqlite(address: URL) -> Engine:
    """An engine for an SQLite file: connections are short-lived, and writers wait their turn."""
    if not address.database or ":memory:" in address.database or address.query.get("mode") == "memory":
        raise StoreError(
            "FITTING_ROOM_STORE names an SQLite database in memory, which no training process could see. "
            "Name a file, for instance sqlite:////home/me/runs.sqlite, or leave it out."
        )
    if file := _file(address):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # nobody else on this computer reads it
    waiting = {"timeout": WRITER_PATIENCE}
    engine = create_engine(address, poolclass=NullPool, hide_parameters=True, connect_args=waiting)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        try:
            connection.execute("PRAGMA synchronous=NORMAL")  # reads the file, as the first statement does
        except sqlite3.OperationalError as error:  # one that was written ahead elsewhere and then moved here, perhaps
            if error.sqlite_errorcode not in NO_SHARED_MEMORY:
                raise
            _make_readers_wait(connection.execute)
            connection.execute("PRAGMA synchronous=NORMAL")
        connection.create_function(SQLITE_CLOCK, 0, time.time)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(
            "PRAGMA secure_delete=ON"
        )  # uploaded pictures are gone from the file, not only from its index

    return engine


def _let_readers_pass(connection: Connection) -> None:
    """Write ahead from now on, which the SQLite file itself remembers: readers and the writer do not block each other.

    SQLite does not wait for its turn to change this, as it does for any other write. Where it cannot write ahead, as on
    a network drive, readers wait for the writer.
    """
    deadline = time.monotonic() + WRITER_PATIENCE
    pause = threading.Event()
    while True:
        try:
            if connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar() != "wal":
                log.warning(NOT_AHEAD)
            return
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0)
            if code in NO_SHARED_MEMORY:
                _make_readers_wait(connection.exec_driver_sql)
                return
            if code & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            pause.wait(0.05)


def _make_readers_wait(execute: Callable[[str], Any]) -> None:
    """Take the journal that needs no shared memory; to get there, SQLite has to have the file for itself."""
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=DELETE", "locking_mode=NORMAL"):
        execute(f"PRAGMA {pragma}")
    log.warning(NOT_AHEAD)
