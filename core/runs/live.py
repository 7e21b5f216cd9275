"""What those who watch a run are sent: read once and made once, however many watch.

Knows nothing of how it is sent or drawn.
"""

import json
import math
import time
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from core.runs.schema import CURVE, GETTING_READY, Run, Status
from core.runs.store import Store
from core.training.overfitting import curve_summary
from core.training.plan import duration, estimate

MOST_POINTS = 600  # of a curve: about as many as a screen has room for
MOST_MESSAGES = 240  # of what is new, before one says all again: who comes late gets no more of them
SILENT_SECONDS = 4.0  # a worker that trains writes at least once a second
RECENT_SECONDS = 5.0  # the time left goes by the speed of so long
# Numbers, or None: of a batch epoch, seconds, accuracy, loss; of an epoch val_accuracy and val_loss too.
Row: TypeAlias = tuple[Any, ...]


class Feed:
    """One run as it goes on: `read` by one thread at a time, and asked by any what is new `since` a message."""

    def __init__(self, store: Store, run_id: str, available: int) -> None:
        self.run: Run | None = None  # as it was read last
        self._store, self._run_id = store, run_id
        self._available = available  # training pictures of the data set in use
        self._sent: dict[str, Any] = {}
        self._log: tuple[int, list[str]] = (0, [])  # how many messages are forgotten, and those after them
        self._points: list[Row] = []
        self._epochs: list[Row] = []
        self._last = 0  # id of the last row read
        self._broken = False  # whether an error came between reading and sending
        self._fresh = 0  # points in messages since the last one that said all

    def read(self) -> bool:
        """Read what is new in the store; whether there is anything to send.

        Raises RunError when the run is gone, and StoreError.
        """
        now, before = time.time(), self.run
        run = self._store.run(self._run_id)
        # what a killed worker wrote is taken back; and after an error nobody knows what was sent
        again = before is None or self._broken or _claim(before) != _claim(run)
        self._broken = True
        rows = self._store.points_since(self._run_id, 0 if again else self._last)
        if again:
            self._points, self._epochs, self._last, self._fresh = [], [], 0, 0
        points = [_row(row, 4) for row in rows if row.kind == "batch"]
        epochs = [_row(row, 6) for row in rows if row.kind == "epoch"]
        self.run = run
        self._points += points
        self._epochs += epochs
        self._last = rows[-1].id if rows else self._last
        self._fresh += len(points)
        state = self._state(run, now)
        self._broken = False
        if not again and not rows and state == self._sent:
            return False
        self._sent = state
        forgotten, messages = self._log
        if again or self._fresh > MOST_POINTS or len(messages) > MOST_MESSAGES:
            self._fresh = 0
            message = _message(now, True, thinned(self._points), self._epochs, state)
            self._log = (forgotten + len(messages), [message])
        else:
            messages.append(_message(now, False, points, epochs, state))
        return True

    def since(self, seen: int) -> tuple[list[str], int]:
        """The messages to send to one who has had so many, as JSON, and how many he has had then.

        The first of all, and now and then another, says all that came before, its curve thinned.
        """
        forgotten, messages = self._log
        new = messages[max(0, seen - forgotten) :]
        return new, max(seen, forgotten) + len(new)

    def _state(self, run: Run, now: float) -> dict[str, Any]:
        """How the run stands, in words and figures ready to show."""
        words, figures = self._words(run, now), self._figures(run)
        epochs = pd.DataFrame([row[:1] + row[2:] for row in self._epochs], columns=list(CURVE), dtype=float)
        return {
            "version": version(run),
            "ended": run.ended,
            "words": words,
            "progress": None if run.ended or run.status == Status.WAITING else round(run.progress, 4),
            "figures": figures,
            "note": curve_summary(epochs, run.ended),
            "seams": run.seams,
            "snapshot": int(self._epochs[-1][0] or 0) if self._epochs else None,
        }

    def _words(self, run: Run, now: float) -> str:
        if run.status == Status.WAITING:
            return f"In the queue: {self._queue(run)}. It starts by itself; you may close this page."
        if run.ended:
            return ""
        doing = f"epoch {min(len(self._epochs) + 1, run.plan.epochs)} of {run.plan.epochs}"
        words = doing if run.phase in ("training", "") else run.phase
        if run.status == Status.RUNNING and run.heartbeat and now - run.heartbeat > SILENT_SECONDS:
            return f"{words}: nothing heard of its worker for a while. Another one takes it up where it stood."
        return f"{words}, paused" if run.status == Status.PAUSED else words

    def _queue(self, run: Run) -> str:
        ahead = self._store.ahead(run)
        if not ahead:
            return "it is next"
        measured = self._store.speeds()
        seconds = sum(estimate(other.plan, self._available, measured) * (1 - other.progress) for other in ahead)
        return f"{len(ahead)} {'run is' if len(ahead) == 1 else 'runs are'} before it, about {duration(seconds)}"

    def _figures(self, run: Run) -> list[tuple[str, str]]:
        """Names and values of the figures of a run that trains."""
        if run.ended or run.status == Status.WAITING or not self._points or None in self._points[-1]:
            return []
        _, _, accuracy, loss = self._points[-1]
        figures = [("right just now", f"{accuracy:.0%}"), ("loss", f"{loss:.2f}")]
        if run.speed:
            figures.append(("pictures a second", f"{run.speed:,.0f}"))
        figures.append(("time left", self._time_left(run)))
        return figures

    def _time_left(self, run: Run) -> str:
        if run.phase not in ("training", ""):
            return "…" if run.phase == GETTING_READY else "almost done"
        last, now, *_ = self._points[-1]
        recent = takewhile(lambda row: row[1] is not None and row[1] >= now - RECENT_SECONDS, reversed(self._points))
        *_, (first, then, *_) = recent
        return duration((run.plan.epochs - last) * (now - then) / (last - first)) if last > first else "…"


def version(run: Run) -> str:
    """Changes whenever there is something else to press: whether the run waits, trains or has ended, and what was
    asked of it."""
    return f"{run.status} {run.phase == 'training'} {run.stop_requested} {run.pause_requested} {run.name}"


def thinned(rows: list[Row], most: int = MOST_POINTS) -> list[Row]:
    """At most so many points of a curve: the first, the last, and of each stretch between the lowest and highest
    accuracy and loss."""
    if len(rows) <= most:
        return rows
    values = np.array([row[2:4] for row in rows], float)
    stretches = np.array_split(np.arange(1, len(rows) - 1), (most - 2) // 4)
    kept = [0, len(rows) - 1]
    for stretch in stretches:
        part = values[stretch]
        kept += [*stretch[part.argmin(axis=0)], *stretch[part.argmax(axis=0)]]
    return [rows[index] for index in sorted(set(kept))]


def _claim(run: Run) -> tuple[object, ...]:
    """Changes whenever a worker takes the run up."""
    return run.worker, run.attempts, tuple(run.seams)


def _row(row: Any, numbers: int) -> Row:
    values = (row.epoch, row.seconds, row.accuracy, row.loss, row.val_accuracy, row.val_loss)[:numbers]
    return tuple(round(value, 5) if value is not None and math.isfinite(value) else None for value in values)


def _message(at: float, whole: bool, points: Iterable[Row], epochs: Iterable[Row], state: dict[str, Any]) -> str:
    """What one message says; it holds everything that was written until `at`, in unix time."""
    content = {"at": at, "whole": whole, "points": list(points), "epochs": list(epochs), "state": state}
    return json.dumps(content, separators=(",", ":"), allow_nan=False)
