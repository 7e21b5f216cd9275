"""A table of pictures and classes, CSV or alike, as arrays; what is wrong with one is said in a sentence.

It is read in blocks, and what is wrong with it is found out as early as can be: a stranger may have made it. Knows
nothing of where it lies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from core.archive import ArchiveError
from core.data.columns import LONGEST_HEAD, SAMPLE, Form, class_of, fields, form_of, guesses, number_of
from core.data.kinds import encoding
from core.data.lines import beginning, blocks, count_lines, count_rows
from core.errors import DataError, door
from core.images import SIDE
from core.labels import NAMES
from core.language import N_, Saying, _
from core.words import line

UNREADABLE = N_("{where} cannot be read as a table.")
MOST_GUESSED = 20  # words that are told
NEAR = 0.01  # how near the least of numbers around 0 is to -1 or -0.5: others had an average taken from them
WHITE, ON_WHITE = 250, 0.9  # brightness of all corners, in so many of the pictures, that tells a white background


class Ways:
    """What is unusual about a file, in a row."""

    def __init__(self, *ways: Saying) -> None:
        self.ways = ways

    def __str__(self) -> str:
        said = map(str, self.ways)
        return reduce(lambda before, after: _("{before}, {after}").format(before=before, after=after), said)


class Found(NamedTuple):
    """What a file holds."""

    images: np.ndarray  # (n, 28, 28) uint8, 0 = background
    labels: np.ndarray  # (n,) uint8, 0 to 9
    ways: tuple[Saying, ...] = ()  # what is unusual about it


def read_as(found: dict[str, tuple[Saying, ...]]) -> Saying | None:
    """How files were read, each its name and what is unusual about it; None where nothing is."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, ways in found.items():
        alike.setdefault(tuple(map(str, ways)), []).append(name)
    said = [
        Saying("“{name}” was read as: {ways}.", name=" + ".join(names), ways=Ways(*found[names[0]]))
        for ways, names in alike.items()
        if ways
    ]
    return Saying(*said) if said else None


@dataclass
class Scale:
    """How numbers become pixels from 0 to 255: the first that are not all 0 tell."""

    low: float = 0.0
    high: float = 255.0
    known: bool = False
    rounded: bool = False

    def pixels(self, values: np.ndarray) -> np.ndarray | None:
        """These numbers as pixels, uint8; None where some lie outside."""
        low, high = values.min(), values.max()
        if not self.known and (low or high):
            self.known = True
            half = next((half for half in (1.0, 0.5) if -half <= low <= NEAR - half and high <= half), 0.0)
            if half or (low >= 0 and high <= 1):
                self.low, self.high = 0.0 - half, half or 1.0
        if not (low >= self.low and high <= self.high):  # nan is neither
            return None
        if self.high == 255 and values.dtype == np.uint8:
            return values
        pixels = np.rint((values - self.low) * (255 / (self.high - self.low)))
        self.rounded |= self.high == 255 and bool((pixels != values).any())
        return pixels.astype(np.uint8)

    @property
    def ways(self) -> tuple[Saying, ...]:
        """What there is to say about it."""
        if self.high <= 1:
            return (Saying("pixels from {low} to {high}, made 0 to 255", low=f"{self.low:g}", high=f"{self.high:g}"),)
        return (Saying("pixels rounded to whole numbers"),) if self.rounded else ()


def upright(found: Found) -> Found:
    """The same with a black background: where all four corners of almost all pictures are white, dark and light are
    changed for each other."""
    corners = found.images[:, [0, 0, -1, -1], [0, -1, 0, -1]].min(axis=1)
    if np.mean(corners >= WHITE) < ON_WHITE:
        return found
    return found._replace(images=255 - found.images, ways=(*found.ways, Saying("a white background, made black")))


def as_guessed(words: dict[str, int]) -> tuple[Saying, ...]:
    """What words were taken for, each a way of its own."""
    shown = [(line(word, 40), label) for word, label in list(words.items())[:MOST_GUESSED]]
    return tuple(Saying("“{word}” as {name}", word=word, name=Saying(NAMES[label])) for word, label in shown)


@dataclass(frozen=True)
class Table:
    """A table of pictures whose first lines have been read and whose rows are counted; reading it takes longer."""

    blocks: Callable[[], Any]  # gives the table from its beginning, each time, in pieces of whole lines
    where: Saying | str  # how a sentence about it begins,
    remedy: str  # and the one that follows it
    form: Form
    rows: int  # lines below the first that are not empty

    @classmethod
    def of(cls, opened: Callable[[], BinaryIO], where: Saying | str, remedy: str, most_rows: int) -> Table:
        """A table whose columns are known, by name or by their order, and perhaps beside others.

        Raises DataError for what is no such table, and for one that has more rows than `most_rows` or a line longer
        than `BLOCK`.
        """
        with door(DataError, Saying(UNREADABLE, remedy, where=where), (ArchiveError,)):
            head, packed = beginning(opened, where, remedy)
            pieces = partial(blocks, opened, where, remedy)
            with closing(pieces()) as found:
                form = form_of(_head(found), where)
            with closing(pieces()) as found:
                rows = count_rows(found, form.heads, where, remedy)
            if rows < 1:
                raise DataError("{where} holds no pictures.", remedy, where=where)
            if rows > most_rows:
                sentence = N_("{where} holds {rows} pictures; {most} is the most.")
                raise DataError(sentence, remedy, where=where, rows=rows, most=most_rows)
            written = [Saying("UTF-16")] if encoding(head) != "utf-8" else []
            written += [Saying("packed with gzip")] if packed else []
            form = form.with_label(_label(pieces, form))
            return cls(pieces, where, remedy, replace(form, ways=(*form.ways, *written)), rows)

    def read(self, progress: Callable[[int], None] = lambda rows: None) -> Found:
        """Its pictures and labels; `progress` gets the rows that are read so far.

        Raises DataError that names the first bad row.
        """
        images, labels = np.empty((self.rows, SIDE * SIDE), np.uint8), np.empty(self.rows, np.uint8)
        reading, rows, lines, skip = _Reading(self.form), 0, 0, self.form.skipped
        unreadable = Saying(UNREADABLE, self.remedy, where=self.where)
        with door(DataError, unreadable, (ArchiveError,)), closing(self.blocks()) as found:
            for block in found:
                while skip and block:
                    block, skip, lines = block.partition(b"\n")[2], skip - 1, lines + 1
                if count_lines(block):
                    read = reading.block(block)
                    if read is None:
                        raise DataError(self._first_fault(block, rows, lines, reading.scale), self.remedy)
                    after = rows + len(read[1])
                    images[rows:after], labels[rows:after] = read
                    rows = after
                    progress(rows)
                lines += block.count(b"\n")
        return upright(Found(images.reshape(-1, SIDE, SIDE), labels, (*self.form.ways, *reading.ways)))

    def _first_fault(self, block: bytes, rows: int, lines: int, scale: Scale) -> Saying:
        """What is wrong with the first bad row of some lines; so many rows and lines come before them."""
        form, pixels = self.form, set(self.form.pixels)
        for at, text in enumerate(block.decode("utf-8", errors="replace").split("\n"), lines + 1):
            if not text:
                continue
            rows += 1
            place = {"where": self.where, "row": rows, "line": at}
            row = fields(text, form.separator)
            if not row:
                return Saying("{where} has something in row {row} (line {line}) that is no number.", **place)
            if len(row) != len(form.names):
                sentence = N_("{where} has {count} values in row {row} (line {line}), where {due} are due.")
                return Saying(sentence, count=len(row), due=len(form.names), **place)
            for column, value in enumerate(row):
                place |= {"value": "".join(filter(str.isprintable, value[:20])), "column": form.names[column]}
                number = number_of(value, form.point)
                if column == form.labels[0] and class_of(value, form.point) < 0:
                    return Saying(
                        "{where} says “{value}” for {column} in row {row} (line {line}); it must be a class, from 0 to"
                        " 9 or by its name.",
                        **place,
                    )
                if column in pixels and (number is None or not scale.low <= number <= scale.high):
                    return Saying(
                        "{where} says “{value}” for {column} in row {row} (line {line}); it must be a number from {low}"
                        " to {high}.",
                        low=f"{scale.low:g}",
                        high=f"{scale.high:g}",
                        **place,
                    )
        return Saying("{where} is not a table of numbers.", where=self.where)


class _Reading:
    """The rows of a table on their way to pictures: what the first ones say about it holds for all."""

    def __init__(self, form: Form) -> None:
        self.form, self.scale = form, Scale()
        self.guessed: dict[str, int] = {}  # words that are perhaps classes, and which
        self.kinds = ["uint8", "float32"]  # what the pixels may be written as: whole numbers are read faster

    def block(self, block: bytes) -> tuple[np.ndarray, np.ndarray] | None:
        """The pictures (n, 784) and labels (n,), both uint8, of some lines; None where one of them is at fault."""
        import pyarrow

        label, pixels = self.form.labels[0], self.form.pixels
        for kind in tuple(self.kinds):
            table = _columns(
                block, self.form, {label: pyarrow.string()} | dict.fromkeys(pixels, getattr(pyarrow, kind)())
            )
            if table is None:
                continue
            self.kinds = self.kinds[self.kinds.index(kind) :]
            words = table.column(0).combine_chunks().dictionary_encode()
            named = words.dictionary.to_pylist()
            classes = np.array([class_of(word, self.form.point) for word in named])
            values = np.empty((table.num_rows, len(pixels)), kind)
            for index, column in enumerate(table.columns[1:]):
                values[:, index] = column.to_numpy()
            found = self.scale.pixels(values)
            if found is None or classes.min() < 0:
                return None
            self.guessed |= guesses(named)
            return found, classes[words.indices.to_numpy()]
        return None

    @property
    def ways(self) -> tuple[Saying, ...]:
        """What the rows showed to be unusual."""
        return (*as_guessed(self.guessed), *self.scale.ways)


def _columns(block: bytes, form: Form, types: dict[int, Any]) -> Any | None:
    """Some columns of some lines as a table of pyarrow, of the given types; None where one of them is at fault."""
    import pyarrow
    from pyarrow import csv as fast

    if form.separator == " ":  # several are one
        block = re.sub(rb"(?m)^ | $", b"", re.sub(rb"[ \t]+", b" ", block))
    names = list(map(str, range(len(form.names))))  # the table may have one twice that is not needed
    needed = list(map(str, types))
    try:
        table = fast.read_csv(
            pyarrow.BufferReader(block),
            fast.ReadOptions(column_names=names, block_size=len(block) + 1),
            fast.ParseOptions(delimiter=form.separator),
            fast.ConvertOptions(
                column_types=dict(zip(needed, types.values(), strict=True)),
                include_columns=needed,
                null_values=[],
                decimal_point=form.point,
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    return table if table.num_rows == count_lines(block) else None


def _head(blocks: Iterator[bytes]) -> bytes:
    """The first lines of a table, as many as are looked at, or more."""
    head = b""
    for block in blocks:
        head += block
        if head.count(b"\n") > 2 * SAMPLE or len(head) > 2 * SAMPLE * LONGEST_HEAD:
            break
    return head


def _label(pieces: Callable[[], Any], form: Form) -> int:
    """The column of classes: of several that may be it the one that holds a class in most rows, and most classes."""
    import pyarrow

    if len(form.labels) == 1:
        return form.labels[0]
    classes: dict[int, Counter[int]] = {column: Counter() for column in form.labels}
    skip = form.skipped
    with closing(pieces()) as found:
        for block in found:
            while skip and block:
                block, skip = block.partition(b"\n")[2], skip - 1
            table = _columns(block, form, dict.fromkeys(form.labels, pyarrow.string())) if block else None
            for column, cells in zip(form.labels, table.columns if table else (), strict=False):
                for value in cells.value_counts():
                    classes[column][class_of(value["values"].as_py(), form.point)] += value["counts"].as_py()

    return likeliest(classes)


def likeliest(classes: dict[int, Counter[int]]) -> int:
    """Which column holds the class, by how often each class is named there (-1: none): the one where most rows name
    one, and more of them."""

    def worth(column: int) -> float:
        kinds = sum(1 for label in classes[column] if label >= 0)
        return kinds * (1 - classes[column][-1] / classes[column].total()) if kinds > 1 else 0.0

    return max(classes, key=worth)
