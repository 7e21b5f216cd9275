"""A stage of a load test: a crowd comes, stays and goes beside a run, and what it cost is read off.

Knows nothing of what is aimed at.
"""

import multiprocessing
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection

from benchmarks import crowd
from benchmarks.crowd import Findings
from benchmarks.served import Reading, Server, Trained
from core.errors import RunError

ALONE = 20.0  # seconds of training with nobody there, before and after
SILENCE = 5.0  # seconds between two looks at the server's memory


@dataclass
class Stage:
    """One crowd beside one run, and what it cost."""

    name: str
    plan: crowd.Plan
    found: Findings
    begin: Reading
    end: Reading
    alone: float = 0.0  # pictures a second with nobody there
    together: float = 0.0  # and with this crowd
    points: list[float] = field(default_factory=list)
    residents: list[tuple[float, float]] = field(default_factory=list)  # unix time, megabytes of the server

    @property
    def seconds(self) -> float:
        """How long the crowd was complete."""
        return self.found.ended - self.found.began

    @property
    def core(self) -> float:
        """What share of one core the server took."""
        return (self.end.server_cpu - self.begin.server_cpu) / (self.end.at - self.begin.at)

    @property
    def workers_core(self) -> float:
        """The same of the training workers."""
        return (self.end.workers_cpu - self.begin.workers_cpu) / (self.end.at - self.begin.at)

    @property
    def slower(self) -> float:
        """How much slower the training was than alone: 0.1 is 10 %."""
        return 1 - self.together / self.alone if self.alone else float("nan")

    @property
    def milliseconds(self) -> list[float]:
        """Server times of all interactions, the shortest first."""
        return sorted(1000 * seconds for _, seconds in self.found.interactions)

    def refreshes(self) -> float:
        """Movements of the curve a second, of the watcher who saw the fewest."""
        began, ended = self.found.began, self.found.ended
        counts = [sum(began <= at <= ended for at, _ in seen.movements) for seen in self.found.watched]
        return min(counts, default=0) / self.seconds

    def written(self) -> float:
        """How many times a second the store had something new: more often no curve can move."""
        began, ended = self.found.began, self.found.ended
        return sum(began <= at <= ended for at in self.points) / self.seconds

    def behind(self) -> float:
        """The longest that a curve of any watcher lacked something the store had, in seconds; an upper bound."""
        began, ended = self.found.began, self.found.ended
        return max((lag(seen.movements, self.points, began, ended) for seen in self.found.watched), default=0.0)


def lag(movements: Sequence[tuple[float, float]], written: Sequence[float], began: float, ended: float) -> float:
    """The longest time from when something was written until it was seen, within a stretch of time.

    A movement is when it came, and the time up to which everything written was on it. What was never seen counts until
    the end. All unix times, ascending; the result in seconds.
    """
    worst, known, place = 0.0, float("-inf"), 0
    for came, current in [*movements, (ended, ended)]:
        came = min(came, ended)
        while place < len(written) and written[place] <= known:
            place += 1
        if place < len(written) and written[place] < came and came > began:
            worst = max(worst, came - max(written[place], began))
        known = max(known, current)
    return worst


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all is not above; nan of none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


def come(name: str, server: Server, plan: crowd.Plan) -> Stage:
    """Let a crowd come in a process of its own, stay and go. Raises RunError when it broke or the server ended."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=crowd.gather, args=(plan, there), daemon=True)
    process.start()
    there.close()
    readings, residents, minute = {}, [], 0
    try:
        while not isinstance(said := _heard(here, SILENCE), Findings):
            if isinstance(said, str):
                readings[said] = server.read()
            if "complete" in readings and "over" not in readings:
                residents.append((time.time(), server.resident()))
                passed = int((residents[-1][0] - readings["complete"].at) / 60)
                if passed > minute and plan.seconds > 120:
                    minute = passed
                    print(f"  minute {minute}: server {residents[-1][1]:.0f} MB", flush=True)
    except EOFError as error:
        raise RunError("The process of the clients has ended.") from error
    finally:
        process.kill()
    return Stage(name, plan, said, readings["complete"], readings["over"], residents=residents)


def _heard(connection: Connection, seconds: float) -> str | Findings | None:
    """What the crowd says, or None when it says nothing for so long."""
    return connection.recv() if connection.poll(seconds) else None


def beside(name: str, server: Server, trained: Trained, plan: crowd.Plan) -> Stage:
    """A crowd beside a run: its speed while they are there, and with nobody there before and after."""
    pause, began = threading.Event(), time.time()
    pause.wait(ALONE)
    before = trained.speed(began, time.time())
    stage = come(name, server, replace(plan, run_id=trained.run_id))
    pause.wait(2)  # the last scripts end
    began = time.time()
    pause.wait(ALONE)
    stage.alone = statistics.mean((before, trained.speed(began, time.time())))
    stage.together = trained.speed(stage.found.began, stage.found.ended)
    stage.points = [at for at in trained.points if at <= stage.found.ended]
    return stage


def slope(stage: Stage) -> float:
    """Megabytes a minute by which the server grew, the first tenth left out."""
    rows = stage.residents[len(stage.residents) // 10 :]
    if len(rows) < 3:
        return float("nan")
    times, sizes = zip(*rows, strict=True)
    return 60 * statistics.linear_regression(times, sizes).slope
