"""The processes that train, in a process of their own (`python -m core workers`): a Dask scheduler and its workers.

Whoever reaches a Dask scheduler can run code as the account it belongs to. The local one and its workers therefore
listen on this computer only, with TLS only, and talk to nobody but this account (`core.runs.credentials`). A scheduler
named by FITTING_ROOM_SCHEDULER is kept by somebody else: with tls:// each side shows the certificates that Dask's own
configuration names (distributed.comm.tls); with tcp:// anybody who can reach it can run code, which the log says.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import dask
import psutil
from distributed import Client, Nanny, Scheduler, Security, SpecCluster, Worker, WorkerPlugin, get_worker

from core.errors import FittingRoomError, WorkerError
from core.language import N_
from core.runs import credentials
from core.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
IDLE_SECONDS = 20.0  # workers without a client or a run end themselves
LOOK_SECONDS = 1.0
START_SECONDS = 40.0
END_SECONDS = 15.0  # for the workers of another scheduler to end in order
log = logging.getLogger(__name__)
TRAINER = {"trainer": 1}  # what a run needs of a worker, so that each trains one at a time
NICE = 10  # of 19 that a process can stand back; a page that wants a core then gets most of it
MEMORY_SHARE = 0.7  # of the computer's memory that the workers may use together
UNDONE = ("waiting", "queued", "no-worker", "processing")  # Dask's words for a task that somebody still counts on


class OneLine(logging.Formatter):
    """Dask's log without tracebacks: what it meets while processes end, or are killed, is no fault of this program."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """The error alone."""
        return f"{ei[0].__name__}: {ei[1]}"

    @classmethod
    def use(cls) -> None:
        """Have this process log so. What clients of Dask meet, those who hold them say."""
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        logging.getLogger("distributed.comm.tcp").setLevel(logging.ERROR)  # else all who knock would fill the disk
        for handler in logging.getLogger("distributed").handlers:
            handler.setFormatter(cls(dask.config.get("distributed.admin.log-format")))


class _WithoutPages:
    """Dask would show pages about each of its processes to every account of this computer."""

    def start_http_server(self, *_arguments: Any, **_options: Any) -> None:
        """Called by Dask to open them."""


class QuietScheduler(_WithoutPages, Scheduler):
    """A scheduler that listens for those with its certificate, and to nobody else."""


class QuietWorker(_WithoutPages, Worker):
    """A worker of the same kind; Ctrl-C in the terminal it was started from is not for it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        OneLine.use()
        super().__init__(*arguments, **options)


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
    """Where a local scheduler writes its address and credentials, for the app to find."""
    return settings.folder / "workers.json"


class Ending:
    """Whether somebody asks this process to end, with SIGTERM or Ctrl-C: then it ends in order, not where it stands.

    Ctrl-C in a terminal goes to all processes there. Those that this one starts are spared it, where the system can do
    that: to end them is its own task.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[int] = SimpleQueue()  # may be filled at any moment, as a signal needs it
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: self._asked.put(number))
        if os.name != "nt":
            resource_tracker.ensure_running()  # where Dask starts it, that would let Ctrl-C through again
        self._hold_back(True)

    def asked(self, seconds: float) -> bool:
        """Wait so long for somebody to ask."""
        self._hold_back(False)
        with contextlib.suppress(Empty):
            return bool(self._asked.get(timeout=seconds))
        return False

    @staticmethod
    def _hold_back(back: bool) -> None:
        """Hold Ctrl-C back from this thread, and from the threads and processes it starts from now on."""
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            signal.pthread_sigmask(signal.SIG_BLOCK if back else signal.SIG_UNBLOCK, {signal.SIGINT})


def serve(settings: Settings, say: Callable[[str], None] = print) -> None:
    """Run workers until nobody needs them: a local scheduler and its workers, or workers for FITTING_ROOM_SCHEDULER.

    A local scheduler listens on this computer only and ends after IDLE_SECONDS without a client and without a run.
    All these processes stand back behind the pages: a training takes every core, but only while nobody else wants it.
    Raises WorkerError when the home folder cannot hold what only this account may read.
    """
    stand_back()
    OneLine.use()
    ending = Ending()
    # Whether a run is given up is for core.runs.runner to say, not for Dask; a worker may use most of the memory, but
    # not all of it. What it puts aside on the disk is for this account alone.
    scratch = credentials.private_folder(settings.folder / "scratch")
    dask.config.set({"distributed.scheduler.allowed-failures": sys.maxsize, "temporary-directory": str(scratch)})
    dask.config.set({"distributed.comm.timeouts.connect": "10s"})
    count = max(1, settings.workers)
    memory = int(MEMORY_SHARE * psutil.virtual_memory().total / count)
    if settings.scheduler:
        _join(settings, settings.scheduler, count, memory, ending, say)
        return
    security, file = Security.temporary(), address_file(settings)
    with _cluster(security, count, memory) as cluster, Client(cluster) as client:
        client.register_plugin(Warm(settings))
        credentials.write(file, credentials.Credentials.of(cluster.scheduler_address, security))
        say(f"Training workers: {cluster.scheduler_address}")
        say(_wait_until_idle(cluster.scheduler, ending, lambda: _is_mine(file)))
        logging.disable(logging.CRITICAL)  # Dask complains of each connection that it closes itself
        if _is_mine(file):
            file.unlink(missing_ok=True)


def _cluster(security: Security, count: int, memory: int) -> SpecCluster:
    """A scheduler in this process and workers beside it; every port of theirs asks for the certificate."""
    here = {"host": "127.0.0.1", "protocol": "tls://", "security": security, "dashboard": False}
    each = {"nthreads": 1, "resources": TRAINER, "memory_limit": memory, "worker_class": QuietWorker}
    worker = {"cls": Nanny, "options": {**here, **each, "silence_logs": logging.WARNING}}
    return SpecCluster(
        scheduler={"cls": QuietScheduler, "options": here},
        workers=dict.fromkeys(range(count), worker),
        security=security,
        silence_logs=logging.WARNING,
    )


def _is_mine(file: Path) -> bool:
    """Whether the file that leads the app to a scheduler still leads to this one; gone with its folder, it does not."""
    try:
        return credentials.holder(file) == os.getpid()
    except OSError:  # a slow disk, or one that hangs for a moment
        return True


def stand_back() -> None:
    """Let other programs have the cores first; what this process starts from now on inherits it."""
    this, lower = psutil.Process(), getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", NICE)  # Windows has classes
    this.nice(max(lower, this.nice()))


def warn_of_open_door(scheduler: str) -> None:
    """Say in the log when anybody can give the workers of this scheduler something to run."""
    if not scheduler.startswith("tls://"):
        log.warning(
            "Anybody who can reach %s can run code on its workers. Give that scheduler TLS, and an address that begins"
            " with tls://.",
            scheduler,
        )


def connected(scheduler: str, security: Security | None = None, name: str | None = None) -> Client:
    """A client of a scheduler; without `security` it shows what Dask's configuration names.

    Raises WorkerError when none answers, or it does not take what is shown.
    """
    try:
        return Client(scheduler, timeout="5s", name=name, set_as_default=False, security=security)
    except TypeError as error:  # Dask finds no certificates for this address
        raise WorkerError(
            "{scheduler} takes only those with a certificate. Name yours in Dask's configuration, as"
            " distributed.comm.tls says.",
            scheduler=scheduler,
        ) from error
    except (OSError, TimeoutError) as error:
        if security:
            raise WorkerError(
                "The training workers at {scheduler} do not answer. If this lasts a minute, end their process; the app"
                " starts new ones.",
                scheduler=scheduler,
            ) from error
        raise WorkerError(
            "No scheduler answers at {scheduler}. Start one, or leave FITTING_ROOM_SCHEDULER out.", scheduler=scheduler
        ) from error


def _join(
    settings: Settings, scheduler: str, count: int, memory: int, ending: Ending, say: Callable[[str], None]
) -> None:
    """Work for a scheduler that runs elsewhere. Raises WorkerError when that is not possible."""
    warn_of_open_door(scheduler)
    say(f"Joining {scheduler}")
    [(resource, amount)] = TRAINER.items()
    options = {"--nworkers": count, "--nthreads": 1, "--resources": f"{resource}={amount}", "--memory-limit": memory}
    quiet = {"--worker-class": f"{QuietWorker.__module__}.{QuietWorker.__name__}"}
    words = [str(word) for option in {**options, **quiet}.items() for word in option]
    with connected(scheduler) as client:
        client.register_plugin(Warm(settings))
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, *words, "--no-dashboard"]
    scratch = {"DASK_TEMPORARY_DIRECTORY": dask.config.get("temporary-directory")}
    with subprocess.Popen(command, env={**environment(settings), **scratch}) as workers:
        while workers.poll() is None and not ending.asked(LOOK_SECONDS):
            pass
        if workers.poll() is None:
            _end(workers)
        elif workers.returncode:
            sentence = N_("The workers for {scheduler} have ended. The lines above say why.")
            raise WorkerError(sentence, scheduler=scheduler)


def _end(workers: "subprocess.Popen[bytes]") -> None:
    """End it in order, and all it has started."""
    this = psutil.Process(workers.pid)
    family = [this, *this.children(recursive=True)]
    workers.terminate()
    for process in psutil.wait_procs(family, END_SECONDS)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _wait_until_idle(scheduler: Scheduler, ending: Ending, is_mine: Callable[[], bool]) -> str:
    """Return why it is time to end: the workers were not needed for IDLE_SECONDS, none could be kept alive for
    START_SECONDS, somebody asks for it, or the home folder leads elsewhere."""
    needed = manned = time.monotonic()
    while time.monotonic() - needed < IDLE_SECONDS and time.monotonic() - manned < START_SECONDS:
        if ending.asked(LOOK_SECONDS):
            return "Asked to end: the workers end."
        if not is_mine():
            return "The home folder is gone, or other workers are at work in it: these end."
        # the scheduler works in another thread: its tables are copied before they are looked through
        others = [name for name in list(scheduler.clients) if name.startswith("Client-fitting-room")]
        if others or any(task.state in UNDONE for task in list(scheduler.tasks.values())):
            needed = time.monotonic()
        if scheduler.workers:
            manned = time.monotonic()
    return "No run waits and no app is open, or no worker starts: the workers end."


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that trains: it finds the project and the home folder."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "FITTING_ROOM_HOME": str(settings.folder),
    }
