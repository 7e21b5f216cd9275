"""Pictures whose classes stand in a table beside them: each row has a picture's name and its class.

Knows nothing of what is in a picture.
"""

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

import numpy as np

from core.data.brought import File
from core.data.columns import LABELS, class_of, fields, number_of
from core.data.kinds import encoding
from core.data.naming import LEFT_OUT
from core.data.sorting import is_picture
from core.errors import DataError, PictureError
from core.language import N_
from core.words import line

TABLE = re.compile(r"\.(csv|tsv|txt)$")
MOST_TABLES, MOST_ROWS, MOST_BYTES = 4, 50_000, 4_000_000  # of one table
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
    text = content[:MOST_BYTES].decode(encoding(content[:200]), "replace").removeprefix("\ufeff")
    lines = [text.rstrip("\n") for text in islice(io.StringIO(text, None), MOST_ROWS) if text.strip()]
    separator = max(SEPARATORS, key=lines[-1].count) if lines else ","
    return [fields(text, separator) for text in lines]


def _classes(rows: Sequence[Sequence[str]], pictures: Mapping[str, int], name: str) -> dict[int, int]:
    """The class of each picture that a table names, by the picture's place. Raises DataError."""
    width = max(map(len, rows), default=0)
    full = [row for row in rows if len(row) == width]

    def worth(column: int) -> tuple[int, int]:
        """How many pictures a column names, first with their endings: a mere number may be one of the row."""
        named = {_place(row[column], pictures): row[column] for row in full[:SAMPLE]}
        named.pop(None, None)
        return sum("." in cell for cell in named.values()), len(named)

    of_names = max(range(width), key=worth, default=0)
    listed = [(place, row) for row in full if (place := _place(row[of_names], pictures)) is not None]
    column = _of_classes(full, listed, of_names)
    if column is None or len(listed) * 2 < len(rows):
        return {}
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


def _of_classes(
    rows: Sequence[Sequence[str]], listed: Sequence[tuple[int, Sequence[str]]], of_names: int
) -> int | None:
    """The column that says the classes of these rows: by its name, as the only one with names of classes, or as the
    only one beside the pictures' names. None where that is not sure."""
    others = [column for column in range(len(rows[0]) if listed else 0) if column != of_names]
    head = (
        [re.sub(r"[\W_]+", "", cell.casefold()) for cell in rows[0]] if listed and rows[0] is not listed[0][1] else []
    )
    called = [column for word in LABELS for column in others if head and head[column] == word]
    known = [column for column in others if all(class_of(row[column]) != LEFT_OUT for _place, row in listed)]
    in_words = [column for column in known if any(number_of(row[column]) is None for _place, row in listed)]
    if called:
        return called[0]
    if len(in_words) == 1:
        return in_words[0]
    return others[0] if len(others) == 1 and known else None


def _place(cell: str, pictures: Mapping[str, int]) -> int | None:
    """Where the picture is that a cell names: by as much of its path as it gives."""
    path = cell.strip().casefold().replace("\\", "/").removeprefix("./")
    return next((pictures[name] for name in (path, path.rpartition("/")[2]) if name in pictures), None)
