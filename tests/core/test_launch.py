"""core/launch.py finds the app that runs, or opens a new one, for this computer or for its network."""

import json
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import psutil
import pytest

from core import launch

PROJECT = Path(__file__).resolve().parents[2]

# Answers like a Streamlit app on the port named in its own command line, and says on its output when it listens.
HEALTH_SERVER = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[3].encode())
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2].split("=")[1])), Health)
print("listening", flush=True)
server.serve_forever()
"""


@pytest.fixture
def serve():
    """Start processes that answer `answer` to a health question, named like the app at `path`."""
    started = []

    def start_one(path: Path, port: int, answer: str = "ok") -> psutil.Popen:
        command = [sys.executable, "-c", HEALTH_SERVER, str(path), f"--server.port={port}", answer]
        started.append(psutil.Popen(command, stdout=subprocess.PIPE))
        assert started[-1].stdout.readline() == b"listening\n"
        return started[-1]

    yield start_one
    for process in started:
        launch.end(process)
        process.stdout.close()


@pytest.fixture
def port() -> int:
    """A port nobody serves just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def note_of(folder: Path, **running) -> Path:
    note = folder / "running.json"
    note.write_text(json.dumps(running))
    return note


def test_a_second_start_opens_the_app_that_runs(tmp_path, monkeypatch, serve, port, capsys):
    app = serve(PROJECT / "app.py", port)
    opened = []
    monkeypatch.setattr(launch, "NOTE", note_of(tmp_path, pid=app.pid, port=port, share=False))
    monkeypatch.setattr(launch, "has_screen", lambda: True)
    monkeypatch.setattr(launch.webbrowser, "open", lambda address: opened.append(address) or True)
    monkeypatch.setattr(launch, "open_new", lambda *_: pytest.fail("must not start a second app"))
    assert launch.main([]) == 0
    assert opened == [f"http://127.0.0.1:{port}"]
    assert "runs already" in capsys.readouterr().out


def test_an_app_of_another_project_is_not_ours(tmp_path, serve, port):
    app = serve(tmp_path / "app.py", port)
    assert launch.running_app(note_of(tmp_path, pid=app.pid, port=port, share=False)) is None


def test_an_app_that_has_ended_is_not_running(tmp_path, serve, port):
    app = serve(PROJECT / "app.py", port)
    app.kill()
    app.wait()
    assert launch.running_app(note_of(tmp_path, pid=app.pid, port=port, share=False)) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "port": 1, "share": false}', "nonsense"])
def test_a_spoilt_note_is_no_app(tmp_path, text):
    (tmp_path / "running.json").write_text(text)
    assert launch.running_app(tmp_path / "running.json") is None


def test_only_ok_is_healthy(tmp_path, serve, port):
    assert not launch.healthy(port)
    serve(tmp_path / "x", port, answer="something else")
    assert not launch.healthy(port)


def test_a_taken_port_means_the_next_one(serve, tmp_path, port):
    assert launch.free_port(port, share=False) == port
    serve(tmp_path / "x", port)
    assert port < launch.free_port(port, share=False) < port + launch.PORTS_TRIED
    assert launch.free_port(65536, share=False) is None


def test_an_app_that_ends_at_once_is_said(port):
    app = psutil.Popen([sys.executable, "-c", "pass"])
    assert "ended while it started" in launch.wait_for(app, port)


def test_an_app_is_ended_once_and_for_all(serve, tmp_path, port):
    app = serve(tmp_path / "x", port)
    launch.end(app)
    launch.end(app)
    assert not app.is_running()


def test_an_app_that_stays_silent_is_said(port):
    app = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert "has not answered" in launch.wait_for(app, port, seconds=0)
    app.stdin.close()
    app.wait()


@pytest.mark.parametrize(
    ("share", "address"), [(False, "--server.address=127.0.0.1"), (True, "--server.address=0.0.0.0")]
)
def test_only_this_computer_is_served_unless_asked(share, address):
    assert address in launch.app_command(8501, share)


def test_who_serves_the_app_says_whom_it_listens_to():
    """A container, or a host that runs app.py by itself, has its own address: the project's settings name none."""
    config = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert "address" not in config["server"] and "port" not in config["server"]


def test_sharing_shows_an_address_and_a_code(monkeypatch, capsys):
    monkeypatch.setattr(launch, "lan_address", lambda: "192.0.2.7")
    launch.announce(launch.Running(1, 8502, share=True), browser=False)
    shown = capsys.readouterr().out
    assert "http://192.0.2.7:8502" in shown and "\N{FULL BLOCK}" in shown
    launch.announce(launch.Running(1, 8502, share=False), browser=False)
    assert "192.0.2.7" not in capsys.readouterr().out


def test_an_app_is_opened_and_ended_in_a_folder_that_cannot_be_written(tmp_path, monkeypatch, port, capsys):
    (tmp_path / "in the way").touch()
    command = [sys.executable, "-c", "input()"]
    monkeypatch.setattr(launch, "app_command", lambda port, share: command)
    monkeypatch.setattr(launch, "wait_for", lambda app, port: app.kill())
    note = tmp_path / "in the way" / "running.json"
    assert launch.open_new(note, port, share=False, browser=False) != 0
    assert f"Fitting Room is open at http://127.0.0.1:{port}" in capsys.readouterr().out
