"""start.py chooses a Python, installs once, and says plainly what is wrong; core/launch.py finds the app that runs."""

import ast
import json
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import start
from core import launch

PROJECT = Path(__file__).resolve().parents[2]
SOURCE = (PROJECT / "start.py").read_text(encoding="utf-8")

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


def test_the_file_parses_on_python_3_8():
    ast.parse(SOURCE, feature_version=(3, 8))


def test_it_imports_the_standard_library_only():
    names = {alias.name for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("version", "fitting"),
    [
        ((2, 7), False),
        ((3, 8, 18), False),
        ((3, 10, 13), False),
        ((3, 11, 0), True),
        ((3, 13, 5), True),
        ((3, 14, 0), False),
    ],
)
def test_python_3_11_to_3_13_fit(version, fitting):
    assert start.fits(version) is fitting


def test_the_first_fitting_python_is_taken():
    versions = {"broken": None, "old": (3, 9), "good": (3, 12), "later": (3, 13)}
    assert start.find_python([[name] for name in versions], ask=lambda command: versions[command[0]]) == ["good"]
    assert start.find_python([["broken"], ["old"]], ask=lambda command: versions[command[0]]) is None


def test_pythons_on_the_path_and_of_pyenv_are_candidates(tmp_path):
    ours = tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin" / "python"
    ours.parent.mkdir(parents=True)
    ours.touch()
    (tmp_path / "python3.11").touch()
    names = {"python3.11": str(tmp_path / "python3.11"), "py": "py.exe"}
    commands = list(start.python_commands(tmp_path, which=names.get))
    assert [str(ours)] in commands and [names["python3.11"]] in commands and ["py", "-3.12"] in commands
    assert commands.index([str(ours)]) < commands.index([names["python3.11"]])


def test_a_python_that_does_not_run_has_no_version():
    assert start.version_of([str(PROJECT / "no-such-python")]) is None
    assert start.version_of([sys.executable]) == sys.version_info[:2]


@pytest.mark.parametrize(("version", "words"), [((3, 8), "too old"), ((3, 14), "too new")])
def test_an_unfitting_python_is_told_what_to_install(version, words):
    sentence = start.unfit_sentence(version)
    assert f"Python 3.{version[1]}" in sentence and words in sentence and "Install Python 3.12" in sentence


def test_nothing_is_run_when_no_python_fits(monkeypatch, capsys):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(start, "find_python", lambda commands: None)
    monkeypatch.setattr(start, "set_up", lambda development: pytest.fail("must not install"))
    assert start.main([]) == 1
    assert "too old" in capsys.readouterr().err


def test_another_python_gets_the_same_arguments(monkeypatch):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(start, "find_python", lambda commands: ["/opt/python3.12"])
    monkeypatch.setattr(start, "hand_over", lambda command: command)
    assert start.main(["test", "-q"]) == ["/opt/python3.12", str(PROJECT / "start.py"), "test", "-q"]


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (("Darwin", "x86_64", 64), "Apple chip"),
        (("Windows", "AMD64", 32), "64-bit"),
        (("Darwin", "arm64", 64), None),
        (("Linux", "aarch64", 64), None),
    ],
)
def test_machines_without_tensorflow_are_named(machine, words):
    sentence = start.machine_sentence(*machine)
    assert sentence is None if words is None else words in sentence


def test_a_full_disk_is_named_with_both_figures():
    start.need_room(5_000_000_000)
    with pytest.raises(start.Trouble, match=r"1\.2 GB are free, Fitting Room needs 4 GB"):
        start.need_room(1_200_000_000)


def test_a_missing_venv_names_the_package_of_debian():
    assert "sudo apt install python3.12-venv" in start.venv_sentence((3, 12), "Linux")
    assert "apt" not in start.venv_sentence((3, 12), "Windows")


def test_the_stamp_holds_until_a_line_changes(tmp_path):
    lock, development, stamp = (tmp_path / name for name in ("lock", "development", "stamp"))
    lock.write_text("numpy==1\n")
    development.write_text("pytest==1\n")
    assert not start.installed([lock], stamp)
    stamp.write_text("\n".join(start.digests([lock, development])))
    assert start.installed([lock], stamp) and start.installed([lock, development], stamp)
    stamp.write_text("\n".join(start.digests([lock])))
    assert start.installed([lock], stamp) and not start.installed([lock, development], stamp)
    lock.write_text("numpy==2\n")
    assert not start.installed([lock], stamp)


class Setup:
    """start.set_up in a folder of its own, with pip replaced by prepared answers."""

    def __init__(self, folder: Path, monkeypatch, answers: list[str | None]):
        self.asked, self.stamp = [], folder / "installed.txt"
        for name in (start.LOCK, start.RANGES, start.DEVELOPMENT):
            (folder / name).write_text(f"{name}==1\n")
        monkeypatch.setattr(start, "PROJECT", folder)
        monkeypatch.setattr(start, "STAMP", self.stamp)
        monkeypatch.setattr(start, "installed", lambda files, ask=start.installed: ask(files, self.stamp))
        monkeypatch.setattr(start, "make_environment", lambda: None)
        monkeypatch.setattr(start, "version_of", lambda command: (3, 12))
        monkeypatch.setattr(
            start, "run_pip", lambda files: self.asked.append([file.name for file in files]) or answers.pop(0)
        )


def test_the_second_start_installs_nothing(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, [None])
    start.set_up(development=False)
    start.set_up(development=False)
    assert setup.asked == [[start.LOCK]]


def test_an_app_with_the_tests_packages_needs_no_second_installation(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, [None])
    start.set_up(development=True)
    start.set_up(development=False)
    assert setup.asked == [[start.LOCK, start.DEVELOPMENT]]


def test_an_interrupted_installation_is_done_again(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, ["ERROR: Exception", None])
    with pytest.raises(start.Trouble):
        start.set_up(development=False)
    assert not setup.stamp.exists()
    start.set_up(development=False)
    assert setup.asked == [[start.LOCK], [start.LOCK]]


def test_where_the_pins_do_not_exist_the_ranges_are_taken(tmp_path, monkeypatch, capsys):
    setup = Setup(tmp_path, monkeypatch, ["ERROR: No matching distribution found for tensorflow==2.21.0", None])
    start.set_up(development=False)
    assert setup.asked == [[start.LOCK], [start.RANGES]]
    assert "nearest" in capsys.readouterr().out


def test_without_a_network_the_ranges_are_not_tried(tmp_path, monkeypatch):
    setup = Setup(
        tmp_path,
        monkeypatch,
        ["WARNING: Retrying ... NewConnectionError\nERROR: No matching distribution found for numpy"],
    )
    with pytest.raises(start.Trouble, match="no network"):
        start.set_up(development=False)
    assert setup.asked == [[start.LOCK]]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'", "no network"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
            "too long",
        ),
        ("ERROR: [Errno 13] Permission denied: '.venv/lib'", "could not be written"),
        ("Collecting numpy\nERROR: something else", "ERROR: something else"),
    ],
)
def test_what_pip_says_becomes_a_sentence(said, words):
    assert words in start.explain(said)


def test_progress_follows_pip():
    progress = start.Progress(total=2)
    steps = []
    for line in (
        "Collecting numpy==2.4.6 (from -r requirements.lock (line 3))",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (6.6 kB)",
        "Collecting pandas==3.1.1",
        "Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.6 MB)",
        "Using cached pandas-3.1.1-cp311-cp311-win_amd64.whl (from -r requirements.lock (line 4))",
        "Installing collected packages: numpy, pandas",
    ):
        progress.read(line)
        steps.append((str(progress).count("#"), progress.words))
    assert [words.split(",")[0] for _, words in steps] == [
        "Finding numpy",
        "Finding numpy",
        "Finding pandas",
        "Fetching numpy (16.6 MB)",
        "Fetching pandas",
        "Unpacking everything",
    ]
    assert [bar for bar, _ in steps] == [2, 2, 4, 10, 16, 16]


def test_lines_come_as_they_are_printed():
    process = subprocess.Popen([sys.executable, "-c", "print('one'); print('two')"], stdout=subprocess.PIPE)
    with process:
        assert [line.strip() for line in start.lines_of(process) if line] == ["one", "two"]


def test_only_one_start_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "NOTES", tmp_path)
    with (tmp_path / "lock").open("a+b") as other:
        with start.alone():
            assert not start.lock(other, wait=False)
        assert start.lock(other, wait=False)


def test_pytest_gets_its_arguments(monkeypatch):
    monkeypatch.setattr(start, "set_up", lambda development: f"python development={development}")
    monkeypatch.setattr(start, "hand_over", lambda command: command)
    assert start.main(["test", "-q", "--no-browser"]) == [
        "python development=True",
        "-m",
        "pytest",
        "-q",
        "--no-browser",
    ]
    assert start.main(["--no-browser"]) == ["python development=False", "-m", "core.launch", "--no-browser"]


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


def test_sharing_shows_an_address_and_a_code(monkeypatch, capsys):
    monkeypatch.setattr(launch, "lan_address", lambda: "192.0.2.7")
    launch.announce(launch.Running(1, 8502, share=True), browser=False)
    shown = capsys.readouterr().out
    assert "http://192.0.2.7:8502" in shown and "\N{FULL BLOCK}" in shown
    launch.announce(launch.Running(1, 8502, share=False), browser=False)
    assert "192.0.2.7" not in capsys.readouterr().out
