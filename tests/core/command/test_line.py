"""The command line as a whole: help, verbs that are none, errors, output that nobody reads, noise that nobody needs."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.command.line import START_VERBS, VERBS, _read
from core.command.output import Output
from core.settings import Settings
from tests.core.command.conftest import Command

PROJECT = Path(__file__).resolve().parents[3]
NAMES = [verb.name for verb in VERBS]
# What to type behind each verb where the store must be opened.
OF_A_STORE = {
    "train": "quick",
    "load": "hello-world fresh.weights.h5",
    "import": "mine.zip",
    "code": "mine",
    "export": "mine --as keras",
    "evaluate": "mine",
    "predict": "--model mine x.png",
    "runs": "",
    **dict.fromkeys(("stop", "pause", "resume", "delete", "restore"), "mine"),
}
WITHOUT_ONE = {"models", "download", "completion", "workers"}


def test_every_verb_has_help_with_an_example_and_json(command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        with pytest.raises(SystemExit) as ended:
            command(verb.name, "--help")
        out = capfd.readouterr().out
        assert ended.value.code == 0 and "--json" in out and f"start.py {verb.name}" in out.split("examples:")[1]
    with pytest.raises(SystemExit):
        command("--help")
    out = capfd.readouterr().out
    assert all(name in out for name in NAMES) and "exit status:" in out and "130" in out


def test_help_can_be_asked_for_as_a_verb(command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    for words, begins in (["help"], "usage: start.py [-h]"), (["help", "train"], "usage: start.py train [-h]"):
        with pytest.raises(SystemExit):
            command(*words)
        assert capfd.readouterr().out.startswith(begins)


def test_the_commands_in_the_documents_are_understood_and_are_all_there_are(command: Command) -> None:
    text = (PROJECT / "docs" / "using.md").read_text(encoding="utf-8")
    block = text.split("## Without a browser")[1].split("```")[1]
    lines = [shlex.split(line.split(" <")[0], comments=True)[2:] for line in block.strip().splitlines()]
    known = [words for words in lines if words[0] not in START_VERBS]
    assert all(_read(words).verb.name == words[0] for words in known)
    assert {words[0] for words in known} | {"pause", "resume", "delete", "restore"} == set(NAMES)


def test_the_examples_are_understood(command: Command) -> None:
    for verb in VERBS:
        for example in verb.examples:
            words = shlex.split(example.split(">")[0].split("<")[0])
            assert _read([verb.name, *words]).verb is verb


@pytest.mark.parametrize(("verb", "meant"), [("trian", "train"), ("Runs", "runs"), ("exprot", "export"), ("xyzzy", "")])
def test_a_wrong_verb_is_answered_with_the_nearest_and_all_there_are(command: Command, verb: str, meant: str) -> None:
    said = command(verb)
    assert said.status == 2 and said.out == "" and f"There is no command “{verb}”." in said.err
    assert (f"Did you mean “{meant}”?" in said.err) == bool(meant)
    assert all(name in said.err for name in NAMES)
    said = command(verb, "--json")
    assert said.status == 2 and said.rows[0]["error"].startswith("There is no command")


def test_words_that_make_no_command_are_one_row_with_json(command: Command) -> None:
    for words in (["train"], ["train", "quick", "--epochs", "many"], ["stop"], ["export", "x", "--as", "gif"], []):
        said = command(*words, "--json")
        assert said.status == 2 and [set(row) for row in said.rows] == [{"error"}]
        assert command(*words).err.startswith("usage: start.py")


BROKEN_STORES = {
    "postgresql://me:hunter2@h:port/db": "not a database address",
    "hunter2": "not a database address",
    "sqlite://": "in memory",
    "sqlite:////dev/null/hunter/runs.sqlite": "FITTING_ROOM_HOME",
}


def test_every_verb_says_in_one_sentence_that_the_store_is_none(
    command: Command, small_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {*OF_A_STORE, *WITHOUT_ONE} == set(NAMES)
    for address, words in BROKEN_STORES.items():
        monkeypatch.setenv("FITTING_ROOM_STORE", address)
        for verb, rest in OF_A_STORE.items():
            error = command(verb, *rest.split(), "--json").rows[-1]["error"]
            assert words in error and "\n" not in error and "hunter2" not in error


def test_every_verb_says_in_one_sentence_that_a_setting_is_none(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("-1", "9" * 5000):
        monkeypatch.setenv("FITTING_ROOM_MAX_EPOCHS", text)
        for verb, rest in (OF_A_STORE | {"models": "", "workers": "", "download": "", "completion": "bash"}).items():
            error = command(verb, *rest.split()).error
            assert error.startswith("FITTING_ROOM_MAX_EPOCHS is “") and "\n" not in error and len(error) < 200


def test_a_home_folder_that_cannot_be_made_is_said(
    command: Command, small_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FITTING_ROOM_HOME", str(tmp_path / "file" / "home"))
    before = psutil.Process().nice()
    for words in (["runs"], ["evaluate", "mine"], ["train", "quick"], ["stop", "mine"], ["workers"]):
        error = command(*words, "--json").rows[-1]["error"]
        assert str(tmp_path / "file") in error or "FITTING_ROOM_HOME" in error
    assert psutil.Process().nice() == before  # workers that are refused leave their process as it was
    for words in (["evaluate", "shipped"], ["export", "shipped", "--as", "tflite", "--to", str(tmp_path)]):
        assert command(*words).status == 0  # which need no store
    monkeypatch.delenv("FITTING_ROOM_DATA")
    assert "cannot be written to" in command("download", "--json").rows[-1]["error"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="`head` is a program of Unix")
def test_who_stops_reading_the_output_gets_no_traceback(small_home: Settings, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    lines = {
        "models --json": 0,
        "code quick": 0,
        "completion bash": 0,
        "--help": 0,
        "runs": 0,
        f"predict {tmp_path}/no.png --json": 1,
        "evaluate shipped": 0,
        "stop nobody --json": 1,
    }
    for words, status in lines.items():
        typed = [sys.executable, "-m", "core", *words.split()]
        with subprocess.Popen(typed, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout and process.stderr
            process.stdout.close()
            assert (process.stderr.read(), process.wait()) == (b"", status), words


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is a file of Linux")
def test_a_full_disk_is_said(home: Settings) -> None:
    with open("/dev/full", "w") as full:
        typed = [sys.executable, "-m", "core", "models"]
        done = subprocess.run(typed, cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 1 and done.stderr.startswith("The output cannot be written (")
    assert done.stderr.count("\n") == 1


def test_a_training_goes_on_when_nobody_reads_of_it_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = os.pipe()
    os.close(ends[0])
    with open(ends[1], "w", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        out = Output(True)
        out.lasting = True
        for _ in range(3):
            out.row({"event": "epoch"})
        out.close()


def test_the_command_line_loads_without_what_its_verbs_need() -> None:
    heavy = {"numpy", "sqlalchemy", "pandas", "cv2", "distributed", "rich"}
    asking = f"import sys, core.command.line; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asking], cwd=PROJECT, capture_output=True, encoding="utf-8")
    assert done.stdout == "[]\n", done.stderr


def test_numbers_for_people_have_a_blank_that_grep_finds(capfd: pytest.CaptureFixture[str]) -> None:
    Output(False).words("90.5\u00a0% right")
    assert capfd.readouterr().out == "90.5 % right\n"


def test_completion_is_one_row_with_json(command: Command) -> None:
    (row,) = command("completion", "zsh", "--json").rows
    assert row["shell"] == "zsh" and all(name in row["script"] for name in NAMES)


@pytest.mark.slow
def test_a_training_says_nothing_but_its_own_words(small_home: Settings) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    words = ["train", "quick", "--epochs", "1", "--examples", "200", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "core", *words], cwd=PROJECT, env=variables, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "done"
