"""The files a person names: read up to a limit, a whole folder or pattern at once, or what comes by standard input."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from core.errors import FittingRoomError, PictureError

STANDARD_INPUT = "-"
PICTURES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff")
BESIDE = ("__MACOSX", "@eaDir")  # folders that systems put beside those of people


def read_file(file: str, most_mb: int, kind: type[FittingRoomError] = PictureError) -> bytes:
    """The bytes of a file, or of the standard input for "-".

    Raises an error of this kind when it cannot be read or is larger than so many megabytes.
    """
    try:
        if file == STANDARD_INPUT:
            content = _standard_input(kind).read(most_mb * 1_000_000 + 1)
        else:
            with open(file, "rb") as opened:
                content = opened.read(most_mb * 1_000_000 + 1)
    except OSError as error:
        raise kind(f"This file cannot be read ({error.strerror}). Check its name and place.") from error
    except ValueError as error:  # a name with a NUL
        raise kind("No file can have this name. Check it.") from error
    if len(content) > most_mb * 1_000_000:
        raise kind(f"This file has more than {most_mb} MB, which is the most. Choose another file.")
    return content


def _standard_input(kind: type[FittingRoomError]) -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise kind("“-” stands for a file that another program hands over: program | ... - , or ... - < file.")
    return sys.stdin.buffer


def pictures_in(words: Sequence[str]) -> Iterator[tuple[str, PictureError | None]]:
    """The files meant by names of files, folders and patterns, and by "-"; one that means none with the reason why.

    Of a folder its pictures, those in folders below it too, in the order of their names; what is hidden is left out. A
    pattern is one only where no file has that very name: `*`, `?`, `[...]`, and `**` for all folders below.
    """
    for word in words:
        if word == STANDARD_INPUT or not word:
            yield word, None
        elif os.path.isdir(word):
            found = sorted(_pictures_below(Path(word)))
            yield from ((str(file), None) for file in found)
            if not found:
                sentence = f"This folder holds no pictures, nor do those in it. Pictures end in {', '.join(PICTURES)}."
                yield word, PictureError(sentence)
        elif glob.has_magic(word) and not os.path.lexists(word):
            matching = sorted(
                file for file in glob.iglob(os.path.expanduser(word), recursive=True) if os.path.isfile(file)
            )
            yield from ((file, None) for file in matching)
            if not matching:
                sentence = "No file has a name that fits this pattern. Check it; capital letters count."
                yield word, PictureError(sentence)
        else:
            yield word, None


def _pictures_below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in BESIDE]
        for name in names:
            if name.lower().endswith(PICTURES) and not name.startswith("."):
                yield Path(place, name)
