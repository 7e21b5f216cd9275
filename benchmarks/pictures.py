"""How well the app reads people's pictures, beside each eye alone and the plain resize that most apps do, in one run.

    python -m benchmarks.pictures [FOLDER]      without FOLDER the check parts below FITTING_ROOM_PICTURES

Folders, at any depth, are named by class slug (`photos/check/coat`, `mine/ankle-boot`); below a folder
`none-of-the-ten` lie other things. Each top folder is a kind of its own. Drawings the second eye cannot read; the small
network answers them alone. `--confusion` also prints what was taken for what, `--json` one object a kind, and
`--readme` writes the table into docs/results.md and part of it into README.md.
"""

import argparse
import copy
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from benchmarks.results import markdown_table, write
from core import metrics
from core.data.class_folders import Listed, find, read_many
from core.data.naming import NONE
from core.errors import FittingRoomError, PictureError
from core.images import SIDE
from core.inference.eye import Eye, Joining, second_eye
from core.inference.measured import measured
from core.inference.network import Network, shipped
from core.inference.verdict import Answer, answer
from core.labels import SLUGS
from core.vision.decode import open_picture
from core.vision.reading import Kind, Reading, read_picture

LARGEST = 10**9  # bytes; these are files of this computer
BAG = SLUGS.index("bag")
PART = "check"  # what is measured when no folder is named
PIECE = 250  # pictures whose readings are in memory at once: each keeps what the second eye is shown, 450 kB
ANSWERED = {  # where the figures of a table's line stand in the row of a kind, and what the line is called
    "": "by Fitting Room",
    "network": "small network alone",
    "eye": "second eye alone",
    "baseline": "plain resize",
}
COLUMNS = {
    "count": "pictures",
    "accuracy": "right",
    "macro_accuracy": "right, mean of the classes",
    "sure": "answered as sure",
    "right_when_sure": "right among the sure",
    "called_bag": "wrongly called Bag",
    "not_sure": "not given a sure answer",
}
SHORT = ("count", "accuracy", "right_when_sure", "not_sure")  # columns of the README's table


@dataclass(frozen=True, eq=False)
class Readings:
    """One picture as the app reads it, and as a plain resize does."""

    app: Reading
    plain: Reading


@dataclass(frozen=True)
class Answers:
    """What is answered to one picture."""

    app: Answer  # by both eyes together; of a drawing by the small network
    network: Answer  # by the small network alone
    eye: Answer | None  # by the second eye alone; None of a drawing
    plain: Answer  # by the small network to the plain resize


def read_both(path: Path) -> Readings | str:
    """Both readings of a file; when it cannot be read, why."""
    try:
        opened = open_picture(path.read_bytes(), LARGEST)
        return Readings(replace(read_picture(opened), stages=()), plain_resize(opened))
    except (PictureError, OSError) as error:
        return str(error)


def plain_resize(opened: np.ndarray) -> Reading:
    """The whole picture (h, w, 4) uint8 squeezed to 28 x 28 grey: no cut-out, no negation, no doubt."""
    grey = cv2.cvtColor(np.ascontiguousarray(opened[..., :3]), cv2.COLOR_RGB2GRAY)
    return Reading(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), (), Kind.PHOTO, 1.0, None)


def measure(labels: np.ndarray, answers: Sequence[Answer]) -> dict[str, float | int]:
    """Figures of one kind of pictures: labels (n,) int, -1 for none of the ten, and an answer each.

    Shares are 0 to 1.
    """
    found = measured(labels, answers)
    if (labels < 0).all():
        return {"count": len(labels), "not_sure": round(1 - found.sure.value, 4)}
    bags = np.array([given.index == BAG for given in answers])
    figures = {
        "accuracy": found.right.value,
        "macro_accuracy": found.mean_of_classes,
        "sure": found.sure.value,
        "called_bag": float((bags & (labels != BAG)).mean()),
    } | ({"right_when_sure": found.right_when_sure.value} if found.sure.part else {})
    return {"count": len(labels)} | {name: round(share, 4) for name, share in figures.items()}


def alone(eye: Eye) -> Eye:
    """The second eye as it is asked without the small network: that counts for nothing beside it."""
    single = copy.copy(eye)  # what one has seen the other need not look at again
    single.joining = Joining(0.0, 1.0, eye.alone)
    return single


def ask(both: Readings, network: Network, eye: Eye) -> Answers:
    """The answers to both readings of a picture."""
    app, by_network = answer(network, both.app, eye), answer(network, both.app)
    by_eye = answer(network, both.app, alone(eye)) if app.eyes else None
    return Answers(app, by_network, by_eye, answer(network, both.plain))


def measure_kind(listed: Sequence[Listed], answers: Sequence[Answers | str]) -> dict:
    """One kind of pictures: the app's figures, confusion, and what could not be read.

    Figures of the plain resize stand in `baseline`. Where the second eye was shown most of the pictures, its own stand
    in `eye`, counted on those it was shown, and the small network's in `network`.
    """
    readable = [(file.label, given) for file, given in zip(listed, answers, strict=True) if isinstance(given, Answers)]
    unreadable = [
        {"file": str(file.path), "error": error}
        for file, error in zip(listed, answers, strict=True)
        if isinstance(error, str)
    ]
    row = {"kind": listed[0].kind, "count": len(readable), "unreadable": unreadable}
    if not readable:
        return row
    labels = np.array([label for label, _ in readable])
    row |= measure(labels, [given.app for _, given in readable])
    shown = [(label, given.eye) for label, given in readable if given.eye]
    if 2 * len(shown) > len(readable):
        row["network"] = measure(labels, [given.network for _, given in readable])
        row["eye"] = measure(np.array([label for label, _ in shown]), [given for _, given in shown])
    row["baseline"] = measure(labels, [given.plain for _, given in readable])
    if (labels >= 0).all():
        row["confusion"] = metrics.confusion(labels, np.array([one.app.probabilities for _, one in readable])).tolist()
    return row


def measure_folder(folder: Path, part: str | None = None) -> list[dict]:
    """Read and measure a folder, one row a kind. Raises DataError when it holds no pictures."""
    listed = find(folder, part)
    answers = _answer_all([file.path for file in listed])
    rows = []
    for kind in sorted({file.kind for file in listed}, key=lambda kind: (kind == NONE, kind != "photos", kind)):
        chosen = [index for index, file in enumerate(listed) if file.kind == kind]
        rows.append(measure_kind([listed[index] for index in chosen], [answers[index] for index in chosen]))
    return rows


def _answer_all(paths: Sequence[Path]) -> list[Answers | str]:
    """The answers to each file, or why it cannot be read. One piece's readings are gone before the next is read."""
    network, eye = shipped(), second_eye()
    answers: list[Answers | str] = []
    for start in range(0, len(paths), PIECE):
        progress = partial(_progress, start, len(paths))
        answers += [
            both if isinstance(both, str) else ask(both, network, eye)
            for both in read_many(paths[start : start + PIECE], read_both, progress)
        ]
    return answers


def _progress(before: int, total: int, done: int, _of_piece: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if before + done == total else ""
        print(f"\r{before + done} of {total} pictures read", end=end, file=sys.stderr, flush=True)


def table(rows: Sequence[dict], columns: Sequence[str] = tuple(COLUMNS)) -> str:
    """The figures in Markdown: of each kind as the app answers, by each eye alone, and squeezed as the pictures are."""
    lines = []
    for row in rows:
        for name, words in ANSWERED.items():
            if figures := row.get(name) if name else row:
                lines.append(["" if name else row["kind"], words, *_cells(figures, columns)])
    return markdown_table(["kind", "read", *(COLUMNS[name] for name in columns)], lines)


def _cells(figures: dict, columns: Sequence[str]) -> list[str]:
    return [
        ("" if name not in figures else str(figures[name]) if name == "count" else f"{figures[name]:.1%}")
        for name in columns
    ]


def write_tables(rows: Sequence[dict]) -> None:
    """Put the whole table into docs/results.md, and some of its columns into README.md."""
    write("pictures", table(rows))
    write("pictures-short", table(rows, SHORT))


def show(rows: Sequence[dict], confusion: bool) -> None:
    """Print the table, each file that could not be read by its name, and if wished the confusion."""
    print(table(rows))
    for row in rows:
        for broken in row["unreadable"]:
            print(f"{row['kind']}: {broken['file']} could not be read: {broken['error']}")
        if row["unreadable"]:
            print(f"{row['kind']}: {len(row['unreadable'])} could not be read, and are not counted above")
    for row in rows:
        if confusion and "confusion" in row:
            print(f"\n{row['kind']}: rows are what it was, columns what it was taken for")
            print(pd.DataFrame(row["confusion"], index=SLUGS, columns=SLUGS).to_string())


def command_line() -> argparse.ArgumentParser:
    """What the command can be asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, help="folder of pictures (default: the check parts below FITTING_ROOM_PICTURES)"
    )
    parser.add_argument("--confusion", action="store_true", help="also print the confusion matrix of each kind")
    parser.add_argument("--json", action="store_true", help="one JSON object a kind")
    parser.add_argument("--readme", action="store_true", help="write the tables into docs/results.md and README.md")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where asked."""
    parser = command_line()
    given = parser.parse_args(arguments)
    if given.folder and given.readme:
        parser.error("the documents show the check parts: leave FOLDER or --readme out")
    folder = given.folder or os.environ.get("FITTING_ROOM_PICTURES")
    if not folder:
        parser.error("name a folder of pictures, or set FITTING_ROOM_PICTURES to one")
    try:
        rows = measure_folder(Path(folder), None if given.folder else PART)
    except FittingRoomError as error:
        parser.error(str(error))
    if given.json:
        for row in rows:
            print(json.dumps({name: value for name, value in row.items() if given.confusion or name != "confusion"}))
    else:
        show(rows, given.confusion)
    if given.readme:
        write_tables(rows)


if __name__ == "__main__":
    main()
