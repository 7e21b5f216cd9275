"""Carries out one stored run: claims it, trains, and writes what happens to the store.

The same function serves the queue's worker and `python -m core train`. While it works, a pulse tells the store that
the worker is alive, and looks four times a second whether a person asked to stop or to pause.
"""

import contextlib
import errno
import functools
import io
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.data import dataset, sources
from core.errors import FittingRoomError, RunError, StoreError, TakenError
from core.language import N_, Saying
from core.runs.claims import SILENT_SECONDS
from core.runs.lease import LONGEST_MESSAGE, Lease
from core.runs.patience import patiently
from core.runs.schema import FileKind, Run, Status
from core.runs.store import Store, open_store
from core.settings import Settings
from core.training.checkpoint import Checkpoint
from core.training.export import Result
from core.training.loop import load, train
from core.training.plan import Plan
from core.training.progress import Paused, Point, Request

TOO_OFTEN = N_(
    "The training process was ended {times} times within an epoch, perhaps for want of memory. Try fewer pictures."
)
DISK_FULL = N_(
    "The disk of the computer that trains is full, so that the network could not be saved. Its last epoch is kept: make"
    " room there, then train it on."
)
PULSE_SECONDS = 0.25
BEAT_SECONDS = 1.0
MOST_ATTEMPTS = 30
TAKEN = "taken"  # what `carry_out` gives for a run that another worker has


class Pulse:
    """A thread that keeps a lease alive, and makes a request of the training when the store or the clock says so."""

    def __init__(self, store: Store, lease: Lease, most_seconds: float, spent: float = 0.0) -> None:
        self.reason: Saying | None = None
        self.stopping, self._pausing = threading.Event(), threading.Event()
        self._store, self._lease, self._most_seconds = store, lease, most_seconds
        self._began = time.monotonic() - spent
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def request(self) -> Request | None:
        """What the training is asked now; a stop comes before a pause."""
        if self.stopping.is_set():
            return Request.STOP
        return Request.PAUSE if self._pausing.is_set() else None

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(PULSE_SECONDS):
            try:
                if time.monotonic() - self._began > self._most_seconds:  # first: the store may be away for long
                    minutes = round(self._most_seconds / 60)
                    sentence = N_("Stopped after {minutes} minutes, the longest a run may train here.")
                    self._stop(Saying(sentence, minutes=minutes))
                run = self._store.run(self._lease.run_id)
                if run.stop_requested:
                    self._stop(Saying("Stopped by hand."))
                if run.pause_requested:
                    self._pausing.set()
                if time.monotonic() - last > BEAT_SECONDS:
                    self._lease.beat()
                    last = time.monotonic()
            except TakenError:
                self._stop(Saying("Another worker has taken this run."))
            except RunError:
                self._stop(Saying("Deleted while it was training."))
            except FittingRoomError:
                continue  # a busy store now is no reason to lose a run; the run's own writes will tell

    def _stop(self, reason: Saying) -> None:
        if not self.stopping.is_set():
            self.reason = reason
            self.stopping.set()


def carry_out(
    run_id: str,
    settings: Settings,
    listen: Callable[[Point], None] = lambda point: None,
    claimed: bool = False,
) -> str:
    """Train one stored run and store what came of it.

    Gives the status at the end: done, stopped, paused, failed, or "taken". `listen` gets each point of the curve.

    `claimed` says that the caller made the run for itself. A run that another worker holds is left alone ("taken"); one
    whose worker is dead or silent goes on from its last checkpoint. Whatever goes wrong with it ends the run as failed,
    with a sentence. Only the store's troubles do not: it is waited for, and where it stays away StoreError is raised
    and the run let go, to be taken up again from its checkpoint.
    """
    store = open_store(settings.store_url)
    try:
        lease = store.lease(run_id) if claimed else _claim(store, run_id)
        if lease is None:
            return TAKEN
        lease = replace(lease, listen=listen)
        try:
            run = patiently(lambda: store.run(run_id))
        except RunError as error:  # a plan that this version cannot read
            return _fail(lease, error.saying)
        if run.attempts > MOST_ATTEMPTS:
            return _fail(lease, Saying(TOO_OFTEN, times=MOST_ATTEMPTS))
        with Pulse(store, lease, 60 * settings.max_minutes, run.seconds or 0.0) as pulse:
            try:
                return _train(store, run, lease, settings, pulse)
            except TakenError:
                return TAKEN
            except StoreError:
                raise
            except FittingRoomError as error:
                why = error.saying
            except Exception as error:  # noqa: BLE001 - whatever happens in a training ends as a sentence, and the next run starts
                why = _saying(error)
        return _fail(lease, why)
    finally:
        store.close()


def _saying(error: Exception) -> Saying:
    """What to say of an error that is none of ours."""
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):  # TensorFlow's has no number
        return Saying(DISK_FULL)
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's own
        return Saying("The computer ran out of memory. Try fewer pictures, a smaller batch or a smaller network.")
    reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return Saying("The training broke off: {reason}", reason=reason)


def _fail(lease: Lease, why: Saying) -> str:
    """Write that a run failed, and why, unless another has it meanwhile."""
    with contextlib.suppress(TakenError):
        lease.fail(why)
    return Status.FAILED


def _claim(store: Store, run_id: str) -> Lease | None:
    """Claim the run; where its last worker may just have been killed, wait until its silence is long enough.

    None when another has it: then that one is heard of while this one waits.
    """
    patience, heard = threading.Event(), None
    for _ in range(round(2 * SILENT_SECONDS)):
        if lease := store.claim(run_id):
            return lease
        try:
            run = store.run(run_id)
        except RunError:  # deleted while it waited here
            return None
        if run.status != Status.RUNNING or heard not in (None, run.heartbeat):
            return None
        heard = run.heartbeat
        patience.wait(1.0)
    return None


def _train(store: Store, run: Run, lease: Lease, settings: Settings, pulse: Pulse) -> str:
    uploaded = patiently(lambda: store.pictures(run.id))
    most = settings.max_own_pictures
    data = dataset.Dataset.from_bytes(uploaded, most) if uploaded else dataset_with(settings, run.fingerprint)
    initial_weights = patiently(lambda: store.initial_weights(run.id))
    if initial_weights is not None:
        result = load(run.plan, data, initial_weights, lease.phase)
    else:
        run.plan.checked(settings, len(data.train_images))
        start = _start(run, patiently(lambda: store.checkpoint(run.id)))
        try:
            result = train(run.plan, data, lease, start, pulse.request)
        except Paused as pause:
            lease.pause(pause.checkpoint)
            return patiently(lambda: _status_after_pause(store, run.id))
    _finish(store, lease, result, pulse)
    return patiently(lambda: store.run(run.id).status)


def _status_after_pause(store: Store, run_id: str) -> str:
    if store.run(run_id).stop_requested:  # asked for while the pause was written
        store.stop(run_id)
    return store.run(run_id).status


def _finish(store: Store, lease: Lease, result: Result, pulse: Pulse) -> None:
    outputs = io.BytesIO()
    np.save(outputs, result.outputs)
    stopped, note = pulse.stopping.is_set(), pulse.reason or result.note
    lease.finish(
        {
            FileKind.KERAS: result.keras,
            FileKind.TFLITE: result.tflite,
            FileKind.WEIGHTS: result.weights,
            FileKind.PROBABILITIES: outputs.getvalue(),
        },
        Status.STOPPED if stopped else Status.DONE,
        progress=patiently(lambda: store.run(lease.run_id).progress) if stopped else 1.0,
        message=note.packed(LONGEST_MESSAGE) if note else "",
        test_accuracy=result.test_accuracy,
        test_loss=result.test_loss,
        seconds=result.seconds,
        temperature=result.temperature,
    )


def _start(run: Run, content: bytes | None) -> Checkpoint | None:
    """Where a run goes on from. One that trains on from another's end has a patience of its own."""
    if content is None:
        return None
    checkpoint = Checkpoint.from_bytes(content)
    begins = bool(run.parent) and run.seams[:1] == [run.kept_epoch]
    return replace(checkpoint, over=False) if begins else checkpoint


@functools.lru_cache(maxsize=1)
def dataset_in_use(settings: Settings) -> dataset.Dataset:
    """The data set this process found, loaded once."""
    return sources.load(settings)


def dataset_with(settings: Settings, fingerprint: str) -> dataset.Dataset:
    """The data set a run was planned with, kept between runs. Raises RunError when this machine has another one."""
    data = dataset_in_use(settings)
    if data.fingerprint != fingerprint:
        dataset_in_use.cache_clear()
        data = dataset_in_use(settings)
    if data.fingerprint != fingerprint:
        raise RunError(
            "This run was planned with other pictures than the worker has now ({pictures}). Start a new one.",
            pictures=data.title,
        )
    return data


def warm_up(settings: Settings, needed: Callable[[], bool] = lambda: False) -> None:
    """Import TensorFlow, load the pictures and, unless `needed` already, run a first tiny training, so that the next
    Start is quick."""
    data = dataset_in_use(settings)
    if needed():
        return
    small = dataset.Dataset(
        data.train_images[:200],
        data.train_labels[:200],
        data.test_images[:200],
        data.test_labels[:200],
        source=data.source,
        origin=data.origin,
        fingerprint="",
        problem=None,
    )
    train(Plan.of("quick", epochs=1), small)
