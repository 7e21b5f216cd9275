"""Looks after a training of the command line: Ctrl-C stops it in order, and one that is killed has an end in the store.

The queue takes up what its workers leave; nobody need be there to take up a run of `python -m core train`. So a small
process of its own waits until the training process has gone, however it went.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import RunError
from core.language import N_
from core.runs.lease import Lease
from core.runs.patience import patiently
from core.runs.process import this_process
from core.runs.store import Store, open_store
from core.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 3.0  # an app that is open takes the run up within a second
KILLED = N_(
    "The training process was ended before the run was done, perhaps for want of memory. "
    "Try fewer pictures or a smaller batch."
)


@contextlib.contextmanager
def watched(store: Store, run_id: str) -> Iterator[None]:
    """Look after a run that this process trains in these lines. A second Ctrl-C ends it at once (KeyboardInterrupt)."""
    paths = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    # of a group of its own, so that Ctrl-C does not end it; the name of the flag exists on Windows only
    own_group: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}
    watcher = subprocess.Popen(
        [sys.executable, "-m", "core.runs.watchdog", run_id, this_process()],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},
        stdin=subprocess.PIPE,  # which ends when this process does
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **own_group,
    )

    def stop(*_signal: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("Stopping, and keeping what was learned. Ctrl-C again ends it at once.", file=sys.stderr)
        # in a thread: the interrupted lines may hold the store themselves
        threading.Thread(target=patiently, args=(lambda: store.stop(run_id),), daemon=True).start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    watcher.kill()  # only after an orderly end
    watcher.communicate()


def end_left(settings: Settings, run_id: str, process: str) -> None:
    """End a run that this process left behind, unless it has ended or another took it up within GRACE_SECONDS."""
    store = patiently(lambda: open_store(settings.store_url))
    try:
        with contextlib.suppress(RunError):  # gone, ended or taken
            if not store.run(run_id).ended:
                threading.Event().wait(GRACE_SECONDS)
                Lease(store.database, run_id, process).fail(KILLED)
    finally:
        store.close()


if __name__ == "__main__":
    sys.stdin.read()
    end_left(Settings.from_environment(), *sys.argv[1:])
