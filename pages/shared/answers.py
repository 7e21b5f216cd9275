"""The answer to one picture as HTML: the picture, the verdict in words, its bars; beside another network's, if asked.

All escaped. Knows nothing of networks, of widgets or of how an answer comes about.
"""

import html
from collections.abc import Sequence

import numpy as np

from core.inference.verdict import Answer, Verdict
from core.labels import names
from core.language import N_, _
from pages.shared.bars import bars
from pages.shared.pictures import address

SIGNS = {
    Verdict.SURE: N_("✓ Sure"),
    Verdict.UNSURE: N_("? Not sure"),
    Verdict.NONE: N_("✗ None of the ten"),
    Verdict.UNCLEAR: N_("? I cannot make it out"),
}


def markup(
    reply: Answer,
    picture: np.ndarray | None,
    true: int | None = None,
    notes: Sequence[str] = (),
    compared: Sequence[tuple[str, Answer]] = (),
    heading: str = "",
) -> str:
    """The HTML of an answer beside its `picture`, (h, w) or (h, w, 3) uint8, if there is one to show.

    `true` is the class it really is. `notes` are sentences below the bars, `heading` stands above them. Where networks
    are `compared`, each by its name, there are the bars of each.
    """
    figure = ""
    if picture is not None:
        look = "large" if len(picture) == picture.shape[1] == 28 else "photo"
        figure = f'<img class="{look}" src="{address(picture)}" alt="{_quoted(_("The picture that was answered"))}">'
    ten = "".join(
        f"<div><h2>{_quoted(name)}</h2><p>{_quoted(_said(each))}</p>{bars(np.array(each.probabilities), true)}</div>"
        for name, each in compared
    )
    if not ten:
        above = f"<h2>{_quoted(heading)}</h2>" if heading else ""
        ten = f"<div>{above}{bars(np.array(reply.probabilities), true)}</div>"
    below = "".join(f"<p>{_quoted(note)}</p>" for note in (*notes, reply.tip) if note)
    look = f"reply{'' if figure else ' alone'}{' pair' if compared else ''}"
    return (
        f'<section class="{look}">{figure}<div class="headline">'
        f'<p class="verdict {reply.verdict}">{_quoted(_(SIGNS[reply.verdict]))}</p>'
        f'<p class="answer">{_quoted(reply.called)}</p><p class="reason">{_quoted(reply.sentence)}</p>'
        f'{_truth(reply, true)}</div><div class="ten">{ten}</div><div class="notes">{below}</div></section>'
    )


def _truth(reply: Answer, true: int | None) -> str:
    if true is None:
        return ""
    if reply.index == true:
        look, words = "right", _("✓ Right: the data set says {garment}, too.")
    else:
        look, words = "wrong", _("✗ Wrong: the data set says {garment}.")
    return f'<p class="truth {look}">{_quoted(words.format(garment=names()[true]))}</p>'


def _said(reply: Answer) -> str:
    words = _("{sign}: {answer}")
    return words.format(sign=_(SIGNS[reply.verdict]), answer=reply.called)


def _quoted(words: str) -> str:
    return html.escape(words, quote=True)
