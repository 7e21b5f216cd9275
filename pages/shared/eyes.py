"""Two eyes on a page: what each of them sees of a photo and what it says, side by side, as HTML. All escaped.

Knows nothing of networks, of widgets or of how an answer comes about.
"""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.inference.explanation import eyes_compared, said_alone
from core.inference.verdict import NEITHER, Eyes
from core.labels import COLOURS, names
from core.language import N_, _, percent
from core.vision.reading import Reading
from pages.shared.pictures import address

SMALL = N_("the small network")  # what the shipped one is called beside the second eye
LONGEST = 24  # letters of a name that stand beside the second eye
RESTS = N_("Compared, each network answers alone; the second eye rests.")
ALONE = N_("The network answers alone here: the second eye learned on photos, and cannot read drawings or grey dots.")


def called(title: str) -> str:
    """What a network trained in the app is called beside the second eye: its name, cut where it is long."""
    return f"“{title if len(title) <= LONGEST else f'{title[: LONGEST - 1].rstrip()}…'}”"


def side_by_side(reading: Reading, eyes: Eyes, whose: str) -> None:
    """Show both eyes, each with its picture, its answer and its ten bars, below a line that says whether they agree.

    `whose` is what the small network is called.
    """
    dots = f'<img class="large" src="{address(reading.image)}" alt="{_escaped(_("28 × 28 grey dots"))}">'
    photo = f'<img src="{address(reading.views[0])}" alt="{_escaped(_("The photo"))}">'
    small = _one(dots, _capital(whose), _("sees 28 × 28 grey dots"), eyes.said[0], eyes.network)
    sees = _("sees the photo, and learned on a million others")
    second = _one(photo, _("The second eye"), sees, eyes.said[1], eyes.eye)
    words, label = _escaped(eyes_compared(eyes, whose)), _escaped(_("Two eyes"))
    st.html(f'<section class="eyes" aria-label="{label}"><h2>{label}</h2><p>{words}</p>{small}{second}</section>')


def in_a_line(eyes: Eyes, whose: str) -> str:
    """What each of both says, in a line; `whose` is what the small network is called."""
    words = _("{network}: {said} · the second eye: {seen}")
    return words.format(
        network=_capital(whose), said=said_alone(eyes.said[0], eyes.network), seen=said_alone(eyes.said[1], eyes.eye)
    )


def said(eyes: Eyes, whose: str) -> None:
    """Show in one or two short lines what both say; `whose` is what the small network is called."""
    words = _("{who}: {answer}")
    if eyes.agree:
        lines = [words.format(who=_("Both eyes"), answer=_(eyes.said[0]))]
    else:
        named = (_capital(whose), _("The second eye"))
        lines = [words.format(who=who, answer=_(said)) for who, said in zip(named, eyes.said, strict=True)]
    st.html(f'<small class="eyes">{"<br>".join(map(_escaped, lines))}</small>')


def _escaped(words: str) -> str:
    return html.escape(words, quote=True)


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _one(picture: str, whose: str, sees: str, said: str, shares: Sequence[float]) -> str:
    best = None if said == NEITHER else int(np.argmax(shares))
    bars = "".join(
        f"<dt{' class=top' if index == best else ''}>{html.escape(name)}</dt>"
        f"<dd{' class=top' if index == best else ''}>"
        f'<i style="--share:{share:.4f};background:{COLOURS[index]}"></i>{percent(share)}</dd>'
        for index, (name, share) in enumerate(zip(names(), shares, strict=True))
    )
    return (
        f"<figure>{picture}<figcaption><b>{html.escape(whose)}</b><span>{html.escape(sees)}</span>"
        f"<strong>{html.escape(said_alone(said, shares))}</strong></figcaption><dl>{bars}</dl></figure>"
    )
