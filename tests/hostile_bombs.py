"""Small picture files that took long or much memory to read, most of them only to find out how large they are."""

import struct
import zlib
from collections.abc import Iterator

from tests import hostile

TILES = 900


def bombs() -> Iterator[tuple[str, bytes]]:
    """Files that are refused: each has a name and its bytes."""
    yield from _listed()
    yield from _tiled()
    yield "WebP of 16,384 groups of codes", _webp(b"VP8L", _blocks(512, head=True))
    lossy = hostile.encoded(hostile.drawn((512, 512)), "WEBP")
    head = struct.pack("<4sII", b"VP8X", 10, 16) + 2 * struct.pack("<I", 511)[:3]
    alpha = _chunk(b"ALPH", b"\1" + _blocks(512, head=False))
    yield "lossy WebP of 16,384 groups in its transparency", _riff(head + alpha + lossy[12:])
    film = bytes(6) + 2 * struct.pack("<I", 511)[:3] + bytes(4) + alpha + lossy[12:]
    yield (
        "WebP film of 16,384 groups",
        _riff(head[:8] + b"\x12" + head[9:] + _chunk(b"ANIM", bytes(6)) + _chunk(b"ANMF", film)),
    )
    yield "WebP of many transparencies", _riff(head + _chunk(b"ALPH", b"\1" + bytes(10)) * 1_000 + lossy[12:])
    for order in (1, 2):
        yield f"TIFF of strips over each other, order {order}", _overlapping(order)
    yield "JPEG without loss of 24 passes", _lossless_jpeg(4_000, 2_990, 24)


def box(name: bytes, body: bytes) -> bytes:
    """A box of HEIC or AVIF."""
    return struct.pack(">I4s", 8 + len(body), name) + body


def full(name: bytes, body: bytes, version: int = 0) -> bytes:
    """A box with a version."""
    return box(name, bytes((version, 0, 0, 0)) + body)


def heif(coded: bytes, kinds: list[bytes], places: bytes, *boxes: bytes, brand: bytes = b"heic") -> bytes:
    """A file of items of these kinds, the first of which is shown. `places` follows the version of its box."""
    kinds_box = b"".join(
        full(b"infe", struct.pack(">HH4sB", number, 0, kind, 0), 2) for number, kind in enumerate(kinds, 1)
    )
    described = (
        full(b"pitm", struct.pack(">H", 1)),
        full(b"iinf", struct.pack(">H", len(kinds)) + kinds_box),
        full(b"iloc", places),
        *boxes,
    )
    return box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + full(b"meta", b"".join(described)) + coded


def _listed() -> Iterator[tuple[str, bytes]]:
    """Lists that say to be far longer than their boxes."""
    one = b"\x44\0" + struct.pack(">HHHHII", 1, 1, 0, 1, 8, 100)
    empty = box(b"ipco", box(b"free", b"") * 127)
    for filling in (b"\xff", b"\x7f"):
        pairs = full(b"ipma", struct.pack(">I", 1_000)) * 100 + box(b"free", filling * 130_000)
        properties = box(b"iprp", empty + pairs)
        yield (
            f"HEIC of properties {filling.hex()} beyond their box",
            heif(filling * 100_000, [b"hvc1"], one, properties),
        )
    for name in (b"cdsc", b"dimg", b"auxl"):
        links = full(b"iref", box(name, struct.pack(">HH", 1, 65_535)) * 100)
        yield (
            f"HEIC of {name.decode()} beyond its box",
            heif(b"\x7f" * 200_000, [b"hvc1"], one, box(b"iprp", empty), links),
        )
    places = b"\0\0" + struct.pack(">H", 1_000) + struct.pack(">HHH", 1, 0, 1_000) * 1_000
    yield "HEIC of a million places", heif(b"", [b"hvc1"], places, box(b"iprp", empty))


def _tiled() -> Iterator[tuple[str, bytes]]:
    """Pictures put together from many parts, each of which costs."""
    shared = hostile.good()["HEIC"]
    at = shared.index(b"hvcC") + 4
    head = shared[at : at - 8 + int.from_bytes(shared[at - 8 : at - 4], "big")]
    more = head[:22] + bytes((head[22] + 1,)) + head[23:] + b"\x21"
    unit = head[head.index(b"\x42\1\1") - 2 :]
    unit = unit[: 2 + int.from_bytes(unit[:2], "big")]
    many = 100_000 // len(unit)
    yield (
        "HEIC of empty units for all parts",
        _grid(b"hvc1", box(b"hvcC", more + struct.pack(">H", 60_000) + bytes(120_000)), bytes(10)),
    )
    yield (
        "HEIC of heads for all parts",
        _grid(b"hvc1", box(b"hvcC", more + struct.pack(">H", many) + unit * many), bytes(10)),
    )
    short = head[:21] + bytes((head[21] & 0xFC,)) + head[22:]
    yield "HEIC of empty units in each part", _grid(b"hvc1", box(b"hvcC", short), bytes(19_900))
    clear = hostile.good()["AVIF"]
    at, coded = clear.index(b"av1C") - 4, clear[clear.index(b"mdat") + 4 :]
    sequence = coded[coded.index(b"\x0a") :]
    part = sequence[: 2 + sequence[1]] + b"\x12\0" * 9_900
    yield (
        "AVIF of empty units in each part",
        _grid(b"av01", clear[at : at + int.from_bytes(clear[at : at + 4], "big")], part),
    )


def _grid(kind: bytes, configuration: bytes, part: bytes) -> bytes:
    """A picture of many equal parts with one configuration."""
    numbers = range(2, TILES + 2)
    properties = box(b"ipco", configuration + full(b"ispe", struct.pack(">II", 64, 64)))
    properties += full(
        b"ipma", struct.pack(">I", TILES) + b"".join(struct.pack(">H3B", one, 2, 1, 2) for one in numbers)
    )
    links = full(b"iref", box(b"dimg", struct.pack(f">{2 + TILES}H", 1, TILES, *numbers)))
    shape = b"\0\0" + bytes((29, 29)) + struct.pack(">HH", 64, 64)

    def made(start: int) -> bytes:
        spans = [(start, 8), *((start + 8 + len(part) * place, len(part)) for place in range(TILES))]
        listed = b"".join(struct.pack(">HHHII", one, 0, 1, *span) for one, span in enumerate(spans, 1))
        places = b"\x44\0" + struct.pack(">H", TILES + 1) + listed
        brand = b"avif" if kind == b"av01" else b"heic"
        coded = box(b"mdat", shape + part * TILES)
        return heif(coded, [b"grid", *[kind] * TILES], places, box(b"iprp", properties), links, brand=brand)

    return made(len(made(0)) - len(part) * TILES - 8)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)


def _riff(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I4s", 4 + len(chunks), b"WEBP") + chunks


def _webp(name: bytes, body: bytes) -> bytes:
    return _riff(_chunk(name, body))


def _blocks(side: int, head: bool) -> bytes:
    """A lossless picture, each 4 x 4 pixels of which have codes of their own."""
    bits: list[str] = []

    def put(value: int, count: int) -> None:
        bits.append(f"{value:0{count}b}"[::-1])

    if head:
        for value, count in ((0x2F, 8), (side - 1, 14), (side - 1, 14), (0, 4)):
            put(value, count)
    for value, count in ((0, 1), (1, 1), (11, 4), (1, 1), (0, 3), (0, 1)):  # no transform, a cache, blocks of 4 x 4
        put(value, count)
    for symbols in (256 + 24, 256):  # two codes of 8 bits for 256 symbols
        put(0, 1)
        put(8, 4)
        for symbol in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8):
            put(symbol in (0, 8), 3)
        put(0, 1)
        bits += ["1" * 256 + "0" * (symbols - 256)]
    bits += ["1000"] * 3  # and three of one symbol
    blocks = (side // 4) ** 2
    bits += [f"{block & 255:08b}{block >> 8:08b}" for block in range(blocks)]
    bits += ["1000" * 5] * blocks
    text = "".join(bits)
    return int(text[::-1], 2).to_bytes(-(-len(text) // 8), "little") + bytes(64)


def _overlapping(order: int) -> bytes:
    """A TIFF whose 20,000 strips are all the same megabyte."""
    rows, room = 20_000, 1 << 20
    strip = zlib.compress(bytes(8))
    if order == 2:
        strip = bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip)
    data = b"II*\0" + bytes(4) + strip + bytes(room + len(strip) % 2)
    starts = len(data)
    data += struct.pack("<I", 8) * rows + struct.pack("<I", room) * rows
    numbers = {256: 8, 257: rows, 258: 8, 259: 8, 262: 1, 266: order, 277: 1, 278: 1}
    entries = {tag: (1, value) for tag, value in numbers.items()}
    entries |= {273: (rows, starts), 279: (rows, starts + 4 * rows)}
    folder = b"".join(struct.pack("<HHII", tag, 4, *entries[tag]) for tag in sorted(entries))
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + struct.pack("<H", len(entries)) + folder + bytes(4)


def _lossless_jpeg(width: int, height: int, passes: int) -> bytes:
    parts = b"".join(bytes((part, 0x11, 0)) for part in (1, 2, 3))
    frame = b"\xff\xc3" + struct.pack(">HBHHB", 17, 8, height, width, 3) + parts
    code = b"\xff\xc4" + struct.pack(">HB", 20, 0) + b"\1" + bytes(16)
    scan = bytes(width * height // 8 + 1)
    scans = [b"\xff\xda" + struct.pack(">H6B", 8, 1, one % 3 + 1, 0, 1, 0, 0) + scan for one in range(passes)]
    return b"\xff\xd8" + frame + code + b"".join(scans) + b"\xff\xd9"
