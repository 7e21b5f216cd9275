"""Any picture -> 28 x 28 as Fashion-MNIST would show it: background 0, longest side 28, centred, negated grey.

Every stage on the way is kept for showing. Works in memory only: nothing of a picture is written anywhere.
Knows nothing of networks, pages or the ten classes.
"""

from dataclasses import dataclass, replace

import numpy as np

from core.errors import PictureError
from core.images import SIDE
from core.vision import masks, quality, segmentation, shoe_pair
from core.vision.decode import open_picture
from core.vision.drawing import fill_outline, strokes_on_paper
from core.vision.edits import UNCHANGED, WORKING, Fixes, fit, framed, laid_over
from core.vision.normalise import to_square, tone
from core.vision.wearer import without_body


@dataclass(frozen=True, eq=False)
class Stage:
    """One step on the way from the picture to the 28 x 28 image, for showing."""

    name: str
    words: str
    picture: np.ndarray  # (h, w, 3) uint8


@dataclass(frozen=True, eq=False)
class Reading:
    """What a network is given, and how it came about."""

    image: np.ndarray  # (28, 28) uint8, 0 = background
    stages: tuple[Stage, ...]
    kind: str  # "photo", "drawing" or "sample"
    cover: float  # share of the picture the garment covers, 0..1
    finding: str | None  # why no single garment was found, in plain words; None when one was
    remark: str | None = None  # what makes an answer less certain, in plain words; None when nothing does


def read_photo(data: bytes, max_bytes: int) -> Reading:
    """Read an uploaded picture: a photo, a cut-out with transparency, or a line drawing on pale paper.

    Raises PictureError when the file cannot be opened; a picture without one clear garment gives a `finding`.
    """
    return read_picture(open_picture(data, max_bytes))


def read_picture(picture: np.ndarray, fixes: Fixes = UNCHANGED) -> Reading:
    """Read a picture that `open_picture` gave, (h, w, 4) uint8 RGBA, as `read_photo` does, mended as somebody
    wishes."""
    rgba = framed(picture, fixes)
    keep, drop = (laid_over(mask, rgba.shape[:2]) for mask in (fixes.keep, fixes.drop))
    rgb = _on_white(rgba)
    if (strokes := strokes_on_paper(rgb)) is not None and ((strokes | keep) & ~drop).any():
        reading = _read_strokes(rgb, (strokes | keep) & ~drop)
    elif _has_cutout(rgba):
        mask, wearer = _alone(rgb, masks.tidy(rgba[..., 3] > 127))
        reading = replace(
            _read_garment(rgb, (mask | keep) & ~drop, wearer, keep), remark=None
        )  # nothing had to be cut out
        if reading.finding in quality.OF_THE_GROUND:
            reading = replace(reading, finding=None)
    else:
        mask, wearer = _alone(rgb, segmentation.find_garment(rgb))
        reading = _read_garment(rgb, segmentation.mend(rgb, mask, keep, drop) if fixes.painted else mask, wearer, keep)
    if not fixes.any:
        return reading
    first = Stage(
        "As you mended it", "Your picture, turned, cropped, swapped or marked by you.", reading.stages[0].picture
    )
    return replace(reading, stages=(first, *reading.stages[1:]))


def read_drawing(rgba: np.ndarray) -> Reading:
    """Read a drawing canvas, (h, w, 4) uint8, untouched pixels with alpha 0. Raises PictureError when it is empty."""
    rgba = fit(np.asarray(rgba, np.uint8), WORKING)
    strokes = rgba[..., 3] > 60
    if int(strokes.sum()) < 12:
        raise PictureError("Nothing is drawn yet. Draw the outline of a piece of clothing, as large as you can.")
    shown = np.where(strokes[..., None], np.uint8(30), np.uint8(255)).repeat(3, axis=2)
    return _read_strokes(shown, strokes)


def read_sample(image: np.ndarray) -> Reading:
    """Read an image of the data set itself, (28, 28) uint8: it is already what the network sees."""
    image = np.asarray(image, np.uint8)
    stage = Stage(f"{SIDE} x {SIDE}", "An image from the data set, just as the network sees it.", _grey_to_rgb(image))
    return Reading(image, (stage,), "sample", float((image > 0).mean()), None)


def _alone(rgb: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, bool]:
    """The mask (h, w) bool of a garment without the hook it hangs from and the one who wears it; whether somebody
    does."""
    found = masks.without_hook(mask)
    mask = without_body(rgb, found)
    return mask, bool((mask != found).any())


def _read_garment(rgb: np.ndarray, mask: np.ndarray, wearer: bool, keep: np.ndarray) -> Reading:
    """Stages and image from a picture (h, w, 3), the garment's mask (h, w) bool, whether a wearer was taken out, and
    what must stay."""
    came, found = rgb, mask
    if not keep.any():
        rgb, mask = shoe_pair.one_of(rgb, mask)
    cover = float(mask.mean())
    finding, remark = quality.finding(mask), quality.remark(rgb, mask)
    gone = f"The background {'and the one who wears it are' if wearer else 'is'} taken away"
    words = f"{gone}; only the garment stays."
    if mask.sum() < found.sum():
        words = f"{gone}. Of the two things alike one stays; a shoe is turned so that its toe is on the left."
    if not mask.any():
        mask, words = np.ones_like(mask), "Nothing could be cut out: this is the whole picture."
    cut = np.where(mask[..., None], rgb, np.uint8(255))
    toned = tone(rgb, mask)
    image = to_square(toned, mask)
    stages = (
        Stage("As it came", "Your picture, upright.", came),
        Stage("Cut out", words, cut),
        Stage(
            "Grey and swapped",
            "No colours any more, and light and dark swapped: bright clothes on black, as in the data set.",
            _grey_to_rgb(toned),
        ),
        Stage(f"{SIDE} x {SIDE}", "Shrunk to 28 by 28 dots: this is all the network sees.", _grey_to_rgb(image)),
    )
    return Reading(image, stages, "photo", cover, finding and finding.words, remark and remark.words)


def _read_strokes(shown: np.ndarray, strokes: np.ndarray) -> Reading:
    """Stages and image from a drawing: how it looks (h, w, 3) and where the pen was (h, w) bool."""
    toned, inside = fill_outline(strokes)
    image = to_square(toned, inside)
    stages = (
        Stage("As it came", "Your drawing.", shown),
        Stage(
            "Filled in",
            "Small gaps are closed and the outline is filled: clothes are whole, not lines.",
            _grey_to_rgb(toned),
        ),
        Stage(f"{SIDE} x {SIDE}", "Shrunk to 28 by 28 dots: this is all the network sees.", _grey_to_rgb(image)),
    )
    cover = float(inside.mean())
    finding = quality.ROUGH.words if cover < 0.01 else None
    return Reading(image, stages, "drawing", cover, finding)


def _has_cutout(rgba: np.ndarray) -> bool:
    clear = float((rgba[..., 3] < 128).mean())
    return 0.02 < clear < 0.995


def _on_white(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return (rgba[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)


def _grey_to_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)
