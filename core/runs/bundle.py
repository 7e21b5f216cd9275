"""A run as one zip to keep or to send, looked through from end to end when it comes back.

Of a zip that somebody brings only plain numbers and words are read: the plan, the curve, the weights as arrays, the
snapshots. Its networks (.keras, .tflite), code and answers are never opened. Knows nothing of pages.
"""

import csv
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import version

import numpy as np
import pandas as pd

from core.archive import zipped
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
UNPACKED_MB = 200  # of all it holds
MOST_FILES = 1_200
MOST_POINTS = 100_000
LARGEST = {
    "plan.json": 100_000,
    "metrics.csv": 10_000_000,
    "model.weights.h5": weights.MOST_MB * 1_000_000,
}  # bytes of what is read
LARGEST_SNAPSHOT = 200_000
MOST_PICTURES = 1_000_000  # in a plan
WORDS = {"name": 60, "note": 400, "data_title": 80, "fingerprint": 16}  # of plan.json, with the most signs kept of each
STRANGE = "Pack the run again with “Everything as one zip”."


@dataclass(frozen=True)
class Bundle:
    """What was read of a zip, all of it checked: a run's plan, words and curve, its weights, and what it was trained
    on."""

    plan: Plan
    name: str
    note: str
    data_title: str
    fingerprint: str
    points: list[dict]
    weights: bytes
    snapshots: dict[int, bytes]

    def past(self, fingerprint: str) -> Past:
        """What goes into the store beside the weights; snapshots speak of pictures and come along only where those are
        in use."""
        note = f"Came as a zip; it learned from “{self.data_title}”. {self.note}".strip()[:500]
        return Past(self.points, self.snapshots if self.fingerprint == fingerprint else {}, note)


def pack(run: Run, store: Store, labels: np.ndarray | None = None) -> bytes:
    """Everything about a run as one zip; with the true `labels` of its test pictures its report has the confusion
    matrix.

    Raises RunError when it has been deleted.
    """
    batches, epochs = store.points(run.id)
    there = store.artifacts(run.id)
    files: dict[str, bytes | str] = {
        "report.html": printed(run, store, labels),
        "plan.json": json.dumps(_described(run), ensure_ascii=False, indent=1) + "\n",
        "metrics.csv": (
            pd.concat([batches.assign(kind="batch"), epochs.assign(kind="epoch")])[["kind", *CURVE]].to_csv(index=False)
        ),
    }
    files |= {name: store.artifact(run.id, kind) for kind, name in FILES.items() if kind in there}
    files[f"{run.recipe}.py"], files[f"{run.recipe}.ipynb"] = script.of_run(run)
    files |= {f"snapshot-{epoch:04}.npz": store.snapshot(run.id, epoch) for epoch in store.epochs(run.id)}
    return zipped(files)


def printed(run: Run, store: Store, labels: np.ndarray | None = None) -> str:
    """The report of a run as a page of its own."""
    outputs = (
        np.load(io.BytesIO(store.artifact(run.id, "probabilities"))) if run.scored and labels is not None else None
    )
    return report.page(run, store.points(run.id)[1], labels, outputs)


def unpack(content: bytes, settings: Settings) -> Bundle:
    """What is in a zip that `pack` made. Everything is checked and nothing is kept.

    Raises RunError or PlanError with one sentence that says what is wrong with it.
    """
    if len(content) > MOST_MB * 1_000_000:
        raise RunError(f"This zip is larger than {MOST_MB} MB; no run here is. Choose another file.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive)
            told = _told(_read(archive, members, "plan.json"))
            plan = _plan(told["plan"], settings)
            points = _points(_read(archive, members, "metrics.csv"), plan)
            kept = weights.fitting(_read(archive, members, "model.weights.h5"), plan.row.parameters, plan.title)
            snapshots = {
                int(match[1]): _snapshot(name, _read(archive, members, name, LARGEST_SNAPSHOT))
                for name in members
                if (match := SNAPSHOT.fullmatch(name)) and 1 <= int(match[1]) <= plan.epochs
            }
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise RunError(f"This file is damaged, or is not a zip. {STRANGE}") from error
    words = {name: _line(told[name], most) for name, most in WORDS.items()}
    return Bundle(
        plan, points=points, weights=kept, snapshots=snapshots, **words | {"name": words["name"] or plan.title}
    )


def _described(run: Run) -> dict:
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


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of a zip by their names.

    Raises RunError when they are too many, too large, locked, or lie in folders.
    """
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise RunError(f"This zip holds {len(entries):,} files; a run has {MOST_FILES:,} at most. {STRANGE}")
    size = sum(entry.file_size for entry in entries)
    if size > UNPACKED_MB * 1_000_000:
        raise RunError(f"This zip would unpack to {size / 1e6:,.0f} MB; {UNPACKED_MB} MB is the most. {STRANGE}")
    if any(entry.flag_bits & 1 for entry in entries):
        raise RunError("This zip is locked with a password. Pack it without one.")
    members = {entry.filename: entry for entry in entries}
    if len(members) < len(entries) or any(re.search(r"[/\\:]", name) for name in members):
        raise RunError(f"This zip has folders in it, or a file twice, which a run's zip never has. {STRANGE}")
    return members


def _read(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], name: str, most: int = 0) -> bytes:
    most = most or LARGEST[name]
    if name not in members:
        raise RunError(f"This zip is no packed run: it has no {name}. {STRANGE}")
    if members[name].compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):  # the others can grow without a bound in one step
        raise RunError(f"{name} is packed in an unusual way. Pack it as an ordinary zip.")
    with archive.open(members[name]) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise RunError(f"{name} in this zip is larger than {most / 1e6:g} MB; in a run it never is. {STRANGE}")
    return content


def _told(content: bytes) -> dict:
    """What plan.json tells."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"plan.json in this zip cannot be read. {STRANGE}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise RunError(f"This zip is no packed run, or one of another version. {STRANGE}")
    if not isinstance(told.get("plan"), dict) or not all(isinstance(told.get(name), str) for name in WORDS):
        raise RunError(f"plan.json in this zip lacks something, or has it in another form. {STRANGE}")
    return told


def _plan(given: Mapping, settings: Settings) -> Plan:
    """The plan in plan.json.

    Raises RunError when it has another form, and PlanError when it lies outside the limits.
    """
    numbers = {name: value for name, value in given.items() if name != "layers"}
    layers = given.get("layers")
    kinds = {row.name: row.type for row in fields(Plan)}
    allowed = {str: str, int: int, float: (int, float), int | None: (int, type(None))}
    if (
        set(given) - set(kinds)
        or any(
            not isinstance(value, allowed[kinds[name]]) or isinstance(value, bool) or value != value
            for name, value in numbers.items()
        )
        or (layers is not None and given.get("recipe") != OWN)
        or not (layers is None or (isinstance(layers, list) and all(isinstance(row, list) for row in layers)))
    ):
        raise RunError(f"The plan in this zip has choices that I do not know. {STRANGE}")
    try:
        plan = Plan(**given)
    except TypeError as error:
        raise RunError(f"The plan in this zip is not whole. {STRANGE}") from error
    known = Plan.of(plan.recipe, plan.variant, layers=plan.layers)
    if plan.loads:
        return Plan.loading(known.recipe, known.variant, known.layers)
    few = plan.examples is not None and 1 <= plan.examples <= 100  # of a small data set of somebody's own
    return plan.checked(settings, plan.examples if few else MOST_PICTURES)


def _points(content: bytes, plan: Plan) -> list[dict]:
    """The points of a curve, each number checked. Raises RunError that names the line."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode())))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RunError(f"metrics.csv in this zip is no table. {STRANGE}") from error
    if not rows or rows[0] != ["kind", *CURVE] or len(rows) > MOST_POINTS:
        raise RunError(f"metrics.csv in this zip is not the table of a curve. {STRANGE}")
    return [_point(number, row, plan) for number, row in enumerate(rows[1:], 2)]


def _point(number: int, row: list[str], plan: Plan) -> dict:
    try:
        kind, *texts = row
        values = dict(zip(CURVE, (float(text) if text else None for text in texts), strict=True))
    except ValueError as error:
        raise RunError(f"Line {number} of metrics.csv in this zip is no point of a curve. {STRANGE}") from error
    whole = kind == "epoch"
    fits = (
        kind in ("batch", "epoch")
        and _within(values["epoch"], float(whole), plan.epochs + 1e-3)
        and (not whole or values["epoch"] == round(values["epoch"]))
        and _within(values["accuracy"], 0, 1)
        and _within(values["loss"], 0, 1e6)
        and (values["val_accuracy"] is None or _within(values["val_accuracy"], 0, 1))
        and (values["val_loss"] is None or _within(values["val_loss"], 0, 1e6))
    )
    if not fits:
        raise RunError(f"Line {number} of metrics.csv in this zip has a number that cannot be. {STRANGE}")
    return {"kind": kind, **values}


def _within(value: float | None, low: float, high: float) -> bool:
    return value is not None and low <= value <= high


def _snapshot(name: str, content: bytes) -> bytes:
    """A snapshot read as plain arrays of its shapes and written anew."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive)
            arrays = {
                row.name: _array(_read(archive, members, f"{row.name}.npy", LARGEST_SNAPSHOT))
                for row in fields(Snapshot)
            }
    except (zipfile.BadZipFile, ValueError, TypeError, SyntaxError) as error:
        raise RunError(f"{name} in this zip is damaged. {STRANGE}") from error
    counts, rows, shares, filters = (arrays[word] for word in ("counts", "rows", "shares", "filters"))
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
        raise RunError(f"{name} in this zip holds something else than a snapshot. {STRANGE}")
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
    shape, in_columns, kind = np.lib.format.read_array_header_1_0(file)
    numbers = content[file.tell() :]
    if kind.kind not in "biuf" or len(numbers) != kind.itemsize * np.prod(shape, dtype=object):
        raise ValueError("not the numbers it promises")
    return np.frombuffer(numbers, kind).reshape(shape, order="F" if in_columns else "C")


def _line(text: str, most: int) -> str:
    """One line of words, without signs that could mean something on a page."""
    return re.sub(r"[^\w.,:;?%()&+/'“”’–-]+", " ", text).strip()[:most]
