"""One stored run carried out: everything it makes is in the store, and whatever goes wrong ends as a sentence there."""

import functools
import sqlite3
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Engine, event, select

from core.data.dataset import Dataset
from core.errors import RunError, StoreError
from core.language import Saying
from core.runs import patience, runner
from core.runs.book import NewRun
from core.runs.results import SHIPPED, best, load_test_answers, network
from core.runs.schema import RUNS
from core.runs.store import Store, open_store
from core.settings import Settings
from core.training.plan import Plan
from tests.postgres import Server
from tests.stored import alter, fall_silent

pytestmark = pytest.mark.slow


@pytest.fixture
def store(home: Settings, garments: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(runner, "dataset_in_use", functools.cache(lambda settings: garments))
    monkeypatch.setattr(runner, "PULSE_SECONDS", 0.02)
    store = open_store(home.store_url)
    yield store
    store.close()


def add(store: Store, data: Dataset, recipe: str = "quick", **changes: object) -> str:
    changes = {"epochs": 1, **changes}
    return store.create(NewRun(Plan.of(recipe, **changes), "Test", data.fingerprint, data.title))


def test_a_run_leaves_its_curve_files_answers_and_figures(store: Store, home: Settings, garments: Dataset) -> None:
    run_id = add(store, garments, epochs=2)
    heard = []
    assert runner.carry_out(run_id, home, heard.append) == "done"
    run = store.run(run_id)
    batches, epochs = store.points(run_id)
    assert (run.status, run.progress, run.message, run.phase) == ("done", 1.0, "", "")
    assert len(epochs) == 2 and len(batches) >= 2 and len(heard) == len(batches) + len(epochs)
    assert run.finished >= run.started and run.seconds > 0 and run.speed > 0
    answers = load_test_answers(run_id, store, garments)
    assert answers.outputs.shape == (len(garments.test_labels), 10)
    assert answers.accuracy == pytest.approx(run.test_accuracy) and answers.loss == pytest.approx(
        run.test_loss, rel=1e-4
    )
    assert network("Test", store).raw(garments.test_images[:5]) == pytest.approx(answers.outputs[:5], abs=1e-4)
    assert best(store.runs()).id == run_id


def test_a_stop_asked_for_in_the_store_ends_the_run_and_keeps_its_model(
    store: Store, home: Settings, garments: Dataset
) -> None:
    run_id = add(store, garments, "new-abcd", epochs=50)

    def stop_after_the_first_point(_point: object) -> None:
        store.stop(run_id)

    assert runner.carry_out(run_id, home, stop_after_the_first_point) == "stopped"
    run = store.run(run_id)
    assert run.message == "Stopped by hand." and 0 < run.progress < 0.5
    assert store.artifact(run_id, "keras") and run.scored


def test_a_run_stops_at_the_time_limit(store: Store, garments: Dataset, home: Settings) -> None:
    run_id = add(store, garments, "new-abcd", epochs=50)
    with runner.Pulse(store, store.claim(run_id), most_seconds=0.0) as pulse:
        assert pulse.stopping.wait(10)
    assert "longest a run may train" in str(pulse.reason)


def test_a_run_whose_pictures_changed_fails_with_a_sentence_and_the_next_one_works(
    store: Store, home: Settings, garments: Dataset
) -> None:
    changed = store.create(NewRun(Plan.of("quick", epochs=1), "Changed", "f" * 16, "Other pictures"))
    assert runner.carry_out(changed, home) == "failed"
    assert store.run(changed).message.startswith("This run was planned with other pictures than the worker has now")
    with pytest.raises(RunError, match="Bring those back"):
        load_test_answers(changed, store, garments)
    assert runner.carry_out(add(store, garments), home) == "done"


@pytest.mark.parametrize(
    ("error", "words"), [(MemoryError(), "out of memory"), (OSError("disk is full"), "disk is full")]
)
def test_any_other_trouble_ends_as_a_sentence(
    store: Store, home: Settings, garments: Dataset, error: Exception, words: str
) -> None:
    run_id = add(store, garments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "train", _raise(error))
        assert runner.carry_out(run_id, home) == "failed"
    assert words in store.run(run_id).message


@pytest.fixture
def disk() -> Iterator[threading.Event]:
    """While this is set, no SQLite file may grow any more."""
    full = threading.Event()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={1 if full.is_set() else 2**30}")

    event.listen(Engine, "connect", limit)
    yield full
    event.remove(Engine, "connect", limit)


def test_a_run_waits_for_room_on_a_full_disk_and_loses_nothing(
    store: Store, home: Settings, garments: Dataset, disk: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    run_id, undisturbed = add(store, garments, epochs=3), add(store, garments, epochs=3)

    def fill(_point: object) -> None:
        if not caplog.records:
            disk.set()
            threading.Timer(0.5, disk.clear).start()

    assert runner.carry_out(run_id, home, fill) == "done"
    assert "database or disk is full" in caplog.text
    assert runner.carry_out(undisturbed, home) == "done"
    assert store.epochs(run_id) == store.points(run_id)[1]["epoch"].tolist() == [1, 2, 3]
    assert store.artifact(run_id, "probabilities") == store.artifact(undisturbed, "probabilities")


def test_a_run_whose_store_stays_away_is_let_go_and_goes_on_from_its_checkpoint(
    store: Store, home: Settings, garments: Dataset, disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENT_SECONDS", 0.3)
    run_id, undisturbed = add(store, garments, epochs=3), add(store, garments, epochs=3)
    moments = {
        "in an epoch": lambda point: point.kind == "batch",
        "after an epoch": lambda point: point.kind == "epoch" and point.epoch < 3,
        "at the end": lambda point: point.epoch == 3,
    }
    for moment in moments.values():
        with pytest.raises(StoreError, match="database or disk is full"):
            runner.carry_out(run_id, home, lambda point: disk.set() if moment(point) else None)  # noqa: B023
        run = store.run(run_id)
        assert run.status == "running" and run.message == ""
        disk.clear()
        alter(store, run_id, heartbeat=0.0)  # silent for long enough
        assert store.pending()[0].id == run_id
    assert runner.carry_out(run_id, home) == runner.carry_out(undisturbed, home) == "done"
    assert store.points(run_id)[1]["epoch"].tolist() == [1, 2, 3]
    assert store.artifact(run_id, "probabilities") == store.artifact(undisturbed, "probabilities")


@pytest.mark.postgres
def test_a_database_that_starts_again_in_mid_run_changes_nothing_about_it(
    postgres: Server, postgres_url: str, store: Store, garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FITTING_ROOM_STORE", postgres_url)
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.02)
    settings, again = Settings.from_environment(), []

    def restart(_point: object) -> None:
        if not again:
            postgres.stop()
            again.append(threading.Thread(target=postgres.start))
            again[0].start()

    there = open_store(postgres_url)
    disturbed, undisturbed = add(there, garments, epochs=2), add(there, garments, epochs=2)
    assert [runner.carry_out(disturbed, settings, restart), runner.carry_out(undisturbed, settings)] == ["done"] * 2
    again[0].join()
    assert there.run(disturbed).attempts == 1 and there.points(disturbed)[1]["epoch"].tolist() == [1, 2]
    assert there.artifact(disturbed, "probabilities") == there.artifact(undisturbed, "probabilities")
    there.close()


def test_the_time_limit_holds_while_the_store_is_away(store: Store, garments: Dataset) -> None:
    lease = store.claim(add(store, garments))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "run", _raise(StoreError("away")))
        with runner.Pulse(store, lease, most_seconds=0.0) as pulse:
            assert pulse.stopping.wait(10)
    assert "longest a run may train" in str(pulse.reason)


def test_when_tensorflow_has_no_more_memory_a_run_ends_with_a_sentence_and_the_next_one_works(
    store: Store, home: Settings, garments: Dataset
) -> None:
    import tensorflow as tf

    run_id, following = add(store, garments), add(store, garments)
    with pytest.MonkeyPatch.context() as patch:
        enormous = (2**23, 2**22)  # 128 TiB: more than any computer can address
        patch.setattr("core.training.loop.prepare", lambda plan, dataset: tf.zeros(enormous))
        assert runner.carry_out(run_id, home) == "failed"
    assert (
        store.run(run_id).message
        == "The computer ran out of memory. Try fewer pictures, a smaller batch or a smaller network."
    )
    assert runner.carry_out(following, home) == "done"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("x: No space left on device")])
def test_a_full_disk_at_the_end_is_said_and_the_last_epoch_is_kept(
    store: Store, home: Settings, garments: Dataset, error: Exception
) -> None:
    run_id = add(store, garments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.export._keras_file", _raise(error))
        assert runner.carry_out(run_id, home) == "failed"
    assert store.run(run_id).message.startswith("The disk of the computer that trains is full")
    further = NewRun(Plan.of("quick", epochs=2), "Further", garments.fingerprint, garments.title, parent=run_id)
    assert store.run(store.create(further)).kept_epoch == 1


def test_a_worker_that_lost_its_run_to_another_writes_nothing_more(
    store: Store, home: Settings, garments: Dataset
) -> None:
    run_id = add(store, garments, "hello-world", epochs=5)

    def lose(_point: object) -> None:
        if store.run(run_id).worker != "another":
            fall_silent(store, run_id)  # this process was asleep for so long
            assert store.claim(run_id, "another")

    assert runner.carry_out(run_id, home, lose) == "taken"
    run, (batches, epochs) = store.run(run_id), store.points(run_id)
    assert (run.status, run.worker, run.attempts) == ("running", "another", 2)
    assert len(batches) + len(epochs) <= 1 and store.checkpoint(run_id) is None


def test_a_run_killed_after_its_patience_ended_is_not_trained_further(
    store: Store, home: Settings, garments: Dataset
) -> None:
    plan = {"epochs": 60, "patience": 2, "learning_rate": 0.003}
    run_id, undisturbed = add(store, garments, "hello-world", **plan), add(store, garments, "hello-world", **plan)
    with pytest.MonkeyPatch.context() as patch:
        # leaves the run as a killed worker does
        patch.setattr("core.training.loop.result_of", _raise(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            runner.carry_out(run_id, home)
    alter(store, run_id, heartbeat=0.0)
    assert (runner.carry_out(run_id, home), runner.carry_out(undisturbed, home)) == ("done", "done")
    assert [store.run(each).message.startswith("It stopped by itself") for each in (run_id, undisturbed)] == [
        True,
        True,
    ]
    assert store.artifact(run_id, "probabilities") == store.artifact(undisturbed, "probabilities")
    assert store.epochs(run_id) == store.epochs(undisturbed)

    child = store.create(
        NewRun(Plan.of("hello-world", **plan), "On", garments.fingerprint, garments.title, parent=run_id)
    )
    assert runner.carry_out(child, home) == "done"
    assert len(store.epochs(child)) > len(store.epochs(run_id)), (
        "who trains on wants more, though the patience had ended"
    )


def test_a_run_that_another_worker_holds_is_left_alone(store: Store, home: Settings, garments: Dataset) -> None:
    run_id = add(store, garments)
    store.claim(run_id)
    finished = threading.Timer(0.1, lambda: alter(store, run_id, status="done"))
    finished.start()
    assert runner.carry_out(run_id, home) == "taken"
    finished.join()


def test_a_run_that_ends_its_worker_again_and_again_is_given_up(
    store: Store, home: Settings, garments: Dataset
) -> None:
    run_id = add(store, garments)
    alter(store, run_id, attempts=runner.MOST_ATTEMPTS)
    assert runner.carry_out(run_id, home) == "failed"
    assert "want of memory" in store.run(run_id).message


def test_a_waiting_run_whose_plan_cannot_be_read_ends_with_a_sentence_and_keeps_nobody_waiting(
    store: Store, home: Settings, garments: Dataset
) -> None:
    new = NewRun(Plan.of("quick", epochs=1), "Odd", garments.fingerprint, garments.title, key="mine")
    odd = store.create(new)
    alter(store, odd, plan={**new.plan.as_dict(), "recipe": "no-longer-there"})
    assert [run.id for run in store.pending()] == [odd]
    assert runner.carry_out(odd, home) == "failed"
    with store.database.reading() as connection:
        message = Saying.unpacked(connection.scalar(select(RUNS.c.message).where(RUNS.c.id == odd)))
    assert str(message).startswith("The run “Odd” was made by another version of the app")
    following = store.create(new)
    assert [run.id for run in store.pending()] == [following]


def test_the_shipped_network_answers_other_pictures_on_the_spot_and_says_so(store: Store, garments: Dataset) -> None:
    answers = load_test_answers(SHIPPED, store, garments)
    assert answers.outputs.shape == (len(garments.test_labels), 10)
    assert "learned from the real Fashion-MNIST" in str(answers.note)
    assert np.allclose(answers.outputs.sum(axis=1), 1, atol=1e-3)


def _raise(error: Exception) -> object:
    def raiser(*_arguments: object) -> None:
        raise error

    return raiser
