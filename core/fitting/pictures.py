"""The photos the shipped network is fitted and measured on, read by the app's own pipeline, with who took them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from core.data import class_folders
from core.data.naming import NONE
from core.errors import DataError, PictureError
from core.fitting.geometry import rotation
from core.inference.eye import FEATURES, shipped_backbone
from core.labels import SLUGS
from core.vision.reading import read_photo
from core.vision.views import VIEWS

ANEW = 2  # times each photo is read again, changed as if taken once more
LARGEST = 10**9  # bytes; these are files of this computer
MOST = 60  # photos that one person counts for at most


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures read by the pipeline, with what is known about them."""

    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) int, -1 for none of the ten
    contributors: np.ndarray  # (n,) str
    found: np.ndarray  # (n,) bool, whether a single garment was found
    # (n, k, 1280) float16, what the second eye sees in each view, 0 where it is shown none; None when it was not asked
    features: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """What each picture counts, (n,) float 0..1: all of one person's together no more than `MOST`."""
        _, person, counts = np.unique(self.contributors, return_inverse=True, return_counts=True)
        return np.asarray(np.minimum(1.0, MOST / counts[person]))

    def pick(self, which: np.ndarray) -> "Pictures":
        """The pictures where `which` (n,) bool is set."""
        features = None if self.features is None else self.features[which]
        return Pictures(self.images[which], self.labels[which], self.contributors[which], self.found[which], features)

    @classmethod
    def joined(cls, parts: Sequence["Pictures"]) -> "Pictures":
        """The pictures of all parts, one after another, with features when all have them."""
        features = [part.features for part in parts if part.features is not None]
        return cls(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.contributors for part in parts]),
            np.concatenate([part.found for part in parts]),
            np.concatenate(features) if len(features) == len(parts) else None,
        )


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos of clothes, and of things that are none of the ten: hats, shorts, skirts."""

    clothes: Pictures
    others: Pictures

    @property
    def found(self) -> "Photos":
        """Those in which a single garment was found."""
        return Photos(self.clothes.pick(self.clothes.found), self.others.pick(self.others.found))

    def with_more(self, more: "Photos") -> "Photos":
        """These photos, and after them more."""
        return Photos(Pictures.joined([self.clothes, more.clothes]), Pictures.joined([self.others, more.others]))


def read_photos(folder: Path) -> Photos:
    """The photos a network is fitted on. Raises DataError when there are none of a kind."""
    return Photos(read_pictures(folder, "photo", "train"), read_pictures(folder, NONE, "train"))


def read_photos_again(folder: Path, seed: int) -> Photos:
    """The same photos read `ANEW` times more, each time changed as if taken once more."""
    return Photos(*(_read_again(folder, kind, seed) for kind in ("photo", NONE)))


def _read_again(folder: Path, kind: str, seed: int) -> Pictures:
    return Pictures.joined([read_pictures(folder, kind, "train", 1_000 * (seed + 1) + time) for time in range(ANEW)])


def read_pictures(folder: Path, kind: str, part: str, seed: int | None = None) -> Pictures:
    """Read the pictures that `pictures.csv` in a folder lists for a kind and a part, but for those that cannot be read.

    The second eye looks at them too, as far as it does in the app. With a seed each is changed first, as if it had been
    taken once more, so that the garment is cut out a little differently, and the second eye is not asked. Raises
    DataError when none is listed.
    """
    try:
        with (folder / "pictures.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["kind"] == kind and row["part"] == part]
    except OSError as error:
        raise DataError(
            f"{folder} holds no pictures.csv. Point --pictures at the folder with the photos and drawings."
        ) from error
    if not rows:
        raise DataError(f"{folder / 'pictures.csv'} lists no pictures of kind {kind}, part {part}.")
    sources = [(folder / row["path"], None if seed is None else (seed, index)) for index, row in enumerate(rows)]
    readings = class_folders.read_many(sources, _read)
    readable = [(row, reading) for row, reading in zip(rows, readings, strict=True) if reading is not None]
    return Pictures(
        np.stack([reading.image for _, reading in readable]),
        np.array([SLUGS.index(row["class"]) if row["class"] in SLUGS else -1 for row, _ in readable]),
        np.array([row["contributor"] for row, _ in readable]),
        np.array([reading.found for _, reading in readable]),
        np.stack([reading.features for _, reading in readable]) if seed is None else None,
    )


class _Read(NamedTuple):
    """What is kept of one picture."""

    image: np.ndarray  # (28, 28) uint8
    found: bool
    features: np.ndarray  # (k, 1280) float16


def _read(source: tuple[Path, tuple[int, int] | None]) -> _Read | None:
    """One file, changed first when there is a seed; None when it cannot be read."""
    path, seed = source
    content = path.read_bytes()
    try:
        reading = read_photo(content if seed is None else taken_again(content, np.random.default_rng(seed)), LARGEST)
    except PictureError:
        return None
    features = np.zeros((VIEWS, FEATURES), np.float16)
    if seed is None and len(reading.views):
        features[:] = shipped_backbone().features(reading.views)
    return _Read(reading.image, reading.finding is None, features)


def taken_again(content: bytes, generator: np.random.Generator) -> bytes:
    """A picture file as if taken once more: held a little differently, in other light, by a worse camera.

    Gives a JPEG file. Raises PictureError when OpenCV cannot open the file.
    """
    before = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if before is None:
        raise PictureError("This file is not a picture that can be changed. Try JPEG or PNG.")
    high, wide = before.shape[:2]
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    turn, nearer = np.deg2rad(generator.normal(0, 6)), generator.uniform(0.95, 1.12)
    middle = np.array([wide, high]) / 2
    turned = (corners - middle) @ (nearer * rotation(turn)).T + middle
    targets = turned + generator.normal(0, 0.025, (4, 2)) * (wide, high)
    matrix = cv2.getPerspectiveTransform(corners, targets.astype(np.float32))
    moved = cv2.warpPerspective(before, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = (moved / 255.0) ** np.exp(generator.normal(0, 0.25)) * np.exp(generator.normal(0, 0.06, 3))
    pixels = np.clip(255 * light, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(55, 95))])[1].tobytes()
