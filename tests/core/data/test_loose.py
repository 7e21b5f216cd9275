"""Loose photos: what their names say, what is left out, and what a person settles on."""

import numpy as np
import pytest

from core.data import synthetic
from core.data.loose import LEFT_OUT, LoosePictures, chosen, guess, read_loose
from core.errors import DataError
from core.images import png
from core.labels import SLUGS
from core.settings import Settings


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("mine/coat/1.jpg", "coat"),
        ("mine/test/Ankle boots/7.png", "ankle-boot"),
        ("mine/4/x.png", "coat"),
        ("bag/coat.png", "bag"),
        ("mine/coat-3.jpg", "coat"),
        ("red_T-Shirt (2).jpeg", "t-shirt"),
        ("my ankle-boot.png", "ankle-boot"),
        ("bag beside coat.png", "coat"),
        ("4.png", None),
        ("IMG_2045.HEIC", None),
        ("holiday/cat.png", None),
    ],
)
def test_folders_and_names_say_a_class_but_numbers_of_photos_do_not(path: str, slug: str | None) -> None:
    assert guess(path.split("/")) == (SLUGS.index(slug) if slug else LEFT_OUT)


def brought(**changes: int) -> LoosePictures:
    """Twelve coats and twelve bags in folders, four of each to test on, beside two files that are no pictures."""
    drawn = synthetic.draw(np.repeat([4, 8], 12), seed=5)
    files = [
        (f"mine/{'test' if n % 3 == 0 else 'train'}/{'coat' if n < 12 else 'bag'}/{n}.png", png(image))
        for n, image in enumerate(drawn)
    ]
    noise = [("mine/.DS_Store", b"x"), ("mine/train/coat/<b>.txt", b"hello")]
    return read_loose("mine", files + noise, Settings(**changes))


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
        read_loose("mine", [("a.txt", b"x")], Settings())
    found = brought()
    with pytest.raises(DataError, match="of one class"):
        chosen(found, np.full(24, 4))
    with pytest.raises(DataError, match="holds 0 pictures that can be used; at least 20"):
        chosen(found, np.full(24, LEFT_OUT))
