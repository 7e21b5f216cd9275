"""A run as one zip to keep or to send, looked through from end to end when it comes back.

Of an uploaded zip only plain numbers and words are read: the plan, the curve, the weights as arrays, the snapshots.
Its networks (.keras, .tflite), code and answers are never opened. Knows nothing of pages.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib.metadata import version
from tokenize import TokenError
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from core.archive import Archive, ArchiveError, Fault, Limits, check, zipped
from core.errors import RunError
from core.runs import report, script
from core.runs.book import Past
from core.runs.schema import CURVE, Run
from core.runs.store import Store
from core.settings import Settings
from core.training import weights
from core.training.checkpoint import FILTERS, SHEET, Snapshot
from core.training.plan import Plan
from models.catalogue import OWN

FORMAT = "fitting-room run 1"
FILES = {
    "keras": "model.keras",
    "tflite": "model.tflite",
    "weights": "model.weights.h5",
    "probabilities": "probabilities.npy",
}
SNAPSHOT = re.compile(r"snapshot-(\d{1,4})\.npz")
PACKAGES = ("tensorflow", "keras", "numpy")
MOST_MB = 100  # of a zip
LIMITS = Limits(files=1_200, unpacked=200_000_000)  # of all it holds, and of a snapshot in it
MOST_POINTS = 100_000
LARGEST = {  # bytes of each file that is read
    "plan.json": 100_000,
    "metrics.csv": 10_000_000,
    "model.weights.h5": weights.MOST_MB * 1_000_000,
}
LARGEST_SNAPSHOT = 200_000
MOST_PICTURES = 1_000_000  # in a plan
SMALL_UPLOAD = 100  # pictures: fewer than other plans may take, from a small data set that a visitor uploaded
WORDS = {"name": 60, "note": 400, "data_title": 80, "fingerprint": 16}  # of plan.json, with the most signs kept of each
REMEDY = "Pack the run again with “Everything as one zip”."
Point: TypeAlias = dict[str, str | float | None]  # of a curve, as the store takes it: `kind` and the numbers of CURVE


@dataclass(frozen=True)
class Bundle:
    """What was read of a zip, all of it checked."""

    plan: Plan
    name: str
    note: str
    data_title: str
    fingerprint: str  # of the data set it was trained on
    points: list[Point]
    weights: bytes  # .weights.h5
    snapshots: dict[int, bytes]  # by epoch

    def past(self, fingerprint: str) -> Past:
        """What goes into the store beside the weights, where the data set in use has this fingerprint.

        Snapshots are about pictures: those of another data set are left out.
        """
        note = f"Came as a zip; it learned from “{self.data_title}”. {self.note}".strip()[:500]
        return Past(self.points, self.snapshots if self.fingerprint == fingerprint else {}, note)


def pack(run: Run, store: Store, labels: np.ndarray | None = None) -> bytes:
    """Everything about a run as one zip; with the true `labels` of its test pictures its report has the confusion
    matrix.

    Raises RunError when it has been deleted.
    """
    batches, epochs = store.points(run.id)
    points = pd.concat([batches.assign(kind="batch"), epochs.assign(kind="epoch")])
    kinds = store.artifacts(run.id)
    files: dict[str, bytes | str] = {
        "report.html": printed(run, store, labels),
        "plan.json": json.dumps(_described(run), ensure_ascii=False, indent=1) + "\n",
        "metrics.csv": points[["kind", *CURVE]].to_csv(index=False),
    }
    files |= {name: store.artifact(run.id, kind) for kind, name in FILES.items() if kind in kinds}
    files[f"{run.recipe}.py"], files[f"{run.recipe}.ipynb"] = script.of_run(run)
    files |= {f"snapshot-{epoch:04}.npz": store.snapshot(run.id, epoch) for epoch in store.epochs(run.id)}
    return zipped(files)


def printed(run: Run, store: Store, labels: np.ndarray | None = None) -> str:
    """The report of a run as a page of its own."""
    outputs = None
    if run.scored and labels is not None:
        outputs = np.load(io.BytesIO(store.artifact(run.id, "probabilities")))
    return report.page(run, store.points(run.id)[1], labels, outputs)


def unpack(content: bytes, settings: Settings) -> Bundle:
    """What is in a zip that `pack` made. Everything is checked and nothing is kept.

    Raises RunError or PlanError with one sentence that says what is wrong with it.
    """
    if len(content) > MOST_MB * 1_000_000:
        raise RunError(f"This zip is larger than {MOST_MB} MB; no run here is. Choose another file.")
    try:
        archive = _opened(content)
        described = _description(archive.read_named("plan.json", LARGEST["plan.json"]))
        plan = _plan(described["plan"], settings)
        points = _points(archive.read_named("metrics.csv", LARGEST["metrics.csv"]), plan)
        weights_file = archive.read_named("model.weights.h5", LARGEST["model.weights.h5"])
        snapshots = {
            int(match[1]): _snapshot(name, archive.read_named(name, LARGEST_SNAPSHOT))
            for name in archive.plain_names()
            if (match := SNAPSHOT.fullmatch(name)) and 1 <= int(match[1]) <= plan.epochs
        }
    except ArchiveError as error:
        raise RunError(_refusal(error)) from error
    words = {name: _line(described[name], most) for name, most in WORDS.items()}
    return Bundle(
        plan,
        name=words["name"] or plan.title,
        note=words["note"],
        data_title=words["data_title"],
        fingerprint=words["fingerprint"],
        points=points,
        weights=weights.matching(weights_file, plan.row.parameters, plan.title),
        snapshots=snapshots,
    )


def _described(run: Run) -> dict[str, Any]:
    """What plan.json says of a run."""
    figures = ("status", "test_accuracy", "test_loss", "seconds", "temperature", "created", "seams")
    return {
        "format": FORMAT,
        "plan": run.plan.as_dict(),
        "name": run.name,
        "note": run.note,
        "data_title": run.data_title,
        "fingerprint": run.fingerprint,
        "figures": {name: getattr(run, name) for name in figures},
        "versions": {name: version(name) for name in PACKAGES},
    }


def _opened(content: bytes) -> Archive:
    """A zip of files without folders, within the limits of a run's. Raises ArchiveError."""
    archive = Archive(content)
    check(archive.entries, LIMITS)
    archive.plain_names()
    return archive


def _refusal(error: ArchiveError) -> str:
    """Why a zip is refused, in a sentence."""
    largest = LARGEST.get(error.name, LARGEST_SNAPSHOT) / 1e6
    sentences = {
        Fault.DAMAGED: f"This file is damaged, or is not a zip. {REMEDY}",
        Fault.LOCKED: "This zip is locked with a password. Pack it without one.",
        Fault.TOO_MANY: f"This zip holds {error.amount:,} files; a run has {LIMITS.files:,} at most. {REMEDY}",
        Fault.TOO_LARGE: (
            f"This zip would unpack to {error.amount / 1e6:,.0f} MB; {LIMITS.unpacked / 1e6:g} MB is the most. {REMEDY}"
        ),
        Fault.NAMES: f"This zip has folders in it, or a file twice, which a run's zip never has. {REMEDY}",
        Fault.MISSING: f"This zip is no packed run: it has no {error.name}. {REMEDY}",
        Fault.PACKING: f"{error.name} is packed in an unusual way. Pack it as an ordinary zip.",
        Fault.FILE_TOO_LARGE: (
            f"{error.name} in this zip is larger than {largest:g} MB; in a run it never is. {REMEDY}"
        ),
    }
    return sentences[error.fault]


def _description(content: bytes) -> dict[str, Any]:
    """What plan.json holds: the plan, and words about the run."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"plan.json in this zip cannot be read. {REMEDY}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise RunError(f"This zip is no packed run, or one of another version. {REMEDY}")
    if not isinstance(found.get("plan"), dict) or not all(isinstance(found.get(name), str) for name in WORDS):
        raise RunError(f"plan.json in this zip lacks something, or has it in another form. {REMEDY}")
    return found


def _plan(given: Mapping[str, Any], settings: Settings) -> Plan:
    """The plan in plan.json.

    Raises RunError when it has another form, and PlanError when it lies outside the limits.
    """
    if not all(name in CHOICES and CHOICES[name](value) for name, value in given.items()):
        raise RunError(f"The plan in this zip has choices that I do not know. {REMEDY}")
    if given.get("layers") is not None and given.get("recipe") != OWN:
        raise RunError(f"The plan in this zip has choices that I do not know. {REMEDY}")
    try:
        plan = Plan(**given)
    except TypeError as error:
        raise RunError(f"The plan in this zip is not whole. {REMEDY}") from error
    known = Plan.of(plan.recipe, plan.variant, layers=plan.layers)
    if plan.loads:
        return Plan.loading(known.recipe, known.variant, known.layers)
    available = MOST_PICTURES
    if plan.examples is not None and 1 <= plan.examples <= SMALL_UPLOAD:
        available = plan.examples
    return plan.checked(settings, available)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _is_count_or_none(value: object) -> bool:
    return value is None or _is_count(value)


def _is_layers_or_none(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(row, list) for row in value))


CHOICES: dict[str, Callable[[object], bool]] = {  # what a plan may hold, and whether a value is of its kind
    "recipe": _is_text,
    "epochs": _is_count,
    "batch_size": _is_count,
    "learning_rate": _is_number,
    "examples": _is_count_or_none,
    "seed": _is_count,
    "variant": _is_text,
    "schedule": _is_text,
    "dropout": _is_number,
    "augment": _is_text,
    "patience": _is_count,
    "layers": _is_layers_or_none,
}


def _points(content: bytes, plan: Plan) -> list[Point]:
    """The points of a curve, each number checked. Raises RunError that names the line."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode())))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RunError(f"metrics.csv in this zip is no table. {REMEDY}") from error
    if not rows or rows[0] != ["kind", *CURVE] or len(rows) > MOST_POINTS:
        raise RunError(f"metrics.csv in this zip is not the table of a curve. {REMEDY}")
    return [_point(number, row, plan) for number, row in enumerate(rows[1:], 2)]


def _point(number: int, row: list[str], plan: Plan) -> Point:
    """The point of a curve in a row of its table, which is line `number` of the file."""
    try:
        kind, *texts = row
        values = dict(zip(CURVE, (float(text) if text else None for text in texts), strict=True))
    except ValueError as error:
        raise RunError(f"Line {number} of metrics.csv in this zip is no point of a curve. {REMEDY}") from error
    epoch = values["epoch"]
    lowest = 1.0 if kind == "epoch" else 0.0
    fits = (
        kind in ("batch", "epoch")
        and epoch is not None
        and lowest <= epoch <= plan.epochs + 1e-3
        and (kind == "batch" or epoch == round(epoch))
        and _within(values["accuracy"], 1)
        and _within(values["loss"], 1e6)
        and (values["val_accuracy"] is None or _within(values["val_accuracy"], 1))
        and (values["val_loss"] is None or _within(values["val_loss"], 1e6))
    )
    if not fits:
        raise RunError(f"Line {number} of metrics.csv in this zip has a number that cannot be. {REMEDY}")
    return {"kind": kind, **values}


def _within(value: float | None, most: float) -> bool:
    return value is not None and 0 <= value <= most


def _snapshot(name: str, content: bytes) -> bytes:
    """The snapshot in a file, read as plain arrays of the right shapes and written anew.

    Raises RunError, and ArchiveError where the zip it is breaks the limits.
    """
    try:
        archive = _opened(content)
        arrays = {
            field.name: _array(archive.read_named(f"{field.name}.npy", LARGEST_SNAPSHOT)) for field in fields(Snapshot)
        }
    except ArchiveError as error:
        if error.fault == Fault.DAMAGED:
            raise RunError(f"{name} in this zip is damaged. {REMEDY}") from error
        raise
    except ValueError as error:
        raise RunError(f"{name} in this zip is damaged. {REMEDY}") from error
    counts, rows, shares, filters = (arrays[name] for name in ("counts", "rows", "shares", "filters"))
    fits = (
        counts.shape == (10, 10)
        and rows.ndim == 1
        and len(rows) <= SHEET
        and shares.shape == (len(rows), 10)
        and filters.ndim == 3
        and len(filters) <= FILTERS
        and max(filters.shape[1:], default=0) <= 28
        and arrays["held_back"].shape == ()
        and all(np.isfinite(array).all() for array in (counts, rows, shares, filters))
        and (counts >= 0).all()
        and (rows >= 0).all()
    )
    if not fits:
        raise RunError(f"{name} in this zip holds something else than a snapshot. {REMEDY}")
    kept = Snapshot(
        counts.astype(np.int32),
        rows.astype(np.int32),
        bool(arrays["held_back"]),
        shares.astype(np.float16),
        filters.astype(np.float16),
    )
    return kept.to_bytes()


def _array(content: bytes) -> np.ndarray:
    """An array in NumPy's own form, read without pickle and only when it holds as many numbers as it says.

    Raises ValueError.
    """
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("another version")
    try:
        shape, in_columns, kind = np.lib.format.read_array_header_1_0(file)
    except (TypeError, SyntaxError, TokenError) as error:
        raise ValueError("its head cannot be read") from error
    numbers = content[file.tell() :]
    if kind.kind not in "biuf" or len(numbers) != kind.itemsize * np.prod(shape, dtype=object):
        raise ValueError("not the numbers it promises")
    return np.frombuffer(numbers, kind).reshape(shape, order="F" if in_columns else "C")


def _line(text: str, most: int) -> str:
    """One line of words, without signs that could mean something on a page."""
    return re.sub(r"[^\w.,:;?%()&+/'“”’–-]+", " ", text).strip()[:most]
