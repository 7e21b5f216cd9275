"""Photos sorted by class, brought to be answered and compared: listed, then read some at a time as the app reads them.

A reading keeps what the second eye is shown, so that only few are in memory at once. Knows nothing of networks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.beside import classes_beside
from core.data.brought import File, ask, is_zip, left_out_folders, loose_files, zipped_files
from core.data.gather import UNREADABLE, as_it_is, check_count, check_size, tidy, told
from core.data.kinds import AS_PICTURES
from core.data.naming import LEFT_OUT, said_by_file
from core.data.sorting import Answers, Asked, Folder, is_picture, sort
from core.errors import DataError, PictureError, door
from core.labels import SLUGS
from core.settings import Settings
from core.vision.decode import opened
from core.vision.reading import Reading, read_picture, read_sample

MOST = 500  # photos that are measured at once: the share that is right is then known to 4 in 100
SEED = 20170828  # by which they are chosen of more, the same ones each time


@dataclass(frozen=True, eq=False)
class Listed:
    """Photos whose classes are known, in an order by chance: the first so many are a fair share of all."""

    title: str
    rows: tuple[int, ...]  # of each its place among all files, as `read_some` counts them
    names: tuple[str, ...]  # fit to be shown
    labels: np.ndarray  # (n,) int64
    available: int  # how many there are in all; the others are not looked at
    left_out: tuple[str, ...]  # what has no class
    folders: tuple[Folder, ...]  # which folder was taken for which class


def list_photos(title: str, files: Sequence[tuple[str, bytes]], settings: Settings, answers: Answers) -> Listed | Asked:
    """What is in a zip, or in files, each its name with its folders and its bytes; or what is to be asked about their
    folders first.

    Raises DataError where there is nothing to measure.
    """
    check_size(files, settings)
    title, found_files = tidy(title), _files(files, settings)
    found = sort([file.parts for file in found_files], answers)
    beside = classes_beside(found_files) if (found.labels == LEFT_OUT).all() else None
    if beside:
        found = replace(found, labels=beside.labels, folders=())
    if found.must_ask:
        return ask(title, found_files, found)
    labels = found.labels.copy()
    if not is_zip(*files[0]):
        for row in np.flatnonzero(labels == LEFT_OUT):
            if found.rows[row] not in found.unwanted:
                labels[row] = said_by_file(found_files[row].parts[-1]).label
    rows = np.array([row for row in np.flatnonzero(labels != LEFT_OUT) if is_picture(found_files[row].parts)], int)
    if not any(is_picture(file.parts) for file in found_files):
        raise DataError("“{title}” has no files with pictures in it to measure.", AS_PICTURES, title=title)
    if not len(rows):
        raise DataError(
            "No picture in “{title}” says what it is. Sort them into folders named {names}, or call them coat-1.jpg,"
            " coat-2.jpg and so on.",
            title=title,
            names=", ".join(SLUGS),
        )
    check_count(title, len(rows), settings)
    unplaced = np.flatnonzero(labels == LEFT_OUT).tolist()
    chosen = np.random.default_rng(SEED).permutation(rows)[:MOST]
    return Listed(
        title=title,
        rows=tuple(chosen.tolist()),
        names=tuple(found_files[row].name for row in chosen),
        labels=labels[chosen],
        available=len(rows),
        left_out=told(left_out_folders(found_files, found, unplaced)),
        folders=found.folders,
    )


def read_some(
    files: Sequence[tuple[str, bytes]],
    rows: Sequence[int],
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Reading | PictureError]:
    """Read the files at these places as the page Predict reads a photo, without the pictures of its steps; for each
    that cannot be read, why. A grey picture of 28 x 28 is what the network sees already."""
    found, readings = _files(files, settings), []
    for done, row in enumerate(rows, start=1):
        readings.append(_read(found[row]))
        progress(done, len(rows))
    return readings


def _files(files: Sequence[tuple[str, bytes]], settings: Settings) -> list[File]:
    if any(is_zip(*file) for file in files):
        if len(files) > 1:
            raise DataError("Bring one zip, or photos and folders; not both at once.")
        return zipped_files(*files[0], settings)
    return loose_files(files, settings)


def _read(file: File) -> Reading | PictureError:
    try:
        with door(PictureError, UNREADABLE):
            content = file.content()
            picture = opened(content, len(content))
            small = as_it_is(picture.pixels)
            reading = read_sample(small[0]) if small is not None else read_picture(picture.pixels, cut=picture.cut)
            return replace(reading, stages=())
    except PictureError as error:
        return error
