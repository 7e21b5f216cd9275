"""Two eyes on a page: what each of them sees of a photo and what it says, side by side, as HTML. All escaped.

Knows nothing of networks, of widgets or of how an answer comes about.
"""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.inference.explanation import eyes_compared
from core.inference.verdict import Eyes
from core.labels import COLOURS, NAMES
from core.vision.reading import Reading
from pages.shared.pictures import address

NAMED = ("Small network", "Second eye")
ALONE = "The network answers alone here: the second eye learned on photos, and cannot read drawings or grey dots."


def side_by_side(reading: Reading, eyes: Eyes, title: str = "") -> None:
    """Show both eyes, each with its picture, its answer and its ten bars, below a line that says where they agree.

    `title` is what the small network is called, where that has to be said.
    """
    dots = f'<img class="large" src="{address(reading.image)}" alt="28 x 28 grey dots">'
    photo = f'<img src="{address(reading.views[0])}" alt="The photo">'
    whose = f"“{title}”" if title else "The small network"
    small = _one(dots, whose, "sees 28 x 28 grey dots", eyes.network)
    second = _one(photo, "The second eye", "sees the photo, and learned on a million others", eyes.eye)
    words = html.escape(eyes_compared(eyes))
    st.html(f'<section class="eyes" aria-label="Two eyes"><p>{words}</p>{small}{second}</section>')


def said(eyes: Eyes) -> None:
    """Show in one or two short lines what both say."""
    lines = [f"Both eyes: {eyes.said[0]}"] if eyes.agree else map(": ".join, zip(NAMED, eyes.said, strict=True))
    st.html(f'<small class="eyes">{"<br>".join(html.escape(line) for line in lines)}</small>')


def _one(picture: str, whose: str, sees: str, shares: Sequence[float]) -> str:
    best = int(np.argmax(shares))
    bars = "".join(
        f"<dt{' class=top' if index == best else ''}>{html.escape(name)}</dt>"
        f"<dd{' class=top' if index == best else ''}>"
        f'<i style="--share:{share:.4f};background:{COLOURS[index]}"></i>{share:.0%}</dd>'
        for index, (name, share) in enumerate(zip(NAMES, shares, strict=True))
    )
    return (
        f"<figure>{picture}<figcaption><b>{html.escape(whose)}</b><span>{html.escape(sees)}</span>"
        f"<strong>{html.escape(NAMES[best])} {shares[best]:.0%}</strong></figcaption><dl>{bars}</dl></figure>"
    )
