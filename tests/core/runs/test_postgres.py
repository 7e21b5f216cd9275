"""The store in PostgreSQL, with a real server: its clock counts, what was deleted is gone from its disk, what is
rewritten does not grow, and a server that starts again costs nobody a run."""

import secrets
import threading
import time
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from sqlalchemy import delete, insert, text, update

from core.errors import StoreError
from core.runs import database, dialects, patience
from core.runs.book import NewRun
from core.runs.dialects import POSTGRES_STARTED as STARTED
from core.runs.dialects import OwnTable
from core.runs.live import Feed
from core.runs.schema import FILES, RUNS, SCHEMA, VERSION, FileKind
from core.runs.store import Store, open_store
from core.training.checkpoint import Checkpoint
from core.training.plan import Plan
from tests.core.processes import wait_for
from tests.postgres import Server
from tests.stored import fall_silent, point, snapshot

pytestmark = pytest.mark.postgres
PLAN = Plan.of("quick", epochs=1)
DELETED, KEPT = (secrets.token_bytes(100_000) for _ in range(2))  # as large as a few pictures


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url)
    yield store
    store.close()


def new(**options: object) -> NewRun:
    return NewRun(PLAN, "Quick", "0" * 16, "Drawn stand-in clothes", **options)


def files_with(postgres: Server, content: bytes) -> list[str]:
    """The server's files that hold the beginning of this content; not its log of writes (WAL), which it overwrites."""
    postgres.tell("CHECKPOINT")
    files = [file for file in (postgres.data / "base").rglob("*") if file.is_file()]
    return [file.name for file in files if content[:1_000] in file.read_bytes()]


def size(postgres: Server, store: Store) -> int:
    """Bytes of a store's database on the disk."""
    name = store.url.partition("?")[0].rpartition("/")[2]
    return postgres.tell(f"SELECT pg_database_size('{name}')")[0][0]


def test_the_clock_of_the_database_counts_whatever_the_apps_own_says(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, really = store.create(new()), time.time
    lease = store.claim(run_id, "a worker of another host")
    feed = Feed(store, run_id, 60_000)
    for wrong in (-3_600, -10, 10, 3_600):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: really() + wrong)
        lease.beat()
        feed.read()
        assert store.pending() == [] and not store.claim(run_id, "mine"), wrong
        assert not feed._standing(store.run(run_id)).silent
    store.delete(store.create(new()))
    lease.finish({})
    run = store.run(run_id)
    monkeypatch.undo()
    assert 0 <= run.finished - run.started < 60 and abs(run.created - time.time()) < 60


def test_uploads_are_gone_from_the_servers_files_when_their_run_has_ended(postgres: Server, store: Store) -> None:
    stopped, done, failed, stays = (store.create(new(pictures=DELETED, weights=DELETED)) for _ in range(4))
    leases = [store.claim(run_id) for run_id in (done, failed)]
    assert files_with(postgres, DELETED)
    assert store.pictures(done) == store.initial_weights(done) == DELETED
    store.stop(stays)
    store.stop(stopped)
    leases[0].finish({FileKind.KERAS: b"x"})
    leases[1].fail("why")
    assert store.pictures(done) is None and store.artifacts(done) == ["keras"]
    assert files_with(postgres, DELETED) == []


def test_an_upload_that_goes_while_it_is_asked_for_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create(new(pictures=KEPT))
    store.stop(run_id)
    monkeypatch.setattr(OwnTable, "there", True)
    assert store.pictures(run_id) is None


def test_a_checkpoint_that_is_rewritten_takes_no_more_room_each_time(postgres: Server, store: Store) -> None:
    lease = store.claim(store.create(new()))
    before = size(postgres, store)
    numbers = np.frombuffer(secrets.token_bytes(1_000_000), np.uint8)
    large = Checkpoint(1, 0, 10, np.zeros(3), 1.0, [numbers])
    for epoch in range(1, 21):
        lease.epoch(point(epoch, "epoch"), snapshot(), large)
    grown = size(postgres, store) - before
    assert grown < 2 * len(large.to_bytes()), f"{grown / 1e6:.1f} MB for {len(large.to_bytes()) / 1e6:.1f} MB"
    assert store.checkpoint(lease.run_id) == large.to_bytes()
    lease.finish({})
    assert store.checkpoint(lease.run_id) == large.to_bytes()  # to train on from
    assert size(postgres, store) - before < 2 * len(large.to_bytes())
    child = store.create(new(parent=lease.run_id))
    assert store.checkpoint(child) == large.to_bytes()


def test_what_the_version_before_kept_of_uploads_moves_and_what_it_deleted_goes(postgres: Server, store: Store) -> None:
    waiting, gone = store.create(new()), store.create(new())
    with store.database.writing() as connection:
        connection.execute(update(SCHEMA).values(version=VERSION - 1))
        for narrow in ("ALTER TABLE points ALTER COLUMN id TYPE INTEGER", "ALTER SEQUENCE points_id_seq AS INTEGER"):
            connection.execute(text(narrow))
        for kind in (FileKind.PICTURES, FileKind.CHECKPOINT):
            connection.execute(insert(FILES).values(run=waiting, kind=kind, content=KEPT))
            connection.execute(insert(FILES).values(run=gone, kind=kind, content=DELETED))
    with store.database.writing() as connection:
        connection.execute(delete(FILES).where(FILES.c.run == gone))
    assert files_with(postgres, DELETED)
    again = open_store(store.url)
    assert again.pictures(waiting) == again.checkpoint(waiting) == KEPT and again.pictures(gone) is None
    assert files_with(postgres, DELETED) == []
    with again.database.writing() as connection:
        connection.execute(text("SELECT setval('points_id_seq', 3000000000)"))
    lease = again.claim(waiting)
    lease.point(point(0.5))
    assert [row.id for row in again.points_since(waiting)] == [3_000_000_001]
    lease.finish({})
    assert again.artifacts(waiting) == ["checkpoint"]
    again.close()


def test_writes_wait_while_the_server_starts_again_and_no_run_is_taken_from_its_worker(
    postgres: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.02)
    silent, busy = store.create(new()), store.create(new())
    leases = [store.claim(run_id, "a worker of another host") for run_id in (silent, busy)]
    fall_silent(store, silent)
    assert [run.id for run in store.pending()] == [silent]
    postgres.stop()
    writing = threading.Thread(target=leases[1].point, args=(point(0.5),))
    writing.start()
    with pytest.raises(StoreError):
        store.runs()
    postgres.start()
    writing.join()
    assert len(store.points_since(busy)) == 1
    monkeypatch.setattr(dialects, "POSTGRES_STARTED", STARTED)
    again = open_store(store.url)
    assert again.pending() == []  # nobody could be heard of while it was away
    again.close()


def test_a_lock_that_another_keeps_is_not_waited_for_without_end(
    postgres: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create(new())
    monkeypatch.setattr(database, "WRITER_PATIENCE", 1)
    hasty = open_store(store.url)
    stuck = psycopg.connect(store.url.replace("+psycopg", ""))
    stuck.execute("UPDATE runs SET phase = 'as a host that was cut off leaves it'")
    with pytest.raises(StoreError, match="lock"):
        hasty.claim(run_id)
    stuck.close()
    assert store.claim(run_id)
    asleep = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'"
    with pytest.raises(StoreError), hasty.database.writing() as connection:
        connection.execute(update(RUNS).values(phase="as a worker that was put to sleep leaves it"))
        wait_for(lambda: not postgres.tell(asleep), "the end of a transaction that does nothing")
        connection.execute(update(RUNS).values(progress=1.0))
    assert store.run(run_id).phase == "getting ready"
    hasty.close()
