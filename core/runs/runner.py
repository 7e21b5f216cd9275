"""Carries out one stored run: claims it, trains, and writes what happens to the store.

The same function serves the queue's worker and `python -m core train`. While it works, a pulse tells the store four
times a second that somebody is there, and looks whether a person asked to stop.
"""

import functools
import io
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np

from core.data import dataset, sources
from core.errors import FittingRoomError, RunError, StoreError, TakenError
from core.runs.process import this_process
from core.runs.schema import Run
from core.runs.store import SILENT_SECONDS, Store
from core.settings import Settings
from core.training.checkpoint import Checkpoint, Snapshot
from core.training.loop import load, train
from core.training.plan import Plan
from core.training.progress import Paused, Point, Watcher

PULSE_SECONDS = 0.25
BEAT_SECONDS = 1.0
MOST_ATTEMPTS = 30
PATIENT_SECONDS = 60
log = logging.getLogger(__name__)


class Pulse:
    """A thread that writes a run's heartbeat, and sets `stopping` or `pausing` when the store or the clock says so."""

    def __init__(self, store: Store, run_id: str, most_seconds: float, spent: float = 0.0) -> None:
        self.reason = ""
        self.stopping, self.pausing = threading.Event(), threading.Event()
        self._store, self._run_id, self._most_seconds = store, run_id, most_seconds
        self._began = time.monotonic() - spent
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(PULSE_SECONDS):
            try:
                run = self._store.run(self._run_id)
                if run.stop_requested:
                    self._stop("Stopped by hand.")
                if run.pause_requested:
                    self.pausing.set()
                if time.monotonic() - self._began > self._most_seconds:
                    self._stop(
                        f"Stopped after {self._most_seconds / 60:.0f} minutes, the longest a run may train here."
                    )
                if time.monotonic() - last > BEAT_SECONDS:
                    self._store.update(self._run_id, this_process(), heartbeat=time.time())
                    last = time.monotonic()
            except TakenError:
                self._stop("Another worker has taken this run.")
            except RunError:
                self._stop("Deleted while it was training.")
            except FittingRoomError:
                continue  # a busy store now is no reason to lose a run; the run's own writes will tell

    def _stop(self, reason: str) -> None:
        if not self.stopping.is_set():
            self.reason = reason
            self.stopping.set()


def carry_out(
    run_id: str, settings: Settings, listen: Callable[[Point], None] = lambda point: None, claimed: bool = False
) -> str:
    """Train one stored run and store what came of it.

    Gives the status at the end: done, stopped, paused, failed, or "taken".

    `claimed` says that the caller made the run for itself. A run that another worker holds is left alone ("taken"); one
    whose worker is dead or silent goes on from its last checkpoint. Whatever goes wrong with it ends the run as failed,
    with a sentence. Raises StoreError while the store cannot be opened, or the run not be claimed.
    """
    store = Store(settings.store_url)
    try:
        if not (claimed or _claimed(store, run_id)):
            return "taken"
        if store.run(run_id).attempts > MOST_ATTEMPTS:
            message = (
                f"The training process was ended {MOST_ATTEMPTS} times within an epoch, perhaps for want of memory. Try"
                " fewer pictures."
            )
            _fail(store, run_id, message)
            return "failed"
        run = store.run(run_id)
        with Pulse(store, run_id, 60 * settings.max_minutes, run.seconds or 0.0) as pulse:
            try:
                return _trained(store, run, settings, pulse, listen)
            except TakenError:
                return "taken"
            except FittingRoomError as error:
                message = str(error)
            except Exception as error:  # noqa: BLE001 - whatever else happens in a training must end as a sentence, and the next run must start
                message = _sentence(error)
        _fail(store, run_id, message)
        return "failed"
    finally:
        store.close()


def _sentence(error: Exception) -> str:
    """What to say of an error that is none of ours."""
    if (
        isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    ):  # TensorFlow's own word for it
        return "The computer ran out of memory. Try fewer pictures, a smaller batch or a smaller network."
    return f"The training broke off: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _fail(store: Store, run_id: str, message: str) -> None:
    """Write that a run failed, and why; where not even that can be written, for instance on a full disk, try again for
    a while."""
    pause = threading.Event()
    for _ in range(PATIENT_SECONDS):
        try:
            store.update(run_id, this_process(), status="failed", phase="", finished=time.time(), message=message[:500])
            return
        except TakenError:
            return
        except StoreError as error:
            log.warning("Run %s cannot be ended: %s", run_id, error)
            pause.wait(1.0)


def _claimed(store: Store, run_id: str) -> bool:
    """Claim the run; where its last worker has perhaps just been killed, wait until its silence is long enough to be
    sure."""
    patience = threading.Event()
    for _ in range(round(2 * SILENT_SECONDS)):
        if store.claim(run_id, time.time(), this_process()):
            return True
        try:
            if store.run(run_id).status != "running":
                return False
        except RunError:  # deleted while it waited here
            return False
        patience.wait(1.0)
    return False


def _trained(store: Store, run: Run, settings: Settings, pulse: Pulse, listen: Callable[[Point], None]) -> str:
    me = this_process()
    brought = store.pictures(run.id)
    data = dataset.Dataset.from_bytes(brought) if brought else dataset_with(settings, run.fingerprint)

    def stored(point: Point) -> tuple[dict, dict]:
        row = asdict(point)
        return row, {"progress": row.pop("progress"), "speed": row.pop("speed"), "heartbeat": time.time()}

    def report(point: Point) -> None:
        row, columns = stored(point)
        store.add_point(run.id, row, me, **columns)
        listen(point)

    def epoch(point: Point, snapshot: Snapshot, checkpoint: Checkpoint) -> None:
        row, columns = stored(point)
        store.add_epoch(
            run.id,
            row,
            snapshot.to_bytes(),
            checkpoint.to_bytes(),
            me,
            seconds=checkpoint.seconds,
            attempts=1,
            **columns,
        )
        listen(point)

    def keep(checkpoint: Checkpoint, **columns: object) -> None:
        store.keep(
            run.id,
            checkpoint.to_bytes(),
            checkpoint.standing,
            me,
            seconds=checkpoint.seconds,
            heartbeat=time.time(),
            **columns,
        )

    def phase(words: str) -> None:
        store.update(run.id, me, phase=words, heartbeat=time.time())

    plan = Plan(**run.plan)
    given = store.given(run.id)
    if given is not None:
        result = load(plan, data, given, phase)
    else:
        plan.checked(settings, len(data.train_images))
        watcher = Watcher(report, phase, epoch, keep, pulse.stopping.is_set, pulse.pausing.is_set)
        try:
            result = train(plan, data, watcher, _kept(store, run))
        except Paused as pause:
            keep(
                pause.checkpoint,
                status="paused",
                phase="",
                message="Paused. Others may train meanwhile; it goes on when you say so.",
            )
            if store.run(run.id).stop_requested:  # asked for while the pause was written
                store.stop(run.id)
            return store.run(run.id).status
    buffer = io.BytesIO()
    np.save(buffer, result.outputs)
    status = "stopped" if pulse.stopping.is_set() else "done"
    store.finish(
        run.id,
        {"keras": result.keras, "tflite": result.tflite, "weights": result.weights, "probabilities": buffer.getvalue()},
        me,
        status=status,
        finished=time.time(),
        phase="",
        progress=1.0 if status == "done" else store.run(run.id).progress,
        message=pulse.reason or result.note,
        test_accuracy=result.test_accuracy,
        test_loss=result.test_loss,
        seconds=result.seconds,
        temperature=result.temperature,
    )
    return status


def _kept(store: Store, run: Run) -> Checkpoint | None:
    """Where a run goes on from. One that trains on from another's end has a patience of its own."""
    content = store.checkpoint(run.id)
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
            f"This run was planned with other pictures than the worker has now ({data.title}). Start a new one."
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
        place=data.place,
        fingerprint="",
        problem=None,
    )
    train(Plan.of("quick", epochs=1), small)
