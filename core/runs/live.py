"""What those who watch a run are sent: read once, and made once in each language, however many watch.

Knows nothing of how it is sent or drawn.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import numpy as np

from core.language import ENGLISH, Saying, using
from core.runs.schema import Run, Status
from core.runs.standing import Row, Standing
from core.runs.store import Store
from core.training.plan import estimate

MOST_POINTS = 600  # of a curve: about as many as a screen has room for
MOST_MESSAGES = 240  # of what is new, before one says all again: who comes late gets no more of them
SILENT_SECONDS = 4.0  # a worker that trains writes at least once a second
RECENT_SECONDS = 5.0  # the time left goes by the speed of so long


@dataclass(frozen=True)
class Message:
    """What is sent at a moment; it holds everything that was written until `at`, in unix time."""

    at: float
    whole: bool  # it says all that came before
    points: list[Row]
    epochs: list[Row]
    standing: Standing
    _made: dict[str, str] = field(default_factory=dict)  # by language

    def state(self, language: str) -> dict[str, Any]:
        """How the run stands, in one of LANGUAGES."""
        with using(language):
            return self.standing.state()

    def json(self, language: str) -> str:
        """The message in one of LANGUAGES, made once."""
        if language not in self._made:
            content = {"at": self.at, "whole": self.whole, "points": self.points, "epochs": self.epochs}
            content["state"] = self.state(language)
            self._made[language] = json.dumps(content, separators=(",", ":"), allow_nan=False)
        return self._made[language]


class Feed:
    """One run as it goes on: `read` by one thread at a time, and asked by any what is new `since` a message."""

    def __init__(
        self, store: Store, run_id: str, available: int, why: Callable[[str], Saying | None] = lambda run_id: None
    ) -> None:
        self.run: Run | None = None  # as it was read last
        self._store, self._run_id = store, run_id
        self._available = available  # training pictures of the data set in use
        self._why = why  # says why no worker can have a run that waits, as `core.runs.queue` does
        self._sent: dict[str, Any] = {}
        self._log: tuple[int, list[Message]] = (0, [])  # how many messages are forgotten, and those after them
        self._points: list[Row] = []
        self._epochs: list[Row] = []
        self._last = 0  # id of the last row read
        self._broken = False  # whether an error came between reading and sending
        self._fresh = 0  # points in messages since the last one that said all
        self._languages = {ENGLISH}  # that are watched

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
        standing = self._standing(run)
        self._broken = False
        message = Message(now, again, points, epochs, standing)
        state = message.state(ENGLISH)
        if not again and not rows and state == self._sent:
            return False
        self._sent = state
        forgotten, messages = self._log
        if again or self._fresh > MOST_POINTS or len(messages) > MOST_MESSAGES:
            self._fresh = 0
            whole = Message(now, True, [*thinned(self._points)], [*self._epochs], standing)
            self._log = (forgotten + len(messages), [whole])
        else:
            messages.append(message)
        for language in tuple(self._languages):  # here, where nobody waits for it
            self._log[1][-1].json(language)
        return True

    def since(self, seen: int, language: str = ENGLISH) -> tuple[list[str], int]:
        """The messages to send to one who has had so many, as JSON in one of LANGUAGES, and how many he has had then.

        The first of all, and now and then another, says all that came before, its curve thinned.
        """
        self._languages.add(language)
        forgotten, messages = self._log
        new = messages[max(0, seen - forgotten) :]
        return [message.json(language) for message in new], max(seen, forgotten) + len(new)

    def _standing(self, run: Run) -> Standing:
        ahead, last = None, self._points[-1] if self._points else None
        why = self._why(run.id) if run.status == Status.WAITING else None
        if run.status == Status.WAITING and (before := self._store.ahead(run)):
            known = self._store.speeds(self._available)
            left = sum(estimate(other.plan, self._available, known) * (1 - other.progress) for other in before)
            ahead = len(before), left
        silent = run.status == Status.RUNNING and bool(run.silence and run.silence > SILENT_SECONDS)
        return Standing(run, [*self._epochs], last, self._left(run), ahead, silent, why)

    def _left(self, run: Run) -> float | None:
        """Seconds until the last epoch is over; None while that cannot be told."""
        if not self._points or None in self._points[-1]:
            return None
        last, now, *_ = self._points[-1]
        recent = takewhile(lambda row: row[1] is not None and row[1] >= now - RECENT_SECONDS, reversed(self._points))
        *_, (first, then, *_) = recent
        return (run.plan.epochs - last) * (now - then) / (last - first) if last > first else None


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
