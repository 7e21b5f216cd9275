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
from typing import Any

from distributed import Client, Future, fire_and_forget

from core.errors import FittingRoomError, WorkerError
from core.language import Saying
from core.runs import credentials
from core.runs.store import Store, open_store
from core.runs.workers import (
    LOOK_SECONDS,
    PROJECT,
    START_SECONDS,
    TRAINER,
    OneLine,
    address_file,
    connected,
    environment,
    perform,
    warn_of_open_door,
)
from core.settings import Settings

AGAIN_SECONDS = 15.0
NAME = "fitting-room"  # of a client, by which the workers know that an app is open
log = logging.getLogger(__name__)


class RunQueue:
    """The app's side of the queue: one thread that keeps in touch with the scheduler and hands it every run that waits.

    `problem` is None, or a sentence that says why nothing trains.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problem: Saying | None = None
        self.ready = False
        self._poke = threading.Event()
        self._ended = threading.Event()
        self._client: Client | None = None
        self._handed: dict[
            str, tuple[Future[str], float]
        ] = {}  # run id -> its latest task, and when that was submitted
        self._thread = threading.Thread(target=self._run, daemon=True, name="fitting-room-queue")

    def start(self) -> "RunQueue":
        """Begin, without waiting for the workers; does nothing when FITTING_ROOM_WORKERS is 0 and no scheduler is
        named."""
        OneLine.use()
        if self.settings.scheduler:
            warn_of_open_door(self.settings.scheduler)
        if self.settings.workers or self.settings.scheduler:
            self._thread.start()
        return self

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
                store = store or open_store(self.settings.store_url)
                self._submit(store, self._living_client())
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

    def _submit(self, store: Store, client: Client) -> None:
        """Hand every run that waits to the scheduler, unless it has it."""
        now, busy = time.time(), None
        pending = store.pending(now)
        wanted = {run.id for run in pending}
        self._handed = {
            run_id: given for run_id, given in self._handed.items() if run_id in wanted or not given[0].done()
        }
        for run in pending:
            task, given = self._handed.get(run.id, (None, 0.0))
            if task and (not task.done() or (task.status != "finished" and now - given < AGAIN_SECONDS)):
                # Dask has it, also when its worker was killed; or it broke a moment ago, for instance on a full disk
                continue
            if busy is None:
                busy = {key.partition("-")[0] for keys in client.processing().values() for key in keys}
            if not task and run.id in busy:
                continue  # another app handed it over
            # a scheduler runs a key once, and a run may come again; of those that wait, the one that was made first
            # goes first
            options = {
                "key": f"{run.id}-{now:.3f}",
                "pure": False,
                "resources": TRAINER,
                "priority": -run.created,
            }
            self._handed[run.id] = client.submit(perform, run.id, self.settings, **options), now
            fire_and_forget(self._handed[run.id][0])

    def _connected(self) -> Client:
        if self.settings.scheduler:
            return connected(self.settings.scheduler, name=NAME)
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
