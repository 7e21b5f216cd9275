"""The same doors without a browser: `python3 start.py VERB ...`, or `python -m core VERB ...` in this folder.

With --json, every line printed is one JSON object. The exit status is 1 when something asked for did not work.
"""

import argparse
import io
import json
import os
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import shtab

from core.errors import FittingRoomError, PictureError, PlanError, RunError
from core.runs.book import NewRun
from core.runs.lease import LEFT_BEHIND
from core.runs.process import is_dead
from core.runs.schema import Run, Status
from core.runs.store import open_store
from core.settings import Settings, lend_home

Function: TypeAlias = Callable[[argparse.Namespace, Settings], int]  # what a verb does; gives the exit status
LAYERS = '[["convolution", 32, 3, 1], ["pooling", 2], ["dense", 64]]'
INTERRUPTED = "interrupted"  # what is said of a run whose process has gone, until another takes it up
PROJECT = Path(__file__).resolve().parents[1]
START = "start.py"
START_VERBS = {  # start.py does these itself; they are named here so that it can list and complete them
    "check": "look through the code: lint, format, types",
    "audit": "ask whether weaknesses of the packages are known",
    "test": "run the tests; --quick: without a browser and what takes long",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    asked = _parser(os.environ.get("FITTING_ROOM_PROGRAM", "python -m core")).parse_args(arguments)
    try:
        lend_home()
        function: Function = asked.command
        return function(asked, Settings.from_environment())
    except FittingRoomError as error:
        if getattr(asked, "json", False):
            _print({"error": str(error)})
        else:
            print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who read the output has gone, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor is there anybody for what is left of it
        return 1


def _version() -> str:
    """The version of Fitting Room, which only pyproject.toml keeps."""
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _parser(program: str) -> argparse.ArgumentParser:
    """What the command line may say; `program` is how the person calls it."""
    parser = argparse.ArgumentParser(prog=program, description="Fitting Room without a browser.")
    parser.add_argument("--version", action="version", version=f"Fitting Room {_version()}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for verb in VERBS:
        command = commands.add_parser(verb.name, help=verb.words, description=verb.words)
        command.set_defaults(verb=verb.name, command=verb.function)
        for argument in verb.arguments:
            added = command.add_argument(argument.name, help=argument.words, **argument.options)
            if argument.file:
                vars(added)["complete"] = shtab.FILE  # where shtab looks for what may follow
    if program == START:
        for name, words in START_VERBS.items():
            commands.add_parser(name, help=words)
    return parser


def _print(row: Mapping[str, Any]) -> None:
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
    from core.runs.watchdog import watched
    from core.training.backend import use_cores
    from core.training.plan import Plan
    from core.training.progress import Point

    named = ("examples", "epochs", "batch_size", "learning_rate", "seed", "schedule", "dropout", "augment", "patience")
    chosen = {name: getattr(asked, name) for name in named}
    plan = Plan.of(asked.recipe, asked.variant, layers=_layers(asked.layers), **chosen)
    store, data = open_store(settings.store_url), dataset_in_use(settings)
    plan.checked(settings, len(data.train_images))
    use_cores()  # takes seconds; the run is this process's from its first moment
    name = asked.name or asked.recipe
    run_id = store.create(NewRun(plan, name, data.fingerprint, data.title, data.source, waiting=False))

    def print_point(point: Point) -> None:
        if asked.json:
            figures = asdict(point)
            _print({"event": figures.pop("kind"), "run": run_id, **figures})
        elif point.kind == "epoch":
            held_back = "" if point.val_accuracy is None else f", on held-back pictures {point.val_accuracy:.1%}"
            print(f"epoch {point.epoch:.0f}: {point.accuracy:.1%} right, loss {point.loss:.4f}{held_back}")

    with watched(store, run_id):
        carry_out(run_id, settings, print_point, claimed=True)
    run = store.run(run_id)
    store.close()
    _print_end(asked, run, "" if run.seconds is None else f", {run.seconds:.1f} s of training")
    return 0


def _layers(text: str) -> list[list[Any]] | None:
    """The layers of one's own network, from JSON. Raises PlanError."""
    if not text:
        return None
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):  # also of a number with thousands of digits, and of a list in a list in a ...
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise PlanError(f"--layers takes a list of layers as JSON, for instance {LAYERS}")
    return rows


def _print_end(asked: argparse.Namespace, run: Run, time_taken: str = "") -> None:
    """Print how a run ended. Raises FittingRoomError when it failed."""
    if run.status == Status.FAILED:
        raise FittingRoomError(run.message)
    if asked.json:
        figures = {
            name: getattr(run, name)
            for name in ("status", "name", "recipe", "test_accuracy", "test_loss", "seconds", "data_title")
        }
        _print({"event": "done", "run": run.id, **figures})
    else:
        print(f"{run.name} ({run.id}), {run.status}: {run.test_accuracy:.2%} of the test pictures right{time_taken}")


def _load(asked: argparse.Namespace, settings: Settings) -> int:
    from core.runs.runner import carry_out, dataset_in_use
    from core.runs.watchdog import watched
    from core.training.backend import use_cores
    from core.training.plan import Plan
    from core.training.weights import MOST_MB, checked

    plan = Plan.loading(asked.recipe, asked.variant, _layers(asked.layers))
    content = checked(_read_file(asked.file, MOST_MB, RunError))
    store, data = open_store(settings.store_url), dataset_in_use(settings)
    use_cores()
    name = asked.name or asked.recipe
    run_id = store.create(NewRun(plan, name, data.fingerprint, data.title, data.source, waiting=False, weights=content))
    with watched(store, run_id):
        carry_out(run_id, settings, claimed=True)
    run = store.run(run_id)
    store.close()
    _print_end(asked, run)
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
    from core.runs.results import load_test_answers
    from core.runs.runner import dataset_in_use

    answers = load_test_answers(asked.run, open_store(settings.store_url), dataset_in_use(settings))
    counts = metrics.confusion(answers.labels, answers.outputs)
    report = metrics.report(answers.labels, answers.outputs)
    if asked.json:
        classes = [{"class": name, **row} for name, row in report.to_dict("index").items()]
        figures = {"test_accuracy": answers.accuracy, "test_loss": answers.loss, "images": len(answers.labels)}
        tables = {"confusion": counts.tolist(), "classes": classes}
        _print({"run": answers.id, "name": answers.title, **figures, **tables, "note": str(answers.note or "")})
    else:
        right = f"{answers.accuracy:.2%} of {len(answers.labels):,} test pictures right"
        print(f"{answers.title}: {right}, loss {answers.loss:.4f}")
        print(f"{answers.note}\n" if answers.note else "")
        print(report.to_string(float_format="{:.3f}".format))
    return 0


def _predict(asked: argparse.Namespace, settings: Settings) -> int:
    from core.inference.explanation import WITHOUT_EYE
    from core.inference.eye import second_eye
    from core.inference.network import shipped
    from core.inference.verdict import answer
    from core.runs.results import SHIPPED, eye_beside, network
    from core.vision.reading import read_photo

    chosen = shipped() if asked.model == SHIPPED else network(asked.model, open_store(settings.store_url))
    beside = asked.eye == "on" if asked.eye else eye_beside(asked.model)
    eye, failed = None, False
    for file in asked.files:
        began = time.perf_counter()
        try:
            content = _read_file(file, settings.max_upload_mb)
            reading = read_photo(content, settings.max_upload_mb * 1_000_000)
        except FittingRoomError as error:
            failed = True
            if asked.json:
                _print({"file": file, "error": str(error)})
            else:
                print(f"{file}: {error}", file=sys.stderr)
            continue
        spent = time.perf_counter() - began
        if beside and not eye and len(reading.views):  # loaded when a photo needs it; its time counts for none
            try:
                eye = second_eye()
            except RunError:
                beside = False
                print(WITHOUT_EYE, file=sys.stderr)
        began = time.perf_counter()
        reply = answer(chosen, reading, eye)
        spent = 1000 * (spent + time.perf_counter() - began)
        if asked.json:
            figures = {"label": reply.label, "index": reply.index, "probabilities": list(reply.probabilities)}
            words = {"verdict": reply.verdict, "reason": reply.reason, "tip": reply.tip}
            eyes = {"network": reply.eyes.network, "eye": reply.eyes.eye} if reply.eyes else None
            _print({"file": file, **figures, **words, "eyes": eyes, "milliseconds": round(spent, 2)})
        else:
            print(f"{file}: {reply.label}, {reply.percent}, {reply.verdict}. {reply.reason}")
    return int(failed)


def _read_file(file: str, most_mb: int, kind: type[FittingRoomError] = PictureError) -> bytes:
    """The bytes of a file. Raises an error of this kind when it cannot be read or is larger than so many megabytes."""
    try:
        with open(file, "rb") as content:
            read = content.read(most_mb * 1_000_000 + 1)
    except OSError as error:
        raise kind(f"This file cannot be read ({error.strerror}). Check its name and place.") from error
    if len(read) > most_mb * 1_000_000:
        raise kind(f"This file has more than {most_mb} MB, which is the most. Choose another file.")
    return read


def _runs(asked: argparse.Namespace, settings: Settings) -> int:
    store = open_store(settings.store_url)
    for run in store.runs():
        status = INTERRUPTED if _interrupted(run) else run.status
        if asked.json:
            _print({**asdict(run), "status": status})
        else:
            score = "" if run.test_accuracy is None else f"{run.test_accuracy:.2%} right"
            print(f"{run.id}  {status:11} {run.recipe:14} {score:13} {run.name}")
    return 0


def _interrupted(run: Run) -> bool:
    """Whether a run seems to train, but the process that trained it has gone."""
    return run.status == Status.RUNNING and is_dead(run.worker)


def _change(asked: argparse.Namespace, settings: Settings) -> int:
    """Stop or delete a run. On this computer itself no owner's key is needed."""
    store = open_store(settings.store_url)
    run = store.find(asked.run)
    if _interrupted(run) and (lease := store.claim(run.id)):  # nobody is left whom one could ask
        lease.finish({}, Status.STOPPED, message=LEFT_BEHIND)
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


@dataclass(frozen=True)
class Argument:
    """What may follow a verb, as argparse takes it."""

    name: str
    words: str | None
    options: dict[str, Any]
    file: bool = False  # whether a shell should complete it with the names of files


@dataclass(frozen=True)
class Verb:
    """One thing that can be done, and its arguments in the order of its help."""

    name: str
    function: Function
    words: str
    arguments: Sequence[Argument] = ()


def _argument(name: str, words: str | None = None, file: bool = False, **options: Any) -> Argument:
    return Argument(name, words, options, file)


JSON = _argument("--json", "one JSON object a line", action="store_true")
NAME = _argument("--name", "what the run is called", default="")
OWN_LAYERS = _argument("--layers", f"of own-network, for instance '{LAYERS}'", default="")
VARIANT = _argument("--variant", "one of the recipe's variants", default="")
ONE_RUN = _argument("run", "run id, name, or the beginning of either")
TRAINING = (
    _argument("recipe", "quick, five-steps, hello-world, intuitive-cnn, clothes-ann, new-abcd or own-network"),
    _argument("--variant", "one of the recipe's variants, for instance with its oddity switched off", default=""),
    _argument("--examples", "training pictures to use (default: all)", type=int),
    _argument("--epochs", "looks at all training pictures (default: as published)", type=int),
    _argument("--batch-size", "pictures per step (default: as published)", type=int),
    _argument("--learning-rate", "size of a step (default: as published)", type=float),
    _argument("--seed", "start of every random choice (default: 0)", type=int),
    _argument("--schedule", "how the learning rate changes: constant, cosine or steps (default: as published)"),
    _argument(
        "--dropout", "share of neurons before the last layer that each batch leaves out (default: 0)", type=float
    ),
    _argument("--augment", "change the training pictures anew each time: mirror, shift or both (default: not)"),
    _argument("--patience", "stop after so many epochs without a better one (default: never)", type=int),
)
LOADING = (
    _argument("recipe", "the network they belong to"),
    _argument("file", "what Keras wrote with save_weights", file=True),
)
WHAT = _argument("what", "run id or name, or the name of a recipe", metavar="RUN|RECIPE")
NOTEBOOK = _argument("--notebook", "as a Jupyter notebook", action="store_true")
SCORED_RUN = _argument("run", "run id, name, the beginning of either, or “shipped”")
PICTURES = _argument("files", file=True, nargs="+", metavar="FILE")
MODEL = _argument("--model", "run id, name, the beginning of either, or “shipped” (the default)", default="shipped")
EYE = _argument(
    "--eye",
    "whether the second eye looks at photos too (default: on beside “shipped”, off beside others)",
    choices=("on", "off"),
)
SHELL = _argument("shell", choices=shtab.SUPPORTED_SHELLS)
VERBS = (
    Verb("models", _models, "list the networks", [JSON]),
    Verb("train", _train, "train a network here, in this process", [*TRAINING, NAME, OWN_LAYERS, JSON]),
    Verb(
        "load",
        _load,
        "score weights saved elsewhere (.weights.h5) as a run, in this process",
        [*LOADING, VARIANT, NAME, OWN_LAYERS, JSON],
    ),
    Verb(
        "code",
        _code,
        "print the Keras script that does what a run did, or a recipe does",
        [WHAT, VARIANT, NOTEBOOK, OWN_LAYERS],
    ),
    Verb("evaluate", _evaluate, "score a run on the test pictures", [SCORED_RUN, JSON]),
    Verb("predict", _predict, "say which garment each picture shows", [PICTURES, MODEL, EYE, JSON]),
    Verb("runs", _runs, "list the stored runs", [JSON]),
    Verb("stop", _change, "stop a run; it keeps what it learned", [ONE_RUN]),
    Verb("delete", _change, "take a run out of the run book", [ONE_RUN]),
    Verb("workers", _workers, "start the processes that train, or join FITTING_ROOM_SCHEDULER"),
    Verb("completion", _completion, "print what makes a shell complete the words after start.py", [SHELL]),
)

if __name__ == "__main__":
    sys.exit(main())
