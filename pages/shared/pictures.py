"""Pictures as HTML: a grid of garments cut from one sheet, a strip of stages, bars, the 784 numbers of a picture. All escaped.

Knows nothing of data sets, networks or widgets.
"""

import base64
import html
import secrets
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.gallery import png, sheet
from core.photo import Stage


def address(picture: np.ndarray) -> str:
    """A picture, (h, w) or (h, w, 3) uint8, as an address that can stand in a page."""
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"


def grid(images: np.ndarray, labels: Sequence[str], links: Sequence[tuple[str, str]], columns: int) -> None:
    """Show pictures (n, 28, 28) uint8 side by side, each with its label and a link (its name, its address). They travel as one picture."""
    row = sheet(images, columns=len(images), scale=1, gap=0)
    step = 100 / max(len(images) - 1, 1)
    cells = "".join(
        f'<a href="{html.escape(link)}" target="_self" title="{html.escape(f"{label}, {name}")}">'
        f'<i style="background-position-x:{place * step:.4f}%"></i><span>{html.escape(label)}</span></a>'
        for place, (label, (name, link)) in enumerate(zip(labels, links, strict=True))
    )
    block = f"sheet-{secrets.token_hex(4)}"
    look = f".{block} i{{background-image:url({address(row)});background-size:{len(images) * 100}% 100%}}"
    st.html(f'<style>{look}</style><div class="sheet sheet{columns} {block}">{cells}</div>')


def strip(stages: Sequence[Stage]) -> None:
    """Show how a picture became what the network sees, one step after the other."""
    figures = "".join(
        f'<figure><img class="dots{len(stage.picture)}" src="{address(stage.picture)}" alt="{html.escape(stage.name)}">'
        f"<figcaption><b>{html.escape(stage.name)}</b><br>{html.escape(stage.words)}</figcaption></figure>"
        for stage in stages
    )
    st.html(f'<div class="strip">{figures}</div>')


def large(image: np.ndarray, alt: str) -> None:
    """Show one picture (28, 28) uint8 large, with hard pixels."""
    st.html(f'<img class="large" src="{address(image)}" alt="{html.escape(alt)}">')


def bunch(images: np.ndarray, columns: int, alt: str) -> None:
    """Show a few pictures (n, 28, 28) uint8 as one, in the page's own light."""
    st.html(f'<img class="bunch" src="{address(sheet(images, columns=columns, scale=2, gap=8))}" alt="{html.escape(alt)}">')


def counts(names: Sequence[str], amounts: Sequence[int], colours: Sequence[str]) -> None:
    """Show how many there are of each, as bars with their numbers."""
    most = max(*amounts, 1)
    rows = "".join(
        f'<dt>{html.escape(name)}</dt><dd><i style="width:{70 * amount / most:.1f}%;background:{colour}"></i>{amount:,}</dd>'
        for name, amount, colour in zip(names, amounts, colours, strict=True)
    )
    st.html(f'<dl class="counts">{rows}</dl>')


def numbers(image: np.ndarray) -> None:
    """Show the 784 numbers of a picture (28, 28) uint8 on grounds of their own brightness."""
    cell = '<td style="background:rgb({0},{0},{0});color:{1}">{0}</td>'
    rows = ("".join(cell.format(value, "#000" if value > 115 else "#ddd" if value else "#777") for value in row) for row in image.tolist())
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    st.html(f'<div class="numbers" tabindex="0" role="region" aria-label="The 784 numbers of this picture"><table>{table}</table></div>')
