"""The size of the data set's images, and many of them as one picture, quickly; pixels stay hard-edged.

Knows nothing of labels, files or pages.
"""

from collections.abc import Sequence

import cv2
import numpy as np

RIGHT = (22, 130, 93)  # red, green and blue parts, 0 to 255
WRONG = (194, 65, 12)
FRAME = 3  # pixels around a marked image
SIDE = 28  # px, height and width of an image of the data set


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    """Every pixel of (h, w) or (h, w, 3) as a square of `scale` pixels: (h * scale, w * scale, ...)."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def sheet(
    images: np.ndarray,
    columns: int,
    scale: int = 2,
    gap: int = 2,
    inverted: bool = False,
    marks: Sequence[str | None] | None = None,
) -> np.ndarray:
    """Images (n, h, w) uint8 row by row in a grid of so many columns, each enlarged `scale` times, `gap` pixels apart.

    Gives (H, W) uint8, or (H, W, 3) RGB with marks: None, "right" or "wrong" for each image, drawn as a coloured frame
    of FRAME pixels around it and a check mark or a cross in its corner. An image takes `scale * h` pixels (with marks 2
    * FRAME more). `inverted` shows dark clothes on a light ground.
    """
    count, height, width = images.shape
    rows = max(1, -(-count // columns))
    grid = np.zeros((rows * columns, height, width), np.uint8)
    grid[:count] = images
    edge = FRAME if marks is not None else 0
    inner_h, inner_w = height * scale, width * scale
    cell_h, cell_w = inner_h + 2 * edge + gap, inner_w + 2 * edge + gap
    tiles = grid.repeat(scale, axis=1).repeat(scale, axis=2).reshape(rows, columns, inner_h, inner_w)
    canvas = np.zeros((rows, cell_h, columns, cell_w), np.uint8)
    canvas[:, edge : edge + inner_h, :, edge : edge + inner_w] = tiles.transpose(0, 2, 1, 3)
    picture = canvas.reshape(rows * cell_h, columns * cell_w)[: rows * cell_h - gap, : columns * cell_w - gap]
    if inverted:
        picture = 255 - picture
    if marks is None:
        return picture
    picture = np.repeat(picture[..., np.newaxis], 3, axis=2)
    for index, mark in enumerate(marks):
        if mark is not None:
            row, column = divmod(index, columns)
            top, left = row * cell_h, column * cell_w
            _mark(picture[top : top + cell_h - gap, left : left + cell_w - gap], mark == "right")
    return picture


def reduced(array: np.ndarray, width: int) -> np.ndarray:
    """A picture (h, w, ...) uint8 made smaller, so many pixels wide."""
    height = round(len(array) * width / array.shape[1])
    smaller: np.ndarray = cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA)
    return smaller


def png(array: np.ndarray) -> bytes:
    """The picture (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA, uint8, as a PNG file."""
    if array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_RGB2BGR if array.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    return cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _mark(tile: np.ndarray, right: bool) -> None:
    """Draw the frame and the sign of a right or wrong answer into a tile (h, w, 3), in place."""
    colour = RIGHT if right else WRONG
    tile[:FRAME], tile[-FRAME:], tile[:, :FRAME], tile[:, -FRAME:] = colour, colour, colour, colour
    side = min(max(11, min(tile.shape[:2]) // 4), *tile.shape[:2])
    sign = np.full((side, side, 3), colour, np.uint8)
    if right:
        strokes = [((0.2, 0.55), (0.42, 0.76)), ((0.42, 0.76), (0.8, 0.24))]
    else:
        strokes = [((0.24, 0.24), (0.76, 0.76)), ((0.24, 0.76), (0.76, 0.24))]
    last = side - 1
    for (x, y), (to_x, to_y) in strokes:
        begin, end = (round(x * last), round(y * last)), (round(to_x * last), round(to_y * last))
        cv2.line(sign, begin, end, (255, 255, 255), max(1, side // 8), cv2.LINE_AA)
    tile[-side:, -side:] = sign
