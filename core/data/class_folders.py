"""Pictures in folders named by class: which there are, and reading many of them, in processes of their own.

Knows nothing of networks or kinds of files: what is made of each file is the caller's function.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import cv2

from core.data.naming import LEFT_OUT, NONE, key, said_by_folders
from core.data.sorting import is_picture
from core.errors import DataError
from core.labels import SLUGS

FEW = 40  # so many pictures are read without starting processes

Source = TypeVar("Source")  # what a picture is read from
Picture = TypeVar("Picture")  # what is made of it


@dataclass(frozen=True)
class Listed:
    """One file in a folder of pictures."""

    path: Path
    kind: str  # the top folder's name, for instance "photos", or `NONE`
    label: int  # class index, -1 for none of the ten


def find(folder: Path, part: str | None = None) -> list[Listed]:
    """The files below a folder that lie in a folder named by a class's slug, or in one named `NONE`, sorted.

    With a part, only those that also lie in a folder of that name ("check"). Files whose name begins with a dot are
    passed over. Raises DataError when there are none, or most pictures lie in other folders.
    """
    if not folder.is_dir():
        raise DataError(
            "{folder} is not a folder. Name one with folders in it that are named {names} or {none}.",
            folder=folder,
            names=", ".join(SLUGS),
            none=NONE,
        )
    root = folder.resolve()
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and path.name[0] != "."]
    wanted = [path for path in paths if part is None or part in path.relative_to(root).parts[:-1]]
    found = [listed for path in wanted if (listed := _listed(root, path)) is not None]
    if not found:
        raise DataError(
            "{folder} holds no pictures in folders named by class. Name the folders {names} or {none}.",
            folder=folder,
            names=", ".join(SLUGS),
            none=NONE,
        )
    placed = {listed.path for listed in found}
    others = [path for path in wanted if path not in placed and is_picture(path.parts)]
    if len(others) > len(placed):
        raise DataError(
            "{count} of {all} pictures in {folder} lie in folders that are not named after a class, such as {other}."
            " Name those {names} or {none}.",
            count=len(others),
            all=len(others) + len(placed),
            folder=folder,
            other=others[0].parent.name,
            names=", ".join(SLUGS),
            none=NONE,
        )
    return found


def _listed(folder: Path, path: Path) -> Listed | None:
    folders = (folder.name, *path.relative_to(folder).parts[:-1])
    if key(NONE) in map(key, path.parts[:-1]):
        return Listed(path, NONE, LEFT_OUT)
    said = said_by_folders(folders)
    if not said.sure:
        return None
    inside = len(folders) > 1 and not said_by_folders(folders[1:2]).sure
    return Listed(path, folders[1] if inside else folders[0], said.label)


def read_many(
    sources: Sequence[Source],
    read: Callable[[Source], Picture],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Picture]:
    """What `read`, a function at the top of a module, makes of each source, in order; more than `FEW` in processes of
    their own."""
    pictures: list[Picture] = []

    def keep(picture: Picture) -> None:
        pictures.append(picture)
        progress(len(pictures), len(sources))

    if len(sources) <= FEW:
        for source in sources:
            keep(read(source))
        return pictures
    # fresh processes: a forked one may wait for ever on a thread that only its parent has
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        for picture in pool.map(read, sources, chunksize=8):
            keep(picture)
    return pictures
