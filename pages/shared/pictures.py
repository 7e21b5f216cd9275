"""Pictures as HTML: a grid of garments cut from one sheet, a strip of stages, bars, the 784 numbers of a picture.

All escaped.

Knows nothing of data sets, networks or widgets.
"""

import base64
import html
import zlib
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import cv2
import numpy as np
import streamlit as st

from core.images import png, sheet
from core.labels import short_names
from core.language import _, number
from core.vision.reading import Stage
from pages.shared.matrix import in_words, shades

SMALL_SIDE = 120  # px; smaller pictures have hard dots


def address(picture: np.ndarray) -> str:
    """A picture, (h, w) or (h, w, 3) uint8, as an address that can stand in a page; a photo as JPEG, far shorter."""
    if picture.ndim == 3 and min(picture.shape[:2]) > SMALL_SIDE:
        content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
        return f"data:image/jpeg;base64,{base64.b64encode(content.tobytes()).decode()}"
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"


def grid(
    images: np.ndarray,
    labels: Sequence[str],
    links: Sequence[tuple[str, str]],
    columns: int,
    below: Sequence[str] | None = None,
    opened: int | None = None,
) -> None:
    """Show pictures (n, 28, 28) uint8 side by side, each with its label and a link (its name, its address).

    They travel as one picture.

    `below` are shorter words to stand below them; `opened` is the index of the one that is marked.
    """
    st.html(markup(images, labels, links, columns, below, opened))


def markup(
    images: np.ndarray,
    labels: Sequence[str],
    links: Sequence[tuple[str, str]],
    columns: int,
    below: Sequence[str] | None = None,
    opened: int | None = None,
) -> str:
    """The HTML of a `grid`."""
    style, block, cut = sprites(images)
    cells = "".join(
        f'<a href="{html.escape(link)}" target="_self"'
        f' title="{html.escape(f"{label}, {name}")}"{" aria-current=true" * (index == opened)}><i'
        f' style="{cut[index]}"></i><span>{html.escape(word)}</span></a>'
        for index, (label, word, (name, link)) in enumerate(zip(labels, below or labels, links, strict=True))
    )
    return f'{style}<div class="sheet sheet{columns} {block}">{cells}</div>'


def sprites(images: np.ndarray) -> tuple[str, str, list[str]]:
    """Pictures (n, 28, 28) uint8 that travel as one, and are cut apart where they are shown, each by an `<i>`.

    Gives the element with its style, the class of what is around the `<i>`s, and the style of each of them.
    """
    block = f"sprites-{zlib.crc32(images.tobytes()):08x}"
    row = address(sheet(images, columns=len(images), scale=1, gap=0))
    look = f".{block} i{{background-image:url({row});background-size:{len(images) * 100}% 100%}}"
    step = 100 / max(len(images) - 1, 1)
    return f"<style>{look}</style>", block, [f"background-position-x:{n * step:.4f}%" for n in range(len(images))]


def strip(stages: Sequence[Stage]) -> None:
    """Show how a picture became what the network sees, one step after the other."""
    figures = "".join(
        f'<figure><img class="dots{len(stage.picture)}" src="{address(stage.picture)}"'
        f' alt="{html.escape(stage.name)}"><figcaption><b>{html.escape(stage.name)}</b><br>'
        f"{html.escape(stage.words)}</figcaption></figure>"
        for stage in stages
    )
    st.html(f'<div class="strip">{figures}</div>')


def matrix(counts: np.ndarray) -> str:
    """The HTML of a confusion matrix (10, 10), rows true, columns answers: percent of each row."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    called = [html.escape(name) for name in short_names()]
    head = "".join(f"<th scope=col><span>{name}</span></th>" for name in called)
    rows = ""
    for true, name in enumerate(called):
        rows += f"<tr><th scope=row>{name}</th>"
        for answer, count in enumerate(counts[true].tolist()):
            light, dark = shades(float(share[true, answer]), true == answer)
            look = f'style="background:light-dark({light},{dark})" title="{html.escape(in_words(true, answer, count))}"'
            rows += f"<td {look}>{number(100 * float(share[true, answer]))}</td>" if count else "<td></td>"
        rows += "</tr>"
    return f'<table class="matrix"><tr><td></td>{head}</tr>{rows}</table>'


def filters(weights: np.ndarray) -> str:
    """The HTML of filters (k, height, width) float as small pictures: grey where they do not care, bright for, dark
    against."""
    strongest = np.abs(weights.astype(np.float32)).max(axis=(1, 2), keepdims=True)
    shades = (127.5 + 127.5 * weights / np.maximum(strongest, 1e-9)).round().astype(np.uint8)
    shown = "".join(f'<img src="{address(shade)}" alt="">' for shade in shades)
    label = html.escape(_("{count} filters of the first layer").format(count=len(weights)), quote=True)
    return f'<div class="filters" role="img" aria-label="{label}">{shown}</div>'


def large(image: np.ndarray, alt: str) -> None:
    """Show one picture (28, 28) uint8 large, with hard pixels."""
    st.html(f'<img class="large" src="{address(image)}" alt="{html.escape(alt)}">')


def titled(title: str, picture: np.ndarray, alt: str) -> None:
    """Show a picture (h, w, 3) uint8 below a title."""
    st.html(
        f'<p class="whose">{html.escape(title)}</p><img class="large" src="{address(picture)}"'
        f' alt="{html.escape(alt)}">'
    )


def heading(words: str) -> None:
    """A small heading, in line with that of a `titled` picture."""
    st.html(f'<p class="whose">{html.escape(words)}</p>')


def pair(picture: np.ndarray, image: np.ndarray, name: str) -> None:
    """Show a picture (h, w, 3) uint8 beside the (28, 28) that was made of it, and its name below."""
    words = html.escape(name)
    st.html(
        f'<div class="pair strip"><img src="{address(picture)}" alt="{words}">'
        f'<img class="dots28" src="{address(image)}" alt="{words}, 28 × 28">'
        f"<small>{words}</small></div>"
    )


def bunch(images: np.ndarray, columns: int, alt: str) -> None:
    """Show a few pictures (n, 28, 28) uint8 as one, in the page's own light."""
    st.html(
        f'<img class="bunch" src="{address(sheet(images, columns=columns, scale=2, gap=8))}" alt="{html.escape(alt)}">'
    )


def counts(names: Sequence[str], amounts: Sequence[int], colours: Sequence[str]) -> None:
    """Show how many there are of each, as bars with their numbers."""
    most = max(*amounts, 1)
    rows = "".join(
        f"<dt>{html.escape(name)}</dt><dd><i"
        f' style="width:{70 * amount / most:.1f}%;background:{colour}"></i>{amount:,}</dd>'
        for name, amount, colour in zip(names, amounts, colours, strict=True)
    )
    st.html(f'<dl class="counts">{rows}</dl>')


def numbers(image: np.ndarray) -> None:
    """Show the 784 numbers of a picture (28, 28) uint8 on grounds of their own brightness."""
    cell = '<td style="background:rgb({0},{0},{0});color:{1}">{0}</td>'
    rows = (
        "".join(cell.format(value, "#000" if value > 115 else "#fff" if value else "#777") for value in row)
        for row in image.tolist()
    )
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    label = html.escape(_("The 784 numbers of this picture"), quote=True)
    st.html(f'<div class="numbers" tabindex="0" role="region" aria-label="{label}"><table>{table}</table></div>')


def ink(svg: str, alt: str) -> str:
    """A drawing in white ink as an image that takes the colour of the page's text. (Streamlit lets no SVG into a
    page.)"""
    return f'<img class="ink" src="data:image/svg+xml,{quote(svg)}" alt="{html.escape(alt)}">'


def explain(rows: Mapping[str, str]) -> None:
    """Show terms beside their meanings."""
    listed = "".join(f"<dt>{html.escape(term)}</dt><dd>{html.escape(meaning)}</dd>" for term, meaning in rows.items())
    st.html(f'<dl class="words">{listed}</dl>')


def scaled(values: np.ndarray) -> None:
    """Show a few numbers (n,) uint8, each with what it becomes when divided by 255."""
    steps = "".join(f"<span><b>{value}</b> → {value / 255:.3f}</span>" for value in values.tolist())
    st.html(f'<p class="scaled">{steps}</p>')
