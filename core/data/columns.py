"""What the columns of a table mean, by its first lines: which holds the class, and which hold the pixels.

People export one table in many ways: with a first line of names or without, with other names, separators and orders.
What is unusual about this one is told. Knows nothing of how the rows below are read.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from core.data import naming
from core.errors import DataError
from core.images import SIDE
from core.language import N_, Saying

PIXELS = SIDE * SIDE
CSV_COLUMNS = ("label", *(f"pixel{number}" for number in range(1, PIXELS + 1)))
MOST_COLUMNS, LONGEST_HEAD = 1_000, 64_000  # of a table; bytes of its first line
MOST_ALIKE = 3  # columns with a name such as label_id; more of them are a column for each class
NARROW = 100  # values in a line of what surely holds no pictures
NUMBER = re.compile(r"[0-9.eE+-]+")
SAMPLE = 12  # lines that are looked at
FIRST_LINE = N_(
    "Each row is one picture: its class and its 784 pixels. The first line may name them label, pixel1 to pixel784."
)
BY_FOLDERS = N_("Pictures that are files of their own come as a zip with a folder for each class.")
A_COLUMN_EACH = N_("Write each of the 784 numbers into a column of its own, or save the table as Parquet.")
SMALLER = N_("Make the pictures 28 × 28 and grey, or bring them as files in a zip with a folder for each class.")
LABELS = (  # what the column of classes is called, the surest first; without case, blanks and signs
    *("label", "labels", "class", "classes", "target", "targets", "y", "category", "categories", "truth", "species"),
    *("clothing", "garment", "article", "articletype", "product", "item", "type", "klasse", "kategorie", "classe"),
    *("étiquette", "clase", "etiqueta", "categoria", "etichetta", "标签", "类别", "分类", "ラベル", "метка", "класс"),
)
ROW_NAMES = ("", "index", "id", "unnamed", "unnamed0", "row", "rownames", "no", "nr", "number", "filename", "file")
SEPARATORS = {  # what lies between values, and what it is called where it is unusual
    "\t": N_("tabs"),
    ";": N_("semicolons"),
    "|": N_("vertical bars"),
    ",": "",
    " ": N_("blanks between the values"),
}


@dataclass(frozen=True)
class Form:
    """How a table is written, and what is unusual about it."""

    names: tuple[str, ...]  # of all columns, fit to be shown; empty ones where the table names none
    labels: tuple[int, ...]  # the columns that may hold the class: all rows together tell which does
    pixels: tuple[
        int, ...
    ]  # the 784 columns of pixels in their order; with several labels the other ones are among them
    ways: tuple[Saying, ...] = ()
    separator: str = ","
    point: str = "."  # of a number, or ","
    skipped: int = 1  # lines before the first row
    heads: int = 1  # how many of those are not empty

    def with_label(self, label: int) -> Form:
        """The same, where one of the columns is known to hold the class."""
        pixels, ways, names = self.pixels, self.ways, list(self.names)
        if len(self.labels) > 1:
            pixels = tuple(column for column in (*self.labels[:1], *pixels) if column != label)
            ways = (Saying("label last") if label == self.labels[-1] else Saying("label first"), *ways)
        if not any(names):
            for column, name in zip((label, *pixels), CSV_COLUMNS, strict=True):
                names[column] = name
        return replace(self, names=tuple(names), labels=(label,), pixels=pixels, ways=ways)


def form_of(head: bytes, where: Saying | str) -> Form:
    """The form of the table that begins with these lines. Raises DataError where it cannot be told."""
    lines = head.split(b"\n")[: 4 * SAMPLE]
    skipped = next((number for number, line in enumerate(lines) if line.strip()), 0)
    chosen = re.match(rb'"?sep=(.)"?[,;\t| ]*$', lines[skipped], re.IGNORECASE)  # Excel takes it from there
    skipped += bool(chosen)
    begin = skipped + _above(lines[skipped:])
    above = sum(map(bool, lines[skipped:begin]))
    skipped = begin
    if max(map(len, lines[skipped : skipped + 1]), default=0) > LONGEST_HEAD:
        sentence = N_("{where} has a first line of more than {most} kB.")
        raise DataError(sentence, FIRST_LINE, where=where, most=LONGEST_HEAD // 1000)
    text = [line[:LONGEST_HEAD].decode("utf-8", errors="replace") for line in lines[skipped:] if line]
    separator = chosen[1].decode("latin-1") if chosen else _separator(text)
    rows = [fields(line, separator) for line in text[:SAMPLE]]
    named = bool(rows) and _names_columns(rows[0])
    sample = rows[1:] if named else rows
    if len(rows[0] if rows else ()) < SIDE and any(
        len(NUMBER.findall(cell)) >= PIXELS for row in sample for cell in row
    ):
        raise DataError("{where} has each picture in one cell, as a list of numbers.", A_COLUMN_EACH, where=where)
    form = _named(rows[0], sample, where) if named else _nameless(sample, where)
    ways = [Saying(said)] if (said := SEPARATORS.get(separator, "")) else []
    point = "," if any(re.fullmatch(r"\s*-?[0-9]+,[0-9]+\s*", cell[:40]) for row in sample for cell in row) else "."
    if point == ",":
        ways.append(Saying("decimal commas"))
    full = [row for row in sample if len(row) == len(form.names)]
    words = [column for column in form.labels if any(_is_word(row[column], point) for row in full)]
    if words:
        form = form.with_label(words[0])
        ways.append(Saying("names of classes instead of numbers"))
    if above:
        ways.append(Saying("without the lines above the table"))
    heads = bool(chosen) + above + named
    return replace(
        form, ways=(*form.ways, *ways), separator=separator, point=point, skipped=skipped + named, heads=heads
    )


def form_of_names(names: Sequence[str], where: Saying | str, pictures: str = "") -> Form:
    """The form of a table with columns of these names, one of which may hold whole pictures. Raises DataError."""
    if not pictures:
        return _named(names, [], where)
    label = _label(names, [names.index(pictures)], True, where)
    return Form(tuple(names), (label,), (names.index(pictures),), _called(names[label]))


def fields(line: str, separator: str) -> list[str]:
    """The values of a line; none where one is longer than any may be."""
    if separator == " ":  # several are one
        return line.split()
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def number_of(cell: str, point: str = ".") -> float | None:
    """The number in a cell, written with this point; None where there is none."""
    try:
        number = float(cell.strip(" \t").replace(point, ".")) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_word(cell: str, point: str) -> bool:
    return number_of(cell, point) is None and re.search(r"[^\W\d_]", cell) is not None


def class_of(cell: str, point: str = ".") -> int:
    """The class that a cell names, by number or in words; LEFT_OUT where it names none."""
    number = number_of(cell, point)
    if number is None:
        return naming.said(cell).label if len(cell) <= naming.LONGEST else naming.LEFT_OUT
    return int(number) if number in range(10) else naming.LEFT_OUT


def guesses(cells: Iterable[str]) -> dict[str, int]:
    """Those of these cells that name a class perhaps: in another language, or among other words."""
    words = [cell for cell in cells if number_of(cell) is None and len(cell) <= naming.LONGEST]
    return {word: naming.said(word).label for word in words if not naming.said(word).sure and class_of(word) >= 0}


def said_names(names: Iterable[str]) -> str:
    """A few of some names in a row, for a sentence."""
    shown = [f"“{name}”" for name in names]
    return ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")


def _above(lines: Sequence[bytes]) -> int:
    """How many lines come before the first with many values, such as a title or notes; 0 where none has many."""

    def filled(line: bytes) -> int:
        text = line[:LONGEST_HEAD].decode("utf-8", errors="replace")
        counts = {each: sum(map(bool, map(str.strip, fields(text, each)))) for each in SEPARATORS}
        blanks = counts.pop(" ")
        return max(counts.values()) if max(counts.values()) > 1 else blanks

    return next((number for number, line in enumerate(lines) if filled(line) > NARROW), 0)


def _separator(text: Sequence[str]) -> str:
    """What lies between the values of these lines: the first that makes enough of them, else what makes most."""
    line = text[0] if text else ""
    counts = {each: len(fields(line, each)) for each in SEPARATORS}
    return next((each for each, count in counts.items() if count >= PIXELS), max(counts, key=lambda each: counts[each]))


def _names_columns(cells: Sequence[str]) -> bool:
    """Whether a line names columns: with words, or with numbers that count and are no pixels."""
    filled = [cell for cell in cells if cell.strip()]
    numbers = [cell for cell in filled if number_of(cell.replace(",", ".")) is not None]
    counted = {int(cell) for cell in numbers if re.fullmatch(r"\s*[0-9]{1,4}\s*", cell)}
    return len(numbers) * 2 < len(filled) or counted.issuperset(range(1, PIXELS))


def _named(cells: Sequence[str], sample: Sequence[Sequence[str]], where: Saying | str) -> Form:
    """What a first line names. Raises DataError."""
    if (
        sample and len(sample[0]) == len(cells) + 1
    ):  # R gives the rows names, but none to those; others end each row with a comma
        cells = ["", *cells] if sample[0][-1].strip() else [*cells, ""]
    names = tuple("".join(filter(str.isprintable, cell.lstrip("#").strip(" \t'\"")))[:40] for cell in cells)
    run = _numbered(names)
    numbers = [_place(names[column]) for column in run]
    if numbers in (_counted(PIXELS + 1, 0), _counted(PIXELS + 1, 1)):
        return Form(names, (run[0], run[-1]), tuple(run[1:]), _beside(names, run))
    if len(names) > MOST_COLUMNS and (len(run) == PIXELS or not _side(len(run))):
        sentence = N_("{where} has {count} columns; {most} is the most.")
        raise DataError(sentence, FIRST_LINE, where=where, count=len(names), most=MOST_COLUMNS)
    whole = numbers in (_counted(PIXELS, 0), _counted(PIXELS, 1), *GRIDS)
    label = _label(names, run, whole, where)
    pixels = run if whole else _in_order(names, label, run, where)
    ways = [*_called(names[label])]
    if label > max(pixels):
        ways.append(Saying("label last"))
    if pixels != sorted(pixels):
        ways.append(Saying("pixels in the order of their names"))
    return Form(names, (label,), tuple(pixels), (*ways, *_beside(names, (label, *pixels))))


def _called(name: str) -> tuple[Saying, ...]:
    return (Saying("label in the column “{name}”", name=name),) if _bare(name) != "label" else ()


def _beside(names: Sequence[str], used: Sequence[int]) -> tuple[Saying, ...]:
    """What there is to say of the columns that are not used."""
    taken = set(used)
    left = [name for column, name in enumerate(names) if column not in taken]
    if any(left):
        return (Saying("without {names}", names=said_names(filter(None, left))),)
    return (Saying("without a column that has no name"),) if left else ()


def _nameless(rows: Sequence[Sequence[str]], where: Saying | str) -> Form:
    """The columns of a table that does not name them. Raises DataError."""
    count = len(rows[0]) if rows else 0
    columns, ways = list(range(count)), [Saying("no header")]
    if count > PIXELS + 1 and all(not row[-1].strip() for row in rows):  # each row ends with a separator
        columns.pop()
    if len(columns) == PIXELS + 2 and _counts_rows([row[0] for row in rows]):
        columns.pop(0)
        ways.append(Saying("without the numbers of the rows"))
    if len(columns) == PIXELS:
        raise _without_classes(where)
    if len(columns) != PIXELS + 1:
        raise _of_other_size(len(columns) - 1, count, where)
    return Form(("",) * count, (columns[0], columns[-1]), tuple(columns[1:]), tuple(ways))


def _counts_rows(cells: Sequence[str]) -> bool:
    numbers = [number_of(cell) for cell in cells]
    return len(numbers) > 1 and numbers in [[*range(begin, begin + len(numbers))] for begin in (0, 1)]


def _bare(name: str) -> str:
    """A name without case, blanks and signs."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number[:6]) for number in re.findall("[0-9]+", name))


def _place(name: str) -> tuple[int, ...]:
    """The numbers in a column's name, the row before the column: of x3y5 and col3row5 the second comes first."""
    numbers = _numbers(name)
    return numbers[::-1] if ACROSS_FIRST.fullmatch(_bare(name)) else numbers


def _counted(count: int, begin: int) -> list[tuple[int, ...]]:
    return [(number,) for number in range(begin, begin + count)]


ACROSS_FIRST = re.compile(r"[a-z]*?(x|c|cols?|columns?)[0-9]+[a-z]*?(y|r|rows?)[0-9]+")
GRIDS = tuple(list(product(range(begin, begin + SIDE), repeat=2)) for begin in (0, 1))  # 1x1, 1x2 ...


def _numbered(names: Sequence[str]) -> list[int]:
    """The columns that are numbered alike, such as pixel1, pixel2 ... or 1x1, 1x2 ..., in the order of their numbers;
    of several kinds the most."""
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    for column, name in enumerate(names):
        if re.search("[0-9]", name):
            kinds[re.sub("[0-9]+", "#", _bare(name))].append(column)
    most = max(kinds.values(), key=lambda kind: len(kind), default=[])
    return sorted(most, key=lambda column: _place(names[column]))


def _label(names: Sequence[str], run: Sequence[int], whole: bool, where: Saying | str) -> int:
    """The column of classes, by its name, or as the only one beside the pixels. Raises DataError."""
    taken = set(run) if whole or len(run) > SIDE else set()
    others = {column: _bare(name) for column, name in enumerate(names) if column not in taken}
    for word in LABELS:
        found = [column for column, bare in others.items() if bare == word]
        if len(found) > 1:
            raise DataError("{where} has the column “{name}” twice.", FIRST_LINE, where=where, name=names[found[0]])
        if found:
            return found[0]
    for word in LABELS[:8]:  # y_train, class_id
        found = [column for column in others if word in re.findall(r"[^\W_0-9]+", names[column].casefold())]
        if len(found) > MOST_ALIKE:
            raise _of_many_columns([names[column] for column in found], where)
        if found:
            return found[0]
    unknown = [column for column, bare in others.items() if bare not in ROW_NAMES]
    if whole and len(unknown) == 1:
        return unknown[0]
    classes = [names[column] for column in unknown if naming.said(names[column]).sure]
    if len(classes) > MOST_ALIKE:
        raise _of_many_columns(classes, where)
    if whole and not unknown:
        raise _without_classes(where)
    if len(run) <= SIDE and len(names) != PIXELS + 1:
        raise _of_other_size(len(names) - 1, len(names), where)
    raise DataError("{where} has no column “label”.", FIRST_LINE, where=where)


def _in_order(names: Sequence[str], label: int, run: Sequence[int], where: Saying | str) -> list[int]:
    """The 784 columns of pixels where their numbers do not say it. Raises DataError that names what is missing."""
    others = [column for column in range(len(names)) if column != label and _bare(names[column]) not in ROW_NAMES[1:]]
    if len(run) <= SIDE and len(others) == PIXELS:
        return others
    if len(run) <= SIDE or (len(run) != PIXELS and _side(len(run))):
        raise _of_other_size(len(run) if len(run) > SIDE else len(names) - 1, len(names), where)
    twice = [name for name, count in Counter(names[column] for column in run).items() if count > 1]
    if twice:
        raise DataError("{where} has the column “{name}” twice.", FIRST_LINE, where=where, name=twice[0])
    example, numbers = names[run[0]], {_numbers(names[column])[-1] for column in run}
    begin = 0 if 0 in numbers else 1
    missing = [
        re.sub("[0-9]+", str(number), example) for number in range(begin, begin + PIXELS) if number not in numbers
    ]
    one, many = N_("{where} has no column “{first}”."), N_("{where} has no column “{first}” (and {more} more).")
    sentence = many if len(missing) > 1 else one
    raise DataError(
        sentence, FIRST_LINE, where=where, first=missing[0] if missing else CSV_COLUMNS[-1], more=len(missing) - 1
    )


def _side(pixels: int) -> int:
    """The side of square pictures with so many values each, grey or in three colours; 0 where they are none."""
    for values in (pixels, pixels // 3 if pixels % 3 == 0 else 0):
        if values >= 64 and math.isqrt(values) ** 2 == values:
            return math.isqrt(values)
    return 0


def _without_classes(where: Saying | str) -> DataError:
    sentence = N_("{where} has pixels, but no column that says the class of each picture.")
    return DataError(sentence, FIRST_LINE, where=where)


def _of_many_columns(names: Sequence[str], where: Saying | str) -> DataError:
    """Why a table with a column for each class is not read: which of them holds a 1 says the class."""
    sentence = N_("{where} has {count} columns for the classes ({names}), where one is due.")
    remedy = N_("Write the class into one column called label, as its number or its name.")
    return DataError(sentence, remedy, where=where, count=len(names), names=said_names(names))


def _of_other_size(pixels: int, count: int, where: Saying | str) -> DataError:
    """Why a table with so many columns, of which so many may be pixels, is none of these pictures."""
    side = _side(pixels)
    if side:
        sentence = N_(
            "{where} has {pixels} pixels a row, as for pictures of {side} × {side}; 784 are due, for 28 × 28."
        )
        return DataError(sentence, SMALLER, where=where, pixels=pixels, side=side)
    if count < 2:
        sentence = N_("{where} is text, but no table of pictures: a row needs a class and 784 pixels.")
        return DataError(sentence, BY_FOLDERS, where=where)
    if count < SIDE:
        sentence = N_("{where} has {count} columns and so no pictures: a row needs a class and 784 pixels.")
        return DataError(sentence, BY_FOLDERS, where=where, count=count)
    sentence = N_("{where} has {count} columns; 785 are due, a class and 784 pixels.")
    return DataError(sentence, FIRST_LINE, where=where, count=count)
