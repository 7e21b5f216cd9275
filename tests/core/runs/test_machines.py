"""Several computers for real: PostgreSQL, a plain scheduler, three workers and two apps, each on a host of its own,
their clocks ten seconds apart. A cable is pulled, an app killed, the database restarted: no run is lost, and none is
ever written by two.

The tests share one cluster and go in their order; the certificates are made by the commands of the deployment page.
"""

import io
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.files import FILES
from core.data.sources import read_folder
from core.runs.book import NewRun
from core.runs.queue import RunQueue
from core.runs.store import open_store
from core.runs.workers import PROJECT
from core.settings import Settings
from core.training.plan import Plan
from tests.conftest import write_idx
from tests.core.processes import wait_for
from tests.machines import Host, Network
from tests.postgres import Server

pytestmark = [pytest.mark.slow, pytest.mark.machines, pytest.mark.postgres]
PORT = 8786
WORKERS = ("worker-1", "worker-2", "worker-3")
APP = """
import threading
from core.runs.queue import RunQueue
from core.settings import Settings
RunQueue(Settings.from_environment()).start()
threading.Event().wait()
"""
# Every word that a worker writes of a run goes through its row: this notes who wrote, in the order of the database.
WITNESS = (
    "CREATE TABLE witness (id SERIAL, run TEXT, worker TEXT)",
    "CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN INSERT INTO witness (run, worker) VALUES (NEW.id, NEW.worker);"
    " RETURN NEW; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER seen AFTER UPDATE ON runs FOR EACH ROW WHEN (NEW.worker <> '') EXECUTE FUNCTION note()",
)


class Cluster:
    """All of it, and a third app in this process."""

    def __init__(self, small_folder: Path, other_folder: Path) -> None:
        self.folders = dict.fromkeys(WORKERS, small_folder) | {"worker-3": other_folder}
        self.network = Network(["scheduler", "app-1", *WORKERS])
        self.hosts = self.network.hosts
        self.hosts["worker-2"].clock, self.hosts["worker-3"].clock = 10.0, -10.0
        self.database = Server(self.network.address, port=5433)
        self.database.create("runs")
        self.url = self.database.url("runs", self.network.address)
        # what was promised is kept when the server is killed, as it is where nobody tests
        self.database.tell("ALTER DATABASE runs SET synchronous_commit = on")
        self.store = open_store(self.url)
        for statement in WITNESS:
            self.database.tell(statement, "runs")
        self._certificates()
        self.address = f"tls://{self.hosts['scheduler'].address}:{PORT}"
        self.app = self._app("app-1")
        self.queue = RunQueue(self._settings("app-2", self.network.folder)).start()

    def _certificates(self) -> None:
        page = (PROJECT / "deploy" / "several-machines.md").read_text(encoding="utf-8")
        [commands] = re.findall(r"```sh certificates\n(.*?)```", page, re.DOTALL)
        subprocess.run(["sh", "-e", "-c", commands], cwd=self.network.folder, check=True, capture_output=True)

    def _settings(self, name: str, home: Path) -> Settings:
        files = {
            f"tls_{kind}": self.network.folder / f"{name}.{end}" for kind, end in (("cert", "crt"), ("key", "key"))
        }
        here = {"home": home, "store": self.url, "scheduler": self.address, "workers": 0}
        return Settings(**here, tls_ca=self.network.folder / "ca.crt", **files)

    def _start(self, name: str, words: list[str], **changes: str) -> subprocess.Popen[bytes]:
        host = self.hosts[name]
        settings = self._settings(name, host.folder)
        path = f"{self.network.folder / 'clock'}:{PROJECT}"
        return host.start(
            [sys.executable, *words], "output.txt", **{**settings.environment, "PYTHONPATH": path, **changes}
        )

    def _app(self, name: str) -> subprocess.Popen[bytes]:
        return self._start(name, ["-c", APP])

    def schedule(self) -> None:
        """Start the scheduler, in a folder without our code, and with nothing that leads it there."""
        files = (("ca-file", "ca.crt"), ("cert", "scheduler.crt"), ("key", "scheduler.key"))
        secured = [f"--tls-{kind}={self.network.folder / file}" for kind, file in files]
        program = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--port", str(PORT)]
        self.hosts["scheduler"].start([*program, "--protocol", "tls", *secured], "output.txt")

    def work(self, *names: str) -> None:
        """Start the workers of these hosts."""
        for name in names:
            data = {"FITTING_ROOM_DATA": str(self.folders[name]), "FITTING_ROOM_WORKERS": "1"}
            self._start(name, ["-m", "core", "workers"], **data)

    def add(self, data: Dataset, epochs: int) -> str:
        """A run that waits; runs of so many epochs on the same data end as the same network."""
        plan = Plan.of("hello-world", epochs=epochs, batch_size=2, dropout=0.3)
        return self.store.create(NewRun(plan, "hello-world", data.fingerprint, data.title, data.source))

    def holder(self, run_id: str) -> Host | None:
        """The host whose worker has a run, or had it last."""
        worker = self.store.run(run_id).worker
        return next((host for host in self.hosts.values() if worker and host.holds(worker)), None)

    def wait(self, what: object, words: str) -> object:
        try:
            return wait_for(what, words)
        except AssertionError as error:
            said = "\n".join(f"{host.name}: {host.said()[-3000:]}" for host in self.hosts.values())
            raise AssertionError(f"{error}; {self.queue.problem} {self.queue._reasons}\n{said}") from error

    def says(self, run_id: str, words: str) -> None:
        """Wait until the app says this of a run that waits."""
        self.wait(lambda: words in str(self.queue.why(run_id)), words)

    def done(self, *runs: str) -> list[np.ndarray]:
        """Wait for these runs; none failed, and nobody wrote about one after another worker had taken it."""
        self.wait(lambda: all(self.store.run(run_id).ended for run_id in runs), "all runs to end")
        written = self.database.tell("SELECT run, worker FROM witness ORDER BY id", "runs")
        for run_id in runs:
            run = self.store.run(run_id)
            assert (run.status, run.message) == ("done", "")
            assert self.store.points(run_id)[1]["epoch"].tolist() == list(range(1, run.plan.epochs + 1))
            turns = [worker for worker, _ in groupby(worker for about, worker in written if about == run_id)]
            assert len(turns) == len(set(turns)) == len(run.seams) + 1, turns
        return [np.load(io.BytesIO(self.store.artifact(run_id, "probabilities"))) for run_id in runs]

    def remove(self) -> None:
        self.queue.close()
        self.store.close()
        self.network.remove()
        self.database.remove()


@pytest.fixture(scope="module")
def other(garments: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with other pictures than everybody's."""
    folder = tmp_path_factory.mktemp("other")
    arrays = (garments.test_images, garments.test_labels, garments.test_images[:200], garments.test_labels[:200])
    for name, array in zip(FILES, arrays, strict=True):
        write_idx(folder / f"{name}.gz", array)
    return folder


@pytest.fixture(scope="module")
def cluster(small_folder: Path, other: Path) -> Iterator[Cluster]:
    made = Cluster(small_folder, other)
    try:
        yield made
    finally:
        made.remove()


def test_a_run_waits_for_a_worker_that_has_its_data_says_so_and_starts_when_one_comes(
    cluster: Cluster, small: Dataset, other: Path
) -> None:
    usual, rare = cluster.add(small, 1), cluster.add(read_folder(other), 1)
    cluster.says(rare, "No scheduler answers at tls://")
    cluster.schedule()
    cluster.says(rare, "No worker has joined the scheduler yet")
    cluster.work("worker-1", "worker-2")
    cluster.says(rare, "No worker has this data set")
    assert cluster.store.run(rare).status == "waiting" and cluster.queue.why(usual) is None
    cluster.work("worker-3")
    cluster.done(usual, rare)
    assert cluster.holder(rare) is cluster.hosts["worker-3"]


def test_a_cable_pulled_in_the_middle_of_a_run_costs_nothing_that_was_learned(cluster: Cluster, small: Dataset) -> None:
    disturbed, beside = cluster.add(small, 12), cluster.add(small, 12)
    cluster.wait(lambda: cluster.store.run(disturbed).kept_epoch >= 2, "an epoch to be kept")
    host = cluster.holder(disturbed)
    host.cut()
    cluster.wait(lambda: cluster.holder(disturbed) is not host, "another worker to take the run")
    host.mend()
    first, second = cluster.done(disturbed, beside)
    assert np.array_equal(first, second)
    assert len(cluster.store.run(disturbed).seams) == 1 and cluster.store.run(beside).seams == []


def test_an_app_that_is_killed_and_a_database_that_starts_again_lose_nothing(cluster: Cluster, small: Dataset) -> None:
    runs = [cluster.add(small, 8) for _ in range(4)]
    cluster.wait(lambda: cluster.store.run(runs[0]).kept_epoch >= 1, "an epoch to be kept")
    cluster.hosts["app-1"].off()
    cluster.database.stop(signal.SIGQUIT)
    cluster.database.start()
    answers = cluster.done(*runs)
    assert all(np.array_equal(each, answers[0]) for each in answers)
    assert [cluster.store.run(run_id).seams for run_id in runs] == [[]] * 4  # the workers waited for their store


def test_hosts_with_clocks_ten_seconds_apart_have_taken_part(cluster: Cluster) -> None:
    shifts = {host.clock for run in cluster.store.runs() if (host := cluster.holder(run.id))}
    assert len(shifts) >= 2
