"""The queue with real processes: runs train, wait in turn, survive a killed worker, and are found by an app that comes later."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from core import jobs as queue
from core.dataset import Dataset
from core.settings import Settings
from core.store import Store
from core.training import Plan

PATIENCE = 120  # seconds; only a failing test waits so long


def wait_for(what: Callable[[], object], words: str) -> object:
    pause, began = threading.Event(), time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if found := what():
            return found
        pause.wait(0.05)
    raise AssertionError(f"waited in vain for: {words}")


@pytest.fixture
def working(home: Settings, small_folder: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    monkeypatch.setenv("FITTING_ROOM_WORKERS", "1")
    settings = Settings.from_environment()
    yield settings
    for process in family(settings):
        process.kill()


def family(settings: Settings) -> list[psutil.Process]:
    """The workers' process and all its children."""
    try:
        parent = psutil.Process(queue.json.loads(queue.address_file(settings).read_text())["pid"])
    except (OSError, psutil.NoSuchProcess):
        return []
    return [*parent.children(recursive=True), parent]


def trainer(settings: Settings) -> psutil.Process:
    """The process that holds TensorFlow: the largest of the family."""
    return max(family(settings), key=lambda process: process.memory_info().rss)


def test_runs_train_in_turn_survive_a_killed_worker_and_a_new_app(working: Settings, small: Dataset) -> None:
    store = Store(working.store_url)
    jobs = queue.Jobs(working).start()

    def add(recipe: str, epochs: int) -> str:
        run_id = store.create(Plan.of(recipe, epochs=epochs).as_dict(), recipe, small.fingerprint, small.title)
        jobs.tend()
        return run_id

    long, short = add("new-abcd", 100), add("quick", 1)
    wait_for(lambda: len(store.points(long)[0]) >= 2 or store.run(long).ended, "the first run's curve")
    assert store.run(long).status == "running", store.run(long).message
    assert store.run(short).status == "waiting" and [run.id for run in store.ahead(store.run(short))] == [long]

    os.kill(trainer(working).pid, signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    wait_for(lambda: store.run(long).attempts == 2 and len(store.points(long)[0]) >= 1, "the run to go on in a new worker")

    jobs.close()  # the app is gone; the training is not
    heartbeat = store.run(long).heartbeat
    wait_for(lambda: store.run(long).heartbeat > heartbeat, "a heartbeat without the app")
    pid = family(working)[-1].pid
    jobs = queue.Jobs(working).start()
    wait_for(lambda: jobs.ready, "the new app to find the workers")
    assert family(working)[-1].pid == pid and jobs.problem is None

    store.stop(long)
    wait_for(lambda: store.run(long).ended, "the stop")
    assert store.run(long).status == "stopped" and store.run(long).scored, store.run(long).message
    wait_for(lambda: store.run(short).ended, "the run that waited")
    assert store.run(short).status == "done", store.run(short).message
    jobs.close()
    store.close()


def test_without_workers_nothing_is_started_and_a_dead_scheduler_is_said(home: Settings) -> None:
    idle = queue.Jobs(home).start()
    assert not idle.ready and idle.problem is None and not queue.address_file(home).exists()
    idle.close()
    lost = queue.Jobs(Settings(home=home.folder, scheduler="tcp://127.0.0.1:9"))
    lost.start()
    wait_for(lambda: lost.problem, "the sentence")
    assert "No scheduler answers at tcp://127.0.0.1:9" in lost.problem
    lost.close()


def test_importing_the_queue_brings_no_tensorflow_into_the_server() -> None:
    import subprocess
    import sys

    program = "import sys, core.jobs; sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    assert subprocess.run([sys.executable, "-c", program], cwd=queue.PROJECT, check=False).returncode == 0
