"""How much a picture file may ask for, by its format, and which way up it is. Decodes nothing.

The bounds hold what the decoders were measured to take at most: about a second and 300 MB of memory.
"""

import random
import re
import struct
from contextlib import suppress
from dataclasses import dataclass

from core.errors import PictureError
from core.language import N_

MOST_PIXELS = {
    "JPEG": 200_000_000,  # decoded at a half, a quarter or an eighth
    "PNG": 50_000_000,
    "GIF": 25_000_000,
    "BMP": 50_000_000,
    "TIFF": 50_000_000,
    "HEIC": 50_000_000,
    "AVIF": 20_000_000,
    "WebP": 14_000_000,  # its decoder keeps several copies
}
MOST_SIDE = 65_535  # px; what a JPEG can have
MOST_ENTRIES = 512  # looked at in one folder of EXIF or TIFF
MOST_MISSING = 0.1  # share of a picture that a file which breaks off may lack
BROKEN = N_("This picture breaks off in the middle. Copy or download it again, then try once more.")
TOO_INVOLVED = N_(
    "This picture is stored in too many pieces. Open it in another program, save it as JPEG and try again."
)
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


@dataclass(frozen=True)
class Bare:
    """A picture file without what is not its first picture: `data` to decode, `pixels` it says to have, and its EXIF
    orientation, 1 to 8.

    A file that breaks off is made whole by each of its `endings`: where its kind does not tell how much is missing,
    what looks the same with two of them was in the file.
    """

    data: bytes
    pixels: int
    orientation: int | None = None
    cut: bool = False  # whether a part is known to be missing
    endings: tuple[bytes, ...] = (b"",)


def check_left(there: int, due: int) -> None:
    """Raise PictureError when too little of a picture is there: so many of the rows, or parts, that are due."""
    if there < (1 - MOST_MISSING) * due:
        raise PictureError(BROKEN)


def paddings(lacking: int, there: int) -> tuple[bytes, ...]:
    """What can stand in place of so many bytes that are missing behind those that are there: of several kinds, since
    not every decoder takes each. Raises PictureError when too many are missing."""
    if lacking > there // 4:
        raise PictureError(BROKEN)
    by_chance = random.Random(0)
    return bytes(lacking), b"\xff" * lacking, *(by_chance.randbytes(lacking) for _ in range(3))


def check_size(kind: str, width: int, height: int, most: int | None = None) -> int:
    """The pixels of a picture. Raises PictureError when its format may not be so large here; `most` pixels, else
    `MOST_PIXELS`."""
    most = MOST_PIXELS[kind] if most is None else min(most, MOST_PIXELS[kind])
    if min(width, height) < 1:
        raise PictureError("This picture has no pixels at all: it is 0 wide or 0 high. Choose another one.")
    if width * height > most:
        raise PictureError(
            "This picture has {millions} million pixels; for {kind} {most} million is the most.",
            N_("Send a smaller one.") if kind == "JPEG" else N_("Send a smaller one, or a JPEG."),
            millions=_millions(width * height),
            kind=kind,
            most=_millions(most),
        )
    if max(width, height) > MOST_SIDE:
        raise PictureError(
            "This picture is {side} pixels long; {most} is the most. Send a smaller one.",
            side=max(width, height),
            most=MOST_SIDE,
        )
    return width * height


def orientation(exif: bytes, xmp: bytes = b"") -> int | None:
    """How a picture is to be turned, 1 to 8, by the first folder of its EXIF, else by its XMP; None for anything odd.

    Only this one entry is looked at: reading all of a folder can cost more than the picture.
    """
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    with suppress(struct.error):
        if order:
            (start,) = struct.unpack_from(f"{order}I", exif, 4)
            (count,) = struct.unpack_from(f"{order}H", exif, start)
            for at in range(start + 2, start + 2 + 12 * min(count, MOST_ENTRIES), 12):
                tag, kind, number = struct.unpack_from(f"{order}HHI", exif, at)
                if tag == 0x0112:
                    code = {3: "H", 4: "I"}.get(kind)
                    value = struct.unpack_from(order + code, exif, at + 8)[0] if code and number == 1 else 0
                    return value if 1 <= value <= 8 else None
    found = _XMP.search(xmp)
    return int(found[1]) if found else None


def _millions(pixels: int) -> str:
    return f"{pixels / 1e6:.1f}" if pixels % 1_000_000 and pixels < 20_000_000 else f"{pixels / 1e6:,.0f}"
