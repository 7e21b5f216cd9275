"""The data set is found wherever it lies, damage is said in a sentence that names the file."""

import errno
import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from core.atomic import SPARE
from core.data import dataset, synthetic
from core.data.columns import CSV_COLUMNS
from core.data.dataset import Dataset, Source, subset, validation_split
from core.data.files import FILES, TABLES
from core.data.sources import load, read_folder
from core.errors import DataError
from core.settings import Settings
from tests.conftest import write_idx

PROJECT = Path(__file__).resolve().parents[3]
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


def invented(train: int = 30, test: int = 20, seed: int = 0) -> list[np.ndarray]:
    """Four arrays in the format of the data set: noise for pictures, all labels in turn."""
    rng = np.random.default_rng(seed)
    parts = [
        (rng.integers(0, 256, (n, 28, 28)).astype(np.uint8), (np.arange(n) % 10).astype(np.uint8))
        for n in (train, test)
    ]
    return [array for part in parts for array in part]


def idx_folder(folder: Path, arrays: list[np.ndarray], ending: str = ".gz") -> Path:
    folder.mkdir(parents=True)
    for name, array in zip(FILES, arrays, strict=True):
        write_idx(folder / f"{name}{ending}", array)
    return folder


def csv_folder(folder: Path, arrays: list[np.ndarray]) -> Path:
    folder.mkdir(parents=True)
    for name, images, labels in zip(TABLES, arrays[::2], arrays[1::2], strict=True):
        rows = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(images, labels, strict=True)]
        (folder / name).write_text("\n".join([",".join(CSV_COLUMNS), *rows]) + "\n")
    return folder


def same(found: Dataset, arrays: list[np.ndarray]) -> bool:
    mine = (found.train_images, found.train_labels, found.test_images, found.test_labels)
    return all(a.dtype == np.uint8 and np.array_equal(a, b) for a, b in zip(mine, arrays, strict=True))


@pytest.fixture
def bare(home: Settings) -> Settings:
    """Settings without any folder of data."""
    return replace(home, data=None)


@pytest.fixture
def quick_garments(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Twenty drawn clothes in place of 70,000; the list grows by one each time they are drawn."""
    drawings, draw = [], synthetic.make

    def few() -> tuple[np.ndarray, ...]:
        drawings.append(1)
        return draw(train=20, test=10)

    monkeypatch.setattr(synthetic, "make", few)
    return drawings


@pytest.mark.parametrize("ending", [".gz", ""])
def test_idx_files_are_read_packed_or_plain(tmp_path: Path, ending: str) -> None:
    found = read_folder(idx_folder(tmp_path / "clothes", invented(), ending))
    assert same(found, invented()) and found.source == "folder" and found.real
    assert found.title == "Fashion-MNIST, read from clothes (30 + 20 pictures)"
    assert not found.train_images.flags.writeable


def test_a_file_unpacked_under_its_packed_name_is_read(tmp_path: Path) -> None:
    folder = idx_folder(tmp_path / "clothes", invented())
    path = folder / f"{TEST_IMAGES}.gz"
    path.write_bytes(gzip.decompress(path.read_bytes()))
    assert same(read_folder(folder), invented())


def test_the_csv_pair_is_read_whatever_the_order_of_its_columns(tmp_path: Path) -> None:
    folder = csv_folder(tmp_path / "tables", invented())
    found = read_folder(folder)
    assert same(found, invented()) and found.source == "csv" and "CSV" in found.title
    rows = [line.split(",") for line in (folder / TABLES[0]).read_text().splitlines()]
    (folder / TABLES[0]).write_bytes("\r\n".join(",".join(row[::-1]) for row in rows).encode("utf-8-sig"))
    assert same(read_folder(folder), invented())


def test_a_whole_csv_pair_beats_a_few_idx_files(tmp_path: Path) -> None:
    folder = csv_folder(tmp_path / "both", invented())
    write_idx(folder / TRAIN_LABELS, invented(seed=1)[1])
    assert read_folder(folder).source == "csv"


def test_the_fingerprint_changes_with_any_pixel_label_or_order() -> None:
    arrays = invented()
    prints = {Dataset.of(arrays, source).fingerprint for source in Source}
    assert len(prints) == 1 and len(prints.pop()) == 16
    changed = [array.copy() for array in arrays]
    changed[0][3, 4, 5] ^= 1
    relabelled = [array.copy() for array in arrays]
    relabelled[3][0] = 9
    turned = [arrays[0][::-1], arrays[1][::-1], *arrays[2:]]
    assert len({dataset.fingerprint(each) for each in (arrays, changed, relabelled, turned)}) == 4


def test_sources_come_in_their_order_and_a_bad_folder_is_passed_over_with_a_word(
    bare: Settings, tmp_path: Path, quick_garments
) -> None:
    environment = {"KERAS_HOME": str(tmp_path / "keras")}
    drawn = load(bare, environment)
    assert (drawn.source, drawn.real, drawn.title, drawn.problem) == ("garments", False, "Drawn stand-in clothes", None)

    idx_folder(bare.folder / "fashion-mnist", invented(seed=1))
    fetched = load(bare, environment)
    assert fetched.source == "download" and same(fetched, invented(seed=1)) and "downloaded" in fetched.title

    idx_folder(tmp_path / "keras/datasets/fashion-mnist", invented(seed=2))
    assert load(bare, environment).source == "keras"

    configured = replace(bare, data=idx_folder(tmp_path / "mine", invented(seed=3)))
    assert same(load(configured, environment), invented(seed=3)) and load(configured, environment).problem is None

    (tmp_path / "mine" / f"{TRAIN_LABELS}.gz").write_bytes(b"no labels at all")
    passed_over = load(configured, environment)
    assert passed_over.source == "keras" and TRAIN_LABELS in str(passed_over.problem)


@pytest.mark.parametrize("place", ["keras", "download"])
def test_a_damaged_cache_or_download_is_said_when_drawn_clothes_must_stand_in(
    bare: Settings, tmp_path: Path, quick_garments, place: str
) -> None:
    folder = tmp_path / "datasets/fashion-mnist" if place == "keras" else bare.folder / "fashion-mnist"
    idx_folder(folder, invented())
    (folder / f"{TEST_LABELS}.gz").unlink()
    found = load(bare, {"KERAS_HOME": str(tmp_path)})
    assert found.source == "garments" and TEST_LABELS in str(found.problem)


def test_drawn_clothes_are_kept_and_a_damaged_copy_is_drawn_again(bare: Settings, quick_garments: list[int]) -> None:
    first, again = load(bare), load(bare)
    assert len(quick_garments) == 1 and first.fingerprint == again.fingerprint
    (kept,) = bare.folder.glob("garments-*")
    kept.write_bytes(kept.read_bytes()[:5000])
    assert load(bare).fingerprint == first.fingerprint and len(quick_garments) == 2
    assert len(list(bare.folder.glob("garments-*"))) == 1


def test_drawn_clothes_need_no_folder_that_can_be_written(tmp_path: Path, quick_garments: list[int]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert load(Settings(home=tmp_path / "file/home")).source == "garments"


def test_drawn_clothes_that_cannot_be_written_leave_nothing_on_the_full_disk(
    bare: Settings, quick_garments: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(output: BinaryIO, **_arrays: object) -> None:
        output.write(bytes(1000))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", fill)
    assert load(bare).source == "garments" and not list(bare.folder.iterdir())


def test_drawn_clothes_are_not_kept_on_a_disk_that_is_almost_full(
    bare: Settings, quick_garments: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 30 * (28 * 28 + 1)
    for free, kept in ((SPARE + size - 1, 0), (SPARE + size, 1)):
        monkeypatch.setattr("shutil.disk_usage", lambda folder, free=free: SimpleNamespace(free=free))
        assert load(bare).source == "garments" and len(list(bare.folder.iterdir())) == kept


def test_what_a_process_that_was_ended_has_left_of_the_drawn_clothes_is_removed(
    bare: Settings, quick_garments: list[int]
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [bare.folder / f"garments-12345678{ending}.{ended.pid}.part" for ending in ("", ".npz")]
    others = [bare.folder / f"garments-12345678.npz.{os.getppid()}.part", bare.folder / "runs.sqlite"]
    for file in (*left, *others):
        file.write_text("x")
    load(bare)
    assert not any(file.exists() for file in left) and all(file.exists() for file in others)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


DAMAGE = {  # what happens: (plain or packed, the file, how it is damaged, words of the sentence)
    "a packed file is cut off": (".gz", TRAIN_IMAGES, cut, "ends too early"),
    "a plain file is cut off": ("", TRAIN_IMAGES, cut, "ends too early"),
    "a byte is wrong": (".gz", TEST_IMAGES, flip, "damaged"),
    "a plain file is too long": (
        "",
        TEST_LABELS,
        lambda path: path.write_bytes(path.read_bytes() + b"x"),
        "longer than it says",
    ),
    "labels lie where pictures belong": (
        "",
        TRAIN_IMAGES,
        lambda path: write_idx(path, invented()[1]),
        "not an idx file of pictures",
    ),
    "pictures lie where labels belong": (
        "",
        TEST_LABELS,
        lambda path: write_idx(path, invented()[2]),
        "not an idx file of labels",
    ),
    "it is text": (".gz", TRAIN_LABELS, lambda path: path.write_text("<html>Not found</html>"), "not an idx file"),
    "it is empty": ("", TRAIN_LABELS, lambda path: path.write_bytes(b""), "not an idx file"),
    "pictures are too small": ("", TEST_IMAGES, lambda path: write_idx(path, np.zeros((20, 8, 8), np.uint8)), "8 × 8"),
    "counts differ": (".gz", TRAIN_LABELS, lambda path: write_idx(path, np.zeros(29, np.uint8)), "30 pictures"),
    "a label is 10": (
        ".gz",
        TEST_LABELS,
        lambda path: write_idx(path, np.arange(20, dtype=np.uint8) % 11),
        "picture 10 the label 10",
    ),
    "it is missing": (".gz", TEST_LABELS, Path.unlink, "is missing"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_idx_file_is_named_with_what_is_wrong(tmp_path: Path, case: str) -> None:
    ending, name, harm, words = DAMAGE[case]
    folder = idx_folder(tmp_path / "clothes", invented(), ending)
    harm(folder / f"{name}{ending}")
    with pytest.raises(DataError) as caught:
        read_folder(folder)
    sentence = str(caught.value)
    assert name in sentence and words in sentence and sentence.endswith("download the data set in the app.")


def changed(row: int, column: int, value: str) -> Callable[[list[list[str]]], object]:
    return lambda rows: rows[row].__setitem__(column, value)


TABLE_FAULTS = {  # what is wrong: (change of the rows of the file, words of the sentence)
    "a pixel is 300": (changed(7, 5, "300"), ["“300”", "pixel5", "row 7", "line 8"]),
    "a pixel is negative": (changed(2, 1, "-1"), ["“-1”", "pixel1", "row 2"]),
    "a pixel is a word": (changed(30, 784, "dark"), ["“dark”", "pixel784", "row 30"]),
    "a pixel is missing": (changed(4, 9, ""), ["“”", "pixel9", "row 4"]),
    "a pixel has 5,000 digits": (changed(6, 3, "9" * 5_000), ["“99999", "pixel3", "row 6"]),
    "a pixel is 5,000 zeros and 300": (changed(6, 3, "0" * 5_000 + "300"), ["pixel3", "row 6"]),
    "a label is 10": (changed(12, 0, "10"), ["“10”", "label", "row 12", "0 to 9"]),
    "a column is missing": (lambda rows: [row.pop(37) for row in rows], ["no column “pixel37”"]),
    "the last row is cut off": (lambda rows: rows[-1].__delitem__(slice(300, None)), ["300 values", "row 30"]),
    "there are no rows": (lambda rows: rows.__delitem__(slice(1, None)), ["no pictures"]),
    "there is nothing": (list.clear, ["is empty"]),
}


@pytest.mark.parametrize("case", TABLE_FAULTS)
def test_a_faulty_table_is_named_with_its_row(tmp_path: Path, case: str) -> None:
    harm, words = TABLE_FAULTS[case]
    path = csv_folder(tmp_path / "tables", invented()) / TABLES[0]
    rows = [line.split(",") for line in path.read_text().splitlines()]
    harm(rows)
    path.write_text("\n".join(map(",".join, rows)))
    with pytest.raises(DataError) as caught:
        read_folder(path.parent)
    assert all(word in str(caught.value) for word in [TABLES[0], *words]), str(caught.value)


def test_a_picture_named_csv_and_half_a_pair_are_said(tmp_path: Path) -> None:
    folder = csv_folder(tmp_path / "tables", invented())
    (folder / TABLES[1]).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(DataError, match=TABLES[1]):
        read_folder(folder)
    (folder / TABLES[1]).unlink()
    with pytest.raises(DataError, match=f"{TABLES[1]}.* is missing"):
        read_folder(folder)


def test_a_folder_that_is_empty_absent_or_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place, words in (
        (tmp_path, "does not hold Fashion-MNIST"),
        (tmp_path / "none", "no folder"),
        (tmp_path / "file", "does not hold Fashion-MNIST.*lies there instead: “file”"),
    ):
        with pytest.raises(DataError, match=words):
            read_folder(place)


@pytest.mark.parametrize(
    ("count", "share", "seed"), [(100, 0.2, 12345), (60_000, 1 / 6, 42), (777, 0.1, 0), (3, 0.3, 1)]
)
def test_a_split_is_scikit_learns(count: int, share: float, seed: int) -> None:
    theirs = train_test_split(np.arange(count), test_size=share, random_state=seed)
    for ours, expected in zip(validation_split(count, share, seed), theirs, strict=True):
        assert np.array_equal(ours, expected)


@pytest.mark.parametrize("examples", [1, 7, 100, 1195, 1200, 5000])
def test_a_part_of_the_pictures_has_every_class_in_its_share(garments: Dataset, examples: int) -> None:
    rows = subset(garments, examples, seed=4)
    assert len(rows) == len(set(rows.tolist())) == min(examples, 1200) and np.all(np.diff(rows) > 0)
    counts = np.bincount(garments.train_labels[rows], minlength=10)
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(rows, subset(garments, examples, seed=4))


def test_another_seed_takes_other_pictures_and_none_takes_all(garments: Dataset) -> None:
    assert not np.array_equal(subset(garments, 100, seed=1), subset(garments, 100, seed=2))
    assert np.array_equal(subset(garments, None, seed=1), np.arange(1200))


@pytest.mark.real_data
def test_the_real_data_set_is_whole(real: Dataset) -> None:
    assert real.train_images.shape == (60_000, 28, 28) and real.test_images.shape == (10_000, 28, 28)
    assert (
        np.bincount(real.train_labels).tolist() == [6_000] * 10
        and np.bincount(real.test_labels).tolist() == [1_000] * 10
    )
    assert round(real.train_images.mean() / 255, 4) == 0.2860 and round(real.train_images.std() / 255, 4) == 0.3530
    if real.source == "folder":
        assert real.train_labels[:3].tolist() == [9, 0, 0] and real.test_labels[:3].tolist() == [9, 2, 1]


def test_nothing_of_the_data_needs_tensorflow(small_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.data.sources import read_folder;"
        " read_folder(Path(sys.argv[1]))"
    )
    check = "; sys.exit(' '.join({'tensorflow', 'keras', 'streamlit', 'sklearn'} & set(sys.modules)) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code + check, str(small_folder)], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_required_data_that_are_absent_fail_the_tests_and_absent_ones_are_said() -> None:
    here = {key: value for key, value in os.environ.items() if key not in ("FITTING_ROOM_DATA", "FITTING_ROOM_REQUIRE")}

    def tested(processes: str, required: str = "") -> subprocess.CompletedProcess[str]:
        chosen = ["tests/core/data/test_dataset.py", "-k", "real_data_set", "-n", processes]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
            cwd=PROJECT,
            env={**here, "FITTING_ROOM_REQUIRE": required},
            capture_output=True,
            text=True,
            check=False,
        )

    done = tested("2")
    assert done.stdout.count("NOT TESTED: 1 real_data tests were left out") == 1, done.stdout
    done = tested("0", required="data")
    assert done.returncode not in (0, 5) and "FITTING_ROOM_DATA names no folder" in done.stderr
