"""The database: a file that is deleted under the app, a drive that cannot share memory, options no driver knows."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StoreError, TakenError
from core.runs.book import NewRun
from core.runs.database import GONE, NOT_AHEAD, open_database
from core.runs.store import Store, open_store
from core.training.plan import Plan
from tests.stored import point

NEW = NewRun(Plan.of("quick", epochs=1), "Quick", "0" * 16, "Drawn stand-in clothes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{folder / 'runs.sqlite'}")
    yield store
    store.close()


def delete_file(folder: Path) -> None:
    (folder / "runs.sqlite").unlink()


def empty_file(folder: Path) -> None:
    (folder / "runs.sqlite").write_bytes(b"")


def delete_and_leave_the_rest(folder: Path) -> None:
    (folder / "runs.sqlite-wal").write_bytes(os.urandom(5000))  # as a deletion in the middle of a write does
    delete_file(folder)


@pytest.mark.parametrize("delete", [delete_file, shutil.rmtree, empty_file, delete_and_leave_the_rest])
def test_a_file_deleted_while_the_app_runs_is_begun_anew_and_said_once(
    delete: Callable[[Path], None], store: Store, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.create(NEW)
    delete(folder)
    assert store.runs() == []
    assert [record.getMessage() for record in caplog.records] == [f"{GONE} (the SQLite file {folder / 'runs.sqlite'})"]
    run_id = store.create(NEW)
    again = open_store(store.url)
    assert [run.id for run in again.runs()] == [run_id]
    again.close()


def test_a_training_whose_file_was_deleted_has_lost_its_run_and_does_not_disturb_the_new_file(
    store: Store, folder: Path
) -> None:
    lease = store.claim(store.create(NEW))
    delete_file(folder)
    for write in (lambda: lease.point(point(0.5)), lambda: lease.fail("why"), lease.beat):
        with pytest.raises(TakenError):
            write()
    assert store.runs() == [] and store.claim(store.create(NEW))


def test_many_that_find_the_file_deleted_at_once_all_go_on(store: Store, folder: Path) -> None:
    stores = [store, *(open_store(store.url) for _ in range(3))]

    def look(number: int) -> None:
        try:
            assert stores[number % 4].runs() == []
        except StoreError as error:  # between the new file and its tables
            assert str(error).startswith(GONE)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            delete_file(folder)
            list(pool.map(look, range(16)))
            run_id = store.create(NEW)
            assert [[run.id for run in each.runs()] for each in stores] == [[run_id]] * 4
    for each in stores[1:]:
        each.close()


def test_tables_that_are_gone_while_the_app_runs_are_said_and_made_again(store: Store, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "runs.sqlite")) as other:
        for table in ("points", "snapshots", "artifacts", "runs", "schema_version"):
            other.execute(f"DROP TABLE {table}")
        other.execute("CREATE TABLE something_else (x)")
    with pytest.raises(StoreError, match=GONE):
        store.runs()
    assert store.runs() == [] and store.claim(store.create(NEW))


def test_a_folder_that_cannot_be_made_again_is_said(store: Store, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.raises(StoreError, match="FITTING_ROOM_HOME"):
        store.runs()
    folder.unlink()
    assert store.runs() == []


@pytest.mark.skipif(os.name == "nt", reason="SQLite has that way of locking on Unix only")
@pytest.mark.parametrize("moved", [False, True], ids=["made there", "moved there"])
def test_on_a_drive_that_shares_no_memory_the_store_works_and_says_what_that_costs(
    moved: bool, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    if moved:
        local = open_store(f"sqlite:///{folder / 'runs.sqlite'}")
        local.create(NEW)
        local.close()
    drive = f"sqlite:///file:{folder / 'runs.sqlite'}?vfs=unix-dotfile&uri=true"
    for _ in range(2):
        store = open_store(drive)
        store.claim(store.create(NEW)).finish({})
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        store.close()
    assert len(store.runs()) == 2 + moved
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [NOT_AHEAD]


@pytest.mark.parametrize("url", ["sqlite:///{}?timeout=soon", "sqlite:///{}?isolation_level=none&detect_types=x"])
def test_an_option_that_is_none_is_said(url: str, folder: Path) -> None:
    with pytest.raises(StoreError, match="not a database address"):
        open_database(url.format(folder / "runs.sqlite"))


@pytest.mark.parametrize("url", ["sqlite:///file::memory:?uri=true", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_database_in_memory_is_refused_however_it_is_named(url: str) -> None:
    with pytest.raises(StoreError, match="in memory"):
        open_database(url)
