"""What a picture file may ask for, by its format: large ones of phones are read, larger ones get a sentence."""

import io
import logging
import struct

import numpy as np
import pytest
from PIL import Image

from core.errors import PictureError
from core.vision import bare_heif, decode
from core.vision.decode import OPENED, open_picture, picture_pixels
from core.vision.formats import MOST_PIXELS, orientation
from tests import hostile

MOST = 40_000_000


def phone_photo(width: int, height: int) -> bytes:
    """A flat baseline JPEG of any height, of one coded row of blocks again and again."""
    data = hostile.encoded(Image.new("RGB", (width, 32), (90, 60, 30)), "JPEG", restart_marker_rows=1)
    start = data.rindex(b"\xff\xda") + 14
    row = data[start : data.index(b"\xff\xd0", start)]
    rows = b"".join(row + bytes((0xFF, 0xD0 + number % 8)) for number in range(-(-height // 16)))
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">H", height) + data[at + 2 : start] + rows[:-2] + b"\xff\xd9"


@pytest.mark.parametrize("name", hostile.good())
def test_a_good_file_of_each_kind_is_read(name):
    assert open_picture(hostile.good()[name], MOST).shape in ((64, 96, 4), (256, 256, 4))


@pytest.mark.parametrize("name", hostile.good())
def test_the_pixels_of_a_good_file_are_told_without_decoding_it(name, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", None)
    assert picture_pixels(hostile.good()[name]) == (256 * 256 if name == "HEIC grid" else 96 * 64)


@pytest.mark.parametrize("data", [b"", b"text", b"BM", b"\x89PNG\r\n\x1a\n", hostile.png(14_000, 14_000)])
def test_the_pixels_of_what_is_no_picture_or_too_large_a_one_are_not_told(data):
    with pytest.raises(PictureError):
        picture_pixels(data)


def test_a_phone_photo_of_two_hundred_megapixels_is_read_reduced():
    opened = open_picture(phone_photo(16_320, 12_240), MOST)
    assert OPENED // 2 < max(opened.shape) <= OPENED and abs(int(opened[600, 600, 0]) - 90) < 4


@pytest.mark.parametrize("size", [(3_100, 64_000), (64_000, 3_100)])
def test_a_long_strip_is_read_too(size):
    assert max(open_picture(phone_photo(*size), MOST).shape) <= OPENED


def test_a_progressive_photo_is_read_and_one_of_three_hundred_scans_is_not():
    data = hostile.encoded(Image.new("RGB", (4_000, 3_000), (90, 60, 30)), "JPEG", progressive=True)
    assert open_picture(data, MOST).shape[:2] == (750, 1_000)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(PictureError, match="12 million pixels in 310 passes"):
        open_picture(data[:-2] + data[last:-2] * 300 + data[-2:], MOST)


def test_what_a_phone_puts_behind_a_photo_is_no_scan_of_it():
    data = hostile.encoded(hostile.drawn((1_200, 800)), "JPEG", progressive=True)
    assert open_picture(data + data * 100, MOST).shape == (800, 1_200, 4)


@pytest.mark.parametrize(("kind", "side"), [("PNG", 7_100), ("TIFF", 7_100), ("BMP", 7_100), ("GIF", 5_001)])
def test_one_pixel_row_more_than_the_most_gets_a_sentence_with_both_figures(kind, side):
    files = {
        "PNG": lambda: hostile.png(side, side),
        "BMP": lambda: hostile.bmp(side, side),
        "TIFF": lambda: hostile.encoded(Image.new("1", (side, side)), "TIFF", compression="group4"),
        "GIF": lambda: hostile.encoded(hostile.drawn(), "GIF")[:6] + struct.pack("<HH", side, side) + bytes(2_000),
    }
    data = files[kind]()
    if kind == "GIF":
        data = data[:10] + b"\0\0\0,\0\0\0\0\1\0\1\0\0" + bytes(100)
    with pytest.raises(PictureError, match=f"million pixels; for {kind} {MOST_PIXELS[kind] // 1_000_000} million"):
        open_picture(data, MOST)


@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_a_coded_picture_larger_than_its_box_says_gets_a_sentence(kind, monkeypatch):
    monkeypatch.setitem(MOST_PIXELS, kind, 7_000)
    assert open_picture(hostile.encoded(hostile.drawn((96, 64)), kind), MOST).shape == (64, 96, 4)
    large = hostile.encoded(hostile.drawn((192, 128)), kind)
    at = large.index(b"ispe") + 8
    lies = large[:at] + struct.pack(">II", 96, 64) + large[at + 8 :]
    with pytest.raises(PictureError, match=f"million pixels; for {kind}"):
        open_picture(lies, MOST)


@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_a_coded_picture_of_too_many_bytes_gets_a_sentence(kind, monkeypatch):
    data = hostile.encoded(hostile.drawn((96, 64)), kind)
    monkeypatch.setitem(bare_heif.MOST_CODED, kind, 100)
    with pytest.raises(PictureError, match=f"for {kind} 0 MB is the most"):
        open_picture(data, MOST)


@pytest.mark.parametrize("method", [0, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (151, 101)])
@pytest.mark.parametrize("colours", [2, 4, 16, 200, None])
def test_whatever_a_lossless_webp_begins_with_it_is_read(colours, size, method):
    picture = Image.effect_noise(size, 80).convert("RGB") if colours is None else hostile.drawn(size)
    picture = picture if colours is None else picture.quantize(colours).convert("RGB")
    clear = picture.copy()
    clear.putalpha(hostile.drawn(size, "L"))
    for one, options in ((picture, {"lossless": True}), (clear, {"lossless": True}), (clear, {"lossless": False})):
        data = hostile.encoded(one, "WEBP", method=method, **options)
        with Image.open(io.BytesIO(data)) as expected:
            assert np.array_equal(open_picture(data, MOST), np.asarray(expected.convert("RGBA")))


@pytest.mark.parametrize("folder", hostile.odd_folders())
def test_odd_exif_turns_nothing(folder):
    assert orientation(hostile.odd_folders()[folder]) is None


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "code"), [(3, "H"), (4, "I")])
def test_an_orientation_is_read_in_both_orders_of_bytes_and_both_widths(order, kind, code):
    exif = hostile.entry(0x0112, kind, 1, struct.pack(order + code, 6).ljust(4, b"\0"), order=order)
    assert orientation(exif) == orientation(b"Exif\0\0" + exif) == 6
    assert orientation(b"", b'<rdf tiff:Orientation="8"/>') == 8


def test_what_a_decoder_never_raised_before_is_logged_and_becomes_a_sentence(monkeypatch, caplog):
    class Unheard(Exception):
        pass

    def fail(_picture: Image.Image) -> Image.Image:
        raise Unheard

    monkeypatch.setattr(decode, "_shrink", fail)
    with caplog.at_level(logging.ERROR), pytest.raises(PictureError, match="breaks off"):
        open_picture(hostile.good()["PNG"], MOST)
    assert caplog.records[0].exc_info
