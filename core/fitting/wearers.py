"""Training pictures of clothes in use: people drawn around a garment, and shoes that lie turned or in pairs.

What `core.vision.wearer` cannot take out of a cut-out (hair, other clothes, a body on dark ground) stays in the
picture, and so does a second shoe that touches the first (`core.vision.shoe_pair` parts only those that do not): from
these pictures a network learns to look past it. Knows nothing of networks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core.fitting.geometry import to_pixels
from core.images import SIDE
from core.vision.normalise import to_square

LARGE = 84  # px, the garment's longest side while a person is drawn
ROOM = 76  # px of room around it for the person
FAINT = 12  # tones up to this count as background


def worn_by_people(images: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Garments (n, 28, 28) uint8 of classes (n,) 0..9, each worn by a person; bags stay alone: (n, 28, 28) uint8."""
    return np.stack([_worn(image, int(label), generator) for image, label in zip(images, labels, strict=True)])


def lying_about(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Shoes (n, 28, 28) uint8 as they lie about, turned, most with the other of the pair against them: (n, 28, 28)
    uint8."""
    return np.stack([_lying(image, generator) for image in images])


def _enlarged(image: np.ndarray) -> np.ndarray:
    """The image (28, 28) uint8 at LARGE pixels a side, with ROOM around it."""
    return cv2.copyMakeBorder(cv2.resize(image, (LARGE, LARGE)), ROOM, ROOM, ROOM, ROOM, cv2.BORDER_CONSTANT)


def _rows_and_columns(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows and the columns in which something of a mask lies."""
    return np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))


def _lying(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One shoe that lies about."""
    rows, columns = _rows_and_columns(image > FAINT)
    if not len(rows):
        return image
    large, middle = _enlarged(image), (LARGE + 2 * ROOM - 1) / 2
    turn = generator.normal(0, 12) if generator.random() < 0.4 else generator.uniform(-110, 110)
    broader = generator.uniform(0.85, 1.3)  # seen from above a shoe is broader than from the side
    across, along = generator.normal(0, 0.12) * len(columns), generator.uniform(0.4, 0.95) * len(rows)
    apart = np.array([across, along]) * LARGE / SIDE
    pair = []
    for side, askew in ((-0.5, 0.0), (0.5, generator.normal(0, 12))):
        matrix: np.ndarray = cv2.getRotationMatrix2D((middle, middle), turn + askew, 1.0)
        matrix[:, 1] *= broader
        matrix[:, 2] = middle + matrix[:, :2] @ (side * apart - middle)
        pair.append(cv2.warpAffine(large, matrix, large.shape))
    front, behind = pair if generator.random() < 0.5 else pair[::-1]
    if generator.random() < 0.2:  # this one lies alone
        behind = np.zeros_like(behind)
    darker = behind * generator.uniform(0.75, 1.0)
    shown = np.where(front > FAINT, front, np.where(behind > FAINT, darker, 0)).astype(np.uint8)
    return to_square(shown, shown > 0) if shown.any() else image


def _worn(image: np.ndarray, label: int, generator: np.random.Generator) -> np.ndarray:
    """One garment with a person in it."""
    large = _enlarged(image)
    garment = large > FAINT
    if not garment.any():
        return image
    rows, columns = _rows_and_columns(garment)
    edges = int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
    person = Person(np.zeros_like(large), garment, *edges, generator)
    AROUND[label](person)
    return to_square(np.where(garment, large, person.body), garment | (person.body > 0))


@dataclass(frozen=True, eq=False)
class Person:
    """A person behind a garment, painted part by part; tones and proportions are drawn by lot."""

    body: np.ndarray  # (h, w) uint8, 0 where nothing is painted
    garment: np.ndarray  # (h, w) bool, where the garment lies
    left: int  # the garment's edges, px
    top: int
    right: int
    bottom: int
    generator: np.random.Generator

    @property
    def width(self) -> int:
        """From the garment's left edge to its right one, px."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """From the garment's top to its bottom, px."""
        return self.bottom - self.top

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.generator.random() < share

    def between(self, least: float, most: float) -> float:
        """A number between two."""
        return float(self.generator.uniform(least, most))

    def skin_tone(self) -> int:
        """A tone of skin, 0..255."""
        return int(self.generator.integers(40, 190))

    def cloth_tone(self) -> int:
        """A tone of other clothes, 0..255."""
        return int(self.generator.integers(20, 250))

    def columns(self, top: int, bottom: int) -> np.ndarray:
        """The columns the garment covers somewhere between two rows, the lower one left out."""
        return np.flatnonzero(self.garment[top:bottom].any(axis=0))

    def polygon(self, tone: int, *corners: tuple[float, float]) -> None:
        """Paint the shape between corners."""
        cv2.fillPoly(self.body, [to_pixels(corners)], tone)

    def ellipse(self, tone: int, centre: tuple[int, int], radii: tuple[int, int]) -> None:
        """Paint an ellipse that is not tilted."""
        cv2.ellipse(self.body, centre, radii, 0, 0, 360, tone, -1)

    def rectangle(self, tone: int, left: float, top: float, right: float, bottom: float) -> None:
        """Paint a rectangle."""
        cv2.rectangle(self.body, (int(left), int(top)), (int(right), int(bottom)), tone, -1)

    def line(self, tone: int, start: tuple[int, int], end: tuple[int, int], thickness: int) -> None:
        """Paint a straight line."""
        cv2.line(self.body, start, end, tone, thickness)


def _head(person: Person, height: float, skin: int) -> None:
    """Neck, head and hair above a garment of a height; sometimes the picture ends at the chin."""
    top, high = person.top, height * person.between(0.2, 0.36)
    middle = int((person.left + person.right) / 2 + person.generator.normal(0, 2))
    wide = high * person.between(0.33, 0.42)
    person.rectangle(skin, middle - 0.55 * wide, top - 0.4 * high, middle + 0.55 * wide, top + 0.3 * high)
    if person.chance(0.35):
        return
    centre = middle, int(top - 0.6 * high)
    if person.chance(0.8):
        thick, long = person.between(1.1, 1.35), person.between(0.5, 1.1)
        hair = int(person.generator.integers(60, 250))
        person.ellipse(hair, (middle, int(top - 0.7 * high)), (int(thick * wide), int(long * high)))
    person.ellipse(skin, centre, (int(0.85 * wide), int(0.45 * high)))


def _arms(person: Person, skin: int) -> None:
    """Arms that hang from both sides of a garment, as far as a sleeve does not cover them."""
    left, right = person.left, person.right
    thick, down = max(3, int(person.width * person.between(0.07, 0.13))), person.between(0.05, 0.65) * person.height
    for columns, side in ((slice(left, left + 6), -1), (slice(right - 5, right + 1), 1)):
        lowest = int(np.flatnonzero(person.garment[:, columns].any(axis=1))[-1])
        shoulder = columns.start + 3 - side * thick // 2, lowest - 4
        hand = int(shoulder[0] + side * person.between(-0.1, 0.25) * down), int(lowest + down)
        person.line(skin, shoulder, hand, thick)


def _legs(person: Person, tone: int, long: float) -> None:
    """Two legs, bare or in other clothes, from a garment's hem down; `long` is a share of the garment's height."""
    bottom = person.bottom
    hem = person.columns(max(person.top, bottom - 8), bottom + 1)
    middle, half = (hem[0] + hem[-1]) / 2, (hem[-1] - hem[0]) / 2 * person.between(0.6, 0.95)
    half, apart = min(half, 0.32 * person.height), person.between(0.0, 0.35)
    end = bottom + long * person.height
    for side in (-1, 1):
        inner, outer = middle + side * apart * half * 0.5, middle + side * half
        foot = middle + side * half * person.between(0.7, 1.05)
        person.polygon(tone, (middle, bottom - 10), (outer, bottom - 10), (foot, end), (inner, end))


def _upper_body(person: Person) -> None:
    """Other clothes above the waist of trousers, and in half of them the arms beside it."""
    top = person.top
    waist = person.columns(top, top + 8)
    middle, half = int((waist[0] + waist[-1]) / 2), (waist[-1] - waist[0]) / 2 * person.between(0.9, 1.25)
    high = person.height * person.between(0.05, 0.35)
    person.rectangle(person.cloth_tone(), middle - half, top - high, middle + half, top + 6)
    skin, thick = person.skin_tone(), max(3, int(0.4 * half))
    for side in (-1, 1) if person.chance(0.5) else ():
        shoulder = int(middle + side * 1.15 * half), int(top - high)
        hand = shoulder[0] + side * int(person.generator.integers(0, 8)), int(top + 0.3 * person.height)
        person.line(skin, shoulder, hand, thick)


def _around_top(person: Person) -> None:
    """Legs in other clothes, arms and head."""
    skin = person.skin_tone()
    if person.chance(0.6):
        _legs(person, person.cloth_tone(), person.between(0.05, 0.6))
    if person.chance(0.7):
        _arms(person, skin)
    if person.chance(0.75):
        _head(person, person.height, skin)


def _around_dress(person: Person) -> None:
    """Bare legs, arms and a head that fits the upper part."""
    skin = person.skin_tone()
    if person.chance(0.75):
        _legs(person, skin, person.between(0.1, 0.6))
    if person.chance(0.7):
        _arms(person, skin)
    if person.chance(0.75):
        _head(person, int(0.7 * person.height), skin)


def _around_trouser(person: Person) -> None:
    """Upper body and feet."""
    left, right, bottom = person.left, person.right, person.bottom
    if person.chance(0.7):
        _upper_body(person)
    if person.chance(0.6):
        tone = person.cloth_tone() if person.chance(0.7) else person.skin_tone()
        for columns in (slice(left, (left + right) // 2), slice((left + right) // 2, right + 1)):
            hem = np.flatnonzero(person.garment[bottom - 6 : bottom + 1, columns].any(axis=0))
            if len(hem):
                centre = columns.start + int(hem.mean()), bottom + 2
                person.ellipse(tone, centre, (max(3, len(hem) // 2), 6))


def _above_shoe(person: Person) -> None:
    """The leg above a shoe: over its highest part."""
    top, bottom, width = person.top, person.bottom, person.width
    opening = person.columns(top, top + max(3, person.height // 4))
    middle, half = (opening[0] + opening[-1]) / 2, width * person.between(0.09, 0.17)
    high, lean = width * person.between(0.1, 0.7), person.generator.normal(0, 0.1)
    ankle, knee = bottom - 12, top - high
    tone = person.skin_tone() if person.chance(0.6) else person.cloth_tone()
    person.polygon(
        tone,
        (middle - half, ankle),
        (middle + half, ankle),
        (middle + half * 1.2 + lean * high, knee),
        (middle - half * 1.2 + lean * high, knee),
    )


def _nothing(person: Person) -> None:
    """A bag is shown by itself."""


AROUND: tuple[Callable[[Person], None], ...] = (  # what is painted around each class
    _around_top, _around_trouser, _around_top, _around_dress, _around_top,
    _above_shoe, _around_top, _above_shoe, _nothing, _above_shoe,
)  # fmt: skip
