"""How well the shipped network reads people's pictures, beside the plain resize that most apps do, in the same run.

    python -m benchmarks.pictures [FOLDER]      without FOLDER the check parts below FITTING_ROOM_PICTURES

Folders, at any depth, are named by class slug (`photos/check/coat`, `mine/ankle-boot`); below a folder
`none-of-the-ten` lie other things. Each top folder is a kind of its own. `--confusion` also prints what was taken for
what, `--json` one object a kind, and `--readme` writes the table into docs/results.md and part of it into README.md.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from benchmarks.results import markdown_table, write
from core import metrics
from core.data.class_folders import NONE, Listed, find, read_many
from core.errors import FittingRoomError, PictureError
from core.images import SIDE
from core.inference.network import Network, shipped
from core.inference.verdict import Answer, Verdict, answer
from core.labels import SLUGS
from core.vision.decode import open_picture
from core.vision.reading import Kind, Reading, read_picture

LARGEST = 10**9  # bytes; these are files of this computer
BAG = SLUGS.index("bag")
PART = "check"  # what is measured when no folder is named
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
    sure = np.array([given.verdict is Verdict.SURE for given in answers])
    if (labels < 0).all():
        return {"count": len(labels), "not_sure": _share(~sure)}
    indices = np.array([given.index for given in answers])
    right = indices == labels
    figures = {
        "accuracy": _share(right),
        "macro_accuracy": round(float(np.mean([right[labels == label].mean() for label in np.unique(labels)])), 4),
        "sure": _share(sure),
        "called_bag": _share((indices == BAG) & (labels != BAG)),
    }
    return {"count": len(labels), **figures} | ({"right_when_sure": _share(right[sure])} if sure.any() else {})


def _share(which: np.ndarray) -> float:
    return round(float(which.mean()), 4)


def measure_kind(network: Network, listed: Sequence[Listed], readings: Sequence[Readings | str]) -> dict:
    """One kind of pictures: figures, those of the plain resize as `baseline`, confusion, and what could not be read."""
    readable = [(file.label, both) for file, both in zip(listed, readings, strict=True) if isinstance(both, Readings)]
    unreadable = [
        {"file": str(file.path), "error": error}
        for file, error in zip(listed, readings, strict=True)
        if isinstance(error, str)
    ]
    row = {"kind": listed[0].kind, "count": len(readable), "unreadable": unreadable}
    if not readable:
        return row
    labels = np.array([label for label, _ in readable])
    answers = [answer(network, both.app) for _, both in readable]
    row |= measure(labels, answers) | {
        "baseline": measure(labels, [answer(network, both.plain) for _, both in readable])
    }
    if (labels >= 0).all():
        row["confusion"] = metrics.confusion(labels, np.array([given.probabilities for given in answers])).tolist()
    return row


def measure_folder(folder: Path, part: str | None = None, progress: bool = True) -> list[dict]:
    """Read and measure a folder, one row a kind. Raises DataError when it holds no pictures."""
    listed = find(folder, part)
    readings = read_many([file.path for file in listed], read_both, *([_progress] if progress else []))
    rows = []
    for kind in sorted({file.kind for file in listed}, key=lambda kind: (kind == NONE, kind != "photos", kind)):
        chosen = [index for index, file in enumerate(listed) if file.kind == kind]
        rows.append(measure_kind(shipped(), [listed[index] for index in chosen], [readings[index] for index in chosen]))
    return rows


def _progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done} of {total} pictures read", end=end, file=sys.stderr, flush=True)


def table(rows: Sequence[dict], columns: Sequence[str] = tuple(COLUMNS)) -> str:
    """The figures in Markdown, two rows a kind: as the app reads its pictures, and squeezed as they are."""
    lines = []
    for row in rows:
        lines.append([row["kind"], "by Fitting Room", *_cells(row, columns)])
        lines.append(["", "plain resize", *_cells(row.get("baseline", {}), columns)])
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
