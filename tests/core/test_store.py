"""The store: a run book that keeps everything, finds runs, and answers trouble with a sentence."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import RunError, StoreError
from core.store import SILENT_SECONDS, Store
from core.training import Plan

PLAN = Plan.of("quick", epochs=1).as_dict()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'deep' / 'runs.sqlite'}")
    yield store
    store.close()


def add(store: Store, name: str = "Quick", **options: object) -> str:
    return store.create(PLAN, name, "0" * 16, "Drawn stand-in clothes", **options)


def test_a_run_is_written_and_read_back_whole(store: Store) -> None:
    run = store.run(add(store))
    assert (run.name, run.recipe, run.status, dict(run.plan)) == ("Quick", "quick", "waiting", PLAN)
    assert Plan(**run.plan) == Plan.of("quick", epochs=1)
    assert not run.ended and not run.scored


def test_a_taken_name_gets_a_number_and_an_empty_one_is_refused(store: Store) -> None:
    first, second = add(store), add(store)
    assert store.run(second).name == "Quick 2"
    store.rename(second, "Quick")
    assert store.run(second).name == "Quick 2"
    store.rename(second, " Mine ")
    assert store.run(second).name == "Mine"
    with pytest.raises(RunError, match="needs a name"):
        store.rename(first, "  ")


def test_a_run_is_found_by_id_name_and_beginning_and_doubt_is_said(store: Store) -> None:
    first, second = add(store, "Blue"), add(store, "Blush")
    assert store.find(first).id == store.find("Blue").id == first
    assert store.find("Blus").id == second
    with pytest.raises(RunError, match="fits 2 runs"):
        store.find("Bl")
    with pytest.raises(RunError, match="no run “Red”"):
        store.find("Red")
    with pytest.raises(RunError, match="no run “”"):
        store.find("")


def test_runs_wait_their_turn_and_know_their_place(store: Store) -> None:
    now = time.time()
    ids = [add(store, f"Run {number}") for number in range(3)]
    assert store.claim(ids[0], now)
    assert [store.place(store.run(run_id)) for run_id in ids[1:]] == [1, 2]
    assert [run.id for run in store.pending(now)] == ids[1:]


def test_a_full_queue_says_so(store: Store) -> None:
    add(store, most_waiting=1)
    with pytest.raises(RunError, match="1 runs are waiting already"):
        add(store, most_waiting=1)


def test_a_run_is_claimed_once_until_its_worker_goes_silent(store: Store) -> None:
    now = time.time()
    run_id = add(store)
    assert store.claim(run_id, now)
    assert not store.claim(run_id, now + 1)
    assert store.pending(now + 1) == []
    store.add_point(run_id, {"kind": "batch", "epoch": 0.5, "accuracy": 0.5, "loss": 1.0})
    later = now + SILENT_SECONDS + 1
    assert [run.id for run in store.pending(later)] == [run_id]
    assert store.claim(run_id, later)
    assert store.run(run_id).attempts == 2
    assert len(store.points(run_id)[0]) == 0


def test_two_workers_that_ask_at_once_do_not_both_get_a_run(store: Store) -> None:
    run_id, now = add(store), time.time()
    won: list[bool] = []
    threads = [threading.Thread(target=lambda: won.append(store.claim(run_id, now))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


def test_points_come_back_in_order_as_numbers(store: Store) -> None:
    run_id = add(store)
    store.add_point(run_id, {"kind": "batch", "epoch": 0.5, "accuracy": 0.4, "loss": 2.0}, progress=0.25, speed=1000.0)
    row = {"kind": "epoch", "epoch": 1.0, "accuracy": 0.5, "loss": 1.5, "val_accuracy": 0.45, "val_loss": 1.6}
    store.add_point(run_id, row, progress=0.5)
    batches, epochs = store.points(run_id)
    assert batches["accuracy"].tolist() == [0.4] and batches["val_loss"].isna().all()
    assert epochs.loc[0].to_dict() == {name: value for name, value in row.items() if name != "kind"}
    assert (store.run(run_id).progress, store.run(run_id).speed) == (0.5, 1000.0)


def test_files_are_kept_byte_for_byte_and_a_missing_one_is_said(store: Store) -> None:
    run_id = add(store)
    with pytest.raises(RunError, match="no model yet"):
        store.artifact(run_id, "tflite")
    store.finish(run_id, {"tflite": b"\x00\xff" * 1000}, status="done", test_accuracy=0.9)
    assert store.artifact(run_id, "tflite") == b"\x00\xff" * 1000
    assert store.run(run_id).scored


def test_a_waiting_run_is_stopped_at_once_and_a_running_one_is_asked(store: Store) -> None:
    waiting, running = add(store), add(store)
    store.claim(running, time.time())
    store.stop(waiting)
    store.stop(running)
    assert store.run(waiting).status == "stopped"
    assert store.run(running).status == "running" and store.run(running).stop_requested


def test_a_deleted_run_is_gone_with_all_it_made_and_a_running_one_is_not_deleted(store: Store) -> None:
    run_id, running = add(store), add(store)
    store.finish(run_id, {"keras": b"x"}, status="done")
    store.delete(run_id)
    with pytest.raises(RunError, match="no run"):
        store.run(run_id)
    with pytest.raises(RunError, match="no model"):
        store.artifact(run_id, "keras")
    store.claim(running, time.time())
    with pytest.raises(RunError, match="Stop it first"):
        store.delete(running)


def test_the_file_is_in_wal_mode_so_that_readers_do_not_block(store: Store, tmp_path: Path) -> None:
    add(store)
    assert (tmp_path / "deep" / "runs.sqlite-wal").exists() or store.runs()
    with store._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize(
    ("url", "words"), [("nonsense", "not a database address"), ("oracle9i://x/y", "not a database address"), ("", "not a database")]
)
def test_an_address_that_is_none_is_said(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        Store(url)


def test_a_store_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    with pytest.raises(StoreError, match="FITTING_ROOM_HOME"):
        Store(f"sqlite:///{in_the_way / 'runs.sqlite'}")
    damaged = tmp_path / "runs.sqlite"
    damaged.write_bytes(os.urandom(5000))
    with pytest.raises(StoreError, match="not a database.*FITTING_ROOM_HOME"):
        Store(f"sqlite:///{damaged}")
