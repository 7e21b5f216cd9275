"""Fashion-MNIST from a folder of idx or CSV files, Keras' cache or a download; drawn stand-ins when there is none.

Every source is checked before it is used. Knows nothing of networks.
"""

import gzip
import hashlib
import os
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from core.errors import DataError
from core.settings import Settings

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
FILES = {  # name: (MD5 of the .gz as published, bytes)
    "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
    "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
    "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
}
TABLES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
PORTION = 256 * 1024  # bytes read at a time
AGAIN = "Copy or download it again."


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test pictures with their labels, and where they come from."""

    train_images: np.ndarray  # (n, 28, 28) uint8, 0 = background
    train_labels: np.ndarray  # (n,) uint8, 0 to 9
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str  # "folder", "csv", "keras", "download" or "garments"
    place: str  # the folder, "" for garments
    fingerprint: str  # 16 hexadecimal digits of the content, its order included
    problem: str | None = None  # why a configured folder was not used

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], source: str, place: str = "", problem: str | None = None) -> "Dataset":
        """A data set of four arrays, in the order of the fields, with its fingerprint."""
        return cls(*arrays, source=source, place=place, fingerprint=fingerprint(arrays), problem=problem)

    @property
    def real(self) -> bool:
        """Whether these are photographs of real clothes."""
        return self.source != "garments"

    @property
    def title(self) -> str:
        """What the pictures are, for people."""
        words = {"csv": "Fashion-MNIST, from CSV files", "garments": "Drawn stand-in clothes"}
        return words.get(self.source, "Fashion-MNIST")


def load(settings: Settings) -> Dataset:
    """The first data set found: the configured folder, Keras' cache, our own download, else drawn clothes.

    A configured folder that cannot be used is passed over; `problem` says why.
    """
    problem = None
    places = [("keras", keras_folder()), ("download", settings.folder / "fashion-mnist")]
    if settings.data:
        places.insert(0, ("folder", settings.data))
    for source, folder in places:
        if source != "folder" and not _idx_files(folder):
            continue
        try:
            return read_folder(folder, source, problem)
        except DataError as error:
            problem = problem or str(error)
    return _garments(problem)


def keras_folder() -> Path:
    """Where Keras keeps this data set once it has downloaded it."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "fashion-mnist"


def read_folder(folder: Path, source: str = "folder", problem: str | None = None) -> Dataset:
    """The data set in a folder: four idx files (.gz or plain), or the two CSV files. Raises DataError that names the file."""
    idx = _idx_files(folder)
    if idx:
        arrays = [read_idx(path) for path in idx]
        names = [path.name for path in idx]
    elif all((folder / name).is_file() for name in TABLES):
        arrays = [array for name in TABLES for array in read_csv(folder / name)]
        names = [name for name in TABLES for _ in range(2)]
        source = "csv" if source == "folder" else source
    else:
        raise DataError(
            f"The folder {folder} holds no Fashion-MNIST. It needs the four files {', '.join(FILES)} (.gz or plain), or {' and '.join(TABLES)}."
        )
    for images, labels, name in ((*arrays[:2], names[0]), (*arrays[2:], names[2])):
        _check(images, labels, name)
    return Dataset.of(arrays, source, str(folder), problem)


def fingerprint(arrays: Sequence[np.ndarray]) -> str:
    """16 hexadecimal digits that change with any picture, label or their order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:16]


def read_idx(path: Path) -> np.ndarray:
    """The array in an idx file, plain or gzip: (n, 28, 28) or (n,) uint8. Raises DataError when it is damaged."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path.name} breaks off or is damaged. {AGAIN}") from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be read ({error.strerror}). Check the file and its folder.") from error
    dimensions = content[3] if len(content) > 4 else 0
    if content[:3] != b"\x00\x00\x08" or dimensions not in (1, 3) or len(content) < 4 + 4 * dimensions:
        raise DataError(f"{path.name} is not an idx file of bytes. {AGAIN}")
    shape = np.frombuffer(content, ">u4", dimensions, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    if values.size != int(np.prod(shape, dtype=np.int64)):
        raise DataError(
            f"{path.name} should hold {int(np.prod(shape, dtype=np.int64)):,} bytes of pictures but holds {values.size:,}. {AGAIN}"
        )
    return values.reshape(shape)


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,) uint8 of a table `label,pixel1..pixel784`. Raises DataError that names the row."""
    try:
        table = pd.read_csv(path, engine="pyarrow")
    except OSError as error:
        raise DataError(f"{path.name} cannot be read ({error.strerror}). Check the file and its folder.") from error
    except ValueError as error:
        raise DataError(f"{path.name} is not a table I can read: {str(error).splitlines()[0]}. {AGAIN}") from error
    wanted = ["label", *(f"pixel{number}" for number in range(1, 785))]
    if list(table.columns) != wanted:
        missing = next((name for name in wanted if name not in table.columns), None)
        found = f"lacks the column “{missing}”" if missing else f"has {len(table.columns)} columns"
        raise DataError(f"{path.name} {found}. It needs “label” and then “pixel1” to “pixel784”.")
    values = table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    limits = np.array([9.0] + [255.0] * 784)
    bad = ~((values >= 0) & (values <= limits) & (values == np.floor(values)))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"{path.name}, row {row + 2}: “{wanted[column]}” is {table.iat[row, column]}, but must be a whole number from 0 to {limits[column]:.0f}."
        )
    return values[:, 1:].astype(np.uint8).reshape(-1, 28, 28), values[:, 0].astype(np.uint8)


def download(settings: Settings, progress: Callable[[int, int], None] = lambda done, total: None, base_url: str = URL) -> Path:
    """Fetch the four files into the home folder; `progress` gets bytes done and in all. Gives the folder.

    A download that broke off is resumed; a file with a wrong checksum is fetched anew, once. Whole files only appear under
    their names. Raises DataError when there is no network or no room.
    """
    folder = settings.folder / "fashion-mnist"
    total, before = sum(size for _, size in FILES.values()), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (checksum, size) in FILES.items():
            path = folder / f"{name}.gz"
            if not (path.exists() and _md5(path) == checksum):
                _fetch(f"{base_url}{name}.gz", path, checksum, lambda done, before=before: progress(before + done, total))
            before += size
            progress(before, total)
    except urllib.error.URLError as error:
        raise DataError(f"The clothes could not be downloaded: {error.reason}. Check the network and try again.") from error
    except OSError as error:
        raise DataError(f"The download broke off: {error}. Try again: it goes on where it stopped.") from error
    return folder


def validation_split(count: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (training, validation) of a seeded split, as scikit-learn's `train_test_split` makes it."""
    training, validation = train_test_split(np.arange(count), test_size=fraction, random_state=seed)
    return training, validation


def subset(dataset: Dataset, examples: int | None, seed: int) -> np.ndarray:
    """Rows of `examples` training pictures with the classes in their usual shares, in the order of the files; all for None."""
    count = len(dataset.train_labels)
    if examples is None or examples >= count:
        return np.arange(count)
    chosen, _ = train_test_split(np.arange(count), train_size=examples, random_state=seed, stratify=dataset.train_labels)
    return np.sort(chosen)


def _idx_files(folder: Path) -> list[Path]:
    """The four idx files in order, or nothing when one is missing."""
    found = [next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None) for name in FILES]
    return [] if None in found else found


def _check(images: np.ndarray, labels: np.ndarray, name: str) -> None:
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(f"{name} holds no pictures of 28 x 28. {AGAIN}")
    if labels.ndim != 1 or len(labels) != len(images):
        raise DataError(f"{name} holds {len(images):,} pictures, but there are {labels.size:,} labels for them. {AGAIN}")
    if not len(labels) or labels.max() > 9:
        raise DataError(f"The labels beside {name} must be 0 to 9, but one is {labels.max(initial=0)}. {AGAIN}")


def _garments(problem: str | None) -> Dataset:
    from core import garments

    return Dataset.of(garments.make(), "garments", problem=problem)


def _fetch(url: str, path: Path, checksum: str, progress: Callable[[int], None]) -> None:
    part = path.with_suffix(".part")
    for _ in range(2):
        have = part.stat().st_size if part.exists() else 0
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                resumed = answer.status == 206
                done = have if resumed else 0
                with open(part, "ab" if resumed else "wb") as file:
                    while portion := answer.read(PORTION):
                        file.write(portion)
                        done += len(portion)
                        progress(done)
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 416:  # nothing left to send: the part is whole, or too long
                    raise
        if _md5(part) == checksum:
            os.replace(part, path)
            return
        part.unlink()
    raise DataError(f"{path.name} arrived damaged twice. Try again later.")


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
