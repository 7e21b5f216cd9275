"""Tables as people and their programs export them: each is read, and what is unusual about it is said."""

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.data import lines
from core.data.columns import CSV_COLUMNS
from core.data.files import read_csv
from core.data.tables import Ways
from core.data.upload import read_upload
from core.errors import DataError
from core.labels import NAMES
from core.settings import Settings

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
IMAGES[:, [0, 0, -1, -1], [0, -1, 0, -1]] = 0
LABELS = (np.arange(40) * 7 % 10).astype(np.uint8)
HEAD = list(CSV_COLUMNS)
ROWS = [[str(label), *map(str, image.ravel())] for label, image in zip(LABELS, IMAGES, strict=True)]
GRID = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
EMPTY = [[""] * 785]
SHARES = [[row[0], *(f"{int(value) / 255:.6g}" for value in row[1:])] for row in ROWS]


def text(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in rows)


def named(*head: str, rows: Sequence[Sequence[str]] = ROWS, separator: str = ",") -> str:
    return text([head, *rows], separator)


def pixels(name: str, begin: int) -> list[str]:
    return [f"{name}{number}" for number in range(begin, begin + 784)]


def last(rows: Sequence[Sequence[str]] = ROWS) -> list[list[str]]:
    return [[*row[1:], row[0]] for row in rows]


def each(change: Callable[[str], str], rows: Sequence[Sequence[str]] = ROWS, begin: int = 0) -> list[list[str]]:
    return [[*row[:begin], *map(change, row[begin:])] for row in rows]


def in_words(words: Sequence[str] = NAMES) -> list[list[str]]:
    return [[words[int(row[0])], *row[1:]] for row in ROWS]


def quoted(rows: Sequence[Sequence[str]]) -> str:
    content = io.StringIO()
    csv.writer(content, quoting=csv.QUOTE_ALL).writerows([HEAD, *rows])
    return content.getvalue()


def saved_by_numpy(**given: object) -> str:
    content = io.StringIO()
    np.savetxt(content, np.column_stack([LABELS, IMAGES.reshape(40, -1)]), **given)
    return content.getvalue()


by_text = sorted(range(785), key=HEAD.__getitem__)
comma = lambda value: f"{value},0"  # noqa: E731
TABLES = {  # what it is: (the file, what is said of it)
    "1x1 ... 28x28": (named("label", *GRID), ""),
    "r0c0 ... r27c27": (named("label", *(f"r{n // 28}c{n % 28}" for n in range(784))), ""),
    "x0y0, x1y0 ... x27y27": (named("label", *(f"x{n % 28}y{n // 28}" for n in range(784))), ""),
    "col1_row1, column after column": (
        text(
            [["label", *(f"col{n // 28 + 1}_row{n % 28 + 1}" for n in range(784))]]
            + [[row[0], *(row[1 + n % 28 * 28 + n // 28] for n in range(784))] for row in ROWS]
        ),
        "pixels in the order of their names",
    ),
    "notes above it": ("# Clothes, 2024\n# by us\n" + named(*HEAD), "without the lines above the table"),
    "a title of Excel above it": (
        "sep=;\nMy clothes" + ";" * 784 + "\n\n" + named(*HEAD, separator=";"),
        "semicolons, without the lines above the table",
    ),
    "notes, no header": ("% clothes\n" + text(ROWS), "label first, no header, without the lines above"),
    "pixel0 ... pixel783": (named("label", *pixels("pixel", 0)), ""),
    "PIXEL_0": (named("LABEL", *pixels("PIXEL_", 0)), ""),
    "px_0": (named("Label", *pixels("px_", 0)), ""),
    "p0": (named("label", *pixels("p", 0)), ""),
    "p1": (named("labels", *pixels("p", 1)), "label in the column “labels”"),
    "0 ... 783": (named("label", *pixels("", 0)), ""),
    "1 ... 784": (named("class", *pixels("", 1)), "label in the column “class”"),
    "0 ... 784": (named(*map(str, range(785))), "label first"),
    "0 ... 784, label last": (named(*map(str, range(785)), rows=last()), "label last"),
    "0 ... 784 behind an index": (
        named("", *map(str, range(785)), rows=[[str(n), *row] for n, row in enumerate(ROWS)]),
        "label first, without a column that has no name",
    ),
    "V1 ... V785": (named(*(f"V{n + 1}" for n in range(785)), rows=last()), "label last"),
    "names without numbers": (named("label", *["pixel"] * 784), ""),
    "no header": (text(ROWS), "label first, no header"),
    "no header, label last": (text(last()), "label last, no header"),
    "no header, sorted by class": (text(sorted(ROWS)), "label first, no header"),
    "no header, sorted by class, label last": (text(last(sorted(ROWS))), "label last, no header"),
    "no header, rows numbered": (
        text([[str(n), *row] for n, row in enumerate(ROWS)]),
        "label first, no header, without the numbers of the rows",
    ),
    "no header, a comma at each end": (text(ROWS, end=",\n"), "label first, no header"),
    "label last": (named(*HEAD[1:], "label", rows=last()), "label last"),
    "class last, as OpenML has it": (named(*HEAD[1:], "class", rows=last()), "label in the column “class”, label last"),
    **{
        f"called {name}": (named(name, *HEAD[1:]), "" if name == "Label" else f"label in the column “{name}”")
        for name in ("Label", "target", "Y", "category", "y_train", "class_id", "Klasse", "类别", "clothes are")
    },
    "names in the order of letters": (
        text([[row[column] for column in by_text] for row in [HEAD, *ROWS]]),
        "pixels in the order of their names",
    ),
    "names backwards": (text([row[::-1] for row in [HEAD, *ROWS]]), "label last, pixels in the order of their names"),
    "blanks before names": (named("label", *(f" {name}" for name in HEAD[1:])), ""),
    "blanks before all": (text([HEAD, *ROWS], ", "), ""),
    "quoted names": (named(*(f'"{name}"' for name in HEAD)), ""),
    "all quoted": (quoted(ROWS), ""),
    "a commented header, as NumPy writes it": (named("# label", *HEAD[1:]), ""),
    "0.0 instead of 0": (named(*HEAD, rows=each("{}.0".format)), ""),
    "0.0 from row 30 on": (named(*HEAD, rows=[*ROWS[:29], *each("{}.0".format)[29:]]), ""),
    "NumPy's savetxt": (saved_by_numpy(), "label first, no header, blanks between the values"),
    "NumPy's savetxt, padded": (saved_by_numpy(fmt="%3d"), "label first, no header, blanks between the values"),
    "NumPy's savetxt, commas": (saved_by_numpy(delimiter=","), "label first, no header"),
    "a last row of empty cells": (named(*HEAD, rows=[*ROWS, *EMPTY, *EMPTY]), ""),
    "empty rows of quotes": (quoted([*ROWS, *EMPTY]), ""),
    "semicolons": (named(*HEAD, separator=";"), "semicolons"),
    "semicolons, and a row of empty cells": (named(*HEAD, rows=[*ROWS, *EMPTY], separator=";"), "semicolons"),
    "tabs": (named(*HEAD, separator="\t"), "tabs"),
    "bars": (named(*HEAD, separator="|"), "vertical bars"),
    "sep=;": ("sep=;\n" + named(*HEAD, separator=";"), "semicolons"),
    "sep=; with a mark and CRLF": (
        ("\ufeffsep=;\n" + named(*HEAD, separator=";")).replace("\n", "\r\n"),
        "semicolons",
    ),
    '"sep=,"': ('"sep=,"\n' + named(*HEAD), ""),
    "sep=; without a header": ("SEP=;\n" + text(last(), ";"), "label last, no header, semicolons"),
    "empty lines first": ("\n\n" + named(*HEAD), ""),
    "decimal commas": (named(*HEAD, rows=each(comma), separator=";"), "semicolons, decimal commas"),
    "decimal commas, no header": (
        text(each(comma, last()), ";"),
        "label last, no header, semicolons, decimal commas",
    ),
    "decimal commas in quotes": (quoted(each(comma)), "decimal commas"),
    "UTF-16": (named(*HEAD).encode("utf-16"), "UTF-16"),
    "UTF-16 of old machines": (b"\xfe\xff" + named(*HEAD).encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": (named(*HEAD).encode("utf-16-le"), "UTF-16"),
    "Unicode text of Excel": (named(*HEAD, separator="\t").encode("utf-16"), "tabs, UTF-16"),
    "a mark": (named(*HEAD).encode("utf-8-sig"), ""),
    "packed": (gzip.compress(named(*HEAD).encode()), "packed with gzip"),
    "names of classes": (named(*HEAD, rows=in_words()), "names of classes instead of numbers"),
    "names of classes, no header": (text(in_words()), "label first, no header, names of classes instead of numbers"),
    "names of classes last, no header": (
        text(last(in_words())),
        "label last, no header, names of classes instead of numbers",
    ),
    "other spellings": (
        named(
            "category",
            *HEAD[1:],
            rows=in_words(
                ["tshirt", "Trousers", "PULLOVER", "dresses", "coats", "Sandals", "shirt ", "sneakers", "Bags"]
                + ["Ankle Boots"]
            ),
        ),
        "label in the column “category”, names of classes instead of numbers",
    ),
    "names in another language": (
        named(
            *HEAD,
            rows=in_words(
                ["T-Shirt", "Hose", "Pullover", "Kleid", "Mantel", "Sandale", "Hemd", "Turnschuh", "Tasche", "Stiefel"]
            ),
        ),
        "names of classes instead of numbers, “Turnschuh” as Sneaker, “Mantel” as Coat, “",
    ),
    "number and name": (named(*HEAD, rows=in_words([f"{n} {name}" for n, name in enumerate(NAMES)])), "names"),
    "an index in front, as pandas writes it": (
        named("", *HEAD, rows=[[str(n), *row] for n, row in enumerate(ROWS)]),
        "without a column that has no name",
    ),
    "an index that was read back": (
        named("Unnamed: 0", *HEAD, rows=[[str(n), *row] for n, row in enumerate(ROWS)]),
        "without “Unnamed: 0”",
    ),
    "row names of R": (
        named(*HEAD, rows=[[f'"{n}"', *row] for n, row in enumerate(ROWS, 1)]),
        "without a column that has no name",
    ),
    "a comma at the end of each row": (named(*HEAD, rows=[[*row, ""] for row in ROWS]), "without a column"),
    "columns beside them": (
        named("id", *HEAD, "file", "split", rows=[["7", *row, "a, b.png", "train"] for row in ROWS]).replace(
            "a, b.png", '"a, b.png"'
        ),
        "without “id”, “file”, “split”",
    ),
    "shares": (named(*HEAD, rows=SHARES), "pixels from 0 to 1, made 0 to 255"),
    "shares, packed, no header": (
        gzip.compress(text(last(SHARES), ";").encode()),
        "label last, no header, semicolons, packed with gzip, pixels from 0 to 1, made 0 to 255",
    ),
    "shares around 0": (
        named(*HEAD, rows=each(lambda value: f"{int(value) / 127.5 - 1:.6g}", begin=1)),
        "pixels from -1 to 1, made 0 to 255",
    ),
    "halves around 0": (
        named(*HEAD, rows=each(lambda value: f"{int(value) / 255 - 0.5:.6g}", begin=1)),
        "pixels from -0.5 to 0.5, made 0 to 255",
    ),
    "white behind": (
        named(*HEAD, rows=each(lambda value: str(255 - int(value)), begin=1)),
        "a white background, made black",
    ),
    "parts of a pixel": (
        named(*HEAD, rows=each(lambda value: f"{int(value) + 0.3 * (value != '255'):g}", begin=1)),
        "pixels rounded to whole numbers",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_is_read_however_it_was_exported(tmp_path: Path, case: str) -> None:
    content, said = TABLES[case]
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    images, labels, ways = read_csv(path)
    order = [ROWS.index(row) for row in sorted(ROWS)] if "sorted by class" in case else range(40)
    order = np.array(order)
    assert np.array_equal(labels, LABELS[order]) and labels.dtype == np.uint8
    assert np.array_equal(images, IMAGES[order]) and images.dtype == np.uint8
    told = str(Ways(*ways)) if ways else ""
    assert told.startswith(said) and bool(ways) == bool(said)
    assert "savetxt" not in case or "names of classes" not in told


@pytest.mark.parametrize("case", ["sep=;", "UTF-16", "packed", "no header, label last", "decimal commas"])
def test_the_same_in_blocks_that_end_anywhere(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 9_001)
    test_a_table_is_read_however_it_was_exported(tmp_path, case)


def test_a_page_can_say_how_its_tables_were_read() -> None:
    plain, odd = named(*HEAD).encode(), text(last(), ";").encode()
    assert read_upload([("a.csv", plain)], Settings()).data.read_as is None
    words = "label last, no header, semicolons."
    assert str(read_upload([("a.csv", odd)], Settings()).data.read_as) == f"“a.csv” was read as: {words}"
    both = read_upload([("a.csv", odd), ("test.csv", odd)], Settings()).data.read_as
    assert str(both) == f"“a.csv + test.csv” was read as: {words}"
    one = read_upload([("a.csv", plain), ("test.csv", odd)], Settings()).data.read_as
    assert str(one) == f"“test.csv” was read as: {words}"


def test_shares_that_end_in_the_middle_of_a_table_are_named_by_their_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 9_001)
    path = tmp_path / "x.csv"
    path.write_text(named(*HEAD, rows=[*SHARES[:30], *ROWS[30:]]))
    with pytest.raises(DataError, match=r"in row 31 \(line 32\); it must be a number from 0 to 1\."):
        read_csv(path)


@pytest.mark.parametrize("row", ['3,"[{}]"\n', "3,{},Training\n"])
def test_a_table_with_whole_pictures_in_cells_is_called_so(tmp_path: Path, row: str) -> None:
    numbers = " ".join(["0", "1.5e+00"] * 392)
    (tmp_path / "x.csv").write_text(
        ("label,pixels\n" if "[" in row else "emotion,pixels,Usage\n") + row.format(numbers) * 9
    )
    with pytest.raises(DataError, match="has each picture in one cell.*save the table as Parquet"):
        read_csv(tmp_path / "x.csv")


ONE_OF_TEN = np.eye(10, dtype=int)[LABELS].tolist()


@pytest.mark.parametrize(
    "names",
    [[f"class{n}" for n in range(10)], [f"label_{name}" for name in NAMES], NAMES],
    ids=["numbers", "y", "words"],
)
def test_a_column_for_each_class_is_not_taken_for_the_class(tmp_path: Path, names: Sequence[str]) -> None:
    rows = [[*map(str, ones), *row[1:]] for ones, row in zip(ONE_OF_TEN, ROWS, strict=True)]
    (tmp_path / "x.csv").write_text(named(*names, *HEAD[1:], rows=rows))
    with pytest.raises(DataError, match=r"has 10 columns for the classes \(.*Write the class into one column"):
        read_csv(tmp_path / "x.csv")


def test_pixels_with_an_average_taken_from_them_are_refused(tmp_path: Path) -> None:
    rows = each(lambda value: f"{int(value) / 255 - 0.3:.6g}", begin=1)
    (tmp_path / "x.csv").write_text(named(*HEAD, rows=rows))
    with pytest.raises(DataError, match=r"says “-0\.3” for pixel1 .* from 0 to 255"):
        read_csv(tmp_path / "x.csv")


def test_a_packed_table_that_unpacks_to_very_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_UNPACKED", 2**20)
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress((named(*HEAD) + text(ROWS) * 10).encode()))
    with pytest.raises(DataError, match="unpacks to more than 1 MB"):
        read_csv(path)
