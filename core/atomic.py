"""Files that are there whole or not at all: when writing one fails, nothing of it stays on the disk."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import psutil

SPARE = 200_000_000  # bytes of a disk that are left to the store of runs


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` once these lines are done; its folder is made where needed.

    Raises OSError when that cannot be done.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{path.name}.*.part"):
        if abandoned(left):
            left.unlink(missing_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as output:
            yield output
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def room_for(size: int, folder: Path) -> bool:
    """Whether a disk has room for so many bytes in a folder, there or still to be made, and SPARE more."""
    there = next((each for each in (folder, *folder.parents) if each.is_dir()), None)
    return there is None or shutil.disk_usage(there).free >= size + SPARE


def abandoned(part: Path) -> bool:
    """Whether a file was left behind half written, by a process that was ended."""
    number = part.stem.rpartition(".")[2]
    return part.suffix == ".part" and number.isdecimal() and not psutil.pid_exists(int(number))
