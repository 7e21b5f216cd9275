"""The files Fashion-MNIST comes in, idx and CSV, as arrays; what is wrong with one is said in a sentence.

Knows nothing of which files there are, nor of where they lie.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.data.kinds import PACKED
from core.data.tables import Found, Table
from core.errors import DataError
from core.images import SIDE
from core.language import N_, Saying

TABLES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
IDX_PICTURES, IDX_LABELS = b"\0\0\x08\x03", b"\0\0\x08\x01"  # begin idx files of bytes
MOST_ROWS = 200_000  # of a table in a folder
REMEDY = N_("Get the file again, or leave FITTING_ROOM_DATA out and download the data set in the app.")
FILE_IN = N_("The file “{name}” in {folder}")
FILES = {  # name: (MD5 of the .gz as published, bytes)
    "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
    "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
    "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
}


@dataclass(frozen=True)
class Stored:
    """A file as it lies somewhere: in a folder, in a zip, or in memory."""

    path: str  # below the folder or in the zip, with slashes
    where: Saying  # how a sentence about it begins
    remedy: str  # and the one that follows it
    opened: Callable[[], BinaryIO]  # gives it from its beginning, each time
    zip: str = ""  # the path of the zip it lies in

    @property
    def folder(self) -> object:
        """The folder it lies in, for a sentence."""
        return self.where.fields.get("folder", "")

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("/")[2]


def lying(path: Path, folder: Path) -> Stored:
    """A file below a folder."""
    where = place(path)
    return Stored(path.relative_to(folder).as_posix(), where, REMEDY, partial(_open, path, where))


def idx_path(folder: Path, name: str) -> Path | None:
    """The packed or the plain idx file of this name in a folder; None where there is neither."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def idx_name(name: str) -> str | None:
    """Which of the four FILES a file is by its name, however its signs are set; None for any other."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower().removesuffix(".gz"))
    found = re.fullmatch(
        r"(?:fashion|fashionmnist)?(train|t10k|test)(images|labels)(idx[13]ubyte|idx[13]|ubyte)[0-9]?", plain
    )
    if found is None:
        return None
    kind = "images-idx3-ubyte" if found[2] == "images" else "labels-idx1-ubyte"
    return f"{'train' if found[1] == 'train' else 't10k'}-{kind}"


def read_idx(file: Stored, most: int) -> np.ndarray:
    """Pictures (n, 28, 28) or labels (n,) uint8 of an idx file: 0, 0, 8 (= bytes), dimensions, sizes, then the bytes.

    Raises DataError that names the file and what is wrong with it.
    """
    try:
        with file.opened() as content:
            packed = content.read(2) == PACKED
            content.seek(0)
            return _idx(gzip.GzipFile(fileobj=content) if packed else content, file, most)  # type: ignore[arg-type]
    except EOFError as error:
        sentence = N_("{where} ends too early: it was not copied or downloaded to its end.")
        raise DataError(sentence, file.remedy, where=file.where) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError("{where} is damaged and cannot be unpacked.", file.remedy, where=file.where) from error


def _idx(content: BinaryIO, file: Stored, most: int) -> np.ndarray:
    """No more is read of it than it says to hold, and that is not much."""
    start, named = content.read(8), idx_name(file.name)
    pictures = "idx3" in named if named else start.startswith(IDX_PICTURES)
    start += content.read(8) if pictures else b""
    sizes = np.frombuffer(start[: len(start) // 4 * 4], ">u4")
    if len(sizes) < (4 if pictures else 2) or not start.startswith(IDX_PICTURES if pictures else IDX_LABELS):
        kind = (
            N_("{where} is not an idx file of pictures.") if pictures else N_("{where} is not an idx file of labels.")
        )
        raise DataError(kind, file.remedy, where=file.where)
    if pictures and tuple(sizes[2:]) != (SIDE, SIDE):
        raise DataError(
            "{where} holds pictures of {width} × {height} pixels; those of Fashion-MNIST are 28 × 28.",
            file.remedy,
            where=file.where,
            width=sizes[3],
            height=sizes[2],
        )
    if sizes[1] > most:
        sentence = N_("{where} holds {rows} pictures; {most} is the most.")
        raise DataError(sentence, file.remedy, where=file.where, rows=int(sizes[1]), most=most)
    due = int(sizes[1]) * (SIDE * SIDE if pictures else 1)
    body = content.read(due + 1)  # past its end, so that a checksum is compared
    if len(body) != due:
        short, long = (
            N_("{where} ends too early: {count} bytes where {promised} are due."),
            N_("{where} is longer than it says: {promised} bytes are due."),
        )
        sentence = short if len(body) < due else long
        count, promised = len(start) + len(body), len(start) + due
        raise DataError(sentence, file.remedy, where=file.where, count=count, promised=promised)
    values = np.frombuffer(body, np.uint8)
    return values.reshape(-1, SIDE, SIDE) if pictures else values


def check_pair(images_file: Stored, images: np.ndarray, labels_file: Stored, labels: np.ndarray) -> None:
    """Raise DataError unless there is a picture, and a label from 0 to 9 for each."""
    if len(images) != len(labels):
        raise DataError(
            "“{images}” holds {pictures} pictures but “{names}” {labels} labels.",
            images_file.remedy,
            images=images_file.path,
            pictures=len(images),
            names=labels_file.path,
            labels=len(labels),
        )
    if not len(labels):
        raise DataError("{where} holds no pictures.", images_file.remedy, where=images_file.where)
    if labels.max() > 9:
        first = int(np.argmax(labels > 9))
        raise DataError(
            "“{labels}” gives picture {row} the label {label}; labels go from 0 to 9.",
            labels_file.remedy,
            labels=labels_file.path,
            row=first,
            label=labels[first],
        )


def read_csv(path: Path) -> Found:
    """The pictures and labels of a table; see `Table.of` for what it may look like. Raises DataError."""
    file = lying(path, path.parent)
    return Table.of(file.opened, file.where, file.remedy, MOST_ROWS).read()


def place(path: Path) -> Saying:
    """How a sentence about a file begins."""
    return Saying(FILE_IN, name=path.name, folder=path.parent)


def _open(path: Path, where: Saying) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        sentence = N_("{where} cannot be read ({reason}). Check its permissions.")
        raise DataError(sentence, where=where, reason=error.strerror or error) from error
