"""The photo pipeline: any picture -> 28 x 28 as Fashion-MNIST would show it: background 0, longest side 28, centred.

The steps stand in `PHOTO`, `CUT_OUT` and `DRAWING`, each a function that takes what is known of a picture and gives
what is known after it. Every stage is kept for showing. Works in memory only: nothing of a picture is written anywhere.
Knows nothing of networks, pages or the ten classes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from core.errors import PictureError
from core.language import N_, _
from core.vision import masks, quality, segmentation
from core.vision.decode import opened
from core.vision.drawing import fill_outline, strokes_on_paper
from core.vision.edits import NO_EDITS, PAINTED, WORKING, Edits, apply_edits, resize_mask, shrink
from core.vision.normalise import to_square, tone
from core.vision.quality import OF_THE_BACKGROUND, Problem
from core.vision.shoe_pair import one_shoe
from core.vision.views import NO_VIEWS, views
from core.vision.wearer import without_wearer

AS_IT_CAME, AS_SEEN = N_("As it came"), N_("28 × 28")
WHAT_WAS_CUT = {  # by whether a person was taken away, and whether one of two things was chosen
    (False, False): N_("The background is taken away; only the garment stays."),
    (True, False): N_("The background and the person wearing it are taken away; only the garment stays."),
    (False, True): N_(
        "The background is taken away. Of the two things alike one stays; a shoe is turned so that its toe is on the"
        " left."
    ),
    (True, True): N_(
        "The background and the person wearing it are taken away. Of the two things alike one stays; a shoe is turned"
        " so that its toe is on the left."
    ),
}
FEWEST_PIXELS = 12  # painted on a canvas, below which nothing is drawn yet


class Kind(StrEnum):
    """What was read."""

    PHOTO = "photo"
    DRAWING = "drawing"
    SAMPLE = "sample"  # an image of the data set itself


@dataclass(frozen=True, eq=False)
class Stage:
    """The picture after one step, for showing."""

    title: str  # in English, as what it says
    sentence: str
    picture: np.ndarray  # (h, w, 3) uint8

    @property
    def name(self) -> str:
        """What the step is called, in the reader's language."""
        return _(self.title)

    @property
    def words(self) -> str:
        """What it did, in the reader's language."""
        return _(self.sentence)


@dataclass(frozen=True, eq=False)
class Reading:
    """The input image of a network, and how it came about."""

    image: np.ndarray  # (28, 28) uint8, 0 = background
    stages: tuple[Stage, ...]
    kind: Kind
    cover: float  # share of the picture the garment covers, 0..1
    finding: Problem | None  # why no single garment was found; None when one was
    remark: Problem | None = None  # what makes an answer less certain; None when nothing does
    # (k, 224, 224, 3) uint8, what the second eye is shown of a photo; none of a drawing and of a sample
    views: np.ndarray = field(default_factory=lambda: NO_VIEWS)


def _not_yet() -> np.ndarray:
    return np.zeros((0, 0), np.uint8)


@dataclass(frozen=True, eq=False)
class Work:
    """What is known of a picture between two steps of the pipeline; h and w are at most `edits.WORKING`."""

    kind: Kind
    edits: Edits
    rgba: np.ndarray  # (h, w, 4) uint8, turned, cropped and swapped
    rgb: np.ndarray  # (h, w, 3) uint8, on white where it is transparent
    keep: np.ndarray  # (h, w) bool, brushed as belonging to the garment
    drop: np.ndarray  # (h, w) bool, brushed as not belonging to it
    mask: np.ndarray  # (h, w) bool, where the garment is, or the pen was
    cut: bool = False  # whether the file breaks off, so that some of the picture is missing
    stages: tuple[Stage, ...] = ()
    wearer_removed: bool = False
    one_of_two: bool = False  # whether one shoe of a pair was chosen
    cover: float = 0.0
    finding: Problem | None = None
    remark: Problem | None = None
    grey: np.ndarray = field(default_factory=_not_yet)  # (h, w) uint8, the garment's tones on 0
    image: np.ndarray = field(default_factory=_not_yet)  # (28, 28) uint8
    views: np.ndarray = field(default_factory=lambda: NO_VIEWS)  # (k, 224, 224, 3) uint8

    def shown(self, name: str, words: str, picture: np.ndarray) -> "Work":
        """With one stage more, (h, w) or (h, w, 3) uint8."""
        rgb = picture if picture.ndim == 3 else _grey_to_rgb(picture)
        return replace(self, stages=(*self.stages, Stage(name, words, rgb)))


Step = Callable[[Work], Work]


def read_photo(data: bytes, max_bytes: int, edits: Edits = NO_EDITS) -> Reading:
    """Read an uploaded picture, edited by a person: a photo, a cut-out with transparency, or a line drawing on paper.

    Raises PictureError when the file cannot be opened; a picture without one clear garment gives a `finding`.
    """
    picture = opened(data, max_bytes)
    return read_picture(picture.pixels, edits, picture.cut)


def read_picture(picture: np.ndarray, edits: Edits = NO_EDITS, cut: bool = False) -> Reading:
    """Read a picture that is opened, (h, w, 4) uint8 RGBA, as `read_photo` does, edited by a person.

    `cut` says that its file breaks off.
    """
    work = replace(_edit(picture, edits), cut=cut)
    if (strokes := _strokes(work)) is not None:
        return _run(DRAWING, replace(work, kind=Kind.DRAWING, mask=strokes))
    return _run(CUT_OUT if _is_cut_out(work.rgba) else PHOTO, work)


def read_drawing(canvas: np.ndarray) -> Reading:
    """Read a drawing canvas, (h, w, 4) uint8, untouched pixels with alpha 0. Raises PictureError when it is empty."""
    rgba = shrink(np.asarray(canvas, np.uint8), WORKING)
    strokes = rgba[..., 3] > PAINTED
    if int(strokes.sum()) < FEWEST_PIXELS:
        raise PictureError("Nothing is drawn yet. Draw the outline of a piece of clothing, as large as you can.")
    rgb = _grey_to_rgb(np.where(strokes, np.uint8(30), np.uint8(255)))
    nothing = np.zeros(strokes.shape, bool)
    return _run(DRAWING, Work(Kind.DRAWING, NO_EDITS, rgba, rgb, nothing, nothing, strokes))


def read_sample(image: np.ndarray) -> Reading:
    """Read an image of the data set itself, (28, 28) uint8: it is already what the network sees."""
    image = np.asarray(image, np.uint8)
    words = N_("A picture from the data set, just as the network sees it.")
    stage = Stage(AS_SEEN, words, _grey_to_rgb(image))
    return Reading(image, (stage,), Kind.SAMPLE, float((image > 0).mean()), None)


def _run(steps: tuple[Step, ...], work: Work) -> Reading:
    for step in steps:
        work = step(work)
    return Reading(work.image, work.stages, work.kind, work.cover, work.finding, work.remark, work.views)


def _edit(picture: np.ndarray, edits: Edits) -> Work:
    rgba = apply_edits(picture, edits)
    shape = rgba.shape[:2]
    keep, drop = resize_mask(edits.keep, shape), resize_mask(edits.drop, shape)
    return Work(Kind.PHOTO, edits, rgba, _on_white(rgba), keep, drop, np.zeros(shape, bool))


def _strokes(work: Work) -> np.ndarray | None:
    """Where the pen was, (h, w) bool, as it is brushed; None when the picture is no drawing, or nothing is left."""
    strokes = strokes_on_paper(work.rgb)
    if strokes is None:
        return None
    brushed = _brushed(strokes, work)
    return brushed if brushed.any() else None


def _is_cut_out(rgba: np.ndarray) -> bool:
    clear = float((rgba[..., 3] < 128).mean())
    return 0.02 < clear < 0.995


def _show_photo(work: Work) -> Work:
    return _show_first(work, N_("Your picture, upright."))


def _show_drawing(work: Work) -> Work:
    return _show_first(work, N_("Your drawing."))


def _show_first(work: Work, words: str) -> Work:
    if work.edits.any:
        words = N_("Your picture, turned, cropped, swapped or marked by you.")
        return work.shown(N_("As you edited it"), words, work.rgb)
    if work.cut:
        words = N_("Your picture, as far as it goes: its file breaks off, so a part near the end is missing.")
    return work.shown(AS_IT_CAME, words, work.rgb)


def _find_garment(work: Work) -> Work:
    return replace(work, mask=segmentation.find_garment(work.rgb))


def _find_by_transparency(work: Work) -> Work:
    return replace(work, mask=masks.tidy(work.rgba[..., 3] > 127))


def _take_off_hook_and_wearer(work: Work) -> Work:
    hung = masks.without_hook(work.mask)
    alone = without_wearer(work.rgb, hung)
    return replace(work, mask=alone, wearer_removed=bool((alone != hung).any()))


def _brush_photo(work: Work) -> Work:
    """What looks like the brushed places follows them."""
    if not work.edits.brushed:
        return work
    return replace(work, mask=segmentation.refine(work.rgb, work.mask, work.keep, work.drop))


def _brush_cut_out(work: Work) -> Work:
    return replace(work, mask=_brushed(work.mask, work))


def _show_the_eye(work: Work) -> Work:
    """Before one shoe is chosen: the second eye knows pairs, and how they lie. It sees colours as they are."""
    if not work.edits.swapped:
        return replace(work, views=views(work.rgb, work.mask))
    as_it_came = np.dstack([255 - work.rgba[..., :3], work.rgba[..., 3]])
    return replace(work, views=views(_on_white(as_it_came), work.mask))


def _choose_one_shoe(work: Work) -> Work:
    if work.keep.any():  # the person says what belongs to the garment
        return work
    rgb, mask = one_shoe(work.rgb, work.mask)
    return replace(work, rgb=rgb, mask=mask, one_of_two=bool(mask.sum() < work.mask.sum()))


def _judge_photo(work: Work) -> Work:
    finding, remark = quality.finding(work.mask), quality.remark(work.rgb, work.mask) or _remark(work)
    return replace(work, cover=float(work.mask.mean()), finding=finding, remark=remark)


def _remark(work: Work) -> Problem | None:
    return Problem.BREAKS_OFF if work.cut else None


def _judge_cut_out(work: Work) -> Work:
    """Nothing had to be cut out, so neither background nor contrast can be wrong."""
    finding = quality.finding(work.mask)
    cover = float(work.mask.mean())
    return replace(work, cover=cover, finding=None if finding in OF_THE_BACKGROUND else finding, remark=_remark(work))


def _judge_drawing(work: Work) -> Work:
    finding = quality.finding_of_drawing(work.mask)
    return replace(work, cover=float(work.mask.mean()), finding=finding, remark=_remark(work))


def _cut_out(work: Work) -> Work:
    words = WHAT_WAS_CUT[work.wearer_removed, work.one_of_two]
    if not work.mask.any():
        work = replace(work, mask=np.ones_like(work.mask))
        words = N_("Nothing could be cut out: this is the whole picture.")
    return work.shown(N_("Cut out"), words, np.where(work.mask[..., None], work.rgb, np.uint8(255)))


def _tone(work: Work) -> Work:
    grey = tone(work.rgb, work.mask)
    words = N_("The colours are gone, and light and dark are swapped: bright clothes on black, as in the data set.")
    return replace(work, grey=grey).shown(N_("Grey and swapped"), words, grey)


def _fill_outline(work: Work) -> Work:
    grey, inside = fill_outline(work.mask)
    words = N_("Small gaps are closed and the outline is filled: clothes are whole, not lines.")
    return replace(work, grey=grey, mask=inside).shown(N_("Filled in"), words, grey)


def _square(work: Work) -> Work:
    image = to_square(work.grey, work.mask)
    words = N_("Shrunk to 28 × 28 dots: this is all the network sees.")
    return replace(work, image=image).shown(AS_SEEN, words, image)


# From top to bottom what happens to a picture once it is decoded and edited.
PHOTO: tuple[Step, ...] = (
    _show_photo,
    _find_garment,
    _take_off_hook_and_wearer,
    _brush_photo,
    _show_the_eye,
    _choose_one_shoe,
    _judge_photo,
    _cut_out,
    _tone,
    _square,
)
CUT_OUT: tuple[Step, ...] = (  # a picture with a transparent background
    _show_photo,
    _find_by_transparency,
    _take_off_hook_and_wearer,
    _brush_cut_out,
    _show_the_eye,
    _choose_one_shoe,
    _judge_cut_out,
    _cut_out,
    _tone,
    _square,
)
DRAWING: tuple[Step, ...] = (  # on a canvas, or on paper and photographed
    _show_drawing,
    _fill_outline,
    _judge_drawing,
    _square,
)


def _brushed(mask: np.ndarray, work: Work) -> np.ndarray:
    """A mask (h, w) bool with what the person brushed as belonging, without what does not."""
    return np.asarray((mask | work.keep) & ~work.drop)


def _on_white(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray((rgba[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8))


def _grey_to_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)
