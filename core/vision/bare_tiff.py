"""A TIFF whose only folder has what its first picture needs, and nothing else.

Decoders read every entry of every folder, and make the buffers that entries ask for. Here the few entries of use are
checked and written into a new folder behind the file. Raises PictureError when they ask for too much.
"""

import struct
from dataclasses import dataclass, replace

from core.errors import PictureError
from core.vision.formats import BROKEN, MOST_ENTRIES, TOO_INVOLVED, Bare, check_left, check_size, orientation

WIDTH, HEIGHT, BITS, COMPRESSION, CHANNELS, ROWS, PLANES = 256, 257, 258, 259, 277, 278, 284
STRIPS, STRIP_BYTES, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES = 273, 279, 322, 323, 324, 325
COLOURS, EXTRA, TABLES = 320, 338, 347
USED = {  # entry -> how many values it may have
    **dict.fromkeys((WIDTH, HEIGHT, COMPRESSION, 262, 266, CHANNELS, ROWS, PLANES, 292, 293, 317), 1),
    **dict.fromkeys((TILE_WIDTH, TILE_HEIGHT, 332, 512, 513, 514, 515, 531), 1),
    **dict.fromkeys((BITS, EXTRA, 339, 519, 520, 521, 529, 530, 532), 6),
    **dict.fromkeys((STRIPS, STRIP_BYTES, TILES, TILE_BYTES), 20_000),
    COLOURS: 3 * 256,
    TABLES: 65_536,
}
CODES = {1: "B", 3: "H", 4: "I"}  # kinds of entry that are whole numbers
SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 7: 1}  # bytes of a value of the kinds of entry in use
MOST_MEMORY = 250_000_000  # bytes: the picture and one strip or tile
MOST_UNPACKED = 200_000_000  # bytes of all strips or tiles
MOST_JPEG = 300_000_000  # pixels in all scans of all strips
UNPACKED, JPEG, OLD_JPEG, LZMA = 1, 7, 6, 34925


@dataclass(frozen=True)
class _Folder:
    """The entries of use, as they stand in the file."""

    data: bytes
    order: str  # of bytes, as struct has it
    entries: dict[int, bytes]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of an entry, none when it is absent."""
        if tag not in self.entries:
            return ()
        kind, count = struct.unpack_from(f"{self.order}HI", self.entries[tag], 2)
        code = f"{self.order}{count}{CODES[kind]}"
        inside = struct.calcsize(code) <= 4
        where = 8 if inside else struct.unpack_from(f"{self.order}I", self.entries[tag], 8)[0]
        return struct.unpack_from(code, self.entries[tag] if inside else self.data, where)

    def number(self, tag: int, otherwise: int) -> int:
        return (self.numbers(tag) or (otherwise,))[0]

    def of_rows(self, rows: int) -> "_Folder":
        """That of a picture of the upper rows only."""
        strips = -(-rows // min(self.number(ROWS, rows), rows))
        shorter = {tag: self._shortened(tag, strips) for tag in (STRIPS, STRIP_BYTES)}
        kind, count = struct.unpack_from(f"{self.order}HI", self.entries[HEIGHT], 2)
        height = struct.pack(f"{self.order}HHI", HEIGHT, kind, count)
        height += struct.pack(self.order + CODES[kind], rows).ljust(4, b"\0")
        return replace(self, entries={**self.entries, **shorter, HEIGHT: height})

    def _shortened(self, tag: int, count: int) -> bytes:
        """An entry of the first values only."""
        entry = self.entries[tag]
        kind, before = struct.unpack_from(f"{self.order}HI", entry, 2)
        value, size = entry[8:12], SIZES[kind] * count
        if size <= 4 < SIZES[kind] * before:
            (place,) = struct.unpack(f"{self.order}I", value)
            value = self.data[place : place + size].ljust(4, b"\0")
        return struct.pack(f"{self.order}HHI", tag, kind, count) + value

    def written(self) -> bytes:
        """The file with this folder alone."""
        place = len(self.data) + len(self.data) % 2
        folder = [
            struct.pack(f"{self.order}H", len(self.entries)),
            *(self.entries[tag] for tag in sorted(self.entries)),
        ]
        head = self.data[:4] + struct.pack(f"{self.order}I", place)
        return b"".join([head, memoryview(self.data)[8:], bytes(place - len(self.data)), *folder, bytes(4)])


def tiff(data: bytes) -> Bare:
    """A TIFF of its first picture alone. Raises PictureError."""
    folder = _read(data, "<" if data.startswith(b"II") else ">")
    rows = _rows_there(folder)
    cut = rows < folder.number(HEIGHT, 0)
    folder = folder.of_rows(rows) if cut else folder
    pixels = _check(folder)
    return Bare(folder.written(), pixels, orientation(data), cut)


def _read(data: bytes, order: str) -> _Folder:
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    if count > MOST_ENTRIES:
        raise PictureError(TOO_INVOLVED)
    entries: dict[int, bytes] = {}
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, at)
        if tag in USED and tag not in entries and kind in SIZES and number:
            if number > USED[tag]:
                raise PictureError(TOO_INVOLVED)
            size = SIZES[kind] * number
            if size <= 4 or struct.unpack_from(f"{order}I", data, at + 8)[0] + size <= len(data):
                entries[tag] = data[at : at + 12]
    return _Folder(data, order, entries)


def _rows_there(folder: _Folder) -> int:
    """How many rows of the picture are in the file. Raises PictureError when too many are missing."""
    height, end = folder.number(HEIGHT, 0), len(folder.data)
    starts, lengths = folder.numbers(STRIPS), folder.numbers(STRIP_BYTES)
    beyond = [place for place, span in enumerate(zip(starts, lengths, strict=False)) if sum(span) > end]
    if not beyond or len(starts) != len(lengths) or folder.number(PLANES, 1) != 1:
        return height
    first, rows = beyond[0], min(folder.number(ROWS, height), height)
    there = first * rows
    if folder.number(COMPRESSION, 1) == UNPACKED:
        row = lengths[first] // max(1, min(rows, height - there))
        there += max(0, end - starts[first]) // max(1, row)
    check_left(there, height)
    return there


def _check(folder: _Folder) -> int:
    """The pixels of the picture. Raises PictureError when it, or what it is unpacked from, is too large."""
    width, height = folder.number(WIDTH, 0), folder.number(HEIGHT, 0)
    check_size("TIFF", width, height)
    channels = folder.number(CHANNELS, 4 if folder.numbers(EXTRA) else 3)
    bits = max(folder.numbers(BITS) or (1,)) * channels
    tiled = TILES in folder.entries
    if tiled:
        wide, high = folder.number(TILE_WIDTH, 0), folder.number(TILE_HEIGHT, 0)
    else:
        wide, high = width, min(folder.number(ROWS, height), height)
    if min(wide, high) < 1:
        raise PictureError(BROKEN)
    pieces = -(-width // wide) * -(-height // high)
    piece = wide * high * max(bits, 32) // 8
    copies = 2 if channels in (2, 4) else 1  # a transparent picture is copied before it is made smaller
    most = (MOST_MEMORY - piece) // (4 * copies)
    pixels = check_size("TIFF", width, height, max(most, 1))
    if pieces * piece > MOST_UNPACKED + 4 * wide * height:
        raise PictureError(TOO_INVOLVED)
    _check_compression(folder, width, height, pieces, wide * high)
    return pixels


def _check_compression(folder: _Folder, width: int, height: int, pieces: int, piece: int) -> None:
    """Raise PictureError when the way it is compressed makes the picture slow to read."""
    compression, data = folder.number(COMPRESSION, 1), folder.data
    if compression != UNPACKED and sum(folder.numbers(TILE_BYTES) + folder.numbers(STRIP_BYTES)) > len(data):
        raise PictureError(BROKEN)  # the same bytes would be unpacked again and again
    if compression in (OLD_JPEG, LZMA):
        check_size("TIFF", width, height, 4_000_000)
    if compression not in (JPEG, OLD_JPEG):
        return
    starts = folder.numbers(TILES) or folder.numbers(STRIPS)
    lengths = folder.numbers(TILE_BYTES) or folder.numbers(STRIP_BYTES)
    if compression == OLD_JPEG:
        scans = data.count(b"\xff\xda") * pieces
    elif len(starts) != len(lengths) or not all(lengths):
        raise PictureError(BROKEN)
    else:
        spans = zip(starts, lengths, strict=True)
        scans = sum(data.count(b"\xff\xda", start, start + length) for start, length in spans)
    if scans * piece > MOST_JPEG + width * height:
        raise PictureError(TOO_INVOLVED)
