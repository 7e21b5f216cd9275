"""The queue: hands the store's waiting runs to Dask, and starts the processes that train them.

`serve` is the process of its own that holds scheduler and worker (`python -m core workers`); `Jobs` is the app's side
of it. The store's rows are the queue of record: Dask only executes, so nothing is lost when either side dies.
"""

import contextlib
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
from distributed import Client, Future, LocalCluster, Scheduler, Worker, WorkerPlugin, fire_and_forget, get_worker

from core.errors import FittingRoomError, WorkerError
from core.runs.runner import carry_out, warm_up
from core.runs.store import Store
from core.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
IDLE_SECONDS = 20.0  # workers without a client or a run end themselves
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 15.0
START_SECONDS = 40.0
UNDONE = ("waiting", "queued", "no-worker", "processing")  # Dask's words for a task that somebody still counts on
log = logging.getLogger(__name__)


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
    from core.training.loop import limit_threads

    try:
        limit_threads(1)
        warm_up(settings, needed.is_set)
    except FittingRoomError as error:
        log.warning("Warming up was not possible: %s", error)


def perform(run_id: str, settings: Settings) -> str:
    """The task Dask runs: wait until this worker is warm, then carry out one run."""
    extensions = get_worker().extensions
    extensions["needed"].set()
    extensions["warming"].join()
    return carry_out(run_id, settings)


def address_file(settings: Settings) -> Path:
    """Where a local scheduler writes its address, for the app to find."""
    return settings.folder / "workers.json"


def serve(settings: Settings, say: Callable[[str], None] = print) -> None:
    """Run workers until nobody needs them: a local scheduler and its workers, or workers for FITTING_ROOM_SCHEDULER.

    A local scheduler listens on this computer only and ends after IDLE_SECONDS without a client and without a run.
    """
    # Whether a run is given up is for core.runs.runner to say, not for Dask; a worker may use most of the memory, but
    # not all of it.
    dask.config.set({"distributed.scheduler.allowed-failures": sys.maxsize, "distributed.comm.timeouts.connect": "10s"})
    options = {
        "n_workers": max(1, settings.workers),
        "threads_per_worker": 1,
        "resources": {"trainer": 1},
        "memory_limit": int(0.7 * psutil.virtual_memory().total / max(1, settings.workers)),
    }
    if settings.scheduler:
        _join(settings, options, say)
        return
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**here, **options) as cluster, Client(cluster) as client:
        client.register_plugin(Warm(settings))
        _write(address_file(settings), {"address": cluster.scheduler_address, "pid": os.getpid()})
        say(f"Training workers: {cluster.scheduler_address}")
        _wait_until_idle(cluster.scheduler)
        say("No run waits and no app is open, or no worker starts: the workers end.")


def _join(settings: Settings, options: dict, say: Callable[[str], None]) -> None:
    say(f"Joining {settings.scheduler}")
    arguments = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        settings.scheduler,
        "--nworkers",
        str(options["n_workers"]),
    ]
    arguments += [
        "--nthreads",
        "1",
        "--resources",
        "trainer=1",
        "--memory-limit",
        str(options["memory_limit"]),
        "--no-dashboard",
    ]
    with Client(settings.scheduler) as client:
        client.register_plugin(Warm(settings))
    subprocess.run(arguments, check=True, env=_environment(settings))


def _wait_until_idle(scheduler: Scheduler) -> None:
    """Return when nobody has needed the workers for IDLE_SECONDS, or when Dask has not managed to keep one alive for
    START_SECONDS."""
    needed = manned = time.monotonic()
    pause = threading.Event()
    while time.monotonic() - needed < IDLE_SECONDS and time.monotonic() - manned < START_SECONDS:
        pause.wait(
            LOOK_SECONDS
        )  # the scheduler works in another thread: its tables are copied before they are looked through
        others = [name for name in list(scheduler.clients) if name.startswith("Client-fitting-room")]
        if others or any(task.state in UNDONE for task in list(scheduler.tasks.values())):
            needed = time.monotonic()
        if scheduler.workers:
            manned = time.monotonic()


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(content), encoding="utf-8")
    os.replace(draft, path)


def _environment(settings: Settings) -> dict[str, str]:
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "FITTING_ROOM_HOME": str(settings.folder),
    }


class Jobs:
    """The app's side of the queue: one thread that keeps in touch with the scheduler and hands it every run that waits.

    `problem` is None, or a sentence that says why nothing trains.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problem: str | None = None
        self.ready = False
        self._poke = threading.Event()
        self._ended = threading.Event()
        self._client: Client | None = None
        self._handed: dict[
            str, tuple[Future, float]
        ] = {}  # run id -> the task it was last given to the scheduler as, and when
        self._thread = threading.Thread(target=self._tend, daemon=True, name="fitting-room-jobs")

    def start(self) -> "Jobs":
        """Begin, without waiting for the workers; does nothing when FITTING_ROOM_WORKERS is 0 and no scheduler is
        named."""
        if self.settings.workers or self.settings.scheduler:
            self._thread.start()
        return self

    def tend(self) -> None:
        """A run was added: look at once."""
        self._poke.set()

    def close(self) -> None:
        """Let go of the scheduler; a run that trains goes on, workers without one end themselves."""
        self._ended.set()
        self._poke.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tend(self) -> None:
        store = None
        while not self._ended.is_set():
            try:
                store = store or Store(self.settings.store_url)
                self._client = self._client or self._connected()
                self._submit(store)
                self.problem, self.ready = None, True
            except FittingRoomError as error:
                self.problem, self.ready = str(error), False
            except Exception as error:  # noqa: BLE001 - whatever a dying scheduler makes Dask raise, this thread must live to start the next
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

    def _submit(self, store: Store) -> None:
        if self._client.status != "running":
            raise RuntimeError("connection lost")
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
                busy = {key.partition("-")[0] for keys in self._client.processing().values() for key in keys}
            if not task and run.id in busy:
                continue  # another app handed it over
            # a scheduler runs a key once, and a run may come again; of those that wait, the one that was made first
            # goes first
            options = {
                "key": f"{run.id}-{now:.3f}",
                "pure": False,
                "resources": {"trainer": 1},
                "priority": -run.created,
            }
            self._handed[run.id] = self._client.submit(perform, run.id, self.settings, **options), now
            fire_and_forget(self._handed[run.id][0])

    def _connected(self) -> Client:
        if self.settings.scheduler:
            return self._client_at(self.settings.scheduler)
        address = self._running_address()
        return self._client_at(address or self._started())

    def _client_at(self, address: str) -> Client:
        try:
            return Client(address, timeout="5s", name="fitting-room", set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise WorkerError(
                f"No scheduler answers at {address}. Start one, or leave FITTING_ROOM_SCHEDULER out."
            ) from error

    def _running_address(self) -> str | None:
        try:
            content = json.loads(address_file(self.settings).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        try:
            return content["address"] if "workers" in psutil.Process(content["pid"]).cmdline() else None
        except psutil.Error:  # it has just ended, or its number belongs to somebody else's process
            return None

    def _started(self) -> str:
        """Start the workers as a process of their own, in a group of its own: Ctrl-C on the server must not reach a
        training."""
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        own_group = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
        )
        with open(self.settings.folder / "workers.log", "w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "core", "workers"],
                cwd=PROJECT,
                env=_environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **own_group,
            )
        threading.Thread(target=process.wait, daemon=True).start()  # it may outlive us; if not, it leaves no zombie
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS and process.poll() is None and not self._ended.wait(0.1):
            if address := self._running_address():
                return address
        raise WorkerError(
            f"The training worker did not start. {self.settings.folder / 'workers.log'} says why. Restart the app to"
            " try again."
        )
