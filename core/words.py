"""Words that a person wrote: cleaned of every sign that nobody sees, and escaped where Markdown would read them.

Knows nothing of where they are shown.
"""

import re
import sys
import unicodedata

JOINER = "\u200d"  # holds the parts of one emoji together, and is kept there only
# Letters and marks that are drawn as nothing, though Unicode does not count them among the format characters.
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
MARKS = re.compile(r"[\\`*_\[\]{<>#$~|&]")  # what Markdown takes for more than itself anywhere
AT_BEGINNING = re.compile(r"^([-+=]|\d+(?=[.)]))")  # and only there: a list, a line below a heading
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what begins a formula in a spreadsheet
BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")


def line(text: str, most: int = sys.maxsize) -> str:
    """The text in one line of at most so many characters, its blanks collapsed; "" when nothing in it could be seen.

    Control, direction and zero-width characters are left out; what stays is in Unicode's form NFC.
    """
    kept = [
        letter
        for before, letter, after in zip(f" {text}", text, f"{text[1:]} ", strict=False)
        if letter.isspace() or _is_seen(letter) or (letter == JOINER and _joins(before, after))
    ]
    short = unicodedata.normalize("NFC", " ".join("".join(kept).split()))[:most].strip(f" {JOINER}")
    return short if any(unicodedata.category(letter)[0] not in "MZC" for letter in short) else ""


def lines(text: str, most: int = sys.maxsize) -> str:
    """The text with its line breaks, of at most so many characters: each line as `line` gives it, one empty in a row
    at most."""
    whole = "\n".join(map(line, BREAK.split(text)))
    return re.sub(r"\n{3,}", "\n\n", whole).strip()[:most].strip(f"\n {JOINER}")


def cell(text: str) -> str:
    """A cell of a table that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULAS) else text


def escaped(text: str) -> str:
    """Markdown that reads as this text in one line, cleaned as `line` does."""
    marked = MARKS.sub(r"\\\g<0>", line(text))
    return AT_BEGINNING.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", marked)


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf", "Cs") and letter not in UNSEEN


def _joins(before: str, after: str) -> bool:
    """Whether a joiner between these two makes one emoji of them."""
    return (unicodedata.category(before) in ("So", "Sk") or before == "\ufe0f") and unicodedata.category(after) == "So"
