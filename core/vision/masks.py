"""Masks of garments: specks and holes removed, the hook cut off, the large parts told apart."""

import cv2
import numpy as np

HOOK, SHORT = 0.1, 0.04  # a hook is narrower than this share of the garment; a shorter one does not matter
SECOND = 0.25  # a part this large beside the largest one is kept (a pair of shoes)


def tidy(mask: np.ndarray) -> np.ndarray:
    """The mask (h, w) bool without specks and hairlines, small holes filled, only its main part or parts kept."""
    size = max(mask.shape)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(3, size // 80 | 1),) * 2)
    cleaned = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    cleaned = cv2.morphologyEx(cleaned, cv2.MORPH_CLOSE, kernel)
    parts = large_parts(cleaned.astype(bool))
    kept = np.zeros(mask.shape, bool)
    for part in parts:
        kept |= part
    return fill_holes(kept, 0.02)


def without_hook(mask: np.ndarray) -> np.ndarray:
    """The mask (h, w) bool without a narrow thing that sticks out at its top: the hook it hangs from would make the
    garment small."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return mask
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    within = mask[rows[0] : rows[-1] + 1]
    spans = np.where(within.any(axis=1), within.shape[1] - within[:, ::-1].argmax(axis=1) - within.argmax(axis=1), 0)
    narrow = int(np.argmax(spans > HOOK * width))  # so many rows at the top are narrow
    if narrow < SHORT * height:
        return mask
    cut = mask.copy()
    cut[: rows[0] + narrow] = False
    return cut


def large_parts(mask: np.ndarray) -> list[np.ndarray]:
    """The largest connected part of a mask and every other one at least `SECOND` of its size, largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return []
    areas = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-areas)
    return [labels == index + 1 for index in order if areas[index] >= SECOND * areas[order[0]]]


def fill_holes(mask: np.ndarray, share: float) -> np.ndarray:
    """The mask with every hole smaller than `share` of its own area filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    edge = set(np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])))
    filled = mask.copy()
    limit = share * mask.sum()
    for index in range(1, count):
        if index not in edge and stats[index, cv2.CC_STAT_AREA] < limit:
            filled |= labels == index
    return filled
