"""Many small images as one picture, quickly. Hard pixels; knows nothing of labels or pages."""

from collections.abc import Sequence

import cv2
import numpy as np

RIGHT, WRONG = (22, 130, 93), (194, 65, 12)  # RGB of the frames


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    """Each pixel of (h, w) or (h, w, 3) becomes a square of `scale` x `scale`."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def sheet(
    images: np.ndarray,
    columns: int,
    scale: int = 2,
    gap: int = 2,
    inverted: bool = False,
    marks: Sequence[str | None] | None = None,
) -> np.ndarray:
    """Put images (n, h, w) uint8 side by side, row by row, with `gap` pixels of the background between them.

    Gives (H, W) uint8; with `marks`, one of "right", "wrong" or None an image, (H, W, 3) with a frame and a sign in a corner.
    `inverted` shows dark garments on light, as a shop would.
    """
    count, high, wide = images.shape
    rows = -(-count // columns)
    cell_high, cell_wide = high * scale + gap, wide * scale + gap
    cells = np.zeros((rows * columns, cell_high, cell_wide), np.uint8)
    cells[:count, gap // 2 : gap // 2 + high * scale, gap // 2 : gap // 2 + wide * scale] = images.repeat(scale, 1).repeat(scale, 2)
    if inverted:
        cells = 255 - cells
    whole = cells.reshape(rows, columns, cell_high, cell_wide).swapaxes(1, 2).reshape(rows * cell_high, columns * cell_wide)
    if marks is None:
        return whole
    coloured = np.ascontiguousarray(np.repeat(whole[..., np.newaxis], 3, axis=2))
    for place, mark in enumerate(marks):
        if mark:
            _mark(coloured, (place // columns) * cell_high, (place % columns) * cell_wide, cell_high, cell_wide, mark == "right")
    return coloured


def _mark(picture: np.ndarray, top: int, left: int, high: int, wide: int, right: bool) -> None:
    colour = RIGHT if right else WRONG
    thick = max(1, wide // 28)
    cv2.rectangle(picture, (left, top), (left + wide - 1, top + high - 1), colour, thick)
    size = max(6, wide // 5)
    x, y = left + wide - size - thick - 2, top + thick + 2
    if right:
        points = np.array([(x, y + size // 2), (x + size // 3, y + size), (x + size, y)])
        cv2.polylines(picture, [points], False, colour, max(2, thick), cv2.LINE_AA)
    else:
        cv2.line(picture, (x, y), (x + size, y + size), colour, max(2, thick), cv2.LINE_AA)
        cv2.line(picture, (x + size, y), (x, y + size), colour, max(2, thick), cv2.LINE_AA)


def png(picture: np.ndarray) -> bytes:
    """A PNG file of (h, w) grey or (h, w, 3) RGB uint8."""
    done, content = cv2.imencode(".png", picture if picture.ndim == 2 else picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"no PNG can be made of shape {picture.shape}")
    return content.tobytes()
