"""Which of many files are a data set, and the four arrays in them: as its makers, Keras, torchvision, Kaggle, Hugging
Face and others lay them down.

Files lie in a folder, in a zip or in memory; here they are names with something that gives their bytes.
"""

from __future__ import annotations

import io
import os
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipInfo

import numpy as np

from core.archive import Archive, ArchiveError, Fault
from core.data.arrays import Piece, read_piece
from core.data.columns import NARROW, SEPARATORS, said_names
from core.data.files import FILES, Stored, check_pair, idx_name, lying
from core.data.kinds import encoding
from core.data.lines import beginning
from core.data.naming import TEST, part_of
from core.data.sorting import is_beside
from core.data.tables import Found
from core.errors import DataError
from core.language import N_, Saying
from core.words import line

DEEPEST, MOST_LISTED = 5, 20_000  # folders below each other, and files in all, that are looked at
MOST_TOGETHER = 64  # files that may be one data set
MOST_ZIPS = 4  # in a folder, that are looked into
ANYWHERE = (".parquet", ".pq", ".zip", ".npz")  # ends of files that are not read from beginning to end
MOST_UNPACKED = 2**30  # bytes of a file in a zip
KINDS = {  # in this order: what ends so is a data set together
    "idx": re.compile(r"(?!)"),  # known by their names
    "tables": re.compile(r"\.(csv|tsv|txt|data)(\.gz)?$"),
    "Parquet": re.compile(r"\.(parquet|pq)$"),
    "arrays": re.compile(r"\.npy$"),
}
PROSE = re.compile(r"\.(txt|data)(\.gz)?$")  # what ends so is a table only where it has many columns
LOOKED_AT = 4096  # bytes from a table's beginning that tell whether it may hold pictures
LISTS = re.compile(r"((class|label|target)_?names?|ids?|index|indices|file_?names?|paths?)\.npy$")  # beside arrays
ARRAYS = re.compile(r"\.npz$")  # a zip of .npy files
OTHERS = ("mnist", "kmnist", "emnist", "qmnist")  # folders of other data sets in the same files
IN_WORDS = re.compile(r"(?<![a-z])(t10k|test)")


@dataclass(frozen=True)
class Layout:
    """The files that are a data set together."""

    kind: str  # of KINDS
    training: tuple[Stored, ...]
    test: tuple[Stored, ...]  # empty where all lie together
    beside: tuple[Stored, ...] = ()  # those among them that hold neither pictures nor their labels

    @property
    def files(self) -> tuple[Stored, ...]:
        """All of them."""
        return self.training + self.test


def in_folder(folder: Path, deepest: int = DEEPEST) -> list[Stored]:
    """The files in a folder and below it, so many folders down."""
    found: list[Stored] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not is_beside((each,)))
        if len(Path(place).relative_to(folder).parts) >= deepest:
            folders.clear()
        found += [lying(Path(place, name), folder) for name in sorted(names) if not is_beside((name,))]
        if len(found) > MOST_LISTED:
            break
    return found[:MOST_LISTED]


def in_zip(file: Stored, most_files: int = MOST_LISTED, most_unpacked: int = MOST_UNPACKED) -> list[Stored]:
    """The files in a zip, or the arrays in an .npz. Raises ArchiveError for a zip that is damaged or holds too many."""
    with file.opened() as content:
        archive = Archive(content.read(), most_files)

    def opened(entry: ZipInfo, where: Saying) -> BinaryIO:
        try:
            whole = entry.filename.lower().endswith(ANYWHERE)
            return io.BytesIO(archive.read(entry, most_unpacked)) if whole else archive.opened(entry, most_unpacked)
        except ArchiveError as error:
            words = N_("{where} is damaged and cannot be unpacked.")
            if error.fault == Fault.FILE_TOO_LARGE:
                words = N_("{where} unpacks to more than {most} MB.")
            raise DataError(words, file.remedy, where=where, most=most_unpacked // 2**20) from error

    found = []
    for entry in archive.entries:
        path = entry.filename.replace("\\", "/").strip("/")
        if not entry.is_dir() and not is_beside(tuple(path.split("/"))):
            where = Saying("The file “{name}” in “{zip}”", name=line(path)[-80:], zip=file.name)
            found.append(Stored(path, where, file.remedy, partial(opened, entry, where), file.path))
    return found


def find(files: Sequence[Stored], whole: bool = True) -> Layout | None:
    """The data set among these files, with test pictures of its own if it must be `whole`: of several kinds the surest,
    in the folder that is called after it, or else the highest. None without one."""
    kinds: dict[str, defaultdict[str, list[Stored]]] = {kind: defaultdict(list) for kind in KINDS}
    for file in sorted(files, key=lambda file: file.path):
        folder = file.path.rpartition("/")[0]
        kind = kind_of(file.name)
        if kind and not any(part in OTHERS for part in folder.lower().split("/")):
            kinds[kind][folder].append(file)
    for kind, folders in kinds.items():
        places = sorted(folders, key=lambda folder: ("fashion" not in folder.lower(), folder.count("/"), folder))
        everywhere = [file for folder in places for file in folders[folder]]
        for together in (*(folders[folder] for folder in places), everywhere):
            found = _idx(together) if kind == "idx" else _parted(kind, together)
            if found and (found.test or not whole):
                return found
    return None


def find_packed(files: Sequence[Stored], whole: bool = True, most_unpacked: int = MOST_UNPACKED) -> Layout | None:
    """The same in the zips and .npz among these files, those called after the data set first. Raises DataError for one
    that is damaged."""
    packed = [file for file in files if file.name.lower().endswith((".zip", ".npz"))]
    packed.sort(key=lambda file: ("fashion" not in file.name.lower(), "archive" not in file.name.lower(), file.path))
    for file in packed[:MOST_ZIPS]:
        try:
            found = find(in_zip(file, most_unpacked=most_unpacked), whole)
        except ArchiveError as error:
            raise DataError("{where} is damaged, or is not a zip.", file.remedy, where=file.where) from error
        if found:
            return found
    if len(packed) < 2 or sum(map(_size, packed[:MOST_ZIPS])) > most_unpacked:  # all of them at once in memory
        return None
    each_inside = (in_zip(file, most_unpacked=most_unpacked) for file in packed[:MOST_ZIPS])
    return find([file for inside in each_inside for file in inside], whole)  # each file may be packed by itself


def _size(file: Stored) -> int:
    with file.opened() as content:
        return content.seek(0, os.SEEK_END)


def kind_of(name: str) -> str | None:
    """Of which of KINDS a file is by its name; None for any other."""
    return (
        "idx" if idx_name(name) else next((kind for kind, ending in KINDS.items() if ending.search(name.lower())), None)
    )


def read(layout: Layout, most: int, progress: Callable[[int], None] = lambda rows: None) -> tuple[Found, Found | None]:
    """The pictures and labels to learn from, and those to test on if they lie apart; a file holds `most` at most.

    `progress` gets the pictures that are read so far. Raises DataError that names a file and what is wrong with it.
    """
    training = _together([read_piece(file, most, progress) for file in layout.training])
    if layout.beside:
        without = Saying("without {names}", names=said_names(file.name for file in layout.beside))
        training = training._replace(ways=(*training.ways, without))
    done = len(training.labels)
    if not layout.test:
        return training, None
    return training, _together([read_piece(file, most, lambda rows: progress(done + rows)) for file in layout.test])


def _idx(files: Sequence[Stored]) -> Layout | None:
    """The four idx files; where one is there packed and plain, the packed one."""
    named: dict[str, Stored] = {}
    for file in files:
        name = idx_name(file.name)
        if name and (name not in named or (file.name.endswith(".gz") and not named[name].name.endswith(".gz"))):
            named[name] = file
    if len(named) < len(FILES):
        return None
    images, labels, test_images, test_labels = (named[name] for name in FILES)
    return Layout("idx", (images, labels), (test_images, test_labels))


def _parted(kind: str, files: Sequence[Stored]) -> Layout | None:
    """Tables or arrays, parted by what their names say; all are for training where no name says test, and where all
    do. Very many are no data set."""
    if not 0 < len(files) <= MOST_TOGETHER:
        return None
    wide = [file for file in files if not LISTS.match(file.name.lower()) and (kind != "tables" or _is_wide(file))]
    if not (wide or (files := [file for file in files if not PROSE.search(file.name.lower())])):
        return None
    beside = tuple(file for file in files if wide and file not in wide and not PROSE.search(file.name.lower()))
    test = tuple(file for file in wide or files if is_test(file.path))
    training = tuple(file for file in wide or files if not is_test(file.path))
    return Layout(kind, training or test, test if training else (), beside)


def _is_wide(file: Stored) -> bool:
    """Whether a table has so many columns that it may hold pictures; one that cannot be looked at may, too, unless it
    is called prose."""
    try:
        head = beginning(file.opened, file.where, file.remedy)[0][:LOOKED_AT]
    except (DataError, ArchiveError, OSError):
        return not PROSE.search(file.name.lower())
    lines = head.decode(encoding(head), "replace").splitlines()
    return any(text.count(separator) > NARROW for text in lines for separator in SEPARATORS)


def is_test(path: str) -> bool:
    """Whether a file's name, or a folder it lies in, says that it holds test pictures."""
    *folders, name = path.lower().split("/")
    said_train = re.search(r"(?<![a-z])train", name)
    return bool(IN_WORDS.search(name)) or (not said_train and any(part_of(folder) == TEST for folder in folders))


def _together(pieces: Sequence[Piece]) -> Found:
    """One part of a data set, from files with pictures, with labels, or with both. Raises DataError."""
    images = [piece for piece in pieces if piece.labels is None]
    labels = [piece for piece in pieces if piece.images is None]
    if len(images) != len(labels):
        lone_piece = (images or labels)[0]
        sentence = (
            N_("{where} holds pictures, but no file beside it holds their labels.")
            if images
            else N_("{where} holds labels, but no file beside it holds their pictures.")
        )
        raise DataError(sentence, lone_piece.file.remedy, where=lone_piece.file.where)
    found = [piece for piece in pieces if piece.images is not None and piece.labels is not None]
    joined = [(piece.images, piece.labels) for piece in found]
    for pictures, named in zip(images, labels, strict=True):
        check_pair(pictures.file, pictures.images, named.file, named.labels)  # type: ignore[arg-type]
        joined.append((pictures.images, named.labels))
    ways = {str(way): way for piece in pieces for way in piece.ways}
    both = [np.concatenate(arrays) if len(arrays) > 1 else arrays[0] for arrays in zip(*joined, strict=True)]
    return Found(both[0], both[1], tuple(ways.values()))
