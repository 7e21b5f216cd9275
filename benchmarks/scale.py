"""How many runs a minute one, two and three workers do, each on the same share of a core; and what many classes need.

    python -m benchmarks.scale                  about eight minutes; needs root, control groups and PostgreSQL
    python -m benchmarks.scale --seconds 60     a shorter measurement
    python -m benchmarks.scale --readme         also writes docs/results.md

The real workers, a plain Dask scheduler and PostgreSQL, all on this machine. A share is a limit of the kernel's on time
of processor, so three workers have three times what one has, as three computers would. From what is measured, and from
the table of `benchmarks.load` in docs/results.md, follows on paper what a thousand classes at once would need.
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import psutil

from benchmarks.results import DOCUMENTS, markdown_table, marks, write
from core.data import sources
from core.data.dataset import Dataset
from core.errors import FittingRoomError
from core.runs.book import NewRun
from core.runs.lease import Lease
from core.runs.queue import RunQueue
from core.runs.schema import Status
from core.runs.store import Store, open_store
from core.runs.workers import PROJECT, connected, environment
from core.settings import Settings
from core.training.plan import Plan
from core.training.progress import Point
from tests.postgres import Server

WORKERS = (1, 2, 3)
SHARE = 0.25  # of a core, for each worker
REST = 1.0  # core for the database, the scheduler, the app and whatever is being started
PLAN = Plan.of("quick", epochs=1, examples=4_000)
WAITING = 4  # runs that wait at any moment, for each worker
PERIOD = 100_000  # microseconds; a share is so much of each
FIRST = "/sys/fs/cgroup/cpu"  # control groups of the first version have a tree for each resource
SECOND = "/sys/fs/cgroup"
WRITING_SECONDS, WRITERS = 5.0, 8
PEOPLE = 30  # in a class
LOOKS = 200
LESSON = 45  # minutes, in which each of them trains as often as this:
RUNS = 4
WRITES, ENDS = 6, 20  # a second while a run trains (points and beats), and at its beginning, epochs and end
CLASSES = 1_000


@dataclass(frozen=True)
class Stage:
    """What so many workers did."""

    workers: int
    runs: int
    minutes: float
    commits: float  # of the database, a second

    @property
    def rate(self) -> float:
        """Runs a minute."""
        return self.runs / self.minutes


@contextmanager
def share(name: str, cores: float) -> Iterator[Path]:
    """A control group that may use so many cores, before other programs; gives its folder.

    Raises OSError where that is not allowed. What is in it at the end moves to where all groups begin.
    """
    if Path(SECOND, "cgroup.controllers").exists():
        folder, limits = Path(SECOND, name), {"cpu.max": f"{round(cores * PERIOD)} {PERIOD}", "cpu.weight": "10000"}
    else:
        folder = Path(FIRST, name)
        limits = {
            "cpu.cfs_period_us": f"{PERIOD}",
            "cpu.cfs_quota_us": f"{round(cores * PERIOD)}",
            "cpu.shares": "20000",
        }
    folder.mkdir()
    try:
        for file, value in limits.items():
            (folder / file).write_text(value)
        yield folder
    finally:
        for process in (folder / "cgroup.procs").read_text().split():
            (folder.parent / "cgroup.procs").write_text(process)
        folder.rmdir()


def put(family: Sequence[psutil.Process], group: Path) -> None:
    """Move processes with all their threads into a control group."""
    for process in family:
        (group / "cgroup.procs").write_text(str(process.pid))


class Cluster:
    """PostgreSQL, a plain scheduler, the app's queue, and workers that come one after another."""

    def __init__(self, stack: ExitStack, data: Dataset) -> None:
        self._stack, self.data = stack, data
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.database = Server("127.0.0.1", port=5434)
        stack.callback(self.database.remove)
        self.database.tell("ALTER SYSTEM SET synchronous_commit = on")
        self.database.create("runs")
        file = self.folder / "scheduler.json"
        program = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
        self._start([*program, "--no-dashboard", "--scheduler-file", str(file)], dict(os.environ), self.folder)
        wait(file.exists, "the scheduler")
        address = json.loads(file.read_text())["address"]
        home = {"home": self.folder, "scheduler": address, "store": self.database.url("runs", "127.0.0.1")}
        self.settings = Settings(**home, data=Settings.from_environment().data, workers=1)
        self.store = open_store(self.settings.store_url)
        stack.callback(self.store.close)
        self.minutes = 0.0  # that a whole run takes of a core, with scoring and saving
        queue = RunQueue(self.settings).start()
        stack.callback(queue.close)

    def add_worker(self, group: Path) -> None:
        """Start one more, and limit it once it has carried out a first run."""
        process = self._start([sys.executable, "-m", "core", "workers"], environment(self.settings), PROJECT)
        before = {run.worker for run in self.store.runs()}

        def has_run() -> bool:
            if not self.waiting():
                self.create()
            return any(run.worker not in before for run in self.store.runs() if run.status == Status.DONE)

        wait(has_run, "the worker's first run", seconds=600)
        this = psutil.Process(process.pid)
        put([this, *this.children(recursive=True)], group)
        self.minutes = self.minutes or self._whole_run()
        self._stack.callback(process.wait)  # before its group is taken away
        self._stack.callback(process.kill)

    def create(self, plan: Plan = PLAN) -> str:
        """Queue one run."""
        about = (plan, "scale", self.data.fingerprint, self.data.title, self.data.source)
        return self.store.create(NewRun(*about), most_waiting=1_000)

    def _whole_run(self) -> float:
        wait(lambda: not self.waiting(), "the queue to be empty")
        run_id = self.create(Plan.of("quick"))
        wait(lambda: self.store.run(run_id).ended, "a whole run")
        run = self.store.run(run_id)
        return SHARE * ((run.finished or 0.0) - (run.started or 0.0)) / 60

    def waiting(self) -> int:
        """How many runs wait."""
        return sum(run.status == Status.WAITING for run in self.store.runs())

    def measured(self, workers: int, seconds: float) -> Stage:
        """Keep so many workers busy, and count from the end of one run to the end of another."""
        began, commits, pause = time.time(), self._commits(), threading.Event()
        while time.time() - began < seconds:
            for _ in range(WAITING * workers - self.waiting()):
                self.create()
            pause.wait(0.5)
        spent, commits = time.time() - began, self._commits() - commits
        ends = sorted(run.finished for run in self.store.runs() if run.finished and run.finished >= began)
        return Stage(workers, len(ends) - 1, (ends[-1] - ends[0]) / 60, commits / spent)

    def _commits(self) -> float:
        [(count,)] = self.database.tell("SELECT xact_commit FROM pg_stat_database WHERE datname = 'runs'")
        return float(str(count))

    def _start(self, words: Sequence[str], variables: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
        log = self._stack.enter_context(open(self.folder / "log.txt", "ab"))
        process = subprocess.Popen(words, cwd=folder, env=variables, stdout=log, stderr=log)
        self._stack.callback(process.kill)
        return process


def wait(what: object, words: str, seconds: float = 180.0) -> None:
    """Wait until something is so. Raises FittingRoomError when it is not so for too long."""
    pause, began = threading.Event(), time.monotonic()
    while not what():  # type: ignore[operator]
        if time.monotonic() - began > seconds:
            raise FittingRoomError(f"Waited in vain for {words}.")
        pause.wait(0.1)


def writes_a_second(store: Store, data: Dataset) -> float:
    """Points of curves that this database takes from several workers at once, each in a transaction of its own."""
    about = (PLAN, "writes", data.fingerprint, data.title, data.source)
    leases = [store.lease(store.create(NewRun(*about, waiting=False))) for _ in range(WRITERS)]
    ended, counts = time.monotonic() + WRITING_SECONDS, [0] * WRITERS

    def write_on(index: int, lease: Lease) -> None:
        while time.monotonic() < ended:
            counts[index] += 1
            lease.point(Point("batch", counts[index] / 1e6, 0.5, 1.0, 0.5, 1.0, 0.5))

    threads = [threading.Thread(target=write_on, args=each) for each in enumerate(leases)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / WRITING_SECONDS


def table(stages: Sequence[Stage]) -> str:
    """Runs a minute beside what so many times one worker would do."""
    one = stages[0].rate
    rows = [
        (
            stage.workers,
            stage.runs,
            f"{stage.rate:.2f}",
            f"{stage.rate / one:.2f}",
            f"{stage.rate / one / stage.workers:.0%}",
        )
        for stage in stages
    ]
    return markdown_table(("workers", "runs", "runs a minute", "ratio to one", "of linear"), rows)


def server_cores() -> float:
    """Cores that a class takes of the app server while it watches and uses the pages, as docs/results.md has them from
    `benchmarks.load`."""
    text = next(text for file in DOCUMENTS if marks("load")[0] in (text := file.read_text(encoding="utf-8")))
    [row] = re.findall(r"^\| 30 watch, 30 browse.*$", text, re.M)
    return float(row.split("|")[8])


def look_seconds(scheduler: str) -> float:
    """How long a plain scheduler takes to say which workers it has: each app server asks that every second."""
    with connected(scheduler) as client:
        began = time.monotonic()
        for _ in range(LOOKS):
            client.sync(client.scheduler.identity)
        return (time.monotonic() - began) / LOOKS


def on_paper(writes: float, minutes: float, look: float) -> str:
    """What a thousand classes at once would need, and what breaks first.

    A run takes `minutes` of a core, the database `writes` a second, and one look at the scheduler and the workers of
    the measurement `look` seconds.
    """
    runs = PEOPLE * RUNS / LESSON  # a minute, of a class
    training = runs * minutes  # at any moment
    written = training * WRITES + runs / 60 * ENDS  # a second
    using = server_cores()
    by_writes = writes / written
    by_looks = math.sqrt(
        WORKERS[-1] / (using * training * look)
    )  # twice the classes: twice the looks, each twice as long
    rows = [
        (
            "cores that train",
            f"{training:.1f}",
            f"{CLASSES * training:,.0f}",
            "none: twice the workers, twice the runs",
        ),
        ("app servers, one core each", f"{using:.2f}", f"{CLASSES * using:,.0f}", f"{1 / using:.1f} classes a server"),
        ("WebSockets", f"{2 * PEOPLE}", f"{CLASSES * 2 * PEOPLE:,}", f"{2 * PEOPLE / using:,.0f} a server"),
        (
            "writes a second",
            f"{written:.0f}",
            f"{CLASSES * written:,.0f}",
            f"{writes:,.0f} here: {by_writes:,.0f} classes",
        ),
        (
            "looks at the scheduler a second",
            f"{using:.1f}",
            f"{CLASSES * using:,.0f}",
            f"{1000 * look:.1f} ms each beside {WORKERS[-1]} workers: {by_looks:,.0f} classes",
        ),
    ]
    about = (
        f"A class is {PEOPLE} people, of whom each trains `quick` {RUNS} times in {LESSON} minutes:"
        f" {60 * minutes:.0f} s of a core each time, as measured here."
    )
    name, most = min(("database", by_writes), ("scheduler", by_looks), key=itemgetter(1))
    first = (
        f"What breaks first is an app server, at {1 / using:.1f} classes; one adds another. Of what there is only one"
        f" of it is the {name}, at about {most:,.0f} classes on a machine like this one. So each school has a database,"
        " a scheduler and workers of its own, and a thousand classes are as many times one: schools share nothing."
    )
    return f"{about}\n\n{markdown_table(('', 'one class', f'{CLASSES:,} classes', 'limit'), rows)}\n\n{first}"


def main() -> int:
    """Measure, print, and write what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0, help="of each measurement")
    parser.add_argument("--readme", action="store_true", help="also write docs/results.md")
    given = parser.parse_args()
    stages = []
    with ExitStack() as stack:
        put([psutil.Process()], stack.enter_context(share(f"fitting-room-{os.getpid()}", REST)))  # and what it starts
        groups = [stack.enter_context(share(f"fitting-room-{os.getpid()}-{number}", SHARE)) for number in WORKERS]
        cluster = Cluster(stack, sources.load(Settings.from_environment()))
        for number, group in zip(WORKERS, groups, strict=True):
            cluster.add_worker(group)
            stages.append(cluster.measured(number, given.seconds))
            print(
                f"{number}: {stages[-1].rate:.2f} runs a minute, {stages[-1].commits:.0f} commits a second", flush=True
            )
        writes, look = writes_a_second(cluster.store, cluster.data), look_seconds(str(cluster.settings.scheduler))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    facts = f"Each worker had {SHARE:.0%} of a core; load average at the end: {load}, on {os.cpu_count()} cores."
    texts = {"scale": f"{table(stages)}\n\n{facts}", "scale-paper": on_paper(writes, cluster.minutes, look)}
    for name, text in texts.items():
        print(f"\n{text}")
        if given.readme:
            print(f"Written to {write(name, text)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
