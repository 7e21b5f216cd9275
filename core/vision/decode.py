"""The bytes of a file that is uploaded -> an upright picture. Works in memory only.

What a file asks for is bounded first (`formats`, `bare`), then its bare picture is decoded.
"""

import io
import logging
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from PIL import AvifImagePlugin, Image, UnidentifiedImageError
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.errors import PictureError
from core.language import N_
from core.vision import bare, bare_heif, bare_tiff
from core.vision.formats import BROKEN, Bare, check_left, check_size, orientation

OPENED, LEAST = 1600, 800  # px, longest side an opened picture keeps at most; what a JPEG is decoded at, at least
MOST_DEEP = 20_000_000  # pixels of a HEIC that is transparent or has more than 8 bits
NOT_A_PICTURE = N_("This file is not a picture I can open. Try JPEG, PNG or HEIC.")
JPEG_OR_PNG = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n\x1a\n")
MOST_BEFORE = 1_000  # bytes that may stand before one
WITH_PICTURES_INSIDE = (
    b"RIFF",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"PK",
    b"%PDF",
    b"ID3",
    b"OggS",
    b"fLaC",
)  # other files
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
Opener: TypeAlias = Callable[[io.BytesIO], Image.Image]  # a bare file -> its picture, perhaps not decoded yet
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture, and whether its file breaks off, so that some of it is missing."""

    pixels: np.ndarray  # (h, w, 4) uint8
    cut: bool


def open_picture(data: bytes, max_bytes: int) -> np.ndarray:
    """The picture in a file's bytes, as `opened` gives it. Raises PictureError."""
    return opened(data, max_bytes).pixels


def opened(data: bytes, max_bytes: int) -> Opened:
    """The picture in a file's bytes, upright, RGBA, the longest side at most `OPENED` pixels.

    JPEG, PNG, HEIC, AVIF, WebP, GIF, BMP and TIFF; of an animation the first frame. Of a file that breaks off near its
    end it is what is there. Raises PictureError and nothing else, whatever the file is.
    """
    if not data:
        raise PictureError("This file is empty. Choose another one.")
    if len(data) > max_bytes:
        raise PictureError(
            "This file has {size} MB; {most} MB is the most. Send a smaller picture.",
            size=f"{len(data) / 1e6:.1f}",
            most=f"{max_bytes / 1e6:g}",
        )
    try:
        file, opener = _bounded(data)
        picture, cut = _decoded(file, opener)
        exif = picture.info.get("exif") or b""  # left only where Pillow writes it by an AVIF's boxes
        turn = UPRIGHT.get(file.orientation or orientation(exif) or 1)
        upright = _to_rgba(picture)
        return Opened(np.asarray(upright if turn is None else upright.transpose(turn)), cut)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError(NOT_A_PICTURE) from error
    except DAMAGED as error:
        raise PictureError(BROKEN) from error
    except MemoryError as error:
        raise PictureError("This picture is too large for this computer. Send a smaller one.") from error
    except Exception as error:
        log.exception("A picture of %d bytes cannot be read", len(data))
        raise PictureError(BROKEN) from error


def picture_pixels(data: bytes) -> int:
    """The pixels a picture file says to have, without decoding it. Raises PictureError when it is no picture, or one
    that asks for more than `open_picture` reads."""
    try:
        return _bounded(data)[0].pixels
    except DAMAGED as error:
        raise PictureError(BROKEN) from error


def _decoded(file: Bare, opener: Opener) -> tuple[Image.Image, bool]:
    """The picture of a bare file, made smaller, and whether some of it is missing."""
    if len(file.endings) == 1:
        return _shrink(_loaded(file.data + file.endings[0], opener)), file.cut
    found: list[Image.Image] = []
    for ending in file.endings:
        with suppress(*DAMAGED):
            found.append(_shrink(_loaded(file.data + ending, opener)))
        if len(found) == 2:
            return _what_is_there(*found)
    raise PictureError(BROKEN)


def _loaded(data: bytes, opener: Opener) -> Image.Image:
    picture = opener(io.BytesIO(data))
    picture.load()
    return picture


def _what_is_there(one: Image.Image, other: Image.Image) -> tuple[Image.Image, bool]:
    """The largest piece from side to side that is the same in two pictures, and whether they differ at all. Raises
    PictureError when it is too small."""
    differs = (np.asarray(one) != np.asarray(other)).reshape(one.height, one.width, -1).any(axis=2)
    if not differs.any():
        return one, False
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    pieces = (
        (0, 0, one.width, int(rows[0])),
        (0, int(rows[-1]) + 1, one.width, one.height),
        (0, 0, int(columns[0]), one.height),
        (int(columns[-1]) + 1, 0, one.width, one.height),
    )
    left, top, right, bottom = max(pieces, key=lambda piece: (piece[2] - piece[0]) * (piece[3] - piece[1]))
    check_left((right - left) * (bottom - top), one.width * one.height)
    return one.crop((left, top, right, bottom)), True


def _bounded(data: bytes) -> tuple[Bare, Opener]:
    """The bare file of a picture that asks for no more than it may, and what opens it.

    `Image.open` is avoided: it warns above 89 million pixels and refuses above 179.
    """
    data = _without_what_stands_before(data)
    start = data[:16]
    kinds: tuple[tuple[bool, Callable[[bytes], Bare], Opener], ...] = (
        (start.startswith(b"\xff\xd8\xff"), bare.jpeg, _open_jpeg),
        (start.startswith(b"\x89PNG\r\n\x1a\n"), bare.png, PngImageFile),
        (start[:6] in (b"GIF87a", b"GIF89a"), bare.gif, GifImageFile),
        (start[:4] == b"RIFF" and start[8:12] == b"WEBP", bare.webp, WebPImageFile),
        (start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis"), bare_heif.avif, _open_avif),
        (start[4:8] == b"ftyp", bare_heif.heic, _open_heic),
        (start[:4] in (b"II*\0", b"MM\0*"), bare_tiff.tiff, TiffImageFile),
        (start[:2] == b"BM", bare.bmp, BmpImageFile),
    )
    for matches, strip, opener in kinds:
        if matches:
            return strip(data), opener
    raise PictureError(NOT_A_PICTURE)


def _without_what_stands_before(data: bytes) -> bytes:
    """A JPEG or PNG from its first byte on: some programs put a line, a head of their own or empty bytes before it."""
    if data[4:8] == b"ftyp" or data.startswith(WITH_PICTURES_INSIDE):
        return data
    begin = JPEG_OR_PNG.search(data, 0, MOST_BEFORE)
    return data[begin.start() :] if begin else data


def _open_jpeg(stream: io.BytesIO) -> Image.Image:
    picture = JpegImageFile(stream)
    picture.decodermaxblock = stream.getbuffer().nbytes  # all at once: after each block libjpeg may begin a piece anew
    width, height = picture.size
    scale = LEAST / max(width, height)
    picture.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))  # decoded at 1/2, 1/4 or 1/8
    return picture


def _open_avif(stream: io.BytesIO) -> Image.Image:
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each takes memory of its own
    return AvifImageFile(stream)


def _open_heic(stream: io.BytesIO) -> Image.Image:
    from pillow_heif import open_heif

    heif = open_heif(stream)  # libheif turns the picture upright itself
    width, height = heif.size
    if heif.has_alpha or heif.info["bit_depth"] > 8:
        check_size("HEIC", width, height, MOST_DEEP)
    if heif.has_alpha:
        return Image.fromarray(np.asarray(heif)).convert("RGBA")
    pixels = np.asarray(heif)
    size = _smaller(width, height)
    if size != (width, height):  # made smaller here: as a picture of Pillow's it would be in memory twice
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return Image.fromarray(pixels)


def _shrink(picture: Image.Image) -> Image.Image:
    """The picture with its longest side at most `OPENED` pixels, in its own mode."""
    size = _smaller(*picture.size)
    if size == picture.size:
        return picture
    exact = picture.mode in ("P", "1", "PA") or picture.mode.startswith("I")
    smaller = picture.resize(size, Image.Resampling.NEAREST if exact else Image.Resampling.BOX, reducing_gap=1.0)
    smaller.info = dict(picture.info)
    return smaller


def _smaller(width: int, height: int) -> tuple[int, int]:
    """The size of a picture made smaller by a whole number, until its longest side is at most `OPENED` pixels."""
    factor = -(-max(width, height) // OPENED)
    return max(1, width // factor), max(1, height // factor)


def _to_rgba(picture: Image.Image) -> Image.Image:
    """Any Pillow mode as RGBA; more than 8 bits are scaled, not clipped."""
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture).astype(np.float64)
        top = 65535.0 if picture.mode.startswith("I") and values.max() > 255 else max(1.0, values.max())
        return Image.fromarray((np.clip(values / top, 0, 1) * 255).astype(np.uint8)).convert("RGBA")
    if picture.mode in ("LAB", "YCbCr", "HSV", "CMYK"):
        picture = picture.convert("RGB")
    return picture.convert("RGBA")
