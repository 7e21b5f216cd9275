"""Pictures of every kind become 28 x 28 images like the data set's, and bad files become sentences."""

import builtins
import io
import struct
import warnings
import zlib
from functools import lru_cache

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from core.errors import PictureError
from core.vision.decode import LEAST, OPENED, open_picture
from core.vision.drawing import fill_outline
from core.vision.edits import WORKING, Edits, apply_edits
from core.vision.reading import Reading, read_drawing, read_photo, read_picture, read_sample

MOST = 40_000_000


def shirt(ground=(200, 190, 170), cloth=(30, 40, 90), size=(120, 160)) -> Image.Image:
    """A T-shirt lying on a floor, taller than wide."""
    picture = Image.new("RGB", size, ground)
    width, height = size
    points = [
        (0.3, 0.2),
        (0.7, 0.2),
        (0.9, 0.38),
        (0.8, 0.46),
        (0.7, 0.4),
        (0.7, 0.8),
        (0.3, 0.8),
        (0.3, 0.4),
        (0.2, 0.46),
        (0.1, 0.38),
    ]
    ImageDraw.Draw(picture).polygon([(x * width, y * height) for x, y in points], fill=cloth)
    return picture


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def heic(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=90)
    return stream.getvalue()


def animation() -> bytes:
    frames = [shirt().convert("P"), Image.new("P", (120, 160), 3)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def sixteen_bit() -> bytes:
    grey = np.asarray(shirt().convert("L")).astype(np.uint16) * 257
    return encoded(Image.fromarray(grey), "PNG")


def moving(kind: str) -> bytes:
    """An animation whose first frame is the shirt and whose second is all red."""
    return encoded(shirt(), kind, save_all=True, append_images=[Image.new("RGB", (120, 160), "red")])


def sixteen_bit_colours(kind: str) -> bytes:
    return cv2.imencode(kind, np.asarray(shirt())[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()


def ten_bit_heic() -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (120, 160), (np.asarray(shirt()).astype(np.uint16) * 257).tobytes()).save(stream)
    return stream.getvalue()


KINDS = {
    "jpeg": lambda: encoded(shirt(), "JPEG", quality=92),
    "png": lambda: encoded(shirt(), "PNG"),
    "webp": lambda: encoded(shirt(), "WEBP"),
    "avif": lambda: encoded(shirt(), "AVIF"),
    "bmp": lambda: encoded(shirt(), "BMP"),
    "tiff": lambda: encoded(shirt(), "TIFF"),
    "heic": lambda: heic(shirt()),
    "cmyk": lambda: encoded(shirt().convert("CMYK"), "JPEG", quality=92),
    "palette": lambda: encoded(shirt().convert("P"), "PNG"),
    "grey": lambda: encoded(shirt().convert("L"), "PNG"),
    "16 bit": sixteen_bit,
    "animated": animation,
    "moving webp": lambda: moving("WEBP"),
    "moving png": lambda: moving("PNG"),
    "moving avif": lambda: moving("AVIF"),
    "photo with a small one beside it": lambda: moving("MPO"),
    "16-bit colours": lambda: sixteen_bit_colours(".png"),
    "16-bit tiff": lambda: sixteen_bit_colours(".tiff"),
    "cmyk tiff": lambda: encoded(shirt().convert("CMYK"), "TIFF"),
    "progressive": lambda: encoded(shirt(), "JPEG", quality=92, progressive=True),
    "10-bit heic": ten_bit_heic,
    "grey heic": lambda: heic(shirt().convert("L")),
}


@lru_cache(maxsize=1)
def plain():
    """The reading every other kind of file is compared with."""
    return read_photo(KINDS["png"](), MOST)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_garment(kind):
    reading = read_photo(KINDS[kind](), MOST)
    reference = plain().image
    assert reading.kind == "photo" and reading.finding is None
    assert ((reading.image > 0) == (reference > 0)).mean() > 0.93


UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that the EXIF entry asks to take back


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_sideways_photo_stands_upright(orientation, kind):
    picture = shirt()
    stored = picture if orientation == 1 else picture.transpose(Image.Transpose(UNDO[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "HEIF":
        stream = io.BytesIO()
        pillow_heif.from_pillow(stored).save(stream, quality=95, exif=exif.tobytes())
        data = stream.getvalue()
    else:
        data = encoded(stored, kind, quality=95, exif=exif if kind == "TIFF" else exif.tobytes())
    opened = open_picture(data, MOST)
    assert opened.shape == (160, 120, 4)
    assert np.abs(opened[..., :3].astype(int) - np.asarray(picture)).mean() < 4


def entry(tag: int, kind: int, count: int, value: bytes, following: int = 0) -> bytes:
    """EXIF with one entry in its first folder."""
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI4sI", tag, kind, count, value, following)


DAMAGED_EXIF = {
    "orientation as text": entry(0x0112, 2, 4, b"abc\0"),
    "orientation as a fraction": entry(0x0112, 5, 1, b"\x08\0\0\0"),
    "orientation of no such kind": entry(0x0112, 99, 1, b"\x06\0\0\0"),
    "a thousand orientations": entry(0x0112, 3, 1000, b"\x1a\0\0\0"),
    "another entry as text of the wrong kind": entry(0x011A, 2, 4, b"\xff\xff\xff\xff"),
    "a folder that follows itself": entry(0x0112, 3, 1, b"\x01\0\0\0", 8),
    "a folder beyond the end": b"Exif\0\0II*\0\xff\xff\xff\x7f",
    "BigTIFF": b"Exif\0\0II+\0\x08\0\0\0" + bytes(16),
    "cut off": entry(0x0112, 3, 1, b"\x06\0\0\0")[:20],
    "nothing": b"Exif\0\0",
    "no header": b"Exif\0\0nonsense",
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own, of the damage
@pytest.mark.parametrize("side", [300, 2 * OPENED], ids=["as it is", "made smaller"])
@pytest.mark.parametrize("damage", DAMAGED_EXIF)
def test_damaged_exif_does_not_keep_a_picture_from_being_read(damage, side):
    large = Image.new("RGB", (side, side // 2), "white")
    large.paste((30, 40, 90), (0, 0, side // 2, side // 2))
    for kind in ("JPEG", "PNG", "WEBP"):
        opened = open_picture(encoded(large, kind, exif=DAMAGED_EXIF[damage]), MOST)
        assert opened.shape[1] == 2 * opened.shape[0] and opened[5, 5, 0] < 100 < opened[5, -5, 0]


def test_a_large_photo_is_upright_when_it_was_made_smaller():
    large = Image.new("RGB", (2 * OPENED, OPENED), "white")
    large.paste((30, 40, 90), (0, 0, OPENED, OPENED))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right: what is on the left comes to the top
    opened = open_picture(encoded(large, "JPEG", exif=exif.tobytes()), MOST)
    assert opened.shape[:2] == (LEAST, LEAST // 2) and opened[5, 5, 0] < 100 < opened[-5, 5, 0]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF", "GIF", "palette", "heic"])
def test_transparency_survives_every_kind_of_file(kind):
    pixels = np.array(shirt().convert("RGBA"))
    pixels[..., 3] = np.where((pixels[..., :3] == (30, 40, 90)).all(axis=2), 255, 0)
    picture = Image.fromarray(pixels)
    if kind == "heic":
        data = heic(picture)
    else:
        data = encoded(picture.quantize(16) if kind == "palette" else picture, "PNG" if kind == "palette" else kind)
    assert abs((open_picture(data, MOST)[..., 3] > 127).mean() - (pixels[..., 3] > 0).mean()) < 0.01


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"qt  "])
def test_a_film_is_not_called_a_broken_picture(brand):
    with pytest.raises(PictureError, match="not a picture"):
        open_picture(b"\0\0\0\x18ftyp" + brand + bytes(200), MOST)


def test_transparency_is_the_cut_out():
    picture = shirt().convert("RGBA")
    pixels = np.array(picture)
    pixels[..., 3] = np.where((pixels[..., :3] == (30, 40, 90)).all(axis=2), 255, 0)
    reading = read_photo(encoded(Image.fromarray(pixels), "PNG"), MOST)
    assert abs(reading.cover - (pixels[..., 3] > 0).mean()) < 0.01
    assert open_picture(encoded(Image.fromarray(pixels), "PNG"), MOST)[0, 0, 3] == 0


def test_a_white_garment_on_transparency_does_not_vanish():
    pixels = np.full((200, 160, 4), 255, np.uint8)
    pixels[..., 3] = 0
    pixels[30:170, 40:120, 3] = 255
    image = read_photo(encoded(Image.fromarray(pixels), "PNG"), MOST).image
    assert (image > 20).sum() > 28 * 14


def test_a_dark_shirt_on_white_is_bright_on_black_and_fills_the_frame():
    image = read_photo(encoded(shirt((255, 255, 255), (20, 20, 20), (90, 160)), "PNG"), MOST).image
    assert image.dtype == np.uint8 and image.shape == (28, 28)
    assert image[0, 0] == image[-1, -1] == 0
    assert image[14, 14] > 120
    assert (image.max(axis=1) > 0).all() and 10 < (image.max(axis=0) > 0).sum() < 28
    filled = np.flatnonzero(image.max(axis=0) > 0)
    assert abs(filled[0] - (27 - filled[-1])) <= 1


def test_a_light_shirt_on_a_dark_floor_keeps_the_floor_black():
    image = read_photo(encoded(shirt((25, 30, 35), (235, 235, 230)), "PNG"), MOST).image
    assert image[14, 14] > 40 and image[0, 0] == 0 and image[-1, 0] == 0


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_a_picture_of_one_colour_is_named_as_such(colour):
    reading = read_photo(encoded(Image.new("RGB", (200, 200), colour), "PNG"), MOST)
    assert reading.finding and reading.image.shape == (28, 28)


def test_a_white_garment_on_shop_white_is_found():
    reading = read_photo(encoded(shirt((253, 253, 253), (240, 240, 238)), "PNG"), MOST)
    reference = plain().image
    assert reading.finding is None
    assert ((reading.image > 0) == (reference > 0)).mean() > 0.9


def same_garment(reading: Reading) -> float:
    """How far a reading's silhouette agrees with that of the plain shirt, 0 to 1."""
    return float(((reading.image > 0) == (plain().image > 0)).mean())


def speckled(picture: Image.Image, noise: float = 1.5) -> Image.Image:
    pixels = np.asarray(picture)
    return Image.fromarray(
        np.clip(pixels + np.random.default_rng(0).normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)
    )


def on_a_floor(across: tuple, between: tuple, checked: bool, cloth=(30, 40, 90)) -> Image.Image:
    """The shirt on stripes, or on checks, of two colours."""
    pixels = np.array(shirt((0, 0, 0), cloth, (240, 320)))
    rows, columns = np.ogrid[:320, :240]
    odd = (columns // 12 + checked * (rows // 12)) % 2 == 1
    floor = np.where(odd[..., None], np.uint8(across), np.uint8(between))
    return Image.fromarray(np.where((pixels == 0).all(axis=2)[..., None], floor, pixels).astype(np.uint8))


HARD = {
    "white on white": speckled(shirt((246, 246, 244), (237, 237, 235), (240, 320))),
    "black on black": speckled(shirt((28, 27, 30), (14, 14, 16), (240, 320))),
    "dark on checks": on_a_floor((205, 180, 150), (165, 140, 110), checked=True),
    "dark on stripes": on_a_floor((235, 235, 230), (170, 60, 60), checked=False),
    "white on checks": on_a_floor((205, 180, 150), (165, 140, 110), checked=True, cloth=(236, 232, 228)),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_backgrounds_are_taken_away(case):
    reading = read_photo(encoded(HARD[case], "PNG"), MOST)
    assert reading.finding is None and same_garment(reading) > 0.93


@pytest.mark.parametrize("hook", [0, 40, 100])
def test_a_hook_above_the_garment_does_not_shrink_it(hook):
    picture = shirt((225, 220, 210), (30, 40, 90), (240, 320))
    if hook:
        pen = ImageDraw.Draw(picture)
        pen.line((120, 66, 120, 66 - hook // 2), fill=(30, 40, 90), width=8)
        pen.arc((112, 50 - hook // 2, 128, 66 - hook // 2), 150, 90, fill=(30, 40, 90), width=5)
    assert same_garment(read_photo(encoded(picture, "PNG"), MOST)) > 0.95


def test_the_handle_of_a_bag_is_no_hook():
    picture = Image.new("RGB", (240, 240), (225, 220, 210))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 120, 200, 215), fill=(90, 30, 30))
    pen.arc((75, 30, 165, 210), 180, 360, fill=(90, 30, 30), width=12)
    reading = read_photo(encoded(picture, "PNG"), MOST)
    assert (reading.image.max(axis=1) > 0).sum() == 28 and (reading.image[2] > 0).sum() < 14


def test_the_floor_between_two_legs_is_no_garment():
    picture = Image.new("RGB", (240, 320), (230, 225, 215))
    legs = [(75, 20), (165, 20), (215, 300), (165, 300), (120, 70), (75, 300), (25, 300)]
    ImageDraw.Draw(picture).polygon(legs, fill=(40, 50, 80))
    image = read_photo(encoded(speckled(picture, 3), "PNG"), MOST).image
    assert (image[16, 13:15] == 0).all() and image[3, 14] > 0


def test_stages_lead_from_the_picture_to_the_image():
    reading = read_photo(KINDS["jpeg"](), MOST)
    assert [stage.name for stage in reading.stages] == ["As it came", "Cut out", "Grey and swapped", "28 × 28"]
    for stage in reading.stages:
        assert (
            stage.picture.dtype == np.uint8 and stage.picture.ndim == 3 and stage.picture.shape[2] == 3 and stage.words
        )
    assert (reading.stages[-1].picture[..., 0] == reading.image).all()


def test_reading_twice_gives_the_same_image():
    data = KINDS["jpeg"]()
    assert (read_photo(data, MOST).image == read_photo(data, MOST).image).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3), (9, 9)])
def test_tiny_and_thin_pictures_give_an_image(size):
    assert read_photo(encoded(Image.new("RGB", size, (90, 10, 10)), "PNG"), MOST).image.shape == (28, 28)


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_header(width: int, height: int) -> bytes:
    """A JPEG that says it is this large."""
    data = KINDS["jpeg"]()
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


BAD = {
    "empty": (b"", "empty"),
    "text": (b"this is not a picture, whatever its name says", "not a picture"),
    "one byte": (b"\xff", "not a picture"),
    "no pixels": (png_header(0, 0), "no pixels|breaks off"),
    "too many pixels": (png_header(20_000, 10_001), "200 million"),
    "too many pixels to unpack": (jpeg_header(20_000, 10_001), "200 million"),
    "truncated jpeg": (KINDS["jpeg"]()[:900], "breaks off"),
    "truncated png": (KINDS["png"]()[:300], "breaks off"),
    "truncated heic": (KINDS["heic"]()[:200], "breaks off"),
    "truncated webp": (KINDS["webp"]()[:200], "breaks off"),
    "only a head": (b"\x89PNG\r\n\x1a\n", "breaks off"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gives_a_sentence(case):
    data, words = BAD[case]
    with pytest.raises(PictureError, match=words) as caught:
        read_photo(data, MOST)
    assert str(caught.value).endswith((".", "HEIC."))


def test_a_file_over_the_limit_is_refused_before_decoding():
    with pytest.raises(PictureError, match="MB"):
        open_picture(KINDS["png"](), 100)


def test_a_jpeg_of_a_hundred_megapixels_is_read_reduced_without_a_warning():
    large = Image.new("L", (12_000, 9_000), 210)  # 108 megapixels, as phones make them
    large.paste(40, (3_000, 1_500, 9_000, 7_500))
    data = encoded(large, "JPEG", quality=40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = open_picture(data, MOST)
    assert max(opened.shape) <= OPENED + 1
    assert read_photo(data, MOST).finding is None


def canvas(draw) -> np.ndarray:
    picture = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    draw(ImageDraw.Draw(picture))
    return np.asarray(picture)


def test_a_closed_outline_is_filled_and_its_inner_lines_stay():
    def bag(pen):
        pen.rectangle((60, 90, 220, 240), outline=(0, 0, 0, 255), width=10)
        pen.line((60, 150, 220, 150), fill=(0, 0, 0, 255), width=10)

    reading = read_drawing(canvas(bag))
    assert reading.kind == "drawing" and reading.finding is None
    middle = reading.image[:, 14]
    assert (middle > 0).sum() >= 26 and middle.max() > middle[20] + 40


@pytest.mark.parametrize("gap", [10, 30, 60])
def test_an_outline_with_a_gap_is_filled_all_the_same(gap):
    def box(pen):
        pen.line(
            [(140 + gap, 60), (220, 60), (220, 230), (60, 230), (60, 60), (140, 60)], fill=(0, 0, 0, 255), width=10
        )

    assert read_drawing(canvas(box)).image[14, 14] > 100


def test_two_trouser_legs_stay_apart():
    def trouser(pen):
        points = [(90, 30), (190, 30), (210, 250), (165, 250), (140, 110), (115, 250), (70, 250), (90, 30)]
        pen.line(points, fill=(0, 0, 0, 255), width=9)

    image = read_drawing(canvas(trouser)).image
    assert image[26, 14] == 0 and image[5, 14] > 0


def test_an_empty_canvas_is_an_invitation_not_an_answer():
    with pytest.raises(PictureError, match="drawn"):
        read_drawing(np.zeros((280, 280, 4), np.uint8))


@pytest.mark.parametrize("width", [3, 8, 18])
def test_a_drawing_on_white_paper_goes_the_way_of_the_canvas(width):
    strokes = canvas(lambda pen: pen.ellipse((40, 60, 240, 220), outline=(0, 0, 0, 255), width=width))
    paper = Image.new("RGB", (280, 280), "white")
    paper.paste(Image.fromarray(strokes), mask=Image.fromarray(strokes[..., 3]))
    uploaded = read_photo(encoded(paper, "PNG"), MOST)
    assert uploaded.kind == "drawing"
    drawn = read_drawing(strokes).image
    assert np.abs(uploaded.image.astype(int) - drawn).mean() < 8


def photographed(strokes: np.ndarray, pen: tuple[int, int, int], paper: tuple[int, int, int]) -> Image.Image:
    """Strokes (h, w) bool with a pen on paper, in a light that falls off to one side, a little noisy."""
    across = np.linspace(1.0, 0.7, strokes.shape[1])[None, :, None]
    soft = cv2.GaussianBlur(strokes.astype(np.float32), (0, 0), 0.8)[..., None]
    picture = (np.array(paper) * (1 - soft) + np.array(pen) * soft) * across
    return Image.fromarray(
        np.clip(picture + np.random.default_rng(0).normal(0, 2.5, picture.shape), 0, 255).astype(np.uint8)
    )


PENS = {
    "pencil": (120, 118, 122),
    "blue": (40, 70, 180),
    "red": (205, 45, 40),
    "green": (30, 130, 60),
    "black": (25, 25, 30),
}


@pytest.mark.parametrize("pen", PENS)
@pytest.mark.parametrize("paper", [(242, 240, 232), (196, 190, 176)])
def test_a_photo_of_a_drawing_in_any_colour_goes_the_way_of_the_canvas(pen, paper):
    strokes = canvas(
        lambda pen: pen.line(
            [(90, 30), (190, 30), (210, 250), (165, 250), (140, 110), (115, 250), (70, 250), (90, 30)], width=7
        )
    )
    reading = read_photo(encoded(photographed(strokes[..., 3] > 0, PENS[pen], paper), "JPEG", quality=85), MOST)
    assert reading.kind == "drawing"
    assert np.abs(reading.image.astype(int) - read_drawing(strokes).image).mean() < 8


def test_a_drawing_without_a_ground_is_a_drawing():
    strokes = canvas(lambda pen: pen.ellipse((40, 60, 240, 220), outline=(20, 60, 180, 255), width=8))
    reading = read_photo(encoded(Image.fromarray(strokes), "PNG"), MOST)
    assert reading.kind == "drawing" and np.abs(reading.image.astype(int) - read_drawing(strokes).image).mean() < 8


@pytest.mark.parametrize("ground", [(255, 255, 255), (236, 234, 228)])
def test_a_striped_garment_is_no_drawing(ground):
    picture = shirt(ground, (250, 250, 250) if ground[0] < 250 else (225, 225, 230))
    pen = ImageDraw.Draw(picture)
    cloth = np.asarray(picture)[..., 0] != ground[0]
    for row in range(36, 128, 6):
        columns = np.flatnonzero(cloth[row])
        pen.line((columns[0], row, columns[-1], row), fill=((40, 60, 120), (150, 40, 60))[row // 6 % 2], width=2)
    assert read_photo(encoded(picture, "JPEG", quality=92), MOST).kind == "photo"


def test_a_black_garment_on_white_is_no_drawing():
    assert read_photo(encoded(shirt((255, 255, 255), (10, 10, 10)), "PNG"), MOST).kind == "photo"


def test_filling_never_loses_a_stroke():
    random = np.random.default_rng(0)
    strokes = np.zeros((200, 200), bool)
    strokes[random.integers(20, 180, 60), random.integers(20, 180, 60)] = True
    toned, inside = fill_outline(strokes)
    assert inside[strokes].all() and (toned[inside] > 0).all()


def drawn(*lines: list[tuple[int, int]]) -> np.ndarray:
    """Pen strokes through points on a paper of 200 x 200, (200, 200) bool."""
    paper = np.zeros((200, 200), np.uint8)
    for line in lines:
        cv2.polylines(paper, [np.array(line, np.int32)], False, 1, 4)
    return paper > 0


SLEEVES = [
    (80, 30),
    (55, 35),
    (10, 80),
    (25, 95),
    (60, 70),
    (60, 170),
    (140, 170),
    (140, 70),
    (175, 95),
    (190, 80),
    (145, 35),
    (120, 30),
]
LEGS = [(60, 20), (140, 20), (150, 180), (106, 180), (100, 70), (94, 180), (50, 180), (60, 20)]
BAG = [[(50, 80), (50, 170), (150, 170), (150, 80), (50, 80)], [(80, 77), (80, 40), (120, 40), (120, 77)]]


def test_an_open_neck_is_a_gap_and_the_slit_between_two_legs_is_none():
    _, inside = fill_outline(drawn(SLEEVES))  # the neckline is missing, a fifth of the width
    assert inside[120, 100] and inside[60, 100] and not inside[140, 30] and not inside[140, 170]
    _, inside = fill_outline(drawn(LEGS))
    assert inside[60, 100] and inside[150, 70] and inside[150, 130] and not inside[160, 100]


def test_half_a_drawing_left_open_is_filled_beside_the_closed_half():
    left, right = [(100, 20), (30, 20), (30, 180), (88, 180)], [(100, 20), (170, 20), (170, 180), (100, 180), (100, 20)]
    _, inside = fill_outline(drawn(left, right))
    assert inside[100, 60] and inside[100, 140]


def test_a_handle_that_does_not_quite_reach_its_bag_encloses_what_is_below_it():
    _, inside = fill_outline(drawn(*BAG))
    assert inside[60, 100] and inside[120, 100] and not inside[60, 40]


def test_a_sample_is_left_as_it_is():
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    reading = read_sample(image)
    assert (reading.image == image).all() and reading.kind == "sample" and reading.finding is None


def test_nothing_of_a_picture_is_written_to_disk(monkeypatch, tmp_path):
    real_open = builtins.open

    def guarded(file, mode="r", *arguments, **options):
        assert not set(mode) & set("wax+"), f"{file} was opened for writing"
        return real_open(file, mode, *arguments, **options)

    monkeypatch.chdir(tmp_path)
    files = [KINDS["jpeg"](), KINDS["heic"](), KINDS["png"]()]
    monkeypatch.setattr(builtins, "open", guarded)
    for data in files:
        read_photo(data, MOST)
    assert list(tmp_path.iterdir()) == []


def opened(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGBA"))


def test_a_picture_read_again_without_edits_gives_what_its_file_gives():
    reading = read_picture(opened(shirt()))
    assert (reading.image == plain().image).all() and reading.stages[0].name == "As it came"


@pytest.mark.parametrize("turns", [1, 2, 3, 4, -1])
def test_a_turned_picture_is_read_as_if_it_had_come_so(turns):
    sideways = opened(shirt().rotate(90 * turns, expand=True))
    reading = read_picture(sideways, Edits(turns=turns))
    assert (reading.image == plain().image).all()
    assert reading.stages[0].name == ("As you edited it" if turns % 4 else "As it came")


def test_a_crop_leaves_out_what_lies_beside_the_garment():
    wide = Image.new("RGB", (320, 160), (200, 190, 170))
    wide.paste(shirt(), (0, 0))
    wide.paste((200, 20, 20), (190, 20, 310, 140))
    assert np.abs(read_picture(opened(wide)).image.astype(int) - plain().image).mean() > 30
    edited = read_picture(opened(wide), Edits(across=(0.0, 0.375)))
    assert (edited.image == plain().image).all()


@pytest.mark.parametrize("edges", [(0.0, 0.0), (1.0, 1.0), (0.7, 0.2), (-1.0, 0.001), (0.9999, 2.0)])
def test_a_crop_always_leaves_something_to_look_at(edges):
    assert min(apply_edits(opened(shirt()), Edits(across=edges, down=edges)).shape[:2]) >= 1
    assert read_picture(opened(shirt()), Edits(across=edges, down=edges)).image.shape == (28, 28)


@pytest.mark.parametrize("turns", [1, 2, 3, -1])
def test_the_cropped_part_turns_along(turns):
    edits = Edits(across=(0.25, 1.0), down=(0.0, 0.75), keep=painted((0, 0, 9, 9)))
    part = apply_edits(opened(two_colours()), edits)
    assert (apply_edits(opened(two_colours()), edits.turned(turns)) == np.rot90(part, -turns)).all()
    assert edits.turned(turns).keep is None and edits.turned(turns).turned(-turns).across == edits.across


def test_a_box_in_the_kept_part_is_that_part_of_it():
    edits = Edits(across=(0.2, 1.0), down=(0.0, 0.5), keep=painted((0, 0, 9, 9))).cropped(0.5, 0.0, 0.75, 1.0)
    assert edits.across == pytest.approx((0.6, 0.8)) and edits.down == pytest.approx((0.0, 0.5)) and edits.keep is None
    assert not Edits().cropped(0, 0, 1, 1).any


def test_light_and_dark_can_be_swapped():
    negative = Image.fromarray(255 - np.asarray(shirt()))
    assert (read_picture(opened(negative), Edits(swapped=True)).image == plain().image).all()
    assert np.abs(read_picture(opened(negative)).image.astype(int) - plain().image).mean() > 5


def two_colours() -> Image.Image:
    """A blue shirt whose right half is the colour of the red rug it lies on, and a green ball beside it."""
    picture = Image.new("RGB", (240, 200), (205, 195, 180))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((70, 40, 170, 170), fill=(30, 40, 120))
    pen.ellipse((185, 70, 235, 130), fill=(20, 120, 40))
    return picture


def painted(box: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((200, 240), bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def test_brushing_a_pair_of_shoes_keeps_it_one_shoe_unless_the_other_is_wanted():
    picture = Image.new("RGB", (240, 200), (205, 195, 180))
    for left in (10, 130):
        ImageDraw.Draw(picture).polygon(
            [(left, 120), (left + 50, 100), (left + 60, 70), (left + 95, 70), (left + 95, 130), (left, 130)],
            fill=(90, 50, 30),
        )
    ImageDraw.Draw(picture).rectangle((100, 8, 130, 20), fill=(30, 120, 60))
    alone = read_picture(opened(picture))
    edited = read_picture(opened(picture), Edits(drop=painted((95, 4, 135, 24))))
    assert alone.finding is None and edited.finding is None
    assert "Of the two things alike one stays" in alone.stages[1].words and (alone.image == edited.image).all()
    both = read_picture(opened(picture), Edits(keep=painted((150, 100, 160, 110))))
    assert "alike" not in both.stages[1].words and both.finding is not None


def test_when_nothing_is_found_the_whole_picture_is_shown_and_said_to_be():
    reading = read_picture(opened(Image.new("RGB", (240, 200), (120, 130, 140))))
    assert reading.finding is not None and "the whole picture" in reading.stages[1].words


def test_a_cut_out_that_fills_its_picture_is_not_told_to_have_a_background():
    pixels = np.zeros((200, 200, 4), np.uint8)
    pixels[..., :3] = (120, 60, 40)
    pixels[8:, 2:198, 3] = 255
    reading = read_picture(pixels)
    assert reading.kind == "photo" and reading.finding is None and reading.remark is None


def test_what_is_brushed_as_not_belonging_goes_and_takes_its_like_along():
    before = read_picture(opened(two_colours()), Edits(keep=painted((200, 90, 220, 110))))
    cut = before.stages[1].picture
    assert (cut[100, 190] != 255).any() and (
        cut[100, 120] != 255
    ).any()  # one stroke on the ball, and the whole ball belongs
    after = read_picture(opened(two_colours()), Edits(drop=painted((200, 90, 220, 110)))).stages[1].picture
    assert (after[100, 190] == 255).all() and (after[100, 120] != 255).any()


def test_brushed_places_obey_even_in_a_picture_of_one_colour():
    flat = Image.new("RGB", (240, 200), "white")
    reading = read_picture(opened(flat), Edits(keep=painted((60, 30, 180, 170)), drop=painted((110, 30, 130, 170))))
    assert reading.cover == pytest.approx(100 * 140 / (200 * 240), abs=0.01)
    assert not reading.image[:, 14].any() and reading.image[:, 5].all()


def test_marks_of_any_size_are_laid_over_the_picture_that_is_looked_at():
    large = two_colours().resize((960, 800))
    small, full = (
        read_picture(opened(large), Edits(drop=mask))
        for mask in (painted((0, 0, 120, 200)), np.kron(painted((0, 0, 120, 200)), np.ones((4, 4))) > 0)
    )
    assert (small.image == full.image).all()
    half = small.stages[1].picture
    assert (
        max(half.shape) == WORKING
        and (half[:, : WORKING // 2 - 2] == 255).all()
        and (half[:, WORKING // 2 + 2 :] != 255).any()
    )


def test_a_stroke_can_be_rubbed_out_of_a_drawing_on_paper():
    def box(pen):
        pen.rectangle((60, 60, 160, 220), outline=(0, 0, 0, 255), width=8)
        pen.line((230, 20, 260, 60), fill=(0, 0, 0, 255), width=8)

    paper = Image.new("RGB", (280, 280), "white")
    paper.paste(Image.fromarray(canvas(box)), mask=Image.fromarray(canvas(box)[..., 3]))
    mask = np.zeros((280, 280), bool)
    mask[:90, 200:] = True
    edited = read_picture(opened(paper), Edits(drop=mask))
    assert edited.kind == "drawing"
    assert edited.image.all(axis=1).sum() == 0 and edited.image[:, 14].all()
