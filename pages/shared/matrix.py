"""The confusion matrix as a table of cells to choose from: by one tap, by the arrow keys and Enter. Drawn by matrix.js.

Plain HTML, for a chart library is a megabyte, and its cells take no finger and no key. Knows nothing of runs.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from core.labels import names, short_names
from core.language import _, ngettext, number

_COMPONENT = st.components.v2.component(
    "matrix", js=Path(__file__).with_name("matrix.js").read_text(encoding="utf-8"), isolate_styles=False
)
KEY = "mistakes_matrix"
GROUNDS = ("#faf7f2", "#14120f")  # of the page, light and dark
WRONG = ("#c2410c", "#cf4a14")  # the strongest shade of a mistake
RIGHT = ("#0f6b4c", "#5ed3a5")
MOST_WRONG, MOST_RIGHT = 0.72, 0.4  # how much of them: the page's text is read on the strongest, too
STRONGEST = 0.4  # the share of a class that has the strongest shade


def cell_named(word: str) -> tuple[int, int] | None:
    """The cell (true, answer) that a word of an address names, "6-0"; None for any other word."""
    true, _dash, answer = word.partition("-")
    named = len(word) == 3 and all(digit in "0123456789" for digit in true + answer) and len(true) == len(answer) == 1
    return (int(true), int(answer)) if named else None


def cell_word(true: int, answer: int) -> str:
    """A cell as a word of an address."""
    return f"{true}-{answer}"


def cell_title(true: int, answer: int) -> str:
    """What stands in a cell, in words."""
    called = short_names()
    if true == answer:
        return _("{name}, answered right").format(name=called[true])
    return _("{name} taken for {answer}").format(name=called[true], answer=called[answer])


def shades(share: float, right: bool) -> tuple[str, str]:
    """The ground of a cell that holds a share (0 to 1) of its row, in the light and in the dark theme.

    By the square root, so that rare mistakes are seen beside frequent ones.
    """
    part = MOST_RIGHT * share if right else MOST_WRONG * min(share / STRONGEST, 1) ** 0.5
    strong = RIGHT if right else WRONG
    light, dark = (_mixed(ground, colour, part) for ground, colour in zip(GROUNDS, strong, strict=True))
    return light, dark


def _mixed(ground: str, colour: str, part: float) -> str:
    pairs = ((int(ground[at : at + 2], 16), int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(below + part * (above - below)):02x}" for below, above in pairs)


def matrix(counts: np.ndarray, chosen: tuple[int, int], as_percent: bool, on_choose: Callable[[], None]) -> None:
    """Show the matrix (10, 10), rows true, columns answers, with one cell chosen.

    When another is chosen, `chosen_now` gives it while `on_choose` is called.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = [
        {
            "word": cell_word(true, answer),
            "shown": _number(int(counts[true, answer]), float(share[true, answer]), as_percent),
            "label": in_words(true, answer, int(counts[true, answer])),
            "shades": shades(float(share[true, answer]), true == answer) if counts[true, answer] else None,
        }
        for true in range(10)
        for answer in range(10)
    ]
    _COMPONENT(
        key=KEY,
        data={
            "names": names(),
            "short": short_names(),
            "cells": cells,
            "chosen": cell_word(*chosen),
            "label": _("Confusion matrix: each row is one kind of clothes, each column an answer"),
            "rows": _("really"),
            "columns": _("answer"),
        },
        on_chosen_change=on_choose,
    )


def chosen_now() -> tuple[int, int] | None:
    """The cell that has just been chosen; None for a word that is no cell."""
    return cell_named(str(st.session_state[KEY].get("chosen")))


def _number(count: int, share: float, as_percent: bool) -> str:
    if not count:
        return ""
    return number(100 * share) if as_percent else number(count)


def in_words(true: int, answer: int, count: int) -> str:
    """A cell and how many pictures it holds, in words."""
    words = ngettext("{cell}: {count} picture", "{cell}: {count} pictures", count)
    return words.format(cell=cell_title(true, answer), count=number(count))
