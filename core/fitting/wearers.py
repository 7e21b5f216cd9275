"""Training pictures of clothes as they are used: somebody drawn around a garment, and shoes in pairs or thrown down.

What `core.vision.wearer` cannot take out of a cut-out (hair, other clothes, a body on dark ground) stays in the
picture, and so does a second shoe that touches the first (`core.vision.shoe_pair` parts only those that do not): here a
network learns to look past it. Knows nothing of networks.
"""

from collections.abc import Callable

import cv2
import numpy as np

from core.vision.normalise import to_square

LARGE = 84  # px, the garment's longest side while somebody is drawn
ROOM = 76  # px of room around it for the one who wears it

Box = tuple[int, int, int, int]  # left, top, right, bottom of the garment in the drawing, px


def somebody_in(images: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Somebody wearing each of some garments (n, 28, 28) uint8 of classes (n,) 0..9; bags stay alone: (n, 28, 28)
    uint8."""
    return np.stack([_dressed(image, int(label), generator) for image, label in zip(images, labels, strict=True)])


def lying(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Each of some shoes (n, 28, 28) uint8 as shoes lie about: turned, most with the other of the pair against it: (n,
    28, 28) uint8."""
    return np.stack([_thrown(image, generator) for image in images])


def _thrown(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    rows, columns = np.flatnonzero((image > 12).any(axis=1)), np.flatnonzero((image > 12).any(axis=0))
    if not len(rows):
        return image
    large = cv2.copyMakeBorder(cv2.resize(image, (LARGE, LARGE)), *[ROOM] * 4, cv2.BORDER_CONSTANT)
    middle = np.full(2, (LARGE + 2 * ROOM - 1) / 2)
    turn = draw.normal(0, 12) if draw.random() < 0.4 else draw.uniform(-110, 110)
    broader = draw.uniform(0.85, 1.3)  # seen from above a shoe is broader than from the side
    apart = np.array([draw.normal(0, 0.12) * len(columns), draw.uniform(0.4, 0.95) * len(rows)]) * LARGE / 28
    both = []
    for side, askew in ((-0.5, 0.0), (0.5, draw.normal(0, 12))):
        matrix = cv2.getRotationMatrix2D(middle, turn + askew, 1.0)
        matrix[:, 1] *= broader
        matrix[:, 2] = middle + matrix[:, :2] @ (side * apart - middle)
        both.append(cv2.warpAffine(large, matrix, large.shape))
    before, behind = both if draw.random() < 0.5 else both[::-1]
    if draw.random() < 0.2:  # this one lies alone
        behind = np.zeros_like(behind)
    shown = np.where(before > 12, before, np.where(behind > 12, behind * draw.uniform(0.75, 1.0), 0)).astype(np.uint8)
    return to_square(shown, shown > 0) if shown.any() else image


def _dressed(image: np.ndarray, label: int, draw: np.random.Generator) -> np.ndarray:
    large = cv2.copyMakeBorder(cv2.resize(image, (LARGE, LARGE)), *[ROOM] * 4, cv2.BORDER_CONSTANT)
    garment = large > 12
    if not garment.any():
        return image
    rows, columns = np.flatnonzero(garment.any(axis=1)), np.flatnonzero(garment.any(axis=0))
    body = np.zeros_like(large)
    WEARERS[label](body, garment, (int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])), draw)
    return to_square(np.where(garment, large, body), garment | (body > 0))


def _skin(draw: np.random.Generator) -> int:
    return int(draw.integers(40, 190))


def _cloth(draw: np.random.Generator) -> int:
    return int(draw.integers(20, 250))


def _head(body: np.ndarray, box: Box, skin: int, draw: np.random.Generator) -> None:
    """Neck, head and hair above a garment; sometimes the picture ends at the chin."""
    left, top, right, bottom = box
    high = (bottom - top) * draw.uniform(0.2, 0.36)
    middle, wide = int((left + right) / 2 + draw.normal(0, 2)), high * draw.uniform(0.33, 0.42)
    cv2.rectangle(
        body,
        (int(middle - 0.55 * wide), int(top - 0.4 * high)),
        (int(middle + 0.55 * wide), int(top + 0.3 * high)),
        skin,
        -1,
    )
    if draw.random() < 0.35:
        return
    centre = middle, int(top - 0.6 * high)
    if draw.random() < 0.8:
        thick, long = draw.uniform(1.1, 1.35), draw.uniform(0.5, 1.1)
        cv2.ellipse(
            body,
            (middle, int(top - 0.7 * high)),
            (int(thick * wide), int(long * high)),
            0,
            0,
            360,
            int(draw.integers(60, 250)),
            -1,
        )
    cv2.ellipse(body, centre, (int(0.85 * wide), int(0.45 * high)), 0, 0, 360, skin, -1)


def _arms(body: np.ndarray, garment: np.ndarray, box: Box, skin: int, draw: np.random.Generator) -> None:
    """Arms that hang from both sides of a garment, as long as a sleeve does not cover them."""
    left, top, right, bottom = box
    thick, down = max(3, int((right - left) * draw.uniform(0.07, 0.13))), draw.uniform(0.05, 0.65) * (bottom - top)
    for columns, side in ((slice(left, left + 6), -1), (slice(right - 5, right + 1), 1)):
        lowest = int(np.flatnonzero(garment[:, columns].any(axis=1))[-1])
        shoulder = columns.start + 3 - side * thick // 2, lowest - 4
        hand = int(shoulder[0] + side * draw.uniform(-0.1, 0.25) * down), int(lowest + down)
        cv2.line(body, shoulder, hand, skin, thick)


def _legs(body: np.ndarray, garment: np.ndarray, box: Box, tone: int, long: float, draw: np.random.Generator) -> None:
    """Two legs, bare or in other clothes, from below a garment's hem on; `long` is a share of the garment's height."""
    left, top, right, bottom = box
    hem = np.flatnonzero(garment[max(top, bottom - 8) : bottom + 1].any(axis=0))
    middle, half = (hem[0] + hem[-1]) / 2, (hem[-1] - hem[0]) / 2 * draw.uniform(0.6, 0.95)
    half, apart = min(half, 0.32 * (bottom - top)), draw.uniform(0.0, 0.35)
    for side in (-1, 1):
        inner, outer, end = middle + side * apart * half * 0.5, middle + side * half, bottom + long * (bottom - top)
        foot = middle + side * half * draw.uniform(0.7, 1.05)
        corners = [(middle, bottom - 10), (outer, bottom - 10), (foot, end), (inner, end)]
        cv2.fillPoly(body, [np.array(corners).round().astype(np.int32)], tone)


def _above_the_waist(body: np.ndarray, garment: np.ndarray, box: Box, draw: np.random.Generator) -> None:
    left, top, right, bottom = box
    waist = np.flatnonzero(garment[top : top + 8].any(axis=0))
    middle, half = int((waist[0] + waist[-1]) / 2), (waist[-1] - waist[0]) / 2 * draw.uniform(0.9, 1.25)
    high = (bottom - top) * draw.uniform(0.05, 0.35)
    cv2.rectangle(body, (int(middle - half), int(top - high)), (int(middle + half), top + 6), _cloth(draw), -1)
    skin, thick = _skin(draw), max(3, int(0.4 * half))
    for side in (-1, 1) if draw.random() < 0.5 else ():
        shoulder = int(middle + side * 1.15 * half), int(top - high)
        cv2.line(
            body,
            shoulder,
            (shoulder[0] + side * int(draw.integers(0, 8)), int(top + 0.3 * (bottom - top))),
            skin,
            thick,
        )


def _top(body: np.ndarray, garment: np.ndarray, box: Box, draw: np.random.Generator) -> None:
    skin = _skin(draw)
    if draw.random() < 0.6:
        _legs(body, garment, box, _cloth(draw), draw.uniform(0.05, 0.6), draw)
    if draw.random() < 0.7:
        _arms(body, garment, box, skin, draw)
    if draw.random() < 0.75:
        _head(body, box, skin, draw)


def _dress(body: np.ndarray, garment: np.ndarray, box: Box, draw: np.random.Generator) -> None:
    skin = _skin(draw)
    if draw.random() < 0.75:
        _legs(body, garment, box, skin, draw.uniform(0.1, 0.6), draw)
    if draw.random() < 0.7:
        _arms(body, garment, box, skin, draw)
    if draw.random() < 0.75:
        left, top, right, bottom = box
        _head(body, (left, top, right, top + int(0.7 * (bottom - top))), skin, draw)


def _trouser(body: np.ndarray, garment: np.ndarray, box: Box, draw: np.random.Generator) -> None:
    left, _, right, bottom = box
    if draw.random() < 0.7:
        _above_the_waist(body, garment, box, draw)
    if draw.random() < 0.6:
        tone = _cloth(draw) if draw.random() < 0.7 else _skin(draw)
        for columns in (slice(left, (left + right) // 2), slice((left + right) // 2, right + 1)):
            at = np.flatnonzero(garment[bottom - 6 : bottom + 1, columns].any(axis=0))
            if len(at):
                cv2.ellipse(
                    body, (columns.start + int(at.mean()), bottom + 2), (max(3, len(at) // 2), 6), 0, 0, 360, tone, -1
                )


def _shoe(body: np.ndarray, garment: np.ndarray, box: Box, draw: np.random.Generator) -> None:
    """The leg above a shoe: over its highest part."""
    left, top, right, bottom = box
    opening = np.flatnonzero(garment[top : top + max(3, (bottom - top) // 4)].any(axis=0))
    middle, half = (opening[0] + opening[-1]) / 2, (right - left) * draw.uniform(0.09, 0.17)
    high, lean = (right - left) * draw.uniform(0.1, 0.7), draw.normal(0, 0.1)
    corners = [
        (middle - half, bottom - 12),
        (middle + half, bottom - 12),
        (middle + half * 1.2 + lean * high, top - high),
    ]
    corners.append((middle - half * 1.2 + lean * high, top - high))
    tone = _skin(draw) if draw.random() < 0.6 else _cloth(draw)
    cv2.fillPoly(body, [np.array(corners).round().astype(np.int32)], tone)


def _alone(body: np.ndarray, garment: np.ndarray, box: Box, draw: np.random.Generator) -> None:
    """Nobody: a bag is shown by itself."""


WEARERS: tuple[Callable[[np.ndarray, np.ndarray, Box, np.random.Generator], None], ...] = (
    _top, _trouser, _top, _dress, _top, _shoe, _top, _shoe, _alone, _shoe,
)  # fmt: skip
