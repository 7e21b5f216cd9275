"""Answered pictures as HTML: walls of them, with their ten bars if wished, and one picture with its ten outputs.

All escaped. Knows nothing of data sets and networks.
"""

import html
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from core.labels import COLOURS, names
from core.language import _, number, percent
from pages.shared.pictures import address
from pages.shared.share import address as link_here
from pages.shared.tiles import caption, cut, wall

_COMPONENT = st.components.v2.component(
    "sheets", js=Path(__file__).with_name("sheets.js").read_text(encoding="utf-8"), isolate_styles=False
)


def answered(
    key: str,
    rows: Sequence[int],
    images: np.ndarray,
    labels: np.ndarray,
    shares: np.ndarray,
    on_open: Callable[[int], None],
    look: str = "",
) -> None:
    """Show answered test pictures: `rows` are their places in the test set, `images` (n, 28, 28) uint8, `shares` (n,
    10) sum to 1. A tapped one is given to `on_open`.

    Each has its answer below it; with the look "numbers" also the numbers of answer and truth, with "pairs" its ten
    bars as well, with "brief" only how sure the answer was.
    """
    cells = "".join(_cell(int(row), index, int(labels[index]), shares[index], look) for index, row in enumerate(rows))

    def opened() -> None:
        asked = st.session_state[key].get("picture")
        if asked in rows:  # a browser may say anything
            on_open(int(asked))

    _COMPONENT(key=key, data={"html": wall(images, cells, look), "show": None}, on_picture_change=opened)


def _cell(row: int, place: int, label: int, shares: np.ndarray, look: str) -> str:
    answer = int(shares.argmax())
    right = answer == label
    note = "" if right or look == "brief" else _("really {name}").format(name=names()[label])
    picture = cut(place, in_words(row, label, answer))
    if look == "pairs":
        picture = f'<span class="both">{picture}{_small_bars(label, shares)}</span>'
    digits = f"<small>{answer} / {label}</small>" if look in ("numbers", "pairs") else ""
    words = caption(right, answer, float(shares[answer]), note, named=look != "brief")
    link = html.escape(link_here(picture=str(row)))
    return f'<a href="{link}" target="_self" data-picture="{row}">{picture}{words}{digits}</a>'


def in_words(row: int, label: int, answer: int) -> str:
    """An answered test picture in a sentence."""
    called = names()
    words = _("Test picture {row}: {name}, answered {answer}")
    return words.format(row=row, name=called[label], answer=called[answer])


def _small_bars(label: int, shares: np.ndarray) -> str:
    answer = int(shares.argmax())
    marks = {answer: "wrong", label: "right"} if answer != label else {label: "right"}
    columns = "".join(
        f'<span class="{marks.get(index, "")}"><em'
        f' style="height:{max(100 * share, 1.5):.1f}%"></em><u>{index}</u></span>'
        for index, share in enumerate(shares.tolist())
    )
    called = names()
    surest = ", ".join(f"{called[index]} {percent(float(shares[index]))}" for index in np.argsort(-shares)[:3])
    label_words = html.escape(_("Ten bars, the highest: {surest}").format(surest=surest))
    return f'<span class="bars" role="img" aria-label="{label_words}">{columns}</span>'


def opened(
    key: str, row: int, image: np.ndarray, label: int, raw: np.ndarray, shares: np.ndarray, show: str | None
) -> None:
    """Show one answered test picture (28, 28) uint8 large, with what was said of it: its outputs `raw` (10,), and the
    same as `shares` of 1 where they are not that already.

    It is brought into sight whenever `show` is something new.
    """
    answer = int(raw.argmax())
    right = answer == label
    sign = f'<p class="verdict sure">✓ {_("Right")}</p>' if right else f'<p class="verdict wrong">✗ {_("Wrong")}</p>'
    picture = f'<img class="large" src="{address(image)}" alt="{html.escape(in_words(row, label, answer))}">'
    words = html.escape(f"{names()[answer]} {percent(float(shares[answer]))}")
    truth = "" if right else f"<p>{html.escape(_('really {name}').format(name=names()[label]))}</p>"
    table = outputs_markup(raw, None if np.allclose(raw, shares) else shares, label)
    _COMPONENT(
        key=key,
        data={
            "html": f'<div class="opened">{picture}<div>{sign}<p class="said">{words}</p>{truth}</div>{table}</div>',
            "show": show,
        },
    )


def outputs(raw: np.ndarray, shares: np.ndarray | None = None, true: int | None = None) -> None:
    """Show ten outputs (10,) as numbers and bars, class by class; with `shares` those beside them, as scaled to 100
    %."""
    st.html(outputs_markup(raw, shares, true))


def outputs_markup(raw: np.ndarray, shares: np.ndarray | None = None, true: int | None = None) -> str:
    """The HTML of `outputs`."""
    top, called = int(raw.argmax()), names()
    heads = (_("Output"), _("Scaled to 100 %"))
    head = (
        "".join(f"<th scope=col>{html.escape(words)}</th>" for words in ("", "", *heads)) if shares is not None else ""
    )
    rows = ""
    for index, name in enumerate(called):
        mark = " ✓" if index == true else ""
        cells = _bar(float(raw[index]), _number(float(raw[index])), index)
        if shares is not None:
            cells += _bar(float(shares[index]), percent(float(shares[index]), 1), index)
        row = f"<td>{index}</td><th scope=row>{html.escape(name)}{mark}</th>{cells}"
        rows += f'<tr class="{"top" if index == top else ""}">{row}</tr>'
    label = html.escape(_("The ten outputs; the largest is {name}").format(name=called[top]))
    return f'<table class="outputs" aria-label="{label}"><tr>{head}</tr>{rows}</table>'


def _bar(value: float, words: str, index: int) -> str:
    return f'<td class="bar"><i style="--share:{value:.4f};background:{COLOURS[index]}"></i><span>{words}</span></td>'


def _number(value: float) -> str:
    return number(value, 4) if value >= 5e-5 else f"{value:.0e}".replace("e-0", "e-")
