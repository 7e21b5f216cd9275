"""Line drawings: telling one from a photo, closing the gaps of its outline and filling it."""

import cv2
import numpy as np

FILL, LINE = 150, 240  # tones of the inside and of the strokes of a drawing
# Gaps in an outline that are bridged, as shares of its longer side.
GAPS = (0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.155, 0.19, 0.235, 0.29, 0.36, 0.4)
WIDER = 1.15  # times half a gap: a space at least this deep behind it belongs to the inside
INK = 175  # of 255: what is darker than this, beside its paper, was drawn with a pen
ONE_COLOUR = 20.0  # most a pen's colour varies, 0 to about 128; clothes that look like lines on a pale floor vary more
ENOUGH = 0.5  # share of what a drawing spans that its inside covers at least


def fill_outline(strokes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Close gaps in an outline and fill what it encloses: tones (h, w) uint8 and the inside (h, w) bool.

    Where a wide space has a narrower mouth, the mouth was a gap and the space is filled; a slit or a notch, like that
    between two legs, stays. When too little of what the drawing spans is enclosed then, all gaps are bridged, wider and
    wider.
    """
    rows, columns = np.flatnonzero(strokes.any(axis=1)), np.flatnonzero(strokes.any(axis=0))
    crop = strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    side = max(crop.shape)
    margin = side // 3 + 2
    lines = cv2.copyMakeBorder(crop, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    hull = cv2.contourArea(cv2.convexHull(np.argwhere(lines > 0)[:, ::-1].astype(np.int32)))
    distance = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)  # px to the next line
    inside = _enclosed(lines)
    for share in GAPS:
        inside = _fill_bottles(inside, _bridged(distance, share * side / 2), share * side / 2)
    for share in GAPS:
        if inside.sum() >= ENOUGH * hull:
            break
        inside = _bridged(distance, share * side / 2) | inside
    toned = np.where(lines > 0, LINE, np.where(inside > 0, FILL, 0)).astype(np.uint8)
    whole = np.zeros(strokes.shape, np.uint8)
    height, width = crop.shape
    within = slice(margin, margin + height), slice(margin, margin + width)
    whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = toned[within]
    return whole, whole > 0


def _bridged(distance: np.ndarray, radius: float) -> np.ndarray:
    """Lines and what they enclose when gaps up to twice a radius are bridged, (h, w) uint8 of 0 and 1; `distance` is
    that of each pixel to the next line."""
    wide = _enclosed((distance <= radius).astype(np.uint8))
    bridged = (cv2.distanceTransform(wide, cv2.DIST_L2, 5) > radius) | (distance == 0)
    return np.asarray(bridged.astype(np.uint8))


def _fill_bottles(inside: np.ndarray, bridged: np.ndarray, radius: float) -> np.ndarray:
    """The inside, and those new parts of the bridged one that are clearly wider than the gap through which one comes to
    them."""
    count, parts = cv2.connectedComponents(bridged & ~inside & 1, connectivity=4)
    depth = cv2.distanceTransform((parts > 0).astype(np.uint8), cv2.DIST_L2, 5)
    wide = [part for part in range(1, count) if depth[parts == part].max() > WIDER * radius + 1]
    return inside | np.isin(parts, wide).astype(np.uint8)


def _enclosed(lines: np.ndarray) -> np.ndarray:
    """Lines and everything that cannot be reached from outside them, (h, w) uint8 of 0 and 1."""
    outside = np.zeros((lines.shape[0] + 2, lines.shape[1] + 2), np.uint8)
    canvas = lines.copy()
    cv2.floodFill(canvas, outside, (0, 0), 2)
    return np.asarray((canvas != 2).astype(np.uint8))


def strokes_on_paper(rgb: np.ndarray) -> np.ndarray | None:
    """Where the pen was, (h, w) bool, when the picture is a line drawing on pale paper, scanned or photographed; None
    when it is not.

    The light on the paper is divided out. A pen of any colour darkens a channel of it, and is of one colour throughout.
    """
    reach = max(3, round(0.08 * max(rgb.shape)) | 1)
    paper = cv2.morphologyEx(rgb, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    light = cv2.GaussianBlur(paper, (0, 0), reach / 2).astype(np.float32)
    lit = np.clip(255 * (rgb / np.maximum(light, 1)), 0, 255)
    darkest, tone, brightness = lit.min(axis=2), np.median(light.reshape(-1, 3), axis=0), light.mean(axis=2)
    strokes = darkest < INK
    clean, drawn = float((darkest > 235).mean()), float(strokes.mean())
    if clean < 0.65 or not 0.002 < drawn < 0.3 or float((darkest < 215).mean()) > 1.6 * drawn + 0.02:
        return None
    if tone.min() < 110 or np.ptp(tone) > 60 or np.quantile(brightness, 0.05) < 0.5 * np.quantile(brightness, 0.95):
        return None
    within = cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if float(lit[within if within.any() else strokes].std(axis=0).max()) > ONE_COLOUR:
        return None
    thickness = cv2.distanceTransform(strokes.astype(np.uint8), cv2.DIST_L2, 3)
    span = max(np.ptp(positions) + 1 for positions in np.nonzero(strokes))
    return strokes if float(np.quantile(thickness[strokes], 0.9)) < 0.05 * span else None
