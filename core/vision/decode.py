"""The bytes of a file that is uploaded -> an upright picture. Works in memory only."""

import io
import struct

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.errors import PictureError

MAX_PIXELS = 200_000_000  # a picture with more is refused
OPENED = 1600  # px, longest side an opened picture keeps
NOT_A_PICTURE = "This file is not a picture I can open. Try JPEG, PNG or HEIC."
UPRIGHT = {  # a picture's orientation by its EXIF -> what turns it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DAMAGED = (  # what Pillow and its plugins raise for damaged files
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,
    IndexError,
    TypeError,
    KeyError,
    ArithmeticError,
    AttributeError,
    struct.error,
)
BROKEN = "This picture breaks off in the middle. Copy or download it again, then try once more."


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
        turn = _turn(picture)
        smaller = _to_rgba(_shrink(picture))
        return np.asarray(smaller if turn is None else smaller.transpose(turn))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError("This picture has too many pixels; 200 million is the most. Send a smaller one.") from error
    except UnidentifiedImageError as error:
        raise PictureError(NOT_A_PICTURE) from error
    except DAMAGED as error:
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


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """What turns a picture upright, if its EXIF says so; EXIF that cannot be read says nothing."""
    try:
        return UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGED:
        return None


def _shrink(picture: Image.Image) -> Image.Image:
    """The picture with its longest side at most `OPENED` pixels, in its own mode."""
    factor = -(-max(picture.size) // OPENED)
    if factor == 1:
        return picture
    size = (max(1, picture.width // factor), max(1, picture.height // factor))
    exact = picture.mode in ("P", "1", "PA") or picture.mode.startswith("I")
    smaller = picture.resize(size, Image.Resampling.NEAREST if exact else Image.Resampling.BOX, reducing_gap=2.0)
    smaller.info = dict(picture.info)
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
