"""The files Fashion-MNIST comes in, idx and CSV, as arrays; what is wrong with one is said in a sentence.

Knows nothing of where the files lie.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.errors import DataError
from core.images import SIDE

TABLES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
CSV_COLUMNS = ("label", *(f"pixel{number}" for number in range(1, SIDE * SIDE + 1)))
REMEDY = "Get the file again, or leave FITTING_ROOM_DATA out and download the data set in the app."
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
    where = f"The file “{path.name}” in {path.parent}"
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except EOFError as error:
        raise DataError(f"{where} ends too early: it was not copied or downloaded to its end. {REMEDY}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{where} is damaged and cannot be unpacked. {REMEDY}") from error
    except OSError as error:
        raise DataError(f"{where} cannot be read ({error.strerror or error}). Check its permissions.") from error
    pictures = "idx3" in path.name
    header = 16 if pictures else 8
    sizes = np.frombuffer(content[: min(len(content), header) // 4 * 4], ">u4")
    if len(sizes) < header // 4 or sizes[0] != (0x803 if pictures else 0x801):
        raise DataError(f"{where} is not an idx file of {'pictures' if pictures else 'labels'}. {REMEDY}")
    if pictures and tuple(sizes[2:]) != (SIDE, SIDE):
        raise DataError(
            f"{where} holds pictures of {sizes[3]} x {sizes[2]} pixels; those of Fashion-MNIST are 28 x 28. {REMEDY}"
        )
    promised = header + int(sizes[1]) * (SIDE * SIDE if pictures else 1)
    if len(content) != promised:
        words = "ends too early" if len(content) < promised else "is longer than it says"
        raise DataError(f"{where} {words}: {len(content):,} bytes where {promised:,} are due. {REMEDY}")
    values = np.frombuffer(content, np.uint8, offset=header)
    return values.reshape(-1, SIDE, SIDE) if pictures else values


def check_pair(images_path: Path, images: np.ndarray, labels_path: Path, labels: np.ndarray) -> None:
    """Raise DataError unless there is a picture, and a label from 0 to 9 for each."""
    if len(images) != len(labels):
        counts = f"“{images_path.name}” holds {len(images):,} pictures but “{labels_path.name}” {len(labels):,} labels"
        raise DataError(f"{counts} (in {images_path.parent}). {REMEDY}")
    if not len(labels):
        raise DataError(f"“{images_path.name}” in {images_path.parent} holds no pictures. {REMEDY}")
    if labels.max() > 9:
        first = int(np.argmax(labels > 9))
        raise DataError(
            f"“{labels_path.name}” gives picture {first} the label {labels[first]}; labels go from 0 to 9. {REMEDY}"
        )


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,), both uint8, of a table with the columns label, pixel1 ... pixel784."""
    where = f"The file “{path.name}” in {path.parent}"
    try:
        return read_table(lambda: open(path, "rb"), where, REMEDY)
    except OSError as error:
        raise DataError(f"{where} cannot be read ({error.strerror or error}). Check its permissions.") from error


def read_table(opened: Callable[[], BinaryIO], where: str, remedy: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,), both uint8, of a table with the columns label, pixel1 ... pixel784.

    `opened` gives the table from its beginning, each time it is asked. Raises DataError: `where`, the first bad row,
    `remedy`.
    """
    import pyarrow
    from pyarrow import csv as fast

    try:
        with _text(opened) as text:
            header = next(csv.reader(text), [])
        missing = [name for name in CSV_COLUMNS if name not in header]
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise DataError(
                f"{where} has no column “{missing[0]}”{more}. Its first line must name label, pixel1 to pixel784."
            )
        options = fast.ConvertOptions(
            column_types=dict.fromkeys(CSV_COLUMNS, pyarrow.uint8()), include_columns=list(CSV_COLUMNS)
        )
        with opened() as content:
            table = fast.read_csv(content, convert_options=options)
    except (pyarrow.ArrowInvalid, csv.Error) as error:
        raise DataError(f"{where} {_first_fault(opened)}. {remedy}") from error
    if not table.num_rows:
        raise DataError(f"{where} holds no pictures. {remedy}")
    if any(column.null_count for column in table.columns) or table["label"].to_numpy().max() > 9:
        raise DataError(f"{where} {_first_fault(opened)}. {remedy}")
    pixels = np.empty((table.num_rows, SIDE * SIDE), np.uint8)
    for index, name in enumerate(CSV_COLUMNS[1:]):
        pixels[:, index] = table[name].to_numpy()
    return pixels.reshape(-1, SIDE, SIDE), table["label"].to_numpy().copy()


def _text(opened: Callable[[], BinaryIO]) -> io.TextIOWrapper:
    """A table as text; closing it closes the file beneath."""
    return io.TextIOWrapper(opened(), encoding="utf-8-sig", errors="replace", newline="")


def _first_fault(opened: Callable[[], BinaryIO]) -> str:
    """What is wrong with the first bad row of a table, as the rest of a sentence.

    Slow, and only for tables with a fault.
    """
    number = 0
    try:
        with _text(opened) as text:
            rows = csv.reader(text)
            header = next(rows)
            highest = [9 if name == "label" else 255 if name in CSV_COLUMNS else None for name in header]
            for number, row in enumerate(filter(None, rows), start=1):
                where = f"row {number} (line {rows.line_num})"
                if len(row) != len(header):
                    return f"has {len(row)} values in {where}, where {len(header)} are due"
                for name, most, value in zip(header, highest, row, strict=True):
                    if most is not None and not (value.isdecimal() and int(value.lstrip("0")[:4] or "0") <= most):
                        return f"says “{value[:20]}” for {name} in {where}; it must be a whole number from 0 to {most}"
    except csv.Error:
        return "is not a table of numbers"
    return "holds no pictures" if not number else "is not a table of numbers"
