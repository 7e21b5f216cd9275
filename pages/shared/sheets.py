"""Answered pictures as HTML: a sheet of them, pairs of a picture and its ten bars, and one picture's ten outputs.

All escaped.

The pictures of a sheet travel as one. Knows nothing of data sets, networks or widgets.
"""

import html
from collections.abc import Callable

import numpy as np
import streamlit as st

from core.labels import COLOURS, NAMES
from pages.shared.pictures import address, sprites


def in_words(label: int, shares: np.ndarray) -> str:
    """The answer to one picture in words: "Sneaker 71 % (Ankle boot)", the truth in brackets where the answer is
    wrong."""
    answer = int(shares.argmax())
    truth = "" if answer == label else f" ({NAMES[label]})"
    return f"{NAMES[answer]} {shares[answer]:.0%}{truth}".replace("%", "\u00a0%")


def answered(
    rows: np.ndarray, images: np.ndarray, labels: np.ndarray, shares: np.ndarray, link: Callable[[int], str], bars: bool
) -> None:
    """Show answered test pictures: `rows` are their places in the test set, `images` (n, 28, 28) uint8, `shares` (n,
    10) sum to 1.

    With `bars`, each has its ten bars beside it. `link` gives the address that opens one of them.
    """
    style, block, cut = sprites(images)
    cells = "".join(
        _cell(int(row), cut[index], int(labels[index]), shares[index], link(int(row)), bars)
        for index, row in enumerate(rows)
    )
    st.html(f'{style}<div class="answers {"pairs" if bars else "plain"} {block}">{cells}</div>')


def _cell(row: int, cut: str, label: int, shares: np.ndarray, link: str, bars: bool) -> str:
    answer = int(shares.argmax())
    right = answer == label
    words = in_words(label, shares)
    chart = _small_bars(label, shares) if bars else ""
    return (
        f'<a href="{html.escape(link)}" target="_self" class="{"right" if right else "wrong"}">'
        f'<span class="both"><i role="img" aria-label="Test picture {row}"'
        f' style="{cut}"></i>{chart}</span>'
        f"<b>{'✓' if right else '✗'} {html.escape(words)}</b><small>{answer} / {label}</small></a>"
    )


def _small_bars(label: int, shares: np.ndarray) -> str:
    answer = int(shares.argmax())
    marks = {answer: "wrong", label: "right"} if answer != label else {label: "right"}
    columns = "".join(
        f'<span class="{marks.get(index, "")}"><em'
        f' style="height:{max(100 * share, 1.5):.1f}%"></em><u>{index}</u></span>'
        for index, share in enumerate(shares.tolist())
    )
    surest = ", ".join(f"{NAMES[index]} {shares[index]:.0%}" for index in np.argsort(-shares)[:3])
    return f'<span class="bars" role="img" aria-label="Ten bars, the highest: {html.escape(surest)}">{columns}</span>'


def opened(row: int, image: np.ndarray, label: int, shares: np.ndarray) -> None:
    """Show one answered test picture (28, 28) uint8 larger, with what was said of it."""
    right = int(shares.argmax()) == label
    sign = '<p class="verdict sure">✓ Right</p>' if right else '<p class="verdict wrong">✗ Wrong</p>'
    alt = f"Test picture {row}: {NAMES[label]}, answered {NAMES[int(shares.argmax())]}"
    picture = f'<img class="large" src="{address(image)}" alt="{html.escape(alt)}">'
    words = html.escape(in_words(label, shares))
    st.html(f'<div class="opened">{picture}<div>{sign}<p class="said">{words}</p></div></div>')


def outputs(raw: np.ndarray, shares: np.ndarray | None = None, true: int | None = None) -> None:
    """Show ten outputs (10,) as numbers and bars, class by class; with `shares` those beside them, as scaled to 100
    %."""
    top = int(raw.argmax())
    scaled = shares is not None
    head = "<tr><th></th><th></th><th>as it gives them</th><th>scaled to 100 %</th></tr>" if scaled else ""
    rows = ""
    for index, name in enumerate(NAMES):
        mark = " ✓" if index == true else ""
        cells = _bar(float(raw[index]), _number(float(raw[index])), index)
        if scaled:
            cells += _bar(float(shares[index]), f"{100 * shares[index]:.1f} %", index)
        row = f"<td>{index}</td><th>{html.escape(name)}{mark}</th>{cells}"
        rows += f'<tr class="{"top" if index == top else ""}">{row}</tr>'
    st.html(
        '<table class="outputs" aria-label="The ten outputs; the largest is'
        f' {html.escape(NAMES[top])}">{head}{rows}</table>'
    )


def _bar(value: float, words: str, index: int) -> str:
    return f'<td class="bar"><i style="--share:{value:.4f};background:{COLOURS[index]}"></i><span>{words}</span></td>'


def _number(value: float) -> str:
    return f"{value:.4f}" if value >= 5e-5 else f"{value:.0e}".replace("e-0", "e-")
