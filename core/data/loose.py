"""Loose photos, or the files of a folder, on their way to a data set: read, with the class that their names say.

A person says the rest before they are used. Knows nothing of networks, sessions or pages.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from core.data.gather import (
    LABEL_OF_FOLDER,
    TEST_FOLDERS,
    UploadedDataset,
    check_count,
    check_size,
    is_beside,
    label_of,
    read_pictures,
    sorted_out,
    tidy,
    told,
)
from core.errors import DataError, PictureError
from core.language import N_, number
from core.settings import Settings

LEFT_OUT = -1  # in place of a class


@dataclass(frozen=True, eq=False)
class LoosePictures:
    """Pictures that were brought one by one."""

    title: str  # what they are called together
    names: tuple[str, ...]  # of each file with its folders, fit to be shown
    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) int64: the class that its folder or its name says, LEFT_OUT where neither does
    test: np.ndarray  # (n,) bool: whether it lies in a test folder
    left_out: tuple[str, ...]  # what could not be read, each by its name
    doubtful: tuple[str, ...]  # what deserves a look


def read_loose(
    title: str,
    files: Sequence[tuple[str, bytes]],
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LoosePictures:
    """Read files, each its name, with its folders where it has some, and its bytes.

    `progress` gets the pictures done and in all. Raises DataError when they are too many, too large or none of them a
    picture.
    """
    check_size(files, settings)
    kept = [(path.replace("\\", "/").split("/"), content) for path, content in files]
    kept = [(parts, content) for parts, content in kept if not is_beside(parts)]
    title = tidy(title)
    check_count(title, len(kept), settings)
    names = [tidy("/".join(parts)) for parts, _content in kept]
    most = settings.max_upload_mb * 1_000_000
    brought = [(name, partial(_bounded, content, most)) for name, (_parts, content) in zip(names, kept, strict=True)]
    read = read_pictures(title, brought, settings, progress)
    if not read.rows:
        first = read.left_out[0] if read.left_out else "–"
        raise DataError("None of these files is a picture that can be used. The first: {name}", name=first)
    paths = [kept[row][0] for row in read.rows]
    return LoosePictures(
        title=title,
        names=tuple(names[row] for row in read.rows),
        images=read.images,
        labels=np.array([guess(path) for path in paths]),
        test=np.array([any(folder.lower() in TEST_FOLDERS for folder in path[:-1]) for path in paths]),
        left_out=told(read.left_out),
        doubtful=told(read.doubtful),
    )


def guess(path: Sequence[str]) -> int:
    """The class that the innermost folder named after one says, or else the last such word in the file's own name;
    LEFT_OUT when there is none. A number in a file's name says nothing: photos are numbered."""
    *folders, file = path
    if (label := label_of(folders)) >= 0:
        return label
    words = re.findall(r"[a-z]+", file.rpartition(".")[0].lower())
    found = [LABEL_OF_FOLDER[word] for word in words if word in LABEL_OF_FOLDER]
    pairs = ["".join(pair) for pair in pairwise(words)]  # ankle-boot, t-shirt
    found = [LABEL_OF_FOLDER[pair] for pair in pairs if pair in LABEL_OF_FOLDER] or found
    return found[-1] if found else LEFT_OUT


def chosen(brought: LoosePictures, labels: np.ndarray) -> UploadedDataset:
    """The data set of these pictures with the classes (n,) that a person settled on; LEFT_OUT leaves one out.

    Raises DataError when what stays is not enough.
    """
    rows = np.flatnonzero(labels != LEFT_OUT)
    images, test = brought.images[rows], brought.test[rows]
    return sorted_out(brought.title, images, labels[rows].astype(np.uint8), test, brought.left_out, brought.doubtful)


def _bounded(content: bytes, most: int) -> bytes:
    """The bytes of a picture. Raises PictureError when they are more than `most`."""
    if len(content) > most:
        size, limit = number(len(content) / 1e6, 1), f"{most / 1e6:g}"
        words = N_("This file has {size} MB; {most} MB is the most. Choose a smaller picture.")
        raise PictureError(words, size=size, most=limit)
    return content
