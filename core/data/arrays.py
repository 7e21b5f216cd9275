"""The pictures and labels in a file that holds them as arrays: idx, NumPy's .npy, Parquet, or a table.

What kind it is, its first bytes tell. A stranger may have made it: nothing is taken for as large as it says to be.
Knows nothing of where the files lie, nor of which belong together.
"""

from __future__ import annotations

import gzip
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from core.archive import ArchiveError
from core.data.columns import PIXELS, class_of, form_of_names
from core.data.files import IDX_LABELS, IDX_PICTURES, Stored, idx_name, read_idx
from core.data.kinds import NUMPY, PACKED, PARQUET, PICTURES
from core.data.tables import Found, Scale, Table, likeliest, upright
from core.errors import DataError, PictureError, door
from core.images import SIDE
from core.language import N_, Saying

ROWS = 1_000  # that are looked at together
MOST_VALUES = 4 * PIXELS  # of a row of an array
PNG_28 = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c\0\0\0\x1c\x08\0"  # begins a grey PNG of 28 x 28
UNREADABLE = N_("{where} is damaged, or not what its name says.")


@dataclass(frozen=True, eq=False)
class Piece:
    """What a file holds: pictures, labels or both."""

    file: Stored
    images: np.ndarray | None  # (n, 28, 28) uint8
    labels: np.ndarray | None  # (n,) uint8
    ways: tuple[Saying, ...] = ()  # what is unusual about it


def read_piece(file: Stored, most: int, progress: Callable[[int], None] = lambda rows: None) -> Piece:
    """The pictures or labels in a file, `most` at most. Raises DataError that names it and what is wrong with it."""
    unreadable = Saying(UNREADABLE, file.remedy, where=file.where)
    with door(DataError, unreadable, (ArchiveError, OSError, ValueError, OverflowError, EOFError)), _enough(file):
        with file.opened() as content:
            head = content.read(8)
            if head.startswith(PACKED):
                content.seek(0)
                head = gzip.GzipFile(fileobj=content).read(8)
        if idx_name(file.name) or head.startswith((IDX_PICTURES, IDX_LABELS)):
            values = read_idx(file, most)
            return Piece(file, values, None) if values.ndim == 3 else Piece(file, None, values)
        if head.startswith(NUMPY):
            return _read_npy(file, most)
        if head.startswith(PARQUET):
            found = _read_parquet(file, most)
        else:
            found = Table.of(file.opened, file.where, file.remedy, most).read(progress)
        return Piece(file, *found)


@contextmanager
def _enough(file: Stored) -> Iterator[None]:
    """Say so where there is too little memory for a file."""
    try:
        yield
    except MemoryError as error:
        sentence = N_("{where} needs more memory than it may take. Save its pixels as whole numbers from 0 to 255.")
        raise DataError(sentence, where=file.where) from error


def _read_npy(file: Stored, most: int) -> Piece:
    """What the array in an .npy file holds, by its shape. Raises DataError, and ValueError for what is no array."""
    with file.opened() as content:
        version = np.lib.format.read_magic(content)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, kind = read(content)
        if kind.hasobject:
            sentence = N_("{where} holds Python objects, which can carry a program and are not opened.")
            raise DataError(sentence, file.remedy, where=file.where)
        count, values = (shape[0] if shape else 0), math.prod(shape[1:])
        if count > most:
            sentence = N_("{where} holds {rows} pictures; {most} is the most.")
            raise DataError(sentence, file.remedy, where=file.where, rows=count, most=most)
        if not count or values > MOST_VALUES or kind.kind not in "bfiuUS" or (kind.kind in "US" and values > 1):
            raise _of_other_shape(file, shape)
        if values == PIXELS and not by_columns:  # of floats there may be much
            return Piece(file, *_scaled(_some(content, kind, count, file), count, file))
        array = np.concatenate([*_some(content, kind, count, file, values)]).ravel()
    return _of_array(array.reshape(shape, order="F" if by_columns else "C"), file)


def _some(content: BinaryIO, kind: np.dtype, count: int, file: Stored, values: int = PIXELS) -> Iterator[np.ndarray]:
    """The rows of an array (n, values), some at a time. Raises DataError where they end too early."""
    for begin in range(0, count, ROWS):
        due = min(ROWS, count - begin) * values * kind.itemsize
        body = content.read(due)
        if len(body) < due:
            sentence = N_("{where} ends too early: it was not copied or downloaded to its end.")
            raise DataError(sentence, file.remedy, where=file.where)
        yield np.frombuffer(body, kind).reshape(-1, values)


def _of_array(array: np.ndarray, file: Stored) -> Piece:
    """What an array of one value or more a row holds, by its shape. Raises DataError."""
    count, values = len(array), array.size // len(array)
    if values == PIXELS:
        return Piece(file, *_scaled([array.reshape(count, PIXELS)], count, file))
    if values == 1:
        return Piece(file, None, _classes(array.ravel(), file))
    if array.shape == (count, PIXELS + 1):
        ends = {column: Counter(map(_class, array[:, column].tolist())) for column in (0, PIXELS)}
        column = likeliest(ends)
        images, _labels, ways = _scaled([np.delete(array, column, axis=1)], count, file)
        ways = (Saying("label last") if column else Saying("label first"), *ways)
        return Piece(file, images, _classes(array[:, column], file), ways)
    if array.shape == (count, 10) and (np.count_nonzero(array, axis=1) == 1).all():
        return Piece(file, None, array.argmax(axis=1).astype(np.uint8), (Saying("labels as ten columns"),))
    raise _of_other_shape(file, array.shape)


def _of_other_shape(file: Stored, shape: Sequence[int]) -> DataError:
    return DataError(
        "{where} holds an array of {shape}; pictures of 28 × 28, or labels, are due.",
        file.remedy,
        where=file.where,
        shape=" × ".join(map(str, shape)),
    )


def _scaled(rows: Iterable[np.ndarray], count: int, file: Stored) -> tuple[np.ndarray, None, tuple[Saying, ...]]:
    """Pictures of numbers (n, 784) of any kind, no labels, and what is unusual about them. Raises DataError."""
    images, scale, done = np.empty((count, PIXELS), np.uint8), Scale(), 0
    for some in rows:
        pixels = scale.pixels(some if some.dtype == np.uint8 else some.astype(np.float32))
        if pixels is None:
            raise _outside(file, some, scale)
        images[done : done + len(some)] = pixels
        done += len(some)
    found = upright(Found(images.reshape(-1, SIDE, SIDE), np.zeros(0, np.uint8), scale.ways))
    return found.images, None, found.ways


def _outside(file: Stored, values: np.ndarray, scale: Scale) -> DataError:
    before = N_("Where they were prepared for a network, save them before that step.")
    return DataError(
        "{where} holds pixels from {least} to {largest}; they must lie between {low} and {high}.",
        before if values.min() < 0 else file.remedy,
        where=file.where,
        least=f"{float(values.min()):.4g}",
        largest=f"{float(values.max()):.4g}",
        low=f"{scale.low:g}",
        high=f"{scale.high:g}",
    )


def _class(value: Any) -> int:
    return class_of(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _classes(values: np.ndarray, file: Stored) -> np.ndarray:
    """The classes (n,) uint8 that these numbers or words name. Raises DataError."""
    named, places = np.unique(values, return_inverse=True)
    classes = np.array([_class(value) for value in named.tolist()])
    if len(classes) and classes.min() < 0:
        shown = "".join(filter(str.isprintable, str(named[int(classes.argmin())])[:20]))
        sentence = N_("{where} says “{value}” for a label; it must be a class, from 0 to 9 or by its name.")
        raise DataError(sentence, file.remedy, where=file.where, value=shown)
    return classes[places].astype(np.uint8)


def _read_parquet(file: Stored, most: int) -> Found:
    """The pictures and labels of a Parquet file: a column a pixel, or one of pictures or of lists. Raises DataError."""
    from pyarrow.parquet import ParquetFile

    with file.opened() as content:
        table = ParquetFile(content)
        schema = table.schema_arrow  # made anew each time it is asked for
        rows, names = table.metadata.num_rows, schema.names
        if not 0 < rows <= most:
            sentence = (
                N_("{where} holds {rows} pictures; {most} is the most.") if rows else N_("{where} holds no pictures.")
            )
            raise DataError(sentence, file.remedy, where=file.where, rows=rows, most=most)
        nested = [field.name for field in schema if _is_nested(field.type)]
        form = form_of_names(names, file.where, nested[0] if nested else "")
        if len(form.labels) > 1:
            ends = table.read(columns=[names[column] for column in form.labels])
            counts = {c: Counter(map(_class, ends.column(i).to_pylist())) for i, c in enumerate(form.labels)}
            form = form.with_label(likeliest(counts))
        values, labels, read, scale = np.empty((rows, PIXELS), np.uint8), np.empty(rows, np.uint8), 0, Scale()
        for batch in table.iter_batches(ROWS, columns=[names[column] for column in (*form.labels, *form.pixels)]):
            after = read + batch.num_rows
            named = batch.column(names[form.labels[0]])
            if named.null_count:
                row = read + named.is_null().index(True).as_py() + 1
                sentence = N_("{where} has no label in row {row}.")
                raise DataError(sentence, file.remedy, where=file.where, row=row)
            labels[read:after] = _classes(np.array(named.to_pylist()), file)
            some = _pixels(batch, [names[column] for column in form.pixels], file)
            pixels = scale.pixels(some)
            if pixels is None:
                raise _outside(file, some, scale)
            values[read:after] = pixels
            read = after
    return upright(Found(values.reshape(-1, SIDE, SIDE), labels, (*form.ways, *scale.ways)))


def _is_nested(kind: Any) -> bool:
    from pyarrow import types

    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists or types.is_binary(kind) or (types.is_struct(kind) and kind.get_field_index("bytes") >= 0))


def _pixels(batch: Any, names: Sequence[str], file: Stored) -> np.ndarray:
    """The pixels (n, 784) of some rows, uint8 or float32. Raises DataError."""
    if len(names) == PIXELS:
        columns = [batch.column(name).to_numpy(zero_copy_only=False) for name in names]
        whole = all(column.dtype == np.uint8 for column in columns)
        return np.stack(columns, axis=1).astype(np.uint8 if whole else np.float32)
    pictures = batch.column(names[0]).to_pylist()
    return np.stack([_decoded(each["bytes"] if isinstance(each, dict) else each, file) for each in pictures])


def _decoded(picture: Any, file: Stored) -> np.ndarray:
    """One picture (784,) of a column of pictures: a file in its bytes, its pixels as bytes, or numbers in lists. Raises
    DataError."""
    import cv2

    if picture is None:
        sentence = N_("{where} has a row without a picture, or with no more than a picture’s name.")
        raise DataError(sentence, file.remedy, where=file.where)
    if not isinstance(picture, bytes):
        grey: Any = np.array(picture, np.float32)
    elif len(picture) == PIXELS and not re.match(PICTURES, picture, re.DOTALL):
        grey = np.frombuffer(picture, np.uint8)
    else:
        small = picture.startswith(PNG_28)
        grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE) if small else None
        grey = _opened(picture, file) if grey is None else grey
    if grey.size != PIXELS:
        raise _of_other_shape(file, grey.shape)
    return np.asarray(grey).ravel()


def _opened(picture: bytes, file: Stored) -> np.ndarray:
    """A picture file of any kind in grey (h, w). Raises DataError."""
    import cv2

    from core.vision.decode import open_picture

    try:
        return np.asarray(cv2.cvtColor(open_picture(picture, len(picture)), cv2.COLOR_RGBA2GRAY))
    except PictureError as error:
        sentence = N_("{where} has a picture that cannot be used. {reason}")
        raise DataError(sentence, where=file.where, reason=error.saying) from error
