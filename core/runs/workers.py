"""The processes that train, in a process of their own (`python -m core workers`): a Dask scheduler and its workers.

Whoever reaches a Dask scheduler can run code as the account it belongs to. The local one and its workers therefore
listen on this computer only, with TLS only, and talk to nobody but this account (`core.runs.credentials`). A scheduler
named by FITTING_ROOM_SCHEDULER is kept by somebody else: with tls:// each side shows the certificates that the settings
name, or Dask's own configuration (distributed.comm.tls); with tcp:// anybody who can reach it can run code, which the
log says.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

import dask
import psutil
from distributed import Client, Nanny, Scheduler, Security, SpecCluster

from core.errors import WorkerError
from core.runs import credentials
from core.runs.address import address_of
from core.runs.trainer import OneLine, Trainer, WithoutPages
from core.settings import Settings
from core.training import backend

PROJECT = Path(__file__).resolve().parents[2]
IDLE_SECONDS = 20.0  # workers without a client or a run end themselves
LOOK_SECONDS = 1.0
ASK_SECONDS = 0.2
START_SECONDS = 40.0
AGAIN_SECONDS = 2.0  # before a worker tries again to join a scheduler elsewhere
log = logging.getLogger(__name__)
NICE = 10  # of 19 that a process can stand back; a page that wants a core then gets most of it
MEMORY_SHARE = 0.7  # of the computer's memory that the workers may use together
UNDONE = ("waiting", "queued", "no-worker", "processing")  # Dask's words for a task that somebody still counts on


class QuietScheduler(WithoutPages, Scheduler):
    """A scheduler that listens for those with its certificate, and to nobody else."""


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
    Raises WorkerError when the home folder cannot hold what only this account may read, or nothing can be trained here.
    """
    if lack := backend.missing():
        raise WorkerError(lack)
    if settings.scheduler:
        need_one_store(settings)
    scratch = credentials.private_folder(settings.folder / "scratch")
    stand_back()  # only here: who is refused finds its process as it was
    OneLine.use()
    ending = Ending()
    # Whether a run is given up is for core.runs.runner to say, not for Dask; a worker may use most of the memory, but
    # not all of it. What it puts aside on the disk is for this account alone.
    dask.config.set({"distributed.scheduler.allowed-failures": sys.maxsize, "temporary-directory": str(scratch)})
    dask.config.set({"distributed.comm.timeouts.connect": "10s"})
    count = max(1, settings.workers)
    if settings.scheduler:
        _join(settings, settings.scheduler, count, ending, say)
        return
    security, file = Security.temporary(), address_file(settings)
    with _cluster(settings, security, count) as cluster, Client(cluster):
        credentials.write(file, credentials.Credentials.of(cluster.scheduler_address, security))
        say(f"Training workers: {cluster.scheduler_address}")
        say(_wait_until_idle(cluster.scheduler, ending, lambda: _is_mine(file)))
        logging.disable(logging.CRITICAL)  # Dask complains of each connection that it closes itself
        if _is_mine(file):
            file.unlink(missing_ok=True)


def _cluster(settings: Settings, security: Security, count: int) -> SpecCluster:
    """A scheduler in this process and workers beside it; every port of theirs asks for the certificate."""
    here = {"host": "127.0.0.1", "protocol": "tls://", "security": security, "dashboard": False}
    worker = {"cls": Nanny, "options": {**here, **_each(settings, count)}}
    return SpecCluster(
        scheduler={"cls": QuietScheduler, "options": here},
        workers=dict.fromkeys(range(count), worker),
        security=security,
        silence_logs=logging.WARNING,
    )


def _each(settings: Settings, count: int) -> dict[str, Any]:
    """How each of so many workers is started. It ends with this process, however that ends: Dask sees to it."""
    memory = int(MEMORY_SHARE * psutil.virtual_memory().total / count)
    limits = {"nthreads": 1, "memory_limit": memory, "silence_logs": logging.WARNING}
    return {**limits, "worker_class": Trainer, "settings": settings}


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


def need_one_store(settings: Settings) -> None:
    """Raise WorkerError when the runs are kept in a file that the workers of a scheduler elsewhere cannot see."""
    if not settings.scheduler or address_of(settings.store_url).get_backend_name() != "sqlite":
        return
    place = settings.scheduler
    host = urlsplit(place if "://" in place else f"tcp://{place}").hostname or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host != "localhost":
        raise WorkerError(
            "FITTING_ROOM_SCHEDULER is set, but the runs are kept in an SQLite file on this computer, which other"
            " computers do not see. Set FITTING_ROOM_STORE to the same PostgreSQL database on all of them."
        )


def connected(scheduler: str, security: Security | None = None, name: str | None = None) -> Client:
    """A client of a scheduler; without `security` it shows what Dask's configuration names.

    Raises WorkerError when none answers, or it does not take what is shown.
    """
    try:
        return Client(scheduler, timeout="5s", name=name, set_as_default=False, security=security)
    except TypeError as error:  # Dask finds no certificates for this address
        raise WorkerError(
            "{scheduler} takes only those with a certificate. Name yours with FITTING_ROOM_TLS_CA, _CERT and _KEY.",
            scheduler=scheduler,
        ) from error
    except (OSError, TimeoutError) as error:
        if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            raise WorkerError(
                "{scheduler} and this computer do not take each other's certificates. Look at FITTING_ROOM_TLS_CA,"
                " _CERT and _KEY here, and at those of the scheduler.",
                scheduler=scheduler,
            ) from error
        if scheduler.startswith("tls://127.0.0.1:") and security:
            raise WorkerError(
                "The training workers at {scheduler} do not answer. If this lasts a minute, end their process; the app"
                " starts new ones.",
                scheduler=scheduler,
            ) from error
        raise WorkerError(
            "No scheduler answers at {scheduler}. Start one, or leave FITTING_ROOM_SCHEDULER out.", scheduler=scheduler
        ) from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _join(settings: Settings, scheduler: str, count: int, ending: Ending, say: Callable[[str], None]) -> None:
    """Work for a scheduler that runs elsewhere, until somebody asks to end. Raises WorkerError when that is not
    possible."""
    security = credentials.of_settings(settings)
    warn_of_open_door(scheduler)
    say(f"Joining {scheduler}")
    connected(scheduler, security).close()
    asyncio.run(_work_for(scheduler, {**_each(settings, count), "security": security}, count, ending))
    logging.disable(logging.CRITICAL)


async def _work_for(scheduler: str, options: dict[str, Any], count: int, ending: Ending) -> None:
    workers = [asyncio.create_task(_keep(scheduler, options)) for _ in range(count)]
    while not ending.asked(0) and not any(worker.done() for worker in workers):  # done: an error nobody expected
        await asyncio.sleep(ASK_SECONDS)
    for worker in workers:
        worker.cancel()
    for ended in await asyncio.gather(*workers, return_exceptions=True):
        if isinstance(ended, Exception):  # being cancelled is none
            raise ended


async def _keep(scheduler: str, options: dict[str, Any]) -> None:
    """Keep one worker for a scheduler elsewhere: where that goes away, the worker ends, and another one joins it when
    it is back."""
    while True:
        with contextlib.suppress(OSError, RuntimeError):  # nobody answers there
            async with Nanny(scheduler, **options) as nanny:
                log.warning("A worker has joined %s.", scheduler)
                await nanny.finished()
        log.warning("A worker has lost %s, and joins it again as soon as it answers.", scheduler)
        await asyncio.sleep(AGAIN_SECONDS)


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
    """The environment of a process that trains: it finds the project, the home folder and these settings."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, **settings.environment, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
