"""What a person changes of a picture before it is read: turn, crop, swap light and dark, brush what belongs to the
garment."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

WORKING = 320  # px, longest side of the picture in which the garment is looked for
SHORTEST = 0.05  # shortest side of a crop drawn by hand, as a share of the picture's side
PAINTED = 60  # alpha above which a pixel of a canvas counts as painted, 0 to 255
KEEP_COLOUR = "#12a87ab0"  # the brush for what belongs to the garment
DROP_COLOUR = "#f0532db0"  # the brush for what does not


@dataclass(frozen=True, eq=False)
class Edits:
    """What a person changes of a picture; with the defaults nothing."""

    turns: int = 0  # quarter turns to the right
    across: tuple[float, float] = (0.0, 1.0)  # crop: left and right edge, shares of the turned picture's width
    down: tuple[float, float] = (0.0, 1.0)  # crop: top and bottom edge, shares of its height
    swapped: bool = False  # light and dark
    keep: np.ndarray | None = None  # (h, w) bool of any size, laid over the crop: this belongs to the garment
    drop: np.ndarray | None = None  # (h, w) bool of any size: this does not

    @property
    def any(self) -> bool:
        """Whether anything is changed."""
        cropped = self.across != (0.0, 1.0) or self.down != (0.0, 1.0)
        return bool(self.turns % 4) or cropped or self.swapped or self.brushed

    @property
    def brushed(self) -> bool:
        """Whether anything is marked with a brush."""
        return any(mask is not None and bool(mask.any()) for mask in (self.keep, self.drop))

    def turned(self, turns: int) -> "Edits":
        """Quarter turns more to the right: the crop stays on its part of the picture, the brush strokes are dropped."""
        across, down = self.across, self.down
        for _ in range(turns % 4):
            across, down = (1 - down[1], 1 - down[0]), across
        return replace(self, turns=(self.turns + turns) % 4, across=across, down=down, keep=None, drop=None)

    def cropped(self, left: float, top: float, right: float, bottom: float) -> "Edits":
        """Crop to a box whose edges are shares 0..1 of the present crop; the brush strokes are dropped."""

        def within(edges: tuple[float, float], begin: float, end: float) -> tuple[float, float]:
            return edges[0] + begin * (edges[1] - edges[0]), edges[0] + end * (edges[1] - edges[0])

        return replace(
            self, across=within(self.across, left, right), down=within(self.down, top, bottom), keep=None, drop=None
        )


NO_EDITS = Edits()


def apply_edits(picture: np.ndarray, edits: Edits) -> np.ndarray:
    """A picture (h, w, 4) uint8 RGBA turned, cropped and swapped, its longest side at most `WORKING` pixels.

    A crop keeps at least one row and one column.
    """
    turned = np.rot90(picture, -edits.turns)
    height, width = turned.shape[:2]
    (top, bottom), (left, right) = _pixels(edits.down, height), _pixels(edits.across, width)
    rgba = shrink(turned[top:bottom, left:right], WORKING)
    if edits.swapped:
        rgba = np.concatenate([255 - rgba[..., :3], rgba[..., 3:]], axis=2)
    return rgba


def _pixels(edges: tuple[float, float], side: int) -> tuple[int, int]:
    """Two shares of a side as pixels, the second at least one after the first."""
    begin, end = edges
    first = min(max(round(begin * side), 0), side - 1)
    return first, max(first + 1, min(round(end * side), side))


def shrink(picture: np.ndarray, longest: int) -> np.ndarray:
    """The picture with its longest side at most `longest` pixels."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(picture)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def resize_mask(mask: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """A mask of any size as one of this shape, (h, w) bool; all False for none."""
    if mask is None:
        return np.zeros(shape, bool)
    resized = cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(resized > 0.5)


def brush_masks(canvas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The strokes on a canvas (h, w, 4) uint8 as two masks (h, w) bool: those in KEEP_COLOUR, those in DROP_COLOUR."""
    painted = canvas[..., 3] > PAINTED
    green = canvas[..., 1] > canvas[..., 0]
    return painted & green, painted & ~green


def overlay_masks(rgb: np.ndarray, keep: np.ndarray | None, drop: np.ndarray | None) -> np.ndarray:
    """A picture (h, w, 3) uint8 with masks (h', w') bool of any size laid over it, in the colours of their brushes."""
    shown = rgb.astype(np.float32)
    for mask, colour in ((keep, KEEP_COLOUR), (drop, DROP_COLOUR)):
        if mask is not None:
            weight = 0.7 * cv2.resize(mask.astype(np.float32), rgb.shape[1::-1])[..., None]
            shown += weight * (np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) - shown)
    return shown.round().astype(np.uint8)


def add_strokes(earlier: np.ndarray | None, new: np.ndarray, opposite: np.ndarray) -> np.ndarray:
    """New strokes of a brush, (h, w) bool, together with its earlier ones, of any size, where the `opposite` brush has
    not painted since."""
    if earlier is None:
        return new
    resized = cv2.resize(earlier.astype(np.uint8), new.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(new | (resized > 0) & ~opposite)


def bounding_box(canvas: np.ndarray) -> tuple[float, float, float, float] | None:
    """The box around the strokes on a canvas (h, w, 4) uint8: left, top, right and bottom, shares 0..1 of its sides.

    None when a side is shorter than `SHORTEST`: that was a slip of the finger.
    """
    painted = canvas[..., 3] > PAINTED
    rows, columns = np.flatnonzero(painted.any(axis=1)), np.flatnonzero(painted.any(axis=0))
    height, width = painted.shape
    if min(len(rows) / height, len(columns) / width) < SHORTEST:
        return None
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )
