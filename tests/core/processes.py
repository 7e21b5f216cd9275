"""For tests with real workers: wait for what the store says, find their processes, kill them."""

import contextlib
import json
import threading
import time
from collections.abc import Callable

import psutil

from core.runs.schema import Run
from core.runs.workers import address_file
from core.settings import Settings

PATIENCE = 180  # seconds; only a failing test waits so long


def wait_for(what: Callable[[], object], words: str) -> object:
    """What `what` gives as soon as it gives something."""
    pause, began = threading.Event(), time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if found := what():
            return found
        pause.wait(0.02)
    raise AssertionError(f"waited in vain for: {words}")


def family(settings: Settings) -> list[psutil.Process]:
    """All children of the workers' process, then itself; none when it does not live."""
    try:
        parent = psutil.Process(json.loads(address_file(settings).read_text())["pid"])
        return [*parent.children(recursive=True), parent] if "workers" in parent.cmdline() else []
    except (OSError, psutil.NoSuchProcess):
        return []


def trainer(run: Run) -> int:
    """The number of the process that has a run, or had it last."""
    return int(run.worker.rpartition(":")[2])


def kill(*numbers: int) -> None:
    """End processes at once, as a power cut would (SIGKILL, on Windows TerminateProcess), and wait until they are
    gone."""
    processes = []
    for number in numbers:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended with its parent
            processes.append(psutil.Process(number))
            processes[-1].kill()
    psutil.wait_procs(processes, timeout=10)
