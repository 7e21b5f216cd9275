"""HEIC and AVIF files of which only the first picture is looked at: all else is renamed, so that nobody reads it.

Both are boxes within boxes (ISO/IEC 14496-12 and 23008-12). The size of a picture stands in its box, in the grid it is
put together from, and in the coded picture itself, and decoders make room for each: all are bounded here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.errors import PictureError
from core.language import N_
from core.vision.coded_size import Budget, av1_size, hevc_size
from core.vision.formats import BROKEN, MOST_PIXELS, TOO_INVOLVED, Bare, check_left, check_size, paddings

NOT_A_PICTURE = N_("This file is not a picture I can open. Try JPEG, PNG or HEIC.")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
MOST_BRANDS = 400  # bytes
MOST_BOXES = 1_000  # in one box
MOST_META = 256_000  # bytes of the box that describes all pictures
MOST_LISTED = 10_000  # places, properties and references of all items together; a phone's photo has some hundred
MOST_CODED = {"HEIC": 13_000_000, "AVIF": 20_000_000}  # bytes of coded picture; a phone's largest has 12 million
PLAINER = {  # what a file says it is -> what is left of that: no film, and no light for screens of high contrast
    b"avis": b"avif",
    b"msf1": b"mif1",
    b"tmap": b"mif1",
}
ALPHA = (b"auxid:1\0", b"auxiliary:alpha\0")  # what says that a second picture is the transparency of the first


@dataclass(eq=False)
class _Item:
    """One of the pictures, or other things, in a file."""

    name: int
    kind: bytes = b""
    kind_at: int = 0  # where `kind` stands in the file
    spans: list[tuple[int, int]] = field(default_factory=list)  # of the file, where its bytes are
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)  # name and body
    parts: list[int] = field(default_factory=list)  # the items that a grid is put together from
    parts_at: tuple[int, int] = 0, 0  # where these stand in the file, and how many bytes each takes
    alpha_of: list[int] = field(default_factory=list)  # the items that this may be the transparency of

    @property
    def end(self) -> int:
        """Where its last byte is."""
        return max((end for _, end in self.spans), default=0)

    def all_of(self, name: bytes) -> list[bytes]:
        return [body for kind, body in self.properties if kind == name]


def heic(data: bytes) -> Bare:
    """A HEIC file of its first picture alone. Raises PictureError."""
    brands = data[8 : min(int.from_bytes(data[:4], "big"), MOST_BRANDS)]
    if not any(brands[at : at + 4] in HEIC_BRANDS for at in range(0, len(brands), 4) if at != 4):
        raise PictureError(NOT_A_PICTURE)  # a film has the same beginning
    return _bare(data, "HEIC")


def avif(data: bytes) -> Bare:
    """An AVIF file of its first picture alone. Raises PictureError."""
    return _bare(data, "AVIF")


def _bare(data: bytes, kind: str) -> Bare:
    written = bytearray(data)
    meta, film = None, False
    for name, at, body, end in _boxes(data, 0, len(data)):
        if name == b"meta" and meta is None:
            meta = body, end
        elif name == b"ftyp":
            for brand, plainer in PLAINER.items():
                written[body:end] = written[body:end].replace(brand, plainer)
        elif name != b"mdat":
            film = film or name == b"moov"
            written[at + 4 : at + 8] = b"free"
    if meta is None:
        raise PictureError(NOT_A_PICTURE if film else BROKEN)
    if meta[1] - meta[0] > MOST_META:
        raise PictureError(TOO_INVOLVED)
    found = _Meta(data, *meta)
    first, items = found.read()
    if first.kind == b"tmap":  # how a picture and a map of its lights become one for screens of high contrast
        first = found.shown_instead(items[first.parts[0]], written)
    cut = [_without_missing(item, items, written) for item in _used(first, items) if item.kind == b"grid"]
    used = _used(first, items)
    pixels = _check(data, kind, used)
    for item in items.values():
        if item.kind_at and item not in used:
            written[item.kind_at : item.kind_at + 4] = b"skip"
    lacking = max(item.end for item in used) - len(data)
    endings = paddings(lacking, len(data)) if lacking > 0 else (b"",)
    return Bare(bytes(written), pixels, cut=any(cut), endings=endings)


def _without_missing(grid: _Item, items: dict[int, _Item], written: bytearray) -> bool:
    """Put in place of the parts of a grid that lie beyond the end of the file those above them; whether there are any.
    Raises PictureError when there are many."""
    missing = [place for place, part in enumerate(grid.parts) if items[part].end > len(written)]
    check_left(len(grid.parts) - len(missing), len(grid.parts))
    start, wide = grid.parts_at
    columns = written[grid.spans[0][0] + 3] + 1
    for place in missing:
        above = place - columns
        if above < 0:
            raise PictureError(BROKEN)
        grid.parts[place] = grid.parts[above]
        written[start + place * wide : start + (place + 1) * wide] = grid.parts[above].to_bytes(wide, "big")
    return bool(missing)


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """The boxes between two places: each with its name, and where it, its body and what follows begin."""
    for _ in range(MOST_BOXES):
        if at + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        following = min(at + size, end) if size else end
        if following < body:
            raise PictureError(BROKEN)
        yield name, at, body, following
        at = following
    raise PictureError(TOO_INVOLVED)


class _Meta:
    """Reads the box that describes all pictures."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data = data
        self.boxes = {name: (body, end) for name, _, body, end in _boxes(data, at + 4, end)}
        self.items: dict[int, _Item] = {}
        self.budget = Budget(MOST_LISTED)

    def read(self) -> tuple[_Item, dict[int, _Item]]:
        """The item to show, and all by their numbers."""
        if not {b"pitm", b"iinf", b"iloc", b"iprp"} <= self.boxes.keys():
            raise PictureError(BROKEN)
        self._kinds(*self.boxes[b"iinf"])
        self._places(*self.boxes[b"iloc"])
        self._properties(*self.boxes[b"iprp"])
        if b"iref" in self.boxes:
            self._references(*self.boxes[b"iref"])
        at = self.boxes[b"pitm"][0]
        first = self._number(at + 4, 4 if self.data[at] else 2)
        if not self._item(first).kind:
            raise PictureError(BROKEN)
        return self._item(first), self.items

    def shown_instead(self, item: _Item, written: bytearray) -> _Item:
        """Make another item the one to show."""
        at = self.boxes[b"pitm"][0]
        wide = 4 if self.data[at] else 2
        written[at + 4 : at + 4 + wide] = item.name.to_bytes(wide, "big")
        return item

    def _item(self, name: int) -> _Item:
        return self.items.setdefault(name, _Item(name))

    def _number(self, at: int, size: int, end: int | None = None) -> int:
        """The number at a place. Raises PictureError where it would reach beyond the `end` of its box."""
        if end is not None and at + size > end:
            raise PictureError(BROKEN)
        return int.from_bytes(self.data[at : at + size], "big")

    def _kinds(self, at: int, end: int) -> None:
        for name, _, body, _ in _boxes(self.data, at + (8 if self.data[at] else 6), end):
            wide = 4 if self.data[body] > 2 else 2
            if name != b"infe" or self.data[body] < 2:
                raise PictureError(BROKEN)
            item = self._item(self._number(body + 4, wide))
            if item.kind:  # the same twice
                raise PictureError(BROKEN)
            item.kind_at = body + 6 + wide
            item.kind = self.data[item.kind_at : item.kind_at + 4]

    def _places(self, at: int, end: int) -> None:
        version, sizes, more = self.data[at], self.data[at + 4], self.data[at + 5]
        offset, length, base = sizes >> 4, sizes & 15, more >> 4
        index = more & 15 if version else 0
        wide = 4 if version == 2 else 2
        at += 6
        count, at = self._number(at, wide, end), at + wide
        for _ in range(count):
            self.budget.take()
            item, at = self._item(self._number(at, wide, end)), at + wide
            inside = version > 0 and self._number(at, 2) & 15
            at += 4 if version else 2
            start, at = self._number(at, base), at + base
            start += self.boxes[b"idat"][0] if inside else 0
            extents, at = self._number(at, 2, end), at + 2
            for _ in range(extents):
                self.budget.take()
                place, size = self._number(at + index, offset, end), self._number(at + index + offset, length, end)
                item.spans.append((start + place, start + place + (size or len(self.data))))
                at += index + offset + length

    def _properties(self, at: int, end: int) -> None:
        known: list[tuple[bytes, bytes]] = []
        for name, _, body, following in _boxes(self.data, at, end):
            if name == b"ipco":
                known += [(kind, self.data[at:to]) for kind, _, at, to in _boxes(self.data, body, following)]
            elif name == b"ipma":
                wide, long = (4 if self.data[body] else 2), (2 if self.data[body + 3] & 1 else 1)
                count, at = self._number(body + 4, 4, following), body + 8
                for _ in range(count):
                    item, number = self._item(self._number(at, wide, following)), self._number(at + wide, 1, following)
                    self.budget.take(1 + number)
                    at += wide + 1
                    for place in range(at, at + number * long, long):
                        which = self._number(place, long, following) & (0x7FFF if long == 2 else 0x7F)
                        item.properties += known[which - 1 : which] if which else []
                    at += number * long

    def _references(self, at: int, end: int) -> None:
        wide = 4 if self.data[at] else 2
        for name, _, body, following in _boxes(self.data, at + 4, end):
            count, first = self._number(body + wide, 2, following), body + wide + 2
            self.budget.take(1 + count)
            to = [self._number(place, wide, following) for place in range(first, first + count * wide, wide)]
            item = self._item(self._number(body, wide))
            if name == b"dimg":
                item.parts_at = item.parts_at if item.parts else (first, wide)
                item.parts += to
            elif name == b"auxl":
                item.alpha_of += to


def _used(first: _Item, items: dict[int, _Item]) -> list[_Item]:
    """The item to show, with its parts and its transparency."""
    used = [first]
    for item in used:
        parts = [items[part] for part in item.parts if part in items]
        used += parts
        if len(used) > MOST_BOXES or (item.kind != b"iden" and any(part.parts for part in parts)):
            raise PictureError(TOO_INVOLVED)
        used += [
            other
            for other in items.values()
            if item.name in other.alpha_of and other not in used and _is_alpha(other.all_of(b"auxC"))
        ]
    return used


def _is_alpha(described: list[bytes]) -> bool:
    return any(body[4:].startswith(b"urn:mpeg:") and body.find(word) > 0 for body in described for word in ALPHA)


def _check(data: bytes, kind: str, used: list[_Item]) -> int:
    """The pixels of the largest picture. Raises PictureError when one, or all that is decoded for it, is too large."""
    decoded = read = largest = 0
    budget = Budget()
    for item in used:
        read += sum(max(0, min(end, len(data)) - start) for start, end in item.spans)
        if read > 2 * len(data):  # a part may be shown twice, in place of one that is missing
            raise PictureError(TOO_INVOLVED)
        if read > MOST_CODED[kind]:
            raise PictureError(
                "This picture takes {size} MB; for {kind} {most} MB is the most. Send a smaller one, or a JPEG.",
                size=f"{read / 1e6:.0f}",
                kind=kind,
                most=f"{MOST_CODED[kind] / 1e6:.0f}",
            )
        coded = b"".join(data[start:end] for start, end in item.spans)
        for described in item.all_of(b"ispe"):
            largest = max(largest, check_size(kind, *struct.unpack_from(">II", described, 4)))
        if item.kind == b"iden":  # its part, perhaps turned
            continue
        if item.kind == b"grid":
            shape = struct.unpack_from(">II" if coded[1] & 1 else ">HH", coded, 4)
            largest = max(largest, check_size(kind, *shape))
            continue
        if item.kind in (b"hvc1", b"hev1"):
            width, height, pictures = hevc_size(item.all_of(b"hvcC"), coded, budget)
        elif item.kind == b"av01":
            width, height, pictures = av1_size(coded, budget)
        else:
            raise PictureError(TOO_INVOLVED)
        largest = max(largest, check_size(kind, width, height))
        decoded += width * height * pictures
    if decoded > 2.5 * MOST_PIXELS[kind]:
        raise PictureError(TOO_INVOLVED)
    return largest
