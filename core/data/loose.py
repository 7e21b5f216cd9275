"""Loose photos, or the files of a folder, on their way to a data set: read, with the class that their names say.

A person says the rest before they are used. Knows nothing of networks, sessions or pages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.beside import classes_beside
from core.data.brought import ask, left_out_folders, loose_files
from core.data.gather import UploadedDataset, check_count, check_size, read_pictures, sorted_out, tidy, told
from core.data.naming import EACH, LEFT_OUT, said_by_file
from core.data.sorting import Answers, Asked, Folder, sort
from core.errors import DataError
from core.settings import Settings


@dataclass(frozen=True, eq=False)
class LoosePictures:
    """Pictures that were brought one by one."""

    title: str  # what they are called together
    names: tuple[str, ...]  # of each file with its folders, fit to be shown
    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) int64: the class that its folder or its name says, LEFT_OUT where neither does
    test: np.ndarray  # (n,) bool: whether it lies in a test folder,
    test_folder: str  # which is called so
    left_out: tuple[str, ...]  # what could not be read, each by its name
    doubtful: tuple[str, ...]  # what deserves a look
    folders: tuple[Folder, ...]  # which folder was taken for which class


def read_loose(
    title: str,
    files: Sequence[tuple[str, bytes]],
    settings: Settings,
    answers: Answers,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LoosePictures | Asked:
    """Read files, each its name, with its folders where it has some, and its bytes.

    Where they lie in several folders that are not all understood, with what a person said of them, it asks for those
    first. `progress` gets the pictures done and in all. Raises DataError when they are too many, too large or none of
    them a picture.
    """
    check_size(files, settings)
    title, kept = tidy(title), loose_files(files, settings)
    check_count(title, len(kept), settings)
    found = sort([file.parts for file in kept], answers)
    beside = classes_beside(kept) if (found.labels == LEFT_OUT).all() else None
    if beside:
        found = replace(found, labels=beside.labels, folders=())
    if found.must_ask and len(found.folders) > 1:
        return ask(title, kept, found, each=True)
    unwanted = np.array([row in found.unwanted for row in found.rows], bool) & (found.labels == LEFT_OUT)
    tables = np.array([beside is not None and file.name in beside.tables for file in kept], bool)
    chosen = np.flatnonzero(~unwanted & ~tables)
    wanted = [kept[row] for row in chosen]
    read = read_pictures(title, [(file.name, file.content) for file in wanted], settings, progress)
    if not read.rows:
        first = read.left_out[0] if read.left_out else "–"
        raise DataError("None of these files is a picture that can be used. The first: {name}", name=first)
    labels = [
        label if label != LEFT_OUT else said_by_file(file.parts[-1]).label
        for label, file in zip(found.labels[chosen].tolist(), wanted, strict=True)
    ]
    unused = left_out_folders(kept, found, np.flatnonzero(unwanted).tolist())
    return LoosePictures(
        title=title,
        names=tuple(wanted[row].name for row in read.rows),
        images=read.images,
        labels=np.array(labels)[read.rows],
        test=found.test[chosen][read.rows],
        test_folder=found.test_folder,
        left_out=told([*unused, *read.left_out]),
        doubtful=told(read.doubtful),
        folders=tuple(folder for folder in found.folders if folder.settled and folder.label != EACH),
    )


def chosen(brought: LoosePictures, labels: np.ndarray) -> UploadedDataset:
    """The data set of these pictures with the classes (n,) that a person settled on; LEFT_OUT leaves one out.

    Raises DataError when what stays is not enough.
    """
    rows = np.flatnonzero(labels != LEFT_OUT)
    arrays = brought.images[rows], labels[rows].astype(np.uint8), brought.test[rows]
    data = sorted_out(brought.title, *arrays, brought.test_folder, brought.left_out, brought.doubtful)
    return replace(data, folders=brought.folders)
