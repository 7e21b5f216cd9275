"""One stored run carried out: everything it makes is in the store, and whatever goes wrong ends as a sentence there."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from core import runner
from core.answers import SHIPPED, best, network, tested
from core.dataset import Dataset
from core.errors import RunError
from core.settings import Settings
from core.store import Store
from core.training import Plan


@pytest.fixture
def store(home: Settings, garments: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(runner, "dataset_in_use", lambda settings: garments)
    monkeypatch.setattr(runner, "PULSE_SECONDS", 0.02)
    store = Store(home.store_url)
    yield store
    store.close()


def add(store: Store, data: Dataset, recipe: str = "quick", **changes: object) -> str:
    changes = {"epochs": 1, **changes}
    return store.create(Plan.of(recipe, **changes).as_dict(), "Test", data.fingerprint, data.title)


def test_a_run_leaves_its_curve_files_answers_and_figures(store: Store, home: Settings, garments: Dataset) -> None:
    run_id = add(store, garments, epochs=2)
    heard = []
    assert runner.carry_out(run_id, home, heard.append) == "done"
    run = store.run(run_id)
    batches, epochs = store.points(run_id)
    assert (run.status, run.progress, run.message, run.phase) == ("done", 1.0, "", "")
    assert len(epochs) == 2 and len(batches) >= 2 and len(heard) == len(batches) + len(epochs)
    assert run.finished >= run.started and run.seconds > 0 and run.speed > 0
    answers = tested(run_id, store, garments)
    assert answers.outputs.shape == (len(garments.test_labels), 10)
    assert answers.accuracy == pytest.approx(run.test_accuracy) and answers.loss == pytest.approx(run.test_loss, rel=1e-4)
    assert network("Test", store).raw(garments.test_images[:5]) == pytest.approx(answers.outputs[:5], abs=1e-4)
    assert best(store.runs()).id == run_id


def test_a_stop_asked_for_in_the_store_ends_the_run_and_keeps_its_model(store: Store, home: Settings, garments: Dataset) -> None:
    run_id = add(store, garments, "new-abcd", epochs=50)

    def stop_after_the_first_point(_point: object) -> None:
        store.stop(run_id)

    assert runner.carry_out(run_id, home, stop_after_the_first_point) == "stopped"
    run = store.run(run_id)
    assert run.message == "Stopped by hand." and 0 < run.progress < 0.5
    assert store.artifact(run_id, "keras") and run.scored


def test_a_run_stops_at_the_time_limit(store: Store, garments: Dataset, home: Settings) -> None:
    run_id = add(store, garments, "new-abcd", epochs=50)
    with runner.Pulse(store, run_id, most_seconds=0.0) as pulse:
        assert pulse.stopping.wait(10)
    assert "longest a run may train" in pulse.reason


def test_a_run_whose_pictures_changed_fails_with_a_sentence_and_the_next_one_works(store: Store, home: Settings, garments: Dataset) -> None:
    changed = store.create(Plan.of("quick", epochs=1).as_dict(), "Changed", "f" * 16, "Other pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "dataset_with", _raise(RunError("This run was planned with other pictures.")))
        assert runner.carry_out(changed, home) == "failed"
    assert "other pictures" in store.run(changed).message
    with pytest.raises(RunError, match="Bring those back"):
        tested(changed, store, garments)
    patch = pytest.MonkeyPatch()
    patch.setattr(runner, "dataset_with", lambda settings, fingerprint: garments)
    assert runner.carry_out(add(store, garments), home) == "done"
    patch.undo()


@pytest.mark.parametrize(("error", "words"), [(MemoryError(), "out of memory"), (OSError("disk is full"), "disk is full")])
def test_any_other_trouble_ends_as_a_sentence(store: Store, home: Settings, garments: Dataset, error: Exception, words: str) -> None:
    run_id = add(store, garments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "train", _raise(error))
        assert runner.carry_out(run_id, home) == "failed"
    assert words in store.run(run_id).message


def test_a_run_that_another_worker_holds_is_left_alone(store: Store, home: Settings, garments: Dataset) -> None:
    run_id = add(store, garments)
    store.claim(run_id, time.time())
    finished = threading.Timer(0.1, lambda: store.update(run_id, status="done"))
    finished.start()
    assert runner.carry_out(run_id, home) == "taken"
    finished.join()


def test_a_run_that_ends_its_worker_again_and_again_is_given_up(store: Store, home: Settings, garments: Dataset) -> None:
    run_id = add(store, garments)
    store.update(run_id, attempts=runner.MOST_ATTEMPTS)
    assert runner.carry_out(run_id, home) == "failed"
    assert "want of memory" in store.run(run_id).message


def test_the_shipped_network_answers_other_pictures_on_the_spot_and_says_so(store: Store, garments: Dataset) -> None:
    answers = tested(SHIPPED, store, garments)
    assert answers.outputs.shape == (len(garments.test_labels), 10)
    assert "learned from the real Fashion-MNIST" in answers.note
    assert np.allclose(answers.outputs.sum(axis=1), 1, atol=1e-3)


def _raise(error: Exception) -> object:
    def raiser(*_arguments: object) -> None:
        raise error

    return raiser
