"""What a person edits before a picture is read: turn, crop, swap light and dark, brush what belongs to the garment."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

WORKING = 320  # px, longest side the garment is looked for in
SHORTEST = 0.05  # shortest side of what somebody spans with a stroke, as a share of the picture's side
KEEP, DROP = (
    "#12a87ab0",
    "#f0532db0",
)  # what somebody paints in the one colour belongs to the garment, in the other it does not


@dataclass(frozen=True, eq=False)
class Fixes:
    """What somebody mends by hand before a picture is read; as it stands it changes nothing."""

    turns: int = 0  # quarter turns to the right
    across: tuple[float, float] = (
        0.0,
        1.0,
    )  # the part that is kept of the turned picture, left and right edge, shares of its width
    down: tuple[float, float] = (0.0, 1.0)  # its top and bottom edge, shares of its height
    swapped: bool = False  # light and dark
    keep: np.ndarray | None = None  # (h, w) bool of any size, laid over the kept part: this belongs to the garment
    drop: np.ndarray | None = None  # (h, w) bool of any size: this does not

    @property
    def any(self) -> bool:
        """Whether anything is mended."""
        framed = self.turns % 4 or self.swapped or self.across != (0.0, 1.0) or self.down != (0.0, 1.0)
        return bool(framed) or self.painted

    def turned(self, turns: int) -> "Fixes":
        """Quarter turns more to the right: the same part stays, the marks go, for they lie on the picture as it was."""
        across, down = self.across, self.down
        for _ in range(turns % 4):
            across, down = (1 - down[1], 1 - down[0]), across
        return replace(self, turns=(self.turns + turns) % 4, across=across, down=down, keep=None, drop=None)

    def boxed(self, left: float, top: float, right: float, bottom: float) -> "Fixes":
        """Only what lies in a box, its edges shares 0..1 of the part that is kept now; the marks go, for they lie on
        that part."""

        def within(part: tuple[float, float], begin: float, end: float) -> tuple[float, float]:
            return part[0] + begin * (part[1] - part[0]), part[0] + end * (part[1] - part[0])

        return replace(
            self, across=within(self.across, left, right), down=within(self.down, top, bottom), keep=None, drop=None
        )

    @property
    def painted(self) -> bool:
        """Whether anything is marked with a brush."""
        return any(mask is not None and bool(mask.any()) for mask in (self.keep, self.drop))


UNCHANGED = Fixes()


def framed(picture: np.ndarray, fixes: Fixes) -> np.ndarray:
    """What is looked at of a picture (h, w, 4) uint8 RGBA, `WORKING` pixels at most: turned, cropped and swapped as
    somebody wishes.

    A crop keeps at least one row and one column.
    """
    turned = np.rot90(picture, -fixes.turns)
    (top, bottom), (left, right) = (
        _edges(*shares, side) for shares, side in zip((fixes.down, fixes.across), turned.shape, strict=False)
    )
    rgba = fit(turned[top:bottom, left:right], WORKING)
    if fixes.swapped:
        rgba = np.concatenate([255 - rgba[..., :3], rgba[..., 3:]], axis=2)
    return rgba


def _edges(begin: float, end: float, side: int) -> tuple[int, int]:
    """Two shares of a side as pixels, the second at least one after the first."""
    first = min(max(round(begin * side), 0), side - 1)
    return first, max(first + 1, min(round(end * side), side))


def laid_over(mask: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """A mask of any size as one of this shape, (h, w) bool; all False for none."""
    if mask is None:
        return np.zeros(shape, bool)
    return cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA) > 0.5


def fit(picture: np.ndarray, longest: int) -> np.ndarray:
    """The picture with its longest side at most `longest` pixels."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(picture)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def marks(painted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What somebody painted over a picture, (h, w, 4) uint8, as two masks (h, w) bool: in the colour KEEP and in the
    colour DROP."""
    touched = painted[..., 3] > 60
    green = painted[..., 1] > painted[..., 0]
    return touched & green, touched & ~green


def marked_over(rgb: np.ndarray, keep: np.ndarray | None, drop: np.ndarray | None) -> np.ndarray:
    """A picture (h, w, 3) uint8 with masks (h', w') bool of any size laid over it, in the colours KEEP and DROP."""
    shown = rgb.astype(np.float32)
    for mask, colour in ((keep, KEEP), (drop, DROP)):
        if mask is not None:
            weight = 0.7 * cv2.resize(mask.astype(np.float32), rgb.shape[1::-1])[..., None]
            shown += weight * (np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) - shown)
    return shown.round().astype(np.uint8)


def and_before(before: np.ndarray | None, now: np.ndarray, against: np.ndarray) -> np.ndarray:
    """The mask of what is marked `now`, (h, w) bool, or was `before`, of any size, and is not marked `against` that
    now."""
    if before is None:
        return now
    return now | (cv2.resize(before.astype(np.uint8), now.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0) & ~against


def spanned(painted: np.ndarray) -> tuple[float, float, float, float] | None:
    """The box that the strokes on a picture (h, w, 4) uint8 span: left, top, right and bottom, shares 0..1 of its
    sides.

    None when a side is shorter than `SHORTEST`: that was a slip of the finger.
    """
    touched = painted[..., 3] > 60
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    if min(len(rows) / touched.shape[0], len(columns) / touched.shape[1]) < SHORTEST:
        return None
    high, wide = touched.shape
    return (
        float(columns[0] / wide),
        float(rows[0] / high),
        float((columns[-1] + 1) / wide),
        float((rows[-1] + 1) / high),
    )
