"""A worker's process: a Dask worker that warms up TensorFlow, trains one run at a time with the settings of its own
computer, and tells a scheduler elsewhere what it can be given.

The scheduler and the app need none of this: of a run only its id travels, and `task` names what is to be done with it.
"""

import logging
import operator
import pkgutil
import platform
import signal
import threading
from typing import Any, cast

import dask
from dask._task_spec import Task
from distributed import Worker, get_worker

from core.errors import FittingRoomError, StoreError
from core.runs.crew import TOLD, Told
from core.runs.store import Store, open_store
from core.settings import Settings

TRAINER = {"trainer": 1.0}  # what a run needs of a worker on this computer, so that each trains one at a time
LOOK_SECONDS = 5.0  # between two looks at the store
MOST_MISSED = 3  # looks in a row at a store that may only be starting again
AGAIN_SECONDS = 15.0  # before a data set is read again that was not the right one
LONGEST_TROUBLE = 1000  # letters
log = logging.getLogger(__name__)


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


class WithoutPages:
    """Dask would show pages about each of its processes to every account of this computer."""

    def start_http_server(self, *_arguments: Any, **_options: Any) -> None:
        """Called by Dask to open them."""


class Trainer(WithoutPages, Worker):
    """The worker. Ctrl-C in the terminal it was started from is not for it.

    What it offers to a scheduler elsewhere it finds out before it joins, and it does not change while it is there: when
    it is no longer true, the process ends, and its nanny starts another.
    """

    def __init__(self, *arguments: Any, settings: Settings, **options: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        OneLine.use()
        self.settings, self.outlook = settings, Outlook(settings)
        told = self.outlook.told() if settings.scheduler else Told(platform.node())
        if told.trouble:
            log.warning("The store of runs cannot be reached: %s", told.trouble)
        offered = told.offers if settings.scheduler else TRAINER
        options |= {"resources": offered, "startup_information": {TOLD: lambda _worker: told.as_dict()}}
        super().__init__(*arguments, **options)
        self.needed = threading.Event()
        self.warming = threading.Thread(target=_warm, args=(settings, self.needed), daemon=True)
        self.warming.start()
        if settings.scheduler:
            threading.Thread(target=self._look, args=(told,), daemon=True).start()

    def _look(self, told: Told) -> None:
        """End this process between two runs when what it told is no longer true."""
        pause, missed = threading.Event(), 0
        while not pause.wait(LOOK_SECONDS):
            if self.state.executing_count:
                continue
            now = self.outlook.told(told.data)
            missed = missed + 1 if now.trouble and not told.trouble else 0
            if now.offers != told.offers and missed in (0, MOST_MISSED):
                log.warning("The store of runs or the data set is another one now: this worker begins anew.")
                self.loop.add_callback(self.close, nanny=False, reason="what it offers has changed")
                return


class Outlook:
    """What a worker sees from its computer: whether it reaches the store of runs, and which data set it has."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: Store | None = None
        self._ago = 0.0  # seconds since the data set was read

    def told(self, data: str = "") -> Told:
        """What there is to tell now. A data set that is known is read again only when a run waits for another one."""
        from core.runs.runner import dataset_in_use

        host = platform.node()
        try:
            self._store = self._store or open_store(self._settings.store_url)
            store = self._store.identity()
            self._ago += LOOK_SECONDS
            if not data or (self._ago > AGAIN_SECONDS and self._store.awaited() - {data}):
                dataset_in_use.cache_clear()
                self._ago = 0.0
        except StoreError as error:
            return Told(host, trouble=error.saying.packed(LONGEST_TROUBLE))
        used = dataset_in_use(self._settings)
        return Told(host, store, used.fingerprint, used.title)


def task(run_id: str) -> tuple[Any, ...]:
    """What Dask is to do with a run: Python's own functions and names, for the scheduler takes it apart."""
    return operator.call, Task(None, pkgutil.resolve_name, f"{__name__}:{perform.__name__}"), run_id


def perform(run_id: str) -> str:
    """Wait until this worker is warm, then carry out one run. Gives how it ended, as `carry_out` does.

    What trains is imported here, for the app's process needs none of it.
    """
    worker = cast(Trainer, get_worker())
    worker.needed.set()
    worker.warming.join()
    from core.runs.runner import carry_out

    return str(carry_out(run_id, worker.settings))


def _warm(settings: Settings, needed: threading.Event) -> None:
    """TensorFlow takes seconds to import; a task that is there already cuts the rest short."""
    from core.runs.runner import warm_up
    from core.training.backend import use_cores

    try:
        use_cores()
        warm_up(settings, needed.is_set)
    except FittingRoomError as error:
        log.warning("Warming up was not possible: %s", error)
