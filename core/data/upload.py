"""A data set that a visitor uploads, a table (CSV) or a zip of class folders; what cannot be used is named by row or by
file.

Works on bytes in memory: nothing of a file is written anywhere. Knows nothing of sessions, runs or pages.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np

from core.archive import Archive, ArchiveError, Fault, Limits, check, zipped
from core.data import synthetic
from core.data.dataset import Dataset, Source
from core.data.files import CSV_COLUMNS, Table
from core.errors import DataError, PictureError, door
from core.images import SIDE, png
from core.labels import CLASSES, NAMES, SLUGS
from core.settings import Settings
from core.vision.decode import open_picture, picture_pixels
from core.vision.reading import read_picture
from core.words import line

MIN_PICTURES = 20  # pictures a data set needs
TEST_SHARE, SPLIT_SEED = 0.2, 12345
FILES_BESIDE = 5_000  # in a zip may be so many files more than two for each picture: systems add some
FOLDERS = 20  # of a path in a zip that are looked at, from its end
PIXELS_A_BYTE = 40  # so many pixels may be in all pictures together for each byte of the largest upload
REFUSED_SECONDS = 20  # of this process, that the pictures of a zip which cannot be used may cost together
TOLD = 200  # sentences about single pictures; of the others only their number is told
UNPACKED = 5  # a zip may unpack to so many times the largest upload
EXAMPLES = 100  # pictures in an example file
REMEDY = "Mend it and bring it again; nothing was changed here."
UNREADABLE = "This picture cannot be read. Leave it out, or save it anew as JPEG or PNG."
SPLIT_AT_RANDOM = (
    "Every fifth picture of each class, chosen by chance, is kept back for the test: the same ones each time."
)
SPLIT_BY_FOLDER = "The test pictures are those in its “test” folder; it learns from the others."
SIDE_FILES = ("__MACOSX", "Thumbs.db", "desktop.ini")
TEST_FOLDERS = ("test", "testing")
REFUSED_PICTURE = {
    Fault.PACKING: "This file is packed in an unusual way. Pack the folders as an ordinary zip.",
    Fault.DAMAGED: "This file is damaged in the zip. Pack the folders again.",
    Fault.FILE_TOO_LARGE: "This file has {size:.1f} MB; {most:g} MB is the most. Send a smaller picture.",
}


def _plain(text: str) -> str:
    """A folder's name without case, blanks and signs."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


LABEL_OF_FOLDER = {
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
class UploadedDataset:
    """A data set that a visitor uploaded, and what there is to say about it."""

    data: Dataset
    split: str  # where its test pictures come from, in a sentence
    left_out: tuple[str, ...] = ()  # what could not be used, each by its name
    doubtful: tuple[str, ...] = ()  # what is used, but deserves a look


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
    with door(DataError, f"These files cannot be read as a data set. {REMEDY}", (MemoryError,)):
        return _read(files, settings, progress)


def _read(
    files: Sequence[tuple[str, bytes]], settings: Settings, progress: Callable[[int, int], None]
) -> UploadedDataset:
    size = sum(len(content) for _, content in files)
    if size > settings.max_own_mb * 2**20:
        raise DataError(
            f"These are {size / 2**20:,.0f} MB; {settings.max_own_mb:,} MB is the most. Take fewer or smaller pictures."
        )
    zips = [name for name, content in files if name.lower().endswith(".zip") or content[:4] == b"PK\3\4"]
    if len(files) == 1 and zips:
        return _from_zip(*files[0], settings, progress)
    if zips or not 1 <= len(files) <= 2:
        raise DataError("Bring one zip, or one table, or two tables: one to learn from and one to test on.")
    return _from_tables(files, settings, progress)


def tidy(name: str) -> str:
    """A file's name, shortened, and without signs that could mean something on a page or that nobody sees."""
    return re.sub(r"[^\w .()/-]+", "_", line(name)).strip()[-80:] or "_"


def split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows to test on, four to one in every class, shuffled; a class's only picture is trained
    on."""
    from sklearn.model_selection import train_test_split

    single = np.bincount(labels, minlength=10)[labels] == 1
    rows = np.flatnonzero(~single)
    test_count = max(round(TEST_SHARE * len(rows)), len(np.unique(labels[rows])))
    train, test = train_test_split(rows, test_size=test_count, stratify=labels[rows], random_state=SPLIT_SEED)
    return np.concatenate([train, np.flatnonzero(single)]), test


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
            raise DataError(f"Both tables are called “{tidy(name)}”. Call the one to test on test.csv.")
        opened = partial(io.BytesIO, content)
        tables[tidy(name)] = Table.of(opened, f"The file “{tidy(name)}”", REMEDY, settings.max_own_pictures)
    title = " and ".join(tables)
    total = sum(table.rows for table in tables.values())
    _check_count(title, total, settings)
    arrays: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, table in tables.items():
        before = sum(len(labels) for _, labels in arrays.values())

        def tell(rows: int, before: int = before) -> None:
            progress(before + rows, total)

        arrays[name] = table.read(tell)
    if len(arrays) == 1:
        return _split_at_random(title, *arrays[title])
    called_test = [name for name in tables if "test" in name.lower()]
    test = called_test[0] if len(called_test) == 1 else min(tables, key=lambda name: tables[name].rows)
    train = next(name for name in tables if name != test)
    data = _dataset(title, (*arrays[train], *arrays[test]))
    return UploadedDataset(data, f"It learns from “{train}”; the test pictures are those of “{test}”.")


def _split_at_random(
    title: str, images: np.ndarray, labels: np.ndarray, left_out: tuple[str, ...] = (), doubtful: tuple[str, ...] = ()
) -> UploadedDataset:
    """All pictures together, four fifths to train on and one to test on."""
    _check_enough(title, len(labels), left_out)
    train, test = split(labels)
    data = _dataset(title, (images[train], labels[train], images[test], labels[test]), left_out)
    return UploadedDataset(data, SPLIT_AT_RANDOM, left_out, doubtful)


def _dataset(title: str, arrays: Sequence[np.ndarray], left_out: tuple[str, ...] = ()) -> Dataset:
    """The data set of training images, training labels, test images and test labels, when they are enough to train."""
    _, train_labels, _, test_labels = arrays
    _check_enough(title, len(train_labels) + len(test_labels), left_out)
    if len(np.unique(train_labels)) < 2:
        only = NAMES[train_labels[0]]
        raise DataError(
            f"All pictures to learn from in “{title}” are of one class ({only}). It needs two or more to tell apart."
        )
    return Dataset.of([np.ascontiguousarray(array) for array in arrays], Source.OWN, title)


def _check_enough(title: str, count: int, left_out: tuple[str, ...]) -> None:
    if count < MIN_PICTURES:
        first = f" The first that cannot: {left_out[0].removesuffix('.')}." if left_out else ""
        raise DataError(
            f"“{title}” holds {count} pictures that can be used; at least {MIN_PICTURES} are needed.{first}"
        )


def _check_count(title: str, count: int, settings: Settings) -> None:
    if count > settings.max_own_pictures:
        raise DataError(_too_many(title, count, settings))


def _too_many(title: str, count: int, settings: Settings) -> str:
    return f"“{title}” holds {count:,} pictures; {settings.max_own_pictures:,} is the most. Take fewer of each class."


def _from_zip(name: str, content: bytes, settings: Settings, progress: Callable[[int, int], None]) -> UploadedDataset:
    title = tidy(name)
    try:
        archive = Archive(content, _most_files(settings))
        entries, left_out = _class_entries(archive, title)
        check([entry.info for entry in entries], Limits(settings.max_own_pictures, _most_unpacked_mb(settings) * 2**20))
    except ArchiveError as error:
        raise DataError(_refusal(error, title, settings)) from error
    return _from_entries(archive, title, entries, left_out, settings, progress)


def _most_files(settings: Settings) -> int:
    return 2 * settings.max_own_pictures + FILES_BESIDE


def _most_unpacked_mb(settings: Settings) -> int:
    return UNPACKED * settings.max_own_mb


def _refusal(error: ArchiveError, title: str, settings: Settings) -> str:
    """Why a whole zip is refused, in a sentence."""
    if error.fault == Fault.LOCKED:
        return f"“{title}” is locked with a password. Pack it without one."
    if error.fault == Fault.TOO_MANY and error.amount > _most_files(settings):
        return f"“{title}” holds {error.amount:,} files; {_most_files(settings):,} is the most. Take fewer."
    if error.fault == Fault.TOO_MANY:
        return _too_many(title, error.amount, settings)
    if error.fault == Fault.TOO_LARGE:
        size, most = error.amount / 2**20, _most_unpacked_mb(settings)
        return f"“{title}” would unpack to {size:,.0f} MB; {most:,} MB is the most. Take fewer or smaller pictures."
    return f"The file “{title}” is damaged, or is not a zip. Pack the folders again."


def _class_entries(archive: Archive, title: str) -> tuple[list[_Entry], list[str]]:
    """The files of a zip that lie in class folders, and a sentence for every other folder with files in it.

    Nothing is unpacked yet.
    """
    entries: list[_Entry] = []
    unused: Counter[str] = Counter()  # files by their folder
    for info in archive.entries:
        *folders, file = info.filename.replace("\\", "/").rsplit("/", FOLDERS)
        if not file or any(part.startswith(".") or part in SIDE_FILES for part in (*folders, file)):
            continue
        labels = [LABEL_OF_FOLDER[plain] for folder in folders if (plain := _plain(folder)) in LABEL_OF_FOLDER]
        if labels:
            test = any(folder.lower() in TEST_FOLDERS for folder in folders)
            entries.append(_Entry(info, tidy("/".join((*folders, file))), labels[-1], test))
        else:
            unused["/".join(folders)] += 1
    if not entries:
        raise DataError(f"“{title}” has no folder named after a class. Name the folders {', '.join(SLUGS)}, or 0 to 9.")
    return entries, [_unused(folder, count) for folder, count in unused.items()]


def _unused(folder: str, count: int) -> str:
    files = f"{count} file{'' if count == 1 else 's'}"
    return (
        f"{tidy(folder)}/ is not named after a class: {files} left out"
        if folder
        else f"{files} outside any folder left out"
    )


def _from_entries(
    archive: Archive,
    title: str,
    entries: list[_Entry],
    left_out: list[str],
    settings: Settings,
    progress: Callable[[int, int], None],
) -> UploadedDataset:
    """Read every picture; one that cannot be opened is named, and the others are used. Raises DataError, among others
    when those that cannot be opened take long together."""
    pictures: list[np.ndarray] = []
    used: list[_Entry] = []
    doubtful: list[str] = []
    pixels = PIXELS_A_BYTE * settings.max_own_mb * 2**20  # that may still be decoded
    seconds = float(REFUSED_SECONDS)  # that may still be spent in vain
    for done, entry in enumerate(entries, start=1):
        begun = process_time()
        try:
            content = _content(archive, entry.info, settings.max_upload_mb * 1_000_000)
            size = _pixels(content)
            if size > pixels:
                raise PictureError("The pictures before it are so large that this one is too much. Send smaller ones.")
            pixels -= size
            picture, finding = _picture(content)
            pictures.append(picture)
            used.append(entry)
            if finding:
                doubtful.append(f"{entry.name}: {finding}")
        except PictureError as error:
            left_out.append(f"{entry.name}: {error}")
            seconds -= process_time() - begun
            if seconds < 0:
                raise DataError(
                    f"“{title}” holds pictures that take very long to look at and cannot be used, such as"
                    f" “{entry.name}”. Take them out, or save them anew as JPEG."
                ) from error
        if done % max(1, len(entries) // 100) == 0:
            progress(done, len(entries))
    images = np.array(pictures, np.uint8).reshape(-1, SIDE, SIDE)
    labels = np.array([entry.label for entry in used], np.uint8)
    test = np.array([entry.test for entry in used], bool)
    told = _told(left_out)
    if not test.any() or test.all():
        return _split_at_random(title, images, labels, told, _told(doubtful))
    data = _dataset(title, (images[~test], labels[~test], images[test], labels[test]), told)
    return UploadedDataset(data, SPLIT_BY_FOLDER, told, _told(doubtful))


def _told(sentences: Sequence[str]) -> tuple[str, ...]:
    """The first of these sentences, and how many more there are."""
    more = (f"… and {len(sentences) - TOLD:,} more",) if len(sentences) > TOLD else ()
    return (*sentences[:TOLD], *more)


def _content(archive: Archive, info: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a picture in a zip, `most` at most. Raises PictureError."""
    try:
        return archive.read(info, most)
    except ArchiveError as error:
        sentence = REFUSED_PICTURE[error.fault].format(size=error.amount / 1e6, most=most / 1e6)
        raise PictureError(sentence) from error


def _pixels(content: bytes) -> int:
    """How many pixels a picture says to have. Raises PictureError."""
    if not content:
        raise PictureError("This file is empty. Choose another one.")
    with door(PictureError, UNREADABLE):
        return picture_pixels(content)


def _picture(content: bytes) -> tuple[np.ndarray, str | None]:
    """One picture, (28, 28) uint8, and what is doubtful about it. A grey one of 28 x 28 is taken as it is.

    Raises PictureError.
    """
    with door(PictureError, UNREADABLE):
        opened = open_picture(content, len(content))
        grey = opened[..., :1]
        if opened.shape[:2] == (SIDE, SIDE) and (opened[..., :3] == grey).all() and (opened[..., 3] == 255).all():
            return grey[..., 0], None
        reading = read_picture(opened)
        return reading.image, reading.finding.words if reading.finding else None
