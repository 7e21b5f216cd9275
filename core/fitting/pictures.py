"""The photos the shipped network is fitted and measured on, read by the app's own pipeline, with who took them."""

import csv
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from core.data import class_folders
from core.errors import DataError, PictureError
from core.labels import SLUGS
from core.vision.reading import read_photo

ANEW = 3  # times each photo is read again, changed as if taken once more
LARGEST = 10**9  # bytes; these are our own files


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures read by the pipeline, with what is known about them."""

    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) int, -1 for none of the ten
    contributors: np.ndarray  # (n,) str
    found: np.ndarray  # (n,) bool, whether a single garment was found

    def pick(self, which: np.ndarray) -> "Pictures":
        """The pictures where `which` (n,) bool is set."""
        return Pictures(*(getattr(self, field.name)[which] for field in fields(self)))

    def and_those(self, others: "Pictures") -> "Pictures":
        """These pictures and others."""
        return Pictures(
            *(np.concatenate([getattr(self, field.name), getattr(others, field.name)]) for field in fields(self))
        )


def read_pictures(folder: Path, kind: str, part: str, seed: int | None = None) -> Pictures:
    """Read the pictures that `pictures.csv` in a folder lists for a kind and a part.

    Raises DataError when there are none.

    With a seed each is changed first, as if it had been taken once more, so that the garment is cut out a little
    differently.
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
    seeds = [None if seed is None else (seed, place) for place in range(len(rows))]
    readings = class_folders.read_many(
        [(folder / row["path"], own) for row, own in zip(rows, seeds, strict=True)], _read
    )
    good = [index for index, reading in enumerate(readings) if reading is not None]
    labels = [SLUGS.index(row["class"]) if row["class"] in SLUGS else -1 for row in rows]
    return Pictures(
        np.stack([readings[index][0] for index in good]),
        np.array([labels[index] for index in good]),
        np.array([rows[index]["contributor"] for index in good]),
        np.array([readings[index][1] for index in good]),
    )


def _read(source: tuple[Path, tuple[int, int] | None]) -> tuple[np.ndarray, bool] | None:
    path, seed = source
    content = path.read_bytes()
    try:
        reading = read_photo(content if seed is None else taken_again(content, np.random.default_rng(seed)), LARGEST)
    except PictureError:
        return None
    return reading.image, reading.finding is None


def taken_again(content: bytes, generator: np.random.Generator) -> bytes:
    """A picture file as if taken once more: held a little differently, in other light, by a worse camera.

    Gives a JPEG file.
    """
    before = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    high, wide = before.shape[:2]
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    turn, nearer = np.deg2rad(generator.normal(0, 6)), generator.uniform(0.95, 1.12)
    rotation = nearer * np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    middle = np.array([wide, high]) / 2
    moved = (corners - middle) @ rotation.T + middle + generator.normal(0, 0.025, (4, 2)) * (wide, high)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    changed = (
        cv2.warpPerspective(before, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        / 255.0
    )
    light = changed ** np.exp(generator.normal(0, 0.25)) * np.exp(generator.normal(0, 0.06, 3))
    pixels = np.clip(255 * light, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(55, 95))])[1].tobytes()


def read_again(folder: Path, kind: str, seed: int) -> Pictures:
    first, *others = (read_pictures(folder, kind, "train", 1_000 * (seed + 1) + time) for time in range(ANEW))
    for pictures in others:
        first = first.and_those(pictures)
    return first
