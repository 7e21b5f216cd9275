"""How well the shipped network reads people's pictures, beside the plain resize that most apps do, in the same run.

    python -m benchmarks.pictures [FOLDER]      without FOLDER the check parts below FITTING_ROOM_PICTURES

Folders, at any depth, are named by class slug (`photos/check/coat`, `mine/ankle-boot`); below a folder
`none-of-the-ten` lie other things. Each top folder is a kind of its own. `--confusion` also prints who was taken for
what, `--json` one object a kind, and `--readme` writes the table into the README.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from core import metrics
from core.data.class_folders import NONE, Listed, find, read_many
from core.errors import FittingRoomError, PictureError
from core.images import SIDE
from core.inference.network import Network, shipped
from core.inference.verdict import Answer, answer
from core.labels import SLUGS
from core.vision.decode import open_picture
from core.vision.reading import Reading, read_picture

README = Path(__file__).resolve().parents[1] / "README.md"
MARKS = "<!-- pictures -->", "<!-- end of pictures -->"  # where the table stands in the README
LARGEST = 10**9  # bytes; these are files of one's own
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


@dataclass(frozen=True, eq=False)
class Seen:
    """One picture as the app reads it, and as a plain resize does."""

    reading: Reading
    plain: Reading


def look(path: Path) -> Seen | str:
    """Both readings of a file; when it cannot be read, why."""
    try:
        opened = open_picture(path.read_bytes(), LARGEST)
        return Seen(replace(read_picture(opened), stages=()), plain_resize(opened))
    except (PictureError, OSError) as error:
        return str(error)


def plain_resize(opened: np.ndarray) -> Reading:
    """The whole picture (h, w, 4) uint8 squeezed to 28 x 28 grey: no cut-out, no negation, no doubt."""
    grey = cv2.cvtColor(np.ascontiguousarray(opened[..., :3]), cv2.COLOR_RGB2GRAY)
    return Reading(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), (), "photo", 1.0, None)


def measure(labels: np.ndarray, answers: Sequence[Answer]) -> dict[str, float | int]:
    """Figures of one kind of pictures: labels (n,) int, -1 for none of the ten, and an answer each.

    Shares are 0 to 1.
    """
    sure = np.array([given.verdict == "sure" for given in answers])
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


def measure_kind(network: Network, listed: Sequence[Listed], seen: Sequence[Seen | str]) -> dict:
    """All that is known of one kind: figures, those of the plain resize as `baseline`, the confusion, what could not be
    read."""
    good = [(one.label, look) for one, look in zip(listed, seen, strict=True) if isinstance(look, Seen)]
    broken = [
        {"file": str(one.path), "error": look} for one, look in zip(listed, seen, strict=True) if isinstance(look, str)
    ]
    row = {"kind": listed[0].kind, "count": len(good), "unreadable": broken}
    if not good:
        return row
    labels = np.array([label for label, _ in good])
    answers = [answer(network, look.reading) for _, look in good]
    row |= measure(labels, answers) | {"baseline": measure(labels, [answer(network, look.plain) for _, look in good])}
    if (labels >= 0).all():
        row["confusion"] = metrics.confusion(labels, np.array([given.probabilities for given in answers])).tolist()
    return row


def measure_folder(folder: Path, part: str | None = None, progress: bool = True) -> list[dict]:
    """Read and measure a folder, one row a kind. Raises DataError when it holds no pictures."""
    listed = find(folder, part)
    seen = read_many([one.path for one in listed], look, _progress if progress else lambda done, total: None)
    rows = []
    for kind in sorted({one.kind for one in listed}, key=lambda kind: (kind == NONE, kind != "photos", kind)):
        chosen = [index for index, one in enumerate(listed) if one.kind == kind]
        rows.append(measure_kind(shipped(), [listed[index] for index in chosen], [seen[index] for index in chosen]))
    return rows


def _progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done} of {total} pictures read", end=end, file=sys.stderr, flush=True)


def table(rows: Sequence[dict]) -> str:
    """The figures in Markdown, two rows a kind: as the app reads its pictures, and squeezed as they are."""
    lines = [["kind", "read", *COLUMNS.values()]]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        lines.append([row["kind"], "by Fitting Room", *_cells(row)])
        lines.append(["", "plain resize", *_cells(row.get("baseline", {}))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(figures: dict) -> list[str]:
    return [
        ("" if name not in figures else str(figures[name]) if name == "count" else f"{figures[name]:.1%}")
        for name in COLUMNS
    ]


def write_readme(rows: Sequence[dict], readme: Path = README, marks: tuple[str, str] = MARKS) -> None:
    """Put the table between its two marks in the README."""
    begin, end = marks
    text = readme.read_text(encoding="utf-8")
    readme.write_text(
        re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table(rows)}\n{end}", text, flags=re.DOTALL), encoding="utf-8"
    )


def show(rows: Sequence[dict], confusion: bool) -> None:
    """Print the table, each file that could not be read by its name, and if wished who was taken for what."""
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, help="folder of pictures (default: the check parts below FITTING_ROOM_PICTURES)"
    )
    parser.add_argument("--confusion", action="store_true", help="also print the confusion matrix of each kind")
    parser.add_argument("--json", action="store_true", help="one JSON object a kind")
    parser.add_argument("--readme", action="store_true", help="write the table into the README")
    asked = parser.parse_args(arguments)
    if asked.folder and asked.readme:
        parser.error("the README shows the check parts: leave FOLDER or --readme out")
    usual = os.environ.get("FITTING_ROOM_PICTURES")
    if asked.folder is None and not usual:
        parser.error("name a folder of pictures, or set FITTING_ROOM_PICTURES to one")
    try:
        rows = measure_folder(asked.folder or Path(usual), None if asked.folder else PART)
    except FittingRoomError as error:
        parser.error(str(error))
    if asked.json:
        for row in rows:
            print(
                json.dumps(
                    row if asked.confusion else {name: value for name, value in row.items() if name != "confusion"}
                )
            )
    else:
        show(rows, asked.confusion)
    if asked.readme:
        write_readme(rows)


if __name__ == "__main__":
    main()
