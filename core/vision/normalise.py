"""A garment on its mask -> 28 x 28 as in Fashion-MNIST: its tones, its size, centred on background 0."""

import cv2
import numpy as np

from core.images import SIDE

TONE = 150.0  # mean of the garment's pixels in the data set, 0..255
FLOOR = 24.0  # darkest a garment's pixel may become, so that it stays apart from the background's 0


def tone(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Negated grey of the garment, 0 elsewhere, (h, w) uint8: stretched so that its mean comes near the data set's."""
    grey = 255.0 - cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY).astype(np.float32)
    pixels = grey[mask]
    mean, spread = float(pixels.mean()), float(pixels.std())
    gain = float(np.clip(38.0 / max(spread, 1.0), 0.8, 2.0))
    toned = (grey - mean) * gain + (0.4 * mean + 0.6 * TONE)
    return np.where(mask, np.clip(toned, FLOOR, 255), 0).astype(np.uint8)


def to_square(toned: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Crop to the mask, longest side to 28, a little sharper, centred on 0: (28, 28) uint8."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    part = np.where(mask, toned, 0)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    scale = SIDE / max(part.shape)
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small, weight = cv2.resize(part, size, interpolation=how), cv2.resize(inside, size, interpolation=how)
    sharp = small + 0.4 * (small - cv2.GaussianBlur(small, (0, 0), 1.0, borderType=cv2.BORDER_CONSTANT))
    small = np.where(weight > 0.25, np.clip(sharp, 8, 255), 0)
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    image[top : top + size[1], left : left + size[0]] = small.round().astype(np.uint8)
    return image
