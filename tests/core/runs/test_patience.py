"""A store that is away for a while loses nobody's run: writes wait for it, and are there once when it comes back."""

import itertools
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from core.errors import RunError, StoreError, TakenError
from core.runs import database, patience
from core.runs.book import NewRun
from core.runs.lease import Lease
from core.runs.patience import patiently
from core.runs.schema import FileKind
from core.runs.store import Store, open_store
from core.training.plan import Plan
from tests.stored import checkpoint, point, snapshot

WRITES: dict[str, Callable[[Lease], None]] = {
    "phase": lambda lease: lease.phase("training"),
    "point": lambda lease: lease.point(point(0.5)),
    "epoch": lambda lease: lease.epoch(point(1.0, "epoch"), snapshot(), checkpoint(1.0)),
    "keep": lambda lease: lease.keep(checkpoint(0.5)),
    "pause": lambda lease: lease.pause(checkpoint(0.5)),
    "finish": lambda lease: lease.finish({FileKind.KERAS: b"x"}, test_accuracy=0.9),
    "fail": lambda lease: lease.fail("why"),
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(database, "WRITER_PATIENCE", 0.02)
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
    store = open_store(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    yield store
    store.close()


@pytest.fixture
def lease(store: Store) -> Lease:
    lease = store.claim(store.create(NewRun(Plan.of("quick"), "Quick", "0" * 16, "Clothes")))
    assert lease
    return lease


def state(store: Store, run_id: str) -> tuple[object, ...]:
    """All that the writes of a lease change."""
    run = store.run(run_id)
    rows = [tuple(row)[2:] for row in store.points_since(run_id)]
    columns = (run.status, run.phase, run.message, run.kept_epoch, run.test_accuracy, run.progress)
    return columns, rows, store.epochs(run_id), store.artifacts(run_id), store.checkpoint(run_id)


@pytest.mark.parametrize("write", WRITES)
def test_a_write_waits_for_a_store_that_is_away_and_is_then_there(write: str, store: Store, lease: Lease) -> None:
    tries = itertools.count()

    def away(_connection: sqlite3.Connection, _record: object) -> None:
        if next(tries) < 4:
            raise sqlite3.OperationalError("the server starts again")

    before = state(store, lease.run_id)
    event.listen(Engine, "connect", away)
    try:
        WRITES[write](lease)
    finally:
        event.remove(Engine, "connect", away)
    assert next(tries) == 5
    assert state(store, lease.run_id) != before


@pytest.mark.parametrize("write", WRITES)
def test_a_write_whose_answer_was_lost_is_there_once(
    write: str, store: Store, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, losses = store.database.writing, itertools.count()

    @contextmanager
    def lossy() -> Iterator[Connection]:
        with writing() as connection:
            yield connection
        if not next(losses):
            raise StoreError("The server has gone before it could say that all is written.")

    again = store.claim(store.create(NewRun(Plan.of("quick"), "Quick", "0" * 16, "Clothes")))
    WRITES[write](again)
    monkeypatch.setattr(store.database, "writing", lossy)
    try:
        WRITES[write](lease)
    except TakenError:  # it ended with the first write, and so there was nothing left to write
        assert write in ("pause", "finish", "fail")
    assert next(losses) > 1 or write in ("pause", "finish", "fail")
    assert state(store, lease.run_id) == state(store, again.run_id)


def test_a_write_waits_for_another_that_holds_the_file(
    store: Store, lease: Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        note = caplog.handler.emit

        def release(record: logging.LogRecord) -> None:
            note(record)
            writer.execute("ROLLBACK")

        monkeypatch.setattr(caplog.handler, "emit", release)
        lease.point(point(0.5))
    assert [record.getMessage().startswith("Waiting for the store") for record in caplog.records] == [True]
    assert "locked" in caplog.text and len(store.points_since(lease.run_id)) == 1


def test_patience_has_an_end_and_is_for_the_store_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def fail(error: Exception) -> None:
        tried.append(1)
        raise error

    for error in (TakenError("gone"), RunError("no"), ValueError()):
        with pytest.raises(type(error)):
            patiently(lambda: fail(error))  # noqa: B023 - used at once
    assert len(tried) == 3
    monkeypatch.setattr(patience, "PATIENT_SECONDS", 0.1)
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.02)
    with pytest.raises(StoreError, match="away"):
        patiently(lambda: fail(StoreError("away")))
    assert len(tried) > 4


def test_a_worker_that_only_says_that_it_lives_does_not_wait(lease: Lease) -> None:
    tries = itertools.count()

    def away(_connection: sqlite3.Connection, _record: object) -> None:
        next(tries)
        raise sqlite3.OperationalError("the server starts again")

    event.listen(Engine, "connect", away)
    try:
        with pytest.raises(StoreError):
            lease.beat()
    finally:
        event.remove(Engine, "connect", away)
    assert next(tries) == 1
