"""The files Fashion-MNIST comes in, idx and CSV, as arrays; what is wrong with one is said in a sentence.

A table is read in blocks, and what is wrong with it is found out as early as can be: a stranger may have made it. Knows
nothing of where the files lie.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.errors import DataError, door
from core.images import SIDE
from core.language import N_, Saying

TABLES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
CSV_COLUMNS = ("label", *(f"pixel{number}" for number in range(1, SIDE * SIDE + 1)))
NEEDED = frozenset(CSV_COLUMNS)
MOST_COLUMNS, LONGEST_HEAD = 1_000, 64_000  # of a table; bytes of its first line
MOST_ROWS = 200_000  # of a table in a folder
MOST_EMPTY = 1_000_000  # empty lines of a table
BLOCK = 2 * 2**20  # bytes of a table that are read at once, and the most of one line
NEWLINE = 10
PACKED = b"\x1f\x8b"  # begins what gzip has packed
FIRST_LINE = N_("Its first line must name label, pixel1 to pixel784.")
UNREADABLE = N_("{where} cannot be read as a table.")
REMEDY = N_("Get the file again, or leave FITTING_ROOM_DATA out and download the data set in the app.")
FILES = {  # name: (MD5 of the .gz as published, bytes)
    "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
    "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
    "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
}


def idx_path(folder: Path, name: str) -> Path | None:
    """The packed or the plain idx file of this name in a folder; None where there is neither."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def read_idx(path: Path) -> np.ndarray:
    """Pictures (n, 28, 28) or labels (n,) uint8 of an idx file: 0, 0, 8 (= bytes), dimensions, sizes, then the bytes.

    Raises DataError that names the file and what is wrong with it.
    """
    where = place(path)
    try:
        content = path.read_bytes()
        if content.startswith(PACKED):
            content = gzip.decompress(content)
    except EOFError as error:
        sentence = N_("{where} ends too early: it was not copied or downloaded to its end.")
        raise DataError(sentence, REMEDY, where=where) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError("{where} is damaged and cannot be unpacked.", REMEDY, where=where) from error
    except OSError as error:
        raise _closed(where, error) from error
    pictures = "idx3" in path.name
    header = 16 if pictures else 8
    sizes = np.frombuffer(content[: min(len(content), header) // 4 * 4], ">u4")
    if len(sizes) < header // 4 or sizes[0] != (0x803 if pictures else 0x801):
        kind = (
            N_("{where} is not an idx file of pictures.") if pictures else N_("{where} is not an idx file of labels.")
        )
        raise DataError(kind, REMEDY, where=where)
    if pictures and tuple(sizes[2:]) != (SIDE, SIDE):
        raise DataError(
            "{where} holds pictures of {width} × {height} pixels; those of Fashion-MNIST are 28 × 28.",
            REMEDY,
            where=where,
            width=sizes[3],
            height=sizes[2],
        )
    promised = header + int(sizes[1]) * (SIDE * SIDE if pictures else 1)
    if len(content) != promised:
        short, long = (
            N_("{where} ends too early: {count} bytes where {promised} are due."),
            N_("{where} is longer than it says: {count} bytes where {promised} are due."),
        )
        raise DataError(
            short if len(content) < promised else long, REMEDY, where=where, count=len(content), promised=promised
        )
    values = np.frombuffer(content, np.uint8, offset=header)
    return values.reshape(-1, SIDE, SIDE) if pictures else values


def check_pair(images_path: Path, images: np.ndarray, labels_path: Path, labels: np.ndarray) -> None:
    """Raise DataError unless there is a picture, and a label from 0 to 9 for each."""
    if len(images) != len(labels):
        raise DataError(
            "“{images}” holds {pictures} pictures but “{names}” {labels} labels (in {folder}).",
            REMEDY,
            images=images_path.name,
            pictures=len(images),
            names=labels_path.name,
            labels=len(labels),
            folder=images_path.parent,
        )
    if not len(labels):
        raise DataError("{where} holds no pictures.", REMEDY, where=place(images_path))
    if labels.max() > 9:
        first = int(np.argmax(labels > 9))
        raise DataError(
            "“{labels}” gives picture {row} the label {label}; labels go from 0 to 9.",
            REMEDY,
            labels=labels_path.name,
            row=first,
            label=labels[first],
        )


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,), both uint8, of a table with the columns label, pixel1 ... pixel784."""
    where = place(path)

    def opened() -> BinaryIO:
        try:
            return open(path, "rb")
        except OSError as error:
            raise _closed(where, error) from error

    return Table.of(opened, where, REMEDY, MOST_ROWS).read()


def place(path: Path) -> Saying:
    """How a sentence about a file begins."""
    return Saying("The file “{name}” in {folder}", name=path.name, folder=path.parent)


def _closed(where: Saying, error: OSError) -> DataError:
    sentence = N_("{where} cannot be read ({reason}). Check its permissions.")
    return DataError(sentence, where=where, reason=error.strerror or error)


@dataclass(frozen=True)
class Table:
    """A table of pictures whose first line has been read and whose rows have been counted; reading it takes longer."""

    opened: Callable[[], BinaryIO]  # gives the table from its beginning, each time
    where: Saying | str  # how a sentence about it begins,
    remedy: str  # and the one that follows it
    columns: tuple[str, ...]
    rows: int  # lines below the first that are not empty

    @classmethod
    def of(cls, opened: Callable[[], BinaryIO], where: Saying | str, remedy: str, most_rows: int) -> Table:
        """A table with the columns label, pixel1 ... pixel784, in any order and perhaps beside others.

        Raises DataError for one that lacks a column, has more rows than `most_rows`, or a line longer than `BLOCK`.
        """
        with door(DataError, Saying(UNREADABLE, remedy, where=where)):
            with closing(_blocks(opened)) as blocks:
                columns = _columns(next(blocks, b""), where)
            rows = _count_rows(opened, where, remedy)
            if not rows:
                raise DataError("{where} holds no pictures.", remedy, where=where)
            if rows > most_rows:
                sentence = N_("{where} holds {rows} pictures; {most} is the most.")
                raise DataError(sentence, remedy, where=where, rows=rows, most=most_rows)
            return cls(opened, where, remedy, columns, rows)

    def read(self, progress: Callable[[int], None] = lambda rows: None) -> tuple[np.ndarray, np.ndarray]:
        """Pictures (n, 28, 28) and labels (n,), both uint8; `progress` gets the rows that are read so far.

        Raises DataError that names the first bad row.
        """
        values = np.empty((self.rows, len(CSV_COLUMNS)), np.uint8)
        rows = lines = 0  # read so far; lines are counted with the first and the empty ones
        unreadable = Saying(UNREADABLE, self.remedy, where=self.where)
        with door(DataError, unreadable), closing(_blocks(self.opened)) as blocks:
            for block in blocks:
                if not lines:
                    lines, block = 1, block.partition(b"\n")[2]
                if _count_lines(block):
                    found = self._numbers(block)
                    if found is None:
                        raise DataError(self._first_fault(block, rows, lines), self.remedy)
                    values[rows : rows + len(found)] = found
                    rows += len(found)
                    progress(rows)
                lines += block.count(b"\n")
        return values[:, 1:].reshape(-1, SIDE, SIDE), values[:, 0].copy()

    def _numbers(self, block: bytes) -> np.ndarray | None:
        """The numbers in some lines, (n, 785) uint8; None where one of them is at fault."""
        import pyarrow
        from pyarrow import csv as fast

        names = list(map(str, range(len(self.columns))))  # the table may have one twice that is not needed
        needed = [names[self.columns.index(name)] for name in CSV_COLUMNS]
        numbers = dict.fromkeys(needed, pyarrow.uint8())
        try:
            table = fast.read_csv(
                pyarrow.BufferReader(block),
                fast.ReadOptions(column_names=names, block_size=len(block) + 1),
                convert_options=fast.ConvertOptions(column_types=numbers, include_columns=needed, null_values=[]),
            )
        except pyarrow.ArrowInvalid:
            return None
        values = np.empty((table.num_rows, len(needed)), np.uint8)
        for index, column in enumerate(table.columns):
            values[:, index] = column.to_numpy()
        return values if len(values) == _count_lines(block) and values[:, 0].max() <= 9 else None

    def _first_fault(self, block: bytes, rows: int, lines: int) -> Saying:
        """What is wrong with the first bad row of some lines; so many rows and lines come before them."""
        highest = [9 if name == "label" else 255 if name in NEEDED else None for name in self.columns]
        for line, text in enumerate(block.decode("utf-8", errors="replace").split("\n"), lines + 1):
            if not text:
                continue
            rows += 1
            place = {"where": self.where, "row": rows, "line": line}
            try:
                row = next(csv.reader([text]))
            except csv.Error:  # one value is longer than any may be
                return Saying("{where} has something in row {row} (line {line}) that is no number.", **place)
            if len(row) != len(highest):
                sentence = N_("{where} has {count} values in row {row} (line {line}), where {due} are due.")
                return Saying(sentence, count=len(row), due=len(highest), **place)
            for name, most, value in zip(self.columns, highest, row, strict=True):
                if most is not None and not _is_whole(value, most):
                    shown = "".join(filter(str.isprintable, value[:20]))
                    return Saying(
                        "{where} says “{value}” for {column} in row {row} (line {line}); it must be a whole number from"
                        " 0 to {most}.",
                        value=shown,
                        column=name,
                        most=most,
                        **place,
                    )
        return Saying("{where} is not a table of numbers.", where=self.where)


def _columns(block: bytes, where: Saying | str) -> tuple[str, ...]:
    """What the first line of a table names, where it is the beginning of this. Raises DataError."""
    if block.startswith(PACKED):
        raise DataError("{where} is packed. Unpack it, and bring the table that is in it.", where=where)
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError("{where} is written in UTF-16. Save it anew as “CSV UTF-8”.", where=where)
    head = block.partition(b"\n")[0]
    if len(head) > LONGEST_HEAD:
        sentence = N_("{where} has a first line of more than {most} kB.")
        raise DataError(sentence, FIRST_LINE, where=where, most=LONGEST_HEAD // 1000)
    columns = next(csv.reader([head.decode("utf-8", errors="replace")]), [])
    missing = sorted(NEEDED.difference(columns), key=CSV_COLUMNS.index)
    if missing:
        one, many = N_("{where} has no column “{first}”."), N_("{where} has no column “{first}” (and {more} more).")
        sentence = many if len(missing) > 1 else one
        raise DataError(sentence, FIRST_LINE, where=where, first=missing[0], more=len(missing) - 1)
    if len(columns) > MOST_COLUMNS:
        sentence = N_("{where} has {count} columns; {most} is the most.")
        raise DataError(sentence, FIRST_LINE, where=where, count=len(columns), most=MOST_COLUMNS)
    twice = [name for name, count in Counter(columns).items() if count > 1 and name in NEEDED]
    if twice:
        raise DataError("{where} has the column “{name}” twice.", FIRST_LINE, where=where, name=twice[0])
    return tuple(columns)


def _blocks(opened: Callable[[], BinaryIO]) -> Generator[bytes, None, None]:
    """A table in pieces of whole lines, each line with a newline at its end, but perhaps the last; a line longer than
    BLOCK comes in several pieces."""
    with opened() as content:
        rest = b""
        for number, piece in enumerate(iter(partial(content.read, BLOCK), b"")):
            piece = piece if number else piece.removeprefix(codecs.BOM_UTF8)
            if piece.endswith(b"\r"):
                piece += content.read(1)  # both parts of a line's end
            if b"\r" in piece:
                piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            whole, newline, after = piece.rpartition(b"\n")
            if newline or len(rest) > BLOCK:
                yield b"".join((rest, whole, newline))
                rest = after
            else:
                rest += after
        if rest:
            yield rest


def _count_rows(opened: Callable[[], BinaryIO], where: Saying | str, remedy: str) -> int:
    """How many lines of a table are not empty, without the first. Raises DataError for one that no reader should go
    through: a line longer than BLOCK, or empty lines without end."""
    rows = lines = 0  # before this block; both are counted with the first line, so that it is row 0 and line 1
    with closing(_blocks(opened)) as blocks:
        for block in blocks:
            if len(block) > BLOCK and block.find(b"\n", 0, BLOCK + 1) < 0:
                raise DataError(
                    "{where} has a line of more than {most} MB in row {row} (line {line}).",
                    remedy,
                    where=where,
                    most=f"{BLOCK / 2**20:g}",
                    row=rows,
                    line=lines + 1,
                )
            rows += _count_lines(block)
            lines += block.count(b"\n")
            if lines - rows > MOST_EMPTY:
                raise DataError("{where} has more than {most} empty lines.", remedy, where=where, most=MOST_EMPTY)
    return rows - 1


def _count_lines(block: bytes) -> int:
    """How many of some lines are not empty."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE)
    return int(np.count_nonzero(np.diff(ends, prepend=-1) > 1)) + (not block.endswith(b"\n") and bool(block))


def _is_whole(value: str, most: int) -> bool:
    """Whether a value is a whole number from 0 to `most`, however many digits it has."""
    digits = value.strip(" \t")
    return digits.isascii() and digits.isdecimal() and int(digits.lstrip("0")[:4] or "0") <= most
