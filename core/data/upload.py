"""Clothes a person brings, a table (CSV) or a zip of class folders, as a data set; what cannot be used is said by row
or by name.

Works on bytes in memory: nothing of a file is written anywhere. Knows nothing of sessions, runs or pages.
"""

import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data import synthetic
from core.data.dataset import Dataset, Source
from core.data.files import CSV_COLUMNS, read_table
from core.errors import DataError, PictureError
from core.images import SIDE, png
from core.labels import CLASSES, NAMES, SLUGS
from core.settings import Settings
from core.vision.decode import open_picture
from core.vision.reading import read_picture

FEWEST = 20  # pictures a data set needs
TEST_SHARE, SPLIT_SEED = 0.2, 12345
UNPACKED = 5  # a zip may unpack to so many times the largest upload
EXAMPLES = 100  # pictures in an example file
REMEDY = "Mend it and bring it again; nothing was changed here."
SIDE_FILES = ("__MACOSX", "Thumbs.db", "desktop.ini")
TEST_FOLDERS = ("test", "testing")


def _plain(text: str) -> str:
    """A folder's name without case, blanks and signs."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


FOLDERS = {
    _plain(f"{word}{ending}"): garment.index
    for garment in CLASSES
    for word in (
        str(garment.index),
        garment.slug,
        garment.name,
        *garment.name.split("/"),
        f"{garment.index}{garment.name}",
    )
    for ending in ("", "s", "es")
}


@dataclass(frozen=True, eq=False)
class Own:
    """A data set somebody brought, and what is to be said about it."""

    data: Dataset
    split: str  # where its test pictures come from, in a sentence
    left_out: tuple[str, ...] = ()  # what could not be used, each by its name
    doubtful: tuple[str, ...] = ()  # what is used, but deserves a look


@dataclass(frozen=True)
class _Entry:
    """A file in a zip that lies in a folder of a class."""

    info: zipfile.ZipInfo
    name: str
    label: int
    test: bool


def read(
    files: Sequence[tuple[str, bytes]],
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Own:
    """The data set in files, each its name and its bytes: one zip, one table, or two tables (to learn from, to test
    on).

    `progress` gets the pictures done and in all. Raises DataError that names the file, and the row where there is one.
    """
    size = sum(len(content) for _, content in files)
    if size > settings.max_own_mb * 2**20:
        raise DataError(
            f"These are {size / 2**20:,.0f} MB; {settings.max_own_mb:,} MB is the most. Take fewer or smaller pictures."
        )
    zips = [name for name, content in files if name.lower().endswith(".zip") or content[:4] == b"PK\3\4"]
    if len(files) == 1 and zips:
        return _of_zip(*files[0], settings, progress)
    if zips or not 1 <= len(files) <= 2:
        raise DataError("Bring one zip, or one table, or two tables: one to learn from and one to test on.")
    return _of_tables(files, settings)


def tidy(name: str) -> str:
    """A file's name, shortened, and without signs that could mean something on a page."""
    return re.sub(r"[^\w .()/-]+", "_", name).strip()[-80:]


def divide(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test on, four to one in every class, shuffled; a class's only picture is learned
    from."""
    from sklearn.model_selection import train_test_split

    alone = np.bincount(labels, minlength=10)[labels] == 1
    rows = np.flatnonzero(~alone)
    tests = max(round(TEST_SHARE * len(rows)), len(np.unique(labels[rows])))
    learn, test = train_test_split(rows, test_size=tests, stratify=labels[rows], random_state=SPLIT_SEED)
    return np.concatenate([learn, np.flatnonzero(alone)]), test


def example_table() -> bytes:
    """A small table in the right form, as a CSV file: drawn clothes, ten of each class."""
    labels = np.arange(EXAMPLES) % 10
    rows = np.column_stack([labels, synthetic.draw(labels, seed=3).reshape(EXAMPLES, -1)])
    return "\n".join([",".join(CSV_COLUMNS), *(",".join(map(str, row)) for row in rows.tolist()), ""]).encode()


def example_zip() -> bytes:
    """A small zip in the right form: ten class folders of PNG files, drawn clothes."""
    labels = np.arange(EXAMPLES) % 10
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for place, (label, image) in enumerate(zip(labels, synthetic.draw(labels, seed=3), strict=True)):
            archive.writestr(f"clothes/{SLUGS[label]}/{place // 10 + 1:02}.png", png(image))
    return content.getvalue()


def _of_tables(files: Sequence[tuple[str, bytes]], settings: Settings) -> Own:
    parts = {}
    for name, content in files:
        if tidy(name) in parts:
            raise DataError(f"Both tables are called “{tidy(name)}”. Call the one to test on test.csv.")
        parts[tidy(name)] = read_table(lambda content=content: io.BytesIO(content), f"The file “{tidy(name)}”", REMEDY)
    name = " and ".join(parts)
    _check_count(name, sum(len(labels) for _, labels in parts.values()), settings)
    if len(parts) == 1:
        images, labels = parts[name]
        return _divided(name, images, labels)
    named = [part for part in parts if "test" in part.lower()]
    test = named[0] if len(named) == 1 else min(parts, key=lambda part: len(parts[part][1]))
    learn = next(part for part in parts if part != test)
    arrays = (*parts[learn], *parts[test])
    return Own(_dataset(name, arrays), f"It learns from “{learn}”; the test pictures are those of “{test}”.")


def _divided(
    name: str, images: np.ndarray, labels: np.ndarray, left_out: tuple[str, ...] = (), doubtful: tuple[str, ...] = ()
) -> Own:
    """One heap of pictures, four fifths to learn from and one to test on."""
    _check_enough(name, labels, left_out)
    learn, test = divide(labels)
    data = _dataset(name, (images[learn], labels[learn], images[test], labels[test]), left_out)
    words = "Every fifth picture of each class, chosen by chance, is kept back for the test: the same ones each time."
    return Own(data, words, left_out, doubtful)


def _dataset(name: str, arrays: tuple[np.ndarray, ...], left_out: tuple[str, ...] = ()) -> Dataset:
    _, train_labels, _, test_labels = arrays
    _check_enough(name, np.concatenate([train_labels, test_labels]), left_out)
    if len(np.unique(train_labels)) < 2:
        only = NAMES[train_labels[0]]
        raise DataError(
            f"All pictures to learn from in “{name}” are of one class ({only}). It needs two or more to tell apart."
        )
    return Dataset.of([np.ascontiguousarray(array) for array in arrays], Source.OWN, name)


def _check_enough(name: str, labels: np.ndarray, left_out: tuple[str, ...]) -> None:
    if len(labels) < FEWEST:
        first = f" The first that cannot: {left_out[0]}" if left_out else ""
        raise DataError(f"“{name}” holds {len(labels)} pictures that can be used; at least {FEWEST} are needed.{first}")


def _check_count(name: str, count: int, settings: Settings) -> None:
    if count > settings.max_own_pictures:
        raise DataError(
            f"“{name}” holds {count:,} pictures; {settings.max_own_pictures:,} is the most. Take fewer of each class."
        )


def _of_zip(name: str, content: bytes, settings: Settings, progress: Callable[[int, int], None]) -> Own:
    name = tidy(name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries, left_out = _entries(archive, name, settings)
            return _of_entries(archive, name, entries, left_out, settings, progress)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, struct.error) as error:
        raise DataError(f"The file “{name}” is damaged, or is not a zip. Pack the folders again.") from error


def _entries(archive: zipfile.ZipFile, name: str, settings: Settings) -> tuple[list[_Entry], list[str]]:
    """The files of a zip that lie in class folders, and a sentence for every folder that is none.

    Nothing is unpacked yet.
    """
    entries, strays = [], Counter()
    for info in archive.infolist():
        *folders, file = info.filename.replace("\\", "/").split("/")
        if not file or any(part.startswith(".") or part in SIDE_FILES for part in (*folders, file)):
            continue
        label = next((FOLDERS[_plain(folder)] for folder in reversed(folders) if _plain(folder) in FOLDERS), None)
        if label is None:
            strays["/".join(folders)] += 1
        else:
            test = any(folder.lower() in TEST_FOLDERS for folder in folders)
            entries.append(_Entry(info, tidy("/".join((*folders, file))), label, test))
    if not entries:
        raise DataError(f"“{name}” has no folder named after a class. Name the folders {', '.join(SLUGS)}, or 0 to 9.")
    if any(entry.info.flag_bits & 1 for entry in entries):
        raise DataError(f"“{name}” is locked with a password. Pack it without one.")
    _check_count(name, len(entries), settings)
    size, most = sum(entry.info.file_size for entry in entries) / 2**20, UNPACKED * settings.max_own_mb
    if size > most:
        raise DataError(
            f"“{name}” would unpack to {size:,.0f} MB; {most:,} MB is the most. Take fewer or smaller pictures."
        )
    return entries, [_stray(folder, count) for folder, count in strays.items()]


def _stray(folder: str, count: int) -> str:
    files = f"{count} file{'' if count == 1 else 's'}"
    return (
        f"{tidy(folder)}/ is not named after a class: {files} left out"
        if folder
        else f"{files} outside any folder left out"
    )


def _of_entries(
    archive: zipfile.ZipFile,
    name: str,
    entries: list[_Entry],
    left_out: list[str],
    settings: Settings,
    progress: Callable[[int, int], None],
) -> Own:
    """Read every picture; one that cannot be opened is named, and the others are used."""
    images, used, doubtful = [], [], []
    for done, entry in enumerate(entries, start=1):
        try:
            image, finding = _picture(archive, entry.info, settings.max_upload_mb * 1_000_000)
            images.append(image)
            used.append(entry)
            if finding:
                doubtful.append(f"{entry.name}: {finding}")
        except PictureError as error:
            left_out.append(f"{entry.name}: {error}")
        if done % max(1, len(entries) // 100) == 0:
            progress(done, len(entries))
    images = np.array(images, np.uint8).reshape(-1, SIDE, SIDE)
    labels = np.array([entry.label for entry in used], np.uint8)
    test = np.array([entry.test for entry in used], bool)
    told = tuple(left_out), tuple(doubtful)
    if not test.any() or test.all():
        return _divided(name, images, labels, *told)
    data = _dataset(name, (images[~test], labels[~test], images[test], labels[test]), told[0])
    return Own(data, "The test pictures are those in its “test” folder; it learns from the others.", *told)


def _picture(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> tuple[np.ndarray, str | None]:
    """One picture of a zip as (28, 28) uint8, and what is doubtful about it.

    A grey one of 28 x 28 is taken as it is.
    """
    if info.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):  # the others can grow without a bound in one step
        raise PictureError("This file is packed in an unusual way. Pack the folders as an ordinary zip.")
    try:
        with archive.open(info) as file:
            content = file.read(min(info.file_size, most) + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PictureError("This file is damaged in the zip. Pack the folders again.") from error
    opened = open_picture(content, most)
    grey = opened[..., :1]
    if opened.shape[:2] == (SIDE, SIDE) and (opened[..., :3] == grey).all() and (opened[..., 3] == 255).all():
        return grey[..., 0], None
    reading = read_picture(opened)
    return reading.image, reading.finding
