"""Files to take home: a run in every form, the code behind it, and the data set."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.command.output import Output
from core.command.progress import bytes_followed
from core.command.runbook import find
from core.command.training import own_layers
from core.command.verb import OWN_LAYERS, SCORED_RUN, VARIANT, Verb, argument, program
from core.errors import FittingRoomError, PlanError, RunError
from core.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from core.runs.schema import Run
    from core.runs.store import Store

STANDARD_OUTPUT = "-"
SHIPPED = "shipped"  # what the network that comes with the app is called in place of a run
FORMS_OF_SHIPPED = ("keras", "tflite", "html")


def code(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Print the Keras script that does what a run did, or a recipe does."""
    from core.runs import script
    from core.runs.store import open_store
    from core.training.plan import Plan
    from models.catalogue import OWN, RECIPES

    if asked.what in [*RECIPES, OWN]:
        plan = Plan.of(asked.what, asked.variant, layers=own_layers(asked.layers))
        texts = script.script(plan), script.notebook(plan)
    else:
        with closing(open_store(settings.store_url)) as store:
            try:
                run = find(asked.what, store)
            except RunError as error:
                raise RunError(f"{error} The recipes are: {', '.join([*RECIPES, OWN])}.") from error
        if asked.variant or asked.layers:
            raise PlanError(
                f"“{run.name}” is a run, and its code is that of its own plan: --variant and --layers go with a recipe."
                f" Leave them out, or ask for “{run.recipe}”."
            )
        texts = script.of_run(run)
    row = {"what": asked.what, "kind": "notebook" if asked.notebook else "script", "code": texts[asked.notebook]}
    out.say(texts[asked.notebook].removesuffix("\n"), row)
    return 0


@dataclass(frozen=True)
class Form:
    """A form in which a run can be taken home."""

    ending: str  # of the file's name
    make: Callable[[Run, Store, Settings], bytes]
    text: bool = False  # whether a terminal can show it


def _artifact(kind: str) -> Callable[[Run, Store, Settings], bytes]:
    return lambda run, store, settings: store.artifact(run.id, kind)


def _labels(run: Run, settings: Settings) -> np.ndarray | None:
    """The classes of the test pictures, where the data set in use is that of the run: for its confusion matrix."""
    from core.runs.runner import dataset_in_use

    data = dataset_in_use(settings)
    return data.test_labels if data.fingerprint == run.fingerprint else None


def _zip(run: Run, store: Store, settings: Settings) -> bytes:
    from core.runs import bundle

    return bundle.pack(run, store, _labels(run, settings))


def _report(run: Run, store: Store, settings: Settings) -> bytes:
    from core.runs import bundle

    return bundle.printed(run, store, _labels(run, settings)).encode()


def _html(run: Run, store: Store, settings: Settings) -> bytes:
    from core.runs.web_page import web_page

    return web_page(run.id, store)


def _tensorboard(run: Run, store: Store, settings: Settings) -> bytes:
    from core.runs import tensorboard

    return tensorboard.events(run, store)


def _code(run: Run, store: Store, settings: Settings) -> bytes:
    from core.runs import script

    return script.of_run(run)[0].encode()


def _notebook(run: Run, store: Store, settings: Settings) -> bytes:
    from core.runs import script

    return script.of_run(run)[1].encode()


FORMS = {
    "keras": Form(".keras", _artifact("keras")),
    "tflite": Form(".tflite", _artifact("tflite")),
    "weights": Form(".weights.h5", _artifact("weights")),
    "zip": Form(".zip", _zip),
    "html": Form(".html", _html, text=True),
    "report": Form(".report.html", _report, text=True),
    "tensorboard": Form(".tensorboard.zip", _tensorboard),
    "code": Form(".py", _code, text=True),
    "notebook": Form(".ipynb", _notebook, text=True),
}


def export(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Write a run as a file, and never over another one unless told to."""
    from core.runs.store import open_store

    form = FORMS[asked.form]
    if asked.to == STANDARD_OUTPUT and out.json:
        raise FittingRoomError("With “--to -” the file itself is printed: leave out --json, or name a file.")
    if asked.to == STANDARD_OUTPUT and sys.stdout.isatty() and not form.text:
        raise FittingRoomError("A terminal cannot show this file. Name one with --to, or write “> file” behind it.")
    if asked.run == SHIPPED:
        return _taken(asked, out, form, None, lambda: _of_shipped(asked.form))
    with closing(open_store(settings.store_url)) as store:
        run = find(asked.run, store)
        return _taken(asked, out, form, run, lambda: form.make(run, store, settings))


def _taken(asked: argparse.Namespace, out: Output, form: Form, run: Run | None, make: Callable[[], bytes]) -> int:
    """Make the file of a run, or of the network that comes with the app, and put it where it is wanted."""
    if asked.to == STANDARD_OUTPUT:
        out.content(make())
        return 0
    file = _place(asked.to, run, form)
    if file.exists() and not asked.force:
        raise FittingRoomError(f"{file} is there already. Choose another name with --to, or overwrite it: --force")
    content = make()
    _write(file, content)
    called, run_id = (f"{run.name} ({run.id})", run.id) if run else (SHIPPED, SHIPPED)
    out.say(f"{called}: {file}", {"run": run_id, "as": asked.form, "file": str(file), "bytes": len(content)})
    return 0


def _of_shipped(form: str) -> bytes:
    """The network that comes with the app in a form."""
    from core.inference.network import shipped_bytes
    from core.runs.web_page import shipped_page

    if form not in FORMS_OF_SHIPPED:
        raise RunError(f"The network that comes with the app can be had as {', '.join(FORMS_OF_SHIPPED)} only.")
    return shipped_page() if form == "html" else shipped_bytes(f"model.{form}")


def _place(wanted: str, run: Run | None, form: Form) -> Path:
    """Where the file of a run, or of the network that comes with the app, goes: where it is wanted, else into the
    current folder, or the one that is wanted."""
    stem = re.sub(r"[^a-z0-9]+", "-", run.name.lower()).strip("-") or run.recipe if run else "fitting-room"
    name = f"{stem}-{run.id if run else SHIPPED}{form.ending}"
    place = Path(wanted or ".").expanduser()
    return place / name if place.is_dir() else place


def _write(file: Path, content: bytes) -> None:
    from core.atomic import replacing

    if not file.parent.is_dir():
        raise FittingRoomError(f"There is no folder {file.parent}. Make it, or choose another one with --to.")
    try:
        with replacing(file) as output:
            output.write(content)
    except OSError as error:
        raise FittingRoomError(
            f"{file} cannot be written ({error.strerror}). Choose another place with --to."
        ) from error


def download(_asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Fetch the data set, unless it is here."""
    from core.data import download, sources
    from core.data.dataset import Source

    data, problem = sources.find(settings)
    if already := data is not None:
        words = f"The data set is here already: {data.title}."
    else:
        out.lasting = True
        out.words("Fetching Fashion-MNIST (31 MB) ...")
        with bytes_followed(out) as follow:
            folder = download.download(settings, follow)
        data = sources.read_folder(folder, Source.DOWNLOAD)
        words = f"Fashion-MNIST is in {folder}. Train with it: {program()} train quick"
    note = str(problem) if problem else ""
    out.say(words, {"event": "done", "already": already, "folder": data.origin, "title": data.title, "note": note})
    if note:
        out.note(note)
    return 0


WHAT = argument("what", "run id or name, or the name of a recipe", metavar="RUN|RECIPE")
NOTEBOOK = argument("--notebook", "as a Jupyter notebook", action="store_true")
FORM = argument("--as", "what the file is", dest="form", required=True, choices=tuple(FORMS))
TO = argument(
    "--to", "file or folder to write to (default: the current folder), or - for the standard output", file=True
)
FORCE = argument("--force", "write over a file that is there", action="store_true")
VERBS = (
    Verb(
        "code",
        code,
        "print the Keras script that does what a run did, or a recipe does",
        ["Mine", "five-steps --variant softmax", "Mine --notebook > mine.ipynb"],
        [WHAT, VARIANT, NOTEBOOK, OWN_LAYERS],
    ),
    Verb(
        "export",
        export,
        "write a run as a file to take home",
        ["Mine --as keras", "Mine --as zip --to backup/", "Mine --as html", "Mine --as tflite --to - > mine.tflite"],
        [SCORED_RUN, FORM, TO, FORCE],
    ),
    Verb("download", download, "fetch the data set Fashion-MNIST (31 MB)", [""]),
)
