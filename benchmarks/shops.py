"""How well the app reads shop pictures made by program from Fashion-MNIST: unworn, worn, shoes in pairs.

    python -m benchmarks.shops [--count 200] [--readme]      --readme writes the table into docs/results.md

Real shop pictures are not at hand; these show what processing such a picture costs, beside each eye alone and the plain
resize in the same run. How people and pairs are drawn here follows other rules than those of `core/fitting/wearers.py`,
from which the network learns.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks import pictures
from benchmarks.results import write
from core.data.dataset import Dataset
from core.data.sources import load
from core.labels import SLUGS
from core.settings import Settings

Colour = tuple[int, ...]  # red, green and blue, 0..255

LARGE, ROOM = 224, 150  # px, the garment's longest side and the room around it
SKINS = ((250, 218, 192), (231, 180, 143), (198, 134, 90), (141, 85, 50), (92, 60, 42))  # RGB, from pale to dark
HAIRS = ((30, 24, 20), (90, 60, 35), (190, 150, 90), (150, 150, 150))
TROUSER, DRESS, BAG = (SLUGS.index(slug) for slug in ("trouser", "dress", "bag"))
SHOES = {SLUGS.index(slug) for slug in ("sandal", "sneaker", "ankle-boot")}
UNWORN, WORN, PAIRED = "unworn", "worn", "shoes in pairs"


def garment(image: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A test picture (28, 28) uint8, large, in a colour and with room around it.

    Gives (h, w, 3) float 0..255 and its cover, (h, w) 0..1.
    """
    negated = 1 - cv2.resize(image, (LARGE, LARGE), interpolation=cv2.INTER_CUBIC)[..., None] / 255
    colour = np.exp(rng.normal(0, 0.25, 3))
    coloured = 255 * negated * (1 - (1 - colour / colour.max()) * (1 - 0.5 * negated))
    cover = np.clip(
        5 * (cv2.resize((image > 0).astype(np.float32), (LARGE, LARGE), interpolation=cv2.INTER_CUBIC) - 0.4), 0, 1
    )
    return tuple(cv2.copyMakeBorder(plane, *[ROOM] * 4, cv2.BORDER_CONSTANT) for plane in (coloured, cover))


@dataclass(frozen=True, eq=False)
class Person:
    """A person behind a garment, painted part by part."""

    cover: np.ndarray  # (h, w) 0..1, how much of each pixel is the garment
    picture: np.ndarray  # (h, w, 3) float 0..255
    painted: np.ndarray  # (h, w) uint8, 1 where the person is
    skin: Colour
    hair: Colour
    clothes: Colour  # of what else they wear

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The garment's left, top, right and bottom, px."""
        rows, columns = (np.flatnonzero((self.cover > 0.5).any(axis=axis)) for axis in (1, 0))
        return columns[0], rows[0], columns[-1], rows[-1]

    def paint(self, colour: Colour, *points: tuple[float, float], thick: int = 0) -> None:
        """A line `thick` px wide through the points, or the filled shape between them."""
        path = np.array(points).round().astype(np.int32)
        shape = np.zeros_like(self.painted)
        if thick:
            cv2.polylines(shape, [path], False, 1, thick)
        else:
            cv2.fillPoly(shape, [path], 1)
        self.picture[shape > 0] = colour
        self.painted[shape > 0] = 1

    def columns_at(self, row: int) -> np.ndarray:
        """Columns the garment covers at a row; where it covers none, its left and right edge."""
        left, _, right, _ = self.box
        return np.flatnonzero(self.cover[row] > 0.5) if (self.cover[row] > 0.5).any() else np.array([left, right])


def wearer(cover: np.ndarray, label: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A person behind a garment: (h, w, 3) float 0..255, and where they are, (h, w) bool. Nobody carries a bag."""
    skin, hair = SKINS[rng.integers(5)], HAIRS[rng.integers(4)]
    clothes = tuple(int(value) for value in rng.integers(0, 256, 3))
    person = Person(cover, np.zeros((*cover.shape, 3)), np.zeros(cover.shape, np.uint8), skin, hair, clothes)
    if label in SHOES:
        _above_shoe(person, rng)
    elif label == TROUSER:
        _around_trouser(person)
    elif label != BAG:
        _legs(person, skin if label == DRESS else clothes, rng)
        _arms(person, rng)
        _head(person, rng)
    return person.picture, person.painted > 0


def _above_shoe(person: Person, rng: np.random.Generator) -> None:
    """A leg above a shoe."""
    _, top, _, bottom = person.box
    thick = int(rng.uniform(30, 50))
    x = float(np.median(person.columns_at(top + 4)))
    person.paint(
        person.clothes if rng.random() < 0.5 else person.skin,
        (x, bottom - 40),
        (x + rng.normal(0, 8), top - rng.uniform(30, 110)),
        thick=thick,
    )


def _around_trouser(person: Person) -> None:
    """Other clothes above the waist, and feet."""
    _, top, _, bottom = person.box
    waist, hem = person.columns_at(top + 4), person.columns_at(bottom - 4)
    left, right = waist[0], waist[-1]
    person.paint(person.clothes, (left - 4, top + 8), (left - 8, top - 60), (right + 8, top - 60), (right + 4, top + 8))
    for x in (hem[0] + 12, hem[-1] - 12):
        person.paint(person.skin, (x, bottom - 8), (x, bottom + 22), thick=20)


def _legs(person: Person, colour: Colour, rng: np.random.Generator) -> None:
    """Two legs below a hem."""
    bottom = person.box[3]
    hem, knee = person.columns_at(bottom - 6), bottom + rng.uniform(20, 100)
    for x in (0.72 * hem[0] + 0.28 * hem[-1], 0.28 * hem[0] + 0.72 * hem[-1]):
        person.paint(colour, (x, bottom - 20), (x, knee), thick=max(12, int(0.36 * (hem[-1] - hem[0]))))


def _arms(person: Person, rng: np.random.Generator) -> None:
    """Two arms from below the sleeves."""
    left, _, right, bottom = person.box
    for x, side in ((left + 10, -1), (right - 10, 1)):
        lowest = np.flatnonzero(person.cover[:, x] > 0.5)[-1]
        hand = x + side * rng.uniform(4, 24), min(lowest + rng.uniform(15, 90), bottom + 25)
        person.paint(person.skin, (x, lowest - 8), hand, thick=18)


def _head(person: Person, rng: np.random.Generator) -> None:
    """Hair, neck and face."""
    left, top, right, _ = person.box
    middle = (left + right) / 2
    hair = cv2.ellipse2Poly((int(middle), int(top - 48)), (32, int(rng.uniform(38, 60))), 0, 0, 360, 12)
    person.paint(person.hair, *hair)
    person.paint(person.skin, (middle, top + 30), (middle, top - 30), thick=24)
    person.paint(person.skin, *cv2.ellipse2Poly((int(middle), int(top - 40)), (25, 33), 0, 0, 360, 12))


def pair(clothes: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A shoe and the other one of its pair, which stands behind it or, both toes up, lies against it as its mirror
    image.

    As `garment` gives it: (h, w, 3) float 0..255, and the cover, (h, w) 0..1.
    """
    near = clothes, cover
    rows, columns = (np.flatnonzero((cover > 0.5).any(axis=axis)) for axis in (1, 0))
    if rng.random() < 0.5:
        shift = -int(rng.uniform(0.15, 0.5) * len(rows)), int(rng.uniform(-0.1, 0.25) * len(columns))
        far = [np.roll(plane, shift, axis=(0, 1)) for plane in near]
    else:
        middle = (cover.shape[1] - 1) / 2, (cover.shape[0] - 1) / 2
        turn = cv2.getRotationMatrix2D(middle, -rng.uniform(50, 110), 1.0)
        near = [cv2.warpAffine(plane, turn, cover.shape[::-1]) for plane in near]
        columns = np.flatnonzero((near[1] > 0.5).any(axis=0))
        # its edge comes a little past the middle
        shift_left = int(middle[0] - columns[-1] + rng.uniform(0.02, 0.15) * len(columns))
        near = [np.roll(plane, shift_left, axis=1) for plane in near]
        far = [plane[:, ::-1] for plane in near]
    before = near[1][..., None]
    return near[0] * before + far[0] * (1 - before), np.maximum(near[1], far[1])


def shop_picture(image: np.ndarray, label: int, ground: int | None, how: str, rng: np.random.Generator) -> bytes:
    """A shop's picture of a test picture (28, 28) uint8.

    On a grey ground of 0..255 as a JPEG file, or on none at all as a PNG file with transparency.
    """
    clothes, cover = garment(image, rng)
    if how == PAIRED:
        clothes, cover = pair(clothes, cover, rng)
    body, person = wearer(cover, label, rng) if how == WORN else (np.zeros_like(clothes), np.zeros(cover.shape, bool))
    whole = np.maximum(cover, person)
    rows, columns = np.flatnonzero(whole.max(axis=1) > 0.5), np.flatnonzero(whole.max(axis=0) > 0.5)
    part = slice(max(0, rows[0] - 20), rows[-1] + 20), slice(max(0, columns[0] - 30), columns[-1] + 30)
    behind = np.where(person[..., None], body, 255 if ground is None else ground)
    picture = (clothes * cover[..., None] + behind * (1 - cover[..., None]))[part][..., ::-1]
    if ground is None:
        return cv2.imencode(".png", np.dstack([picture, 255 * whole[part]]).round().astype(np.uint8))[1].tobytes()
    noisy = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


GROUNDS: dict[str, int | None] = {"white": 255, "pale grey": 238, "grey": 190, "transparent": None}


def write_shops(data: Dataset, folder: Path, count: int) -> None:
    """Put the first `count` test pictures into a folder on every ground, unworn and worn, and as many pairs."""
    shoes = np.flatnonzero(np.isin(data.test_labels, list(SHOES)))
    for how in (UNWORN, WORN, PAIRED):
        for name, ground in GROUNDS.items():
            for index in (shoes if how == PAIRED else range(len(data.test_labels)))[:count]:
                label = int(data.test_labels[index])
                content = shop_picture(data.test_images[index], label, ground, how, np.random.default_rng(int(index)))
                target = folder / f"{how}, {name}" / SLUGS[label]
                target.mkdir(parents=True, exist_ok=True)
                (target / f"{index}.{'jpg' if ground is not None else 'png'}").write_bytes(content)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures in a folder that is deleted again, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shops", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--count",
        type=int,
        default=200,
        help="test pictures, each shown in eight ways, and as many pairs of shoes in four (default: 200)",
    )
    parser.add_argument("--readme", action="store_true", help="write the table into docs/results.md")
    given = parser.parse_args(arguments)
    data = load(Settings.from_environment())
    if not data.real:
        parser.error("the real Fashion-MNIST is needed: set FITTING_ROOM_DATA to its folder")
    with tempfile.TemporaryDirectory() as folder:
        write_shops(data, Path(folder), given.count)
        rows = pictures.measure_folder(Path(folder))
    pictures.show(rows, False)
    if given.readme:
        write("shops", pictures.table(rows))


if __name__ == "__main__":
    main()
