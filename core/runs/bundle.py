"""A run as one zip to keep or to send, looked through from end to end when it comes back.

Of an uploaded zip only plain numbers and words are read: the plan, the curve, the weights as arrays, the snapshots.
Its networks (.keras, .tflite), code and answers are never opened. Knows nothing of pages.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from core.archive import Archive, ArchiveError, Fault, Limits, check, zipped
from core.errors import RunError, door
from core.language import N_, Saying, _
from core.runs import card, report, script
from core.runs.book import Past
from core.runs.results import answers_of
from core.runs.schema import CURVE, Run
from core.runs.store import Store
from core.settings import Settings
from core.training import backend, weights
from core.training.checkpoint import Snapshot
from core.training.plan import Plan
from core.training.tflite_metadata import ENTRY as METADATA
from models.catalogue import OWN

FORMAT = "fitting-room run 1"
FILES = {
    "keras": "model.keras",
    "tflite": "model.tflite",
    "weights": "model.weights.h5",
    "probabilities": "probabilities.npy",
}
SNAPSHOT = re.compile(r"snapshot-(\d{1,4})\.npz")
MOST_MB = 100  # of a zip
LIMITS = Limits(files=1_200, unpacked=200_000_000)  # of all it holds
MOST_POINTS, LONGEST_POINT = 100_000, 300  # of a curve; letters of each
LARGEST_NUMBER = 2**53  # in a plan
LONGEST_WORD, MOST_WORDS = 100, 20  # of a plan: letters, and how many in a list
LARGEST = {  # bytes of each file that is read
    "plan.json": 100_000,
    "metrics.csv": 10_000_000,
    "model.weights.h5": weights.MOST_MB * 1_000_000,
}
LARGEST_SNAPSHOT = 200_000
MOST_PICTURES = 1_000_000  # in a plan
SMALL_UPLOAD = 100  # pictures: fewer than other plans may take, from a small data set that a visitor uploaded
WORDS = {"name": 60, "note": 400, "data_title": 80, "fingerprint": 16}  # of plan.json, with the most signs kept of each
REMEDY = N_("Open the run where it was made and press “Download” again.")
UNREADABLE = Saying("This zip cannot be read as a run.", REMEDY)
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

    def past(self, fingerprint: str, training: int, test: int) -> Past:
        """What goes into the store beside the weights, where the data set in use has this fingerprint and so many
        pictures to train and to test on.

        Snapshots are about pictures: those of another data set are left out. Raises RunError for one about pictures
        that this data set does not have.
        """
        origin = _("Came as a zip; it learned from “{pictures}”.").format(pictures=self.data_title)
        note = f"{origin} {self.note}".strip()[:500]
        snapshots = self.snapshots if self.fingerprint == fingerprint else {}
        for epoch, content in snapshots.items():
            if not Snapshot.from_bytes(content).fits(training, test):
                sentence = N_("{name} in this zip names pictures that do not exist.")
                raise RunError(sentence, REMEDY, name=_snapshot_name(epoch))
        return Past(self.points, snapshots, note)


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
    files |= {_snapshot_name(epoch): store.snapshot(run.id, epoch) for epoch in store.epochs(run.id)}
    labelled = METADATA.encode() in files.get("model.tflite", b"")
    return zipped({"README.md": card.of_run(run, files.keys(), labelled), **files})


def printed(run: Run, store: Store, labels: np.ndarray | None = None) -> str:
    """The report of a run as a page of its own."""
    outputs = None
    if run.scored and labels is not None:
        outputs = answers_of(run, store, len(labels))
    return report.page(run, store.points(run.id)[1], labels, outputs)


def unpack(content: bytes, settings: Settings) -> Bundle:
    """What is in a zip that `pack` made. Everything is checked and nothing is kept.

    Raises RunError or PlanError with one sentence that says what is wrong with it.
    """
    if len(content) > MOST_MB * 1_000_000:
        raise RunError("This zip is larger than {most} MB; no run here is. Choose another file.", most=MOST_MB)
    with door(RunError, UNREADABLE):
        try:
            return _unpacked(_opened(content), settings)
        except ArchiveError as error:
            raise _refusal(error) from error


def _unpacked(archive: Archive, settings: Settings) -> Bundle:
    described = _description(archive.read_named("plan.json", LARGEST["plan.json"]))
    plan = _plan(described["plan"], settings)
    points = _points(archive.read_named("metrics.csv", LARGEST["metrics.csv"]), plan)
    weights_file = archive.read_named("model.weights.h5", LARGEST["model.weights.h5"])
    snapshots = {
        int(match[1]): _snapshot(name, archive.read_named(name, LARGEST_SNAPSHOT))
        for name in archive.plain_names()
        if (match := SNAPSHOT.fullmatch(name)) and 1 <= int(match[1]) <= plan.epochs
    }
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
        "versions": backend.versions(),
    }


def _opened(content: bytes) -> Archive:
    """A zip of files without folders, within the limits of a run's. Raises ArchiveError."""
    archive = Archive(content, LIMITS.files)
    check(archive.entries, LIMITS)
    archive.plain_names()
    return archive


def _refusal(error: ArchiveError) -> RunError:
    """Why a zip is refused."""
    sentences = {
        Fault.DAMAGED: (N_("This file is damaged, or is not a zip."), REMEDY),
        Fault.LOCKED: (N_("This zip is locked with a password. Pack it without one."),),
        Fault.TOO_MANY: (N_("This zip holds {files} files; a run has {most_files} at most."), REMEDY),
        Fault.TOO_LARGE: (N_("This zip would unpack to {megabytes} MB; {most_megabytes} MB is the most."), REMEDY),
        Fault.NAMES: (N_("This zip has folders in it, or a file twice, which a run's zip never has."), REMEDY),
        Fault.MISSING: (N_("This zip is no packed run: it has no {name}."), REMEDY),
        Fault.PACKING: (N_("{name} is packed in an unusual way. Pack it as an ordinary zip."),),
        Fault.FILE_TOO_LARGE: (N_("{name} in this zip is larger than {largest} MB; in a run it never is."), REMEDY),
    }
    return RunError(
        *sentences[error.fault],
        name=error.name,
        files=error.amount,
        most_files=LIMITS.files,
        megabytes=round(error.amount / 1e6),
        most_megabytes=round(LIMITS.unpacked / 1e6),
        largest=f"{LARGEST.get(error.name, LARGEST_SNAPSHOT) / 1e6:g}",
    )


def _description(content: bytes) -> dict[str, Any]:
    """What plan.json holds: the plan, and words about the run."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RunError("plan.json in this zip cannot be read.", REMEDY) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise RunError("This zip is no packed run, or one of another version.", REMEDY)
    if not isinstance(found.get("plan"), dict) or not all(isinstance(found.get(name), str) for name in WORDS):
        raise RunError("plan.json in this zip lacks something, or has it in another form.", REMEDY)
    return found


def _plan(given: Mapping[str, Any], settings: Settings) -> Plan:
    """The plan in plan.json.

    Raises RunError when it has another form, and PlanError when it lies outside the limits.
    """
    if not all(name in CHOICES and CHOICES[name](value) for name, value in given.items()):
        raise RunError("The plan in this zip has choices that I do not know.", REMEDY)
    if given.get("layers") is not None and given.get("recipe") != OWN:
        raise RunError("The plan in this zip has choices that I do not know.", REMEDY)
    try:
        plan = Plan(**given)
    except TypeError as error:
        raise RunError("The plan in this zip is not whole.", REMEDY) from error
    known = Plan.of(plan.recipe, plan.variant, layers=plan.layers)
    if plan.loads:
        return Plan.loading(known.recipe, known.variant, known.layers)
    available = MOST_PICTURES
    if plan.examples is not None and 1 <= plan.examples <= SMALL_UPLOAD:
        available = plan.examples
    return plan.checked(settings, available)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_WORD


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


def _is_number(value: object) -> bool:
    return _is_count(value) or (isinstance(value, float) and not math.isnan(value))


def _is_count_or_none(value: object) -> bool:
    return value is None or _is_count(value)


def _is_layers_or_none(value: object) -> bool:
    return value is None or (
        isinstance(value, list)
        and len(value) <= MOST_WORDS
        and all(isinstance(row, list) and len(row) <= MOST_WORDS for row in value)
        and all(_is_text(cell) or _is_number(cell) for row in value for cell in row)
    )


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
    if content.count(b"\n") > MOST_POINTS:  # counted before a line is read
        sentence = N_("metrics.csv in this zip has more than {most} lines; in a run it never does.")
        raise RunError(sentence, REMEDY, most=MOST_POINTS)
    try:
        head, *lines = content.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise RunError("metrics.csv in this zip is no table.", REMEDY) from error
    if head.rstrip("\r") != ",".join(("kind", *CURVE)):
        raise RunError("metrics.csv in this zip is not the table of a curve.", REMEDY)
    points: list[Point] = []
    last = {"batch": -1e-3, "epoch": 0.0}  # where the last point of each kind stands
    for number, line in enumerate(lines, 2):
        kind, values = _numbers(number, line)
        epoch = values["epoch"]
        in_turn = (
            epoch is not None
            and kind in last
            and last[kind] - 1e-3 <= epoch <= plan.epochs + 1e-3
            and (kind == "batch" or (epoch == round(epoch) and epoch > last[kind]))
        )
        if not (in_turn and _can_be(values)):
            sentence = N_("Line {line} of metrics.csv in this zip has a number that cannot be.")
            raise RunError(sentence, REMEDY, line=number)
        last[kind] = epoch or 0.0
        points.append({"kind": kind, **values})
    return points


def _numbers(number: int, line: str) -> tuple[str, dict[str, float | None]]:
    """The kind and the numbers of the point in a line, which has this number in the file. Raises RunError."""
    try:
        kind, *texts = line[:LONGEST_POINT].rstrip("\r").split(",")
        return kind, dict(zip(CURVE, (float(text) if text else None for text in texts), strict=True))
    except ValueError as error:
        sentence = N_("Line {line} of metrics.csv in this zip is no point of a curve.")
        raise RunError(sentence, REMEDY, line=number) from error


def _can_be(values: Mapping[str, float | None]) -> bool:
    """Whether these can be the scores of a point; those of pictures held back are there together, or neither is."""
    held_back = values["val_accuracy"], values["val_loss"]
    return (
        _within(values["accuracy"], 1)
        and _within(values["loss"], 1e6)
        and (held_back == (None, None) or (_within(held_back[0], 1) and _within(held_back[1], 1e6)))
    )


def _within(value: float | None, most: float) -> bool:
    return value is not None and 0 <= value <= most


def _snapshot_name(epoch: int) -> str:
    return f"snapshot-{epoch:04}.npz"


def _snapshot(name: str, content: bytes) -> bytes:
    """The snapshot in a file, each number checked, and written anew. Raises RunError."""
    try:
        return Snapshot.from_bytes(content).to_bytes()
    except RunError as error:
        sentence = N_("{name} in this zip is damaged, or holds something else than a snapshot.")
        raise RunError(sentence, REMEDY, name=name) from error


def _line(text: str, most: int) -> str:
    """One line of words, without signs that could mean something on a page."""
    return re.sub(r"[^\w.,:;?%()&+/'“”’–-]+", " ", text).strip()[:most]
