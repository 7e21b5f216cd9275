"""Bad picture files, made by program: the same ones each time, none larger than a few megabytes.

Each has a name and its bytes. `bad` gives files that may end in a picture or in a sentence, `odd_exif` those with good
pixels behind EXIF that is not as it should be, which must be read.
"""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache

import pillow_heif
from PIL import Image

EXIF = b"Exif\0\0"


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture file by Pillow, or by libheif for HEIC."""
    stream = io.BytesIO()
    if kind == "HEIC":
        pillow_heif.from_pillow(picture).save(stream, quality=60, **options)
    else:
        picture.save(stream, kind, **options)
    return stream.getvalue()


def drawn(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """A small picture with something in it."""
    picture = Image.radial_gradient("L").resize(size)
    return Image.merge("RGB", (picture, picture.rotate(90), picture.rotate(180))).convert(mode)


@cache
def good() -> dict[str, bytes]:
    """One good file of each kind that decoders tell apart."""
    picture = drawn()
    clear = drawn(mode="RGBA")
    clear.putalpha(drawn(mode="L"))
    film = {"save_all": True, "append_images": [drawn().rotate(90)]}
    files = {kind: encoded(picture, kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC")}
    files |= {f"{kind} film": encoded(picture, kind, **film) for kind in ("PNG", "WEBP", "GIF", "AVIF", "TIFF", "MPO")}
    files |= {f"{kind} clear": encoded(clear, kind) for kind in ("PNG", "WEBP", "AVIF", "HEIC", "TIFF")}
    files |= {f"TIFF {way}": encoded(picture, "TIFF", compression=way) for way in ("tiff_lzw", "jpeg", "packbits")}
    files |= {f"PNG {mode}": encoded(drawn(mode=mode), "PNG") for mode in ("1", "L", "P", "LA", "I;16")}
    files["JPEG progressive"] = encoded(picture, "JPEG", progressive=True)
    files["JPEG CMYK"] = encoded(drawn(mode="CMYK"), "JPEG")
    files["WEBP lossless"] = encoded(picture, "WEBP", lossless=True)
    files["HEIC grid"] = encoded(drawn((256, 256)), "HEIC", tile_size=64)
    return files


def bad() -> Iterator[tuple[str, bytes]]:
    """Files that are cut, changed, enlarged or made of far too many pieces."""
    files = good()
    yield from _cut_and_changed(files)
    yield from _enlarged()
    yield from _pieces(files)
    yield from _other_things(files)


def odd_exif() -> Iterator[tuple[str, bytes]]:
    """Pictures of good pixels with odd EXIF, in all that carries it."""
    for name, exif in odd_folders().items():
        for kind in ("JPEG", "PNG", "WEBP", "AVIF", "HEIC"):
            data = encoded(drawn(), kind)
            yield f"{kind}, {name}", with_exif(kind, data, exif)
        yield f"TIFF, {name}", _tiff_with(exif)


def entry(tag: int, kind: int, count: int, value: bytes, following: int = 0, order: str = "<") -> bytes:
    """EXIF with one entry in its first folder."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IHHHI4sI", 8, 1, tag, kind, count, value, following)


def odd_folders() -> dict[str, bytes]:
    """EXIF, from its byte order on, that is wrong in one way each."""
    many = b"".join(struct.pack("<HHII", 0x9000 + number, 7, 20_000, 8) for number in range(2_000))
    return {
        "orientation as text": entry(0x0112, 2, 4, b"abc\0"),
        "orientation as long text": entry(0x0112, 2, 40, b"\x1a\0\0\0"),
        "orientation as a fraction": entry(0x0112, 5, 1, b"\x08\0\0\0"),
        "orientation of no kind": entry(0x0112, 99, 1, b"\x06\0\0\0"),
        "a thousand orientations": entry(0x0112, 3, 1000, b"\x1a\0\0\0"),
        "four thousand million orientations": entry(0x0112, 3, 0xFFFFFFFF, b"\x1a\0\0\0"),
        "orientation 0": entry(0x0112, 3, 1, b"\0\0\0\0"),
        "orientation 77": entry(0x0112, 3, 1, b"\x4d\0\0\0"),
        "resolution as text": entry(0x011A, 2, 4, b"\xff\xff\xff\xff"),
        "resolution by nothing": entry(0x011A, 5, 1, b"\x1a\0\0\0") + bytes(8),
        "a value beyond the end": entry(0x011A, 5, 1, b"\xff\xff\xff\x7f"),
        "a folder that follows itself": entry(0x010F, 2, 4, b"abc\0", 8),
        "a folder within itself": entry(0x8769, 4, 1, b"\x08\0\0\0"),
        "a place of the world within itself": entry(0x8825, 4, 1, b"\x08\0\0\0"),
        "a folder beyond the end": b"II*\0\xff\xff\xff\x7f",
        "a folder in its own head": b"II*\0\0\0\0\0",
        "more entries than there are": b"II*\0\x08\0\0\0\xff\xff" + bytes(40),
        "thousands of large entries": b"II*\0\x08\0\0\0" + struct.pack("<H", 2_000) + many + bytes(24_000),
        "BigTIFF": b"II+\0\x08\0\0\0" + bytes(16),
        "BigTIFF of very many": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 60,
        "half a head": b"II*\0\x08",
        "the other order of bytes": b"MM*\0\0\0\0\x08\0\1",
        "cut off": entry(0x0112, 3, 1, b"\x06\0\0\0")[:14],
        "nonsense": b"nonsense" * 20,
        "all ones": b"\xff" * 64,
        "nothing": b"",
    }


def with_exif(kind: str, data: bytes, exif: bytes) -> bytes:
    """A good file with this EXIF put in by hand, so that nothing mends it."""
    if kind == "JPEG":
        body = EXIF + exif[:65_000]
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    if kind == "PNG":
        return data[:33] + chunk(b"eXIf", exif) + data[33:]
    if kind == "WEBP":
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        extended = b"VP8X" + struct.pack("<II", 10, 8) + size
        body = extended + data[12:] + b"EXIF" + struct.pack("<I", len(exif)) + exif + bytes(len(exif) % 2)
        return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    marked = entry(0x010F, 2, 4, b"mark") + bytes(max(0, len(exif) - 26))  # as long as what takes its place
    data = encoded(drawn(), kind, exif=EXIF + marked if kind == "HEIC" else marked)
    return data.replace(marked, exif.ljust(len(marked), b"\0"))


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, bits: int = 8, colours: int = 2, interlaced: int = 0, body: bytes = b"") -> bytes:
    """A PNG that says it is this large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlaced))
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if colours == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + head + palette + chunk(b"IDAT", body or zeros(1 << 20)) + chunk(b"IEND", b"")


@cache
def zeros(count: int) -> bytes:
    """So many zeros, deflated."""
    return zlib.compress(bytes(count), 1)


def _tiff_with(exif: bytes) -> bytes:
    """A TIFF whose orientation is the odd entry itself, and whose EXIF folder is this."""
    data = encoded(drawn(), "TIFF")
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    place = len(data) + len(data) % 2
    odd = [exif[10:22].ljust(12, b"\0")] if exif[10:12] == b"\x12\x01" else []
    odd.append(struct.pack("<HHII", 0x8769, 4, 1, place + 6 + 12 * (count + 3)))
    entries = [data[at + 2 + 12 * number : at + 14 + 12 * number] for number in range(count)] + odd
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry)[0])
    folder = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return data[:4] + struct.pack("<I", place) + data[8:].ljust(place - 8, b"\0") + folder + exif


def _cut_and_changed(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(0)
    for name, data in files.items():
        for tenth in range(0, 10, 3):
            yield f"{name} cut at {tenth} tenths", data[: max(1, len(data) * tenth // 10)]
        yield f"{name} without its last byte", data[:-1]
        for turn in range(4):
            changed = bytearray(data)
            for _ in range(1 + 4 * turn):
                changed[chance.randrange(len(data))] = chance.randrange(256)
            yield f"{name} changed {turn}", bytes(changed)
        start = chance.randrange(len(data))
        yield f"{name} with a piece twice", data[:start] + data[start // 2 : start] + data[start:]


def _enlarged() -> Iterator[tuple[str, bytes]]:
    """Small files that say they are large, or have no size."""
    for width, height in ((1, 199_000_000), (199_000_000, 1), (14_000, 14_000), (0, 0), (2**31 - 1, 1), (65_535, 760)):
        for bits, colours in ((1, 0), (8, 2), (16, 0), (16, 6), (8, 3)):
            yield f"PNG of {width} x {height}, {bits} {colours}", png(width, height, bits, colours)
        yield f"PNG of {width} x {height} in passes", png(width, height, 16, 6, 1)
        yield f"BMP of {width} x {height}", bmp(width, height)
        yield f"TIFF of {width} x {height}", _patched_tiff({256: width, 257: height})
        yield f"TIFF with tiles of {width} x {height}", _patched_tiff({322: width, 323: height, 324: 8, 325: 100})
    small = good()
    for width, height in ((65_535, 65_535), (14_000, 14_000), (0, 5), (65_500, 700)):
        for name in ("JPEG", "JPEG progressive", "JPEG CMYK"):
            at = min(place for place in map(small[name].find, (b"\xff\xc0", b"\xff\xc2")) if place > 0) + 5
            yield f"{name} of {width} x {height}", _over(small[name], at, struct.pack(">HH", height, width))
        yield f"GIF of {width} x {height}", _over(small["GIF"], 6, struct.pack("<HH", width, height))
        at = small["GIF"].index(b"\x2c\0\0\0\0") + 5
        yield f"GIF with a picture of {width} x {height}", _over(small["GIF"], at, struct.pack("<HH", width, height))
        for name in ("AVIF", "HEIC", "AVIF film", "HEIC grid", "HEIC clear"):
            at = small[name].index(b"ispe") + 8
            yield f"{name} of {width} x {height}", _over(small[name], at, struct.pack(">II", width, height))
    for width, height in ((16_383, 16_383), (12_000, 12_000), (16_383, 1)):
        bits = (width - 1) | (height - 1) << 14
        lossless = b"VP8L" + struct.pack("<IBI", 10, 0x2F, bits) + bytes(5)
        yield f"WebP of {width} x {height}", b"RIFF" + struct.pack("<I", 22) + b"WEBP" + lossless
        yield f"lossy WebP of {width} x {height}", _over(small["WEBP"], 26, struct.pack("<HH", width, height))
        film = _over(small["WEBP film"], 24, struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3])
        yield f"WebP film of {width} x {height}", film
    large = encoded(Image.new("L", (5_000, 5_000)), "AVIF", speed=10)
    at = large.index(b"ispe") + 8
    yield "AVIF larger inside than outside", _over(large, at, struct.pack(">II", 96, 64))


def _pieces(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Files of far too many pieces, each of which is small."""
    jpeg, png_file, gif = files["JPEG"], files["PNG"], files["GIF"]
    for number, comment in (
        (300_000, b"\xff\xfe\0\2"),
        (1_000_000, b"\xff"),
        (40, b"\xff\xe1\xff\xff" + bytes(65_533)),
    ):
        yield f"JPEG with {number} of {comment[:4].hex()}", jpeg[:2] + comment * number + jpeg[2:]
    yield "JPEG with nothing but filling before its end", jpeg[:-2] + b"\xff" * 30_000_000 + jpeg[-2:]
    yield "JPEG with junk before its picture", jpeg[:2] + bytes(4_000_000) + jpeg[2:]
    for size in ((96, 64), (3000, 2000)):
        data = encoded(drawn(size), "JPEG", progressive=True)
        last = data.rindex(b"\xff\xda")
        for number in (300, 5_000):
            yield f"JPEG of {size} with {number} scans", data[:-2] + data[last:-2] * number + data[-2:]
    for name in (b"IDAT", b"tEXt", b"zTXt", b"abCd"):
        yield f"PNG with many {name.decode()}", png_file[:33] + chunk(name, b"") * 300_000 + png_file[33:]
    text = chunk(b"zTXt", b"a\0\0" + zeros(1 << 24)) * 20
    yield "PNG with texts that unpack to a lot", png_file[:33] + text + png_file[33:]
    yield (
        "PNG with a profile that unpacks to a lot",
        png_file[:33] + chunk(b"iCCP", b"a\0\0" + zeros(1 << 26)) + png_file[33:],
    )
    yield "PNG that unpacks to more than it is", png(96, 64, body=zeros(1 << 28))
    at = 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)
    for comment in (
        b"!\xfe" + b"\1a" * 1_500_000 + b"\0",
        b"!\xfe\1a\0" * 300_000,
        b"!\xff\0" * 300_000,
        b"\0" * 3_000_000,
    ):
        yield f"GIF with {len(comment)} bytes of {comment[:3].hex()}", gif[:at] + comment + gif[at:]
    webp = files["WEBP film"]
    yield "WebP with many chunks", webp[:12] + webp[12:30] + b"abcd\0\0\0\0" * 300_000 + webp[30:]
    yield "WebP with many frames", webp + webp[webp.index(b"ANMF") :] * 2_000
    for tag, kind in ((273, 4), (258, 3), (282, 5), (320, 3), (330, 4), (34_665, 4), (700, 1)):
        yield f"TIFF with a million of {tag}", _patched_tiff({}, extra=(tag, kind, 1_000_000, 8), room=4_000_000)
    for name, body in (("pairs", b"\1\5"), ("lines", b"\0\0"), ("steps", b"\0\2\0\1"), ("none", b"\0\0" * 3 + b"\0\1")):
        for size in ((1500, 1500), (60_000, 700), (1, 60_000)):
            yield f"BMP of {size} with runs of {name}", bmp(*size, packed=1) + body * (2_000_000 // len(body))
    for name in ("AVIF", "HEIC"):
        data = files[name]
        yield f"{name} with many boxes", data + b"\0\0\0\x08free" * 300_000
        at = data.index(b"ipco") + 4
        yield f"{name} with many properties", data[:at] + b"\0\0\0\x08free" * 300_000 + data[at:]


def _other_things(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    signatures = {name: data[:16] for name, data in files.items() if " " not in name}
    for name, start in signatures.items():
        yield f"the head of {name} alone", start
        yield f"{name} and zeros", start + bytes(100_000)
        yield f"{name} and ones", start + b"\xff" * 100_000
        yield f"{name} with the wrong beginning", b"\0" + files[name][1:]
        for other in ("PNG", "JPEG", "TIFF"):
            yield f"{other} in the coat of {name}", start + files[other]
    yield "empty", b""
    yield "one byte", b"\xff"
    yield "text", b"Not a picture.\n" * 1_000
    yield "zip", b"PK\3\4" + bytes(1_000)
    yield "pdf", b"%PDF-1.7\n" + bytes(1_000)
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'
    yield "film", b"\0\0\0\x18ftypmp42" + bytes(1_000)
    yield "BigTIFF", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 1_000_000


def bmp(width: int, height: int, packed: int = 0) -> bytes:
    """The head of a BMP with 256 greys that says it is this large."""
    head = struct.pack("<IIIHHIIiiII", 40, width, height, 1, 8, packed, 0, 0, 0, 256, 0)
    colours = b"".join(bytes((255 - level, level, 0, 0)) for level in range(256))
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + head + colours


def _over(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]


def _patched_tiff(numbers: dict[int, int], extra: tuple[int, int, int, int] | None = None, room: int = 0) -> bytes:
    """A TIFF with other numbers in its entries, and perhaps one entry more or instead."""
    data = encoded(drawn(), "TIFF", compression="tiff_lzw")
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = {
        struct.unpack_from("<H", data, place)[0]: data[place : place + 12]
        for place in range(at + 2, at + 2 + 12 * count, 12)
    }
    entries |= {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in numbers.items()}
    if extra:
        entries[extra[0]] = struct.pack("<HHII", *extra)
    place = len(data) + len(data) % 2
    folder = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    return data[:4] + struct.pack("<I", place) + data[8:].ljust(place - 8, b"\0") + folder + bytes(room)
