"""Who can reach the training processes, with real ones: this account with its credentials, and nobody else; and how
they end."""

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, Security, SpecCluster

from core.runs import credentials
from core.runs.crew import crew
from core.runs.queue import RunQueue
from core.runs.workers import PROJECT, QuietScheduler, address_file, environment
from core.settings import Settings
from tests.core import processes
from tests.core.processes import kill, wait_for

pytestmark = pytest.mark.slow
NOBODY = 65534
ROOT = os.name != "nt" and os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="only root can act as another account")
only_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

# what somebody does who knows where the processes listen, but has no credentials: prints what came of each attempt
ATTACK = r"""
import json, os, socket, ssl, sys
from distributed import Client, Security
account, ports, target, files = json.loads(sys.argv[1])
own = Security.temporary().get_tls_config_for_role("client")
pair = {"tls_client_cert": own["cert"], "tls_client_key": own["key"]}
if account:
    os.setgroups([]); os.setgid(account); os.setuid(account)

def write():
    with open(target, "w") as file:
        file.write("here I was")

def tried(what):
    try:
        return what()
    except BaseException as error:
        return f"refused: {type(error).__name__}"

def order(address, security):
    with Client(address, security=security, timeout="3s", set_as_default=False) as client:
        client.run_on_scheduler(write)
        return "carried out"

def talk(port, wrap, words):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line, wrap(line) as line:
        line.sendall(words)
        return line.recv(1000)[:5].hex()

def tls(line):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(line)

def of_server(port):
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=5)

found = {"account": os.geteuid() if hasattr(os, "geteuid") else None}
for port in ports:
    shown = tried(lambda: of_server(port))
    forged = Security(require_encryption=True, tls_ca_file=shown, **pair)
    found[f"tls certificate {port}"] = shown[:27]
    found[f"tls client {port}"] = tried(lambda: order(f"tls://127.0.0.1:{port}", forged))
    found[f"tcp client {port}"] = tried(lambda: order(f"tcp://127.0.0.1:{port}", None))
    found[f"http {port}"] = tried(lambda: talk(port, lambda line: line, b"GET / HTTP/1.0\r\n\r\n"))
    found[f"tls without certificate {port}"] = tried(lambda: talk(port, tls, b"GET / HTTP/1.0\r\n\r\n"))
for file in files:
    found[file] = tried(lambda: open(file).read(5) if os.path.isfile(file) else os.listdir(file) and "seen")
print(json.dumps(found), flush=True)
os._exit(0)
"""


class Workers:
    """`python -m core workers` in a home of its own, what it prints, and its family."""

    def __init__(self, settings: Settings, **variables: str) -> None:
        self.settings = settings
        self.output = Path(f"{settings.folder}.txt")
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core", "workers"],
                cwd=PROJECT,
                env={**environment(settings), "FITTING_ROOM_WORKERS": "1", **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **({} if os.name == "nt" else {"start_new_session": True}),
            )

    def started(self) -> credentials.Credentials:
        return wait_for(lambda: credentials.read(address_file(self.settings)) or self.process.poll(), "the workers")

    def family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            this = psutil.Process(self.process.pid)
            return [this, *this.children(recursive=True)]
        return []

    def trainers(self) -> list[int]:
        """Those of the family that Dask started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [one.pid for one in self.family() if "spawn_main" in " ".join(one.cmdline())]
        return []

    def assert_ends(self, status: int = 0) -> None:
        """It ends with this status, quietly, and leaves nobody behind."""
        family = self.family()
        assert self.process.wait(60) == status, self.output.read_text()
        assert psutil.wait_procs(family, timeout=30)[1] == []
        assert "Traceback" not in self.output.read_text(), self.output.read_text()

    def close(self) -> None:
        kill(*(process.pid for process in self.family()))
        self.process.wait()


@pytest.fixture
def workers(home: Settings) -> Iterator[Workers]:
    """Workers that have just been asked to start; whatever is left of them after the test is killed."""
    running = Workers(home)
    yield running
    running.close()


@pytest.fixture(scope="module")
def open_house() -> Iterator[Path]:
    """A folder that every account can look into and write into."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # noqa: S103 - so that only what the app does keeps others out
        yield Path(folder)


@pytest.fixture(scope="module")
def reachable(open_house: Path) -> Iterator[Workers]:
    """Workers whose home every account can look into."""
    (open_house / "home").mkdir(mode=0o755)
    running = Workers(Settings(home=open_house / "home"))
    try:
        running.started()
        yield running
    finally:
        running.close()


def attacked(account: int, ports: list[int], target: Path, files: list[Path]) -> dict[str, str]:
    words = json.dumps([account, ports, str(target), [str(file) for file in files]])
    done = subprocess.run(
        [sys.executable, "-c", ATTACK, words], cwd=PROJECT, capture_output=True, timeout=150, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "account",
    [pytest.param(NOBODY, id="another account", marks=only_root), pytest.param(0, id="this account")],
)
def test_nobody_without_the_credentials_can_make_the_training_processes_do_anything(
    account: int, reachable: Workers, open_house: Path
) -> None:
    known = reachable.started()
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in reachable.family()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address for address, _ in listening} == {"127.0.0.1"}
    ports = sorted(port for _, port in listening)
    assert int(known.address.rpartition(":")[2]) in ports and len(ports) == 3  # the scheduler, a nanny, a worker

    (open_house / "public.txt").write_text("public")
    target = open_house / f"written-{account}"
    secret = [address_file(reachable.settings), reachable.settings.folder / "scratch"] if account else []
    found = attacked(account, ports, target, [open_house / "public.txt", *secret])
    assert found.pop(str(open_house / "public.txt")) == "publi"
    assert found.pop("account") == (account or (os.geteuid() if os.name != "nt" else None))
    for port in ports:
        assert found.pop(f"tls certificate {port}") == "-----BEGIN CERTIFICATE-----"
        assert found.pop(f"http {port}")[:2] in ("", "15", "re"), "only an alert of TLS, or nothing"
    assert found and all(words.startswith("refused") or words == "" for words in found.values()), found
    assert not target.exists()

    with Client(known.address, security=known.security(), timeout="20s", set_as_default=False) as client:
        assert client.submit(target.write_text, "here I was").result(timeout=60)
    assert target.read_text() == "here I was"
    key = known.key.splitlines()[5]
    for process in reachable.family():
        assert key not in " ".join([*process.cmdline(), *process.environ().values()])
    output = reachable.output.read_text()
    assert key not in output and "handshake" not in output  # nor can strangers fill the disk with what is logged


@pytest.mark.parametrize("account", [pytest.param(NOBODY, marks=only_root), 0])
def test_the_same_attack_carries_through_where_a_scheduler_asks_nobody(account: int, open_house: Path) -> None:
    """So the test above does not pass because the attack is a weak one."""
    options = {"host": "127.0.0.1", "protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}
    target = open_house / f"open-{account}"
    with SpecCluster(scheduler={"cls": QuietScheduler, "options": options}) as cluster:
        port = int(cluster.scheduler_address.rpartition(":")[2])
        found = attacked(account, [port], target, [])
    assert found[f"tcp client {port}"] == "carried out" and target.read_text() == "here I was", found
    assert not found[f"http {port}"].startswith("refused"), found


@only_posix
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="SIGTERM"),
        pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.nightly),
    ],
)
def test_workers_that_are_asked_to_end_do_so_in_order_also_while_one_is_started_anew(
    number: signal.Signals, workers: Workers
) -> None:
    workers.started()
    before = wait_for(workers.trainers, "the worker")
    kill(*before)
    wait_for(lambda: set(workers.trainers()) - set(before), "a new worker")
    os.killpg(workers.process.pid, number) if number == signal.SIGINT else workers.process.terminate()
    workers.assert_ends()
    assert not address_file(workers.settings).exists()


@only_posix
def test_workers_asked_to_end_while_they_start_do_so_in_order(workers: Workers) -> None:
    wait_for(workers.trainers, "the first worker to be started")
    os.killpg(workers.process.pid, signal.SIGINT)
    workers.assert_ends()


def test_when_the_scheduler_is_killed_its_workers_are_gone_too_and_print_no_traceback(workers: Workers) -> None:
    workers.started()
    family = workers.family()
    kill(workers.process.pid)
    assert psutil.wait_procs(family, timeout=30)[1] == []
    assert "Traceback" not in workers.output.read_text(), workers.output.read_text()
    assert credentials.read(address_file(workers.settings)) is None


APP = """
import threading
from core.runs.queue import RunQueue
from core.settings import Settings
run_queue, pause = RunQueue(Settings.from_environment()).start(), threading.Event()
while not run_queue.ready:
    pause.wait(0.05)
print("ready", flush=True)
pause.wait()
"""


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(psutil.Process.kill, id="kill"),
        pytest.param(psutil.Process.terminate, id="terminate", marks=pytest.mark.nightly),
    ],
)
def test_an_app_whose_workers_are_ended_says_so_in_plain_lines_and_starts_new_ones(
    end: Callable[[psutil.Process], None], home: Settings
) -> None:
    file, output = address_file(home), home.folder / "app.txt"
    words = {**environment(home), "FITTING_ROOM_WORKERS": "1"}
    with open(output, "wb") as stream:
        app = subprocess.Popen([sys.executable, "-c", APP], cwd=PROJECT, env=words, stdout=stream, stderr=stream)
    try:
        wait_for(lambda: "ready" in output.read_text(), "the app to reach its workers")
        first = credentials.read(file)
        family = psutil.Process(first.pid).children(recursive=True)
        end(psutil.Process(first.pid))
        assert psutil.wait_procs(family, timeout=30)[1] == []
        second = wait_for(lambda: credentials.read(file), "new workers")
        assert second.pid != first.pid and (second.address, second.key) != (first.address, first.key)
        wait_for(lambda: "is lost" in output.read_text(), "the line that says it")
    finally:
        kill(*(process.pid for process in reversed(processes.family(home))), app.pid)
        app.wait()
    assert "Traceback" not in output.read_text() and "Error" not in output.read_text(), output.read_text()
    assert "Traceback" not in (home.folder / "workers.log").read_text()


@pytest.mark.parametrize("fate", ["deleted", "taken over"])
def test_workers_end_when_their_home_is_deleted_or_others_work_in_it(fate: str, workers: Workers) -> None:
    known = workers.started()
    if fate == "deleted":
        shutil.rmtree(workers.settings.folder)
    else:
        content = {**asdict(known), "pid": os.getpid()}
        address_file(workers.settings).write_text(json.dumps(content))
    workers.assert_ends()
    assert address_file(workers.settings).exists() == (fate == "taken over")


def test_a_scheduler_with_tls_elsewhere_is_used_with_the_certificates_of_dasks_configuration(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    own = Security.temporary().get_tls_config_for_role("client")
    both = home.folder / "both.pem"
    both.write_text(own["cert"] + own["key"])
    keys = ("ca-file", "scheduler.cert", "worker.cert", "client.cert")
    configuration = {f"distributed.comm.tls.{key}": str(both) for key in keys}
    variables = {
        "DASK_" + key.upper().replace("-", "_").replace(".", "__"): value for key, value in configuration.items()
    }
    options = {"host": "127.0.0.1", "protocol": "tls://"}
    with (
        dask.config.set(configuration),
        SpecCluster(scheduler={"cls": QuietScheduler, "options": options}) as cluster,
    ):
        address = cluster.scheduler_address
        joined = Workers(home, FITTING_ROOM_SCHEDULER=address, **variables)
        run_queue = RunQueue(Settings(home=home.folder, scheduler=address)).start()
        try:
            wait_for(lambda: run_queue.ready or run_queue.problem, "the queue")
            assert run_queue.problem is None
            wait_for(lambda: cluster.scheduler.workers or joined.process.poll() is not None, "the worker")
            assert crew(run_queue._client.scheduler_info()["workers"].values())[0].store
            joined.process.terminate()
            joined.assert_ends(1 if os.name == "nt" else 0)
            killed = Workers(Settings(home=home.folder / "killed"), FITTING_ROOM_SCHEDULER=address, **variables)
            wait_for(killed.trainers, "the worker of the second")
            family = killed.family()
            killed.process.kill()
            killed.process.wait()
            assert psutil.wait_procs(family, timeout=30)[1] == [], "they outlived the process that started them"
        finally:
            run_queue.close()
            joined.close()
        with dask.config.set(dict.fromkeys(configuration)):
            files = {f"tls_{kind}": home.folder / f"other.{kind}" for kind in ("ca", "cert", "key")}
            others = Security.temporary().get_tls_config_for_role("client")
            for kind, text in (("ca", others["cert"]), ("cert", others["cert"]), ("key", others["key"])):
                files[f"tls_{kind}"].write_text(text)
            for shown, words in (({}, "takes only those with a certificate"), (files, "each other's certificates")):
                stranger = RunQueue(Settings(home=home.folder, scheduler=address, **shown)).start()
                wait_for(lambda: stranger.ready or stranger.problem, "the sentence")  # noqa: B023 - used at once
                assert words in str(stranger.problem)
                stranger.close()
    assert [record for record in caplog.records if "can run code" in record.message] == []


def test_a_scheduler_without_tls_elsewhere_is_used_and_the_log_says_once_what_that_means(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"host": "127.0.0.1", "protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}
    with (
        SpecCluster(scheduler={"cls": QuietScheduler, "options": options}) as cluster,
        caplog.at_level(logging.WARNING),
    ):
        run_queue = RunQueue(Settings(home=home.folder, scheduler=cluster.scheduler_address)).start()
        wait_for(lambda: run_queue.ready, "the queue")
        run_queue.close()
    [record] = [record for record in caplog.records if "can run code" in record.message]
    assert record.levelname == "WARNING" and cluster.scheduler_address in record.message
