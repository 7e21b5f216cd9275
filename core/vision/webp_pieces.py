"""How many codes of its own a lossless WebP may have, by its head. Decodes nothing but what stands before that.

A picture is divided into blocks, and each block may have codes of its own, for which its decoder makes tables of up to
16 kB (RFC 9649, sections 4 to 6).
"""

from core.errors import PictureError
from core.vision.formats import BROKEN, TOO_INVOLVED

MOST_BLOCKS = 3_000  # with codes of their own; the usual encoder stops at 2,600
MOST_TRANSFORMED = 60_000  # pixels of the small pictures that say how blocks are transformed
LENGTHS = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)  # the order they are written in
Code = tuple[int, list[tuple[int, int]]]  # bits to look up, and for each value of them the symbol and its own bits


class _Bits:
    """Reads numbers of some bits each, the lowest bit first. Raises PictureError at the end."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        value = self._look(count)
        self._at += count
        if self._at > 8 * len(self._data):
            raise PictureError(BROKEN)
        return value

    def symbol(self, code: Code) -> int:
        """The next symbol of a code."""
        longest, table = code
        value, bits = table[self._look(longest)]
        self.take(bits)
        return value

    def _look(self, count: int) -> int:
        first = self._at >> 3
        return int.from_bytes(self._data[first : first + 4], "little") >> (self._at & 7) & (1 << count) - 1


def check_blocks(stream: bytes | memoryview, width: int, height: int) -> None:
    """Raise PictureError when a lossless picture is divided into too many blocks. `stream` begins with the transforms:
    behind the head of a picture, or of what says how transparent one is."""
    bits, seen = _Bits(stream), set[int]()
    while bits.take(1):
        kind = bits.take(2)
        if kind in seen:
            raise PictureError(BROKEN)
        seen.add(kind)
        if kind < 2:
            _skip(bits, _blocks(bits, width, height))
        elif kind == 3:
            colours = bits.take(8) + 1
            _skip(bits, colours)
            packed = 3 if colours <= 2 else 2 if colours <= 4 else 1 if colours <= 16 else 0
            width = -(-width >> packed)
    if bits.take(1):
        bits.take(4)
    if bits.take(1) and _blocks(bits, width, height) > MOST_BLOCKS:
        raise PictureError(TOO_INVOLVED)


def _blocks(bits: _Bits, width: int, height: int) -> int:
    side = bits.take(3) + 2
    return -(-width >> side) * -(-height >> side)


def _skip(bits: _Bits, pixels: int) -> None:
    """Read over a small picture of this many pixels."""
    if pixels > MOST_TRANSFORMED:
        raise PictureError(TOO_INVOLVED)
    cached = 1 << bits.take(4) if bits.take(1) else 0
    green, red, blue, alpha, distance = (_code(bits, size) for size in (256 + 24 + cached, 256, 256, 256, 40))
    while pixels > 0:
        value = bits.symbol(green)
        if value < 256:
            for code in (red, blue, alpha):
                bits.symbol(code)
        elif value < 256 + 24:
            pixels -= _number(bits, value - 256) - 1
            _number(bits, bits.symbol(distance))
        pixels -= 1


def _number(bits: _Bits, prefix: int) -> int:
    """A length or distance that begins with this symbol."""
    if prefix < 4:
        return prefix + 1
    more = prefix - 2 >> 1
    return (2 + (prefix & 1) << more) + bits.take(more) + 1


def _code(bits: _Bits, size: int) -> Code:
    """The next code for symbols up to `size`."""
    lengths = [0] * max(size, 256)
    if bits.take(1):
        both = bits.take(1)
        lengths[bits.take(8 if bits.take(1) else 1)] = 1
        if both:
            lengths[bits.take(8)] = 1
        return _table(lengths)
    written = [0] * len(LENGTHS)
    for place in LENGTHS[: bits.take(4) + 4]:
        written[place] = bits.take(3)
    code = _table(written)
    left = 2 + bits.take(2 + 2 * bits.take(3)) if bits.take(1) else size
    at, last = 0, 8
    while at < size and left > 0:
        left -= 1
        value = bits.symbol(code)
        if value < 16:
            lengths[at] = value
            at, last = at + 1, value or last
            continue
        again = {16: (2, 3), 17: (3, 3), 18: (7, 11)}[value]
        count = bits.take(again[0]) + again[1]
        if at + count > size:
            raise PictureError(BROKEN)
        lengths[at : at + count] = [last if value == 16 else 0] * count
        at += count
    return _table(lengths)


def _table(lengths: list[int]) -> Code:
    """The code whose symbols have these lengths in bits. Raises PictureError when they make none."""
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(used) == 1:
        return 0, [(used[0][1], 0)]
    if sum(2**-length for length, _ in used) != 1:
        raise PictureError(BROKEN)
    longest, number, before = used[-1][0], 0, 0
    table = [(0, 0)] * (1 << longest)
    for length, symbol in used:
        number, before = number << length - before, length
        first = int(f"{number:0{length}b}"[::-1], 2)
        table[first :: 1 << length] = [(symbol, length)] * (1 << longest - length)
        number += 1
    return longest, table
