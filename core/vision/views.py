"""What the second eye is shown of a photo: the photo whole, close up, and the garment cut out, in colour."""

import cv2
import numpy as np

SIDE, VIEWS = 224, 3  # px, and how many views there are
LEAST = 112  # px, longest side of a picture in which there is enough to see
ROOM = 0.12  # around the garment in the close view, as a share of its longer side
CLOSE, GREY, WHITE = 0.08, 127, 255  # room around the cut-out; what fills a square around a photo and a cut-out
NO_VIEWS = np.zeros((0, SIDE, SIDE, 3), np.uint8)


def views(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A photo (h, w, 3) uint8 and its garment (h, w) bool as the second eye sees them: (3, 224, 224, 3) uint8.

    The photo whole, the garment with what is around it, the garment alone on white. Without a garment the whole photo
    thrice. A picture smaller than `LEAST` has no views: the small network sees all that is in it.
    """
    if max(mask.shape) < LEAST:
        return NO_VIEWS
    if not mask.any():
        mask = np.ones_like(mask)
    alone = np.where(mask[..., None], rgb, np.uint8(WHITE))
    return np.stack(
        [square(rgb, GREY), square(rgb[around(mask, ROOM)], GREY), square(alone[around(mask, CLOSE)], WHITE)]
    )


def square(rgb: np.ndarray, fill: int) -> np.ndarray:
    """A picture (h, w, 3) uint8 whole and in the middle of a square of one tone, (224, 224, 3) uint8."""
    height, width = rgb.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    whole = np.full((SIDE, SIDE, 3), fill, np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    whole[top : top + size[1], left : left + size[0]] = cv2.resize(rgb, size, interpolation=how)
    return whole


def around(mask: np.ndarray, room: float) -> tuple[slice, slice]:
    """Rows and columns of the square around a mask (h, w) bool, with room at its sides, within the picture."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    half = max(rows[-1] - rows[0], columns[-1] - columns[0]) * (0.5 + room)
    middles = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
    return tuple(  # type: ignore[return-value]
        slice(max(0, int(middle - half)), int(min(side, middle + half + 1)))
        for middle, side in zip(middles, mask.shape, strict=True)
    )
