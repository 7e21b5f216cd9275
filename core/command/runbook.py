"""The run book: runs are listed, found, stopped, paused, gone on with, deleted and brought back.

On this computer itself no owner's key is needed.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.command.output import Output
from core.command.verb import ONE_RUN, Verb, argument, program
from core.errors import RunError
from core.language import percent
from core.settings import Settings

if TYPE_CHECKING:
    from core.runs.schema import Run
    from core.runs.store import Store

INTERRUPTED = "interrupted"  # what is said of a run whose process has gone, until another takes it up
MOST_NAMED = 8  # runs in a sentence


def runs(_asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """List the stored runs, the newest first."""
    with _opened(settings) as store:
        stored = store.runs()
    for run in stored:
        status = INTERRUPTED if interrupted(run) else run.status
        score = "" if run.test_accuracy is None else f"{percent(run.test_accuracy, 2)} right"
        out.say(f"{run.id}  {status:11} {run.recipe:14} {score:13} {run.name}", {**asdict(run), "status": status})
    if not stored:
        out.words(no_runs())
    return 0


def stop(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Stop a run; it keeps what it learned."""
    with _opened(settings) as store:
        run = find(asked.run, store)
        _refuse_ended(run, "nothing is left to stop")
        _end_interrupted(run, store)
        store.stop(run.id)
        return _changed(store.run(run.id), "asked to stop" if _trains(store, run) else "stopped", "stop", out)


def pause(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Pause a run that trains; others may train meanwhile."""
    from core.runs.schema import Status

    with _opened(settings) as store:
        run = find(asked.run, store)
        _refuse_ended(run, "nothing is left to pause")
        if run.status == Status.PAUSED:
            raise RunError(f"{_called(run)} is paused already. Go on with: {program()} resume {run.id}")
        if run.status == Status.WAITING:
            raise RunError(f"{_called(run)} has not begun yet, so there is nothing to pause. It waits in the queue.")
        if interrupted(run):
            raise RunError(f"{_called(run)} is interrupted: its process has gone. {_ways_on(run)}")
        store.pause(run.id)
        return _changed(store.run(run.id), "asked to pause", "pause", out)


def resume(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Go on with a paused run where it stood: in the queue, or in this process."""
    from core.runs.schema import Status

    with _opened(settings) as store:
        run = find(asked.run, store)
        _refuse_ended(run, "there is nothing to go on with")
        if run.status == Status.RUNNING and not interrupted(run):
            wish = " It was asked to pause: wait until it is paused." if run.pause_requested else ""
            raise RunError(f"{_called(run)} is training already.{wish}")
        if run.status != Status.PAUSED and not asked.here:
            state = "is interrupted" if interrupted(run) else "waits in the queue already"
            raise RunError(f"{_called(run)} {state}. {_ways_on(run)}")
        store.go_on(run.id)
        if asked.here:
            from core.command.training import go_on

            return go_on(run, store, settings, out)
        words = f"waits in the queue. {_ways_on(run)}"
        return _changed(store.run(run.id), words, "resume", out)


def delete(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Take a run out of the run book."""
    with _opened(settings) as store:
        run = find(asked.run, store)
        _end_interrupted(run, store)
        store.delete(run.id)
        return _changed(
            run, f"deleted. For ten minutes it comes back with: {program()} restore {run.id}", "delete", out
        )


def restore(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Bring back a run that was deleted in the last ten minutes."""
    from core.runs.book import meant

    with _opened(settings) as store:
        deleted = store.deleted()
        found = meant(asked.run, deleted)
        if not found and (there := meant(asked.run, store.runs())):
            raise RunError(f"{_called(there[0])} is in the run book: it was not deleted.")
        if not found:
            named = f" These can come back: {_listed(deleted)}." if deleted else ""
            sentence = f"No run “{asked.run}” can be brought back. That is possible for ten minutes only.{named}"
            raise RunError(sentence)
        run = _only(asked.run, found)
        store.restore(run.id)
        return _changed(run, "brought back", "restore", out)


def find(text: str, store: Store) -> Run:
    """The run meant by an id, a name, or the beginning of either. Raises RunError that says what runs there are."""
    from core.runs.book import meant

    stored = store.runs()
    if found := meant(text, stored):
        return _only(text, found)
    if deleted := meant(text, store.deleted()):
        raise RunError(f"{_called(deleted[0])} was deleted. Bring it back with: {program()} restore {deleted[0].id}")
    raise RunError(f"There is no run “{text}”. {f'There are: {_listed(stored)}.' if stored else no_runs()}")


def no_runs() -> str:
    """What to do where there is no run."""
    return f"No runs yet. Train one: {program()} train quick"


def interrupted(run: Run) -> bool:
    """Whether a run seems to train, but the process that trained it has gone."""
    from core.runs.process import is_dead
    from core.runs.schema import Status

    return run.status == Status.RUNNING and is_dead(run.worker)


def _opened(settings: Settings) -> closing[Store]:
    from core.runs.store import open_store

    return closing(open_store(settings.store_url))


def _only(text: str, found: list[Run]) -> Run:
    if len(found) > 1:
        raise RunError(f"“{text}” fits {len(found)} runs: {_listed(found)}. Write more of the id or name.")
    return found[0]


def _listed(found: list[Run]) -> str:
    named = ", ".join(f"{run.name} ({run.id})" for run in found[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED} more, see: {program()} runs" if len(found) > MOST_NAMED else ""
    return named + more


def _called(run: Run) -> str:
    return f"“{run.name}” ({run.id})"


def _trains(store: Store, run: Run) -> bool:
    return not store.run(run.id).ended


def _refuse_ended(run: Run, words: str) -> None:
    """Raise RunError for a run that has ended already."""
    if run.ended:
        score = "" if run.test_accuracy is None else f", {percent(run.test_accuracy, 2)} of the test pictures right"
        raise RunError(f"{_called(run)} has ended already ({run.status}{score}): {words}.")


def _end_interrupted(run: Run, store: Store) -> None:
    """End a run whose process has gone: nobody is left whom one could ask."""
    from core.runs.lease import LEFT_BEHIND
    from core.runs.schema import Status

    if interrupted(run) and (lease := store.claim(run.id)):
        lease.finish({}, Status.STOPPED, message=LEFT_BEHIND)


def _ways_on(run: Run) -> str:
    return f"The app goes on with it when it is open; “{program()} resume {run.id} --here” does so in this window."


def _changed(run: Run, words: str, event: str, out: Output) -> int:
    out.say(f"{run.name} ({run.id}): {words}", {"event": event, "run": run.id, "name": run.name, "status": run.status})
    return 0


HERE = argument("--here", "train it in this process, not in a worker", action="store_true")
DELETED = argument("run", "id or name of a deleted run, or the beginning of either", metavar="RUN")
ONE = [ONE_RUN]
VERBS = (
    Verb("runs", runs, "list the stored runs", ["", "--json"]),
    Verb("stop", stop, "stop a run; it keeps what it learned", ["Mine"], ONE),
    Verb("pause", pause, "pause a run that trains, so that others can meanwhile", ["Mine"], ONE),
    Verb("resume", resume, "go on with a paused run where it stood", ["Mine", "Mine --here"], [ONE_RUN, HERE]),
    Verb("delete", delete, "take a run out of the run book", ["Mine"], ONE),
    Verb("restore", restore, "bring back a run deleted in the last ten minutes", ["Mine"], [DELETED]),
)
