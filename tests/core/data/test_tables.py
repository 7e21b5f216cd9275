"""Tables that nobody would write: each is read like any other, or refused at once in a sentence that names the row."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from core.data import columns, files, lines
from core.data.columns import CSV_COLUMNS
from core.errors import DataError

HEAD = ",".join(CSV_COLUMNS)
ROW = ",".join(["1"] + ["7"] * 784)
ODD_TABLES = {  # what is in the file, words of the sentence
    "very many names": (",".join(map(str, range(200_000))), ["first line of more than 64 kB"]),
    "very many columns": (",".join([HEAD, *["x"] * 300]), ["1,085 columns", "1,000 is the most"]),
    "a column twice": (f"label,{HEAD}\n1,{ROW}", ["the column “label” twice"]),
    "no end of a line": (HEAD, ["holds no pictures"]),
    "only ends of lines": (HEAD + "\n" * 100_000, ["holds no pictures"]),
    "a line break in quotes": (f'{HEAD}\n{ROW}\n"1\n",{ROW[2:]}', ["row 2 (line 3)"]),
    "a quote without an end": (f'{HEAD}\n{ROW}\n"{ROW}', ["1 values in row 2 (line 3)"]),
    "a zero byte": (f"{HEAD}\n{ROW[:-1]}\0", ["“” for pixel784 in row 1"]),
    "a number with two points": (f"{HEAD}\n{ROW}.0.1", ["“7.0.1” for pixel784 in row 1"]),
    "nothing known": (f"{HEAD}\n{ROW}\n\n{ROW[:-1]}nan", ["“nan” for pixel784 in row 2 (line 4)"]),
    "signs that turn words": (f"{HEAD}\n\u202e9{ROW}", ["“91” for label in row 1"]),
    "one very long value": (f"{HEAD}\n{ROW}{'9' * 200_000}", ["row 1 (line 2) that is no number"]),
    "one very long line": (f"{HEAD}\n{ROW},{'9,' * 200_000}", ["200,786 values in row 1"]),
    "very many separators": (f"{HEAD}\n{',' * 5_000_000}", ["line of more than", "in row 1 (line 2)"]),
    "too many rows": (f"{HEAD}\n" + f"{ROW}\n" * 41, ["holds 41 pictures; 40 is the most"]),
    "packed twice": (gzip.compress(gzip.compress(f"{HEAD}\n{ROW}".encode())), ["is packed twice", "Unpack it"]),
    "packed and cut off": (gzip.compress(f"{HEAD}\n{ROW}".encode())[:-30], ["ends too early"]),
    "packed and damaged": (gzip.compress(f"{HEAD}\n{ROW}".encode())[:9] + b"\xff" * 300, ["is damaged"]),
    "an empty file": ("", ["is empty"]),
    "an Excel workbook": (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", ["an Excel workbook", "choose Save as"]),
    "a LibreOffice document": (b"PK\3\4" + bytes(26) + b"mimetypeapplication/vnd.oasis", ["a LibreOffice document"]),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(600), ["an old Excel workbook", "choose Save as"]),
    "a tar": (bytes(257).replace(b"\0", b"a") + b"ustar", ["packed in a way that this app does not open"]),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(600), ["a picture, not a table"]),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(600), ["an HDF5 or MATLAB file", "numpy.savez"]),
    "a pickle": (b"\x80\x04\x95" + bytes(600), ["a Python pickle", "can carry a program"]),
    "JSON": ('[{"label": 3, "pixels": [0, 0]}]', ["is JSON", "as a table"]),
    "a web page": ("\n<!DOCTYPE html><html>", ["is a web page", "Download it again"]),
    "a pointer": ("version https://git-lfs.github.com/spec/v1\noid", ["a Git LFS pointer"]),
    "ARFF": ("% words\n@RELATION fashion\n@ATTRIBUTE", ["an ARFF file, as Weka writes it"]),
    "other bytes": (b"abc\0\1\2" * 200, ["is no text"]),
    "pixels without a class": (HEAD.removeprefix("label,") + f"\n{ROW[2:]}", ["no column that says the class"]),
    "no header and no class": (ROW[2:], ["no column that says the class"]),
    "larger pictures": (",".join(["label", *(f"p{n}" for n in range(1024))]), ["1,024 pixels a row", "32 × 32"]),
    "larger pictures, no header": (",".join(["0"] * 1025), ["1,024 pixels a row", "32 × 32"]),
    "pictures in colour": (",".join(["label", *(f"p{n}" for n in range(3072))]), ["3,072 pixels a row", "32 × 32"]),
    "names of pictures": ("filename,label\na.png,3\nb.png,4", ["2 columns", "a zip with a folder for each class"]),
    "a word": ("Hello", ["is text, but no table of pictures"]),
    "words": ("Dear teacher,\nhere are my clothes.", ["2 columns and so no pictures"]),
    "values of a network": (f"{HEAD}\n1,{',-0.81' * 783}\n".replace(",,", ",2.02,"), ["-0.81"]),
    "an unknown class": (f"{HEAD}\n{ROW}\nHat,{ROW[2:]}", ["“Hat” for label in row 2", "from 0 to 9 or by its name"]),
}


@pytest.mark.parametrize("block", [60_000, 2**21])
@pytest.mark.parametrize("case", ODD_TABLES)
def test_an_odd_table_is_refused_in_a_sentence(
    tmp_path: Path, case: str, block: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lines, "BLOCK", block)
    monkeypatch.setattr(files, "MOST_ROWS", 40)
    content, words = ODD_TABLES[case]
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        files.read_csv(path)
    assert path.name in str(caught.value) and not caplog.records
    if block == 2**21 or "long" not in case:  # in small blocks a long line comes in pieces
        assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize("block", [9_000, 9_001, 9_002, 2**21])
def test_a_table_reads_alike_however_its_lines_end_and_in_whatever_blocks(
    tmp_path: Path, end: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    rows = np.column_stack([labels, images.reshape(5, -1), labels]).tolist()
    written = [f'{HEAD},"x, y"', *(",".join(map(str, row)) for row in rows)]
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbf" + end.join(written).encode())
    monkeypatch.setattr(lines, "BLOCK", block)
    found_images, found_labels, ways = files.read_csv(path)
    assert np.array_equal(found_images, images) and np.array_equal(found_labels, labels)


def test_a_fault_in_the_last_row_is_found_without_reading_the_others_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 50_000)
    slowly = []
    reader = csv.reader
    monkeypatch.setattr(columns.csv, "reader", lambda text, **named: slowly.append(text) or reader(text, **named))
    path = tmp_path / "x.csv"
    path.write_text(f"{HEAD}\n" + f"{ROW}\n" * 400 + ROW[:-1] + "256")
    with pytest.raises(DataError, match=r"“256” for pixel784 in row 401 \(line 402\)"):
        files.read_csv(path)
    assert len(slowly) < 50


@pytest.mark.parametrize("block", [9_000, 12_001])
@pytest.mark.parametrize("after", ["", "\n", f"\n{ROW}\n"])
def test_a_line_longer_than_a_block_is_named_by_its_row_wherever_it_lies(
    tmp_path: Path, block: int, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", block)
    path, line = tmp_path / "x.csv", f"{ROW}\n"
    for before in (0, 3, 8):
        for size in (block + 1, 2 * block, 3 * block + 7):
            path.write_bytes(f"{HEAD}\n\n{before * line}{ROW.rjust(size, '0')}{after}".encode())
            with pytest.raises(DataError, match=rf"a line of more than .* in row {before + 1} \(line {before + 3}\)"):
                files.read_csv(path)
        path.write_bytes(f"{HEAD}\n\n{before * line}{ROW.rjust(block, '0')}{after}".encode())
        assert len(files.read_csv(path)[1]) == before + 1 + after.count(ROW)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_empty_lines_without_end_are_refused_before_the_rest_is_read(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 10_000)
    monkeypatch.setattr(lines, "MOST_EMPTY", 20_000)
    counted = []
    count = lines.count_lines
    monkeypatch.setattr(lines, "count_lines", lambda block: counted.append(block) or count(block))
    path = tmp_path / "x.csv"
    path.write_bytes((HEAD + end * 1_000_000 + ROW).encode())
    with pytest.raises(DataError, match="more than 20,000 empty lines"):
        files.read_csv(path)
    assert sum(map(len, counted)) < 100_000
    path.write_bytes((HEAD + end * 20_001 + ROW).encode())
    assert len(files.read_csv(path)[1]) == 1
