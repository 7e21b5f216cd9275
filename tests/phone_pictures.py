"""Picture files as phones write them, put together box by box: HDR photos with a gain map, in HEIC, AVIF and JPEG.

A gain map says how much brighter each place of a photo is on a screen that can show it (ISO 21496-1). It is a second
picture beside the one that everything shows.
"""

import io
import struct
from dataclasses import dataclass, field

import numpy as np
import pillow_heif
from PIL import Image

from tests import hostile

NAMES = {b"mime": b"\0text/xml\0"}  # of an item, and what it holds
Box = tuple[bytes, bytes]  # name and body
ESSENTIAL = (b"hvcC", b"av1C", b"irot")  # without which a picture cannot be shown


@dataclass
class Item:
    """A picture, or another thing, in a HEIF file."""

    kind: bytes
    data: bytes
    properties: list[Box] = field(default_factory=list)
    references: list[tuple[bytes, list[int]]] = field(default_factory=list)  # by the numbers of items, from 1 on
    hidden: bool = False


def box(name: bytes, *bodies: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), name) + body


def heif(items: list[Item], brand: bytes = b"heic", primary: int = 1, also: bytes = b"mif1heicaviftmap") -> bytes:
    """A HEIF file of these items; those that can replace each other stand in a group, as ISO 21496-1 has it."""
    known: list[Box] = []
    places = []
    for item in items:
        for one in item.properties:
            if one not in known:
                known.append(one)
        places.append([known.index(one) + 1 | 128 * (one[0] in ESSENTIAL) for one in item.properties])
    infe = [
        box(
            b"infe",
            bytes([2, 0, 0, item.hidden]),
            struct.pack(">HH4s", number, 0, item.kind),
            b"\0",
            b"text/xml\0" * (item.kind == b"mime"),
        )
        for number, item in enumerate(items, 1)
    ]
    ipma = b"".join(
        struct.pack(">HB", number, len(places[number - 1])) + bytes(places[number - 1])
        for number in range(1, len(items) + 1)
    )
    iref = b"".join(
        box(name, struct.pack(f">HH{len(to)}H", number, len(to), *to))
        for number, item in enumerate(items, 1)
        for name, to in item.references
    )
    toned = [number for number, item in enumerate(items, 1) if item.kind == b"tmap"]
    base = [to[0] for item in items if item.kind == b"tmap" for _, to in item.references]
    group = box(b"altr", bytes(4), struct.pack(">4I", 1000, 2, *toned, *base)) if toned else b""

    def meta(start: int) -> bytes:
        iloc = b""
        for number, item in enumerate(items, 1):
            iloc += struct.pack(">HHHHII", number, 0, 0, 1, start, len(item.data))
            start += len(item.data)
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", bytes(4), struct.pack(">H", primary)),
            box(b"iloc", bytes([1, 0, 0, 0]), struct.pack(">HH", 0x4400, len(items)), iloc),
            box(b"iinf", bytes(4), struct.pack(">H", len(items)), *infe),
            box(b"iref", bytes(4), iref),
            box(
                b"iprp",
                box(b"ipco", *(box(name, body) for name, body in known)),
                box(b"ipma", bytes(4), struct.pack(">I", len(items)), ipma),
            ),
            *([box(b"grpl", group)] if group else []),
        )

    head = box(b"ftyp", brand, bytes(4), also)
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *(item.data for item in items))


def coded(picture: Image.Image, kind: str = "HEIC", **options: object) -> Item:
    """A coded picture, as libheif or libavif wrote it, with its properties."""
    data = hostile.encoded(picture, kind, **options)
    at = data.index(b"ipco") + 4
    (size,) = struct.unpack_from(">I", data, at - 8)
    end, properties = at - 8 + size, []
    while at < end:
        length, name = struct.unpack_from(">I4s", data, at)
        if name in (b"hvcC", b"av1C", b"ispe", b"pixi", b"colr"):
            properties.append((name, data[at + 8 : at + length]))
        at += length
    at = data.index(b"mdat") + 4
    (size,) = struct.unpack_from(">I", data, at - 8)
    return Item(b"hvc1" if kind == "HEIC" else b"av01", data[at : at - 8 + size], properties)


def ispe(width: int, height: int) -> Box:
    """The property that says how large a picture is."""
    return b"ispe", bytes(4) + struct.pack(">II", width, height)


def hdr(picture: Image.Image, kind: str, tile: int, primary_is_toned: bool) -> bytes:
    """An HDR photo: a base picture, whole or in tiles of so many pixels, a grey gain map, a thumbnail and `tmap`, the
    item that says how base and gain map become the HDR picture. Phones turn the base picture with `irot`."""
    width, height = picture.size
    items: list[Item] = []
    if tile:
        across, down = -(-width // tile), -(-height // tile)
        for y in range(down):
            for x in range(across):
                part = Image.new("RGB", (tile, tile))
                part.paste(picture.crop((x * tile, y * tile, (x + 1) * tile, (y + 1) * tile)))
                items.append(coded(part, kind))
                items[-1].hidden = True
        shape = bytes([0, 0, down - 1, across - 1]) + struct.pack(">HH", width, height)
        parts = [(b"dimg", list(range(1, len(items) + 1)))]
        items.append(Item(b"grid", shape, [ispe(width, height)], parts))
    else:
        items.append(coded(picture, kind))
    base = len(items)
    small = coded(picture.resize((width // 4 // 2 * 2, height // 4 // 2 * 2)), kind)
    small.references = [(b"thmb", [base])]
    gain = coded(picture.convert("L").resize((width // 2 // 2 * 2, height // 2 // 2 * 2)), kind)
    gain.hidden = True
    gain.properties.append((b"auxC", bytes(4) + b"urn:com:apple:photo:2020:aux:hdrgainmap\0"))
    gain.references = [(b"auxl", [base])]
    toned = Item(b"tmap", bytes(62), [ispe(width, height)], [(b"dimg", [base, base + 2])])
    about = Item(b"mime", b"<x:xmpmeta/>", [], [(b"cdsc", [base + 2])])
    items += [small, gain, toned, about]
    return heif(items, kind.lower().encode(), base + 3 if primary_is_toned else base)


def deep_heic(pixels: np.ndarray) -> bytes:
    """A HEIC of 10 bits a colour, of pixels (h, w, 3) uint16."""
    height, width = pixels.shape[:2]
    stream = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (width, height), pixels.tobytes()).save(stream, quality=90)
    return stream.getvalue()


def ultra_hdr(picture: Image.Image, gain: Image.Image) -> bytes:
    """An HDR photo of an Android phone: a JPEG that everything shows, its XMP and index of pictures, and behind it the
    gain map as another JPEG."""
    second = hostile.encoded(gain, "JPEG")
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description hdrgm:Version="1.0"><Container:Directory><Container:Item'
        b' Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="%d"/></Container:Directory></rdf:Description>'
        b"</x:xmpmeta>" % len(second)
    )
    index = b"MPF\0MM\0*\0\0\0\x08" + bytes(2)
    first = hostile.encoded(picture, "JPEG")
    for code, body in ((0xE2, index), (0xE1, xmp)):
        first = first[:2] + struct.pack(">BBH", 0xFF, code, len(body) + 2) + body + first[2:]
    return first + second
