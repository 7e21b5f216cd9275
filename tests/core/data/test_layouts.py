"""The data set as others lay it down: each layout gives the same pictures, and what is none is called by what it is."""

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from core.data import gather, layouts, sources, upload
from core.data.dataset import Dataset
from core.data.files import FILES
from core.data.sources import read_folder
from core.errors import DataError
from core.images import png
from core.labels import NAMES
from core.settings import Settings

RANDOM = np.random.default_rng(0)
ARRAYS = [
    array
    for count in (30, 20)
    for array in (RANDOM.integers(0, 256, (count, 28, 28)).astype(np.uint8), (np.arange(count) % 10).astype(np.uint8))
]
for pictures in ARRAYS[::2]:
    pictures[:, 0, 0] = 0
IMAGE = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
IDX_NAMES = list(FILES)
Files = Mapping[str, bytes]


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def idx_files(around: str = "", ending: str = "", rename: Callable[[str], str] = str) -> dict[str, bytes]:
    packed = gzip.compress if ending else bytes
    return {f"{around}{rename(n)}{ending}": packed(idx(a)) for n, a in zip(IDX_NAMES, ARRAYS, strict=True)}


def csv(images: np.ndarray, labels: np.ndarray, names: bool = True) -> bytes:
    head = [",".join(["label", *(f"pixel{n}" for n in range(1, 785))])] if names else []
    rows = np.column_stack([labels, images.reshape(len(labels), -1)]).tolist()
    return "\n".join([*head, *(",".join(map(str, row)) for row in rows), ""]).encode()


def csv_files(train: str = "fashion-mnist_train.csv", test: str = "fashion-mnist_test.csv") -> dict[str, bytes]:
    return {train: csv(*ARRAYS[:2]), test: csv(*ARRAYS[2:])}


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def named_arrays(*names: str) -> bytes:
    return npz(**dict(zip(names, ARRAYS, strict=True)))


def parquet(columns: Mapping[str, object]) -> bytes:
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), content)
    return content.getvalue()


def hugging_face(images: np.ndarray, labels: np.ndarray) -> bytes:
    return parquet({"image": [{"bytes": png(image), "path": None} for image in images], "label": labels.astype("i8")})


def in_columns(images: np.ndarray, labels: np.ndarray) -> bytes:
    pixels = images.reshape(len(images), -1).T
    return parquet({f"pixel{n}": row for n, row in enumerate(pixels, 1)} | {"class": [NAMES[each] for each in labels]})


def in_lists(images: np.ndarray, labels: np.ndarray) -> bytes:
    return parquet({"label": labels, "pixels": images.reshape(len(images), -1).tolist()})


def in_fixed_lists(images: np.ndarray, labels: np.ndarray) -> bytes:
    return parquet(
        {"image": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(images.ravel()), 784), "label": labels}
    )


def in_bytes(images: np.ndarray, labels: np.ndarray) -> bytes:
    return parquet({"about": [{"a": 1}] * len(images), "image": [image.tobytes() for image in images], "label": labels})


def of_pictures(*pictures: object) -> dict[str, bytes]:
    return {name: parquet({"image": list(pictures), "label": [0]}) for name in ("train.parquet", "test.parquet")}


def in_numbered_columns(images: np.ndarray, labels: np.ndarray) -> bytes:
    return parquet({str(n): row for n, row in enumerate([*images.reshape(len(images), -1).T, labels])})


def both(make: Callable[..., bytes], train: str, test: str) -> dict[str, bytes]:
    return {train: make(*ARRAYS[:2]), test: make(*ARRAYS[2:])}


def zipped(files: Files) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def dots(name: str) -> str:
    return name.replace("-idx", ".idx")


def twice(name: str) -> str:
    return f"{name}/{name}"


DIGITS = {f"MNIST/raw/{name}": idx(255 - array) for name, array in zip(IDX_NAMES, ARRAYS, strict=True)}
LAYOUTS: dict[str, Files] = {
    "names with dots": idx_files(rename=dots),
    "names with dots, packed": idx_files(ending=".gz", rename=dots),
    "names in capitals, with a test part": idx_files(rename=lambda name: name.replace("t10k", "test").upper()),
    "names with the data set's in front": idx_files(ending=".gz", rename=lambda name: f"fashion-{name}"),
    "saved twice by a browser": idx_files(rename=lambda name: f"{name}(1)"),
    "torchvision, unpacked beside packed": idx_files("FashionMNIST/raw/") | idx_files("FashionMNIST/raw/", ".gz"),
    "torchvision beside other sets": DIGITS | idx_files("FashionMNIST/raw/"),
    "Keras": idx_files("datasets/fashion-mnist/", ".gz"),
    "the makers' repository": idx_files("fashion-mnist-master/data/fashion/", ".gz")
    | {"fashion-mnist-master/doc/img/embedding.png": png(ARRAYS[0][0]), "fashion-mnist-master/README.md": b"#"},
    "each in a folder of its name": idx_files(rename=twice),
    "Kaggle, tables beside idx": csv_files() | idx_files(),
    "Kaggle, tables and idx in folders": csv_files() | idx_files(rename=twice),
    "Kaggle, not unpacked": {"archive.zip": zipped(csv_files() | idx_files(rename=twice))},
    "a zip beside other things": {"notes.txt": b"mine", "x.zip": zipped(idx_files("a/b/", ".gz"))},
    "tables in a folder": csv_files("a/train.csv", "a/test.csv"),
    "tables that are packed": {f"{name}.gz": gzip.compress(body) for name, body in csv_files().items()},
    "a folder for training and one for the test": csv_files("train/data.csv", "test/data.csv"),
    "tables without headers": {"train.csv": csv(*ARRAYS[:2], False), "test.csv": csv(*ARRAYS[2:], False)},
    "Hugging Face": both(
        hugging_face, "fashion_mnist/train-00000-of-00001.parquet", "fashion_mnist/test-00000-of-00001.parquet"
    ),
    "Hugging Face, in pieces": {
        "data/train-00000-of-00002.parquet": hugging_face(ARRAYS[0][:11], ARRAYS[1][:11]),
        "data/train-00001-of-00002.parquet": hugging_face(ARRAYS[0][11:], ARRAYS[1][11:]),
        "data/test-00000-of-00001.parquet": hugging_face(*ARRAYS[2:]),
    },
    "Parquet with a column a pixel": both(in_columns, "train.parquet", "test.parquet"),
    "Parquet with lists": both(in_lists, "train.parquet", "test.parquet"),
    "Parquet with numbers for names": both(in_numbered_columns, "train.parquet", "test.parquet"),
    "an npz as Keras names it": {"fashion_mnist.npz": named_arrays("x_train", "y_train", "x_test", "y_test")},
    "an npz with other names": {
        "f.npz": named_arrays("train_images", "train_labels", "test_images", "test_labels"),
        "list.txt": b"",
    },
    "npy files": {
        f"{name}.npy": npy(array)
        for name, array in zip(["X_train", "y_train", "X_test", "y_test"], ARRAYS, strict=True)
    },
    "npy files, flat, with shares and one-hot labels": {
        "train_x.npy": npy(ARRAYS[0].reshape(30, 784, 1) / 255),
        "train_y.npy": npy(np.eye(10)[ARRAYS[1]]),
        "test_x.npy": npy((ARRAYS[2] / np.float32(255))[..., None]),
        "test_y.npy": npy(ARRAYS[3].reshape(-1, 1).astype("f8")),
    },
    "npy files with names for labels": {
        "train_x.npy": npy(np.asfortranarray(ARRAYS[0])),
        "train_y.npy": npy(np.array(NAMES)[ARRAYS[1]]),
        "test_x.npy": npy(ARRAYS[2].astype(">i4")),
        "test_y.npy": npy(np.array(NAMES, "S")[ARRAYS[3]]),
    },
    "npz with lists beside the arrays": {
        "f.npz": npz(
            **dict(zip(["x_train", "y_train", "x_test", "y_test"], ARRAYS, strict=True)),
            class_names=np.array(NAMES),
            ids=np.arange(50),
        )
    },
    "Parquet with lists of one length": both(in_fixed_lists, "train.parquet", "test.parquet"),
    "Parquet with pixels as bytes": both(in_bytes, "train.parquet", "test.parquet"),
    "npy files with all in one": {
        "train.npy": npy(np.column_stack([ARRAYS[1], ARRAYS[0].reshape(30, -1)])),
        "test.npy": npy(np.column_stack([ARRAYS[2].reshape(20, -1), ARRAYS[3]])),
    },
}


def laid(folder: Path, files: Files) -> Path:
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


def same(found: Dataset) -> bool:
    mine = (found.train_images, found.train_labels, found.test_images, found.test_labels)
    return all(a.dtype == np.uint8 and np.array_equal(a, b) for a, b in zip(mine, ARRAYS, strict=True))


@pytest.mark.parametrize("case", LAYOUTS)
def test_a_folder_is_read_however_the_data_set_lies_in_it(tmp_path: Path, case: str) -> None:
    found = read_folder(laid(tmp_path / "clothes", LAYOUTS[case]))
    assert same(found) and found.real and "clothes" in found.title


@pytest.mark.parametrize("case", LAYOUTS)
def test_the_same_as_a_zip_becomes_clothes_of_ones_own(case: str) -> None:
    content = zipped(LAYOUTS[case])
    if case in ("Kaggle, not unpacked", "a zip beside other things", "an npz with other names"):
        content = next(body for name, body in LAYOUTS[case].items() if name.endswith((".zip", ".npz")))
    found = upload.read_upload([("x.zip", content)], Settings())
    assert isinstance(found, gather.UploadedDataset) and same(found.data)
    assert found.data.source == "own" and "test" in str(found.split)


def test_a_folder_above_or_beside_is_found_and_said(tmp_path: Path) -> None:
    root = laid(tmp_path / "data", idx_files("FashionMNIST/raw/", ".gz") | {"FashionMNIST/raw/more/x.txt": b""})
    assert str(read_folder(root).read_as) == "“data” was read as: found in “FashionMNIST/raw”."
    assert same(read_folder(root / "FashionMNIST/raw/more"))
    assert read_folder(root / "FashionMNIST/raw").read_as is None
    assert same(read_folder(root / "FashionMNIST/raw/train-images-idx3-ubyte.gz"))


@pytest.mark.parametrize("name", ["archive.zip", "fashion.npz"])
def test_the_data_set_may_be_one_file(tmp_path: Path, name: str) -> None:
    case = LAYOUTS["Kaggle, not unpacked"] if "zip" in name else LAYOUTS["an npz as Keras names it"]
    path = laid(tmp_path, {name: next(iter(case.values()))}) / name
    assert same(read_folder(path)) and same(sources.load(replace(Settings(), data=path), {}))


def test_of_one_table_with_all_pictures_the_last_are_for_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"fashion-mnist.csv": csv(np.concatenate(ARRAYS[::2]), np.concatenate(ARRAYS[1::2]))}
    folder = laid(tmp_path / "openml", table)
    with pytest.raises(DataError, match="holds 50 pictures, and no file beside it holds others to test on"):
        read_folder(folder)
    monkeypatch.setattr(sources, "FULL", (30, 20))
    found = read_folder(folder)
    assert same(found) and "for the test" in str(found.read_as)


NONE_OF_IT: dict[str, tuple[Files, list[str]]] = {
    "empty": ({}, ["needs the four files", "It is empty"]),
    "TensorFlow Datasets": (
        {"fashion_mnist/3.0.1/fashion_mnist-train.tfrecord-00000-of-00001": b"x"},
        ["TensorFlow Datasets (.tfrecord)", "download the data set in the app"],
    ),
    "Hugging Face's cache": ({"a/fashion_mnist-train.arrow": b"x"}, ["(.arrow)", "to_parquet"]),
    "old torchvision": ({"processed/training.pt": b"x"}, ["PyTorch (.pt)", "“raw”"]),
    "a tar": ({"fashion.tar.gz": b"x"}, ["a packed file", "Unpack it"]),
    "a workbook": ({"train.xlsx": b"x"}, ["a workbook", "CSV UTF-8"]),
    "a pickle": ({"train.pkl": pickle.dumps(1)}, ["numpy.savez"]),
    "pictures": ({"coat/1.png": b"x"}, ["pictures in files of their own", "Your own clothes"]),
    "other things": (
        {f"{name}.txt": b"x" for name in "abcde"},
        ["lies there instead: “a.txt”, “b.txt”, “c.txt” and 2 more"],
    ),
    "digits": (DIGITS, ["does not hold Fashion-MNIST"]),
    "three files": (dict(list(idx_files("raw/").items())[:3]), ["t10k-labels-idx1-ubyte.gz", "is missing"]),
    "a table too few": ({"a/fashion-mnist_train.csv": csv(*ARRAYS[:2])}, ["fashion-mnist_test.csv", "is missing"]),
    "a damaged zip": ({"archive.zip": b"PK\3\4" + bytes(90)}, ["archive.zip", "is damaged, or is not a zip"]),
    "labels without pictures": (
        {"y_train.npy": npy(ARRAYS[1]), "y_test.npy": npy(ARRAYS[3])},
        ["y_train.npy", "no file beside it holds their pictures"],
    ),
    "an array of objects": (
        {"x_train.npy": npy(np.array([{}])), "x_test.npy": b""},
        ["x_train.npy", "holds Python objects, which can carry a program"],
    ),
    "an array that is larger than its file": (
        {"train.npy": npy(ARRAYS[0]).replace(b"(30, 28, 28)", b"(9**9,28,1)"[:12].ljust(12)), "test.npy": b""},
        ["train.npy", "is damaged, or not what its name says"],
    ),
    "an array that ends too early": ({"train.npy": npy(ARRAYS[0])[:-9], "test.npy": b""}, ["ends too early"]),
    "pictures of another size": (
        {"x_train.npy": npy(np.zeros((9, 32, 32), "u1")), "x_test.npy": b""},
        ["holds an array of 9 × 32 × 32"],
    ),
    "labels that are no class": (
        {"y_train.npy": npy(np.arange(12)), "y_test.npy": b""},
        ["says “10” for a label", "0 to 9"],
    ),
    "pixels for a network": (
        {"x_train.npy": npy(ARRAYS[0] / 80 - 1), "y_train.npy": npy(ARRAYS[1]), "test.npy": b""},
        ["holds pixels from -1 to 2.188; they must lie between 0 and 255"],
    ),
    "Parquet that is none": (
        {"train.parquet": b"PAR1" + bytes(90), "test.parquet": b""},
        ["train.parquet", "is damaged"],
    ),
    "Parquet of larger pictures": (
        both(lambda _images, labels: hugging_face(np.zeros((3, 32, 32), "u1"), labels[:3]), "train.parquet", "test.pq"),
        ["train.parquet", "32 × 32"],
    ),
    "Parquet of very many columns": (
        {"train.parquet": parquet({f"c{n}": [1] for n in range(3_000)}), "test.parquet": b""},
        ["3,000 columns; 1,000 is the most"],
    ),
    "Parquet with a picture that is none": (
        of_pictures({"bytes": b"x" * 9, "path": None}),
        ["train.parquet", "has a picture that cannot be used. This file is not a picture"],
    ),
    "Parquet with names of pictures": (
        of_pictures({"bytes": b"", "path": "a"}),
        ["cannot be used. This file is empty"],
    ),
    "Parquet with nothing but names": (
        {
            name: parquet({"image": pyarrow.array([{"bytes": None, "path": "a"}], IMAGE), "label": [0]})
            for name in ("train.parquet", "test.parquet")
        },
        ["train.parquet", "a row without a picture, or with no more than a picture’s name"],
    ),
    "Parquet without a label": (
        {
            name: parquet({"image": [ARRAYS[0][0].tobytes()] * 2, "label": pyarrow.array([1, None], "u1")})
            for name in ("train.parquet", "test.parquet")
        },
        ["train.parquet", "has no label in row 2"],
    ),
    "Parquet of something else": (
        {"train.parquet": parquet({"a": [1], "b": [2]}), "test.parquet": b""},
        ["2 columns and so no pictures"],
    ),
}


@pytest.mark.parametrize("case", NONE_OF_IT)
def test_what_is_no_data_set_is_called_by_what_it_is(tmp_path: Path, case: str) -> None:
    files, words = NONE_OF_IT[case]
    (tmp_path / "clothes").mkdir()
    with pytest.raises(DataError) as caught:
        read_folder(laid(tmp_path / "clothes", files))
    assert all(word in str(caught.value) for word in words), str(caught.value)


UPLOADS: dict[str, dict[str, bytes]] = {
    "four idx files": idx_files(ending=".gz"),
    "two Parquet files": both(in_columns, "train.parquet", "test.parquet"),
    "four npy files": dict(LAYOUTS["npy files"]),
    "a table that is packed, and one that is not": {
        "train.csv.gz": gzip.compress(csv(*ARRAYS[:2])),
        "test.csv": csv(*ARRAYS[2:]),
    },
}


@pytest.mark.parametrize("case", UPLOADS)
def test_files_that_are_a_data_set_together_can_be_brought_loose(case: str) -> None:
    found = upload.read_upload(list(UPLOADS[case].items()), Settings())
    assert isinstance(found, gather.UploadedDataset) and same(found.data)


def test_of_a_very_large_archive_every_class_gives_its_share() -> None:
    told: list[tuple[int, int]] = []
    few = replace(Settings(), max_own_pictures=40)
    zips = [("x.zip", zipped(csv_files() | idx_files()))]
    found = upload.read_upload(zips, few, progress=lambda done, total: told.append((done, total)))
    data = found.data
    assert (len(data.train_labels), len(data.test_labels)) == (24, 16) and len(set(data.test_labels)) == 10
    assert "40 of 50 pictures, of every class its share" in str(data.read_as) and told[-1] == (50, 50)


KAGGLE = csv_files("train.csv", "test.csv")
BESIDE = {
    "sample_submission.csv": b"id,label\n1,0\n",
    "labels.csv": b"0,T-shirt/top\n1,Trouser\n",
    "README.txt": b"Hello\n",
}


def test_tables_beside_that_hold_no_pictures_are_passed_over_and_named(tmp_path: Path) -> None:
    for name, content in (KAGGLE | BESIDE).items():
        (tmp_path / name).write_bytes(content)
    folder = read_folder(tmp_path)
    brought = upload.read_upload([("x.zip", zipped(KAGGLE | BESIDE))], Settings()).data
    for data in (folder, brought):
        assert [len(data.train_labels), len(data.test_labels)] == [30, 20]
        assert "without “labels.csv”, “sample_submission.csv”" in str(data.read_as)


@pytest.mark.parametrize(
    "content", [b"7z\xbc\xaf\x27\x1c" + bytes(99), b"Rar!\x1a\7\0" + bytes(99), gzip.compress(b"x")]
)
def test_what_is_packed_otherwise_is_called_so_even_where_its_name_says_zip(content: bytes) -> None:
    for name in ("x.zip", "x.7z") if content[:2] != b"\x1f\x8b" else ("x.zip",):
        with pytest.raises(
            DataError, match=r"packed in a way that this app does not open.*the folders of pictures as a zip"
        ):
            upload.read_upload([(name, content)], Settings())


def test_tables_may_end_in_txt(tmp_path: Path) -> None:
    files = csv_files("a/train.txt", "a/test.txt") | {"a/README.txt": b"Fashion-MNIST\n"}
    found = upload.read_upload([("x.zip", zipped(files))], Settings())
    assert len(found.data.train_labels) == 30 and found.data.read_as is None


def test_each_file_may_be_packed_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in csv_files().items():
        (tmp_path / f"{name}.zip").write_bytes(zipped({name: content}))
    assert len(read_folder(tmp_path).test_labels) == 20
    monkeypatch.setattr(layouts, "_size", lambda file: layouts.MOST_UNPACKED // 2 + 1)  # together too much for memory
    with pytest.raises(DataError, match="does not hold Fashion-MNIST"):
        read_folder(tmp_path)


def test_class_folders_with_a_table_beside_them_stay_class_folders() -> None:
    folders = {f"mine/{name}/{n}.png": png(ARRAYS[0][n]) for name in ("bag", "coat") for n in range(20)}
    found = upload.read_upload([("x.zip", zipped(folders | csv_files("mine/labels.csv", "mine/t.csv")))], Settings())
    assert len(found.data.train_labels) == 32 and set(found.data.train_labels) == {4, 8}


REFUSED = {
    "a workbook": ({"[Content_Types].xml": b"", "xl/workbook.xml": b""}, ["an Excel workbook", "CSV UTF-8"]),
    "a LibreOffice document": ({"mimetype": b"", "content.xml": b""}, ["a LibreOffice document"]),
    "a letter": ({"word/document.xml": b""}, ["a Word document"]),
    "a table of another kind": ({"a/train.csv": b"id,price\n1,2\n"}, ["a/train.csv", "x.zip", "2 columns"]),
    "a table that is damaged in its zip": (
        {"train.csv": csv(*ARRAYS[:2]), "test.csv": csv(*ARRAYS[2:])},
        ["test.csv", "x.zip", "cannot be read as a table"],
    ),
    "very many tables": ({f"{n}_train.csv": b"1,2" for n in range(65)}, ["x.zip", "no pictures in it"]),
    "a packed bomb": ({"train-images-idx3-ubyte.gz": gzip.compress(bytes(10**7))} | idx_files(), ["not an idx file"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_zip_that_is_no_data_set_is_called_by_what_it_is(case: str) -> None:
    files, words = REFUSED[case]
    with pytest.raises(DataError) as caught:
        content = zipped(files)
        content = content.replace(content[-9_000:-8_900], bytes(100)) if "damaged" in case else content
        upload.read_upload([("x.zip", content)], replace(Settings(), max_own_mb=1))
    assert all(word in str(caught.value) for word in words), str(caught.value)
