"""What is wrong with a picture and its cut-out, in words a person can act on, and what to do about each.

A `finding` forbids an answer; a `remark` only explains why one is less certain. Works on pixels and masks alone: knows
nothing of files, networks or the ten classes.
"""

from enum import Enum

import cv2
import numpy as np

from core.language import N_, _
from core.vision import masks


class Problem(Enum):
    """Something wrong with a picture or a drawing: what it is, after “because” or a colon, and what to do about it."""

    NOTHING_FOUND = (
        N_("nothing stands out from the background"),
        N_("Lay it on something of quite another colour: a white shirt on a dark blanket."),
    )
    FILLS_PICTURE = (
        N_("one colour or pattern fills the whole picture"),
        N_("Step back until the whole garment is in the picture, with background all round."),
    )
    TOO_SMALL = (
        N_("the garment is very small in the picture"),
        N_("Go closer, until the garment nearly fills the picture."),
    )
    SEVERAL_THINGS = (
        N_("there are several separate things in the picture"),
        N_("Take away all but one, or crop the picture so that one is left."),
    )
    TWO_THINGS = (
        N_("there are two different things in the picture"),
        N_("Take one away, or crop the picture so that one is left."),
    )
    BACKGROUND_LEFT = (
        N_("the background is still there"),
        N_("Put the garment on something plain, with some of it to be seen on all four sides, or crop the picture."),
    )
    WHITE_ON_WHITE = (N_("it is white on white"), N_("Lay it on something dark, so that its edge can be seen."))
    BLACK_ON_BLACK = (
        N_("it is black on black"),
        N_("Lay it on something light, in good light, so that its edge can be seen."),
    )
    SAME_COLOUR = (
        N_("the garment and the background have nearly the same colour"),
        N_("Lay it on something of quite another colour."),
    )
    DARK = (N_("the picture is very dark"), N_("Open a curtain or switch on a light, and take it again."))
    BLURRED = (
        N_("the picture is blurred"),
        N_("Hold still, tap the garment on the screen so that it is sharp, and take it again."),
    )
    BREAKS_OFF = (
        N_("its file breaks off, so a part of the picture is missing"),
        N_("Copy or download it again, to have all of it."),
    )
    SMALL_DRAWING = (N_("the drawing is very small"), N_("Draw it larger, so that it nearly fills the paper."))

    @property
    def words(self) -> str:
        """What it is, in the reader's language."""
        return _(self.value[0])

    @property
    def tip(self) -> str:
        """What to do about it, in the reader's language."""
        return _(self.value[1])


PHOTO_TIP = N_("Lay one garment flat on a plain background of another colour, and take the photo from straight above.")
# About the background: a picture that comes with a transparent one cannot have them.
OF_THE_BACKGROUND = frozenset((Problem.FILLS_PICTURE, Problem.BACKGROUND_LEFT))
# Little contrast shows in the probabilities by itself and is only explained; these make an answer unsure.
WEAKENING = frozenset((Problem.BACKGROUND_LEFT, Problem.DARK, Problem.BLURRED))

# Of the photos the shipped network was fitted on none lies beyond these, but for the contrast: with less, half are read
# wrongly.
MOST, LEAST = 0.93, 0.02  # share of the picture a garment may cover
TOUCHING, CUT_OFF = 0.35, 0.7  # share of the frame's edge a garment may touch: more is doubtful, and more is none
SMALLEST_DRAWING = 0.01  # share of the paper a drawing covers at least
CONTRAST = 12.0  # least difference of colour across the garment's edge, 0 to about 250
LIGHT, BLACK = 190.0, 75.0  # lightness above which all is white, and below which all is black, 0 to 255
LIT = 75.0  # the lightest twentieth of a picture is lighter than this
SHARP = 0.6  # steepest change of grey beside the greatest difference there is


def finding(mask: np.ndarray) -> Problem | None:
    """Why no single garment is in a cut-out (h, w) bool; None when one is."""
    if not mask.any():
        return Problem.NOTHING_FOUND
    if mask.mean() > MOST:
        return Problem.FILLS_PICTURE
    if mask.mean() < LEAST:
        return Problem.TOO_SMALL
    if _touched(mask) > CUT_OFF:
        return Problem.BACKGROUND_LEFT
    parts = len(masks.large_parts(mask))
    return Problem.SEVERAL_THINGS if parts > 2 else Problem.TWO_THINGS if parts == 2 else None


def finding_of_drawing(mask: np.ndarray) -> Problem | None:
    """Why a drawing that covers (h, w) bool cannot be read; None when it can."""
    return Problem.SMALL_DRAWING if mask.mean() < SMALLEST_DRAWING else None


def remark(rgb: np.ndarray, mask: np.ndarray) -> Problem | None:
    """What makes an answer less certain, from a picture (h, w, 3) uint8 and the garment's mask (h, w) bool; None when
    nothing does."""
    if not mask.any() or mask.all():
        return None
    if _touched(mask) > TOUCHING:
        return Problem.BACKGROUND_LEFT
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    low, lit, high = np.quantile(grey, (0.02, 0.95, 0.98))
    within, beyond = _across_the_edge(rgb, mask)
    contrast, lightness = float(np.linalg.norm(within - beyond)), (within[0], beyond[0])
    if contrast < CONTRAST:
        if min(lightness) > LIGHT:
            return Problem.WHITE_ON_WHITE
        return Problem.BLACK_ON_BLACK if max(lightness) < BLACK else Problem.SAME_COLOUR
    if lit < LIT:
        return Problem.BLACK_ON_BLACK if contrast < 2 * CONTRAST else Problem.DARK
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return Problem.BLURRED if float(np.quantile(steep, 0.98)) < SHARP * (high - low) else None


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
