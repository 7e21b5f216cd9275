"""The store: a run book that keeps everything, finds runs, and answers trouble with a sentence."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from core.errors import RunError, StoreError, TakenError
from core.runs import process
from core.runs.book import UNDO_SECONDS, NewRun, Past
from core.runs.process import is_dead, this_process
from core.runs.schema import ONE_NAME, ONE_WAITING, RUNS, SCHEMA, VERSION, FileKind, Status
from core.runs.store import Store, open_store
from core.training.plan import Plan
from core.training.progress import Point
from tests.stored import add_points, alter, checkpoint, fall_silent, point, snapshot

PLAN = Plan.of("quick", epochs=1)


@pytest.fixture
def store(either_store: Store) -> Store:
    return either_store


def add(store: Store, name: str = "Quick", **options: object) -> str:
    return store.create(NewRun(PLAN, name, "0" * 16, "Drawn stand-in clothes", **options))


def test_a_run_is_written_and_read_back_whole(store: Store) -> None:
    run = store.run(add(store))
    assert (run.name, run.recipe, run.status, run.plan) == ("Quick", "quick", Status.WAITING, PLAN)
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
    for odd in ("a\0b", "", "' or ''='", first + "\0"):
        with pytest.raises(RunError, match="There is no run"):
            store.run(odd)


def test_runs_wait_their_turn_and_know_their_place(store: Store) -> None:
    ids = [add(store, f"Run {number}") for number in range(3)]
    assert store.claim(ids[0])
    assert [[run.id for run in store.ahead(store.run(run_id))] for run_id in ids[1:]] == [ids[:1], ids[:2]]
    assert [run.id for run in store.pending()] == ids[1:]


def test_a_full_queue_says_so(store: Store) -> None:
    add(store)
    with pytest.raises(RunError, match="1 runs are waiting already"):
        store.create(NewRun(PLAN, "One more", "0" * 16, "Drawn stand-in clothes"), most_waiting=1)


def test_a_run_is_claimed_once_until_its_worker_goes_silent(store: Store) -> None:
    run_id = add(store)
    assert store.claim(run_id)
    fall_silent(store, run_id, 1)
    assert not store.claim(run_id)
    assert store.pending() == []
    add_points(store, run_id, point(0.5))
    fall_silent(store, run_id)
    assert [run.id for run in store.pending()] == [run_id]
    assert store.claim(run_id)
    assert store.run(run_id).attempts == 2
    assert len(store.points(run_id)[0]) == 0


def test_two_workers_that_ask_at_once_do_not_both_get_a_run(store: Store) -> None:
    run_id = add(store)
    won: list[bool] = []
    threads = [threading.Thread(target=lambda: won.append(store.claim(run_id) is not None)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


def test_points_come_back_in_order_as_numbers(store: Store) -> None:
    run_id = add(store)
    lease = store.claim(run_id)
    lease.point(point(0.5, accuracy=0.4, progress=0.25))
    numbers = {"epoch": 1.0, "accuracy": 0.5, "loss": 1.5, "val_accuracy": 0.45, "val_loss": 1.6}
    lease.point(Point(kind="epoch", progress=0.5, speed=1000.0, seconds=1.0, **numbers))
    batches, epochs = store.points(run_id)
    assert batches["accuracy"].tolist() == [0.4] and batches["val_loss"].isna().all()
    assert epochs.loc[0].to_dict() == numbers
    assert (store.run(run_id).progress, store.run(run_id).speed) == (0.5, 1000.0)


def test_the_epochs_of_all_runs_come_in_one_table(store: Store) -> None:
    first, second, gone = add(store), add(store), add(store)
    for run_id, epoch in ((second, 1.0), (first, 1.0), (gone, 1.0), (first, 2.0)):
        add_points(store, run_id, point(epoch, "epoch", epoch / 4), point(epoch, accuracy=0.1))
    store.delete(gone)
    table = store.epochs_of_all()
    assert table.groupby("run")["accuracy"].apply(list).to_dict() == {first: [0.25, 0.5], second: [0.25]}
    assert table["val_loss"].isna().all() and table["epoch"].dtype == float


def test_weights_from_elsewhere_keep_the_curve_and_the_snapshots_they_came_with(store: Store) -> None:
    row = {"kind": "epoch", "epoch": 1.0, "accuracy": 0.5, "loss": 1.0, "val_accuracy": None, "val_loss": None}
    run_id = add(store, weights=b"weights", past=Past([row], {1: b"seen"}, "From afar"))
    assert store.initial_weights(run_id) == b"weights" and store.run(run_id).note == "From afar"
    lease = store.claim(run_id)
    assert lease is not None
    assert (
        store.points(run_id)[1]["accuracy"].tolist() == [0.5]
        and store.epochs(run_id) == [1]
        and store.run(run_id).seams == []
    )
    lease.finish({})
    assert store.initial_weights(run_id) is None and len(store.points(run_id)[1]) == 1


def test_files_are_kept_byte_for_byte_and_a_missing_one_is_said(store: Store) -> None:
    run_id = add(store)
    with pytest.raises(RunError, match="no model yet"):
        store.artifact(run_id, "tflite")
    store.claim(run_id).finish({FileKind.TFLITE: b"\x00\xff" * 1000}, test_accuracy=0.9)
    assert store.artifact(run_id, "tflite") == b"\x00\xff" * 1000
    assert store.run(run_id).scored


def test_a_waiting_run_is_stopped_at_once_and_a_running_one_is_asked(store: Store) -> None:
    waiting, running = add(store), add(store)
    store.claim(running)
    store.stop(waiting)
    store.stop(running)
    assert store.run(waiting).status == "stopped"
    assert store.run(running).status == "running" and store.run(running).stop_requested


def test_a_deleted_run_is_gone_with_all_it_made_and_a_running_one_is_not_deleted(store: Store) -> None:
    run_id, running = add(store), add(store)
    store.claim(run_id).finish({FileKind.KERAS: b"x"})
    store.delete(run_id)
    with pytest.raises(RunError, match="no run"):
        store.run(run_id)
    assert [run.id for run in store.runs()] == [running]
    store.restore(run_id)
    assert store.artifact(run_id, "keras") == b"x"
    store.delete(run_id)
    alter(store, run_id, removed=RUNS.c.removed - UNDO_SECONDS - 1)
    other = add(store)
    store.delete(other)
    with pytest.raises(RunError, match="too late"):
        store.restore(run_id)
    with pytest.raises(RunError, match="no model"):
        store.artifact(run_id, "keras")
    store.claim(running)
    with pytest.raises(RunError, match="Stop it first"):
        store.delete(running)


def test_a_run_that_is_taken_up_again_goes_on_from_its_checkpoint_with_a_seam(store: Store) -> None:
    run_id = add(store)
    lease = store.claim(run_id)
    lease.point(point(0.5))
    lease.epoch(point(1.0, "epoch"), snapshot(), checkpoint(1.0))
    lease.point(point(1.3, progress=0.65))
    fall_silent(store, run_id)
    assert store.claim(run_id)
    batches, epochs = store.points(run_id)
    assert batches["epoch"].tolist() == [0.5] and epochs["epoch"].tolist() == [1.0]
    run = store.run(run_id)
    assert (run.seams, run.kept_epoch, run.attempts) == ([1.0], 1.0, 2)
    assert (
        store.checkpoint(run_id) == checkpoint(1.0).to_bytes()
        and store.epochs(run_id) == [1]
        and store.snapshot(run_id, 1) == snapshot().to_bytes()
    )
    with pytest.raises(RunError, match="epoch 2"):
        store.snapshot(run_id, 2)


def test_a_run_whose_worker_is_dead_is_free_at_once_and_one_whose_worker_lives_or_is_elsewhere_is_not(
    store: Store,
) -> None:
    here = this_process()
    ended = subprocess.run(
        [sys.executable, "-c", "from core.runs.process import this_process; print(this_process())"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
    )
    dead = ended.stdout.decode().strip()
    elsewhere = "another computer:" + dead.rpartition(":")[2]
    assert is_dead(dead) and not is_dead(here) and not is_dead(elsewhere) and not is_dead("")
    runs = {worker: add(store) for worker in (dead, here, elsewhere)}
    leases = {worker: store.claim(run_id, worker) for worker, run_id in runs.items()}
    assert [run.id for run in store.pending()] == [runs[dead]]
    assert [store.claim(run_id, here) is not None for run_id in runs.values()] == [True, False, False]
    with pytest.raises(TakenError):
        leases[dead].phase("training")
    assert store.run(runs[dead]).phase == "getting ready"


def test_a_number_that_another_process_has_by_now_and_a_zombie_are_no_living_worker() -> None:
    here = this_process()
    place, _, number = here.rpartition(":")
    namespace, _, began = place.rpartition(" ")
    assert is_dead(f"{namespace} {int(began) - 1}:{number}") and not is_dead(here)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        identity = f"{namespace} {process._began(other.pid)}:{other.pid}"
        assert not is_dead(identity)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT) if os.name == "posix" else other.wait()
        assert is_dead(identity)
    finally:
        other.communicate()


def test_two_computers_of_one_name_do_not_look_into_each_others_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.Path, "exists", lambda self: False)  # as where there is no Linux
    monkeypatch.setattr(process, "_namespace", process._namespace.__wrapped__)
    identities = []
    for address in (1, 2):
        monkeypatch.setattr(process.uuid, "getnode", lambda address=address: address)
        identities.append(this_process())
    gone = identities[0].rpartition(":")[0] + ":99999999"
    assert len(set(identities)) == 2 and not is_dead(identities[1])
    assert not is_dead(gone)  # of the first computer, asked on the second
    monkeypatch.setattr(process.uuid, "getnode", lambda: 1)
    assert is_dead(gone)


def test_two_that_open_a_store_of_an_earlier_version_together_both_can(store: Store) -> None:
    with store.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE schema_version")
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN worker")
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN seams")
    with ThreadPoolExecutor(8) as pool:
        for opened in pool.map(open_store, [store.url] * 8):
            assert opened.runs() == []
            opened.close()


def test_several_that_open_a_new_store_together_all_can(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            for opened in pool.map(open_store, [f"sqlite:///{tmp_path / f'{number}.sqlite'}"] * 8):
                assert opened.runs() == []
                opened.close()


def test_who_opens_a_new_store_waits_for_another_that_is_making_it(tmp_path: Path) -> None:
    file = tmp_path / "runs.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, lambda: writer.execute("COMMIT"))
        release.start()
        opened = open_store(f"sqlite:///{file}")
        release.join()
    assert opened.runs() == []
    opened.close()


def test_a_pause_asked_for_outlives_a_killed_worker(store: Store) -> None:
    run_id = add(store)
    store.claim(run_id)
    store.pause(run_id)
    fall_silent(store, run_id)
    assert store.claim(run_id) and store.run(run_id).pause_requested


def test_a_paused_run_leaves_the_worker_to_others_and_keeps_its_place(store: Store) -> None:
    first, second = add(store), add(store)
    lease = store.claim(first)
    store.pause(first)
    assert store.run(first).pause_requested
    lease.pause(checkpoint(0.4))
    assert [run.id for run in store.pending()] == [second]
    store.go_on(first)
    assert [run.id for run in store.pending()] == [first, second]
    again = store.claim(first)
    assert store.run(first).seams == [0.4] and not store.run(first).pause_requested
    again.pause(checkpoint(0.6))
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
    lease = store.claim(first)
    second, others = add(store, key="mine"), add(store, key="theirs")
    assert [run.id for run in store.pending()] == [others]
    lease.finish({})
    assert [run.id for run in store.pending()] == [second, others]
    assert [run.id for run in store.ahead(store.run(others))] == [second]


def test_a_run_is_trained_on_from_the_checkpoint_and_curve_of_another(store: Store) -> None:
    parent = add(store)
    with pytest.raises(RunError, match="Nothing is kept"):
        add(store, parent=parent)
    lease = store.claim(parent)
    for epoch in (1.0, 2.0):
        lease.epoch(point(epoch, "epoch"), snapshot(), checkpoint(epoch))
    lease.point(point(2.5))
    child = add(store, parent=parent)
    assert store.checkpoint(child) == checkpoint(2.0).to_bytes()
    assert store.epochs(child) == [1, 2] and store.run(child).kept_epoch == 2
    assert store.points(child)[1]["epoch"].tolist() == [1.0, 2.0] and not len(store.points(child)[0])
    store.claim(child)
    assert store.run(child).seams == [2.0] and store.run(child).parent == parent


EARLIER = """
CREATE TABLE runs (
    id VARCHAR(12) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, recipe VARCHAR(40) NOT NULL, plan JSON NOT NULL,
    status VARCHAR(10) NOT NULL, phase VARCHAR(60) NOT NULL, progress FLOAT NOT NULL, speed FLOAT,
    created FLOAT NOT NULL,
    started FLOAT, finished FLOAT, heartbeat FLOAT, attempts INTEGER NOT NULL, stop_requested BOOLEAN NOT NULL,
    message VARCHAR(500) NOT NULL, fingerprint VARCHAR(16) NOT NULL, data_title VARCHAR(200) NOT NULL,
    test_accuracy FLOAT, test_loss FLOAT, seconds FLOAT, temperature FLOAT NOT NULL {later}
);
CREATE TABLE points (
    id INTEGER NOT NULL PRIMARY KEY, run VARCHAR(12) NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind VARCHAR(5) NOT NULL, epoch FLOAT NOT NULL, accuracy FLOAT, loss FLOAT, val_accuracy FLOAT, val_loss FLOAT
);
INSERT INTO runs
    (id, name, recipe, plan, status, phase, progress, created, attempts, stop_requested, message, fingerprint,
     data_title, test_accuracy, temperature)
VALUES
    ('aa', 'Old', 'quick', '{{"recipe": "quick", "epochs": 2, "batch_size": 64, "learning_rate": 0.008}}', 'done', '',
     1.0, 1.0, 1, 0, '', '0', 'Fashion-MNIST, downloaded', 0.9, 1.0),
    ('bb', 'Hers', 'quick', '{{"recipe": "quick", "epochs": 2, "batch_size": 64, "learning_rate": 0.008}}', 'done', '',
     1.0, 2.0, 1, 0, '', '0', 'Your clothes: mine.zip (80 + 20 pictures)', 0.8, 1.0);
INSERT INTO points (run, kind, epoch, accuracy, loss) VALUES ('aa', 'epoch', 1.0, 0.5, 1.5);
"""
LATER = """, owner VARCHAR(64) DEFAULT '' NOT NULL, note VARCHAR(500) DEFAULT '' NOT NULL,
pinned BOOLEAN DEFAULT '0' NOT NULL,
removed FLOAT, pause_requested BOOLEAN DEFAULT '0' NOT NULL, parent VARCHAR(12), kept_epoch FLOAT DEFAULT '0' NOT NULL,
seams JSON DEFAULT '[]' NOT NULL, worker VARCHAR(160) DEFAULT '' NOT NULL"""


@pytest.mark.parametrize("later", ["", LATER], ids=["the first version", "the last one without a version"])
def test_a_store_of_an_earlier_version_is_brought_up_to_date_and_keeps_its_runs(tmp_path: Path, later: str) -> None:
    file = tmp_path / "runs.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(EARLIER.format(later=later))
    for _ in range(2):
        store = open_store(f"sqlite:///{file}")
        hers, old = store.runs()
        assert (old.name, old.owner, old.note, old.pinned, old.removed, old.seams, old.kept_epoch) == (
            "Old", "", "", False, None, [], 0,
        )  # fmt: skip
        assert old.plan == Plan.of("quick", epochs=2) and old.status == Status.DONE
        assert store.points("aa")[1]["loss"].tolist() == [1.5]
        assert [(point.loss, point.seconds) for point in store.points_since("aa")] == [(1.5, None)]
        assert [run.on_uploaded_pictures for run in (hers, old)] == [True, False]
        store.close()


def test_what_the_version_before_allowed_twice_is_there_once_and_no_run_is_lost(store: Store) -> None:
    ids = [add(store, name, key=name) for name in ("A", "B", "C", "D", "A 2", "E")]
    store.claim(ids[5])
    with store.database.writing() as connection:
        for index in (ONE_NAME, ONE_WAITING):
            index.drop(connection)
        connection.execute(update(SCHEMA).values(version=VERSION - 1))
        connection.execute(update(RUNS).where(RUNS.c.id.in_(ids[:3])).values(name="A", owner="hers"))
        connection.execute(update(RUNS).where(RUNS.c.id.in_(ids[3:])).values(owner="his"))
    again = open_store(store.url)
    runs = [again.run(run_id) for run_id in ids]
    assert [run.name for run in runs] == ["A", "A 3", "A 4", "D", "A 2", "E"]
    assert [run.status for run in runs] == ["waiting", "paused", "paused", "waiting", "paused", "running"]
    assert runs[1].message.startswith("Paused.")
    with pytest.raises(RunError, match="You have a run waiting already"):
        again.go_on(ids[1])
    again.stop(ids[0])
    again.go_on(ids[1])
    again.close()


def test_a_store_of_a_later_version_is_refused_with_a_sentence(store: Store) -> None:
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version = version + 1")
    with pytest.raises(StoreError, match="later version of Fitting Room"):
        open_store(store.url)


def test_a_store_that_is_up_to_date_is_opened_and_read_while_another_writes(store: Store) -> None:
    run_id = add(store)
    with store.database.writing(alone=True):
        again = open_store(store.url)
        assert [run.id for run in again.runs()] == [run_id]
        again.close()


@pytest.mark.parametrize("change", [{"recipe": "no-longer-there"}, {"unknown": 1}, {"variant": "gone"}])
def test_a_run_whose_plan_cannot_be_read_is_left_out_and_the_others_are_there(store: Store, change: dict) -> None:
    odd, good = add(store, "Odd"), add(store, "Good")
    alter(store, odd, plan={**PLAN.as_dict(), **change})
    assert [run.id for run in store.runs()] == [good]
    with pytest.raises(RunError, match="“Odd” was made by another version"):
        store.run(odd)


def test_the_file_is_in_wal_mode_so_that_readers_do_not_block(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    with store.database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database address"),
        ("oracle9i://x/y", "not a database address"),
        ("", "not a database"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_an_address_that_is_none_is_said(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        open_store(url)


def test_a_store_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    with pytest.raises(StoreError, match="FITTING_ROOM_HOME"):
        open_store(f"sqlite:///{in_the_way / 'runs.sqlite'}")
    damaged = tmp_path / "runs.sqlite"
    damaged.write_bytes(os.urandom(5000))
    with pytest.raises(StoreError, match="not a database.*FITTING_ROOM_HOME"):
        open_store(f"sqlite:///{damaged}")
