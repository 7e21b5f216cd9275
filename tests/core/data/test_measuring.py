"""Photos that are measured: what is listed, in which order, and how each is read."""

import numpy as np
import pytest

from core.archive import zipped
from core.data import measuring, synthetic
from core.data.measuring import Listed, list_photos, read_some
from core.data.sorting import Asked
from core.errors import DataError, PictureError
from core.images import enlarge, png
from core.settings import Settings
from core.vision.reading import Kind, Reading

SMALL = [png(image) for image in synthetic.draw(np.repeat([4, 8], 12), seed=5)]
NAMES = [f"mine/{'Mantel' if place < 12 else 'bag'}/{place}.png" for place in range(24)]


def listed(files: list[tuple[str, bytes]], **answers: int) -> Listed:
    found = list_photos("mine", files, Settings(), answers)
    assert isinstance(found, Listed)
    return found


def test_a_zip_and_a_folder_are_listed_alike_in_an_order_by_chance_once_their_folders_are_known() -> None:
    packed = [("mine.zip", zipped(dict(zip(NAMES, SMALL, strict=True)) | {"mine/bag/note.txt": b"x"}))]
    loose = [*zip(NAMES, SMALL, strict=True), ("mine/bag/note.txt", b"x")]
    for files in (packed, loose):
        assert isinstance(list_photos("mine", files, Settings(), {}), Asked)
        found = listed(files, mantel=4)
        assert sorted(found.names) == sorted(NAMES) != list(found.names)
        assert found.labels.tolist() == [4 if "Mantel" in name else 8 for name in found.names]
        assert found.available == 24 and not found.left_out
        assert all(isinstance(each, Reading) for each in read_some(files, found.rows, Settings()))
    assert listed(loose, mantel=-1).labels.tolist() == [8] * 12


def test_of_very_many_a_fair_share_is_chosen_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST", 10)
    files = list(zip(NAMES, SMALL, strict=True))
    found = listed(files, mantel=4)
    assert (len(found.rows), found.available) == (10, 24) and found.rows == listed(files, mantel=4).rows
    assert set(found.labels) == {4, 8}


def test_loose_photos_say_their_class_by_name_and_others_are_left_out() -> None:
    found = listed([("coat-1.png", SMALL[0]), ("Tasche 2.png", SMALL[12]), ("IMG_3.png", SMALL[1])])
    assert dict(zip(found.names, found.labels.tolist(), strict=True)) == {"coat-1.png": 4, "Tasche 2.png": 8}
    assert found.left_out == ("1 file outside any folder left out",)
    with pytest.raises(DataError, match="No picture in “mine” says what it is"):
        list_photos("mine", [("IMG_3.png", SMALL[1])], Settings(), {})
    with pytest.raises(DataError, match="“mine” has no files with pictures in it to measure. Bring pictures as photos"):
        list_photos("mine", [("mine.csv", b"4,0,255")], Settings(), {})


def test_a_table_beside_the_photos_says_their_classes() -> None:
    found = listed(
        [("p/a.png", SMALL[0]), ("p/b.png", SMALL[12]), ("p/labels.csv", b"file,label\na.png,4\nb.png,Bag\n")]
    )
    assert dict(zip(found.names, found.labels.tolist(), strict=True)) == {"p/a.png": 4, "p/b.png": 8}


def test_a_photo_is_read_in_colour_a_small_grey_picture_taken_as_it_is_and_a_broken_one_named() -> None:
    grey = synthetic.draw(np.array([4]), seed=5)[0]
    photo = np.full((168, 168, 3), 235, np.uint8)
    photo[enlarge(grey, 6) > 0] = (140, 30, 60)
    told = []
    files = [
        ("coat/a.png", png(photo)),
        ("coat/b.png", png(grey)),
        ("coat/c.png", b"x"),
        ("coat/d.png", png(255 - grey)),
    ]
    large, small, broken = read_some(files, [0, 1, 2], Settings(), lambda done, total: told.append((done, total)))
    (on_white,) = read_some(files, [3], Settings())
    assert isinstance(on_white, Reading) and np.array_equal(on_white.image, grey)
    assert isinstance(large, Reading) and large.kind is Kind.PHOTO and len(large.views) and not large.stages
    assert isinstance(small, Reading) and small.kind is Kind.SAMPLE and np.array_equal(small.image, grey)
    assert isinstance(broken, PictureError) and told == [(1, 3), (2, 3), (3, 3)]
