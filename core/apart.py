"""Work on what strangers bring, in a process apart: with a limit of time and memory, while the server goes on.

The process is loky's: of Python's own kinds, one would run the page that is in the place of `__main__` under Streamlit
once more, and the other shares the threads of the server. Knows nothing of what is read.
"""

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from inspect import signature
from queue import Empty
from traceback import format_exception
from typing import Any, TypeAlias, TypeVar

import psutil
from loky.backend import get_context
from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from core.errors import FittingRoomError, LimitError
from core.language import current, using

LOOK_SECONDS = 0.2  # between two looks at work that goes on
WATCH_SECONDS = 0.1  # between two looks of the process at its server and its own memory
Listener: TypeAlias = Callable[[int, int], None]  # gets how much is done, and in all: nothing in all while it waits
Result = TypeVar("Result")
_here: dict[str, Any] = {}  # in the process apart: where its news go


class Apart:
    """Functions carried out in a process of their own, one at a time, whoever asks.

    The process is ended when one takes more than `seconds`, or than `megabytes` with all that is imported for it, and
    by itself after `rest_seconds` without one. With `stand_back` it leaves the cores to others first.
    """

    def __init__(self, seconds: float, megabytes: int, rest_seconds: float, stand_back: bool = False) -> None:
        self.seconds, self.megabytes = seconds, megabytes
        self._rest_seconds, self._stand_back = rest_seconds, stand_back
        self._turn = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._context = get_context("loky")
        self._news: Any = None  # a queue of the pool's: where the work that goes on says how far it is
        self._works = 0  # begun so far

    def do(self, function: Callable[..., Result], *arguments: Any, listen: Listener | None = None) -> Result:
        """What a function at the top of a module gives for these arguments.

        A function with a parameter `progress` gets something to call there with what is done and in all. `listen` gets
        the latest of it a few times a second, also while the work waits for its turn; what it raises, a tap on Stop
        say, ends the work. Raises LimitError, and what the function raises.
        """
        with self._my_turn(listen):
            try:
                return self._done(function, arguments, listen)
            except BrokenProcessPool:  # somebody ended the process, perhaps while it rested: once more
                self._end()
            try:
                return self._done(function, arguments, listen)
            except BrokenProcessPool as error:  # the work itself breaks it
                self._end()
                raise self._too_large() from error

    def close(self) -> None:
        """End the process and what it is doing, and give back the system's locks, for which a signal leaves no time."""
        self._end(wait=True)
        gc.collect()

    @contextmanager
    def _my_turn(self, listen: Listener | None) -> Iterator[None]:
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            if listen:
                listen(0, 0)
        try:
            yield
        finally:
            self._turn.release()

    def _done(self, function: Callable[..., Result], arguments: tuple[Any, ...], listen: Listener | None) -> Result:
        self._works += 1
        tells = "progress" in signature(function).parameters
        work = self._living_pool().submit(_carry_out, function, arguments, current(), self._works if tells else None)
        try:
            self._wait(work, listen)
            result: Result = work.result()
            return result
        except MemoryError as error:
            raise self._too_large() from error
        finally:
            if not work.done():
                self._end()

    def _living_pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._news = self._context.Queue()
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                context=self._context,
                timeout=self._rest_seconds,
                initializer=_begin,
                initargs=(self._news, self.megabytes * 2**20, os.getpid(), self._stand_back),
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self._pool

    def _wait(self, work: "Future[Any]", listen: Listener | None) -> None:
        deadline = time.monotonic() + self.seconds
        said = (0, 0)
        while wait([work], LOOK_SECONDS).not_done:
            if listen:
                said = self._latest() or said
                listen(*said)
            if time.monotonic() > deadline:
                raise LimitError(
                    "Reading this takes longer than {seconds} seconds, the most here. Bring a smaller file.",
                    seconds=f"{self.seconds:g}",
                )

    def _latest(self) -> tuple[int, int] | None:
        latest = None
        with suppress(Empty):
            while self._news:
                work, done, total = self._news.get_nowait()
                latest = (done, total) if work == self._works else latest  # an earlier one may still be heard
        return latest

    def _too_large(self) -> LimitError:
        return LimitError(
            "Reading this takes more than {megabytes} MB of memory, the most here. Bring a smaller file.",
            megabytes=self.megabytes,
        )

    def _end(self, wait: bool = False) -> None:
        pool, self._pool, self._news = self._pool, None, None
        if pool:
            pool.shutdown(wait=wait, kill_workers=True)


def _begin(news: Any, most: int, parent: int, stand_back: bool) -> None:
    """The first thing in the new process: its limits."""
    _here["news"] = news
    if stand_back:
        psutil.Process().nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 10))  # Windows has classes
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # then more memory is refused, and nothing breaks
    threading.Thread(target=_watch, args=(most, parent), daemon=True).start()


def _watch(most: int, parent: int) -> None:
    """End this process when it holds too much memory, where the system does not see to it, or its server is gone."""
    this, pause = psutil.Process(), threading.Event()
    while psutil.pid_exists(parent) and (sys.platform == "linux" or this.memory_info().rss < most):
        pause.wait(WATCH_SECONDS)
    os._exit(1)


def _carry_out(function: Callable[..., Result], arguments: tuple[Any, ...], language: str, work: int | None) -> Result:
    """Carry it out in the language of who asked for it."""
    told = {} if work is None else {"progress": lambda done, total: _here["news"].put((work, done, total))}
    try:
        with using(language):
            return function(*arguments, **told)
    except (FittingRoomError, MemoryError):
        raise
    except Exception as error:  # of a kind that perhaps cannot travel: then it would end the process, and say nothing
        raise RuntimeError("".join(format_exception(error))) from None
