"""A training of the command line that is stopped ends in order, and one that is killed has an end in the store."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.runs import watchdog
from core.runs.book import NewRun
from core.runs.process import this_process
from core.runs.schema import Status
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from tests.core.processes import wait_for

PROJECT = Path(__file__).resolve().parents[3]


def begin(store: Store) -> str:
    return store.create(NewRun(Plan.of("quick"), "Quick", "0" * 16, "Clothes", waiting=False))


def watchers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "core.runs.watchdog" in child.cmdline()]


def test_a_run_that_was_left_fails_with_a_sentence(
    store: Store, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE_SECONDS", 0.0)
    run_id = begin(store)
    watchdog.end_left(home, run_id, this_process())
    run = store.run(run_id)
    assert (run.status, run.message) == (Status.FAILED, watchdog.KILLED)


def test_a_run_that_ended_was_deleted_or_is_another_workers_is_left_alone(
    store: Store, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, deleted, taken = begin(store), begin(store), begin(store)
    monkeypatch.setattr(watchdog, "GRACE_SECONDS", 0.0)
    for run_id in (ended, deleted):
        store.lease(run_id).finish({}, message="Well done.")
    store.delete(deleted)
    for run_id in (ended, deleted):
        watchdog.end_left(home, run_id, this_process())
    watchdog.end_left(home, taken, "another process")
    assert store.run(ended).message == "Well done." and store.run(taken).status == Status.RUNNING


def test_ctrl_c_asks_for_a_stop_and_again_ends_at_once(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run_id, before = begin(store), signal.getsignal(signal.SIGINT)
    with watchdog.watched(store, run_id):
        assert len(watchers()) == 1
        with store.database.writing():  # as in the middle of a write
            signal.raise_signal(signal.SIGINT)
        wait_for(lambda: store.run(run_id).stop_requested, "the stop")
        assert "Ctrl-C again" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before and not watchers()


TRAINING = """
import os, sys
from core.runs.book import NewRun
from core.runs.store import open_store
from core.runs.watchdog import watched
from core.settings import Settings
from core.training.plan import Plan
store = open_store(Settings.from_environment().store_url)
run_id = store.create(NewRun(Plan.of("quick"), "Quick", "0" * 16, "Clothes", waiting=False))
print(run_id, flush=True)
with watched(store, run_id):
    os.abort() if sys.argv[1] == "abort" else os.kill(os.getpid(), 9) if sys.argv[1] == "kill" else sys.exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "end",
    ["kill", *(pytest.param(end, marks=pytest.mark.nightly) for end in ("abort", "exit"))],
)
def test_a_training_process_that_ends_without_a_word_leaves_no_run_that_seems_to_train(
    store: Store, tmp_path: Path, end: str
) -> None:
    if end == "kill" and os.name == "nt":
        pytest.skip("Windows has no SIGKILL")
    (tmp_path / "core.py").write_text("raise SystemExit('not this core')")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", TRAINING, end]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (end == "exit")
    run_id = done.stdout.strip()
    wait_for(lambda: store.run(run_id).ended, "the end of the run")
    assert store.run(run_id).message == watchdog.KILLED
