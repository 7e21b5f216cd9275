"""Picture files that break off near their end, or have something before or behind them, and those of HDR phones."""

import struct
from functools import cache

import numpy as np
import pytest
from PIL import Image

from core.data.gather import read_pictures
from core.errors import PictureError
from core.settings import Settings
from core.vision.decode import open_picture, opened, picture_pixels
from core.vision.quality import Problem
from core.vision.reading import read_photo
from tests import hostile, phone_pictures

MOST = 40_000_000


@cache
def scene(width: int = 480, height: int = 1280) -> Image.Image:
    """A high picture with as much to say below as above."""
    noise = np.random.default_rng(0).normal(0, 12, (height, width, 3))
    return Image.fromarray((np.asarray(hostile.drawn((width, height))) + noise).clip(0, 255).astype(np.uint8))


@cache
def files() -> dict[str, bytes]:
    """One file of each kind that tells how much of it there is."""
    clear = scene().convert("RGBA")
    clear.putalpha(scene().convert("L"))
    kinds = {
        kind: hostile.encoded(scene(), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC")
    }
    kinds["PNG clear"] = hostile.encoded(clear, "PNG")
    kinds["WEBP lossless"] = hostile.encoded(scene(), "WEBP", lossless=True)
    kinds["JPEG grey"] = hostile.encoded(scene().convert("L"), "JPEG")
    kinds["GIF clear"] = hostile.encoded(scene().quantize(200), "GIF", transparency=3)
    return kinds


@pytest.mark.parametrize("kind", files())
def test_of_a_file_that_breaks_off_near_its_end_what_is_there_is_read(kind: str):
    data = files()[kind]
    whole = opened(data, MOST)
    cut = opened(data[: -len(data) // 50], MOST)
    rows, columns = cut.pixels.shape[:2]
    upper, lower = whole.pixels[:rows].astype(int), whole.pixels[-rows:].astype(int)
    expected = lower if kind == "BMP" else upper  # which begins with its lowest row
    assert not whole.cut and cut.cut
    assert columns == 480 and 0.9 * 1280 <= rows < 1280
    assert np.abs(expected - cut.pixels).mean() < 1
    assert picture_pixels(data[: -len(data) // 50]) <= 480 * 1280


@pytest.mark.parametrize("kind", files())
def test_a_file_of_which_much_is_missing_is_refused(kind: str):
    with pytest.raises(PictureError, match="breaks off in the middle"):
        open_picture(files()[kind][: -len(files()[kind]) // 4], MOST)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG progressive", "PNG", "GIF", "BMP"])
def test_without_its_end_marker_alone_all_of_a_picture_is_there(kind: str):
    name, _, progressive = kind.partition(" ")
    data = hostile.encoded(scene().crop((0, 0, 479, 640)), name, progressive=bool(progressive))
    for missing in (1, 2):
        cut = opened(data[:-missing], MOST)
        assert np.array_equal(cut.pixels, open_picture(data, MOST))
        assert cut.cut == (kind == "JPEG progressive")  # whose details come last


def test_a_progressive_photo_is_read_as_soon_as_its_brightness_is_there():
    data = hostile.encoded(scene(), "JPEG", progressive=True)
    scans = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    whole, cut = open_picture(data, MOST), opened(data[: scans[-1] + 500], MOST)
    assert cut.cut and np.abs(whole.astype(int) - cut.pixels).mean() < 6
    with pytest.raises(PictureError, match="breaks off"):
        open_picture(data[: scans[0] + 500], MOST)


def test_missing_tiles_of_a_phone_photo_look_like_those_above_them():
    data = hostile.encoded(scene(256, 256), "HEIC", tile_size=64)
    whole, cut = open_picture(data, MOST), opened(data[:-100], MOST)
    assert cut.cut and cut.pixels.shape == whole.shape
    assert np.array_equal(cut.pixels[:192], whole[:192])
    assert np.array_equal(cut.pixels[196:, 196:], whole[132:192, 196:])
    with pytest.raises(PictureError, match="breaks off"):
        open_picture(data[: -len(data) // 4], MOST)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    "before", [b"\0" * 4, b"\r\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\nContent-Type: image/x\r\n\r\n"]
)
def test_what_stands_before_or_behind_a_picture_is_passed_over(kind: str, before: bytes):
    expected = open_picture(files()[kind], MOST)
    for behind in (b"", b"\r\n", b"junk" * 1_000, b"\xff" * 99, bytes(5_000), files()["PNG"]):
        found = opened(before + files()[kind] + behind, MOST)
        assert np.array_equal(found.pixels, expected) and not found.cut


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"%PDF-1.7\n", b"ID3\x04", b"\0\0\0\x18ftypisom"])
def test_a_picture_inside_another_file_is_not_taken_out_of_it(start: bytes):
    with pytest.raises(PictureError, match="not a picture"):
        open_picture(start + bytes(40) + files()["JPEG"], MOST)


def test_the_reader_is_told_that_a_part_is_missing():
    data = files()["JPEG"]
    assert "breaks off" not in read_photo(data, MOST).stages[0].words
    reading = read_photo(data[: -len(data) // 50], MOST)
    assert "its file breaks off" in reading.stages[0].words
    shirt = Image.new("RGB", (300, 600), "white")
    shirt.paste((30, 40, 90), (60, 80, 240, 400))
    assert read_photo(hostile.encoded(shirt, "PNG")[:-25], MOST).remark is Problem.BREAKS_OFF
    brought = [("a.png", lambda: hostile.encoded(shirt, "PNG")[:-25])]
    assert "a.png: its file breaks off" in read_pictures("x", brought, Settings(), lambda *_told: None).doubtful[0]


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
@pytest.mark.parametrize("primary_is_toned", [False, True], ids=["base first", "HDR first"])
@pytest.mark.parametrize("tile", [0, 128])
def test_an_hdr_photo_gives_its_base_picture(tile: int, primary_is_toned: bool, kind: str):
    picture = hostile.drawn((384, 256))
    data = phone_pictures.hdr(picture, kind, tile, primary_is_toned)
    found = opened(data, MOST)
    assert not found.cut and found.pixels.shape == (256, 384, 4) and picture_pixels(data) == 384 * 256
    assert np.abs(found.pixels[..., :3].astype(int) - np.asarray(picture)).mean() < 2


def test_a_heic_of_ten_bits_is_read():
    deep = np.asarray(hostile.drawn((96, 64))).astype(np.uint16) * 257
    found = open_picture(phone_pictures.deep_heic(deep), MOST)
    assert np.abs(found[..., :3].astype(int) - deep // 257).mean() < 3


@pytest.mark.parametrize(
    ("first", "others"), [(b"MiHB", b"mif1heic"), (b"heif", b"mif1MiPrheic"), (b"mif2", b"heictmap")]
)
def test_a_heic_may_call_itself_something_newer_first(first: bytes, others: bytes):
    data = phone_pictures.heif([phone_pictures.coded(hostile.drawn())], first, 1, others)
    assert open_picture(data, MOST).shape == (64, 96, 4)


@pytest.mark.parametrize("second", ["MPO", "Ultra HDR"])
def test_of_a_jpeg_with_a_second_picture_behind_it_the_first_is_read(second: str):
    first = scene(480, 320)
    gain = first.convert("L").resize((120, 80))
    if second == "MPO":
        data = hostile.encoded(first, "MPO", save_all=True, append_images=[gain.convert("RGB")])
    else:
        data = phone_pictures.ultra_hdr(first, gain)
    found = opened(data, MOST)
    expected = open_picture(hostile.encoded(first, "JPEG"), MOST)
    assert not found.cut and np.abs(found.pixels.astype(int) - expected).mean() < 1
    assert np.array_equal(open_picture(data[:-500], MOST), found.pixels)  # only the second one breaks off


def test_of_a_live_photo_kept_as_a_film_its_picture_is_read_and_a_film_alone_is_none():
    data = hostile.encoded(hostile.drawn(), "HEIC")
    (size,) = struct.unpack_from(">I", data)
    film = phone_pictures.box(b"moov", bytes(64))
    live = data[:8] + b"msf1" + data[12:size] + data[size:] + film
    assert open_picture(live, MOST).shape == (64, 96, 4)
    with pytest.raises(PictureError, match="not a picture"):
        open_picture(data[:8] + b"hevc" + data[12:size] + film, MOST)
