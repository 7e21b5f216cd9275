"""Takes the person out of a cut-out: arms, legs, neck and head of somebody who wears the garment.

Works on pixels and masks alone. Skin is known by its colour (light and dark skin differ in lightness, hardly in hue) and by coming in
several parts of one colour that reach the edge of what was cut out; one such part alone may be a pocket, a print or a sole. Wood, sand and
red cloth have the colour of skin too, so this is only tried on the plain pale ground of a shop's photo.
"""

import cv2
import numpy as np

RED, BLUE = (136, 176), (85, 124)  # where skin lies in Cr and Cb, 0 to 255
PART, MOST = 0.008, 0.5  # share of the cut-out the smallest part of a body covers, and all of them together at most
ALIKE = 9.0  # greatest difference of Cr or Cb between parts of one body
PALE, GREY, EVEN = 150.0, 10.0, 14.0  # least lightness of a shop's ground, its most colour, and most it varies, 0 to 255
WHOLE = 0.85  # share of what is left that its largest piece covers: a garment stays in one piece


def without_body(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What is left of a mask (h, w) bool of a picture (h, w, 3) uint8 without the one who wears it; the mask itself when nobody does."""
    area = int(mask.sum())
    if not area or mask.all() or not _on_plain_ground(rgb, mask):
        return mask
    colours = cv2.cvtColor(cv2.bilateralFilter(np.ascontiguousarray(rgb), 5, 30, 5), cv2.COLOR_RGB2YCrCb)
    red, blue = colours[..., 1], colours[..., 2]
    skin = mask & (RED[0] <= red) & (red <= RED[1]) & (BLUE[0] <= blue) & (blue <= BLUE[1])
    side = max(3, round(0.02 * area**0.5) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    skin = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    edge = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) == 0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(skin)
    parts = [
        part
        for part in (labels == index for index in range(1, count) if stats[index, cv2.CC_STAT_AREA] >= PART * area)
        if (part & edge).any()
    ]
    if len(parts) < 2:
        return mask
    largest = max(parts, key=np.count_nonzero)
    hue = np.array([np.median(red[largest]), np.median(blue[largest])])
    body = [part for part in parts if np.abs([np.median(red[part]) - hue[0], np.median(blue[part]) - hue[1]]).max() <= ALIKE]
    taken = np.any(body, axis=0)
    if len(body) < 2 or taken.sum() > MOST * area:
        return mask
    wider = cv2.dilate(taken.astype(np.uint8), kernel) > 0
    left = cv2.morphologyEx((mask & ~wider).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(left)
    if count < 2:
        return mask
    garment = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return garment if garment.sum() > WHOLE * left.sum() else mask


def _on_plain_ground(rgb: np.ndarray, mask: np.ndarray) -> bool:
    """Whether all around a cut-out is pale, without colour and even."""
    lab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB).astype(np.float32)
    kernel = np.ones((max(3, max(mask.shape) // 40 | 1),) * 2, np.uint8)
    around = lab[cv2.dilate(mask.astype(np.uint8), kernel) == 0]
    if len(around) < 0.05 * mask.size:
        return False
    middle = np.median(around, axis=0)
    return bool(middle[0] > PALE and np.abs(middle[1:] - 128).max() < GREY and np.abs(around - middle).mean(axis=0).max() < EVEN)
