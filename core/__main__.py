"""The same doors without a browser: `python3 start.py VERB ...`, or `python -m core VERB ...` in this folder.

With --json, every line printed is one JSON object. The exit status is 1 when something asked for did not work.
"""

import argparse
import json
import os
import signal
import sys
import time
import tomllib
from dataclasses import asdict
from pathlib import Path

import shtab

from core.errors import FittingRoomError, PictureError, PlanError, RunError
from core.runs.book import NewRun
from core.runs.schema import Run, Status
from core.runs.store import open_store
from core.settings import Settings

LAYERS = '[["convolution", 32, 3, 1], ["pooling", 2], ["dense", 64]]'
PROJECT = Path(__file__).resolve().parents[1]
START = "start.py"
START_VERBS = {  # start.py does these itself; they are named here so that it can list and complete them
    "check": "look through the code: lint, format, types",
    "test": "run the tests; --quick: without a browser and what takes long",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", line_buffering=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    asked = _parser(os.environ.get("FITTING_ROOM_PROGRAM", "python -m core")).parse_args(arguments)
    try:
        return asked.command(asked, Settings.from_environment())
    except FittingRoomError as error:
        if getattr(asked, "json", False):
            print(json.dumps({"error": str(error)}, ensure_ascii=False))
        else:
            print(error, file=sys.stderr)
        return 1


def _version() -> str:
    """The version of Fitting Room, which only pyproject.toml keeps."""
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _parser(program: str) -> argparse.ArgumentParser:
    """What the command line may say; `program` is how the person calls it."""
    parser = argparse.ArgumentParser(prog=program, description="Fitting Room without a browser.")
    parser.add_argument("--version", action="version", version=f"Fitting Room {_version()}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, function: object, words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words, description=words)
        added.set_defaults(command=function)
        return added

    models = command("models", _models, "list the networks")
    train = command("train", _train, "train a network here, in this process")
    _add_training_options(train)
    load = command("load", _load, "score weights saved elsewhere (.weights.h5) as a run, in this process")
    load.add_argument("recipe", help="the network they belong to")
    weights = load.add_argument("file", help="what Keras wrote with save_weights")
    load.add_argument("--variant", default="", help="one of the recipe's variants")
    load.add_argument("--name", default="", help="what the run is called")
    code = command("code", _code, "print the Keras script that does what a run did, or a recipe does")
    code.add_argument("what", metavar="RUN|RECIPE", help="run id or name, or the name of a recipe")
    code.add_argument("--variant", default="", help="one of the recipe's variants")
    code.add_argument("--notebook", action="store_true", help="as a Jupyter notebook")
    evaluate = command("evaluate", _evaluate, "score a run on the test pictures")
    evaluate.add_argument("run", help="run id, name, the beginning of either, or “shipped”")
    predict = command("predict", _predict, "say which garment each picture shows")
    pictures = predict.add_argument("files", nargs="+", metavar="FILE")
    predict.add_argument(
        "--model", default="shipped", help="run id, name, the beginning of either, or “shipped” (the default)"
    )
    runs = command("runs", _runs, "list the stored runs")
    for with_layers in (train, load, code):
        with_layers.add_argument("--layers", default="", help=f"of own-network, for instance '{LAYERS}'")
    for with_json in (models, train, load, evaluate, predict, runs):
        with_json.add_argument("--json", action="store_true", help="one JSON object a line")
    for name, words in (("stop", "stop a run; it keeps what it learned"), ("delete", "take a run out of the run book")):
        change = command(name, _change, words)
        change.set_defaults(verb=name)
        change.add_argument("run", help="run id, name, or the beginning of either")
    command("workers", _workers, "start the processes that train, or join FITTING_ROOM_SCHEDULER")
    completion = command("completion", _completion, "print what makes a shell complete the words after start.py")
    completion.add_argument("shell", choices=shtab.SUPPORTED_SHELLS)
    for file in (weights, pictures):
        vars(file)["complete"] = shtab.FILE  # where shtab looks for what may follow
    if program == START:
        for name, words in START_VERBS.items():
            commands.add_parser(name, help=words)
    return parser


def _add_training_options(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "recipe", help="quick, five-steps, hello-world, intuitive-cnn, clothes-ann, new-abcd or own-network"
    )
    train.add_argument(
        "--variant", default="", help="one of the recipe's variants, for instance with its oddity switched off"
    )
    train.add_argument("--examples", type=int, help="training pictures to use (default: all)")
    train.add_argument("--epochs", type=int, help="looks at all training pictures (default: as published)")
    train.add_argument("--batch-size", type=int, help="pictures per step (default: as published)")
    train.add_argument("--learning-rate", type=float, help="size of a step (default: as published)")
    train.add_argument("--seed", type=int, help="start of every random choice (default: 0)")
    train.add_argument(
        "--schedule", help="how the learning rate changes: constant, cosine or steps (default: as published)"
    )
    train.add_argument(
        "--dropout", type=float, help="share of neurons before the last layer that each batch leaves out (default: 0)"
    )
    train.add_argument(
        "--augment", help="change the training pictures anew each time: mirror, shift or both (default: not)"
    )
    train.add_argument("--patience", type=int, help="stop after so many epochs without a better one (default: never)")
    train.add_argument("--name", default="", help="what the run is called")


def _print(row: dict) -> None:
    print(json.dumps(row, ensure_ascii=False))


def _models(asked: argparse.Namespace, _settings: Settings) -> int:
    from models.catalogue import RECIPES, layers

    for recipe in RECIPES.values():
        if asked.json:
            _print({**asdict(recipe), "layers": layers(recipe.name)})
        else:
            print(f"{recipe.name:14} {recipe.parameters:>9,} parameters  {recipe.sentence} ({recipe.source})")
    return 0


def _train(asked: argparse.Namespace, settings: Settings) -> int:
    from core.runs.runner import carry_out, dataset_in_use
    from core.training.loop import limit_threads
    from core.training.plan import Plan
    from core.training.progress import Point

    named = ("examples", "epochs", "batch_size", "learning_rate", "seed", "schedule", "dropout", "augment", "patience")
    chosen = {name: getattr(asked, name) for name in named}
    plan = Plan.of(asked.recipe, asked.variant, layers=_layers(asked.layers), **chosen)
    data = dataset_in_use(settings)
    plan.checked(settings, len(data.train_images))
    limit_threads(1)  # takes seconds; the run is this process's from its first moment
    store = open_store(settings.store_url)
    run_id = store.create(NewRun(plan, asked.name or asked.recipe, data.fingerprint, data.title, waiting=False))

    def say(point: Point) -> None:
        if asked.json:
            _print(
                {
                    "event": point.kind,
                    "run": run_id,
                    **{key: value for key, value in asdict(point).items() if key != "kind"},
                }
            )
        elif point.kind == "epoch":
            held_back = "" if point.val_accuracy is None else f", on held-back pictures {point.val_accuracy:.1%}"
            print(f"epoch {point.epoch:.0f}: {point.accuracy:.1%} right, loss {point.loss:.4f}{held_back}")

    before = signal.signal(signal.SIGINT, lambda *_: store.stop(run_id))
    carry_out(run_id, settings, say, claimed=True)
    signal.signal(signal.SIGINT, before)
    run = store.run(run_id)
    store.close()
    _tell(asked, run, "" if run.seconds is None else f", {run.seconds:.1f} s of training")
    return 0


def _layers(text: str) -> list[list] | None:
    """The layers of one's own network, from JSON. Raises PlanError."""
    if not text:
        return None
    try:
        rows = json.loads(text)
    except json.JSONDecodeError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise PlanError(f"--layers takes a list of layers as JSON, for instance {LAYERS}")
    return rows


def _tell(asked: argparse.Namespace, run: Run, more: str) -> None:
    """Say how a run ended. Raises FittingRoomError when it failed."""
    if run.status == Status.FAILED:
        raise FittingRoomError(run.message)
    if asked.json:
        figures = {
            name: getattr(run, name)
            for name in ("status", "name", "recipe", "test_accuracy", "test_loss", "seconds", "data_title")
        }
        _print({"event": "done", "run": run.id, **figures})
    else:
        print(f"{run.name} ({run.id}), {run.status}: {run.test_accuracy:.2%} of the test pictures right{more}")


def _load(asked: argparse.Namespace, settings: Settings) -> int:
    from core.runs.runner import carry_out, dataset_in_use
    from core.training.loop import limit_threads
    from core.training.plan import Plan
    from core.training.weights import checked

    plan = Plan.loading(asked.recipe, asked.variant, _layers(asked.layers))
    content = checked(_content(asked.file, RunError))
    data = dataset_in_use(settings)
    limit_threads(1)
    store = open_store(settings.store_url)
    run_id = store.create(
        NewRun(plan, asked.name or asked.recipe, data.fingerprint, data.title, waiting=False, weights=content)
    )
    carry_out(run_id, settings, claimed=True)
    run = store.run(run_id)
    store.close()
    _tell(asked, run, "")
    return 0


def _code(asked: argparse.Namespace, settings: Settings) -> int:
    from core.runs import script
    from core.training.plan import Plan
    from models.catalogue import OWN, RECIPES

    if asked.what in [*RECIPES, OWN]:
        plan = Plan.of(asked.what, asked.variant, layers=_layers(asked.layers))
        texts = script.script(plan), script.notebook(plan)
    else:
        texts = script.of_run(open_store(settings.store_url).find(asked.what))
    print(texts[asked.notebook], end="")
    return 0


def _evaluate(asked: argparse.Namespace, settings: Settings) -> int:
    from core import metrics
    from core.runs.results import tested
    from core.runs.runner import dataset_in_use

    answers = tested(asked.run, open_store(settings.store_url), dataset_in_use(settings))
    counts = metrics.confusion(answers.labels, answers.outputs)
    report = metrics.report(answers.labels, answers.outputs)
    if asked.json:
        classes = [{"class": name, **row} for name, row in report.to_dict("index").items()]
        figures = {"test_accuracy": answers.accuracy, "test_loss": answers.loss, "images": len(answers.labels)}
        _print(
            {
                "run": answers.id,
                "name": answers.title,
                **figures,
                "confusion": counts.tolist(),
                "classes": classes,
                "note": answers.note,
            }
        )
    else:
        print(
            f"{answers.title}: {answers.accuracy:.2%} of {len(answers.labels):,} test pictures right, loss"
            f" {answers.loss:.4f}"
        )
        print(f"{answers.note}\n" if answers.note else "")
        print(report.to_string(float_format="{:.3f}".format))
    return 0


def _predict(asked: argparse.Namespace, settings: Settings) -> int:
    from core.inference.verdict import answer
    from core.runs.results import SHIPPED, network
    from core.vision.reading import read_photo

    chosen = network(asked.model, None if asked.model == SHIPPED else open_store(settings.store_url))
    failed = False
    for file in asked.files:
        began = time.perf_counter()
        try:
            reply = answer(chosen, read_photo(_content(file), settings.max_upload_mb * 1_000_000))
        except FittingRoomError as error:
            failed = True
            if asked.json:
                _print({"file": file, "error": str(error)})
            else:
                print(f"{file}: {error}", file=sys.stderr)
            continue
        spent = 1000 * (time.perf_counter() - began)
        if asked.json:
            given = {
                "label": reply.label,
                "index": reply.index,
                "probabilities": list(reply.probabilities),
                "verdict": reply.verdict,
            }
            _print({"file": file, **given, "reason": reply.reason, "tip": reply.tip, "milliseconds": round(spent, 2)})
        else:
            print(f"{file}: {reply.label}, {reply.probabilities[reply.index]:.0%}, {reply.verdict}. {reply.reason}")
    return int(failed)


def _content(file: str, kind: type[FittingRoomError] = PictureError) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise kind(f"This file cannot be read ({error.strerror}). Check its name and place.") from error


def _runs(asked: argparse.Namespace, settings: Settings) -> int:
    store = open_store(settings.store_url)
    for run in store.runs():
        if asked.json:
            _print(asdict(run))
        else:
            score = "" if run.test_accuracy is None else f"{run.test_accuracy:.2%} right"
            print(f"{run.id}  {run.status:8} {run.recipe:14} {score:13} {run.name}")
    return 0


def _change(asked: argparse.Namespace, settings: Settings) -> int:
    """Stop or delete a run. Whoever sits at this computer may do so with anybody's."""
    store = open_store(settings.store_url)
    run = store.find(asked.run)
    {"stop": store.stop, "delete": store.delete}[asked.verb](run.id)
    print(f"{run.name} ({run.id}): {'asked to stop' if asked.verb == 'stop' else 'deleted'}")
    return 0


def _workers(_asked: argparse.Namespace, settings: Settings) -> int:
    from core.runs.workers import serve

    serve(settings)
    return 0


def _completion(asked: argparse.Namespace, _settings: Settings) -> int:
    print(shtab.complete(_parser(START), asked.shell))
    return 0


if __name__ == "__main__":
    sys.exit(main())
