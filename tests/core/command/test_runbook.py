"""The run book on the command line: every verb in every state of a run has its right sentence."""

import subprocess
import sys

import pytest

from core.runs.book import UNDO_SECONDS, NewRun
from core.runs.process import this_process
from core.runs.store import Store
from core.training.plan import Plan
from tests.core.command.conftest import Command
from tests.stored import alter


def made(store: Store, name: str, status: str = "done", **columns: object) -> str:
    """A run with a name and a status."""
    run_id = store.create(NewRun(Plan.of("quick"), name, "0" * 16, "Clothes", key=f"key of {name}"))
    scored = {"test_accuracy": 0.9025} if status == "done" else {}
    alter(store, run_id, status=status, worker=this_process(), **scored, **columns)
    return run_id


def gone() -> str:
    """The identity of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return f"{this_process().rpartition(':')[0]}:{ended.pid}"


def test_an_empty_run_book_says_what_to_do(command: Command, store: Store) -> None:
    assert command("runs").out == "No runs yet. Train one: start.py train quick\n"
    assert command("runs", "--json").rows == []


def test_runs_are_listed_with_their_scores(command: Command, store: Store) -> None:
    run_id = made(store, "Mine")
    assert command("runs").out.split() == [run_id, "done", "quick", "90.25", "%", "right", "Mine"]
    (row,) = command("runs", "--json").rows
    assert (row["id"], row["test_accuracy"], row["plan"]["recipe"]) == (run_id, 0.9025, "quick")


@pytest.mark.parametrize("verb", ["stop", "pause", "resume", "delete", "evaluate", "export", "code", "predict"])
def test_an_unknown_run_is_answered_with_those_there_are(command: Command, store: Store, verb: str) -> None:
    rest = {"export": ["nothere", "--as", "keras"], "predict": ["--model", "nothere", "x.png"]}.get(verb, ["nothere"])
    assert "There is no run “nothere”. No runs yet. Train one: start.py train quick" in command(verb, *rest).error
    ids = [made(store, f"Mine {number}") for number in range(9)]
    error = command(verb, *rest, "--json").rows[0]["error"]
    assert f"There are: Mine 8 ({ids[8]}), Mine 7 ({ids[7]})" in error and " and 1 more, see: start.py runs" in error


def test_a_name_that_fits_several_runs_is_answered_with_them(command: Command, store: Store) -> None:
    first, second = made(store, "Mine A"), made(store, "Mine B")
    error = command("stop", "Mine").error
    assert error == f"“Mine” fits 2 runs: Mine B ({second}), Mine A ({first}). Write more of the id or name."


ENDED = {
    ("stop", "done"): "has ended already (done, 90.25 % of the test pictures right): nothing is left to stop.",
    ("stop", "failed"): "has ended already (failed): nothing is left to stop.",
    ("pause", "stopped"): "has ended already (stopped): nothing is left to pause.",
    ("resume", "done"): "has ended already (done, 90.25 % of the test pictures right): there is nothing to go on with.",
    ("pause", "waiting"): "has not begun yet, so there is nothing to pause. It waits in the queue.",
    ("pause", "paused"): "is paused already. Go on with: start.py resume ",
    ("resume", "running"): "is training already.",
    ("resume", "waiting"): "waits in the queue already. The app goes on with it when it is open; “start.py resume ",
    ("restore", "done"): "is in the run book: it was not deleted.",
    ("delete", "running"): "This run is still training. Stop it first, then delete it.",
}


@pytest.mark.parametrize(("verb", "status"), ENDED)
def test_what_does_not_fit_the_state_of_a_run_is_said(command: Command, store: Store, verb: str, status: str) -> None:
    run_id = made(store, "Mine", status)
    assert ENDED[verb, status] in command(verb, "Mine").error
    (row,) = command(verb, run_id, "--json").rows
    assert ENDED[verb, status] in row["error"] and store.run(run_id).status == status


@pytest.mark.parametrize(
    ("verb", "status", "words", "after"),
    [
        ("stop", "running", "asked to stop", {"status": "running", "stop_requested": True}),
        ("stop", "waiting", "stopped", {"status": "stopped"}),
        ("stop", "paused", "stopped", {"status": "stopped"}),
        ("pause", "running", "asked to pause", {"status": "running", "pause_requested": True}),
        ("resume", "paused", "waits in the queue. The app goes on", {"status": "waiting", "pause_requested": False}),
    ],
)
def test_a_run_of_anybody_is_changed(
    command: Command, store: Store, verb: str, status: str, words: str, after: dict[str, object]
) -> None:
    run_id = made(store, "Theirs", status)
    assert command(verb, "Theirs").out.startswith(f"Theirs ({run_id}): {words}")
    assert {name: getattr(store.run(run_id), name) for name in after} == after
    alter(store, run_id, status=status)
    (row,) = command(verb, "Theirs", "--json").rows
    assert row == {"event": verb, "run": run_id, "name": "Theirs", "status": after["status"]}


def test_a_deleted_run_comes_back_for_ten_minutes(command: Command, store: Store) -> None:
    run_id, other = made(store, "Mine"), made(store, "Other")
    back = f"start.py restore {run_id}"
    assert command("delete", "Mine").out == f"Mine ({run_id}): deleted. For ten minutes it comes back with: {back}\n"
    assert [run.id for run in store.runs()] == [other]
    for verb in ("stop", "delete", "evaluate"):
        assert command(verb, "Mine").error == f"“Mine” ({run_id}) was deleted. Bring it back with: {back}"
    assert f"These can come back: Mine ({run_id})." in command("restore", "nothere").error
    assert command("restore", "Mi").out == f"Mine ({run_id}): brought back\n"
    assert {run.id for run in store.runs()} == {run_id, other}
    (row,) = command("delete", "Mine", "--json").rows
    assert (row["event"], row["run"]) == ("delete", run_id)
    alter(store, run_id, removed=store.deleted()[0].removed - UNDO_SECONDS)
    assert (
        "No run “Mine” can be brought back. That is possible for ten minutes only." in command("restore", "Mine").error
    )


def test_a_run_whose_process_has_gone_is_interrupted_and_can_be_stopped_and_deleted(
    command: Command, store: Store
) -> None:
    run_id = made(store, "Gone", "running")
    alter(store, run_id, worker=gone())
    assert [row["status"] for row in command("runs", "--json").rows] == ["interrupted"]
    assert (
        "is interrupted: its process has gone. The app goes on with it when it is open;"
        in command("pause", "Gone").error
    )
    assert f"“start.py resume {run_id} --here” does so in this window." in command("resume", "Gone").error
    assert command("stop", "Gone").out == f"Gone ({run_id}): stopped\n" and store.run(run_id).status == "stopped"
    alter(store, run_id, status="running", worker=gone())
    assert command("delete", "Gone").status == 0 and store.runs() == []
