"""JPEG, PNG, WebP, GIF and BMP files without what is not their first picture: no comments, EXIF, profiles or films.

Decoders read all of that, some of them in ways that cost minutes or gigabytes. Works on the bytes alone: each function
checks the size and the work that a file asks for, and raises PictureError when it is too much.
"""

import re
import struct
import zlib
from dataclasses import dataclass, field

from core.errors import PictureError
from core.vision.formats import BROKEN, TOO_INVOLVED, Bare, check_size, orientation
from core.vision.webp_pieces import check_blocks

MOST_SEGMENTS = 2_000  # of a JPEG
MOST_CHUNKS = 100_000  # of a PNG
MOST_BLOCKS = 200_000  # of a GIF before its picture
MOST_PNG_BYTES = 150_000_000  # unpacked
MOST_KEPT = 80_000_000  # samples of a JPEG in several scans, all kept while it is decoded, 2 bytes each
MOST_DECODED = 450_000_000  # samples of a JPEG in all its scans
MOST_RARELY_DECODED = 150_000_000  # the same of a rare kind
MOST_RARE = 12_000_000  # pixels of a JPEG of a rare kind: lossless, or without Huffman codes
MOST_RLE = 2_500_000  # pixels, and bytes, of a BMP with run lengths, which Pillow reads in Python
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # but those that may stand amid the picture


@dataclass
class _Frame:
    """What a JPEG says of itself, and what its scans add up to."""

    kind: int = 0  # 0 baseline, 1 extended, 2 progressive, others rare
    width: int = 0
    height: int = 0
    samples: dict[int, int] = field(default_factory=dict)  # by component
    scans: int = 0
    decoded: int = 0  # samples in all scans
    whole: bool = True  # the first scan has all components

    def begin(self, code: int, body: bytes) -> None:
        self.kind = code - 0xC0
        self.height, self.width, count = struct.unpack_from(">HHB", body, 1)
        parts = [(body[at], max(1, body[at + 1] >> 4), max(1, body[at + 1] & 15)) for at in range(6, 6 + 3 * count, 3)]
        across, down = max(part[1] for part in parts), max(part[2] for part in parts)
        pixels = self.width * self.height
        self.samples = {name: pixels * wide * high // (across * down) for name, wide, high in parts}

    def scan(self, body: bytes) -> None:
        parts = body[1 : 1 + 2 * body[0] : 2]
        self.whole = self.whole and (self.scans > 0 or len(parts) == len(self.samples))
        self.scans += 1
        self.decoded += sum(self.samples.get(part, 0) for part in parts)

    def check(self) -> int:
        """The pixels of this. Raises PictureError when it asks for too much."""
        if self.kind > 2:
            check_size("JPEG", self.width, self.height, MOST_RARE)
        pixels = check_size("JPEG", self.width, self.height)
        decoded = MOST_RARELY_DECODED if self.kind > 2 else MOST_DECODED
        kept = 0 if self.whole and self.scans == 1 and self.kind != 2 else sum(self.samples.values())
        if kept > MOST_KEPT or self.decoded > (decoded if kept else 2 * decoded):
            raise PictureError(
                "This JPEG has {millions} million pixels in {passes} passes, which is too much to read. Save it"
                " without “progressive”, or smaller.",
                millions=f"{pixels / 1e6:.0f}",
                passes=self.scans,
            )
        return pixels


def jpeg(data: bytes) -> Bare:
    """A JPEG up to its end, without comments, EXIF, profiles and what phones add behind it. Raises PictureError."""
    kept, exif, xmp = [b"\xff\xd8"], b"", b""
    frame = _Frame()
    at, scans_at, end = 2, 0, len(data)
    for _ in range(MOST_SEGMENTS):
        marker = _MARKER.search(data, at)
        if marker is None:
            break
        at = marker.end()
        code = data[at - 1]
        if code == 0xD9:
            end = at
            break
        if code < 0xC0 or code == 0xD8:  # these have no length
            continue
        body = data[at + 2 : at + max(2, int.from_bytes(data[at : at + 2], "big"))]
        if code == 0xDA:
            scans_at = scans_at or at - 2
            frame.scan(body)
        elif scans_at:
            pass
        elif code == 0xE1:
            exif = exif or (body if body.startswith(b"Exif\0\0") else b"")
            xmp = xmp or (body if body.startswith(b"http://ns.adobe.com/xap/1.0/\0") else b"")
        elif code < 0xE1 or code == 0xEE:  # tables, the frame, JFIF and Adobe's word on colours
            kept.append(data[at - 2 : at + 2 + len(body)])
            if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
                frame.begin(code, body)
        at += 2 + len(body)
    else:
        raise PictureError(TOO_INVOLVED)
    if not scans_at or not frame.samples:
        raise PictureError(BROKEN)
    pixels = frame.check()
    return Bare(b"".join([*kept, memoryview(data)[scans_at:end]]), pixels, orientation(exif, xmp))


def png(data: bytes) -> Bare:
    """A PNG of its header, palette, transparency and picture alone. Raises PictureError."""
    view = memoryview(data)
    kept, parts = [view[:8]], list[memoryview]()
    exif = xmp = b""
    at, pixels = 8, 0
    for _ in range(MOST_CHUNKS):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if len(name) < 4 or not name.isalpha() or name == b"IEND":
            break
        if name == b"IDAT":
            parts.append(view[at + 8 : at + 8 + length])
        elif name in (b"IHDR", b"PLTE", b"tRNS") and not parts:
            kept.append(view[at : at + 12 + length])
            if name == b"IHDR":
                pixels = max(pixels, _check_png(data[at + 8 : at + 8 + length]))
        elif name == b"eXIf":
            exif = data[at + 8 : at + 8 + length]
        elif name == b"iTXt" and data.startswith(b"XML:com.adobe.xmp\0", at + 8):
            xmp = data[at + 8 : at + 8 + length]
        at += 12 + length
    else:
        raise PictureError(TOO_INVOLVED)
    if not pixels:
        raise PictureError(BROKEN)
    checksum = zlib.crc32(b"IDAT")
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    begin = struct.pack(">I4s", sum(map(len, parts)), b"IDAT")
    end = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))
    return Bare(b"".join([*kept, begin, *parts, struct.pack(">I", checksum), end]), pixels, orientation(exif, xmp))


def _check_png(header: bytes) -> int:
    """The pixels of a PNG by its header. Raises PictureError when they are too many."""
    if len(header) < 13:
        raise PictureError(BROKEN)
    width, height, bits, colours = struct.unpack_from(">IIBB", header)
    channels = {2: 3, 4: 2, 6: 4}.get(colours, 1)
    most = MOST_PNG_BYTES // max(1, channels * bits // 8)
    return check_size("PNG", width, height, min(most, 25_000_000) if channels in (2, 4) else most)


def webp(data: bytes) -> Bare:
    """A WebP of its first picture alone. Raises PictureError."""
    view = memoryview(data)
    head, picture = b"", list[memoryview]()
    exif = xmp = b""
    at, lossless = 12, False
    for _ in range(MOST_SEGMENTS):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk, body = view[at : at + 8 + length + length % 2], data[at + 8 : at + 8 + min(length, 32)]
        done = bool(picture) and bytes(picture[-1][:4]) != b"ALPH"
        if len(name) < 4:
            break
        if name in (b"VP8X", b"ANIM"):
            head += bytes(chunk)
        elif name in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF") and not done:
            picture.append(chunk)
            lossless = name == b"VP8L" or (name == b"ANMF" and body[16:20] == b"VP8L")
        elif name == b"EXIF":
            exif = exif or data[at + 8 : at + 8 + length]
        elif name == b"XMP ":
            xmp = xmp or data[at + 8 : at + 8 + length]
        at += len(chunk)
    if not picture:
        raise PictureError(BROKEN)
    pixels = _check_webp(head, bytes(picture[-1][:32]), lossless)
    _check_blocks(picture)
    size = 4 + len(head) + sum(map(len, picture))
    return Bare(b"".join([b"RIFF", struct.pack("<I", size), b"WEBP", head, *picture]), pixels, orientation(exif, xmp))


def _check_webp(head: bytes, picture: bytes, lossless: bool) -> int:
    """The pixels of a WebP, of which `head` and `picture` are the beginnings of its chunks. Raises PictureError when
    they are too many."""
    if head.startswith(b"VP8X"):
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (12, 15))
    elif lossless:
        bits = int.from_bytes(picture[9:13], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(picture[at : at + 2], "little") & 0x3FFF for at in (14, 16))
    return check_size("WebP", width, height, 12_500_000 if lossless else None)


def _check_blocks(picture: list[memoryview]) -> None:
    """Raise PictureError when one of these chunks of a WebP is lossless and divided into too many blocks."""
    if bytes(picture[-1][:4]) == b"ANMF":
        film, at = picture[-1], 24
        picture = []
        while at + 8 < len(film):
            length = int.from_bytes(film[at + 4 : at + 8], "little")
            picture.append(film[at : at + 8 + length])
            at += 8 + length + length % 2
            if len(picture) > MOST_SEGMENTS:
                raise PictureError(TOO_INVOLVED)
    named = {bytes(chunk[:4]): chunk for chunk in picture}
    if len(named) < len(picture):  # one of its name is enough
        raise PictureError(TOO_INVOLVED)
    if lossless := named.get(b"VP8L"):
        bits = int.from_bytes(lossless[9:13], "little")
        check_blocks(lossless[13:], (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if (alpha := named.get(b"ALPH", b"")) and b"VP8 " in named and alpha[8] & 3 == 1:
        check_blocks(alpha[9:], *(size & 0x3FFF for size in struct.unpack_from("<HH", named[b"VP8 "], 14)))


def gif(data: bytes) -> Bare:
    """A GIF without what stands before its first picture: comments and the like. Raises PictureError."""
    table = 3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0
    head, at, control = data[: 13 + table], 13 + table, b""
    in_extension = False
    for _ in range(MOST_BLOCKS):
        if at >= len(data):
            break
        kind = data[at]
        if in_extension:  # `kind` is the length of one of its blocks; the last has none
            in_extension = kind > 0
            at += 1 + kind
        elif kind == 0x2C and len(data) >= at + 10:
            left, top, wide, high = struct.unpack_from("<4H", data, at + 1)
            width, height = struct.unpack_from("<2H", data, 6)
            pixels = check_size("GIF", max(width, left + wide), max(height, top + high))
            return Bare(b"".join([head, control, memoryview(data)[at:]]), pixels)
        elif kind == 0x21:
            if data[at + 1 : at + 3] == b"\xf9\x04":
                control = data[at : at + 7] + b"\0"
            at += 2
            in_extension = True
        elif kind == 0x3B:
            break
        else:
            at += 1
    else:
        raise PictureError(TOO_INVOLVED)
    raise PictureError(BROKEN)


def bmp(data: bytes) -> Bare:
    """A BMP as it is. Raises PictureError."""
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<II", data, 18)
    packed = not old and struct.unpack_from("<I", data, 30)[0] in (1, 2)
    height = min(height, 2**32 - height)  # below 0 where the first row is the upper one
    pixels = check_size("BMP", width, height, MOST_RLE if packed else None)
    if packed and len(data) > MOST_RLE:
        raise PictureError("This BMP is too large to unpack. Open it in another program, save it as JPEG, try again.")
    return Bare(data, pixels)
