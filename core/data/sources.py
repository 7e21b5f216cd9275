"""Which data set there is: a configured folder, Keras' cache, an earlier download, else clothes drawn by program.

Knows nothing of what people bring, of runs or of pages.
"""

import contextlib
import hashlib
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.atomic import abandoned, replacing, room_for
from core.data import layouts
from core.data.dataset import FULL, Dataset, Source
from core.data.download import DOWNLOADS
from core.data.files import FILE_IN, FILES, MOST_ROWS, REMEDY, TABLES, Stored, idx_name, idx_path, lying
from core.data.layouts import Layout
from core.data.tables import Found, read_as
from core.errors import DataError
from core.language import N_, Saying
from core.settings import Settings
from core.words import line

INSTEAD = (  # how names end, and what to do where such files lie instead
    (r"\.tfrecord", N_("There are files of TensorFlow Datasets (.tfrecord), which are not read here."), REMEDY),
    (
        r"\.arrow$",
        N_("There are files of Hugging Face’s cache (.arrow), which are not read here."),
        N_("Write both parts with to_parquet, as train.parquet and test.parquet."),
    ),
    (
        r"\.pt$",
        N_("There are files of PyTorch (.pt), which can carry a program and are not opened."),
        N_("The folder “raw” that torchvision makes beside them can be read."),
    ),
    (r"\.(tar|tgz|rar|7z|bz2|xz|tar\.gz)$", N_("There is a packed file."), N_("Unpack it there.")),
    (
        r"\.(xlsx?|ods|numbers)$",
        N_("There is a workbook."),
        N_("Save it as “CSV UTF-8”, once the training pictures and once those for the test."),
    ),
    (
        r"\.(h5|hdf5|mat|pkl|pickle|rds|rdata|json|feather)$",
        N_("There are files of a kind that is not read here."),
        N_("Save the pictures and labels with numpy.savez, as x_train, y_train, x_test and y_test."),
    ),
    (
        r"\.(png|jpe?g)$",
        N_("There are pictures in files of their own."),
        N_("Bring them on the page “Your own clothes”."),
    ),
)


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
    """The data set in a folder, below it or in a zip there, in any of the files it is handed round in; or in one file.

    Raises DataError that names the file, what is wrong with it and what to do.
    """
    folder = Path(folder).absolute()
    if not folder.exists():
        raise DataError(
            "There is no folder {folder}. Set FITTING_ROOM_DATA to the folder of the data set, or leave it out.",
            folder=folder,
        )
    layout = _layout(folder)
    training, test = layouts.read(layout, MOST_ROWS)
    ways = [*_found_in(layout), *training.ways, *(test.ways if test else ())]
    if test is None:
        training, test = _last_apart(layout, training)
        ways.append(Saying("the last 10,000 pictures for the test"))
    kind = Source.CSV if source == Source.FOLDER and layout.kind == "tables" else source
    data = Dataset.of([*training[:2], *test[:2]], kind, str(folder), problem)
    return replace(data, read_as=read_as({folder.name: tuple({str(way): way for way in ways}.values())}))


def _layout(folder: Path) -> Layout:
    """The data set in a folder, in a zip there, or right above it. Raises DataError where there is none."""
    files = layouts.in_folder(folder) if folder.is_dir() else [lying(folder, folder.parent)]
    above = layouts.in_folder(folder.parent, 0)
    found = (
        layouts.find(files)
        or layouts.find_packed(files)
        or _whole_table(files)
        or layouts.find([file for file in above if idx_name(file.name) or file.name in TABLES])
    )
    if found is None:
        raise _missing(files) or _nothing(folder, files)
    return found


def _whole_table(files: Sequence[Stored]) -> Layout | None:
    """The one file that may hold all pictures, or those of a zip with one."""
    found = layouts.find(files, whole=False) or layouts.find_packed(files, whole=False)
    if found is None or len(found.files) > 1 or any(part in found.files[0].name.lower() for part in ("train", "test")):
        return None
    return found


def _last_apart(layout: Layout, found: Found) -> tuple[Found, Found]:
    """The whole data set in one table, in its two parts: those to test on come last. Raises DataError for another."""
    whole, test = sum(FULL), FULL[1]
    if len(found.labels) != whole:
        raise DataError(
            "{where} holds {count} pictures, and no file beside it holds others to test on.",
            REMEDY,
            where=layout.files[0].where,
            count=len(found.labels),
        )
    return (
        Found(found.images[:-test].copy(), found.labels[:-test].copy(), found.ways),
        Found(found.images[-test:].copy(), found.labels[-test:].copy()),
    )


def _found_in(layout: Layout) -> list[Saying]:
    """What there is to say about where a data set was found, and what its files are."""
    file = layout.files[0]
    kinds = {"Parquet": Saying("Parquet"), "arrays": Saying("arrays of NumPy")}
    place = "/".join(filter(None, (file.zip, file.path.rpartition("/")[0])))
    return ([Saying("found in “{place}”", place=place)] if place else []) + (
        [kinds[layout.kind]] if layout.kind in kinds else []
    )


def _missing(files: Sequence[Stored]) -> DataError | None:
    """Which file of a data set is not there, where others of it are; None where there is nothing of one."""
    idx = {idx_name(file.name): file for file in files if idx_name(file.name)}
    tables = {file.name: file for file in files if file.name in TABLES}
    for names, ending, found in ((FILES, ".gz", idx), (TABLES, "", tables)):
        for name in names:
            if found and name not in found:
                beside = next(iter(found.values()))
                return DataError(
                    "{where} is missing.", REMEDY, where=Saying(FILE_IN, name=name + ending, folder=beside.folder)
                )
    return None


def _nothing(folder: Path, files: Sequence[Stored]) -> DataError:
    """What was looked for in a folder, and what lies there."""
    names = [file.name for file in files]
    looked = Saying(
        "{folder} does not hold Fashion-MNIST. It needs the four files “{first}.gz” and so on, or “{training}” and"
        " “{test}”.",
        folder=folder,
        first=next(iter(FILES)),
        training=TABLES[0],
        test=TABLES[1],
    )
    for ending, kind, remedy in INSTEAD:
        if any(re.search(ending, name.lower()) for name in names):
            return DataError(looked, kind, remedy)
    if not names:
        return DataError(looked, N_("It is empty."))
    shown = ", ".join(f"“{line(name)[-80:]}”" for name in names[:3])
    there = (
        N_("What lies there instead: {names}.")
        if len(names) <= 3
        else N_("What lies there instead: {names} and {more} more.")
    )
    return DataError(looked, Saying(there, names=shown, more=len(names) - 3))


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
