"""Nothing is lost: workers, their whole family and the app are killed, disks and memory run out, and every run goes on or says why not."""

import io
import itertools
import sqlite3

import numpy as np
import psutil
import pytest

from core.dataset import Dataset
from core.jobs import Jobs
from core.settings import Settings
from core.store import Run, Store
from core.training import Plan
from tests.core.processes import family, kill, trainer, wait_for

SLOWLY = {"batch_size": 2, "dropout": 0.3}  # many steps an epoch, and random states to lose


def add(store: Store, data: Dataset, recipe: str = "hello-world", **changes: object) -> str:
    return store.create(Plan.of(recipe, **changes).as_dict(), recipe, data.fingerprint, data.title)


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
    assert curve["epoch"].tolist() == expected["epoch"].tolist() == list(range(1, run.plan["epochs"] + 1))
    assert curve["accuracy"].tolist() == expected["accuracy"].tolist()
    assert np.array_equal(answers(store, run_id), answers(store, undisturbed))
    batches = store.points(run_id)[0]["epoch"].tolist()
    assert batches == sorted(batches)  # nothing of what was trained twice is drawn twice


def test_a_run_whose_worker_is_killed_twenty_times_is_the_run_it_would_have_been(working: Settings, small: Dataset) -> None:
    store, epochs = Store(working.store_url), 40
    run_id, undisturbed = (add(store, small, epochs=epochs, **SLOWLY) for _ in range(2))
    jobs = Jobs(working).start()
    killed, kept = [0], [0.0]  # processes, and where the run stood afterwards

    def looked_at() -> Run:
        run = store.run(run_id)
        assert run.kept_epoch >= kept[-1] and run.progress >= run.kept_epoch / epochs - 1e-6, "the run fell behind what was kept"
        assert run.status in ("waiting", "running"), run.message
        return run

    def holder(fits: bool, run: Run) -> list[int]:
        return [trainer(run)] if fits and run.worker and trainer(run) not in killed else []

    def just_started() -> list[int]:
        looked_at()
        return [child.pid for child in family(working) if child.pid not in killed and "spawn_main" in " ".join(child.cmdline())]

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

    often = (just_claimed, in_an_epoch, after_an_epoch, in_an_epoch, after_an_epoch, just_started)
    for moment in [*itertools.islice(itertools.cycle(often), 18), at_the_end, at_the_end]:
        numbers = wait_for(moment, f"the moment {moment.__name__} after {len(killed) - 1} kills")
        kill(*numbers)
        psutil.wait_procs([psutil.Process(number) for number in numbers if psutil.pid_exists(number)])
        killed.extend(numbers)
        kept.append(store.run(run_id).kept_epoch)

    wait_for(lambda: store.run(undisturbed).ended, "both runs")
    assert_like_undisturbed(store, run_id, undisturbed)
    assert store.run(run_id).seams == sorted({*kept} - {0}) and store.run(undisturbed).seams == []
    assert store.run(undisturbed).attempts == 1
    jobs.close()
    store.close()
    assert_sound(working)
