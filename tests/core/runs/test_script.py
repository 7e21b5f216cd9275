"""The code behind a run: the scripts are run, in a process of their own, and must end where the run ended."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.columns import CSV_COLUMNS
from core.data.dataset import Dataset
from core.data.files import TABLES
from core.runs.book import NewRun
from core.runs.script import notebook, of_run, script
from core.runs.store import open_store
from core.settings import Settings
from core.training.export import Result
from core.training.loop import train
from core.training.plan import Plan
from models.catalogue import every
from tests.core.training.test_weights import arrays
from tests.recorder import Recorder
from tests.stored import alter

PROJECT = Path(__file__).resolve().parents[3]
PLANS = {
    "hello-world": Plan.of("hello-world", epochs=2),
    "five-steps": Plan.of("five-steps", epochs=2, examples=500, seed=5, batch_size=64),
    "32-filters": Plan.of("five-steps", "32-filters", epochs=1, examples=300, batch_size=64),
    "softmax": Plan.of("intuitive-cnn", "softmax", epochs=1, examples=300, batch_size=64),
    "clothes-ann": Plan.of("clothes-ann", epochs=2, examples=999, learning_rate=0.0003),
    "new-abcd": Plan.of("new-abcd", epochs=1, examples=400, seed=1),
    "scaled-alike": Plan.of("new-abcd", "scaled-alike", epochs=1, examples=200),
    "quick": Plan.of("quick", epochs=2, seed=3),
    "waves": Plan.of("hello-world", epochs=3, augment="both", dropout=0.2, schedule="cosine"),
    "patient": Plan.of("hello-world", epochs=40, examples=400, batch_size=40, patience=1),
    "shifted quick": Plan.of("quick", epochs=2, augment="shift", dropout=0.1, schedule="steps"),
    "own": Plan.of(
        "own-network",
        epochs=2,
        examples=500,
        seed=4,
        layers=[
            ["convolution", 8, 3, 2],
            ["normalise"],
            ["pooling", 2],
            ["dropout", 0.3],
            ["convolution", 8, 2, 1],
            ["dense", 16],
        ],
    ),
    "averaged": Plan.of(
        "own-network", epochs=1, examples=300, layers=[["convolution", 4, 5, 1], ["average"], ["normalise"]]
    ),
    "longer": Plan.of("hello-world", "longer", epochs=2, batch_size=100),
}
# Runs each script with its own folder of clothes, in a folder of its own, and pays TensorFlow's import once.
PLAYER = """
import contextlib, io, json, os, runpy, sys
for name, data in json.load(sys.stdin).items():
    os.environ["FITTING_ROOM_DATA"] = data
    os.chdir(os.path.join(sys.argv[1], name))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        runpy.run_path("run.py")
    print(json.dumps([name, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def played(small_folder: Path, small: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Where the scripts left their weights, and what each printed."""
    folder = tmp_path_factory.mktemp("scripts")
    tables = tmp_path_factory.mktemp("tables")
    for name, images, labels in zip(
        TABLES, (small.train_images, small.test_images), (small.train_labels, small.test_labels), strict=True
    ):
        rows = np.column_stack([labels, images.reshape(len(images), -1)])
        np.savetxt(tables / name, rows, "%d", ",", header=",".join(CSV_COLUMNS), comments="")
    work = {}
    for name, plan in [*PLANS.items(), ("from CSV", PLANS["hello-world"]), ("loaded", Plan.loading("hello-world"))]:
        (folder / name).mkdir()
        (folder / name / "run.py").write_text(script(plan, "the small clothes"), encoding="utf-8")
        work[name] = str(tables if name == "from CSV" else small_folder)
    (folder / "loaded" / "hello-world.weights.h5").symlink_to(folder / "hello-world" / "hello-world.weights.h5")
    done = subprocess.run(
        [sys.executable, "-c", PLAYER, str(folder)],
        input=json.dumps(work),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, dict(map(json.loads, done.stdout.splitlines()))


def figures(printed: str) -> list[float]:
    """Test accuracy and test loss, as the script printed them last."""
    accuracy, loss = re.search(r"test accuracy ([\d.]+), test loss ([\d.]+)\s*$", printed).groups()
    return [float(accuracy), float(loss)]


def expected(result: Result) -> object:
    """They are printed with four digits."""
    return pytest.approx([result.test_accuracy, result.test_loss], abs=1e-4)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.slow
def test_a_script_gives_the_figures_and_the_weights_of_the_run(
    name: str, played: tuple[Path, dict], small: Dataset
) -> None:
    folder, printed = played
    plan, recorder = PLANS[name], Recorder()
    result = train(plan, small, recorder)
    assert figures(printed[name]) == expected(result)
    ours, theirs = arrays(result.weights), arrays((folder / name / f"{plan.recipe}.weights.h5").read_bytes())
    # The app divides by the batch's length after adding up, Keras does so inside: the last bits of a step differ, and
    # grow a little.
    assert all(np.allclose(theirs[place], values, atol=2e-4) for place, values in ours.items())
    for point in recorder.epochs:
        told = re.search(
            rf"epoch {point.epoch:.0f} of {plan.epochs}: accuracy ([\d.]+), loss ([\d.]+)(?:, val_accuracy ([\d.]+))?",
            printed[name],
        )
        assert [float(told[1]), float(told[2])] == pytest.approx([point.accuracy, point.loss], rel=1e-4, abs=2e-4)
        assert (told[3] is None) == (point.val_accuracy is None)


@pytest.mark.slow
def test_another_seed_would_have_given_other_weights(played: tuple[Path, dict], small: Dataset) -> None:
    folder, _ = played
    other = arrays(train(Plan.of("hello-world", epochs=2, seed=1), small).weights)
    theirs = arrays((folder / "hello-world" / "hello-world.weights.h5").read_bytes())
    assert not np.allclose(theirs["dense/vars/0"], other["dense/vars/0"], atol=2e-2)


@pytest.mark.slow
def test_a_script_reads_csv_files_too(played: tuple[Path, dict]) -> None:
    from_tables, from_idx = (
        played[1][name][played[1][name].index("epoch 1") :] for name in ("from CSV", "hello-world")
    )
    assert from_tables == from_idx


@pytest.mark.slow
def test_the_code_of_loaded_weights_loads_and_scores_them_without_training(played: tuple[Path, dict]) -> None:
    assert figures(played[1]["loaded"]) == figures(played[1]["hello-world"])
    assert "epoch" not in played[1]["loaded"] and "fit" not in script(Plan.loading("quick"))


@pytest.mark.parametrize("name", every())
def test_the_network_part_is_the_very_file_of_models(name: str) -> None:
    recipe, _, variant = name.partition("/")
    plan = Plan.of(recipe, variant)
    text = (PROJECT / f"{plan.row.module.replace('.', '/')}.py").read_text(encoding="utf-8")
    code = script(plan)
    assert text[text.index("def build(") :].strip() in code
    compile(code, "run.py", "exec")
    assert max(map(len, code.splitlines())) <= 140
    assert f"build({', '.join(f'{key}={value!r}' for key, value in plan.row.arguments.items())})" in code


def test_the_network_of_ones_own_is_written_out_layer_by_layer() -> None:
    code = script(Plan.of("own-network", layers=[["convolution", 32, 3, 2], ["dropout", 0.3]]))
    assert 'layers.Conv2D(32, 3, strides=2, activation="relu"),  # (13, 13, 32)\n' in code
    assert "layers.Dropout(0.3),  # (13, 13, 32)\n            layers.Flatten(),  # (5408,)\n" in code
    assert "network = build()" in code and "checked" not in code


def test_the_notebook_is_the_script_cut_into_cells() -> None:
    plan = Plan.of("quick", examples=500)
    book = json.loads(notebook(plan, "Fashion-MNIST", "90 %"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    codes = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    code = script(plan, "Fashion-MNIST", "90 %")
    assert len(codes) >= 9 and all(cell in code for cell in codes)
    assert all(cell["outputs"] == [] for cell in book["cells"] if cell["cell_type"] == "code")
    assert "Fashion-MNIST" in "".join(book["cells"][0]["source"])


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\f", "\0", "", "\\"])
def test_what_a_person_called_their_clothes_cannot_become_code_or_markdown(home: Settings, end: str) -> None:
    store = open_store(home.store_url)
    run_id = store.create(NewRun(Plan.of("quick"), "Mine", "0" * 16, "Mine"))
    title = f'Mine"""{end}raise SystemExit{end}"""![x](http://h/x.png) $x$ <img>{end}'
    # as an earlier version wrote it
    alter(store, run_id, data_title=title, status="stopped", test_accuracy=0.5, test_loss=1.0)
    code, book = of_run(store.run(run_id))
    store.close()
    assert "SystemExit" in code and "test accuracy 0.5000, test loss 1.0000, but it was stopped early" in code
    assert "SystemExit" not in compile(code, "run.py", "exec").co_names
    heading = "".join(json.loads(book)["cells"][0]["source"])
    assert r"!\[x\](http://h/x.png) \$x\$ \<img\>" in heading
