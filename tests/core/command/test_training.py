"""Training, loading and importing on the command line: what is shown meanwhile, and what comes of it."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from core.command.clothes import remark
from core.command.output import Output
from core.command.progress import Bars
from core.data.dataset import ARRAYS, Dataset, Source
from core.language import Saying
from core.runs.book import NewRun
from core.runs.store import Store
from core.settings import Settings
from core.training import backend
from core.training.plan import Plan
from models.catalogue import RECIPES
from tests.core.command.conftest import Command
from tests.stored import alter, point


def test_bars_show_what_is_done_from_the_first_moment() -> None:
    shown = io.StringIO()
    bars = Bars(Output(False), Console(file=shown, force_terminal=True, width=100))
    with bars.bars:
        bars.phase("Finding the pictures")
        bars.bars.refresh()
        assert "Finding the pictures" in shown.getvalue()
        bars.epochs("1a2b3c4d", 2)
        bars.point(point(0.5, accuracy=0.805, progress=0.25))
        bars.bars.refresh()
        assert "epoch 1 of 2" in shown.getvalue() and "80.5 % right" in shown.getvalue()
        bars.point(point(1.0, "epoch", accuracy=0.851, loss=0.4, progress=0.5, val_accuracy=0.86))
        bars.point(point(1.5, progress=0.75))
        bars.bars.refresh()
        assert "epoch 2 of 2" in shown.getvalue()
        bars.point(point(2.0, "epoch", progress=1.0))
        bars.bars.refresh()
        assert "Scoring on the test pictures" in shown.getvalue()
    assert "epoch 1: 85.1 % right, loss 0.4000, on held-back pictures 86.0 %" in shown.getvalue()


def test_what_is_wrong_with_the_data_set_is_said(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_PROGRAM", "start.py")
    arrays = [getattr(small, name) for name in ARRAYS]

    def said(source: Source, problem: str = "") -> str:
        return remark(Dataset.of(arrays, source, "x", Saying(problem) if problem else None))

    assert said(Source.DOWNLOAD) == ""
    assert said(Source.KERAS, "There is no folder /x.").startswith(
        "There is no folder /x.\nUsed instead: Fashion-MNIST"
    )
    drawn = said(Source.GARMENTS, "There is no folder /x.")
    assert drawn.startswith("There is no folder /x.\n") and "drawn by program" in drawn
    assert drawn.endswith("Get the real ones (31 MB): start.py download")


@pytest.fixture
def drawn(home: Settings, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Clothes drawn by program, a few, where the data set is not found."""
    monkeypatch.delenv("FITTING_ROOM_DATA", raising=False)
    arrays = tuple(
        array.copy() for array in (small.train_images, small.train_labels, small.test_images, small.test_labels)
    )
    monkeypatch.setattr("core.data.sources._synthetic_arrays", lambda settings: arrays)
    return small


def test_the_scores_say_when_the_clothes_are_drawn(command: Command, drawn: Dataset) -> None:
    said = command("evaluate", "shipped")
    assert "drawn by program" in said.err and "start.py download" in said.err
    (row,) = command("evaluate", "shipped", "--json").rows
    assert row["data"]["drawn"] is True and "start.py download" in row["data"]["note"]
    assert command("runs").err == ""  # which asks no data set


@pytest.mark.real_data
def test_the_scores_are_those_of_the_shipped_network(command: Command) -> None:
    said = command("evaluate", "shipped")
    assert said.err == "" and "of 10,000 test pictures right, loss 0." in said.out


def test_the_confusion_matrix_fits_into_eighty_columns_with_the_names_of_all_classes(
    command: Command, small_home: Settings, small: Dataset
) -> None:
    said = command("evaluate", "shipped")
    (row,) = command("evaluate", "shipped", "--json").rows
    lines = said.out.splitlines()
    assert max(map(len, lines[2:])) <= 80
    begin = next(number for number, line in enumerate(lines) if line.startswith("Confusion matrix"))
    boot, heads, *rows = lines[begin + 1 :]
    assert heads.split() == "T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag boot".split()
    assert boot.strip() == "Ankle" and len(rows) == 10
    assert [[int(text) for text in line[11:].split()] for line in rows] == row["confusion"]
    assert [line[:11].strip() for line in rows] == [each["class"] for each in row["classes"]]
    assert sum(map(sum, row["confusion"])) == row["images"] == len(small.test_labels)
    assert f"{100 * row['test_accuracy']:.2f} % of {row['images']:,} test pictures right" in lines[0]


@pytest.mark.slow
def test_a_network_is_trained_scored_asked_taken_home_and_brought_back(
    command: Command, drawn: Dataset, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--examples", "600", "--epochs", "2", "--batch-size", "32", "--seed", "5", "--name", "Mine"]
    rows = command("train", "quick", *words, "--schedule", "cosine", "--json").rows
    assert [row["phase"] for row in rows if row["event"] == "phase"] == ["Finding the pictures", "TensorFlow starts"]
    assert rows[0]["event"] == "phase" and rows[1]["event"] == "data" and rows[1]["drawn"]
    assert [row["epoch"] for row in rows if row["event"] == "epoch"] == [1, 2]
    done = rows[-1]
    assert done["event"] == "done" and done["seconds"] > 0 and 0 < done["test_loss"]
    changed = {
        name: value for name, value in store.run(done["run"]).plan.as_dict().items() if value not in ("", 0, None)
    }
    assert changed == {
        "recipe": "quick", "examples": 600, "epochs": 2, "batch_size": 32, "learning_rate": 0.008, "seed": 5,
        "schedule": "cosine",
    }  # fmt: skip
    for name in (done["run"], "Mine", "Mi"):
        (scored,) = command("evaluate", name, "--json").rows
        assert scored["test_accuracy"] == pytest.approx(done["test_accuracy"])

    monkeypatch.chdir(tmp_path)
    forms = {row["as"]: row for (row,) in (command("export", "Mine", "--as", form, "--json").rows for form in FORMS)}
    assert {form: row["file"] for form, row in forms.items()} == {
        form: f"mine-{done['run']}{ending}" for form, ending in FORMS.items()
    }
    assert all(Path(row["file"]).stat().st_size == row["bytes"] for row in forms.values())
    (brought,) = [row for row in command("import", forms["zip"]["file"], "--json").rows if row["event"] == "done"]
    assert brought["name"] == "Mine 2" and brought["test_accuracy"] == pytest.approx(done["test_accuracy"])
    before = len(store.runs())
    error = command("load", "five-steps", forms["weights"]["file"]).error  # and no run that broke off
    assert "102,666" in error and "347,114" in error and len(store.runs()) == before
    said = command("load", "quick", forms["weights"]["file"], "--name", "Loaded")
    assert said.err.count("drawn by program") == 1 and f"{100 * done['test_accuracy']:.2f} % of the test" in said.out

    photo, other = "photo.png", "words.png"
    Path(other).write_text("no picture")
    from PIL import Image

    Image.fromarray(255 - drawn.test_images[0]).resize((280, 280)).save(photo)
    alone, refused = command("predict", "--model", "Mine", photo, other, "--json").rows
    assert alone["eyes"] is None and sum(alone["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert alone["verdict"] in {"unsure", "none", "unclear"}  # it never saw a photo
    assert "not a picture" in refused["error"]
    (both,) = command("predict", "--model", "Mine", "--eye", "on", photo, "--json").rows
    assert both["eyes"]["network"] == alone["probabilities"] and len(both["eyes"]["eye"]) == 10


FORMS = {
    "keras": ".keras",
    "tflite": ".tflite",
    "weights": ".weights.h5",
    "zip": ".zip",
    "html": ".html",
    "report": ".report.html",
    "tensorboard": ".tensorboard.zip",
    "code": ".py",
    "notebook": ".ipynb",
}


@pytest.mark.slow
def test_a_training_in_words_says_that_the_clothes_are_drawn(command: Command, drawn: Dataset) -> None:
    said = command("train", "quick", "--epochs", "1", "--examples", "200")
    finding, starting, epoch, done = said.out.splitlines()
    assert (finding, starting) == ("Finding the pictures ...", "TensorFlow starts ...")
    assert epoch.startswith("epoch 1: ") and " % right, loss " in epoch
    assert done.startswith("quick (") and " % of the test pictures right, " in done
    assert "drawn by program" in said.err and said.err.endswith("start.py download\n")


@pytest.mark.slow
def test_a_paused_run_goes_on_here(command: Command, small_home: Settings, small: Dataset, store: Store) -> None:
    plan = Plan.of("quick", epochs=1, examples=200)
    run_id = store.create(NewRun(plan, "Mine", small.fingerprint, small.title, small.source))
    alter(store, run_id, status="paused")
    done = command("resume", "Mine", "--here", "--json").rows[-1]
    assert (done["event"], done["run"], done["status"]) == ("done", run_id, "done")


def test_a_network_of_ones_own_has_layers_that_fit(command: Command, small_home: Settings) -> None:
    refused = {
        '[["dense", 16], ["pooling", 2]]': "Layer 2 needs pictures",
        "dense": "--layers takes a list of layers as JSON",
        "[" * 100_000: "--layers takes a list of layers as JSON",
        "[[]": "--layers takes a list of layers as JSON",
        "NaN": "--layers takes a list of layers as JSON",
        '[["dense", 1e999]]': "",
        f'[["dense", {"9" * 5000}]]': "--layers takes a list of layers as JSON",
    }
    for layers, words in refused.items():
        said = command("train", "own-network", f"--layers={layers}", "--json")
        assert said.rows[-1]["error"].startswith(words) and len(said.rows[-1]["error"]) < 200 and said.status == 1


def test_what_cannot_be_trained_or_loaded_is_said_in_one_sentence(command: Command, small_home: Settings) -> None:
    for words, sentence in {
        ("train", "five"): "no recipe “five”",
        ("train", "quick", "--epochs", "1000"): "epochs is 1,000",
        ("load", "quick", __file__): "does not hold weights",
        ("load", "quick", "missing.h5"): "cannot be read",
        ("import", __file__): "is not a zip",
        ("import", "missing.zip"): "cannot be read",
    }.items():
        said = command(*words, "--json")
        assert sentence in said.rows[-1]["error"] and said.status == 1


def test_where_nothing_can_be_trained_a_sentence_says_how_to_change_that(
    command: Command, small_home: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "missing", lambda: Saying("Training needs TensorFlow."))
    (*_, row) = command("train", "quick", "--json").rows
    assert row == {"error": "Training needs TensorFlow."} and store.runs() == []


def test_every_network_is_listed(command: Command) -> None:
    rows = command("models", "--json").rows
    assert [row["name"] for row in rows] == list(RECIPES)
    assert all(row["parameters"] == sum(layer["parameters"] for layer in row["layers"]) for row in rows)
    assert [line.split()[0] for line in command("models").out.splitlines()] == list(RECIPES)
