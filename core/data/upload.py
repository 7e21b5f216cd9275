"""A data set that a visitor uploads, a table (CSV) or a zip of class folders; what cannot be used is named by row or by
file.

Works on bytes in memory: nothing of a file is written anywhere. Knows nothing of sessions, runs or pages.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.archive import Archive, ArchiveError, Fault, Limits, check, zipped
from core.data import synthetic
from core.data.files import CSV_COLUMNS, Table
from core.data.gather import (
    TEST_FOLDERS,
    UploadedDataset,
    check_count,
    check_size,
    dataset,
    is_beside,
    label_of,
    read_pictures,
    sorted_out,
    split_at_random,
    tidy,
    told,
    too_many,
)
from core.errors import DataError, PictureError, door
from core.images import png
from core.labels import SLUGS
from core.language import N_, Saying, ngettext, number
from core.settings import Settings

FILES_BESIDE = 5_000  # in a zip may be so many files more than two for each picture: systems add some
FOLDERS = 20  # of a path in a zip that are looked at, from its end
UNPACKED = 5  # a zip may unpack to so many times the largest upload
EXAMPLES = 100  # pictures in an example file
REMEDY = N_("Correct it and choose it again; nothing was changed here.")
REFUSED_PICTURE = {
    Fault.PACKING: N_("This file is packed in an unusual way. Pack the folders as an ordinary zip."),
    Fault.DAMAGED: N_("This file is damaged in the zip. Pack the folders again."),
    Fault.FILE_TOO_LARGE: N_("This file has {size} MB; {most} MB is the most. Choose a smaller picture."),
}


@dataclass(frozen=True)
class _Entry:
    """A file in a zip that lies in a folder of a class."""

    info: zipfile.ZipInfo
    name: str  # its path in the zip, fit to be shown
    label: int
    test: bool  # whether it also lies in a test folder


def read_upload(
    files: Sequence[tuple[str, bytes]],
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> UploadedDataset:
    """The data set in files, each its name and its bytes: one zip, one table, or two tables (to learn from, to test
    on).

    `progress` gets the pictures done and in all. Raises DataError that names the file, and the row where there is one.
    """
    with door(DataError, Saying("These files cannot be read as a data set.", REMEDY), (MemoryError,)):
        return _read(files, settings, progress)


def _read(
    files: Sequence[tuple[str, bytes]], settings: Settings, progress: Callable[[int, int], None]
) -> UploadedDataset:
    check_size(files, settings)
    zips = [name for name, content in files if name.lower().endswith(".zip") or content[:4] == b"PK\3\4"]
    if len(files) == 1 and zips:
        return _from_zip(*files[0], settings, progress)
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
    arrays: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, table in tables.items():
        before = sum(len(labels) for _images, labels in arrays.values())

        def tell(rows: int, before: int = before) -> None:
            progress(before + rows, total)

        arrays[name] = table.read(tell)
    if len(arrays) == 1:
        return split_at_random(title, *arrays[title])
    called_test = [name for name in tables if "test" in name.lower()]
    test = called_test[0] if len(called_test) == 1 else min(tables, key=lambda name: tables[name].rows)
    train = next(name for name in tables if name != test)
    data = dataset(title, (*arrays[train], *arrays[test]))
    words = Saying("It learns from “{train}”; the pictures in “{test}” are kept for the test.", train=train, test=test)
    return UploadedDataset(data, words)


def _from_zip(name: str, content: bytes, settings: Settings, progress: Callable[[int, int], None]) -> UploadedDataset:
    title = tidy(name)
    try:
        archive = Archive(content, _most_files(settings))
        entries, left_out = _class_entries(archive, title)
        check([entry.info for entry in entries], Limits(settings.max_own_pictures, _most_unpacked_mb(settings) * 2**20))
    except ArchiveError as error:
        raise _refusal(error, title, settings) from error
    return _from_entries(archive, title, entries, left_out, settings, progress)


def _most_files(settings: Settings) -> int:
    return 2 * settings.max_own_pictures + FILES_BESIDE


def _most_unpacked_mb(settings: Settings) -> int:
    return UNPACKED * settings.max_own_mb


def _refusal(error: ArchiveError, title: str, settings: Settings) -> DataError:
    """Why a whole zip is refused."""
    if error.fault == Fault.LOCKED:
        return DataError("“{title}” is locked with a password. Pack it without one.", title=title)
    if error.fault == Fault.TOO_MANY and error.amount > _most_files(settings):
        return DataError(
            "“{title}” holds {count} files; {most} is the most. Take fewer.",
            title=title,
            count=error.amount,
            most=_most_files(settings),
        )
    if error.fault == Fault.TOO_MANY:
        return too_many(title, error.amount, settings)
    if error.fault == Fault.TOO_LARGE:
        return DataError(
            "“{title}” would unpack to {size} MB; {most} MB is the most. Take fewer or smaller pictures.",
            title=title,
            size=round(error.amount / 2**20),
            most=_most_unpacked_mb(settings),
        )
    return DataError("The file “{title}” is damaged, or is not a zip. Pack the folders again.", title=title)


def _class_entries(archive: Archive, title: str) -> tuple[list[_Entry], list[str]]:
    """The files of a zip that lie in class folders, and a sentence for every other folder with files in it.

    Nothing is unpacked yet.
    """
    entries: list[_Entry] = []
    unused: Counter[str] = Counter()  # files by their folder
    for info in archive.entries:
        *folders, file = info.filename.replace("\\", "/").rsplit("/", FOLDERS)
        if not file or is_beside((*folders, file)):
            continue
        label = label_of(folders)
        if label >= 0:
            test = any(folder.lower() in TEST_FOLDERS for folder in folders)
            entries.append(_Entry(info, tidy("/".join((*folders, file))), label, test))
        else:
            unused["/".join(folders)] += 1
    if not entries:
        raise DataError(
            "“{title}” has no folder named after a class. Name the folders {names}, or 0 to 9.",
            title=title,
            names=", ".join(SLUGS),
        )
    return entries, [_unused(folder, count) for folder, count in unused.items()]


def _unused(folder: str, count: int) -> str:
    if folder:
        words = ngettext(
            "{folder}/ is not named after a class: {count} file left out",
            "{folder}/ is not named after a class: {count} files left out",
            count,
        )
        return words.format(folder=tidy(folder), count=number(count))
    words = ngettext("{count} file outside any folder left out", "{count} files outside any folder left out", count)
    return words.format(count=number(count))


def _from_entries(
    archive: Archive,
    title: str,
    entries: list[_Entry],
    left_out: list[str],
    settings: Settings,
    progress: Callable[[int, int], None],
) -> UploadedDataset:
    """Read every picture; one that cannot be opened is named, and the others are used. Raises DataError."""
    most = settings.max_upload_mb * 1_000_000
    brought = [(entry.name, partial(_content, archive, entry.info, most)) for entry in entries]
    read = read_pictures(title, brought, settings, progress)
    labels = np.array([entries[row].label for row in read.rows], np.uint8)
    test = np.array([entries[row].test for row in read.rows], bool)
    return sorted_out(title, read.images, labels, test, told([*left_out, *read.left_out]), told(read.doubtful))


def _content(archive: Archive, info: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a picture in a zip, `most` at most. Raises PictureError."""
    try:
        return archive.read(info, most)
    except ArchiveError as error:
        size, limit = number(error.amount / 1e6, 1), f"{most / 1e6:g}"
        raise PictureError(REFUSED_PICTURE[error.fault], size=size, most=limit) from error
