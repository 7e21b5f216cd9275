"""start.py chooses a Python and hands every verb to what carries it out."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

import start
from core.command.line import START_VERBS, VERBS

PROJECT = Path(__file__).resolve().parents[2]

OWN_FILES = ("start.py", "installation.py")


@pytest.mark.parametrize("name", OWN_FILES)
def test_python_3_8_can_read_it(name):
    ast.parse((PROJECT / name).read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("name", OWN_FILES)
def test_it_imports_the_standard_library_only(name):
    nodes = list(ast.walk(ast.parse((PROJECT / name).read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"installation"}


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


@pytest.mark.parametrize(("version", "words"), [((3, 8), "too old"), ((3, 14), "too new")])
def test_an_unfitting_python_is_told_what_to_install(version, words):
    sentence = start.unfit_sentence(version)
    assert f"Python 3.{version[1]}" in sentence and words in sentence and "Install Python 3.12" in sentence


def test_nothing_is_run_when_no_python_fits(monkeypatch, capsys):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(start, "find_python", lambda commands: None)
    monkeypatch.setattr(start, "set_up", lambda development, small: pytest.fail("must not install"))
    assert start.main([]) == 1
    assert "too old" in capsys.readouterr().err


def test_another_python_gets_the_same_arguments(monkeypatch):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(start, "find_python", lambda commands: ["/opt/python3.12"])
    monkeypatch.setattr(start, "hand_over", lambda command: command)
    assert start.main(["test", "-q"]) == ["/opt/python3.12", str(PROJECT / "start.py"), "test", "-q"]


def test_only_one_start_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "NOTES", tmp_path)
    with (tmp_path / "lock").open("a+b") as other:
        with start.alone():
            assert not start.lock(other, wait=False)
        assert start.lock(other, wait=False)


@pytest.fixture
def handed(monkeypatch, tmp_path):
    """`start.main` that installs nothing and gives back the command it would hand over to."""
    sizes = {None: "app", True: "small", False: "full"}
    python = lambda development, small: Path(f"python-{'dev' if development else sizes[small]}")  # noqa: E731
    monkeypatch.setattr(start, "set_up", python)
    monkeypatch.setattr(start, "hand_over", lambda command: command)
    monkeypatch.setattr(start.os, "environ", dict(os.environ))
    monkeypatch.chdir(tmp_path)
    return start.main


def test_pytest_gets_its_arguments_in_the_projects_folder(handed):
    assert handed(["test", "-q", "--no-browser"]) == ["python-dev", "-m", "pytest", "-q", "--no-browser"]
    assert Path.cwd() == PROJECT


def test_the_quick_tests_leave_out_the_browser_and_what_is_slow(handed):
    command = handed(["test", "-x", "--quick", "tests/core/test_start.py"])
    assert command == ["python-dev", "-m", "pytest", *start.QUICK, "-x", "tests/core/test_start.py"]
    assert (PROJECT / start.QUICK[0].removeprefix("--ignore=")).is_dir()


@pytest.mark.parametrize("options", [[], ["--no-browser"], ["--port", "9000", "--share"]])
def test_without_a_verb_the_app_is_opened(handed, options):
    assert handed(options) == ["python-app", "-m", "core.launch", *options]


@pytest.mark.parametrize(("options", "size"), [(["--small", "--port", "9000"], "small"), (["--full"], "full")])
def test_the_size_is_the_set_ups_affair_and_not_the_apps(handed, options, size):
    assert handed(options) == [f"python-{size}", "-m", "core.launch", *options[1:]]


@pytest.mark.parametrize("options", [["--open-it"], ["--small", "--full"], ["--sma"]])
def test_an_unknown_option_installs_nothing(monkeypatch, options):
    monkeypatch.setattr(start, "set_up", lambda development, small: pytest.fail("must not install"))
    with pytest.raises(SystemExit, match="2"):
        start.main(options)


def test_any_other_verb_goes_to_core_in_the_persons_own_folder(handed, tmp_path):
    start.os.environ["PYTHONPATH"] = "elsewhere"
    assert handed(["predict", "photo.jpg", "--json"]) == ["python-app", "-m", "core", "predict", "photo.jpg", "--json"]
    assert Path.cwd() == tmp_path
    assert start.os.environ["PYTHONPATH"].split(os.pathsep) == [str(PROJECT), "elsewhere"]


def run_start(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run start.py as a process in a folder, with this Python in place of a set-up one."""
    program = "import sys, start; start.set_up = lambda *_: sys.executable; sys.exit(start.main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


def test_a_verb_reads_the_files_of_the_folder_and_none_of_its_modules(tmp_path):
    Image.new("L", (40, 40), 200).save(tmp_path / "photo.png")
    (tmp_path / "core.py").write_text("raise SystemExit('not this core')")
    (tmp_path / "random.py").write_text("raise SystemExit('not this random')")
    done = run_start(tmp_path, "predict", "photo.png", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["file"] == "photo.png"


@pytest.mark.parametrize(("verb", "meant"), [("trian", "train"), ("chekc", "check"), ("Runs", "runs"), ("xyzzy", "")])
def test_an_unknown_verb_installs_nothing_and_is_answered_with_the_nearest(monkeypatch, capsys, verb, meant):
    monkeypatch.setattr(start, "set_up", lambda *_asked: pytest.fail("must not install"))
    assert start.main([verb]) == 2
    said = capsys.readouterr().err
    assert f"There is no command “{verb}”." in said and (f"Did you mean “{meant}”?" in said) == bool(meant)
    assert start.main([verb, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"].startswith("There is no command")
    assert start.verbs() and set(start.verbs()) == {verb.name for verb in VERBS}


def test_an_unknown_verb_is_answered_with_all_there_are(tmp_path):
    done = run_start(tmp_path, "trian")
    assert done.returncode == 2 and "start.py: error:" in done.stderr and "“trian”" in done.stderr
    assert all(verb in done.stderr for verb in ("train", "predict", "completion", *START_VERBS))


def test_the_verbs_that_core_lists_for_it_are_its_own(handed, monkeypatch):
    monkeypatch.setattr(start, "OWN", dict.fromkeys(start.OWN, lambda python: 0))
    assert {*start.OWN, "test"} == set(START_VERBS)
    assert not [verb for verb in START_VERBS if handed([verb]) == ["python-app", "-m", "core", verb]]


def test_bash_completes_verbs_options_and_files(tmp_path):
    script = run_start(tmp_path, "completion", "bash").stdout
    (tmp_path / "photo.png").touch()
    asking = """
COMP_WORDS=(start.py "$@"); COMP_CWORD=$#; words=("$@")
$(complete -p start.py | sed 's/.*-F \\([^ ]*\\).*/\\1/') start.py "${words[-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

    def completed(*words: str) -> list[str]:
        command = ["bash", "-c", script + asking, "bash", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()

    assert completed("pre") == ["predict"]
    assert completed("ch") == ["check"]
    assert completed("train", "--epo") == ["--epochs"]
    assert completed("predict", "--eye", "o") == ["on", "off"]
    assert completed("predict", "pho") == completed("import", "pho") == ["photo.png"]
    assert completed("export", "mine", "--as", "tf") == ["tflite"]
    assert completed("export", "mine", "--as", "tflite", "--to", "pho") == ["photo.png"]
    assert completed("re") == ["resume", "restore"]


def test_only_pyproject_keeps_the_version(tmp_path):
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = {
        subprocess.run([sys.executable, *command, "--version"], cwd=PROJECT, capture_output=True, text=True).stdout
        for command in (["start.py"], ["-m", "core"])
    }
    assert said == {f"Fitting Room {project['version']}\n"}


def test_the_check_says_what_to_mend(monkeypatch, capsys):
    monkeypatch.setattr(start, "CHECKS", {"good": ("platform",), "bad": ("no_such_module",)})
    assert start.check(Path(sys.executable)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("good     clean") and lines[1].startswith("bad      FAILED")
    assert "No module named no_such_module" in lines[2] and lines[-1] == "To mend: bad."
    monkeypatch.setattr(start, "CHECKS", {"good": ("platform",)})
    assert start.check(Path(sys.executable)) == 0
    assert capsys.readouterr().out.endswith("All is clean.\n")


def test_the_check_is_made_in_the_development_environment(handed, monkeypatch):
    monkeypatch.setattr(start, "OWN", dict.fromkeys(start.OWN, str))
    assert handed(["check"]) == handed(["audit"]) == "python-dev"


KNOWN, UNKNOWN = {"name": "six", "version": "1", "vulns": []}, {"name": "mine", "skip_reason": "not found"}
WEAK = {"name": "pillow", "version": "1.0", "vulns": [{"id": "CVE-1"}, {"id": "CVE-2"}]}


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([KNOWN, UNKNOWN], 0, "requirements.txt: 1 of 2 packages are known there, 0 with known weaknesses."),
        ([KNOWN, WEAK], 1, "  pillow 1.0: CVE-1, CVE-2"),
        ([UNKNOWN, UNKNOWN], 2, "COULD NOT ASK"),
        ([], 2, "COULD NOT ASK"),
        (None, 2, "COULD NOT ASK"),
    ],
)
def test_an_audit_says_what_is_known_of_both_lock_files_and_whether_anybody_answered(capsys, packages, status, words):
    asked = []

    def ask(command, **_options):
        asked.append(Path(command[-1]).name)
        answer = b"" if packages is None else json.dumps({"dependencies": packages, "fixes": []}).encode()
        return subprocess.CompletedProcess(command, 1, answer, b"ERROR: no connection")

    assert start.audit(Path("python"), ask) == status
    assert asked == ["requirements.txt", "requirements-dev.txt"]
    assert words in capsys.readouterr().out.splitlines() or words == "COULD NOT ASK"


def test_an_audit_that_asked_in_vain_says_so_loudly(capsys):
    silent = subprocess.CompletedProcess([], 1, b"", b"")
    assert start.audit(Path("python"), lambda command, **_options: silent) == 2
    assert capsys.readouterr().out.splitlines()[-1].startswith("COULD NOT ASK: no index of known weaknesses answers")


def test_an_audit_asks_in_words_that_pip_audit_knows(tmp_path):
    (tmp_path / "none.txt").write_text("")
    command = [sys.executable, "-m", "pip_audit", *start.AUDIT, "--requirement", str(tmp_path / "none.txt")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert json.loads(done.stdout)["dependencies"] == [], done.stderr


@pytest.mark.parametrize("port", ["-1", "0", "65536", "70000", "8501.5", "x", "", "9" * 5000, "²"])
def test_a_port_that_is_none_is_said_and_installs_nothing(monkeypatch, capsys, port):
    monkeypatch.setattr(start, "set_up", lambda development, small: pytest.fail("must not install"))
    with pytest.raises(SystemExit, match="2"):
        start.main([f"--port={port}"])
    assert f"“{port[:10]}” is no port. Write a whole number from 1 to 65535" in capsys.readouterr().err
    assert start.port("1") == 1 and start.port("65535") == 65535


def test_in_a_folder_that_cannot_be_written_a_verb_is_carried_out_all_the_same(handed, monkeypatch, tmp_path):
    (tmp_path / "in the way").touch()
    monkeypatch.setattr(start, "NOTES", tmp_path / "in the way" / "notes")
    assert handed(["models"]) == ["python-app", "-m", "core", "models"]
