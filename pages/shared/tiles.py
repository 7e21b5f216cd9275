"""Pictures of clothes with words below, as tiles that fill whatever width there is. Hard pixels, on a quiet ground."""

import base64
import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.images import png
from core.labels import NAMES

STYLE = """<style>
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:14px 12px;margin:.25rem 0 1rem}
.tiles.six{grid-template-columns:repeat(6,1fr)}
@container (max-width:40rem){.tiles.six{grid-template-columns:repeat(3,1fr)}}
.tiles figure{margin:0}
.tiles img{width:100%;aspect-ratio:1;image-rendering:pixelated;background:#000;border-radius:8px;display:block}
.tiles figcaption{font-size:.8rem;line-height:1.3;padding-top:5px}
.tiles b{font-weight:600}
.tiles .quiet{opacity:.7}
</style>"""


def tiles(images: np.ndarray, captions: Sequence[str], alts: Sequence[str], six: bool = False) -> None:
    """Show pictures (n, 28, 28) uint8, each with a caption (HTML, already escaped) and a description for those who
    cannot see it.

    `six` puts six into a row, three on a phone, where else there are as many as fit.
    """
    st.html(markup(images, captions, alts, six))


def markup(images: np.ndarray, captions: Sequence[str], alts: Sequence[str], six: bool = False) -> str:
    """The HTML of `tiles`."""
    figures = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(png(image)).decode()}"'
        f' alt="{html.escape(alt, quote=True)}"><figcaption>{caption}</figcaption></figure>'
        for image, caption, alt in zip(images, captions, alts, strict=True)
    )
    return f'{STYLE}<div class="tiles{" six" * six}">{figures}</div>'


def caption(right: bool, answer: int, share: float, note: str = "") -> str:
    """The words below an answered picture, as HTML: the class it was given, how sure that was, and a note in small."""
    small = f'<br><span class="quiet">{html.escape(note)}</span>' if note else ""
    return f"{'✓' if right else '✗'} <b>{html.escape(NAMES[answer])}</b> {share:.0%}{small}"
