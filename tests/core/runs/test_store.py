"""The store: a run book that keeps everything, finds runs, and answers trouble with a sentence."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import RunError, StoreError, TakenError
from core.runs.process import is_dead, this_process
from core.runs.store import SILENT_SECONDS, UNDO_SECONDS, Past, Store
from core.training.plan import Plan

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
    assert [[run.id for run in store.ahead(store.run(run_id))] for run_id in ids[1:]] == [ids[:1], ids[:2]]
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


def test_the_epochs_of_all_runs_come_in_one_table(store: Store) -> None:
    first, second, gone = add(store), add(store), add(store)
    for run_id, epoch in ((second, 1.0), (first, 1.0), (gone, 1.0), (first, 2.0)):
        store.add_point(run_id, {"kind": "epoch", "epoch": epoch, "accuracy": epoch / 4, "loss": 1.0})
        store.add_point(run_id, {"kind": "batch", "epoch": epoch, "accuracy": 0.1, "loss": 1.0})
    store.delete(gone)
    table = store.epochs_of_all()
    assert table.groupby("run")["accuracy"].apply(list).to_dict() == {first: [0.25, 0.5], second: [0.25]}
    assert table["val_loss"].isna().all() and table["epoch"].dtype == float


def test_weights_from_elsewhere_keep_the_curve_and_the_snapshots_they_came_with(store: Store) -> None:
    point = {"kind": "epoch", "epoch": 1.0, "accuracy": 0.5, "loss": 1.0, "val_accuracy": None, "val_loss": None}
    run_id = add(store, given=b"weights", past=Past([point], {1: b"seen"}, "From afar"))
    assert store.given(run_id) == b"weights" and store.run(run_id).note == "From afar"
    assert store.claim(run_id, time.time())
    assert (
        store.points(run_id)[1]["accuracy"].tolist() == [0.5]
        and store.epochs(run_id) == [1]
        and store.run(run_id).seams == []
    )
    store.finish(run_id, {}, status="done")
    assert store.given(run_id) is None and len(store.points(run_id)[1]) == 1


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
    assert [run.id for run in store.runs()] == [running]
    store.restore(run_id)
    assert store.artifact(run_id, "keras") == b"x"
    store.delete(run_id)
    store.update(run_id, removed=time.time() - UNDO_SECONDS - 1)
    other = add(store)
    store.delete(other)
    with pytest.raises(RunError, match="too late"):
        store.restore(run_id)
    with pytest.raises(RunError, match="no model"):
        store.artifact(run_id, "keras")
    store.claim(running, time.time())
    with pytest.raises(RunError, match="Stop it first"):
        store.delete(running)


def test_a_run_that_is_taken_up_again_goes_on_from_its_checkpoint_with_a_seam(store: Store) -> None:
    now, run_id = time.time(), add(store)
    store.claim(run_id, now)
    batch = {"kind": "batch", "accuracy": 0.5, "loss": 1.0}
    store.add_point(run_id, {**batch, "epoch": 0.5})
    store.add_epoch(run_id, {**batch, "kind": "epoch", "epoch": 1.0}, b"seen", b"stands", progress=0.5)
    store.add_point(run_id, {**batch, "epoch": 1.3}, progress=0.65)
    assert store.claim(run_id, now + SILENT_SECONDS + 1)
    batches, epochs = store.points(run_id)
    assert batches["epoch"].tolist() == [0.5] and epochs["epoch"].tolist() == [1.0]
    run = store.run(run_id)
    assert (run.seams, run.kept_epoch, run.attempts) == ([1.0], 1.0, 2)
    assert (
        store.checkpoint(run_id) == b"stands" and store.epochs(run_id) == [1] and store.snapshot(run_id, 1) == b"seen"
    )
    with pytest.raises(RunError, match="epoch 2"):
        store.snapshot(run_id, 2)


def test_a_run_whose_worker_is_dead_is_free_at_once_and_one_whose_worker_lives_or_is_elsewhere_is_not(
    store: Store,
) -> None:
    now, here = time.time(), this_process()
    ended = subprocess.run(
        [sys.executable, "-c", "from core.runs.process import this_process; print(this_process())"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
    )
    dead = ended.stdout.decode().strip()
    elsewhere = "another computer:" + dead.rpartition(":")[2]
    assert is_dead(dead) and not is_dead(here) and not is_dead(elsewhere) and not is_dead("")
    runs = {worker: add(store) for worker in (dead, here, elsewhere, "")}
    for worker, run_id in runs.items():
        assert store.claim(run_id, now, worker)
    assert [run.id for run in store.pending(now)] == [runs[dead]]
    assert [store.claim(run_id, now, here) for run_id in runs.values()] == [True, False, False, False]
    with pytest.raises(TakenError):
        store.update(runs[dead], dead, phase="training")
    assert store.run(runs[dead]).phase == "getting ready"


def test_two_that_open_a_store_of_an_earlier_version_together_both_can(store: Store) -> None:
    with store._writing() as connection:
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN worker")
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN seams")
    with ThreadPoolExecutor(8) as pool:
        for opened in pool.map(Store, [store.url] * 8):
            assert opened.runs() == []
            opened.close()


def test_a_pause_asked_for_outlives_a_killed_worker(store: Store) -> None:
    run_id = add(store)
    store.claim(run_id, time.time())
    store.pause(run_id)
    assert store.claim(run_id, time.time() + SILENT_SECONDS + 1) and store.run(run_id).pause_requested


def test_a_paused_run_leaves_the_worker_to_others_and_keeps_its_place(store: Store) -> None:
    first, second = add(store), add(store)
    store.claim(first, time.time())
    store.pause(first)
    assert store.run(first).pause_requested
    store.keep(first, b"stands", 0.4, status="paused")
    assert [run.id for run in store.pending(time.time() + 60)] == [second]
    store.go_on(first)
    assert [run.id for run in store.pending(time.time())] == [first, second]
    assert store.claim(first, time.time()) and store.run(first).seams == [0.4] and not store.run(first).pause_requested
    store.keep(first, b"stands", 0.6, status="paused")
    store.stop(first)
    assert store.run(first).status == "stopped"


def test_only_the_owner_may_stop_change_or_delete_a_run(store: Store) -> None:
    run_id = add(store, key="secret")
    assert "secret" not in repr(store.run(run_id))
    for change in (
        store.stop,
        store.pause,
        store.go_on,
        store.delete,
        store.annotate,
        lambda run_id, key: store.rename(run_id, "Mine", key),
    ):
        with pytest.raises(RunError, match="Only the browser that started"):
            change(run_id, "guess")
        with pytest.raises(RunError, match="Only the browser that started"):
            change(run_id, "")
    store.annotate(run_id, "secret", note=" My note ", pinned=True)
    store.rename(run_id, "Mine", "secret")
    run = store.run(run_id)
    assert (run.name, run.note, run.pinned) == ("Mine", "My note", True)
    store.delete(run_id, "secret")
    with pytest.raises(RunError, match="Only the browser"):
        store.restore(run_id, "guess")
    store.restore(run_id)  # this computer itself may do anything
    assert store.run(run_id).status == "stopped"
    store.stop(add(store), "anyone")  # a run without an owner is everybody's


def test_a_person_has_one_run_that_trains_and_one_that_waits(store: Store) -> None:
    first = add(store, key="mine")
    with pytest.raises(RunError, match="You have a run waiting already"):
        add(store, key="mine")
    store.claim(first, time.time())
    second, others = add(store, key="mine"), add(store, key="theirs")
    assert [run.id for run in store.pending(time.time())] == [others]
    store.finish(first, {}, status="done")
    assert [run.id for run in store.pending(time.time())] == [second, others]
    assert [run.id for run in store.ahead(store.run(others))] == [second]


def test_a_run_is_trained_on_from_the_checkpoint_and_curve_of_another(store: Store) -> None:
    parent = add(store)
    with pytest.raises(RunError, match="Nothing is kept"):
        add(store, parent=parent)
    for epoch in (1.0, 2.0):
        store.add_epoch(parent, {"kind": "epoch", "epoch": epoch, "accuracy": 0.5, "loss": 1.0}, b"seen", b"stands")
    store.add_point(parent, {"kind": "batch", "epoch": 2.5, "accuracy": 0.5, "loss": 1.0})
    child = add(store, parent=parent)
    assert store.checkpoint(child) == b"stands" and store.epochs(child) == [1, 2] and store.run(child).kept_epoch == 2
    assert store.points(child)[1]["epoch"].tolist() == [1.0, 2.0] and not len(store.points(child)[0])
    store.claim(child, time.time())
    assert store.run(child).seams == [2.0] and store.run(child).parent == parent


def test_a_store_of_an_earlier_version_is_brought_up_to_date(store: Store) -> None:
    run_id = add(store, "Old")
    for column in ("owner", "note", "pinned", "removed", "seams", "kept_epoch"):
        with store._writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE runs DROP COLUMN {column}")
    store.close()
    again = Store(store.url)
    run = again.run(run_id)
    assert (run.name, run.owner, run.note, run.pinned, run.removed, run.seams, run.kept_epoch) == (
        "Old",
        "",
        "",
        False,
        None,
        [],
        0,
    )
    again.close()


def test_the_file_is_in_wal_mode_so_that_readers_do_not_block(store: Store, tmp_path: Path) -> None:
    add(store)
    assert (tmp_path / "deep" / "runs.sqlite-wal").exists() or store.runs()
    with store._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize(
    ("url", "words"),
    [("nonsense", "not a database address"), ("oracle9i://x/y", "not a database address"), ("", "not a database")],
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
