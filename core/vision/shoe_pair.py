"""A pair of shoes -> one shoe with its toe to the left, as the data set shows them. Works on pixels and masks alone."""

import cv2
import numpy as np

from core.vision import masks

ALIKE = 0.5  # the smaller of a pair has at least this share of the larger one's pixels
SHAPE = 0.4  # greatest distance of the two shapes' moments, 0 for the same shape whichever way it is turned
COLOUR = 30.0  # greatest distance of their mean colours in L*a*b*, 0 to about 250
LONGEST = 3.2  # times as long as wide; two longer parts are the legs of trousers
LOWER = 0.85  # the toe's half of a shoe is at most this share of the heel's half as high


def one_shoe(rgb: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture (h, w, 3) uint8 and mask (h, w) bool of one shoe of a pair, mirrored when its toe points to the
    right.

    Anything but two parts of like size, shape and colour comes back as it is.
    """
    parts = masks.large_parts(mask)
    if len(parts) != 2 or not _alike(rgb, *parts):
        return rgb, mask
    shoe = max(parts, key=lambda part: part.sum() * (0.5 if _cut_by_the_frame(part) else 1.0))
    return (rgb[:, ::-1], shoe[:, ::-1]) if _toe_right(shoe) else (rgb, shoe)


def _alike(rgb: np.ndarray, first: np.ndarray, second: np.ndarray) -> bool:
    if second.sum() < ALIKE * first.sum():
        return False
    one, other = _outline(first), _outline(second)
    if cv2.matchShapes(one, other, cv2.CONTOURS_MATCH_I1, 0) > SHAPE:
        return False
    sides = [cv2.minAreaRect(outline)[1] for outline in (one, other)]
    if all(max(side) > LONGEST * max(min(side), 1.0) for side in sides):
        return False
    lab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB).astype(np.float32)
    return float(np.linalg.norm(lab[first].mean(axis=0) - lab[second].mean(axis=0))) < COLOUR


def _outline(part: np.ndarray) -> np.ndarray:
    return max(cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)


def _cut_by_the_frame(part: np.ndarray) -> bool:
    return bool(part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any())


def _toe_right(shoe: np.ndarray) -> bool:
    """Whether a shoe seen from the side is lower on its right; False when that cannot be told."""
    rows, columns = np.flatnonzero(shoe.any(axis=1)), np.flatnonzero(shoe.any(axis=0))
    if len(columns) < len(rows):
        return False
    heights = shoe[:, columns[0] : columns[-1] + 1].sum(axis=0)
    left, right = heights[: len(heights) // 2].mean(), heights[len(heights) // 2 :].mean()
    return bool(right < LOWER * left)
