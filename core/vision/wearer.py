"""Takes the person out of a cut-out: arms, legs, neck and head of the one wearing the garment.

Works on pixels and masks alone. Skin is known by its colour (light and dark skin differ in lightness, hardly in hue)
and by coming in several parts of one colour that reach the edge of what was cut out; one such part alone may be a
pocket, a print or a sole. Wood, sand and red cloth have the colour of skin too, so this is only tried on the plain pale
ground of a shop's photo.
"""

import cv2
import numpy as np

from core.vision import masks

HUE, CHROMA, LIGHTNESS = (32.0, 78.0), (13.0, 46.0), (22.0, 93.0)  # where skin lies: degrees, and units of CIELAB
PART, MOST = 0.008, 0.5  # share of the cut-out the smallest part of a body covers, and all of them together at most
ALIKE = 9.0  # greatest difference of a* or b* between parts of one body
SOLID = 0.6  # least share of its convex hull a part of a body covers
PALE, GREY, EVEN = 150.0, 10.0, 14.0  # a shop's ground: least lightness, most colour, most it varies, 0 to 255
APART = 18.0  # least difference of colour between body and garment, units of CIELAB: else half of it is like skin
WHOLE = 0.85  # share of what is left that its largest piece covers: a garment stays in one piece


def without_wearer(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What is left of a mask (h, w) bool of a picture (h, w, 3) uint8 without the person wearing it; the mask itself
    when nobody does."""
    area = int(mask.sum())
    if not area or mask.all() or not _on_plain_ground(rgb, mask):
        return mask
    lab = cv2.cvtColor(
        cv2.bilateralFilter(np.ascontiguousarray(rgb), 5, 30, 5).astype(np.float32) / 255, cv2.COLOR_RGB2LAB
    )
    side = max(3, round(0.03 * area**0.5) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    body = _body(lab, mask, kernel)
    left = cv2.morphologyEx(
        (mask & (cv2.dilate(body.astype(np.uint8), kernel) == 0)).astype(np.uint8), cv2.MORPH_OPEN, kernel
    )
    pieces = masks.large_parts(left > 0)
    if not body.any() or body.sum() > MOST * area or not pieces or pieces[0].sum() < WHOLE * left.sum():
        return mask
    apart = np.linalg.norm(np.median(lab[body], axis=0) - np.median(lab[pieces[0]], axis=0))
    return pieces[0] if apart > APART else mask


def _body(lab: np.ndarray, mask: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Where a body may be, (h, w) bool: two or more parts in one colour of skin, at the edge of the mask; nowhere when
    there are fewer."""
    hue, chroma = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])), np.hypot(lab[..., 1], lab[..., 2])
    skin = mask.copy()
    for values, (least, most) in ((hue, HUE), (chroma, CHROMA), (lab[..., 0], LIGHTNESS)):
        skin &= (least <= values) & (values <= most)
    count, labels = cv2.connectedComponents(cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, kernel))
    edge = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) == 0)
    parts = [labels == index for index in range(1, count)]
    parts = [part for part in parts if part.sum() >= PART * mask.sum() and (part & edge).any() and _solid(part)]
    nowhere = np.zeros_like(mask)
    if not parts:
        return nowhere
    tones = [np.median(lab[part][:, 1:], axis=0) for part in parts]
    tone = tones[int(np.argmax([part.sum() for part in parts]))]
    body = [part for part, its_tone in zip(parts, tones, strict=True) if np.abs(its_tone - tone).max() <= ALIKE]
    return np.any(body, axis=0) if len(body) > 1 else nowhere


def _on_plain_ground(rgb: np.ndarray, mask: np.ndarray) -> bool:
    """Whether all around a cut-out is pale, without colour and even."""
    lab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB).astype(np.float32)
    kernel = np.ones((max(3, max(mask.shape) // 40 | 1),) * 2, np.uint8)
    around = lab[cv2.dilate(mask.astype(np.uint8), kernel) == 0]
    if len(around) < 0.05 * mask.size:
        return False
    middle = np.median(around, axis=0)
    return bool(
        middle[0] > PALE and np.abs(middle[1:] - 128).max() < GREY and np.abs(around - middle).mean(axis=0).max() < EVEN
    )


def _solid(part: np.ndarray) -> bool:
    """Whether a part (h, w) bool is of one piece with few dents, as a limb is, and no spray of dots."""
    outlines = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return bool(part.sum() >= SOLID * cv2.contourArea(cv2.convexHull(np.concatenate(outlines))))
