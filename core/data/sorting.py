"""Files with their folders -> the class of each, and what a person is asked where the folders' names do not say it.

Knows nothing of what is in a file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from os.path import commonprefix
from pathlib import PurePosixPath

import numpy as np

from core.data.naming import (
    CHECK,
    EACH,
    LEFT_OUT,
    LONGEST,
    NOTHING,
    TEST,
    key,
    number_said,
    part_of,
    said_by_file,
    said_by_folders,
)

FOLDERS = 20  # of a path that are looked at, from its end
OUTSIDE = ""  # the row of files that lie in no folder of their own
ENDINGS = frozenset(" .jpg .jpeg .jpe .jfif .png .gif .bmp .dib .webp .avif .heic .heif .tif .tiff".split(" "))
SIDE_FILES = frozenset(
    "__macosx thumbs.db ehthumbs.db desktop.ini picasa.ini zbthumbnail.info $recycle.bin @eadir lost+found".split()
)
Answers = Mapping[str, int]  # what a person said: the class of a folder, LEFT_OUT or EACH, by the `key` of its name


class How(StrEnum):
    """By what the class of a folder is known."""

    PERSON = "person"  # somebody said it
    NAME = "name"
    GUESS = "guess"  # its name says it perhaps
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Folder:
    """Pictures that belong together, by the folder they lie in."""

    name: str  # without the folders that all share; OUTSIDE for those in none of their own
    count: int
    label: int  # class index; LEFT_OUT for none, EACH where its pictures are sorted one by one
    how: How

    @property
    def settled(self) -> bool:
        """Whether nobody need be asked about it."""
        return self.how in (How.PERSON, How.NAME)


@dataclass(frozen=True, eq=False)
class Asked:
    """What a person is asked before pictures can be used: which folder is which class."""

    title: str
    folders: tuple[Folder, ...]
    first: tuple[tuple[np.ndarray, ...], ...]  # of each folder one or two pictures, (h, w, 3) uint8, small
    each: bool  # whether pictures may also be sorted one by one


@dataclass(frozen=True, eq=False)
class Sorted:
    """Files, and what their folders say of them."""

    labels: np.ndarray  # (n,) int64, the class of each file; LEFT_OUT where none is known, or none is meant
    test: np.ndarray  # (n,) bool, whether it is kept for the test
    test_folder: str  # what the folder is called that says so; "" without one
    rows: tuple[str, ...]  # of each file the name of its folder
    folders: tuple[Folder, ...]  # those with pictures in them, in order; what a file's own name places is not counted

    @property
    def unwanted(self) -> frozenset[str]:
        """The names of the folders that are left out for good."""
        return frozenset(folder.name for folder in self.folders if folder.settled and folder.label == LEFT_OUT)

    @property
    def must_ask(self) -> bool:
        """Whether a folder is not understood, or more than half of the pictures would be left out unasked."""
        inside = [folder for folder in self.folders if folder.name != OUTSIDE]
        left = sum(folder.count for folder in self.folders if not folder.settled)
        placed = int((self.labels != LEFT_OUT).sum())
        return any(not folder.settled for folder in inside) or (bool(inside) and left > placed)


def is_beside(parts: Sequence[str]) -> bool:
    """Whether a file, by the parts of its path, is one that systems put beside those of people."""
    return any(part.startswith(".") or part.casefold() in SIDE_FILES for part in parts)


def parts_of(path: str) -> tuple[str, ...]:
    """A file's folders and its name, each without what is too long to be read."""
    return tuple(part[-LONGEST:] for part in path.replace("\\", "/").rsplit("/", FOLDERS) if part)


def is_picture(parts: Sequence[str]) -> bool:
    """Whether a file's name ends as a picture's does, or has no ending."""
    return PurePosixPath(parts[-1]).suffix.lower() in ENDINGS


def sort(paths: Sequence[Sequence[str]], answers: Answers) -> Sorted:
    """Sort files, each the parts of its path, by the names of their folders and by what a person said of those.

    Folders that all pictures share say nothing, unless there are no others. Where no folder says anything, a file's own
    name may.
    """
    pictures = list(map(is_picture, paths))
    pictures = pictures if any(pictures) else [True] * len(paths)
    rows = _rows(paths, pictures)
    known = _known(sorted({row for row, picture in zip(rows, pictures, strict=True) if picture}), answers)
    silent = {row for row in known if (not row or len(known) == 1) and said_by_folders(row) == NOTHING}
    labels, counts = np.full(len(paths), LEFT_OUT), Counter[tuple[str, ...]]()
    for index, (path, row, picture) in enumerate(zip(paths, rows, pictures, strict=True)):
        label, how = known.get(row, (LEFT_OUT, How.UNKNOWN))
        if row in silent and said_by_file(path[-1]).sure:
            labels[index] = said_by_file(path[-1]).label
            continue
        if how in (How.PERSON, How.NAME) and label != EACH:
            labels[index] = label
        counts[row] += picture
    test, test_folder = _test(paths)
    folders = [Folder("/".join(row), counts[row], *known[row]) for row in known if counts[row]]
    return Sorted(labels, test, test_folder, tuple(map("/".join, rows)), tuple(folders))


def _rows(paths: Sequence[Sequence[str]], pictures: Sequence[bool]) -> list[tuple[str, ...]]:
    """Of each file the folders that tell it from others: without those of a part, and without what all pictures
    share."""
    folders = [tuple(path[:-1]) for path in paths]
    shared = commonprefix([each for each, picture in zip(folders, pictures, strict=True) if picture])
    own = {each: _without_parts(each[len(shared) :] if each[: len(shared)] == shared else each) for each in folders}
    if not any(own[each] for each, picture in zip(folders, pictures, strict=True) if picture):
        own = {each: _without_parts(each) for each in folders}
    rows = {own[each] for each, picture in zip(folders, pictures, strict=True) if picture}
    while len(rows) > 1 and all(len(row) > 1 for row in rows) and len({row[-1] for row in rows}) == 1:  # coat/img
        own = {each: row[:-1] if row in rows else row for each, row in own.items()}
        rows = {row[:-1] for row in rows}
    return [own[each] for each in folders]


def _without_parts(folders: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(folder for folder in folders if part_of(folder) is None)


def _known(rows: Sequence[tuple[str, ...]], answers: Answers) -> dict[tuple[str, ...], tuple[int, How]]:
    """What is known of each row of folders: its class, and by what."""
    numbers = {row: number for row in rows if row and (number := number_said(row[-1])) is not None}
    beyond = any(number > 9 for number in numbers.values())  # they are not those of the ten classes, or begin at 1
    from_one = beyond and set(numbers.values()) <= set(range(1, 11))
    known = {}
    for row in rows:
        said = said_by_folders(row)
        by_number = row in numbers and said.label in (LEFT_OUT, numbers[row])
        if (word := key("/".join(row))) in answers:
            known[row] = answers[word], How.PERSON
        elif said.sure and not (by_number and beyond):
            known[row] = said.label, How.NAME
        elif row and key(row[-1]) in answers:
            known[row] = answers[key(row[-1])], How.PERSON
        elif by_number and from_one:
            known[row] = numbers[row] - 1, How.GUESS
        else:
            known[row] = said.label, How.GUESS if said.label != LEFT_OUT else How.UNKNOWN
    return known


def _test(paths: Sequence[Sequence[str]]) -> tuple[np.ndarray, str]:
    """Which files are kept for the test, (n,) bool, and what the first of the folders is called that say so: “test”, or
    else such as “validation”."""
    spoken = [{part_of(folder): folder for folder in path[:-1]} for path in paths]
    wanted = TEST if any(TEST in each for each in spoken) else CHECK
    test = np.array([wanted in each for each in spoken], bool)
    return test, next((each[wanted] for each in spoken if wanted in each), "")
