"""Fashion-MNIST as four arrays: from a folder of idx or CSV files, from Keras' cache, from a download, else drawn
stand-ins.

Knows how the files look and how to fetch them; knows nothing of networks, runs or pages, and needs no TensorFlow.
"""

import csv
import gzip
import hashlib
import http.client
import io
import os
import threading
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.errors import DataError
from core.settings import Settings

SIDE = 28
FULL = (60_000, 10_000)  # training and test pictures of the whole data set
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CHUNK = 256 * 1024  # bytes
TIMEOUT = 30  # seconds without an answer
TRIES = 4  # connections opened for one file before giving up
OWN_TITLE = "Your clothes"  # what a data set that a person brought is called
DOWNLOADS = "fashion-mnist"  # folder within the home folder
TABLES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
CSV_COLUMNS = ("label", *(f"pixel{number}" for number in range(1, SIDE * SIDE + 1)))
REMEDY = "Get the file again, or leave FITTING_ROOM_DATA out and download the data set in the app."

_downloading = threading.Lock()  # two people who press the button at once must not write the same file


FILES = {  # name: (MD5 of the .gz as published, bytes)
    "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
    "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
    "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """The pictures in use and where they come from. 0 is background."""

    train_images: np.ndarray  # (n, 28, 28) uint8
    train_labels: np.ndarray  # (n,) uint8, 0 to 9
    test_images: np.ndarray  # (m, 28, 28) uint8
    test_labels: np.ndarray  # (m,) uint8, 0 to 9
    source: str  # "folder", "csv", "keras", "download", "own" or "garments"
    place: str  # the folder, the name of what a person brought, or "" for drawn clothes
    fingerprint: str  # 16 hex digits of all pictures and labels in their order
    problem: str | None = None  # a sentence: why better data were not used

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], source: str, place: str = "", problem: str | None = None) -> "Dataset":
        """A data set of four uint8 arrays, in the order of the fields, with its fingerprint; the arrays become
        read-only."""
        for array in arrays:
            array.setflags(write=False)
        return cls(*arrays, source=source, place=place, fingerprint=fingerprint(arrays), problem=problem)

    @property
    def real(self) -> bool:
        """Whether these are photos of real clothes."""
        return self.source != "garments"

    @property
    def title(self) -> str:
        """What the data are, in plain words."""
        if not self.real:
            return "Drawn stand-in clothes"
        counts = (len(self.train_images), len(self.test_images))
        if self.source == "own":
            return f"{OWN_TITLE}: {self.place} ({counts[0]:,} + {counts[1]:,} pictures)"
        part = "" if counts == FULL else f" ({counts[0]:,} + {counts[1]:,} pictures)"
        if self.source in ("keras", "download"):
            return f"Fashion-MNIST, {'kept by Keras' if self.source == 'keras' else 'downloaded'}{part}"
        return f"Fashion-MNIST, read from {Path(self.place).name}{' (CSV files)' if self.source == 'csv' else ''}{part}"


def load(settings: Settings, environment: Mapping[str, str] = os.environ) -> Dataset:
    """The best data at hand: the configured folder, Keras' cache, an earlier download, else clothes drawn by program.

    Never fails for bad files: the next source is used and `problem` says why.
    """
    configured, passing = None, None
    if settings.data:
        try:
            return read_folder(settings.data)
        except DataError as error:
            configured = str(error)
    for source, folder in (("keras", keras_folder(environment)), ("download", settings.folder / DOWNLOADS)):
        if any(_idx_path(folder, name) for name in FILES):
            try:
                return read_folder(folder, source, configured)
            except DataError as error:
                passing = passing or str(error)
    return Dataset.of(_drawn(settings), "garments", problem=configured or passing)


def keras_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where Keras keeps this data set once it has downloaded it."""
    home = environment.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return Path(home) / "datasets" / "fashion-mnist"


def fingerprint(arrays: Sequence[np.ndarray]) -> str:
    """16 hexadecimal digits that change with any picture, any label or their order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:16]


def read_folder(folder: Path, source: str = "folder", problem: str | None = None) -> Dataset:
    """The data set in a folder: four idx files, packed (.gz) or plain, or the pair of CSV files.

    Raises DataError that names the file, what is wrong with it and what to do.
    """
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}. Set FITTING_ROOM_DATA to the folder of the data set, or leave it out."
        )
    tables = [folder / name for name in TABLES]
    found = [_idx_path(folder, name) for name in FILES]
    if any(found) and (all(found) or not all(table.is_file() for table in tables)):
        for name, path in zip(FILES, found, strict=True):
            if path is None:
                raise DataError(f"The file “{name}.gz” is missing in {folder}. {REMEDY}")
        arrays = [read_idx(path) for path in found]
        _check_pair(found[0], arrays[0], found[1], arrays[1])
        _check_pair(found[2], arrays[2], found[3], arrays[3])
        return Dataset.of(arrays, source, str(folder), problem)
    if not any(table.is_file() for table in tables):
        raise DataError(
            f"The folder {folder} does not hold Fashion-MNIST. It needs the four files “{next(iter(FILES))}.gz” and so"
            f" on, or “{TABLES[0]}” and “{TABLES[1]}”."
        )
    for table in tables:
        if not table.is_file():
            raise DataError(f"The file “{table.name}” is missing in {folder}. {REMEDY}")
    arrays = [array for table in tables for array in read_csv(table)]
    return Dataset.of(arrays, "csv" if source == "folder" else source, str(folder), problem)


def validation_split(count: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to hold back, as scikit-learn's `train_test_split(random_state=seed)` deals them."""
    from sklearn.model_selection import train_test_split

    learn, hold_back = train_test_split(np.arange(count), test_size=fraction, random_state=seed)
    return learn, hold_back


def subset(dataset: Dataset, examples: int | None, seed: int) -> np.ndarray:
    """Rows of a random part of the training pictures, ascending, with every class in its share; None = all of them."""
    count = len(dataset.train_labels)
    return fair_share(dataset.train_labels, count if examples is None else examples, seed)


def fair_share(labels: np.ndarray, examples: int, seed: int) -> np.ndarray:
    """Rows of a random part of the pictures, ascending, with every class in its share; all rows where there are not
    more."""
    if examples >= len(labels):
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    place = np.empty(len(labels))  # of each picture within its class, 0 to 1
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        place[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
    return np.sort(order[np.argsort(place[order], kind="stable")[:examples]])


def download(
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
    base_url: str = URL,
    files: Mapping[str, tuple[str, int]] = FILES,
) -> Path:
    """Fetch the data set into the home folder and give that folder; what an earlier try left behind is used again.

    `progress` gets bytes done and bytes in all. A file has its final name only once its checksum is right.
    Raises DataError when the network, the files or the disk do not play along; pressing again continues.
    """
    folder = settings.folder / DOWNLOADS
    total, done = sum(size for _, size in files.values()), 0
    with _downloading:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, (checksum, size) in files.items():
                path = folder / f"{name}.gz"
                if not _is_right(path, checksum, size):
                    _fetch(base_url, path, checksum, size, lambda so_far, before=done: progress(before + so_far, total))
                done += size
                progress(done, total)
        except OSError as error:
            why = error.strerror or error
            raise DataError(
                f"The download cannot be written to {folder} ({why}). Make room there, then try again."
            ) from error
    return folder


def _fetch(base_url: str, path: Path, checksum: str, size: int, advance: Callable[[int], None]) -> None:
    """Bring one file under its final name, going on where a `.part` file ends."""
    part = path.with_suffix(".gz.part")
    for _ in range(TRIES):
        for so_far in _append(base_url + path.name, part, size):
            advance(so_far)
        if _is_right(part, checksum, size):
            os.replace(part, path)
            return
        if part.stat().st_size >= size:
            part.unlink()  # all there, but wrong: begin again
    if part.exists():
        raise DataError(
            "The download broke off several times. What has arrived is kept: try again, and it goes on from there."
        )
    raise DataError(f"The file “{path.name}” arrived damaged (its checksum is wrong). Try again later.")


def _append(url: str, part: Path, due: int) -> Iterator[int]:
    """Add to the part what one connection gives; yields the part's size as it grows."""
    start = part.stat().st_size if part.exists() else 0
    if start >= due:
        start = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            raise DataError(
                f"The server does not hand out “{part.stem}” (it answers {error.code}). Try again later."
            ) from error
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            "The server with the data set cannot be reached. Check the internet connection, then try again."
        ) from error
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        size = start if resumed else 0
        with open(part, "ab" if resumed else "wb") as output:
            while size < due:
                try:
                    chunk = response.read(min(CHUNK, due - size))
                except (OSError, http.client.HTTPException):
                    return  # the connection broke; the caller opens another
                if not chunk:
                    return
                output.write(chunk)
                size += len(chunk)
                yield size


def _is_right(path: Path, checksum: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with open(path, "rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == checksum


def _idx_path(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def read_idx(path: Path) -> np.ndarray:
    """Pictures (n, 28, 28) or labels (n,) uint8 of an idx file: 0, 0, 8 (= bytes), dimensions, sizes, then the
    bytes."""
    where = f"The file “{path.name}” in {path.parent}"
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except EOFError as error:
        raise DataError(f"{where} ends too early: it was not copied or downloaded to its end. {REMEDY}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{where} is damaged and cannot be unpacked. {REMEDY}") from error
    except OSError as error:
        raise DataError(f"{where} cannot be read ({error.strerror or error}). Check its permissions.") from error
    pictures = "idx3" in path.name
    header = 16 if pictures else 8
    sizes = np.frombuffer(content[: min(len(content), header) // 4 * 4], ">u4")
    if len(sizes) < header // 4 or sizes[0] != (0x803 if pictures else 0x801):
        raise DataError(f"{where} is not an idx file of {'pictures' if pictures else 'labels'}. {REMEDY}")
    if pictures and tuple(sizes[2:]) != (SIDE, SIDE):
        raise DataError(
            f"{where} holds pictures of {sizes[3]} x {sizes[2]} pixels; those of Fashion-MNIST are 28 x 28. {REMEDY}"
        )
    promised = header + int(sizes[1]) * (SIDE * SIDE if pictures else 1)
    if len(content) != promised:
        words = "ends too early" if len(content) < promised else "is longer than it says"
        raise DataError(f"{where} {words}: {len(content):,} bytes where {promised:,} are due. {REMEDY}")
    values = np.frombuffer(content, np.uint8, offset=header)
    return values.reshape(-1, SIDE, SIDE) if pictures else values


def _check_pair(images_path: Path, images: np.ndarray, labels_path: Path, labels: np.ndarray) -> None:
    if len(images) != len(labels):
        counts = f"“{images_path.name}” holds {len(images):,} pictures but “{labels_path.name}” {len(labels):,} labels"
        raise DataError(f"{counts} (in {images_path.parent}). {REMEDY}")
    if not len(labels):
        raise DataError(f"“{images_path.name}” in {images_path.parent} holds no pictures. {REMEDY}")
    if labels.max() > 9:
        first = int(np.argmax(labels > 9))
        raise DataError(
            f"“{labels_path.name}” gives picture {first} the label {labels[first]}; labels go from 0 to 9. {REMEDY}"
        )


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,), both uint8, of a table with the columns label, pixel1 ... pixel784."""
    where = f"The file “{path.name}” in {path.parent}"
    try:
        return read_table(lambda: open(path, "rb"), where, REMEDY)
    except OSError as error:
        raise DataError(f"{where} cannot be read ({error.strerror or error}). Check its permissions.") from error


def read_table(opened: Callable[[], BinaryIO], where: str, remedy: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,), both uint8, of a table with the columns label, pixel1 ... pixel784.

    `opened` gives the table from its beginning, each time it is asked. Raises DataError: `where`, the first bad row,
    `remedy`.
    """
    import pyarrow
    from pyarrow import csv as fast

    try:
        with _text(opened) as text:
            header = next(csv.reader(text), [])
        missing = [name for name in CSV_COLUMNS if name not in header]
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise DataError(
                f"{where} has no column “{missing[0]}”{more}. Its first line must name label, pixel1 to pixel784."
            )
        options = fast.ConvertOptions(
            column_types=dict.fromkeys(CSV_COLUMNS, pyarrow.uint8()), include_columns=list(CSV_COLUMNS)
        )
        with opened() as content:
            table = fast.read_csv(content, convert_options=options)
    except (pyarrow.ArrowInvalid, csv.Error) as error:
        raise DataError(f"{where} {_first_fault(opened)}. {remedy}") from error
    if not table.num_rows:
        raise DataError(f"{where} holds no pictures. {remedy}")
    if any(column.null_count for column in table.columns) or table["label"].to_numpy().max() > 9:
        raise DataError(f"{where} {_first_fault(opened)}. {remedy}")
    pixels = np.empty((table.num_rows, SIDE * SIDE), np.uint8)
    for index, name in enumerate(CSV_COLUMNS[1:]):
        pixels[:, index] = table[name].to_numpy()
    return pixels.reshape(-1, SIDE, SIDE), table["label"].to_numpy().copy()


def _text(opened: Callable[[], BinaryIO]) -> io.TextIOWrapper:
    """A table as text; closing it closes the file beneath."""
    return io.TextIOWrapper(opened(), encoding="utf-8-sig", errors="replace", newline="")


def _first_fault(opened: Callable[[], BinaryIO]) -> str:
    """What is wrong with the first bad row of a table, as the rest of a sentence.

    Slow, and only for tables with a fault.
    """
    number = 0
    try:
        with _text(opened) as text:
            rows = csv.reader(text)
            header = next(rows)
            highest = [9 if name == "label" else 255 if name in CSV_COLUMNS else None for name in header]
            for number, row in enumerate(filter(None, rows), start=1):
                where = f"row {number} (line {rows.line_num})"
                if len(row) != len(header):
                    return f"has {len(row)} values in {where}, where {len(header)} are due"
                for name, most, value in zip(header, highest, row, strict=True):
                    if most is not None and not (value.isdecimal() and int(value) <= most):
                        return f"says “{value[:20]}” for {name} in {where}; it must be a whole number from 0 to {most}"
    except csv.Error:
        return "is not a table of numbers"
    return "holds no pictures" if not number else "is not a table of numbers"


def _drawn(settings: Settings) -> tuple[np.ndarray, ...]:
    """Drawn clothes, kept in the home folder: drawing 70,000 takes seconds, reading them a moment."""
    from core.data import synthetic as garments

    kept = settings.folder / f"garments-{_drawing_version(Path(garments.__file__).parent)}.npz"
    try:
        with open(kept, "rb") as content, np.load(content) as arrays:
            return tuple(arrays[name] for name in FILES)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        drawn = garments.make()
    part = kept.with_suffix(f".{os.getpid()}.part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        for old in kept.parent.glob("garments-*.npz"):
            old.unlink(missing_ok=True)
        with open(part, "wb") as output:
            np.savez(output, **dict(zip(FILES, drawn, strict=True)))
        os.replace(part, kept)
    except OSError:
        return drawn  # no room or no right to write: they are drawn again next time
    return drawn


def _drawing_version(core: Path) -> str:
    """Eight hex digits of the programs that draw, so that clothes kept by another version are not taken for this
    one's."""
    digest = hashlib.sha256(np.__version__.encode())
    for path in [core / "synthetic.py", *sorted((core / "silhouettes").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
