"""Clothes somebody brings: both formats are read, every fault is said by row or by name, and small sets train like
large ones."""

import io
import pickle
import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from core.data import beside, gather, lines, naming, sorting, tables, upload
from core.data.columns import CSV_COLUMNS
from core.data.dataset import Dataset
from core.data.shelf import Shelf
from core.errors import DataError, PictureError
from core.images import png
from core.runs import runner
from core.runs.book import NewRun
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from core.vision.decode import Opened
from core.vision.reading import read_photo
from models.catalogue import RECIPES
from tests import hostile
from tests.stored import fall_silent

LIMITS = Settings()


def table(labels: np.ndarray, seed: int = 0) -> bytes:
    """A table with these labels and pixels by chance."""
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 784))
    rows = np.column_stack([labels, pixels]).tolist()
    return "\n".join([",".join(CSV_COLUMNS), *(",".join(map(str, row)) for row in rows)]).encode()


def packed(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def dots(value: int) -> bytes:
    """A grey PNG of 28 x 28 that can be told from its neighbours."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 6:22] = 60 + value
    return png(image)


def photo() -> bytes:
    """A dark shirt on a pale floor, as a JPEG."""
    floor = np.full((240, 200, 3), 225, np.uint8)
    outline = [
        (60, 30),
        (140, 30),
        (185, 90),
        (155, 110),
        (140, 85),
        (140, 210),
        (60, 210),
        (60, 85),
        (45, 110),
        (15, 90),
    ]
    cv2.fillPoly(floor, [np.array(outline)], (60, 40, 120))
    content = io.BytesIO()
    Image.fromarray(floor).save(content, "JPEG")
    return content.getvalue()


def folders(*names: str, each: int = 10, around: str = "") -> dict[str, bytes]:
    """Class folders with so many small pictures in each."""
    return {f"{around}{name}/{place}.png": dots(place) for name in names for place in range(each)}


def read(
    files: dict[str, bytes], settings: Settings = LIMITS, answers: dict[str, int] | None = None
) -> gather.UploadedDataset:
    found = upload.read_upload(list(files.items()), settings, answers or {})
    assert isinstance(found, gather.UploadedDataset), f"it asks about {found.folders}"
    return found


GERMAN = dict(
    zip(
        ("T-Shirts", "Hosen", "Strickpullis", "Kleider", "Mäntel", "Sandalen", "Hemden", "Turnschuhe", "Taschen"),
        range(9),
        strict=True,
    )
) | {"Stiefeletten": 9}


def test_a_table_becomes_four_fifths_to_learn_from_and_one_to_test_on() -> None:
    labels = np.arange(100) % 5
    found = read({"mine.csv": table(labels)}).data
    assert (len(found.train_labels), len(found.test_labels), found.source, found.real) == (80, 20, "own", True)
    assert found.title == "Your clothes: mine.csv (80 + 20 pictures)"
    assert np.bincount(found.test_labels).tolist() == [4] * 5
    assert read({"mine.csv": table(labels)}).data.fingerprint == found.fingerprint
    assert read({"mine.csv": table(labels, seed=1)}).data.fingerprint != found.fingerprint
    pixels = np.random.default_rng(0).integers(0, 256, (100, 784)).astype(np.uint8)
    rows = {image.tobytes(): label for image, label in zip(pixels, labels, strict=True)}
    everything = zip((*found.train_images, *found.test_images), (*found.train_labels, *found.test_labels), strict=True)
    assert all(rows.pop(image.tobytes()) == label for image, label in everything) and not rows


@pytest.mark.parametrize("names", [("a_test.csv", "b.csv"), ("small.csv", "large.csv"), ("small.csv", "latest.csv")])
def test_of_two_tables_the_one_called_test_or_the_smaller_one_is_tested_on(names: tuple[str, str]) -> None:
    counts = (60, 30) if "test" in names[0] else (10, 30)
    found = read({name: table(np.arange(count) % 3) for name, count in zip(names, counts, strict=True)})
    assert len(found.data.test_labels) == counts[0] and names[0] in str(found.split) and names[1] in str(found.split)


def test_two_tables_of_one_name_are_said() -> None:
    with pytest.raises(DataError, match="Both tables are called “x.csv”"):
        upload.read_upload([("x.csv", table(np.arange(30) % 3)), ("x.csv", table(np.arange(30) % 3))], LIMITS)


def test_the_rare_classes_of_a_split_are_learned_from() -> None:
    labels = np.array([0] * 30 + [1] * 2 + [2])
    learn, test = gather.split(labels)
    assert sorted([*learn, *test]) == list(range(33)) and 2 in labels[learn] and 2 not in labels[test]
    assert set(gather.split(np.arange(20) % 10)[1]).isdisjoint(gather.split(np.arange(20) % 10)[0])


@pytest.mark.parametrize("top", ["", "Kleidung/", "Kleidung/train/"])
def test_folders_of_another_language_are_asked_about_and_then_every_picture_is_used(top: str) -> None:
    """Before, such a zip went on with the T-shirts alone: what its other folders are called said nothing."""
    brought = packed(folders(*GERMAN, around=top) | {f"{top}liesmich.txt": b"x", "__MACOSX/Hosen/._1.png": b"x"})
    asked = upload.read_upload([("x.zip", brought)], LIMITS)
    assert isinstance(asked, sorting.Asked) and {
        folder.name: folder.count for folder in asked.folders
    } == dict.fromkeys(GERMAN, 10)
    assert {folder.name: folder.label for folder in asked.folders} == GERMAN  # each a guess, to be confirmed
    assert all(len(pictures) == 2 and pictures[0].shape == (72, 72, 3) for pictures in asked.first)
    answers = {naming.key(folder.name): folder.label for folder in asked.folders}
    found = read({"x.zip": brought}, answers=answers)
    assert len(found.data.train_labels) + len(found.data.test_labels) == 100
    assert np.bincount([*found.data.train_labels, *found.data.test_labels]).tolist() == [10] * 10
    assert len(found.left_out) == 1 and "liesmich" not in found.left_out[0]
    elsewhere = packed(folders(*GERMAN, around="anderswo/test/"))
    assert len(read({"y.zip": elsewhere}, answers=answers).folders) == 10  # what was said is known of other zips, too


def test_a_folder_that_is_not_understood_is_asked_about_even_if_it_is_small_and_may_be_left_out() -> None:
    brought = {"x.zip": packed(folders("coat", "bag", each=20) | folders("пальто", "hats", each=3))}
    asked = upload.read_upload(list(brought.items()), LIMITS)
    assert isinstance(asked, sorting.Asked)
    assert [(folder.name, folder.label, folder.how) for folder in asked.folders] == [
        ("bag", 8, "name"),
        ("coat", 4, "name"),
        ("hats", -1, "unknown"),
        ("пальто", -1, "unknown"),
    ]
    found = read(brought, answers={"пальто": 4, "hats": naming.LEFT_OUT})
    assert len(found.data.train_labels) + len(found.data.test_labels) == 43
    assert found.left_out == ("hats/ was not wanted: 3 files left out",)


def test_names_of_folders_that_a_zip_does_not_say_how_to_read_are_understood() -> None:
    """Systems write them in a code of their language, and leave out which."""
    for code, name in (("utf-8", "Mäntel"), ("cp437", "Mäntel"), ("gbk", "大衣"), ("shift_jis", "コート")):
        files = {f"{'a' * len(name.encode(code))}/{place}.png": dots(place) for place in range(12)}
        body = packed(files | folders("bag"))
        body = body.replace(b"a" * len(name.encode(code)) + b"/", name.encode(code) + b"/")
        asked = upload.read_upload([("x.zip", body)], LIMITS)
        assert isinstance(asked, sorting.Asked)
        assert {(folder.name, folder.label) for folder in asked.folders} == {("bag", 8), (name, 4)}


def test_very_many_folders_that_say_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="pictures in 61 folders.*at most 60"):
        upload.read_upload([("x.zip", packed(folders(*(f"day {place}" for place in range(61)), each=1)))], LIMITS)


@pytest.mark.parametrize("name", ["coat", "Coat", "COATS", "4", "4_coat", "class_4", "04", "label 4", "jackets"])
def test_a_folder_may_be_called_by_name_or_number(name: str) -> None:
    found = read({"x.zip": packed(folders(name, "Ankle boot", "t-shirt", "top"))}).data
    assert set(found.train_labels) == {0, 4, 9}


def test_a_zip_with_folders_train_and_test_keeps_them_apart() -> None:
    files = folders("bag", "dress", around="mine/train/") | folders("bag", "dress", each=3, around="mine/test/")
    found = read({"x.zip": packed(files)})
    assert (len(found.data.train_labels), len(found.data.test_labels)) == (20, 6) and "“test”" in str(found.split)
    files = folders("bag", "dress", around="Training/") | folders("bag", "dress", each=3, around="Validation/")
    found = read({"x.zip": packed(files)})
    assert (len(found.data.train_labels), len(found.data.test_labels)) == (20, 6) and "“Validation”" in str(found.split)


def test_small_grey_pictures_are_taken_as_they_are_and_photos_are_cut_out() -> None:
    told = []
    files = folders("bag", "dress", around="top/") | {"top/shirt/mine.jpg": photo()}  # what all lie in says nothing
    found = upload.read_upload(
        [("x.zip", packed(files))], LIMITS, progress=lambda done, total: told.append((done, total))
    )
    images = {image.tobytes() for image in (*found.data.train_images, *found.data.test_images)}
    small = np.zeros((28, 28), np.uint8)
    small[4:24, 6:22] = 63
    assert small.tobytes() in images
    assert read_photo(photo(), 10**7).image.tobytes() in images
    assert told[-1] == (21, 21) and not found.left_out


def test_small_grey_pictures_on_white_are_turned_and_that_is_told() -> None:
    black = packed({f"coat/{number}.png" if number % 2 else f"bag/{number}.png": dots(number) for number in range(30)})
    white = packed(
        {
            f"coat/{number}.png" if number % 2 else f"bag/{number}.png": png(
                255 - cv2.imdecode(np.frombuffer(dots(number), np.uint8), cv2.IMREAD_GRAYSCALE)
            )
            for number in range(30)
        }
    )
    one, other = (upload.read_upload([("x.zip", content)], LIMITS) for content in (black, white))
    assert isinstance(one, gather.UploadedDataset) and isinstance(other, gather.UploadedDataset)
    assert one.data.fingerprint == other.data.fingerprint and not one.doubtful
    assert other.doubtful == ("30 pictures of 28 × 28 have a white background: it was made black.",)


LISTED = {  # the name of a table, and what stands in it
    "file,label": ("labels.csv", "filename,label\n", "images/{n}.png,{label}\n"),
    "id;class in words": ("train.csv", "id;size;article\n", "{n};40;{word}\n"),
    "class first, without a head": ("d/list.txt", "", "{label} {n}.png\n"),
    "rows counted, and a number that is none": ("l.csv", ",fold,image,what\n", "{other},{label},{n}.png,{word}\n"),
    "tabs and UTF-16": ("t.tsv", "image\tclass_name\n", "C:\\data\\{n}.PNG\t{word}\n"),
}


@pytest.mark.parametrize("case", LISTED)
def test_a_table_beside_the_pictures_says_their_classes(case: str) -> None:
    table_name, text, row = LISTED[case]
    for n in range(30):
        text += row.format(n=n, other=29 - n, label=8 if n % 3 else 4, word="Bag" if n % 3 else "Coats")
    content = text.encode("utf-16" if "UTF-16" in case else "utf-8")
    pictures = {f"images/{n}.png": dots(n) for n in range(30)}
    found = read({"x.zip": packed(pictures | {table_name: content})})
    images, labels = (
        np.concatenate([getattr(found.data, f"{part}_{kind}") for part in ("train", "test")])
        for kind in ("images", "labels")
    )
    assert {int(image.max()) - 60: label for image, label in zip(images, labels, strict=True)} == {
        n: 8 if n % 3 else 4 for n in range(30)
    }
    assert f"classes from “{table_name}”" in str(found.data.read_as)


@pytest.mark.parametrize("row", ["{n}.png,{n},1,0", "{n}.png,0,1,0,0,0,0,0,0,0,0", "{n},hat"])
def test_a_table_beside_the_pictures_of_which_no_column_surely_says_the_class_is_passed_over(row: str) -> None:
    files = {f"images/{n}.png": dots(n) for n in range(30)}
    files["labels.csv"] = "\n".join(row.format(n=n) for n in range(10)).encode()
    with pytest.raises(DataError, match="no folder named after a class"):
        read({"x.zip": packed(files)})


def test_of_a_table_beside_the_pictures_only_so_many_lines_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MOST_ROWS", 25)
    files = {f"images/{n}.png": dots(n) for n in range(30)}
    found = read({"x.zip": packed(files | {"a.csv": "".join(f"{n}.png,{n % 2}\n" for n in range(30)).encode()})})
    assert len(found.data.train_labels) + len(found.data.test_labels) == 25 and "5 files left out" in str(
        found.left_out
    )


def test_a_table_beside_the_pictures_must_name_classes() -> None:
    rows = "".join(f"{n}.png,{10 if n == 7 else 8 if n % 3 else 4}\n" for n in range(30))
    files = {f"images/{n}.png": dots(n) for n in range(30)} | {"labels.csv": f"file,label\n{rows}".encode()}
    with pytest.raises(DataError, match=r"The table “labels.csv” says “10” for “7.png”; it must be a class"):
        read({"x.zip": packed(files)})


def test_what_cannot_be_used_is_named_and_the_rest_is_used() -> None:
    files = folders("coat", "bag") | {
        "coat/letter.png": b"Dear teacher",
        "coat/empty.png": b"",
        "hats/1.png": dots(1),
        "hats/2.png": dots(2),
        "notes.txt": b"hello",
        "__MACOSX/coat/._1.png": b"x",
        ".hidden/coat/1.png": b"x",
        "coat/Thumbs.db": b"x",
        "../../coat/outside.png": dots(1),
        "bag/blank.png": png(np.full((80, 80), 255, np.uint8)),
    }
    found = read({"x.zip": packed(files)}, answers={"hats": naming.LEFT_OUT})
    assert sorted(found.left_out) == [
        "1 file outside any folder left out",
        "coat/empty.png: This file is empty. Choose another one.",
        "coat/letter.png: This file is not a picture I can open. Try JPEG, PNG or HEIC.",
        "hats/ was not wanted: 2 files left out",
    ]
    assert found.doubtful == ("bag/blank.png: nothing stands out from the background",)
    assert len(found.data.train_labels) + len(found.data.test_labels) == 21


def damaged(content: bytes) -> bytes:
    """The zip with one byte of a picture changed."""
    body = bytearray(content)
    body[content.index(b"IDAT") + 6] ^= 255
    return bytes(body)


def stored(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def test_a_picture_damaged_in_the_zip_and_one_packed_in_an_unusual_way_are_named() -> None:
    content = io.BytesIO(damaged(stored({"coat/torn.png": dots(1)} | folders("coat", "bag"))))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("bag/odd.png", dots(3))
    left_out = read({"x.zip": content.getvalue()}).left_out
    assert [line.split(":")[0] for line in left_out] == ["coat/torn.png", "bag/odd.png"]
    assert "damaged" in left_out[0] and "unusual" in left_out[1]


def locked(files: dict[str, bytes]) -> bytes:
    """A zip whose entries say that they are encrypted."""
    body = bytearray(packed(files))
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        at = body.find(mark)
        while at >= 0:
            body[at + place] |= 1
            at = body.find(mark, at + 4)
    return bytes(body)


FAULTS = {
    "no zip at all": ({"x.zip": b"hello"}, ["x.zip", "not a zip"]),
    "a zip that breaks off": ({"x.zip": packed(folders("coat", "bag"))[:-200]}, ["x.zip", "damaged"]),
    "a locked zip": ({"x.zip": locked(folders("coat", "bag"))}, ["x.zip", "password"]),
    "no class folder": (
        {"x.zip": packed(folders("hats"))},
        ["x.zip", "no folder named after a class", "ankle-boot"],
    ),
    "an empty zip": ({"x.zip": packed({})}, ["x.zip", "has no pictures in it"]),
    "a zip of texts": ({"x.zip": packed({"a.txt": b"x", "b.docx": b"x"})}, ["x.zip", "has no pictures in it"]),
    "one class": ({"x.zip": packed(folders("coat", each=30))}, ["x.zip", "one class (Coat)"]),
    "too few": (
        {"x.zip": packed(folders("coat", "bag", each=4) | {"bag/a.txt": b"x"})},
        ["holds 8", "at least 20", "bag/a.txt"],
    ),
    "too many": ({"x.zip": packed(folders("coat", "bag", each=20))}, ["x.zip", "holds 40", "30 is the most"]),
    "a bomb": (
        {"x.zip": packed(folders("coat", "bag") | {"coat/b.png": bytes(6 * 2**20)})},
        ["x.zip", "unpack to 6 MB", "5 MB is the most"],
    ),
    "too large": ({"x.csv": bytes(2**20 + 1)}, ["1 MB is the most"]),
    "a zip and a table": ({"x.zip": packed({}), "y.csv": b""}, ["one zip, or one table"]),
    "three tables": ({"x.csv": b"", "y.csv": b"", "z.csv": b""}, ["one zip, or one table"]),
    "nothing": ({}, ["one zip, or one table"]),
    "too few rows": ({"x.csv": table(np.arange(12) % 3)}, ["x.csv", "holds 12", "at least 20"]),
    "too many rows": ({"x.csv": table(np.arange(40) % 3)}, ["x.csv", "holds 40", "30 is the most"]),
    "one class in a table": ({"x.csv": table(np.full(25, 8))}, ["x.csv", "one class (Bag)"]),
    "a bad row": (
        {"x.csv": table(np.array([*np.arange(24) % 3, 11]))},
        ["x.csv", "“11” for label in row 25 (line 26)", "0 to 9"],
    ),
    "no pictures": ({"x.csv": b"1,2,3\n4,5,6"}, ["x.csv", "3 columns and so no pictures"]),
    "a picture called a table": ({"x.csv": dots(3)}, ["x.csv", "is a picture, not a table"]),
    "an empty table": ({"x.csv": b""}, ["x.csv", "is empty"]),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(case: str) -> None:
    files, words = FAULTS[case]
    with pytest.raises(DataError) as caught:
        read(files, replace(LIMITS, max_own_mb=1, max_own_pictures=30))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_entry_that_lies_about_its_size_is_cut_off_and_named() -> None:
    body = bytearray(packed({"coat/bomb.png": bytes(30 * 2**20)} | folders("coat", "bag")))
    for mark, place in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        at = body.find(mark)
        body[at + place : at + place + 4] = (1000).to_bytes(4, "little")
    (line,) = read({"x.zip": bytes(body)}, replace(LIMITS, max_own_mb=1)).left_out
    assert line.startswith("coat/bomb.png: ")


def test_names_cannot_carry_signs_that_mean_something_on_a_page() -> None:
    assert gather.tidy("![x](http://a.b/c.png) *b* :red[d].csv") == "_x_(http_//a.b/c.png) _b_ _red_d_.csv"
    assert len(read({f"{'x' * 300}.csv": table(np.arange(40) % 3)}).data.title) < 200


def test_the_examples_are_in_the_right_form_and_the_same_clothes() -> None:
    tables, zips = read({"clothes.csv": upload.example_table()}), read({"clothes.zip": upload.example_zip()})
    assert not zips.left_out and not zips.doubtful
    for found in (tables.data, zips.data):
        assert (len(found.train_labels), len(found.test_labels)) == (80, 20)
        assert set(found.test_labels) == set(range(10))
    pictures = [
        {image.tobytes() for image in (*found.data.train_images, *found.data.test_images)} for found in (tables, zips)
    ]
    assert pictures[0] == pictures[1]


def test_a_bar_moves_while_tables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 30_000)
    told = []
    tables = [("a.csv", table(np.arange(60) % 3)), ("test.csv", table(np.arange(40) % 3))]
    upload.read_upload(tables, LIMITS, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 5 and told == sorted(told) and told[-1] == (100, 100) and (60, 100) in told


def test_too_many_rows_are_counted_and_none_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables.Table, "read", lambda *given: pytest.fail("it was read"))
    few = replace(LIMITS, max_own_pictures=30)
    for brought in ({"x.csv": table(np.arange(31) % 3)}, {f"{name}.csv": table(np.arange(20) % 3) for name in "ab"}):
        with pytest.raises(DataError, match="30 is the most"):
            read(brought, few)


def test_of_very_many_files_that_cannot_be_used_the_first_are_named() -> None:
    found = read({"x.zip": packed(folders("coat", "bag") | {f"coat/{place}.txt": b"words" for place in range(700)})})
    assert len(found.left_out) == gather.TOLD + 1 and found.left_out[-1] == "… and 500 more"


def test_pictures_that_are_very_large_together_are_left_out_and_the_small_ones_used() -> None:
    content = io.BytesIO()
    Image.new("1", (4_000, 4_000), 1).save(content, "PNG")
    brought = {f"coat/large-{place}.png": content.getvalue() for place in range(4)} | folders("coat", "bag")
    found = read({"x.zip": packed(brought)}, replace(LIMITS, max_own_mb=1))
    assert [line.partition(":")[0] for line in found.left_out] == ["coat/large-2.png", "coat/large-3.png"]
    assert len(found.data.train_labels) + len(found.data.test_labels) == 22


def test_a_picture_at_which_the_reading_itself_breaks_is_named_and_the_others_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(picture: np.ndarray) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(gather, "read_picture", breaks)
    found = read({"x.zip": packed(folders("coat", "bag") | {"bag/photo.jpg": photo()})})
    assert [line.partition(":")[0] for line in found.left_out] == ["bag/photo.jpg"]


def test_no_picture_of_a_stranger_is_shown_to_every_reader_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Image, "open", lambda *given, **named: asked.append(given))
    brought = {f"coat/{name}": content for name, content in hostile.good().items() if " " not in name}
    read({"x.zip": packed(brought | {"bag/words.png": b"Dear teacher"} | folders("coat", "bag"))})
    assert not asked


def test_pictures_that_cost_much_and_cannot_be_used_end_the_reading_of_a_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    now, opened = [0.0], []
    monkeypatch.setattr(gather, "process_time", lambda: now[0])

    def slow(content: bytes, most: int) -> Opened:
        opened.append(content)
        now[0] += 2
        if len(opened) % 2:
            raise PictureError("It is too large.")
        return Opened(np.full((28, 28, 4), 255, np.uint8), cut=False)

    monkeypatch.setattr(gather, "opened", slow)
    monkeypatch.setattr(gather, "REFUSED_SECONDS", 20)
    brought = {"x.zip": packed(folders("coat", "bag", each=20))}
    with pytest.raises(DataError, match=r"“x\.zip” holds pictures that take very long .* “bag/\d+\.png”"):
        read(brought)
    assert len(opened) == 21  # each other one can be used, however long it takes
    opened.clear()
    monkeypatch.setattr(gather, "REFUSED_SECONDS", 40)
    assert len(read(brought).left_out) == 20


def test_a_path_of_very_many_folders_is_looked_at_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    plain = naming.key
    monkeypatch.setattr(naming, "key", lambda text: looked.append(text) or plain(text))
    found = read({"x.zip": packed(folders("coat", "bag", around="a/" * 9_000))})
    assert len(found.data.train_labels) == 16 and len(looked) < 1_000


def test_names_lose_the_signs_that_turn_or_hide_words() -> None:
    assert gather.tidy("\u202egnp.exe\u2066\u200b\x07\n.csv") == "gnp.exe .csv"
    assert gather.tidy("\u3164\u115f") == "_"


def test_what_was_read_can_be_sent_from_one_process_to_another() -> None:
    found = pickle.loads(pickle.dumps(read({"mine.csv": table(np.arange(40) % 2)})))
    assert found.data.title == "Your clothes: mine.csv (32 + 8 pictures)"


def add(store: Store, data: Dataset, recipe: str = "quick", **changes: object) -> str:
    plan = Plan.of(recipe, **{"epochs": 1, **changes}).checked(LIMITS, len(data.train_labels))
    return store.create(NewRun(plan, "Mine", data.fingerprint, data.title, pictures=data.to_bytes()))


@pytest.fixture(scope="module")
def few() -> Dataset:
    """40 drawn clothes of three classes."""
    from core.data.synthetic import draw

    labels = np.arange(40) % 3 * 4
    rows = np.column_stack([labels, draw(labels, 1).reshape(40, -1)]).tolist()
    return read(
        {"few.csv": "\n".join([",".join(CSV_COLUMNS), *(",".join(map(str, row)) for row in rows)]).encode()}
    ).data


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.slow
def test_every_network_trains_on_a_few_pictures_that_only_its_run_has(
    store: Store, home: Settings, few: Dataset, recipe: str
) -> None:
    run_id = add(store, few, recipe)
    assert Dataset.from_bytes(store.pictures(run_id), 20_000).fingerprint == few.fingerprint
    assert runner.carry_out(run_id, home) == "done"
    run = store.run(run_id)
    assert (
        run.scored and np.isfinite(run.test_loss) and run.temperature == 1.0
    )  # eight pictures cannot say how sure it may be
    assert store.pictures(run_id) is None and store.artifact(run_id, "tflite")
    outputs = np.load(io.BytesIO(store.artifact(run_id, "probabilities")))
    assert outputs.shape == (len(few.test_labels), 10)


@pytest.mark.slow
def test_quick_learns_from_a_few_pictures(store: Store, home: Settings, few: Dataset) -> None:
    run_id = add(store, few, epochs=40, batch_size=8)
    assert runner.carry_out(run_id, home) == "done"
    assert store.run(run_id).test_accuracy > 0.7


def test_the_pictures_go_when_the_run_fails_stops_or_is_deleted_and_stay_for_a_second_worker(
    store: Store, home: Settings, few: Dataset
) -> None:
    waiting, failing, deleted, lost = (add(store, few) for _ in range(4))
    store.stop(waiting)
    store.claim(failing).fail("It broke.")
    store.delete(deleted)
    assert [store.pictures(run) for run in (waiting, failing, deleted)] == [None] * 3
    assert store.claim(lost, "another")
    fall_silent(store, lost)
    assert store.claim(lost)
    assert Dataset.from_bytes(store.pictures(lost), 20_000).fingerprint == few.fingerprint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "MOST_ATTEMPTS", 1)
        assert runner.carry_out(lost, home, claimed=True) == "failed"
    assert store.pictures(lost) is None


def test_nothing_of_the_pictures_stays_in_the_file_of_the_store(store: Store, home: Settings, few: Dataset) -> None:
    run_id = add(store, few)
    piece = store.pictures(run_id)[2000:2064]
    file = home.folder / "runs.sqlite"
    assert piece in file.read_bytes()
    store.stop(run_id)
    assert piece not in file.read_bytes()


def test_a_shelf_keeps_a_few_under_the_keys_of_browsers_until_they_have_rested(few: Dataset) -> None:
    now = [0.0]
    shelf = Shelf(places=2, rest=10, clock=lambda: now[0])
    brought = [gather.UploadedDataset(few, str(number)) for number in range(4)]
    shelf.put("first", brought[0])
    shelf.put("second", brought[1])
    assert shelf.get("first") is brought[0]
    shelf.put("third", brought[2])  # the second was unused the longest
    kept = [shelf.get(key) for key in ("first", "second", "third", "", "guess")]
    assert kept == [brought[0], None, brought[2], None, None]
    now[0] = 8
    assert shelf.get("third") is brought[2]
    now[0] = 12
    assert shelf.get("first") is None and shelf.get("third") is brought[2]
    shelf.put("third", brought[3])
    assert shelf.get("third") is brought[3]
    shelf.remove("third")
    shelf.remove("guess")
    assert shelf.get("third") is None
