"""The store's address: read in the ways people write it, and never repeated to anybody."""

import logging
import sqlite3
import sys
import traceback

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from core.errors import StoreError
from core.runs.address import address_of, harmless, title
from core.runs.database import Database, open_database

WRITTEN = (  # the secret hun/ter2 as careful people write it, as others do, and where some drivers want it
    "postgresql://me:hun%2Fter2@db.school/runs",
    "postgres://me:hun/ter2@db.school/runs",
    "postgresql://me@db.school/runs?password=hun/ter2",
    "postgresql://db.school/runs?user=me&sslpassword=hun%2Fter2",
    "postgresql://me:a@hun/ter2@db.school/runs",
    "postgresql://me:a@hun/ter2:x@db.school/runs",
    "postgresql://me:a@db.school:hun/ter2",
    "postgresql://me:hun/ter2@db.school:port/runs",
    "mysql://me:hun%2Fter2@db.school/runs",
    "nosuch://me:hun%2Fter2@db.school/runs",
    "hun/ter2",
    "sqlite+nosuch:///hun/ter2",
)


def told(error: BaseException) -> str:
    """All that a log would hold of an error."""
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("url", WRITTEN)
def test_no_word_of_a_secret_is_repeated_when_the_store_cannot_be_opened(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for driver in ("psycopg", "MySQLdb"):
        monkeypatch.setitem(sys.modules, driver, None)  # as where it is not installed
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreError) as refused:
        open_database(url)
    words = f"{refused.value}\n{told(refused.value)}\n{caplog.text}".replace(__file__, "")
    shown = [line for line in words.splitlines() if "WRITTEN" not in line]
    assert not any(part in line for line in shown for part in ("hun", "ter2", "me:"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:hunter2@db.school:5433/runs?password=x", "the PostgreSQL database “runs” at db.school"),
        ("postgres:///runs", "the PostgreSQL database “runs”"),
        ("postgresql://me:hun@ter2/x@db.school/runs", "the PostgreSQL database"),  # nobody knows where the host begins
        ("sqlite:////home/me/50%25.sqlite", "the SQLite file /home/me/50%.sqlite"),
    ],
)
def test_a_database_is_named_by_its_kind_host_and_name_at_most(url: str, words: str) -> None:
    assert str(title(url)) == words


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://h/db", "postgresql+psycopg"),
        ("postgresql://h/db", "postgresql+psycopg"),
        ("postgresql+pg8000://h/db", "postgresql+pg8000"),
        ("sqlite:////x", "sqlite"),
    ],
)
def test_postgres_is_spoken_to_by_way_of_psycopg_unless_another_driver_is_named(url: str, driver: str) -> None:
    assert address_of(url).drivername == driver


@pytest.mark.parametrize(
    ("url", "driver", "words"),
    [
        ("postgres://h/db", "psycopg", 'PostgreSQL.*pip install "psycopg\\[binary\\]"'),
        ("mysql://h/db", "MySQLdb", 'MySQL.*pip install "mysqlclient"'),
        ("mssql://h/db", "pyodbc", 'pip install "pyodbc"'),
    ],
)
def test_a_missing_driver_is_named_with_the_package_to_install(
    url: str, driver: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(StoreError, match=words):
        open_database(url)


URL = "postgresql://me:hunter2@db.school/runs?sslpassword=hush%20now"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("connection refused\nIs the server running?", "connection refused"),
        ('password authentication failed for user "me"', "OperationalError"),
        ("cannot parse postgresql://x", "OperationalError"),
        ("invalid dsn: host=db.school password=hunter2", "OperationalError"),
        ("first line\nsslpassword=hush+now", "OperationalError"),
        ("wrong: hush%20now", "OperationalError"),
    ],
)
def test_what_a_driver_says_is_passed_on_only_without_the_address(said: str, cause: str) -> None:
    def connect() -> None:
        raise sqlite3.OperationalError(said)

    database = Database(create_engine("sqlite://", creator=connect), URL)
    for use in (database.reading, database.writing):
        with pytest.raises(StoreError, match=f"\\({cause}\\)") as refused, use():
            pass
        assert "the PostgreSQL database “runs” at db.school" in str(refused.value)
        assert (said in told(refused.value)) == (cause != "OperationalError")
        assert isinstance(refused.value.__context__, OperationalError)


def test_what_sqlite_says_is_passed_on() -> None:
    assert harmless("database or disk is full\nmore", "sqlite:////x") == "database or disk is full"
    assert harmless("", "sqlite:////x") == ""
