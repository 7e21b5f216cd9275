"""Nothing is lost: workers, their whole family and the app are killed, disks and memory run out, and every run goes on
or says why not."""

import contextlib
import io
import sqlite3
import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest

from core.data.dataset import Dataset
from core.runs.book import NewRun
from core.runs.files import put
from core.runs.queue import RunQueue
from core.runs.schema import FileKind, Run
from core.runs.store import Store, open_store
from core.runs.workers import PROJECT
from core.settings import Settings
from core.training.checkpoint import Checkpoint
from core.training.plan import Plan
from tests.core.processes import family, kill, trainer, wait_for

pytestmark = pytest.mark.slow
EACH_MOMENT = ("just_claimed", "in_an_epoch", "after_an_epoch", "just_started", "at_the_end")
OFTEN = ("just_claimed", "in_an_epoch", "after_an_epoch", "in_an_epoch", "after_an_epoch", "just_started")
SLOWLY = {"batch_size": 2, "dropout": 0.3}  # many steps an epoch, and random states to lose


def add(store: Store, data: Dataset, recipe: str = "hello-world", **changes: object) -> str:
    return store.create(NewRun(Plan.of(recipe, **changes), recipe, data.fingerprint, data.title))


def answers(store: Store, run_id: str) -> np.ndarray:
    return np.load(io.BytesIO(store.artifact(run_id, "probabilities")))


def assert_sound(settings: Settings) -> None:
    with sqlite3.connect(settings.folder / "runs.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def assert_like_undisturbed(store: Store, run_id: str, undisturbed: str) -> None:
    """Both are done, with each epoch once, the same curve, and the same network to the last bit."""
    for each in (run_id, undisturbed):
        run = store.run(each)
        assert (run.status, run.progress, run.message) == ("done", 1.0, "")
    curve, expected = (store.points(each)[1] for each in (run_id, undisturbed))
    assert curve["epoch"].tolist() == expected["epoch"].tolist() == list(range(1, run.plan.epochs + 1))
    assert curve["accuracy"].tolist() == expected["accuracy"].tolist()
    assert np.array_equal(answers(store, run_id), answers(store, undisturbed))
    batches = store.points(run_id)[0]["epoch"].tolist()
    assert batches == sorted(batches)  # nothing of what was trained twice is drawn twice


@pytest.mark.parametrize(
    ("kills", "epochs"),
    [
        pytest.param(EACH_MOMENT, 8, id="at each moment"),
        pytest.param((*OFTEN * 3, "at_the_end", "at_the_end"), 24, id="twenty times", marks=pytest.mark.nightly),
    ],
)
def test_a_run_whose_worker_is_killed_is_the_run_it_would_have_been(
    kills: tuple[str, ...], epochs: int, working: Settings, small: Dataset
) -> None:
    store = open_store(working.store_url)
    run_id, undisturbed = (add(store, small, epochs=epochs, **SLOWLY) for _ in range(2))
    run_queue = RunQueue(working).start()
    killed, kept = [0], [0.0]  # processes, and where the run stood afterwards

    def looked_at() -> Run:
        run = store.run(run_id)
        assert run.kept_epoch >= kept[-1] and run.progress >= run.kept_epoch / epochs - 1e-6, (
            "the run fell behind what was kept"
        )
        assert run.status in ("waiting", "running"), run.message
        return run

    def holder(fits: bool, run: Run) -> list[int]:
        return [trainer(run)] if fits and run.worker and trainer(run) not in killed else []

    def just_started() -> list[int]:
        looked_at()
        with contextlib.suppress(psutil.NoSuchProcess):
            return [
                child.pid
                for child in family(working)
                if child.pid not in killed and "spawn_main" in " ".join(child.cmdline())
            ]
        return []

    def just_claimed() -> list[int]:
        return holder(True, looked_at())

    def in_an_epoch() -> list[int]:
        run = looked_at()
        return holder(run.phase == "training" and store.points(run_id)[0]["epoch"].max() > run.kept_epoch, run)

    def after_an_epoch() -> list[int]:
        run = looked_at()
        return holder(run.kept_epoch > kept[-1], run)

    def at_the_end() -> list[int]:
        run = looked_at()
        return holder(run.phase in ("scoring on the test pictures", "saving"), run)

    moments = {
        moment.__name__: moment for moment in (just_started, just_claimed, in_an_epoch, after_an_epoch, at_the_end)
    }
    for name in kills:
        numbers = wait_for(moments[name], f"the moment {name} after {len(killed) - 1} kills")
        kill(*numbers)
        killed.extend(numbers)
        kept.append(store.run(run_id).kept_epoch)

    wait_for(lambda: store.run(undisturbed).ended, "both runs")
    assert_like_undisturbed(store, run_id, undisturbed)
    assert store.run(run_id).seams == sorted({*kept} - {0}) and store.run(undisturbed).seams == []
    assert store.run(undisturbed).attempts == 1
    run_queue.close()
    store.close()
    assert_sound(working)


SERVER = """
import threading
from core.runs.queue import RunQueue
from core.settings import Settings
RunQueue(Settings.from_environment()).start()
threading.Event().wait()
"""


def test_killing_all_workers_and_then_the_app_too_loses_nothing(working: Settings, small: Dataset) -> None:
    store = open_store(working.store_url)
    finished, run_id = add(store, small, epochs=1), add(store, small, epochs=100, **SLOWLY)
    server = subprocess.Popen([sys.executable, "-c", SERVER], cwd=PROJECT)

    def further(kept: float) -> bool:
        run = store.run(run_id)
        assert run.status in ("waiting", "running") and run.kept_epoch >= kept, run.message
        return run.kept_epoch > kept

    try:
        for app in ([], [server.pid]):
            kept = store.run(run_id).kept_epoch
            wait_for(lambda: further(kept), "an epoch to be kept")  # noqa: B023 - used at once
            kill(*app, *(process.pid for process in reversed(family(working))))
        server.wait()
    finally:
        server.kill()
    store.close()

    assert_sound(working)
    store = open_store(working.store_url)
    assert store.run(finished).status == "done" and len(answers(store, finished)) == len(small.test_labels)
    run_queue = RunQueue(working).start()
    kept = store.run(run_id).kept_epoch
    wait_for(lambda: further(kept), "the run to go on with a new app")
    store.stop(run_id)
    wait_for(lambda: store.run(run_id).ended, "the stop")
    assert store.run(run_id).status == "stopped" and len(store.run(run_id).seams) == 2
    run_queue.close()
    store.close()


def test_a_paused_run_lets_others_train_goes_on_before_those_that_came_later_and_is_the_run_it_would_have_been(
    working: Settings, small: Dataset
) -> None:
    store = open_store(working.store_url)
    run_id = add(store, small, epochs=3, **SLOWLY)
    between = add(
        store, small, "new-abcd", epochs=1, batch_size=1
    )  # its only epoch is long: only the stop keeps a checkpoint
    undisturbed = add(store, small, epochs=3, **SLOWLY)
    run_queue = RunQueue(working).start()

    wait_for(lambda: len(store.points(run_id)[0]), "the curve of the first run")
    store.pause(run_id)
    wait_for(lambda: store.run(run_id).status != "running", "the pause")
    paused = store.run(run_id)
    assert (
        (paused.status, paused.phase) == ("paused", "")
        and paused.message.startswith("Paused.")
        and paused.kept_epoch > 0
    )
    assert Checkpoint.from_bytes(store.checkpoint(run_id)).standing == pytest.approx(paused.kept_epoch)
    wait_for(lambda: len(store.points(between)[0]), "another run to train meanwhile")
    assert store.run(run_id).status == "paused" and store.checkpoint(between) is None

    store.go_on(run_id)
    run_queue.wake()
    wait_for(lambda: run_id in run_queue._handed, "the continued run to be handed over, though others wait")
    store.stop(between)
    wait_for(lambda: store.checkpoint(between) or store.run(between).ended, "the stopped run's weights")
    assert store.run(between).status == "running" and 0 < store.run(between).kept_epoch < 1, (
        "kept before it is scored and saved"
    )
    wait_for(lambda: store.run(run_id).status == "running", "the continued run")
    assert store.run(between).status == "stopped" and store.run(between).scored and store.artifact(between, "tflite")
    assert store.run(undisturbed).status == "waiting"

    wait_for(lambda: store.run(undisturbed).ended, "both runs")
    assert_like_undisturbed(store, run_id, undisturbed)
    assert store.run(run_id).seams == [paused.kept_epoch]
    run_queue.close()
    store.close()


def test_plans_beyond_the_limits_and_wild_weights_end_as_sentences_in_the_worker_and_the_next_run_starts(
    working: Settings, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FITTING_ROOM_MAX_PARAMETERS", "300000")
    store = open_store(working.store_url)
    too_long, too_large = (
        add(store, small, epochs=101),
        add(store, small, "five-steps", epochs=1),
    )  # no page looked at these
    too_fast, wild = add(store, small, learning_rate=1e30), add(store, small, epochs=100, **SLOWLY)
    run_queue = RunQueue(Settings.from_environment()).start()
    wait_for(lambda: len(store.points(wild)[0]), "the fourth run")
    assert [store.run(each).status for each in (too_long, too_large, too_fast)] == ["failed"] * 3
    assert store.run(too_long).message == "The number of epochs is 101, but must lie between 1 and 100."
    assert store.run(too_large).message == "The size of the network is 347,114, but must lie between 1 and 300,000."
    assert store.run(too_fast).message.startswith("The learning rate is 1")

    store.pause(wild)
    wait_for(lambda: store.run(wild).status == "paused", "the pause")
    checkpoint = Checkpoint.from_bytes(store.checkpoint(wild))
    # as too large steps do
    run_away = [value * 1e30 if value.dtype == np.float32 else value for value in checkpoint.variables]
    with store.database.writing() as connection:
        put(connection, wild, FileKind.CHECKPOINT, replace(checkpoint, variables=run_away).to_bytes())
    store.go_on(wild)
    following = add(store, small, "quick", epochs=1)
    wait_for(lambda: store.run(following).ended, "the next run")
    assert store.run(wild).status == "failed" and "The loss is no longer a number" in store.run(wild).message
    assert store.run(following).status == "done"
    run_queue.close()
    store.close()
