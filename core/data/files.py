"""The files Fashion-MNIST comes in, idx and CSV, as arrays; what is wrong with one is said in a sentence.

Knows nothing of where the files lie.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.data.kinds import PACKED
from core.data.tables import Found, Table
from core.errors import DataError
from core.images import SIDE
from core.language import N_, Saying

TABLES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
MOST_ROWS = 200_000  # of a table in a folder
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


def read_csv(path: Path) -> Found:
    """The pictures and labels of a table; see `Table.of` for what it may look like. Raises DataError."""
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
