"""What is amiss with a picture and its cut-out, in words a person can act on, and what to do about each.

A finding forbids an answer; a remark only explains why one is less certain. Works on pixels and masks alone: knows
nothing of files, networks or the ten classes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.vision import masks


@dataclass(frozen=True)
class Trouble:
    """Something amiss: what it is, after “because” or a colon, and what to do."""

    words: str
    tip: str


PLAIN = "Lay one garment flat on a plain background of another colour, and take the photo from straight above."
NOTHING = Trouble(
    "nothing stands out from the background",
    "Lay it on something of quite another colour: a white shirt on a dark blanket.",
)
FILLED = Trouble(
    "one colour or pattern fills the whole picture",
    "Step back until the whole garment is in the picture, with background all round.",
)
SMALL = Trouble("the garment is very small in the picture", "Go closer, until the garment nearly fills the picture.")
SEVERAL = Trouble(
    "there are several separate things in the picture",
    "Take away all but one, or crop the picture so that one is left.",
)
TWO = Trouble(
    "there are two different things in the picture", "Take one away, or crop the picture so that one is left."
)
BACKGROUND = Trouble(
    "the background is still there",
    "Put the garment on something plain, with some of it to be seen on all four sides, or crop the picture.",
)
PALE = Trouble("it is white on white", "Lay it on something dark, so that its edge can be seen.")
DIM = Trouble("it is black on black", "Lay it on something light, in good light, so that its edge can be seen.")
ALIKE = Trouble(
    "the garment and the background have nearly the same colour", "Lay it on something of quite another colour."
)
DARK = Trouble("the picture is very dark", "Open a curtain or switch on a light, and take it again.")
BLURRED = Trouble(
    "the picture is blurred", "Hold still, tap the garment on the screen so that it is sharp, and take it again."
)
ROUGH = Trouble("the drawing is very small", "Draw it larger, so that it nearly fills the paper.")
EVERY = {
    trouble.words: trouble
    for trouble in (NOTHING, FILLED, SMALL, SEVERAL, TWO, BACKGROUND, PALE, DIM, ALIKE, DARK, BLURRED, ROUGH)
}
OF_THE_GROUND = frozenset((FILLED.words, BACKGROUND.words))  # cannot be amiss where there is no background
WEAKENING = frozenset((BACKGROUND, DARK, BLURRED))  # little contrast is seen in the probabilities, and only explained

# Of the photos the shipped network was fitted on none lies beyond these, but for the contrast: with less, half are read
# wrongly.
MOST, LEAST = 0.93, 0.02  # share of the picture a garment may cover
TOUCHING, CUT_OFF = (
    0.35,
    0.7,
)  # share of the frame's edge a garment may touch before it is doubtful, and before it is none
CONTRAST = 12.0  # least difference of colour across the garment's edge, 0 to about 250
LIGHT, BLACK = 190.0, 75.0  # lightness above which all is white, and below which all is black, 0 to 255
LIT = 75.0  # the lightest twentieth of a picture is lighter than this
SHARP = 0.6  # steepest change of grey beside the greatest difference there is


def finding(mask: np.ndarray) -> Trouble | None:
    """Why no single garment is in a cut-out (h, w) bool; None when one is."""
    if not mask.any():
        return NOTHING
    if mask.mean() > MOST:
        return FILLED
    if mask.mean() < LEAST:
        return SMALL
    if _touched(mask) > CUT_OFF:
        return BACKGROUND
    parts = len(masks.large_parts(mask))
    return SEVERAL if parts > 2 else TWO if parts == 2 else None


def remark(rgb: np.ndarray, mask: np.ndarray) -> Trouble | None:
    """What makes an answer less certain, from a picture (h, w, 3) uint8 and the garment's mask (h, w) bool; None when
    nothing does."""
    if not mask.any() or mask.all():
        return None
    if _touched(mask) > TOUCHING:
        return BACKGROUND
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    low, lit, high = np.quantile(grey, (0.02, 0.95, 0.98))
    within, beyond = _across_the_edge(rgb, mask)
    contrast, lightness = float(np.linalg.norm(within - beyond)), (within[0], beyond[0])
    if contrast < CONTRAST:
        return PALE if min(lightness) > LIGHT else DIM if max(lightness) < BLACK else ALIKE
    if lit < LIT:
        return DIM if contrast < 2 * CONTRAST else DARK
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return BLURRED if float(np.quantile(steep, 0.98)) < SHARP * (high - low) else None


def _touched(mask: np.ndarray) -> float:
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(edge.mean())


def _across_the_edge(rgb: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours (3,) in L*a*b*, each 0 to 255, just within and just beyond a garment's edge."""
    lab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB).astype(np.float32)
    kernel = np.ones((max(3, max(mask.shape) // 40 | 1),) * 2, np.uint8)
    inner = mask & (cv2.erode(mask.astype(np.uint8), kernel, borderValue=1) == 0)
    outer = ~mask & (cv2.dilate(mask.astype(np.uint8), kernel) > 0)
    return lab[inner].mean(axis=0), lab[outer].mean(axis=0)
