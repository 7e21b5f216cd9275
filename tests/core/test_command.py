"""`python -m core` as a person or a program uses it: real processes, real files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from core.__main__ import main
from core.data.dataset import Dataset
from core.errors import RunError
from core.inference.explanation import WITHOUT_EYE
from core.inference.eye import DAMAGED, Eye
from core.runs.book import NewRun
from core.runs.process import this_process
from core.runs.store import open_store
from core.settings import Settings
from core.vision.reading import read_photo
from models.catalogue import RECIPES
from tests.stored import alter

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]


def core(*arguments: str, status: int = 0) -> list[dict]:
    """Run a command with --json; every line it prints must be one JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"],
        cwd=PROJECT, env=os.environ, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# Several commands in one process: its start is paid once.
SEVERAL = """
import json, sys
from core.__main__ import main
for arguments in json.load(sys.stdin):
    print(json.dumps({"status": main([*arguments, "--json"])}))
"""


def several(*commands: tuple[str, ...]) -> list[list[dict]]:
    """What each of the commands prints with --json, and at its end {"status": the exit status}."""
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL],
        cwd=PROJECT,
        env=os.environ,
        input=json.dumps(commands),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: list[list[dict]] = [[]]
    for row in map(json.loads, done.stdout.splitlines()):
        printed[-1].append(row)
        if "status" in row and len(row) == 1:
            printed.append([])
    return printed[: len(commands)]


@pytest.fixture
def small_home(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    return Settings.from_environment()


def test_models_lists_every_network() -> None:
    rows = core("models")
    assert [row["name"] for row in rows] == list(RECIPES)
    assert all(
        row["parameters"] == sum(layer["parameters"] for layer in row["layers"]) and row["source"] for row in rows
    )


def test_a_network_is_trained_listed_scored_and_asked(small_home: Settings, small: Dataset, tmp_path: Path) -> None:
    events = core(
        "train",
        "quick",
        "--examples",
        "600",
        "--epochs",
        "2",
        "--batch-size",
        "32",
        "--seed",
        "5",
        "--name",
        "Mine",
        "--schedule",
        "cosine",
    )
    assert {event["event"] for event in events} == {"batch", "epoch", "done"}
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]
    done = events[-1]
    assert done["event"] == "done" and done["seconds"] > 0 and 0 < done["test_loss"]

    (run, _), *scores = several(("runs",), *(("evaluate", name) for name in (done["run"], "Mine", "Mi")))
    assert (run["id"], run["name"], run["status"]) == (done["run"], "Mine", "done")
    assert {name: value for name, value in run["plan"].items() if value not in ("", 0, 0.0, None)} == {
        "recipe": "quick",
        "examples": 600,
        "epochs": 2,
        "batch_size": 32,
        "learning_rate": 0.008,
        "seed": 5,
        "schedule": "cosine",
    }

    for scored, _ in scores:
        assert scored["test_accuracy"] == pytest.approx(done["test_accuracy"])
        assert sum(map(sum, scored["confusion"])) == scored["images"] == len(small.test_labels)
        assert len(scored["classes"]) == 10

    picture = tmp_path / "coat.png"
    Image.fromarray(255 - small.test_images[0]).resize((280, 280)).save(picture)
    no_picture = tmp_path / "words.png"
    no_picture.write_text("I am not a picture.")
    rows = core("predict", "--model", "Mine", str(picture), str(no_picture), str(tmp_path / "missing.jpg"), status=1)
    assert [row["file"] for row in rows] == [str(picture), str(no_picture), str(tmp_path / "missing.jpg")]
    assert len(rows[0]["probabilities"]) == 10 and sum(rows[0]["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert rows[0]["verdict"] in {"unsure", "none", "unclear"} and rows[0]["milliseconds"] > 0  # it never saw a photo
    assert rows[0]["eyes"] is None  # a network trained here is asked alone
    ((both, _),) = several(("predict", "--model", "Mine", "--eye", "on", str(picture)))
    assert both["eyes"]["network"] == rows[0]["probabilities"] and len(both["eyes"]["eye"]) == 10
    assert "not a picture" in rows[1]["error"] and "cannot be read" in rows[2]["error"]


def test_the_code_of_a_run_and_of_a_recipe_is_printed_and_weights_are_scored_as_a_run(
    small_home: Settings, tmp_path: Path
) -> None:
    (saved,) = core("load", "hello-world", str(fresh_weights(tmp_path)), "--name", "Brought")
    assert (saved["event"], saved["name"], saved["seconds"]) == ("done", "Brought", None)

    def code(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "core", "code", *arguments],
            cwd=PROJECT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout

    assert 'build(outputs="softmax")' in code("five-steps", "--variant", "softmax").replace("'", '"')
    book = json.loads(code("Brought", "--notebook"))
    assert any('load_weights("hello-world.weights.h5")' in "".join(cell["source"]) for cell in book["cells"])


def test_this_computer_stops_and_deletes_anybodys_run(small_home: Settings) -> None:
    from core.training.plan import Plan

    store = open_store(small_home.store_url)
    run_id = store.create(NewRun(Plan.of("quick"), "Theirs", "0" * 16, "Clothes", key="somebody's"))

    def told(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "core", *arguments], cwd=PROJECT, capture_output=True, encoding="utf-8", check=True
        )
        return done.stdout.strip()

    assert told("stop", "Theirs") == f"Theirs ({run_id}): asked to stop" and store.run(run_id).status == "stopped"
    assert told("delete", run_id) == f"Theirs ({run_id}): deleted" and store.runs() == []
    store.close()


def fresh_weights(folder: Path) -> Path:
    """Weights of a network that has learned nothing, as Keras saves them."""
    path = folder / "fresh.weights.h5"
    RECIPES["hello-world"].build().save_weights(path)
    return path


def test_a_network_of_ones_own_is_trained_from_its_layers(small_home: Settings) -> None:
    layers = [["convolution", 8, 3, 2], ["dense", 16]]
    train = ("train", "own-network", "--layers")
    (*_, done, ended), (run, _), *refused = several(
        (*train, json.dumps(layers), "--epochs", "1", "--examples", "300"),
        ("runs",),
        (*train, '[["dense", 16], ["pooling", 2]]'),
        (*train, "dense"),
    )
    assert (done["event"], done["recipe"], ended["status"]) == ("done", "own-network", 0)
    assert run["plan"]["layers"] == layers
    sentences = ("Layer 2 needs pictures", "--layers takes a list of layers as JSON")
    for (row, ended), sentence in zip(refused, sentences, strict=True):
        assert row["error"].startswith(sentence) and ended["status"] == 1


def test_the_shipped_network_answers_without_a_store(small_home: Settings, small: Dataset, tmp_path: Path) -> None:
    picture = tmp_path / "boot.png"
    Image.fromarray(255 - small.test_images[1]).resize((280, 280)).save(picture)
    photo = str(picture)
    (row, _), (without, _) = several(("predict", photo), ("predict", photo, "--eye", "off"))
    assert set(row) >= {"file", "label", "index", "probabilities", "verdict", "milliseconds"}
    assert set(row["eyes"]) == {"network", "eye"}
    assert all(len(shares) == 10 and sum(shares) == pytest.approx(1, abs=1e-3) for shares in row["eyes"].values())
    assert without["eyes"] is None and without["probabilities"] == row["eyes"]["network"] != row["probabilities"]
    assert not list(small_home.folder.glob("*.sqlite"))


def test_the_second_eye_is_loaded_for_photos_only_and_one_warning_says_that_it_cannot(
    small_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = []

    def damaged() -> Eye:
        loaded.append(1)
        raise RunError(DAMAGED)

    monkeypatch.setattr("core.inference.eye.second_eye", damaged)
    photo, lines = tmp_path / "bag.png", tmp_path / "lines.png"
    Image.effect_noise((200, 200), 90).convert("RGB").save(photo)
    drawing = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(drawing).polygon([(80, 60), (320, 60), (340, 340), (60, 340)], outline=0, width=6)
    drawing.save(lines)
    assert not len(read_photo(lines.read_bytes(), 10**6).views)
    for arguments, tries in (([str(lines)], 0), ([str(photo), "--eye", "off"], 0), ([str(photo)] * 3, 1)):
        loaded.clear()
        main(["predict", *arguments, "--json"])
        out, err = capsys.readouterr()
        assert len(loaded) == tries and err == f"{WITHOUT_EYE}\n" * tries
    rows = [json.loads(row) for row in out.splitlines()]
    assert len(rows) == 3 and all(row["eyes"] is None and len(row["probabilities"]) == 10 for row in rows)


def test_what_cannot_be_done_is_said_in_one_sentence(small_home: Settings) -> None:
    refused = {
        ("train", "five"): "no recipe “five”",
        ("train", "quick", "--epochs", "1000"): "epochs is 1,000",
        ("load", "quick", __file__): "does not hold weights",
        ("load", "quick", "missing.h5"): "cannot be read",
        ("evaluate", "nobody"): "no run “nobody”",
        ("predict", "--model", "nobody", "x.png"): "no run “nobody”",
    }
    for (row, ended), words in zip(several(*refused), refused.values(), strict=True):
        assert words in row["error"] and ended["status"] == 1


def test_files_that_are_none_or_without_end_are_said_and_not_read_to_their_end(
    small_home: Settings, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.png"
    with open(huge, "wb") as file:
        file.truncate(10_000_000_000)  # of which the disk holds nothing
    files = {str(huge): "more than 40 MB", str(tmp_path): "cannot be read", str(tmp_path / "none"): "cannot be read"}
    if Path("/dev/zero").exists():
        files["/dev/zero"] = "more than 40 MB"
    *rows, ended = several(("predict", *files))[0]
    for row, (file, words) in zip(rows, files.items(), strict=True):
        assert row["file"] == file and words in row["error"]
    assert ended["status"] == 1
    ((row, ended),) = several(("load", "quick", str(huge)))
    assert "more than 40 MB" in row["error"] and ended["status"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_with_a_name_that_is_no_text_is_named_all_the_same(small_home: Settings, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.png"
    done = subprocess.run([sys.executable, "-m", "core", "predict", name], cwd=PROJECT, capture_output=True)
    assert done.returncode == 1 and b"\\udcff.png: This file cannot be read" in done.stderr
    assert b"Traceback" not in done.stderr


# Several commands in one process, each with variables of its own; what each says goes into one line.
SAID = """
import contextlib, io, json, os, sys
from core.__main__ import main
for variables, arguments in json.load(sys.stdin):
    os.environ.update(variables)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        status = main(arguments)
    print(json.dumps([status, said.getvalue()]))
"""


def said(*commands: tuple[dict[str, str], tuple[str, ...]]) -> list[tuple[int, str]]:
    """The exit status of each command, and what it says on the error output."""
    command = [sys.executable, "-c", SAID]
    done = subprocess.run(command, cwd=PROJECT, input=json.dumps(commands), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


BROKEN_STORES = {
    "postgresql://me:hunter2@h:port/db": "not a database address",
    "hunter2": "not a database address",
    "sqlite://": "in memory",
    "sqlite:////dev/null/hunter/runs.sqlite": "FITTING_ROOM_HOME",
}
VERBS = (
    ("train", "quick"),
    ("load", "hello-world", "fresh.weights.h5"),
    ("code", "mine"),
    ("evaluate", "mine"),
    ("predict", "--model", "mine", "x.png"),
    ("runs",),
    ("stop", "mine"),
    ("delete", "mine"),
)


def test_every_verb_says_in_one_sentence_that_the_store_is_none(small_home: Settings, tmp_path: Path) -> None:
    fresh_weights(tmp_path)
    verbs = [tuple(str(tmp_path / word) if word.endswith(".h5") else word for word in verb) for verb in VERBS]
    commands = [({"FITTING_ROOM_STORE": store}, verb) for store in BROKEN_STORES for verb in verbs]
    for (variables, _), (status, words) in zip(commands, said(*commands), strict=True):
        assert status == 1 and BROKEN_STORES[variables["FITTING_ROOM_STORE"]] in words
        assert words.count("\n") == 1 and "hunter2" not in words


def test_every_verb_says_in_one_sentence_that_a_setting_is_none(small_home: Settings) -> None:
    texts, verbs = ("-1", "9" * 5000), (*VERBS, ("models",), ("workers",))
    for status, words in said(*(({"FITTING_ROOM_MAX_EPOCHS": text}, verb) for text in texts for verb in verbs)):
        assert status == 1 and words.startswith("FITTING_ROOM_MAX_EPOCHS is “")
        assert words.count("\n") == 1 and len(words) < 200


def test_layers_that_are_none_are_said(small_home: Settings) -> None:
    texts = (f'[["dense", {"9" * 5000}]]', "[" * 100_000, "[[]", "NaN", '[["dense", 1e999]]')
    for row, ended in several(*(("train", "own-network", f"--layers={text}") for text in texts)):
        assert len(row["error"]) < 200 and ended["status"] == 1


def test_who_stops_reading_the_output_gets_no_traceback(small_home: Settings) -> None:
    command = [sys.executable, "-c", "import sys\nfrom core.__main__ import main\nsys.exit(main(['models', '--json']))"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 1


def test_a_run_whose_process_has_gone_is_called_interrupted_and_can_be_stopped_and_deleted(
    small_home: Settings,
) -> None:
    from core.training.plan import Plan

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    store = open_store(small_home.store_url)
    gone, living = (
        store.create(NewRun(Plan.of("quick"), name, "0" * 16, "Clothes", waiting=False)) for name in ("Gone", "Living")
    )
    alter(store, gone, worker=f"{this_process().rpartition(':')[0]}:{ended.pid}")
    rows = core("runs")
    assert {row["id"]: row["status"] for row in rows} == {gone: "interrupted", living: "running"}
    (stopped, _), (refused, words) = said(({}, ("stop", "Gone")), ({}, ("delete", "Living")))
    assert (stopped, store.run(gone).status) == (0, "stopped")
    assert (refused, store.run(living).status) == (1, "running") and "still training" in words
    alter(store, gone, status="running")
    assert said(({}, ("delete", "Gone"))) == [(0, "")] and [run.id for run in store.runs()] == [living]
    store.close()


def test_a_store_that_cannot_be_written_is_said(
    small_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FITTING_ROOM_STORE", f"sqlite:///{tmp_path / 'file' / 'runs.sqlite'}")
    (row,) = core("runs", status=1)
    assert "FITTING_ROOM_HOME" in row["error"]
