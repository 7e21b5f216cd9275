"""The photos the shipped network is fitted and measured on, read by the app's own pipeline, with who took them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from core.data import class_folders
from core.data.class_folders import NONE
from core.errors import DataError, PictureError
from core.fitting.geometry import rotation
from core.labels import SLUGS
from core.vision.reading import read_photo

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

    @property
    def weights(self) -> np.ndarray:
        """What each picture counts, (n,) float 0..1: all of one person's together no more than `MOST`."""
        _, person, counts = np.unique(self.contributors, return_inverse=True, return_counts=True)
        return np.asarray(np.minimum(1.0, MOST / counts[person]))

    def pick(self, which: np.ndarray) -> "Pictures":
        """The pictures where `which` (n,) bool is set."""
        return Pictures(*(getattr(self, field.name)[which] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence["Pictures"]) -> "Pictures":
        """The pictures of all parts, one after another."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


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

    With a seed each is changed first, as if it had been taken once more, so that the garment is cut out a little
    differently. Raises DataError when none is listed.
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
    readable = [(row, *reading) for row, reading in zip(rows, readings, strict=True) if reading is not None]
    return Pictures(
        np.stack([image for _, image, _ in readable]),
        np.array([SLUGS.index(row["class"]) if row["class"] in SLUGS else -1 for row, _, _ in readable]),
        np.array([row["contributor"] for row, _, _ in readable]),
        np.array([found for _, _, found in readable]),
    )


def _read(source: tuple[Path, tuple[int, int] | None]) -> tuple[np.ndarray, bool] | None:
    """One file's image (28, 28) uint8 and whether a single garment was found in it; None when it cannot be read."""
    path, seed = source
    content = path.read_bytes()
    try:
        reading = read_photo(content if seed is None else taken_again(content, np.random.default_rng(seed)), LARGEST)
    except PictureError:
        return None
    return reading.image, reading.finding is None


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
