"""Any picture -> 28 x 28 as Fashion-MNIST would show it: background 0, longest side 28, centred, negated grey.

Every stage on the way is kept for showing. Works in memory only: nothing of a picture is written anywhere.
Knows nothing of networks, pages or the ten classes.
"""

import io
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.errors import PictureError
from core.vision import quality as findings
from core.vision import segmentation as cutout
from core.vision import shoe_pair as pairs
from core.vision import wearer as worn

SIDE = 28  # px
MAX_PIXELS = 200_000_000  # a picture with more is refused
OPENED = 1600  # px, longest side an opened picture keeps
WORKING = 320  # px, longest side the garment is looked for in
TONE = 150.0  # mean of the garment's pixels in the data set, 0..255
FLOOR = 24.0  # darkest a garment's pixel may become, so that it stays apart from the background's 0
FILL, LINE = 150, 240  # tones of the inside and of the strokes of a drawing
# Gaps in an outline that are bridged, as shares of its longer side.
GAPS = (0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.155, 0.19, 0.235, 0.29, 0.36, 0.4)
WIDER = 1.15  # times half a gap: a space at least this deep behind it belongs to the inside
INK = 175  # of 255: what is darker than this, beside its paper, was drawn with a pen
ONE_COLOUR = 20.0  # most a pen's colour varies, 0 to about 128; clothes that look like lines on a pale floor vary more
ENOUGH = 0.5  # share of what a drawing spans that its inside covers at least
NOT_A_PICTURE = "This file is not a picture I can open. Try JPEG, PNG or HEIC."
BROKEN = "This picture breaks off in the middle. Copy or download it again, then try once more."


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


def open_picture(data: bytes, max_bytes: int) -> np.ndarray:
    """The picture in a file's bytes, upright, (h, w, 4) uint8 RGBA, the longest side at most `OPENED` pixels.

    JPEG, PNG, HEIC, AVIF, WebP, GIF, BMP and TIFF; of an animation the first frame. Raises PictureError.
    """
    if not data:
        raise PictureError("This file is empty. Choose another one.")
    if len(data) > max_bytes:
        size, most = len(data) / 1e6, max_bytes / 1e6
        raise PictureError(f"This file has {size:.1f} MB; {most:g} MB is the most. Send a smaller picture.")
    try:
        picture = _identify(data)
        width, height = picture.size
        if min(width, height) < 1:
            raise PictureError("This picture has no pixels at all: it is 0 wide or 0 high. Choose another one.")
        if width * height > MAX_PIXELS:
            millions = width * height / 1e6
            raise PictureError(
                f"This picture has {millions:.0f} million pixels; 200 million is the most. Send a smaller one."
            )
        picture.draft(None, (OPENED, OPENED))  # a JPEG is decoded at 1/2, 1/4 or 1/8 when that is still large enough
        picture.load()
        return np.asarray(_to_rgba(ImageOps.exif_transpose(_shrink(picture))))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError("This picture has too many pixels; 200 million is the most. Send a smaller one.") from error
    except UnidentifiedImageError as error:
        raise PictureError(NOT_A_PICTURE) from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        RuntimeError,
        IndexError,
        TypeError,
        KeyError,
        ArithmeticError,
    ) as error:
        raise PictureError(BROKEN) from error
    except MemoryError as error:
        raise PictureError("This picture is too large for this computer. Send a smaller one.") from error


def _identify(data: bytes) -> Image.Image:
    """Open without decoding. `Image.open` is avoided: it warns above 89 million pixels and refuses above 179."""
    start = data[:16]
    kinds = (
        (start.startswith(b"\xff\xd8\xff"), JpegImageFile),
        (start.startswith(b"\x89PNG\r\n\x1a\n"), PngImageFile),
        (start[:6] in (b"GIF87a", b"GIF89a"), GifImageFile),
        (start[:4] == b"RIFF" and start[8:12] == b"WEBP", WebPImageFile),
        (start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis"), AvifImageFile),
        (start[4:8] == b"ftyp", _open_heif),
        (start[:4] in (b"II*\0", b"MM\0*"), TiffImageFile),
        (start[:2] == b"BM", BmpImageFile),
    )
    for matches, opener in kinds:
        if matches:
            return opener(io.BytesIO(data))
    raise PictureError(NOT_A_PICTURE)


def _open_heif(stream: io.BytesIO) -> Image.Image:
    from pillow_heif import is_supported, open_heif

    if not is_supported(stream):  # a film has the same beginning
        raise PictureError(NOT_A_PICTURE)
    heif = open_heif(stream)  # libheif turns the picture upright itself
    if heif.size[0] * heif.size[1] > MAX_PIXELS:
        raise PictureError("This picture has too many pixels; 200 million is the most. Send a smaller one.")
    return heif.to_pillow() if heif.mode in ("RGB", "RGBA") else Image.fromarray(np.asarray(heif)).convert("RGBA")


def _shrink(picture: Image.Image) -> Image.Image:
    """The picture with its longest side at most `OPENED` pixels, in its own mode, EXIF kept."""
    factor = -(-max(picture.size) // OPENED)
    if factor == 1:
        return picture
    size = (max(1, picture.width // factor), max(1, picture.height // factor))
    exact = picture.mode in ("P", "1", "PA") or picture.mode.startswith("I")
    smaller = picture.resize(size, Image.Resampling.NEAREST if exact else Image.Resampling.BOX, reducing_gap=2.0)
    smaller.info = dict(picture.info)
    if exif := picture.getexif():
        smaller.info["exif"] = exif.tobytes()
    return smaller


def _to_rgba(picture: Image.Image) -> Image.Image:
    """Any Pillow mode as RGBA; more than 8 bits are scaled, not clipped."""
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture).astype(np.float64)
        top = 65535.0 if picture.mode.startswith("I") and values.max() > 255 else max(1.0, values.max())
        return Image.fromarray((np.clip(values / top, 0, 1) * 255).astype(np.uint8)).convert("RGBA")
    if picture.mode in ("LAB", "YCbCr", "HSV", "CMYK"):
        picture = picture.convert("RGB")
    return picture.convert("RGBA")


def read_photo(data: bytes, max_bytes: int) -> Reading:
    """Read an uploaded picture: a photo, a cut-out with transparency, or a line drawing on pale paper.

    Raises PictureError when the file cannot be opened; a picture without one clear garment gives a `finding`.
    """
    return read_picture(open_picture(data, max_bytes))


def read_picture(picture: np.ndarray, fixes: Fixes = UNCHANGED) -> Reading:
    """Read a picture that `open_picture` gave, (h, w, 4) uint8 RGBA, as `read_photo` does, mended as somebody
    wishes."""
    rgba = framed(picture, fixes)
    keep, drop = (_laid_over(mask, rgba.shape[:2]) for mask in (fixes.keep, fixes.drop))
    rgb = _on_white(rgba)
    if (strokes := _strokes_on_paper(rgb)) is not None and ((strokes | keep) & ~drop).any():
        reading = _read_strokes(rgb, (strokes | keep) & ~drop)
    elif _has_cutout(rgba):
        mask, wearer = _alone(rgb, cutout.tidy(rgba[..., 3] > 127))
        reading = replace(
            _read_garment(rgb, (mask | keep) & ~drop, wearer, keep), remark=None
        )  # nothing had to be cut out
        if reading.finding in findings.OF_THE_GROUND:
            reading = replace(reading, finding=None)
    else:
        mask, wearer = _alone(rgb, cutout.find_garment(rgb))
        reading = _read_garment(rgb, cutout.mend(rgb, mask, keep, drop) if fixes.painted else mask, wearer, keep)
    if not fixes.any:
        return reading
    first = Stage(
        "As you mended it", "Your picture, turned, cropped, swapped or marked by you.", reading.stages[0].picture
    )
    return replace(reading, stages=(first, *reading.stages[1:]))


def framed(picture: np.ndarray, fixes: Fixes) -> np.ndarray:
    """What is looked at of a picture (h, w, 4) uint8 RGBA, `WORKING` pixels at most: turned, cropped and swapped as
    somebody wishes.

    A crop keeps at least one row and one column.
    """
    turned = np.rot90(picture, -fixes.turns)
    (top, bottom), (left, right) = (
        _edges(*shares, side) for shares, side in zip((fixes.down, fixes.across), turned.shape, strict=False)
    )
    rgba = _fit(turned[top:bottom, left:right], WORKING)
    if fixes.swapped:
        rgba = np.concatenate([255 - rgba[..., :3], rgba[..., 3:]], axis=2)
    return rgba


def _edges(begin: float, end: float, side: int) -> tuple[int, int]:
    """Two shares of a side as pixels, the second at least one after the first."""
    first = min(max(round(begin * side), 0), side - 1)
    return first, max(first + 1, min(round(end * side), side))


def _laid_over(mask: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """A mask of any size as one of this shape, (h, w) bool; all False for none."""
    if mask is None:
        return np.zeros(shape, bool)
    return cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA) > 0.5


def read_drawing(rgba: np.ndarray) -> Reading:
    """Read a drawing canvas, (h, w, 4) uint8, untouched pixels with alpha 0. Raises PictureError when it is empty."""
    rgba = _fit(np.asarray(rgba, np.uint8), WORKING)
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
    found = cutout.without_hook(mask)
    mask = worn.without_body(rgb, found)
    return mask, bool((mask != found).any())


def _read_garment(rgb: np.ndarray, mask: np.ndarray, wearer: bool, keep: np.ndarray) -> Reading:
    """Stages and image from a picture (h, w, 3), the garment's mask (h, w) bool, whether a wearer was taken out, and
    what must stay."""
    came, found = rgb, mask
    if not keep.any():
        rgb, mask = pairs.one_of(rgb, mask)
    cover = float(mask.mean())
    finding, remark = findings.finding(mask), findings.remark(rgb, mask)
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
    finding = findings.ROUGH.words if cover < 0.01 else None
    return Reading(image, stages, "drawing", cover, finding)


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


def fill_outline(strokes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Close gaps in an outline and fill what it encloses: tones (h, w) uint8 and the inside (h, w) bool.

    Where a wide space has a narrower mouth, the mouth was a gap and the space is filled; a slit or a notch, like that
    between two legs, stays. When too little of what the drawing spans is enclosed then, all gaps are bridged, wider and
    wider.
    """
    rows, columns = np.flatnonzero(strokes.any(axis=1)), np.flatnonzero(strokes.any(axis=0))
    crop = strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    side = max(crop.shape)
    margin = side // 3 + 2
    lines = cv2.copyMakeBorder(crop, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    hull = cv2.contourArea(cv2.convexHull(np.argwhere(lines > 0)[:, ::-1].astype(np.int32)))
    away = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)  # how far it is to the next line
    inside = _enclosed(lines)
    for share in GAPS:
        inside = _fill_bottles(inside, _bridged(away, share * side / 2), share * side / 2)
    for share in GAPS:
        if inside.sum() >= ENOUGH * hull:
            break
        inside = _bridged(away, share * side / 2) | inside
    toned = np.where(lines > 0, LINE, np.where(inside > 0, FILL, 0)).astype(np.uint8)
    whole = np.zeros(strokes.shape, np.uint8)
    height, width = crop.shape
    within = slice(margin, margin + height), slice(margin, margin + width)
    whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = toned[within]
    return whole, whole > 0


def _bridged(away: np.ndarray, radius: float) -> np.ndarray:
    """Lines and what they enclose when gaps up to twice a radius are bridged, (h, w) uint8 of 0 and 1; `away` is how
    far lines are."""
    wide = _enclosed((away <= radius).astype(np.uint8))
    return ((cv2.distanceTransform(wide, cv2.DIST_L2, 5) > radius) | (away == 0)).astype(np.uint8)


def _fill_bottles(inside: np.ndarray, bridged: np.ndarray, radius: float) -> np.ndarray:
    """The inside, and those new parts of the bridged one that are clearly wider than the gap through which one comes to
    them."""
    count, parts = cv2.connectedComponents(bridged & ~inside & 1, connectivity=4)
    depth = cv2.distanceTransform((parts > 0).astype(np.uint8), cv2.DIST_L2, 5)
    wide = [part for part in range(1, count) if depth[parts == part].max() > WIDER * radius + 1]
    return inside | np.isin(parts, wide).astype(np.uint8)


def _enclosed(lines: np.ndarray) -> np.ndarray:
    """Lines and everything that cannot be reached from outside them, (h, w) uint8 of 0 and 1."""
    outside = np.zeros((lines.shape[0] + 2, lines.shape[1] + 2), np.uint8)
    canvas = lines.copy()
    cv2.floodFill(canvas, outside, (0, 0), 2)
    return (canvas != 2).astype(np.uint8)


def _has_cutout(rgba: np.ndarray) -> bool:
    clear = float((rgba[..., 3] < 128).mean())
    return 0.02 < clear < 0.995


def _strokes_on_paper(rgb: np.ndarray) -> np.ndarray | None:
    """Where the pen was, (h, w) bool, when the picture is a line drawing on pale paper, scanned or photographed; None
    when it is not.

    The light on the paper is divided out. A pen of any colour darkens a channel of it, and is of one colour throughout.
    """
    reach = max(3, round(0.08 * max(rgb.shape)) | 1)
    paper = cv2.morphologyEx(rgb, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    light = cv2.GaussianBlur(paper, (0, 0), reach / 2).astype(np.float32)
    lit = np.clip(255 * (rgb / np.maximum(light, 1)), 0, 255)
    darkest, tone, brightness = lit.min(axis=2), np.median(light.reshape(-1, 3), axis=0), light.mean(axis=2)
    strokes = darkest < INK
    clean, drawn = float((darkest > 235).mean()), float(strokes.mean())
    if clean < 0.65 or not 0.002 < drawn < 0.3 or float((darkest < 215).mean()) > 1.6 * drawn + 0.02:
        return None
    if tone.min() < 110 or np.ptp(tone) > 60 or np.quantile(brightness, 0.05) < 0.5 * np.quantile(brightness, 0.95):
        return None
    within = cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if float(lit[within if within.any() else strokes].std(axis=0).max()) > ONE_COLOUR:
        return None
    thickness = cv2.distanceTransform(strokes.astype(np.uint8), cv2.DIST_L2, 3)
    span = max(np.ptp(places) + 1 for places in np.nonzero(strokes))
    return strokes if float(np.quantile(thickness[strokes], 0.9)) < 0.05 * span else None


def _fit(picture: np.ndarray, longest: int) -> np.ndarray:
    """The picture with its longest side at most `longest` pixels."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(picture)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _on_white(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return (rgba[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)


def _grey_to_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)
