"""A data set that a visitor uploads, a table (CSV) or a zip of class folders; what cannot be used is named by row or by
file.

Works on bytes in memory: nothing of a file is written anywhere. Knows nothing of sessions, runs or pages.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from core.archive import zipped
from core.data import synthetic
from core.data.brought import ask, check_zipped, is_zip, left_out_folders, zipped_files
from core.data.columns import CSV_COLUMNS
from core.data.gather import (
    UploadedDataset,
    check_count,
    check_size,
    dataset,
    read_pictures,
    sorted_out,
    split_at_random,
    tidy,
    told,
)
from core.data.naming import LEFT_OUT
from core.data.sorting import Answers, Asked, sort
from core.data.tables import Found, Table, read_as
from core.errors import DataError, door
from core.images import png
from core.labels import SLUGS
from core.language import N_, Saying
from core.settings import Settings

EXAMPLES = 100  # pictures in an example file
NO_ANSWERS: Answers = {}
REMEDY = N_("Correct it and choose it again; nothing was changed here.")


def read_upload(
    files: Sequence[tuple[str, bytes]],
    settings: Settings,
    answers: Answers = NO_ANSWERS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> UploadedDataset | Asked:
    """The data set in files, each its name and its bytes: one zip, one table, or two tables (to learn from, to test
    on).

    Where the folders of a zip are not understood, with what a person said of them, it asks for those first. `progress`
    gets the pictures done and in all. Raises DataError that names the file, and the row where there is one.
    """
    with door(DataError, Saying("These files cannot be read as a data set.", REMEDY), (MemoryError,)):
        return _read(files, settings, answers, progress)


def _read(
    files: Sequence[tuple[str, bytes]], settings: Settings, answers: Answers, progress: Callable[[int, int], None]
) -> UploadedDataset | Asked:
    check_size(files, settings)
    zips = [name for name, content in files if is_zip(name, content)]
    if len(files) == 1 and zips:
        return _from_zip(*files[0], settings, answers, progress)
    if zips or not 1 <= len(files) <= 2:
        raise DataError("Bring one zip, or one table, or two tables: one to learn from and one to test on.")
    return _from_tables(files, settings, progress)


def example_table() -> bytes:
    """A small table in the right form, as a CSV file: drawn clothes, ten of each class."""
    labels = np.arange(EXAMPLES) % 10
    rows = np.column_stack([labels, synthetic.draw(labels, seed=3).reshape(EXAMPLES, -1)])
    return "\n".join([",".join(CSV_COLUMNS), *(",".join(map(str, row)) for row in rows.tolist()), ""]).encode()


def example_zip() -> bytes:
    """A small zip in the right form: ten class folders of PNG files, drawn clothes."""
    labels = np.arange(EXAMPLES) % 10
    images = synthetic.draw(labels, seed=3)
    return zipped(
        {
            f"clothes/{SLUGS[label]}/{number // 10 + 1:02}.png": png(image)
            for number, (label, image) in enumerate(zip(labels, images, strict=True))
        }
    )


def _from_tables(
    files: Sequence[tuple[str, bytes]], settings: Settings, progress: Callable[[int, int], None]
) -> UploadedDataset:
    tables: dict[str, Table] = {}
    for name, content in files:
        if tidy(name) in tables:
            raise DataError("Both tables are called “{name}”. Call the one to test on test.csv.", name=tidy(name))
        opened = partial(io.BytesIO, content)
        where = Saying("The file “{name}”", name=tidy(name))
        tables[tidy(name)] = Table.of(opened, where, REMEDY, settings.max_own_pictures)
    title = " + ".join(tables)
    total = sum(table.rows for table in tables.values())
    check_count(title, total, settings)
    arrays: dict[str, Found] = {}
    for name, table in tables.items():
        before = sum(len(found.labels) for found in arrays.values())

        def tell(rows: int, before: int = before) -> None:
            progress(before + rows, total)

        arrays[name] = table.read(tell)
    unusual = read_as({name: found.ways for name, found in arrays.items()})
    if len(arrays) == 1:
        found = split_at_random(title, *arrays[title][:2])
        return replace(found, data=replace(found.data, read_as=unusual))
    called_test = [name for name in tables if "test" in name.lower()]
    test = called_test[0] if len(called_test) == 1 else min(tables, key=lambda name: tables[name].rows)
    train = next(name for name in tables if name != test)
    data = replace(dataset(title, (*arrays[train][:2], *arrays[test][:2])), read_as=unusual)
    words = Saying("It learns from “{train}”; the pictures in “{test}” are kept for the test.", train=train, test=test)
    return UploadedDataset(data, words)


def _from_zip(
    name: str, content: bytes, settings: Settings, answers: Answers, progress: Callable[[int, int], None]
) -> UploadedDataset | Asked:
    """Read every picture in the folders of a zip; one that cannot be opened is named, and the others are used.

    Raises DataError.
    """
    title, files = tidy(name), zipped_files(name, content, settings)
    found = sort([file.parts for file in files], answers)
    rows = np.flatnonzero(found.labels != LEFT_OUT)
    if found.must_ask and len(found.folders) > 1:
        return ask(title, files, found)
    if not len(rows):
        raise DataError(
            "“{title}” has no folder named after a class. Name the folders {names}, or 0 to 9.",
            title=title,
            names=", ".join(SLUGS),
        )
    chosen = [files[row] for row in rows]
    check_zipped(title, chosen, settings)
    read = read_pictures(title, [(file.name, file.content) for file in chosen], settings, progress)
    unused = left_out_folders(files, found, np.flatnonzero(found.labels == LEFT_OUT).tolist())
    labels, test = found.labels[rows][read.rows].astype(np.uint8), found.test[rows][read.rows]
    left_out, doubtful = told([*unused, *read.left_out]), told(read.doubtful)
    data = sorted_out(title, read.images, labels, test, found.test_folder, left_out, doubtful)
    return replace(data, folders=found.folders)
