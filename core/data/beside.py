"""Pictures whose classes stand in a table beside them: each row has a picture's name and its class.

Knows nothing of what is in a picture.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from core.data.brought import File
from core.data.columns import LABELS, class_of, fields
from core.data.kinds import encoding
from core.data.naming import LEFT_OUT
from core.data.sorting import is_picture
from core.errors import DataError, PictureError
from core.language import N_
from core.words import line

TABLE = re.compile(r"\.(csv|tsv|txt)$")
MOST_TABLES, MOST_ROWS = 4, 100_000
SAMPLE = 100  # rows that show which column names the pictures
SEPARATORS = ",;\t| "


class Beside(NamedTuple):
    """What tables say."""

    labels: np.ndarray  # (n,) int64, the class of each file; LEFT_OUT for one they do not name
    tables: tuple[str, ...]  # the names of the tables


def classes_beside(files: Sequence[File]) -> Beside | None:
    """The classes of pictures among these files, by the tables among them; None where no table names any.

    Raises DataError where a table says something else for a picture than a class.
    """
    pictures = _by_name(files)
    labels, found = np.full(len(files), LEFT_OUT), []
    for table in [file for file in files if TABLE.search(file.parts[-1].lower())][:MOST_TABLES]:
        with suppress(PictureError):
            classes = _classes(_rows(table.content()), pictures, table.name)
            labels[list(classes)] = list(classes.values())
            found += [table.name] if classes else []
    return Beside(labels, tuple(found)) if found else None


def _by_name(files: Sequence[File]) -> dict[str, int]:
    """The place of each picture, by its path, its name, and that without its ending, where no two have the same."""
    places: dict[str, int] = {}
    for index, file in enumerate(files):
        if is_picture(file.parts):
            path = "/".join(file.parts).casefold()
            for name in {path, file.parts[-1].casefold(), _stem(file.parts[-1].casefold())}:
                places[name] = index if name not in places else -1
    return {name: index for name, index in places.items() if index >= 0}


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _rows(content: bytes) -> list[list[str]]:
    """The values of a table's lines, as many as are looked at."""
    lines = content.decode(encoding(content[:200]), "replace").removeprefix("\ufeff").splitlines()[:MOST_ROWS]
    lines = [text for text in lines if text.strip()]
    separator = max(SEPARATORS, key=lines[-1].count) if lines else ","
    return [fields(text, separator) for text in lines]


def _classes(rows: Sequence[Sequence[str]], pictures: Mapping[str, int], name: str) -> dict[int, int]:
    """The class of each picture that a table names, by the picture's place. Raises DataError."""
    width = max(map(len, rows), default=0)

    def named(column: int, among: Sequence[Sequence[str]]) -> list[tuple[int, Sequence[str]]]:
        found = [(_place(row[column], pictures), row) for row in among if len(row) == width]
        return [(place, row) for place, row in found if place is not None]

    of_names = max(range(width), key=lambda column: len(dict(named(column, rows[:SAMPLE]))), default=0)
    listed = named(of_names, rows) if width > 1 else []
    if len(listed) * 2 < len(rows):
        return {}
    others = [column for column in range(width) if column != of_names]
    head = [re.sub(r"[\W_]+", "", cell.casefold()) for cell in rows[0]] if rows[0] is not listed[0][1] else []
    called = [column for word in LABELS for column in others if head[column : column + 1] == [word]]
    known = [column for column in others if all(class_of(row[column]) != LEFT_OUT for _place, row in listed)]
    if not (called or known):
        return {}
    column = (called or known)[0]
    for _index, row in listed:
        if class_of(row[column]) == LEFT_OUT:
            raise DataError(
                "The table “{table}” says “{value}” for “{picture}”; it must be a class, from 0 to 9 or by its name.",
                N_("Correct it and choose it again; nothing was changed here."),
                table=name,
                value=line(row[column], 20),
                picture=line(row[of_names], 40),
            )
    return {place: class_of(row[column]) for place, row in listed}


def _place(cell: str, pictures: Mapping[str, int]) -> int | None:
    """Where the picture is that a cell names: by as much of its path as it gives."""
    path = cell.strip().casefold().replace("\\", "/").removeprefix("./")
    return next((pictures[name] for name in (path, path.rpartition("/")[2]) if name in pictures), None)
