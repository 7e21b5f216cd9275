"""The processes that train, in a process of their own (`python -m core workers`): a Dask scheduler and its workers."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dask
import psutil
from distributed import Client, LocalCluster, Scheduler, Worker, WorkerPlugin, get_worker

from core.errors import FittingRoomError
from core.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
IDLE_SECONDS = 20.0  # workers without a client or a run end themselves
LOOK_SECONDS = 1.0
START_SECONDS = 40.0
log = logging.getLogger(__name__)
TRAINER = {"trainer": 1}  # what a run needs of a worker, so that each trains one at a time
NICE = 10  # of 19 that a process can stand back; a page that wants a core then gets most of it
MEMORY_SHARE = 0.7  # of the computer's memory that the workers may use together
UNDONE = ("waiting", "queued", "no-worker", "processing")  # Dask's words for a task that somebody still counts on


class Warm(WorkerPlugin):
    """Warms a worker beside its first task: TensorFlow takes seconds to import.

    A task that is there already cuts it short.
    """

    name = "warm"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def setup(self, worker: Worker) -> None:
        """Called by Dask in each new worker process."""
        worker.extensions["needed"] = threading.Event()
        worker.extensions["warming"] = threading.Thread(
            target=_warm, args=(self.settings, worker.extensions["needed"]), daemon=True
        )
        worker.extensions["warming"].start()


def _warm(settings: Settings, needed: threading.Event) -> None:
    from core.runs.runner import warm_up
    from core.training.backend import use_cores

    try:
        use_cores()
        warm_up(settings, needed.is_set)
    except FittingRoomError as error:
        log.warning("Warming up was not possible: %s", error)


def perform(run_id: str, settings: Settings) -> str:
    """The task Dask runs: wait until this worker is warm, then carry out one run.

    What trains is imported here, for the scheduler's process needs none of it.
    """
    extensions = get_worker().extensions
    extensions["needed"].set()
    extensions["warming"].join()
    from core.runs.runner import carry_out

    return carry_out(run_id, settings)


def address_file(settings: Settings) -> Path:
    """Where a local scheduler writes its address, for the app to find."""
    return settings.folder / "workers.json"


def serve(settings: Settings, say: Callable[[str], None] = print) -> None:
    """Run workers until nobody needs them: a local scheduler and its workers, or workers for FITTING_ROOM_SCHEDULER.

    A local scheduler listens on this computer only and ends after IDLE_SECONDS without a client and without a run.
    All these processes stand back behind the pages: a training takes every core, but only while nobody else wants it.
    """
    stand_back()
    # Whether a run is given up is for core.runs.runner to say, not for Dask; a worker may use most of the memory, but
    # not all of it.
    dask.config.set({"distributed.scheduler.allowed-failures": sys.maxsize, "distributed.comm.timeouts.connect": "10s"})
    count = max(1, settings.workers)
    memory = int(MEMORY_SHARE * psutil.virtual_memory().total / count)
    if settings.scheduler:
        _join(settings, settings.scheduler, count, memory, say)
        return
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    each = {"threads_per_worker": 1, "resources": TRAINER, "memory_limit": memory}
    with LocalCluster(n_workers=count, **here, **each) as cluster, Client(cluster) as client:
        client.register_plugin(Warm(settings))
        _write(address_file(settings), {"address": cluster.scheduler_address, "pid": os.getpid()})
        say(f"Training workers: {cluster.scheduler_address}")
        _wait_until_idle(cluster.scheduler)
        say("No run waits and no app is open, or no worker starts: the workers end.")


def stand_back() -> None:
    """Let other programs have the cores first; what this process starts from now on inherits it."""
    this, lower = psutil.Process(), getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", NICE)  # Windows has classes
    this.nice(max(lower, this.nice()))


def _join(settings: Settings, scheduler: str, count: int, memory: int, say: Callable[[str], None]) -> None:
    """Work for a scheduler that runs elsewhere."""
    say(f"Joining {scheduler}")
    [(resource, amount)] = TRAINER.items()
    options = {"--nworkers": count, "--nthreads": 1, "--resources": f"{resource}={amount}", "--memory-limit": memory}
    words = [str(word) for option in options.items() for word in option]
    with Client(scheduler) as client:
        client.register_plugin(Warm(settings))
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, *words, "--no-dashboard"]
    subprocess.run(command, check=True, env=environment(settings))


def _wait_until_idle(scheduler: Scheduler) -> None:
    """Return when the workers were not needed for IDLE_SECONDS, or none could be kept alive for START_SECONDS."""
    needed = manned = time.monotonic()
    pause = threading.Event()
    while time.monotonic() - needed < IDLE_SECONDS and time.monotonic() - manned < START_SECONDS:
        pause.wait(LOOK_SECONDS)
        # the scheduler works in another thread: its tables are copied before they are looked through
        others = [name for name in list(scheduler.clients) if name.startswith("Client-fitting-room")]
        if others or any(task.state in UNDONE for task in list(scheduler.tasks.values())):
            needed = time.monotonic()
        if scheduler.workers:
            manned = time.monotonic()


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(content), encoding="utf-8")
    os.replace(draft, path)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that trains: it finds the project and the home folder."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "FITTING_ROOM_HOME": str(settings.folder),
    }
