"""What is put under load: a server with a home folder of its own, its memory and time, and a run that trains in it.

Knows nothing of who comes.
"""

import gzip
import http.client
import json
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from sqlalchemy import func, select

from core.data.dataset import Dataset
from core.errors import RunError
from core.runs.book import NewRun
from core.runs.schema import POINTS, RUNS
from core.runs.store import open_store
from core.runs.workers import address_file
from core.settings import Settings
from core.training.plan import Plan

PROJECT = Path(__file__).resolve().parents[1]
PATIENCE = 120.0  # seconds until a server answers, a run begins or ends
LOOK = 0.1  # seconds between two looks into the store
EPOCHS = 100_000  # of a run that goes on until it is stopped
MEGABYTE = 1e6


@dataclass(frozen=True)
class Reading:
    """How server and workers stand at one time. Memory in megabytes, processor in seconds since their start."""

    at: float
    server_cpu: float
    workers_cpu: float
    server: float  # resident
    everything: float  # of server and workers, what is theirs alone
    written: float  # of that, what they wrote; the rest is code, which the system may drop and read again


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@dataclass
class Server:
    """A Streamlit server that runs."""

    address: str
    home: Path
    process: psutil.Popen

    def resident(self) -> float:
        """Megabytes in memory."""
        return self.process.memory_info().rss / MEGABYTE

    def read(self) -> Reading:
        """How it stands now. Raises RunError when it has ended."""
        try:
            workers = self._workers()
            sizes = [process.memory_full_info() for process in [self.process, *workers]]
            own = sum(size.uss for size in sizes) / MEGABYTE
            written = (
                sum(size.rss - getattr(size, "shared", 0) for size in sizes) / MEGABYTE
            )  # Linux says what is shared
            spent = sum(_cpu(process) for process in workers)
            return Reading(time.time(), _cpu(self.process), spent, self.resident(), own, written)
        except psutil.NoSuchProcess as error:
            raise RunError(f"The server or its worker has ended: {error}") from error

    def _workers(self) -> list[psutil.Process]:
        notes = address_file(Settings(home=self.home))
        if not notes.exists():
            return []
        parent = psutil.Process(json.loads(notes.read_text(encoding="utf-8"))["pid"])
        return [parent, *parent.children(recursive=True)]

    def end(self) -> None:
        """End it and its workers."""
        try:
            workers = self._workers()
        except psutil.NoSuchProcess:
            workers = []
        self.process.terminate()
        for process in workers:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        psutil.wait_procs([self.process, *workers], timeout=10, callback=None)
        if self.process.is_running():
            self.process.kill()


def serve(script: Path, folder: Path, home: Path, **environment: str) -> Server:
    """Start a server on a free port and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"port": port, "address": "127.0.0.1", "headless": "true", "fileWatcherType": "none"}
    arguments = [word for name, value in options.items() for word in (f"--server.{name}", str(value))]
    log = home / "server.log"
    with log.open("w") as output:
        process = psutil.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *arguments, "--browser.gatherUsageStats", "false"],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
    pause, began = threading.Event(), time.monotonic()
    while time.monotonic() - began < PATIENCE and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return Server(f"http://127.0.0.1:{port}", home, process)
        except OSError:
            pause.wait(0.1)
        finally:
            connection.close()
    process.kill()
    raise RunError(f"The server did not start:\n{log.read_text()}")


@contextmanager
def app() -> Iterator[Server]:
    """Fitting Room with one worker."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        own = {"HOME": folder, "WORKERS": "1", "MAX_EPOCHS": str(EPOCHS), "STORE": "", "SCHEDULER": ""}
        environment = {f"FITTING_ROOM_{name}": value for name, value in own.items()}
        server = serve(PROJECT / "app.py", PROJECT, Path(folder), **environment)
        try:
            yield server
        finally:
            server.end()


@contextmanager
def plain_app(data: Dataset) -> Iterator[Server]:
    """The plain app, with the same pictures where Keras looks for them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name) / "datasets" / "fashion-mnist"
        folder.mkdir(parents=True)
        for part, images, labels in (
            ("train", data.train_images, data.train_labels),
            ("t10k", data.test_images, data.test_labels),
        ):
            for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
                head = struct.pack(f">{values.ndim + 1}i", 2048 + values.ndim, *values.shape)
                packed = gzip.compress(head + values.astype(np.uint8).tobytes(), compresslevel=1)
                (folder / f"{part}-{kind}-ubyte.gz").write_bytes(packed)
        script = PROJECT / "benchmarks" / "peer_app.py"
        server = serve(script, Path(name), Path(name), KERAS_HOME=name, TF_CPP_MIN_LOG_LEVEL="3")
        try:
            yield server
        finally:
            server.end()


@dataclass
class Trained:
    """A run that trains, and what the store said of it while it did."""

    run_id: str
    images: int  # that it would learn from until its end
    points: list[float] = field(default_factory=list)  # unix times at which the store had new points
    progress: list[tuple[float, float]] = field(default_factory=list)  # unix time, share of all its pictures

    def speed(self, begin: float, end: float) -> float:
        """Pictures a second between two unix times; 0 when nothing moved."""
        inside = [row for row in self.progress if begin <= row[0] <= end]
        if len(inside) < 2:
            return 0.0
        (first, before), (last, after) = inside[0], inside[-1]
        return self.images * (after - before) / (last - first)


@contextmanager
def training(server: Server, plan: Plan, data: Dataset) -> Iterator[Trained]:
    """A run in the app's worker that has begun to learn; it is stopped at the end. Raises RunError and StoreError."""
    store, ended = open_store(Settings(home=server.home).store_url), threading.Event()
    run_id = store.create(NewRun(plan, plan.title, data.fingerprint, data.title, data.source))
    trained = Trained(run_id, plan.images(len(data.train_labels)))
    query = select(RUNS.c.progress, select(func.max(POINTS.c.id)).where(POINTS.c.run == run_id).scalar_subquery())

    def look() -> None:
        known = None
        while not ended.wait(LOOK):
            with store.database.reading() as connection:
                row = connection.execute(query.where(RUNS.c.id == run_id)).one()
            if row != known and row[1] is not None:
                known, now = row, time.time()
                trained.points.append(now)
                trained.progress.append((now, row[0]))

    looking = threading.Thread(target=look, daemon=True, name="store")
    looking.start()
    try:
        began = time.monotonic()
        while not trained.points:
            if (run := store.run(run_id)).ended or time.monotonic() - began > PATIENCE:
                raise RunError(run.message or "No worker took the run.")
            ended.wait(LOOK)
        yield trained
    finally:
        ended.set()
        looking.join()
        store.stop(run_id)
        pause, began = threading.Event(), time.monotonic()
        while not store.run(run_id).ended and time.monotonic() - began < PATIENCE:
            pause.wait(LOOK)
        store.close()
