"""The app's side of the queue: hands the store's waiting runs to Dask, and starts the workers.

The store's rows are the queue of record: Dask only executes, so nothing is lost when either side dies.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future, fire_and_forget

from core.errors import FittingRoomError, WorkerError
from core.language import N_, Saying, in_english
from core.runs import credentials
from core.runs.claims import Pending
from core.runs.crew import crew, resources, why_it_waits
from core.runs.store import Store, open_store
from core.runs.trainer import TRAINER, OneLine, task
from core.runs.workers import (
    LOOK_SECONDS,
    PROJECT,
    START_SECONDS,
    address_file,
    connected,
    environment,
    need_one_store,
    warn_of_open_door,
)
from core.settings import Settings
from core.training import backend

AGAIN_SECONDS = 15.0
NAME = "fitting-room"  # of a client, by which the workers know that an app is open
NO_WORKERS = N_(
    "Nothing is trained here: FITTING_ROOM_WORKERS is 0. The run starts when an app with workers shares this run book."
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Handed:
    """A run that Dask was given."""

    turn: str  # of the run: it changes when a worker had it meanwhile
    tries: int  # how often in this turn
    at: float  # when, on the clock that only goes forward
    task: Future[str]


class RunQueue:
    """The app's side of the queue: one thread that keeps in touch with the scheduler and hands it every run that waits.

    `problem` is None, or a sentence that says why nothing trains; `missing` too, where it is for want of a package and
    will stay so.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.missing = backend.missing() if settings.workers and not settings.scheduler else None
        self.problem: Saying | None = self.missing
        self.ready = False
        self._poke = threading.Event()
        self._ended = threading.Event()
        self._client: Client | None = None
        self._handed: dict[str, Handed] = {}  # by run
        self._reasons: dict[str, Saying] = {}  # why no worker can have a run, by run
        self._thread = threading.Thread(target=self._run, daemon=True, name="fitting-room-queue")

    def start(self) -> "RunQueue":
        """Begin, without waiting for the workers; does nothing when FITTING_ROOM_WORKERS is 0 and no scheduler is
        named, or where nothing can be trained."""
        OneLine.use()
        if self.settings.scheduler:
            warn_of_open_door(self.settings.scheduler)
        if (self.settings.workers or self.settings.scheduler) and not self.missing:
            self._thread.start()
        return self

    def why(self, run_id: str) -> Saying | None:
        """Why a run waits, where that is not for others before it to end."""
        unserved = None if self.settings.workers or self.settings.scheduler else Saying(NO_WORKERS)
        return self.problem or self._reasons.get(run_id) or unserved

    def wake(self) -> None:
        """A run was added: look at once."""
        self._poke.set()

    def close(self) -> None:
        """Let go of the scheduler; a run that trains goes on, workers without one end themselves."""
        self._ended.set()
        self._poke.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        store: Store | None = None
        while not self._ended.is_set():
            try:
                need_one_store(self.settings)
                store = store or open_store(self.settings.store_url)
                self._look(store, self._living_client())
                self.problem, self.ready = None, True
            except FittingRoomError as error:
                self.problem, self.ready = error.saying, False
            except Exception as error:  # noqa: BLE001 - whatever a dying scheduler raises, this thread must live
                log.warning("The scheduler does not answer: %s", error)
                self._let_go()
            self._poke.wait(LOOK_SECONDS)
            self._poke.clear()
        self._let_go()
        if store:
            store.close()

    def _let_go(self) -> None:
        client, self._client, self.ready = self._client, None, False
        self._handed.clear()
        if client:
            with contextlib.suppress(OSError, TimeoutError):  # a dead scheduler cannot say goodbye
                client.close(timeout=2)

    def _living_client(self) -> Client:
        """The connection to the scheduler, made anew where there is none or it is lost."""
        if self._client and self._client.status != "running":
            log.warning("The connection to the scheduler is lost.")
            self._let_go()
        self._client = self._client or self._connected()
        return self._client

    def _look(self, store: Store, client: Client) -> None:
        """Hand every run that waits to the scheduler, unless it has it or no worker there could have it."""
        pending = store.pending()
        waiting = {run.id for run in pending}
        self._handed = {
            run_id: handed for run_id, handed in self._handed.items() if run_id in waiting or not handed.task.done()
        }
        if not self.settings.scheduler:  # the workers have the settings of this app
            for run in pending:
                self._hand_over(run, client, TRAINER)
            return
        if not pending:
            self._reasons = {}
            return
        workers, identity = crew(_identity(client)["workers"].values()), store.identity()
        reasons = {run.id: why_it_waits(run, workers, identity) for run in pending}
        for run in pending:
            if not reasons[run.id]:
                self._hand_over(run, client, resources(identity, run.data))
        told, self._reasons = self._reasons, {run_id: why for run_id, why in reasons.items() if why}
        for run_id in self._reasons.keys() - told.keys():
            log.warning("The run %s waits: %s Workers: %s", run_id, in_english(self._reasons[run_id]), workers)

    def _hand_over(self, run: Pending, client: Client, needed: dict[str, float]) -> None:
        """Give a run to Dask, unless it has it: also when its worker was killed, Dask goes on with it.

        All apps on one store give a run the same key in the same turn, and Dask runs a key once. When a worker had the
        run and was not heard of since, that is another turn: Dask may take a minute to miss a computer that is cut off.
        """
        now, handed, tries = time.monotonic(), self._handed.get(run.id), 0
        if handed and handed.turn == run.turn:
            given = handed.task
            if not given.done() or (given.status != "finished" and now - handed.at < AGAIN_SECONDS):
                return  # Dask has it; or it broke a moment ago, for instance on a full disk
            tries = handed.tries + 1
        # of those that wait, the one that was made first goes first
        key, first = f"{run.id}-{run.turn}-{tries}", -run.created
        given = client.submit(*task(run.id), key=key, pure=False, resources=needed, priority=first)
        fire_and_forget(given)
        self._handed[run.id] = Handed(run.turn, tries, now, given)

    def _connected(self) -> Client:
        if self.settings.scheduler:
            return connected(self.settings.scheduler, credentials.of_settings(self.settings), NAME)
        local = credentials.read(address_file(self.settings)) or self._started()
        return connected(local.address, local.security(), NAME)

    def _started(self) -> credentials.Credentials:
        """Start the workers as a process of their own, in a group of its own: Ctrl-C on the server must not reach a
        training."""
        self.settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # CREATE_NEW_PROCESS_GROUP is 0x200; the name exists on Windows only
        own_group: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}
        with open(self.settings.folder / "workers.log", "w", opener=credentials.private) as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "core", "workers"],
                cwd=PROJECT,
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **own_group,
            )
        threading.Thread(target=process.wait, daemon=True).start()  # it may outlive us; if not, it leaves no zombie
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS and process.poll() is None and not self._ended.wait(0.1):
            if local := credentials.read(address_file(self.settings)):
                return local
        raise WorkerError(
            "The training worker did not start. {file} says why. Restart the app to try again.",
            file=self.settings.folder / "workers.log",
        )


def _identity(client: Client) -> dict[str, Any]:
    """What a scheduler says of itself and its workers."""
    if client.scheduler is None:
        raise OSError("the connection is closed")
    known: dict[str, Any] = client.sync(client.scheduler.identity)
    return known
