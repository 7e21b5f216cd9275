"""Loose photos: what their names say, what is left out, and what a person settles on."""

import numpy as np
import pytest

from core.data import synthetic
from core.data.loose import LEFT_OUT, LoosePictures, chosen, read_loose
from core.data.naming import EACH
from core.data.sorting import Asked
from core.errors import DataError
from core.images import png
from core.settings import Settings


def brought(**changes: int) -> LoosePictures:
    """Twelve coats and twelve bags in folders, four of each to test on, beside two files that are no pictures."""
    drawn = synthetic.draw(np.repeat([4, 8], 12), seed=5)
    files = [
        (f"mine/{'test' if n % 3 == 0 else 'train'}/{'coat' if n < 12 else 'bag'}/{n}.png", png(image))
        for n, image in enumerate(drawn)
    ]
    noise = [("mine/.DS_Store", b"x"), ("mine/train/coat/<b>.txt", b"hello")]
    found = read_loose("mine", files + noise, Settings(**changes), {})
    assert isinstance(found, LoosePictures)
    return found


def test_folders_of_another_language_are_asked_about_and_said_once_for_all_pictures_in_them() -> None:
    drawn = synthetic.draw(np.repeat([4, 8], 12), seed=5)
    files = [(f"Fotos/{'Cappotti' if n < 12 else 'торба'}/IMG_{n}.png", png(image)) for n, image in enumerate(drawn)]
    asked = read_loose("Fotos", files, Settings(), {})
    assert isinstance(asked, Asked)
    assert [(folder.name, folder.count, folder.label) for folder in asked.folders] == [
        ("Cappotti", 12, 4),
        ("торба", 12, -1),
    ]
    found = read_loose("Fotos", files, Settings(), {"cappotti": 4, "торба": 8})
    assert isinstance(found, LoosePictures) and found.labels.tolist() == [4] * 12 + [8] * 12
    fewer = read_loose("Fotos", files, Settings(), {"cappotti": 4, "торба": LEFT_OUT})
    assert isinstance(fewer, LoosePictures) and fewer.labels.tolist() == [4] * 12
    each = read_loose("Fotos", files, Settings(), {"cappotti": 4, "торба": EACH})
    assert isinstance(each, LoosePictures) and each.labels.tolist() == [4] * 12 + [LEFT_OUT] * 12 and not each.left_out
    assert fewer.left_out == ("Fotos/торба/ was not wanted: 12 files left out",)


def test_photos_in_one_folder_or_none_are_not_asked_about_by_folder() -> None:
    image = png(synthetic.draw(np.array([4]), seed=5)[0])
    for names in (["holiday/a.png", "holiday/coat-1.png"], ["a.png", "Mantel 7.png"]):
        found = read_loose("photos", [(name, image) for name in names], Settings(), {})
        assert isinstance(found, LoosePictures) and found.labels.tolist() == [LEFT_OUT, 4]


def test_what_cannot_be_read_is_named_and_what_systems_add_is_passed_over() -> None:
    found = brought()
    assert len(found.images) == 24 and found.test.sum() == 8
    (left_out,) = found.left_out
    assert left_out.startswith("mine/train/coat/_b_.txt: ") and "<" not in left_out


def test_a_person_has_the_last_word_and_a_test_folder_is_kept_apart() -> None:
    found = brought()
    labels = found.labels.copy()
    labels[1], labels[2] = 3, LEFT_OUT
    used = chosen(found, labels).data
    assert len(used.train_labels) == 15 and len(used.test_labels) == 8
    assert 3 in used.train_labels and np.array_equal(used.train_images[0], found.images[1])


def test_too_many_too_large_and_too_few_are_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="25 pictures; 10 is the most"):
        brought(max_own_pictures=10)
    with pytest.raises(DataError, match="0 MB is the most"):
        brought(max_own_mb=0)
    with pytest.raises(DataError, match="None of these files is a picture"):
        read_loose("mine", [("a.txt", b"x")], Settings(), {})
    found = brought()
    with pytest.raises(DataError, match="of one class"):
        chosen(found, np.full(24, 4))
    with pytest.raises(DataError, match="holds 0 pictures that can be used; at least 20"):
        chosen(found, np.full(24, LEFT_OUT))


def test_a_table_beside_loose_photos_says_their_classes_and_is_no_photo() -> None:
    drawn = synthetic.draw(np.repeat([4, 8], 12), seed=5)
    files = [(f"mine/IMG_{n}.png", png(image)) for n, image in enumerate(drawn)]
    rows = "".join(f"IMG_{n}.png,{'Coat' if n < 12 else 'Bag'}\n" for n in range(24))
    found = read_loose("mine", [*files, ("mine/labels.csv", f"file,label\n{rows}".encode())], Settings(), {})
    assert isinstance(found, LoosePictures) and found.labels.tolist() == [4] * 12 + [8] * 12
    assert len(found.images) == 24 and not found.left_out
