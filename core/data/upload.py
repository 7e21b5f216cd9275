"""A data set that a visitor uploads: tables, a zip of class folders, or a whole data set in its own files; what cannot
be used is named by row or by file.

Works on bytes in memory: nothing of a file is written anywhere. Knows nothing of sessions, runs or pages.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from core.archive import zipped
from core.data import layouts, synthetic
from core.data.beside import classes_beside
from core.data.brought import (
    File,
    ask,
    check_zipped,
    is_zip,
    left_out_folders,
    most_files,
    most_unpacked_mb,
    zipped_files,
)
from core.data.columns import CSV_COLUMNS, said_names
from core.data.dataset import FULL, fair_share
from core.data.files import Stored
from core.data.gather import (
    MIN_PICTURES,
    SPLIT_SEED,
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
from core.data.kinds import AS_PICTURES, zip_refusal
from core.data.layouts import Layout
from core.data.naming import LEFT_OUT
from core.data.sorting import ENDINGS, Answers, Asked, is_picture, sort
from core.data.tables import Found, Table, read_as
from core.errors import DataError, door
from core.images import png
from core.labels import SLUGS
from core.language import N_, Saying
from core.settings import Settings

EXAMPLES = 100  # pictures in an example file
NO_ANSWERS: Answers = {}
SPLIT_BY_FILE = N_("It learns from “{train}”; the pictures in “{test}” are kept for the test.")
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
    together = None if zips else layouts.find([_stored(*file) for file in files], whole=False)
    if together and together.kind != "tables":
        return _from_layout(" + ".join(tidy(name) for name, _content in files), together, settings, progress)
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
    called_test = [name for name in tables if layouts.is_test(name)]
    test = called_test[0] if len(called_test) == 1 else min(tables, key=lambda name: tables[name].rows)
    train = next(name for name in tables if name != test)
    data = replace(dataset(title, (*arrays[train][:2], *arrays[test][:2])), read_as=unusual)
    return UploadedDataset(data, Saying(SPLIT_BY_FILE, train=train, test=test))


def _stored(name: str, content: bytes) -> Stored:
    return Stored(tidy(name), Saying("The file “{name}”", name=tidy(name)), REMEDY, partial(io.BytesIO, content))


def _own_archive(archive: Stored, files: Sequence[File], settings: Settings) -> Layout | None:
    """A whole data set in the tables, idx files or arrays of a zip; None where it holds pictures.

    Raises DataError for a zip of another kind.
    """
    pictures = sum(PurePosixPath(file.parts[-1]).suffix.lower() in ENDINGS for file in files)
    most = most_unpacked_mb(settings) * 2**20
    inside = layouts.in_zip(archive, most_files(settings), most)
    refused = zip_refusal((file.path for file in inside), archive.where)
    if refused:
        raise refused
    found = layouts.find(inside)
    if pictures < MIN_PICTURES or (found and found.kind == "idx"):
        return found or layouts.find_packed(inside, most_unpacked=most) or layouts.find(inside, whole=False)
    return None


def _from_layout(
    title: str, layout: Layout, settings: Settings, progress: Callable[[int, int], None]
) -> UploadedDataset:
    """A whole data set, or of a very large one a part with every class in its share. Raises DataError."""
    whole = sum(FULL)
    training, test = layouts.read(
        layout, max(whole, settings.max_own_pictures), lambda rows: progress(rows, max(rows, whole))
    )
    parts = [training] if test is None else [training, test]
    count, most = sum(len(part.labels) for part in parts), settings.max_own_pictures
    progress(count, count)
    unusual = {str(way): way for part in parts for way in part.ways}
    if count > most:
        unusual[""] = Saying("{most} of {count} pictures, of every class its share", most=most, count=count)
        rows = [fair_share(part.labels, len(part.labels) * most // count, SPLIT_SEED) for part in parts]
        parts = [Found(part.images[some], part.labels[some]) for part, some in zip(parts, rows, strict=True)]
    said = read_as({title: tuple(unusual.values())})
    if len(parts) == 1:
        found = split_at_random(title, *parts[0][:2])
        return replace(found, data=replace(found.data, read_as=said))
    data = dataset(title, (*parts[0][:2], *parts[1][:2]))
    train, held = (" + ".join(file.path for file in files) for files in (layout.training, layout.test))
    return UploadedDataset(replace(data, read_as=said), Saying(SPLIT_BY_FILE, train=train, test=held))


def _from_zip(
    name: str, content: bytes, settings: Settings, answers: Answers, progress: Callable[[int, int], None]
) -> UploadedDataset | Asked:
    """Read every picture in the folders of a zip; one that cannot be opened is named, and the others are used.

    Raises DataError.
    """
    title, files = tidy(name), zipped_files(name, content, settings)
    together = _own_archive(_stored(name, content), files, settings)
    if together:
        check_zipped(title, files, settings)
        return _from_layout(title, together, settings, progress)
    found = sort([file.parts for file in files], answers)
    beside = classes_beside(files) if (found.labels == LEFT_OUT).all() else None
    if beside:
        found = replace(found, labels=beside.labels, folders=())
    rows = np.flatnonzero(found.labels != LEFT_OUT)
    if found.must_ask and len(found.folders) > 1:
        return ask(title, files, found)
    if not any(is_picture(file.parts) for file in files) and not len(rows):
        raise DataError("“{title}” has no pictures in it.", AS_PICTURES, title=title)
    if not len(rows):
        raise DataError(
            "“{title}” has no folder named after a class. Name the folders {names}, or 0 to 9; or put a table"
            " labels.csv beside the pictures, with the name of one and its class in each line.",
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
    if beside:
        way = Saying("classes from {names}", names=said_names(beside.tables))
        data = replace(data, data=replace(data.data, read_as=read_as({title: (way,)})))
    return replace(data, folders=found.folders)
