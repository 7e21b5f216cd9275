"""Pictures of clothes with words below, as tiles that fill whatever width there is: one look for all pages."""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.images import sheet
from core.labels import names, short_names
from core.language import percent
from pages.shared.pictures import address


def tiles(images: np.ndarray, captions: Sequence[str], alts: Sequence[str], six: bool = False) -> None:
    """Show pictures (n, 28, 28) uint8, each with a caption (HTML, already escaped) and a description for those who
    cannot see it.

    `six` puts six into a row, three on a phone, where else there are as many as fit.
    """
    st.html(markup(images, captions, alts, six))


def markup(images: np.ndarray, captions: Sequence[str], alts: Sequence[str], six: bool = False) -> str:
    """The HTML of `tiles`."""
    cells = (
        f"<div>{cut(index, alt)}{caption}</div>"
        for index, (caption, alt) in enumerate(zip(captions, alts, strict=True))
    )
    return wall(images, "".join(cells), "six" * six)


def wall(images: np.ndarray, cells: str, look: str = "") -> str:
    """The HTML of tiles around pictures (n, 28, 28) uint8, which travel as one; `cells` have them by `cut`."""
    if not len(images):
        return ""
    row = address(sheet(images, columns=len(images), scale=1, gap=0))
    return f'<div class="tiles {look}" style="--sheet:url({row});--count:{len(images)}">{cells}</div>'


def cut(index: int, alt: str) -> str:
    """The HTML of one of the pictures of a `wall`, with a description."""
    return f'<i role="img" aria-label="{html.escape(alt)}" style="--n:{index}"></i>'


def caption(right: bool, answer: int, share: float, note: str = "", named: bool = True) -> str:
    """The words below an answered picture, as HTML: the class it was given, how sure that was, and a note in small."""
    look, sign = ("right", "✓") if right else ("wrong", "✗")
    name = f' <span title="{html.escape(names()[answer])}">{html.escape(short_names()[answer])}</span>' * named
    small = f"<small>{html.escape(note)}</small>" if note else ""
    return f'<b class="{look}">{sign}{name} {percent(share)}</b>{small}'
