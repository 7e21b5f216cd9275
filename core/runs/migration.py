"""The tables of the store made, or those of an earlier version brought up to date."""

import secrets
from typing import Any

from sqlalchemy import DDL, Column, Connection, Table, delete, func, insert, inspect, select, text, update
from sqlalchemy.schema import CreateColumn

from core.data.dataset import OWN_TITLE, Source
from core.runs.dialects import OwnTable, take_turn
from core.runs.schema import (
    ENDED,
    FILES,
    FLEETING,
    IDENTITY,
    ONE_NAME,
    ONE_WAITING,
    PAUSED_WORDS,
    POINTS,
    RUNS,
    SCHEMA,
    TABLES,
    VERSION,
    WAITS,
    Status,
    free_name,
)

MIGRATION_LOCK = 28_28_10  # any number: processes that bring one database up to date take turns by it


def version_of(connection: Connection) -> int:
    """The version of the tables there are; 0 when there are none, 1 when they have no version."""
    tables = inspect(connection)
    if tables.has_table(SCHEMA.name):
        return connection.scalar(select(SCHEMA.c.version)) or 0
    return int(tables.has_table(RUNS.name))


def migrate(connection: Connection) -> int:
    """Make the tables, or bring those of an earlier version up to date, and give the version they have then.

    Two that do so at once take turns; the second finds the work done.
    """
    take_turn(connection, MIGRATION_LOCK)
    version = version_of(connection)
    if version >= VERSION:
        return version
    TABLES.create_all(connection)
    if version:
        _add_columns(connection)
        _tell_apart(connection)
        _let_one_wait(connection)
        _move_out(connection)
        _widen(connection)
        for index in (ONE_NAME, ONE_WAITING):
            index.create(connection, checkfirst=True)
    if connection.scalar(select(IDENTITY.c.id)) is None:
        connection.execute(insert(IDENTITY).values(id=secrets.token_hex(8)))
    connection.execute(delete(SCHEMA))
    connection.execute(insert(SCHEMA).values(version=VERSION))
    return VERSION


def clear_out(connection: Connection, before: int) -> None:
    """Remove from the disk what a version `before` this one deleted, where it is still there: in PostgreSQL's files."""
    if before and OwnTable.wanted(connection):
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"VACUUM (FULL) {FILES.name}"))


def _add_columns(connection: Connection) -> None:
    """Add the columns that the tables of an earlier version lack."""
    added = [column for table in (RUNS, POINTS) for column in _missing(connection, table)]
    for column in added:
        definition = CreateColumn(column).compile(connection)
        connection.execute(DDL(f"ALTER TABLE {column.table.name} ADD COLUMN {definition}"))
    if "data_source" in [column.name for column in added]:  # an earlier version told uploaded pictures by their title
        uploaded = update(RUNS).where(RUNS.c.data_title.startswith(OWN_TITLE, autoescape=True))
        connection.execute(uploaded.values(data_source=Source.OWN))


def _missing(connection: Connection, table: Table) -> list[Column[Any]]:
    present = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return [column for column in table.columns if column.name not in present]


def _tell_apart(connection: Connection) -> None:
    """Give every run of a name but the first a number."""
    rows = connection.execute(select(RUNS.c.id, RUNS.c.name).order_by(RUNS.c.created)).all()
    taken, seen = {name for _id, name in rows}, set()
    for run_id, name in rows:
        if name in seen:
            name = free_name(name, taken)
            connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(name=name))
            taken.add(name)
        seen.add(name)


def _let_one_wait(connection: Connection) -> None:
    """Of a person who has several runs waiting let the first one wait, and pause the others."""
    first = select(func.min(RUNS.c.created)).where(WAITS).group_by(RUNS.c.owner)
    others = update(RUNS).where(WAITS, RUNS.c.created.not_in(first.scalar_subquery()))
    connection.execute(others.values(status=Status.PAUSED, message=PAUSED_WORDS))


def _widen(connection: Connection) -> None:
    """Let the points of all curves be more than two thousand millions: a few hundred classes come there in a day."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE points ALTER COLUMN id TYPE BIGINT"))
        connection.execute(text("ALTER SEQUENCE points_id_seq AS BIGINT"))


def _move_out(connection: Connection) -> None:
    """Give what runs under way were given or go on from tables of their own, where a database needs them."""
    if not OwnTable.wanted(connection):
        return
    under_way = select(RUNS.c.id).where(RUNS.c.status.not_in(ENDED))
    moved = FILES.c.kind.in_(FLEETING) & FILES.c.run.in_(under_way)
    for run_id, kind in connection.execute(select(FILES.c.run, FILES.c.kind).where(moved)).all():
        this = (FILES.c.run == run_id) & (FILES.c.kind == kind)
        content = connection.scalar(select(FILES.c.content).where(this))
        OwnTable(connection, run_id, kind).put(bytes(content or b""))
    connection.execute(delete(FILES).where(moved))
