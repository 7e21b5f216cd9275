"""JPEG, PNG, WebP, GIF and BMP files without what is not their first picture: no comments, EXIF, profiles or films.

Decoders read all of that, some of them in ways that cost minutes or gigabytes. Works on the bytes alone: each function
checks the size and the work that a file asks for, and raises PictureError when it is too much.
"""

import re
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field, replace

from core.errors import PictureError
from core.vision.formats import BROKEN, MOST_MISSING, TOO_INVOLVED, Bare, check_left, check_size, orientation, paddings
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
END = b"\xff\xd9"  # of a JPEG
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
    ended: set[tuple[int, ...]] = field(default_factory=set)  # what each scan but the last has, and its last frequency
    last: tuple[int, ...] = ()

    def begin(self, code: int, body: bytes) -> None:
        self.kind = code - 0xC0
        self.height, self.width, count = struct.unpack_from(">HHB", body, 1)
        parts = [(body[at], max(1, body[at + 1] >> 4), max(1, body[at + 1] & 15)) for at in range(6, 6 + 3 * count, 3)]
        across, down = max(part[1] for part in parts), max(part[2] for part in parts)
        pixels = self.width * self.height
        self.samples = {name: pixels * wide * high // (across * down) for name, wide, high in parts}

    def scan(self, body: bytes) -> None:
        parts = body[1 : 1 + 2 * body[0] : 2]
        self.ended.add(self.last)
        self.last = (*parts, body[2 * body[0] + 2])
        self.whole = self.whole and (self.scans > 0 or len(parts) == len(self.samples))
        self.scans += 1
        self.decoded += sum(self.samples.get(part, 0) for part in parts)

    def ending(self, cut: bytes) -> Bare:
        """The picture of a JPEG that breaks off, made whole. Raises PictureError when too much is missing."""
        cut = cut.rstrip(b"\xff")
        if self.scans == 1 and self.whole and self.kind != 2:
            filled = bytes(range(1, 128)) * (2 + len(cut) // 500)  # becomes something else than nothing does
            return Bare(cut, self.check(), endings=(END, filled + END))
        begun = {part for scan in (*self.ended, self.last) for part in scan[:-1]}
        if begun >= self.samples.keys() and any(
            next(iter(self.samples)) in scan[:-1] and scan[-1] == 63 for scan in self.ended
        ):
            return Bare(cut + END, self.check(), cut=True)  # all of it is there, if not each detail
        raise PictureError(BROKEN)

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
    at, scans_at, end = 2, 0, 0
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
    bare = b"".join([*kept, memoryview(data)[scans_at : end or len(data)]])
    whole = Bare(bare, frame.check()) if end else frame.ending(bare)
    return replace(whole, orientation=orientation(exif, xmp))


def png(data: bytes) -> Bare:
    """A PNG of its header, palette, transparency and picture alone. Raises PictureError."""
    view = memoryview(data)
    kept, parts = [view[:8]], list[memoryview]()
    exif = xmp = b""
    at, pixels, cut = 8, 0, False
    for _ in range(MOST_CHUNKS):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if len(name) < 4 or not name.isalpha() or name == b"IEND":
            cut = name != b"IEND"
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
    if cut:
        kept, cut = _cut_png(kept, parts)
    checksum = zlib.crc32(b"IDAT")
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    begin = struct.pack(">I4s", sum(map(len, parts)), b"IDAT")
    end = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))
    whole = b"".join([*kept, begin, *parts, struct.pack(">I", checksum), end])
    return Bare(whole, pixels, orientation(exif, xmp), cut)


def _cut_png(kept: list[memoryview], parts: list[memoryview]) -> tuple[list[memoryview], bool]:
    """The first chunks of a PNG that breaks off, which say now that it is as high as what is there, and whether rows
    are missing. Raises PictureError when too many are."""
    header = bytearray(kept[1])
    width, height, bits, colours, _, _, interlaced = struct.unpack_from(">IIBBBBB", header, 8)
    row = 1 + -(-width * {2: 3, 4: 2, 6: 4}.get(colours, 1) * bits // 8)
    stream, unpacked = zlib.decompressobj(), 0
    with suppress(zlib.error):
        for piece in (part[at : at + 10_000] for part in parts for at in range(0, len(part), 10_000)):
            unpacked += len(stream.decompress(piece))
            if interlaced or unpacked >= row * height:  # one that is interlaced is left to its decoder
                return kept, False
    check_left(unpacked // row, height)
    struct.pack_into(">I", header, 12, unpacked // row)
    struct.pack_into(">I", header, 21, zlib.crc32(header[4:21]))
    return [kept[0], memoryview(header), *kept[2:]], True


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
    lacking = 8 + int.from_bytes(picture[-1][4:8], "little") - len(picture[-1])
    endings = _cut_webp(picture, lacking) if lacking > 0 else (b"",)
    size = 4 + len(head) + sum(map(len, picture)) + len(endings[0])
    bare = b"".join([b"RIFF", struct.pack("<I", size), b"WEBP", head, *picture])
    return Bare(bare, pixels, orientation(exif, xmp), endings=endings)


def _cut_webp(picture: list[memoryview], lacking: int) -> tuple[bytes, ...]:
    """What can stand behind the chunks of a WebP whose last one breaks off. That one then says to be longer than it
    was: what decoders make of other bytes may need more of them."""
    last = bytearray(picture[-1])
    more = len(last) // 4 // 2 * 2 if last[:4] != b"ANMF" else 0
    endings = paddings(lacking, len(last))
    struct.pack_into("<I", last, 4, len(last) - 8 + lacking + more)
    picture[-1] = memoryview(last)
    return tuple(
        ending + (ending * (more // lacking + 1))[:more] + bytes((lacking + more + len(last)) % 2) for ending in endings
    )


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
            return _first_gif(head + control, data[at:], pixels)
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


def _first_gif(head: bytes, picture: bytes, pixels: int) -> Bare:
    """A GIF of the picture that begins there; one that breaks off goes on with codes of two kinds, right ones whatever
    stands before them: of 12 bits, the longest there are, at most one is set."""
    at = 11 + (3 << (picture[9] & 7) + 1 if picture[9] & 0x80 else 0)
    last = at
    while at < len(picture):
        if not picture[at]:
            return Bare(b"".join([head, picture, b";"]), pixels)
        last, at = at, at + 1 + picture[at]
    if at > len(picture):
        picture = b"".join([picture[:last], bytes([len(picture) - last - 1]), picture[last + 1 :]])
    blocks = 2 + int(1.5 * MOST_MISSING * pixels) // 255
    endings = tuple(
        b"".join(b"\xff" + filling[at : at + 255] for at in range(0, 255 * blocks, 255)) + b"\0;"
        for filling in (bytes(255 * blocks), b"\0\0" + b"\1\0" * 128 * blocks)
    )
    return Bare(head + picture, pixels, endings=endings)


def bmp(data: bytes) -> Bare:
    """A BMP as it is, or with the rows that are there. Raises PictureError."""
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<II", data, 18)
    packed = not old and struct.unpack_from("<I", data, 30)[0] in (1, 2)
    upright = height > 2**31 and not old  # the first row is the upper one
    height = 2**32 - height if upright else height
    pixels = check_size("BMP", width, height, MOST_RLE if packed else None)
    if packed:
        if len(data) > MOST_RLE:
            raise PictureError(
                "This BMP is too large to unpack. Open it in another program, save it as JPEG, try again."
            )
        return Bare(data, pixels)
    (start,), (bits,) = struct.unpack_from("<I", data, 10), struct.unpack_from("<H", data, 24 if old else 28)
    stride, used = (width * bits + 31) // 32 * 4, (width * bits + 7) // 8
    rows = (len(data) - start + stride - used) // max(1, stride)  # the last one may end with its last pixel
    if rows >= height:
        return Bare(data + bytes(3), pixels)
    check_left(rows, height)
    shorter = bytearray(data + bytes(3))
    struct.pack_into("<H" if old else "<I", shorter, 20 if old else 22, 2**32 - rows if upright else rows)
    return Bare(bytes(shorter), pixels, cut=True)
