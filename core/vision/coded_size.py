"""How large a coded picture is by its own head: HEVC (in HEIC) and AV1 (in AVIF). Decodes nothing."""

import functools
import struct
from dataclasses import dataclass

from core.errors import PictureError
from core.vision.formats import BROKEN, TOO_INVOLVED

MOST_UNITS = 20_000  # in all coded pictures of a file
MOST_CONFIGURED = 64  # units in one `hvcC` box; a phone writes three or four
HEAD = 50  # units that reading the head of a picture counts for


@dataclass
class Budget:
    """How many units of one file may still be looked at."""

    left: int = MOST_UNITS

    def take(self, count: int = 1) -> None:
        """Look at so many. Raises PictureError when there are no more."""
        self.left -= count
        if self.left < 0:
            raise PictureError(TOO_INVOLVED)


class _Bits:
    """Reads numbers of some bits each. Raises PictureError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        first, self._at = self._at, self._at + count
        if self._at > 8 * len(self._data):
            raise PictureError(BROKEN)
        whole = int.from_bytes(self._data[first // 8 : -(-self._at // 8)], "big")
        return whole >> -self._at % 8 & (1 << count) - 1

    def golomb(self) -> int:
        """The next number as HEVC writes those of no fixed length."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise PictureError(BROKEN)
        return (1 << zeros) - 1 + self.take(zeros)


def hevc_size(configurations: list[bytes], coded: bytes, budget: Budget) -> tuple[int, int, int]:
    """Width, height and number of pictures of an HEVC picture and its `hvcC` boxes. Raises PictureError."""
    if len(configurations) != 1 or len(configurations[0]) < 23:
        raise PictureError(BROKEN)
    sizes, pictures = list(_configured(configurations[0])), 0
    wide, at = (configurations[0][21] & 3) + 1, 0
    while at + wide + 2 < len(coded):
        budget.take()
        length = int.from_bytes(coded[at : at + wide], "big")
        kind, first = coded[at + wide] >> 1 & 63, coded[at + wide + 2] & 0x80
        if kind == 33 and length > 2:
            budget.take(HEAD)
            sizes.append(_hevc_head(coded[at + wide : at + wide + min(length, 1000)]))
        pictures += kind < 32 and first > 0
        at += wide + length
    if not sizes:
        raise PictureError(BROKEN)
    return max(size[0] for size in sizes), max(size[1] for size in sizes), max(1, pictures)


@functools.lru_cache(maxsize=64)  # the parts of a picture share one
def _configured(configuration: bytes) -> tuple[tuple[int, int], ...]:
    """The widths and heights in an `hvcC` box."""
    sizes, at, budget = [], 23, Budget(MOST_CONFIGURED)
    for _ in range(configuration[22]):
        (count,) = struct.unpack_from(">H", configuration, at + 1)
        at += 3
        for _ in range(count):
            budget.take()
            (length,) = struct.unpack_from(">H", configuration, at)
            unit = configuration[at + 2 : at + 2 + min(length, 1000)]
            if len(unit) > 2 and unit[0] >> 1 & 63 == 33:
                sizes.append(_hevc_head(unit))
            at += 2 + length
    return tuple(sizes)


def _hevc_head(unit: bytes) -> tuple[int, int]:
    """Width and height in a sequence parameter set (ITU-T H.265, 7.3.2.2)."""
    bits = _Bits(unit[2:].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 96)
    levels = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in levels:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    return bits.golomb(), bits.golomb()


def av1_size(coded: bytes, budget: Budget) -> tuple[int, int, int]:
    """Width, height and number of pictures of an AV1 picture. Raises PictureError."""
    at, sizes, pictures = 0, [], 0
    while at < len(coded):
        budget.take()
        kind, extended, sized = coded[at] >> 3 & 15, coded[at] >> 2 & 1, coded[at] >> 1 & 1
        at += 1 + extended
        length, shift = (0, 0) if sized else (len(coded) - at, 0)
        while sized and shift < 56:
            length |= (coded[at] & 127) << shift
            shift, at, sized = shift + 7, at + 1, coded[at] >> 7
        if kind == 1:
            budget.take(HEAD)
            sizes.append(_av1_head(coded[at : at + min(length, 1000)]))
        pictures += kind in (3, 6)
        at += length
    if not sizes:
        raise PictureError(BROKEN)
    return max(size[0] for size in sizes), max(size[1] for size in sizes), max(1, pictures)


def _av1_head(unit: bytes) -> tuple[int, int]:
    """Width and height in a sequence header (AV1 specification, 5.5.1)."""
    bits = _Bits(unit)
    bits.take(4)
    if bits.take(1):
        bits.take(5)
    else:
        if bits.take(1):  # times of pictures: of no use in a single one
            raise PictureError(TOO_INVOLVED)
        delays = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            bits.take(bits.take(5) > 7)
            bits.take(4 if delays and bits.take(1) else 0)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(wide) + 1, bits.take(high) + 1
