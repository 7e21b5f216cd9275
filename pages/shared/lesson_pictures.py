"""Pictures that lessons show, as HTML: networks as chains of layers, what a layer makes of a picture, bars, the film of
the kernel. All escaped. Knows nothing of runs.
"""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from core.labels import names
from core.language import _, number, percent
from core.lessons import diagram
from core.lessons.terms import LAYERS
from pages.shared.pictures import address, ink, sprites

_KERNEL = st.components.v2.component(
    "kernel", js=Path(__file__).with_name("lesson_kernel.js").read_text(encoding="utf-8"), isolate_styles=False
)


def chain(layers: Sequence[Mapping]) -> None:
    """A network as a chain of its layers (rows of the catalogue): a drawing to scale, what each gives, what it has to
    learn."""
    links = ""
    for row in layers:
        learns = _("{count} to learn").format(count=number(row["parameters"])) if row["parameters"] else ""
        name = html.escape(_(LAYERS[row["kind"]][0]))
        links += (
            f"<li>{ink(diagram.layer(row['shape']), '')}<b>{name}</b><span>{size(row['shape'])}</span>"
            f"<span>{learns}</span></li>"
        )
    st.html(f'<ol class="chain">{links}</ol>')


def size(shape: Sequence[int]) -> str:
    """A size as it is read: 26 × 26 × 64."""
    return " × ".join(number(side) for side in shape)


def drawing(svg: str, alt: str) -> None:
    """Show a drawing in the colour of the page's text."""
    st.html(f'<div class="drawing">{ink(svg, alt)}</div>')


def beside(named: Sequence[tuple[str, str, np.ndarray]]) -> None:
    """Show small pictures side by side, each (title, words, picture (h, w) or (h, w, 3) uint8), with hard pixels and at
    one scale."""
    figures = "".join(
        f'<figure><div><img src="{address(picture)}" alt="{html.escape(title, quote=True)}"'
        f' style="width:{picture.shape[1] / 28:.1%}"></div>'
        f"<figcaption><b>{html.escape(title)}</b> {html.escape(words)}</figcaption></figure>"
        for title, words, picture in named
    )
    st.html(f'<div class="beside">{figures}</div>')


def sheet(images: np.ndarray, columns: int, words: Sequence[str] = (), looks: Sequence[str] = ()) -> None:
    """Show pictures (n, 28, 28) uint8 in so many columns, each with `words` below and a look, "right" or "wrong"."""
    style, block, cut = sprites(images)
    cells = "".join(
        f'<figure class="{looks[index] if looks else ""}"><i style="{cut[index]}"></i>'
        f"<figcaption>{html.escape(words[index]) if words else ''}</figcaption></figure>"
        for index in range(len(images))
    )
    small = " small" if columns > 6 else ""
    st.html(f'{style}<div class="pieces {block}{small}" style="--columns:{columns}">{cells}</div>')


def row(picture: np.ndarray) -> None:
    """Show a picture (h, w) uint8 laid out as one long row of dots."""
    alt = html.escape(_("All its dots in one row"), quote=True)
    st.html(f'<div class="row"><img src="{address(picture.reshape(1, -1))}" alt="{alt}"></div>')


def table(head: Sequence[str], rows: Sequence[Sequence[str]], marked: int | None = None) -> None:
    """A small table, one of its rows marked."""
    top = "".join(f"<th scope=col>{html.escape(word)}</th>" for word in head)
    body = "".join(
        f'<tr class="{"marked" if index == marked else ""}">'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for index, cells in enumerate(rows)
    )
    st.html(f'<table class="facts"><tr>{top}</tr>{body}</table>')


def big(value: str, words: str) -> None:
    """A number that is the point, and what it is."""
    st.html(f'<p class="big"><b>{html.escape(value)}</b> <span>{html.escape(words)}</span></p>')


def shares(rows: Sequence[tuple[str, float]], own: int | None = None) -> None:
    """Shares from 0 to 1 as bars, one of them one's `own`."""
    bars = "".join(
        f'<div class="{"top" if index == own else ""}" style="--share:{share:.4f};--class:var(--accent)">'
        f"<dt>{html.escape(name)}</dt><dd><i></i><b>{percent(share, 1)}</b></dd></div>"
        for index, (name, share) in enumerate(rows)
    )
    st.html(f'<dl class="bars compared">{bars}</dl>')


def one_hot(label: int) -> None:
    """The ten numbers of a label written one-hot."""
    cells = "".join(
        f'<div class="{"on" if index == label else ""}"><b>{int(index == label)}</b><small>{html.escape(name)}</small>'
        "</div>"
        for index, name in enumerate(names())
    )
    st.html(f'<div class="onehot">{cells}</div>')


def numbers_of(line: np.ndarray, picture: np.ndarray, marked: int) -> None:
    """A picture (28, 28) uint8 with one of its lines marked, and the numbers of that `line`."""
    cells = "".join(f"<span>{value}</span>" for value in line.tolist())
    st.html(
        f'<div class="reading"><div class="framed"><img src="{address(picture)}" alt=""><i style="--line:{marked}"></i>'
        f"</div><p>{cells}</p></div>"
    )


def kernel(image: np.ndarray, weights: np.ndarray) -> None:
    """A kernel (3, 3) that slides over a picture (28, 28) uint8, what comes out, and the nine products where it stands:
    a film that can be paused, and a window that one can drag."""
    words = {
        "play": _("Play"),
        "pause": _("Pause"),
        "picture": _("The picture, 28 × 28"),
        "result": _("What comes out, 26 × 26"),
        "row": _("Row"),
        "column": _("Column"),
        "dots": _("nine dots, 0 to 1"),
        "kernel": _("the kernel"),
        "products": _("nine products"),
        "sum": _("their sum, one dot"),
    }
    _KERNEL(
        key="lessons_film", data={"image": image.ravel().tolist(), "weights": weights.ravel().tolist(), "words": words}
    )
