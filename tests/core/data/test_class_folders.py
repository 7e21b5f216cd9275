"""Folders of pictures named by class: what is found in them, and many files read at once."""

from pathlib import Path

import pytest

from core.data import class_folders, naming
from core.errors import DataError
from core.labels import SLUGS


def plant(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def size(path: Path) -> int:
    return len(path.read_bytes())


def test_classes_are_found_at_any_depth_and_each_top_folder_is_a_kind(tmp_path):
    names = (
        "photos/check/coat/a.jpg",
        "photos/none-of-the-ten/check/hat/b.jpg",
        "drawings/check/ankle-boot/deep/c.png",
        "shop/Bag/d.webp",
    )
    root = plant(tmp_path, *names, "photos/check/coat/.hidden", "notes.txt", "photos/check/umbrella/e.jpg")
    found = {one.path.name: (one.kind, one.label) for one in class_folders.find(root)}
    assert found == {
        "a.jpg": ("photos", SLUGS.index("coat")),
        "b.jpg": (naming.NONE, -1),
        "c.png": ("drawings", SLUGS.index("ankle-boot")),
        "d.webp": ("shop", SLUGS.index("bag")),
    }


def test_a_folder_of_class_folders_is_a_kind_of_its_own_name(tmp_path):
    root = plant(tmp_path / "mine", "coat/a.jpg", "bag/b.jpg")
    assert {(one.kind, one.label) for one in class_folders.find(root)} == {
        ("mine", SLUGS.index("coat")),
        ("mine", SLUGS.index("bag")),
    }
    assert [one.kind for one in class_folders.find(root / "coat")] == ["coat"]


def test_folders_may_be_called_in_any_way_that_is_understood(tmp_path):
    root = plant(tmp_path / "mine", "Ankle boots/a.jpg", "class_4/b.jpg", "T-shirts & tops/c.jpg", "Mäntel/d.jpg")
    assert [(one.path.name, one.kind, one.label) for one in class_folders.find(root)] == [
        ("a.jpg", "mine", 9),
        ("c.jpg", "mine", 0),
        ("b.jpg", "mine", 4),
    ]


def test_a_folder_of_which_most_pictures_would_be_passed_over_is_refused(tmp_path):
    root = plant(tmp_path / "mine", "T-Shirts/a.jpg", "Hosen/b.jpg", "Kleider/c.jpg", "Kleider/notes.txt")
    with pytest.raises(DataError, match="2 of 3 pictures .* not named after a class, such as Hosen"):
        class_folders.find(root)


def test_a_part_leaves_out_the_others(tmp_path):
    root = plant(tmp_path / "check", "photos/check/coat/a.jpg", "photos/train/coat/b.jpg")
    assert [one.path.name for one in class_folders.find(root, "check")] == ["a.jpg"]


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_a_folder_without_classes_says_how_to_name_them(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="ankle-boot or none-of-the-ten"):
        class_folders.find(tmp_path / name)


@pytest.mark.parametrize("count", [3, class_folders.FEW + 5])
def test_files_are_read_in_order_with_their_progress(tmp_path, count):
    root = plant(tmp_path, *[f"coat/{'x' * index}.jpg" for index in range(1, count + 1)])
    paths = sorted((root / "coat").iterdir())
    seen = []
    assert class_folders.read_many(paths, size, lambda done, total: seen.append((done, total))) == [
        size(path) for path in paths
    ]
    assert seen == [(done, count) for done in range(1, count + 1)]
