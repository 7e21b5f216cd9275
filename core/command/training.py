"""Networks are trained, loaded, brought in and gone on with here, in this process; or in processes of their own."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from core.command.clothes import clothes_in_use, described
from core.command.output import Output
from core.command.progress import Followed, training_followed
from core.command.reading import read_file
from core.command.verb import LAYERS, NAME, OWN_LAYERS, VARIANT, Verb, argument, program
from core.errors import FittingRoomError, PlanError, RunError
from core.language import percent
from core.settings import Settings

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.runs.book import NewRun
    from core.runs.bundle import Bundle
    from core.runs.schema import Run
    from core.runs.store import Store
    from core.training.plan import Plan

CHOICES = ("examples", "epochs", "batch_size", "learning_rate", "seed", "schedule", "dropout", "augment", "patience")
FINDING, STARTING = "Finding the pictures", "TensorFlow starts"


def train(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Train a network, and follow it."""
    out.lasting = True
    with training_followed(out) as follow:
        follow.phase(FINDING)
        from core.runs.book import NewRun
        from core.runs.store import open_store
        from core.training.plan import Plan

        chosen = {name: getattr(asked, name) for name in CHOICES}
        plan = Plan.of(asked.recipe, asked.variant, layers=own_layers(asked.layers), **chosen)
        with closing(open_store(settings.store_url)) as store:
            data = _clothes(settings, out)
            plan.checked(settings, len(data.train_images))
            new = NewRun(plan, asked.name or asked.recipe, data.fingerprint, data.title, data.source, waiting=False)
            run = _carried_out(new, store, settings, follow)
    return _ended(run, out)


def load(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Score weights saved elsewhere as a run."""
    from core.runs.store import open_store
    from core.training.plan import Plan
    from core.training.weights import MOST_MB, matching

    plan = Plan.loading(asked.recipe, asked.variant, own_layers(asked.layers))
    with closing(open_store(settings.store_url)) as store:
        content = matching(read_file(asked.file, MOST_MB, RunError), plan.row.parameters, plan.called)
        return _scored(plan, asked.name or asked.recipe, content, store, settings, out)


def bring(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Take over a run that was packed here or on another computer, and score its network."""
    from core.runs import bundle
    from core.runs.store import open_store

    with closing(open_store(settings.store_url)) as store:
        found = bundle.unpack(read_file(asked.file, bundle.MOST_MB, RunError), settings)
        return _scored(found.plan, asked.name or found.name, found.weights, store, settings, out, found)


def _scored(
    plan: Plan, name: str, weights: bytes, store: Store, settings: Settings, out: Output, packed: Bundle | None = None
) -> int:
    """Make a run of weights that were learned elsewhere; `packed` is the run they come from, if that is known."""
    from core.runs.book import NewRun

    out.lasting = True
    with training_followed(out) as follow:
        follow.phase(FINDING)
        data = _clothes(settings, out)
        past = packed.past(data.fingerprint, len(data.train_images), len(data.test_images)) if packed else None
        new = NewRun(plan, name, data.fingerprint, data.title, data.source, waiting=False, weights=weights, past=past)
        run = _carried_out(new, store, settings, follow)
    return _ended(run, out)


def go_on(run: Run, store: Store, settings: Settings, out: Output) -> int:
    """Train a run that waits, or whose process has gone, on from where it stood."""
    from core.runs.runner import TAKEN, carry_out
    from core.runs.watchdog import watched
    from core.training.backend import use_cores

    out.lasting = True
    with training_followed(out) as follow:
        follow.phase(FINDING)
        if not run.on_uploaded_pictures:
            _clothes(settings, out)
        follow.phase(STARTING)
        use_cores()
        follow.epochs(run.id, run.plan.epochs)
        with watched(store, run.id):
            if carry_out(run.id, settings, follow.point) == TAKEN and not store.run(run.id).ended:
                raise RunError(f"A worker has taken “{run.name}” ({run.id}) and trains it.")
    return _ended(store.run(run.id), out)


def _clothes(settings: Settings, out: Output) -> Dataset:
    data = clothes_in_use(settings, out)
    out.row({"event": "data", **described(data)})
    return data


def _carried_out(new: NewRun, store: Store, settings: Settings, follow: Followed) -> Run:
    """Write the run down and carry it out in this process; the run as it ended."""
    from core.runs.runner import carry_out
    from core.runs.watchdog import watched
    from core.training.backend import use_cores

    follow.phase(STARTING)
    use_cores()  # takes seconds; the run is this process's from its first moment
    run_id = store.create(new)
    if new.weights is None:
        follow.epochs(run_id, new.plan.epochs)
    else:
        follow.phase("Scoring on the test pictures")
    with watched(store, run_id):
        carry_out(run_id, settings, follow.point, claimed=True)
    return store.run(run_id)


def _ended(run: Run, out: Output) -> int:
    """Say how a run ended. Raises FittingRoomError when it failed."""
    from core.runs.schema import Status

    if run.status == Status.FAILED:
        raise FittingRoomError(run.message)
    figures = ("status", "name", "recipe", "test_accuracy", "test_loss", "seconds", "data_title")
    row = {"event": "done", "run": run.id, **{name: getattr(run, name) for name in figures}}
    words = f"{run.name} ({run.id}), {run.status}"
    if run.test_accuracy is not None:
        words += f": {percent(run.test_accuracy, 2)} of the test pictures right"
    if run.seconds is not None:
        words += f", {run.seconds:.1f} s of training"
    if run.status == Status.PAUSED:
        words += f"\nGo on with: {program()} resume {run.id} --here"
    out.say(words, row)
    return 0


def own_layers(text: str) -> list[list[Any]] | None:
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


def workers(_asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Run the processes that train until nobody needs them."""
    from core.runs.workers import serve

    out.lasting = True
    serve(settings, lambda words: out.say(words, {"event": "workers", "message": words}))
    return 0


TRAINING = (
    argument("recipe", "quick, five-steps, hello-world, intuitive-cnn, clothes-ann, new-abcd or own-network"),
    VARIANT,
    argument("--examples", "training pictures to use (default: all)", type=int),
    argument("--epochs", "looks at all training pictures (default: as published)", type=int),
    argument("--batch-size", "pictures per step (default: as published)", type=int),
    argument("--learning-rate", "size of a step (default: as published)", type=float),
    argument("--seed", "start of every random choice (default: 0)", type=int),
    argument("--schedule", "how the learning rate changes: constant, cosine or steps (default: as published)"),
    argument("--dropout", "share of neurons before the last layer that each batch leaves out (default: 0)", type=float),
    argument("--augment", "change the training pictures anew each time: mirror, shift or both (default: not)"),
    argument("--patience", "stop after so many epochs without a better one (default: never)", type=int),
    NAME,
    OWN_LAYERS,
)
LOADING = (
    argument("recipe", "the network they belong to"),
    argument("file", "what Keras wrote with save_weights", file=True),
    VARIANT,
    NAME,
    OWN_LAYERS,
)
PACKED = argument("file", "what “export RUN --as zip” or the Run book's Download made", file=True, metavar="ZIP")
VERBS = (
    Verb("train", train, "train a network here, in this process", ["quick --epochs 2 --seed 5 --name Mine"], TRAINING),
    Verb(
        "load",
        load,
        "score weights saved elsewhere (.weights.h5, .h5, .keras) as a run, in this process",
        ["quick quick.weights.h5 --name Brought"],
        LOADING,
    ),
    Verb("import", bring, "take over a run from a zip, and score it here", ["mine-1a2b3c4d.zip"], [PACKED, NAME]),
    Verb(
        "workers",
        workers,
        "start the processes that train for the app, here or for FITTING_ROOM_SCHEDULER",
        [""],
    ),
)
