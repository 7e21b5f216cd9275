"""Which data set there is: a configured folder, Keras' cache, an earlier download, else clothes drawn by program.

Knows nothing of what people bring, of runs or of pages.
"""

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.atomic import abandoned, replacing, room_for
from core.data.dataset import Dataset, Source
from core.data.download import DOWNLOADS
from core.data.files import FILES, REMEDY, TABLES, check_pair, idx_path, place, read_csv, read_idx
from core.data.tables import read_as
from core.errors import DataError
from core.language import Saying
from core.settings import Settings


def load(settings: Settings, environment: Mapping[str, str] = os.environ) -> Dataset:
    """The best data at hand: the configured folder, Keras' cache, an earlier download, else clothes drawn by program.

    Never fails for bad files: the next source is used and `problem` says why.
    """
    found, problem = find(settings, environment)
    return found or Dataset.of(_synthetic_arrays(settings), Source.GARMENTS, problem=problem)


def find(settings: Settings, environment: Mapping[str, str] = os.environ) -> tuple[Dataset | None, Saying | None]:
    """The data set in the first of these places that has one, if any does, and what is wrong with one before it."""
    problem: Saying | None = None  # with the configured folder
    if settings.data:
        try:
            return read_folder(settings.data), None
        except DataError as error:
            problem = error.saying
    first_unusable: Saying | None = None  # what is wrong with the first other source; said only where none is left
    for source, folder in (
        (Source.KERAS, keras_folder(environment)),
        (Source.DOWNLOAD, settings.folder / DOWNLOADS),
    ):
        if any(idx_path(folder, name) for name in FILES):
            try:
                return read_folder(folder, source, problem), problem
            except DataError as error:
                first_unusable = first_unusable or error.saying
    return None, problem or first_unusable


def keras_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where Keras keeps this data set once it has downloaded it."""
    home = environment.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return Path(home) / "datasets" / "fashion-mnist"


def read_folder(folder: Path, source: Source = Source.FOLDER, problem: Saying | None = None) -> Dataset:
    """The data set in a folder: four idx files, packed (.gz) or plain, or the pair of CSV files.

    Raises DataError that names the file, what is wrong with it and what to do.
    """
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise DataError(
            "There is no folder {folder}. Set FITTING_ROOM_DATA to the folder of the data set, or leave it out.",
            folder=folder,
        )
    tables = [folder / name for name in TABLES]
    found = {name: path for name in FILES if (path := idx_path(folder, name)) is not None}
    if found and (len(found) == len(FILES) or not all(table.is_file() for table in tables)):
        for name in FILES:
            if name not in found:
                raise _missing(folder / f"{name}.gz")
        paths = list(found.values())
        arrays = [read_idx(path) for path in paths]
        check_pair(paths[0], arrays[0], paths[1], arrays[1])
        check_pair(paths[2], arrays[2], paths[3], arrays[3])
        return Dataset.of(arrays, source, str(folder), problem)
    if not any(table.is_file() for table in tables):
        raise DataError(
            "The folder {folder} does not hold Fashion-MNIST. It needs the four files “{first}.gz” and so on, or"
            " “{training}” and “{test}”.",
            folder=folder,
            first=next(iter(FILES)),
            training=TABLES[0],
            test=TABLES[1],
        )
    for table in tables:
        if not table.is_file():
            raise _missing(table)
    read = {table.name: read_csv(table) for table in tables}
    arrays = [array for each in read.values() for array in each[:2]]
    data = Dataset.of(arrays, Source.CSV if source == Source.FOLDER else source, str(folder), problem)
    return replace(data, read_as=read_as({name: each.ways for name, each in read.items()}))


def _missing(file: Path) -> DataError:
    return DataError("{where} is missing.", REMEDY, where=place(file))


def _synthetic_arrays(settings: Settings) -> tuple[np.ndarray, ...]:
    """The four arrays of the clothes drawn by program, kept in the home folder: drawing 70,000 takes seconds, reading
    them a moment."""
    from core.data import synthetic

    kept = settings.folder / f"garments-{_drawing_version(Path(synthetic.__file__).parent)}.npz"
    try:
        with open(kept, "rb") as content, np.load(content) as arrays:
            return tuple(arrays[name] for name in FILES)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        drawn = synthetic.make()
    with contextlib.suppress(OSError):  # without room or the right to write they are drawn again next time
        for old in kept.parent.glob("garments-*"):
            if old.suffix != ".part" or abandoned(old):
                old.unlink(missing_ok=True)
        if room_for(sum(array.nbytes for array in drawn), kept.parent):
            named: dict[str, Any] = dict(zip(FILES, drawn, strict=True))
            with replacing(kept) as output:
                np.savez(output, **named)
    return drawn


def _drawing_version(folder: Path) -> str:
    """Eight hex digits of the programs in a folder that draw, so that clothes kept by another version are not taken for
    this one's."""
    digest = hashlib.sha256(np.__version__.encode())
    for path in [folder / "synthetic.py", *sorted((folder / "silhouettes").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
