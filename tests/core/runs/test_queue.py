"""The queue with real processes: runs train in turn, go on without the app, and are found by one that comes later."""

import threading
from types import SimpleNamespace

import psutil
import pytest

from core.data.dataset import Dataset
from core.runs import queue, workers
from core.runs.book import NewRun
from core.runs.claims import Pending
from core.runs.store import open_store
from core.settings import Settings
from core.training.plan import Plan
from tests.core.processes import family, trainer, wait_for


@pytest.mark.slow
def test_runs_train_in_turn_and_go_on_without_the_app_and_with_a_new_one(working: Settings, small: Dataset) -> None:
    store = open_store(working.store_url)
    run_queue = queue.RunQueue(working).start()

    def add(recipe: str, epochs: int) -> str:
        run_id = store.create(NewRun(Plan.of(recipe, epochs=epochs), recipe, small.fingerprint, small.title))
        run_queue.wake()
        return run_id

    long, short = add("new-abcd", 100), add("quick", 1)
    wait_for(lambda: len(store.points(long)[0]) >= 2 or store.run(long).ended, "the first run's curve")
    assert store.run(long).status == "running", store.run(long).message
    assert store.run(short).status == "waiting" and [run.id for run in store.ahead(store.run(short))] == [long]

    assert psutil.Process(trainer(store.run(long))).nice() > psutil.Process().nice()  # the pages come first

    run_queue.close()  # the app is gone; the training is not
    heartbeat = store.run(long).heartbeat
    wait_for(lambda: store.run(long).heartbeat > heartbeat, "a heartbeat without the app")
    pid = family(working)[-1].pid
    run_queue = queue.RunQueue(working).start()
    wait_for(lambda: run_queue.ready, "the new app to find the workers")
    assert family(working)[-1].pid == pid and run_queue.problem is None

    store.stop(long)
    wait_for(lambda: store.run(long).ended, "the stop")
    assert store.run(long).status == "stopped" and store.run(long).scored, store.run(long).message
    wait_for(lambda: store.run(short).ended, "the run that waited")
    assert store.run(short).status == "done", store.run(short).message
    run_queue.close()
    store.close()


def test_without_workers_nothing_is_started_and_a_dead_scheduler_is_said(home: Settings) -> None:
    idle = queue.RunQueue(home).start()
    assert not idle.ready and idle.problem is None and not workers.address_file(home).exists()
    idle.close()
    assert "FITTING_ROOM_WORKERS is 0" in str(idle.why("any"))
    lost = queue.RunQueue(Settings(home=home.folder, scheduler="tcp://127.0.0.1:9"))
    lost.start()
    wait_for(lambda: lost.problem, "the sentence")
    assert "No scheduler answers at tcp://127.0.0.1:9" in str(lost.problem)
    lost.close()


def test_workers_stay_while_a_task_lost_its_worker_and_end_when_none_can_be_kept_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("IDLE_SECONDS", "START_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(workers, name, 0.02)
    task = SimpleNamespace(state="no-worker")  # its worker was killed, the next is not there yet
    scheduler = SimpleNamespace(clients={}, tasks={"run": task}, workers={"one": None})
    ending = SimpleNamespace(asked=threading.Event().wait)
    waiting = threading.Thread(target=workers._wait_until_idle, args=(scheduler, ending, lambda: True), daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    task.state = "memory"
    waiting.join(10)
    assert not waiting.is_alive()

    unmanned = SimpleNamespace(clients={"Client-fitting-room-1": None}, tasks={}, workers={})
    waiting = threading.Thread(target=workers._wait_until_idle, args=(unmanned, ending, lambda: True), daemon=True)
    waiting.start()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_run_has_the_same_key_in_all_apps_until_a_worker_had_it_or_its_task_broke(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: dict[str, SimpleNamespace] = {}  # what Dask knows, which runs a key once

    def submit(*_task: object, key: str, **_options: object) -> SimpleNamespace:
        return tasks.setdefault(key, SimpleNamespace(status="pending", done=lambda: tasks[key].status != "pending"))

    monkeypatch.setattr(queue, "fire_and_forget", lambda _task: None)
    client, apps = SimpleNamespace(submit=submit), [queue.RunQueue(home), queue.RunQueue(home)]

    def hand_over(turn: str) -> list[str]:
        for app in (*apps, *apps):
            app._hand_over(Pending("abc", 5.0, turn), client, {})
        return list(tasks)

    assert hand_over("0") == ["abc-0-0"]
    assert hand_over("17") == ["abc-0-0", "abc-17-0"]  # its worker is silent, whatever Dask thinks of the first task
    tasks["abc-17-0"].status = "error"
    assert hand_over("17") == ["abc-0-0", "abc-17-0"]  # not at once
    monkeypatch.setattr(queue, "AGAIN_SECONDS", 0.0)
    assert hand_over("17") == ["abc-0-0", "abc-17-0", "abc-17-1"]
    tasks["abc-17-1"].status = "finished"  # and it still waits
    assert hand_over("17")[3:] == ["abc-17-2"]
