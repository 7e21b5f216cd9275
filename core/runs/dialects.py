"""Where the kinds of databases differ: their clock, how writers take turns, and how bytes leave the disk.

Whoever reads or writes the store says the same for all of them.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    LargeBinary,
    MetaData,
    Table,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SQLITE_CLOCK = "fitting_room_clock"  # an SQL function of our own: what SQLite brings tells milliseconds only
POSTGRES_CLOCK = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS FLOAT)"  # goes on within a transaction
POSTGRES_STARTED = "CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS FLOAT)"


class Now(FunctionElement[float]):
    """Seconds since 1970 by the database's clock, the only one that all who use it share."""

    type = Float()
    inherit_cache = True


class Silence(FunctionElement[float]):
    """Seconds by the database's clock since the moment in a column, when a worker was heard of.

    While a database with a server is away nobody can be heard of: they count from when it is back, at the earliest.
    """

    type = Float()
    inherit_cache = True


NOW = Now()


@compiles(Now)
def _now(_element: Now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)"


@compiles(Now, "sqlite")
def _now_sqlite(_element: Now, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"{SQLITE_CLOCK}()"


@compiles(Now, "postgresql")
def _now_postgres(_element: Now, _compiler: SQLCompiler, **_options: Any) -> str:
    return POSTGRES_CLOCK


@compiles(Now, "mysql")
@compiles(Now, "mariadb")
def _now_mysql(_element: Now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "UNIX_TIMESTAMP(NOW(6))"


@compiles(Silence)
def _silence(element: Silence, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(NOW, **options)} - {compiler.process(element.clauses, **options)})"


@compiles(Silence, "postgresql")
def _silence_postgres(element: Silence, compiler: SQLCompiler, **options: Any) -> str:
    return f"({POSTGRES_CLOCK} - GREATEST({compiler.process(element.clauses, **options)}, {POSTGRES_STARTED}))"


def silence(heard: ColumnElement[Any]) -> ColumnElement[float]:
    """Seconds since a worker was `heard` of."""
    return Silence(heard)


def take_turn(connection: Connection, lock: int) -> None:
    """Wait until no other transaction has this lock, any number, and have it until this one ends.

    An SQLite file has one for all. Other databases without such locks go by their constraints.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock})


def tables_are_gone(error: SQLAlchemyError) -> bool:
    """Whether the database is there and a table is not."""
    cause = getattr(error, "orig", None)
    return "no such table" in str(cause) or type(cause).__name__ == "UndefinedTable"  # SQLite's and psycopg's


class OwnTable:
    """One file of a run in a table of its own, where deleted rows stay in their file: in PostgreSQL.

    Writing such a table anew takes a new file for it and removes the old one, and so does deleting the table. What is
    rewritten then takes no more and more room, and what is deleted is not left to a vacuum that comes some day.
    """

    def __init__(self, connection: Connection, run_id: str, kind: str) -> None:
        self._connection = connection
        self._table = Table(f"{kind}_{run_id}", MetaData(), Column("content", LargeBinary, nullable=False))

    @staticmethod
    def wanted(connection: Connection) -> bool:
        """Whether this kind of database needs them."""
        return connection.dialect.name == "postgresql"

    @property
    def there(self) -> bool:
        """Whether there is one."""
        return self.wanted(self._connection) and inspect(self._connection).has_table(self._table.name)

    def put(self, content: bytes) -> None:
        """Keep these bytes, in place of those before."""
        if self.there:
            self._connection.execute(text(f'TRUNCATE TABLE "{self._table.name}"'))
        else:
            self._table.create(self._connection, checkfirst=False)
            # what is packed already is not packed again
            self._connection.execute(text(f'ALTER TABLE "{self._table.name}" ALTER content SET STORAGE EXTERNAL'))
        self._connection.execute(insert(self._table).values(content=content))

    def content(self) -> bytes | None:
        """What it keeps; None also where its run ends at this moment."""
        if not self.there:
            return None
        try:
            with self._connection.begin_nested():
                return self._connection.scalar(select(self._table.c.content))
        except SQLAlchemyError as error:
            if tables_are_gone(error):
                return None
            raise

    def drop(self) -> None:
        """Delete it with its file."""
        if self.there:
            self._table.drop(self._connection, checkfirst=False)
