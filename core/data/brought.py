"""The files that somebody brings, one by one, in a folder or in a zip: listed, and each read when it is wanted.

Nothing is unpacked onto a disk. Knows nothing of what the files are for.
"""

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.archive import Archive, ArchiveError, Fault, Limits, check
from core.data.gather import UNREADABLE, tidy, too_many
from core.data.kinds import packing_refusal
from core.data.naming import NOTHING, said
from core.data.sorting import Asked, Folder, Sorted, is_beside, parts_of
from core.errors import DataError, PictureError, door
from core.images import reduced
from core.language import N_, Saying, ngettext, number
from core.settings import Settings
from core.vision.decode import open_picture

FILES_BESIDE = 5_000  # in a zip may be so many files more than two for each picture: systems add some
UNPACKED = 5  # a zip may unpack to so many times the largest upload
MOST_ASKED = 60  # folders that a person is asked about
SHOWN, SHOWN_SIDE = 2, 72  # pictures of each, and their largest side in px
NAMED_IN_UTF_8 = 0x800  # bit of a zip entry's flags
OTHER_CODES = ("gbk", "shift_jis")  # in which systems of other languages write names, and say nothing about it
REFUSED_PICTURE = {
    Fault.PACKING: N_("This file is packed in an unusual way. Pack the folders as an ordinary zip."),
    Fault.DAMAGED: N_("This file is damaged in the zip. Pack the folders again."),
    Fault.FILE_TOO_LARGE: N_("This file has {size} MB; {most} MB is the most. Choose a smaller picture."),
}


@dataclass(frozen=True, eq=False)
class File:
    """One file as it was brought."""

    parts: tuple[str, ...]  # its folders and its name
    content: Callable[[], bytes]  # raises PictureError where it cannot be had
    info: zipfile.ZipInfo | None = None  # what a zip says about it

    @property
    def name(self) -> str:
        """Its path, fit to be shown."""
        return tidy("/".join(self.parts))


def is_zip(name: str, content: bytes) -> bool:
    """Whether a file is a zip, or says so."""
    return name.lower().endswith(".zip") or content[:4] == b"PK\3\4"


def loose_files(files: Sequence[tuple[str, bytes]], settings: Settings) -> list[File]:
    """Files, each its name with its folders and its bytes, without those that systems put beside them."""
    most = settings.max_upload_mb * 1_000_000
    found = [File(parts_of(name) or ("_",), partial(_bounded, content, most)) for name, content in files]
    return [file for file in found if not is_beside(file.parts)]


def zipped_files(name: str, content: bytes, settings: Settings) -> list[File]:
    """The same of those in a zip. Raises DataError for a zip that is damaged or holds too many."""
    most = settings.max_upload_mb * 1_000_000
    if other := packing_refusal(content, Saying("The file “{name}”", name=tidy(name))):
        raise other
    with _refusals(tidy(name), settings):
        archive = Archive(content, most_files(settings))
    return [
        File(parts, partial(_unpacked, archive, entry, most), entry)
        for entry in archive.entries
        if not entry.filename.endswith("/") and (parts := parts_of(_path(entry))) and not is_beside(parts)
    ]


def check_zipped(title: str, files: Sequence[File], settings: Settings) -> None:
    """Raise DataError when these files of a zip are locked, too many, or too large together."""
    with _refusals(title, settings):
        limits = Limits(settings.max_own_pictures, most_unpacked_mb(settings) * 2**20)
        check([file.info for file in files if file.info], limits)


def ask(title: str, files: Sequence[File], found: Sorted, each: bool = False) -> Asked:
    """What to ask about the folders of these files, with a few pictures of each folder.

    `each` says whether pictures may be sorted one by one instead. Raises DataError for very many folders.
    """
    if len(found.folders) > MOST_ASKED:
        raise DataError(
            "“{title}” has pictures in {count} folders, and their names do not say which class each is. Sort them into"
            " at most {most} folders.",
            title=title,
            count=len(found.folders),
            most=MOST_ASKED,
        )
    return Asked(title, found.folders, tuple(_first(files, found, folder) for folder in found.folders), each)


def left_out_folders(files: Sequence[File], found: Sorted, rows: Sequence[int]) -> list[str]:
    """A sentence for every folder with files, those of these rows, that are left out."""
    unused = Counter(("/".join(files[row].parts[:-1]), found.rows[row] in found.unwanted) for row in rows)
    return [_unused(tidy(folder) if folder else "", wished, count) for (folder, wished), count in unused.items()]


def _unused(folder: str, wished: bool, count: int) -> str:
    if not folder:
        words = ngettext("{count} file outside any folder left out", "{count} files outside any folder left out", count)
    elif wished:
        words = ngettext(
            "{folder}/ was not wanted: {count} file left out", "{folder}/ was not wanted: {count} files left out", count
        )
    else:
        words = ngettext(
            "{folder}/ is not named after a class: {count} file left out",
            "{folder}/ is not named after a class: {count} files left out",
            count,
        )
    return words.format(folder=folder, count=number(count))


def _first(files: Sequence[File], found: Sorted, folder: Folder) -> tuple[np.ndarray, ...]:
    shown: list[np.ndarray] = []
    mine = [file for file, row in zip(files, found.rows, strict=True) if row == folder.name]
    for file in mine[: 2 * SHOWN]:
        with suppress(PictureError), door(PictureError, UNREADABLE):
            if len(shown) < SHOWN:
                shown.append(_small(file.content()))
    return tuple(shown)


def _small(content: bytes) -> np.ndarray:
    opened = open_picture(content, len(content))
    alpha = opened[..., 3:] / 255
    flat = np.rint(opened[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    height, width = flat.shape[:2]
    return reduced(flat, max(1, round(width * SHOWN_SIDE / max(height, width))))


def _path(entry: zipfile.ZipInfo) -> str:
    """An entry's path. Where the zip does not say how it is written it is UTF-8 all the same, or of another language
    if a word of that is found in it."""
    if entry.flag_bits & NAMED_IN_UTF_8 or entry.filename.isascii():
        return entry.filename
    with suppress(UnicodeError):
        raw = entry.filename.encode("cp437")
        with suppress(UnicodeError):
            return raw.decode("utf-8")
        for code in OTHER_CODES:
            with suppress(UnicodeError):
                path = raw.decode(code)
                if any(said(part) != NOTHING for part in parts_of(path)[:-1]):
                    return path
    return entry.filename


def most_files(settings: Settings) -> int:
    """How many files a zip may hold."""
    return 2 * settings.max_own_pictures + FILES_BESIDE


def most_unpacked_mb(settings: Settings) -> int:
    """How much the files of a zip may be together."""
    return UNPACKED * settings.max_own_mb


@contextmanager
def _refusals(title: str, settings: Settings) -> Iterator[None]:
    """Say why a whole zip is refused."""
    try:
        yield
    except ArchiveError as error:
        raise _refusal(error, title, settings) from error


def _refusal(error: ArchiveError, title: str, settings: Settings) -> DataError:
    if error.fault == Fault.LOCKED:
        return DataError("“{title}” is locked with a password. Pack it without one.", title=title)
    if error.fault == Fault.TOO_MANY and error.amount > most_files(settings):
        return DataError(
            "“{title}” holds {count} files; {most} is the most. Take fewer.",
            title=title,
            count=error.amount,
            most=most_files(settings),
        )
    if error.fault == Fault.TOO_MANY:
        return too_many(title, error.amount, settings)
    if error.fault == Fault.TOO_LARGE:
        return DataError(
            "“{title}” would unpack to {size} MB; {most} MB is the most. Take fewer or smaller pictures.",
            title=title,
            size=round(error.amount / 2**20),
            most=most_unpacked_mb(settings),
        )
    return DataError("The file “{title}” is damaged, or is not a zip. Pack the folders again.", title=title)


def _unpacked(archive: Archive, info: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a picture in a zip, `most` at most. Raises PictureError."""
    try:
        return archive.read(info, most)
    except ArchiveError as error:
        size, limit = number(error.amount / 1e6, 1), f"{most / 1e6:g}"
        raise PictureError(REFUSED_PICTURE[error.fault], size=size, most=limit) from error


def _bounded(content: bytes, most: int) -> bytes:
    """The bytes of a picture. Raises PictureError when they are more than `most`."""
    if len(content) > most:
        size, limit = number(len(content) / 1e6, 1), f"{most / 1e6:g}"
        raise PictureError(REFUSED_PICTURE[Fault.FILE_TOO_LARGE], size=size, most=limit)
    return content
