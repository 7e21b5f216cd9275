"""Why a network answered as it did, in three columns: which dots mattered, what the second eye looked at, and the
training pictures most like this one.

Knows nothing of where a picture comes from.
"""

import html
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data import explore
from core.inference import explanation
from core.inference.eye import Eye
from core.inference.network import Network
from core.inference.verdict import NEITHER, Answer, Verdict
from core.labels import NAMES, names
from core.language import _, number, percent
from core.vision.reading import Reading
from pages.shared import pictures
from pages.shared.alike import Alike, alike
from pages.shared.data import data, per_data
from pages.shared.errors import fragment
from pages.shared.tiles import tiles

NEIGHBOURS = 6


@dataclass(frozen=True, eq=False)
class Asked:
    """A network that answered a picture, and its answer."""

    model: str  # the network's id
    network: Network
    whose: str  # what it is called beside the second eye
    reading: Reading
    reply: Answer
    eye: Eye | None = None  # the second one, where it was asked too
    sample: int | None = None  # which test picture it was, if one

    @property
    def own(self) -> str:
        """The network's own answer, one of NAMES."""
        return NAMES[int(np.argmax(self.reply.eyes.network))] if self.reply.eyes else self.reply.label


def explain(asked: Asked, key: str) -> None:
    """What mattered for the answer, and the training pictures most like this one; worked out only while it is open.

    It is open at first for a test picture: that is worked out once for everybody.
    """
    look = {"expanded": asked.sample is not None, "type": "compact"}
    why = st.expander(_("Why this answer?"), key=f"predict_why_{key}", on_change="rerun", **look)
    if not why.open:
        return
    reply = asked.reply
    if reply.verdict is Verdict.NONE:
        why.caption(_("The nearest of the ten is {garment}.").format(garment=names()[reply.index]))
    mattered, *looked_at, nearest = why.columns([1, 1, 2.2] if reply.eyes else [1, 2.2], gap="large")
    with mattered:
        _explain_dots(asked)
    for column in looked_at:
        with column:
            evidence = asked.eye.look(asked.reading).evidence[reply.index]
            alt = _("The photo; what speaks for {garment} is coloured").format(garment=names()[reply.index])
            shown = explanation.evidence_overlay(asked.reading.views[0], evidence)
            pictures.titled(_("What the second eye looked at"), shown, alt)
            st.caption(explanation.evidence_in_words(evidence, reply.label))
    with nearest:
        pictures.heading(_("The training pictures most like it"))
        _explain_alike(asked)


@per_data(max_entries=64, show_spinner=False)
def _mattered_in_sample(model: str, fingerprint: str, sample: int, _network: Network) -> np.ndarray:
    """How much each dot of a test picture mattered for a network's answer."""
    return explanation.occlusion(_network, data().test_images[sample])


def _explain_dots(asked: Asked) -> None:
    """What mattered to the small network, found by covering one part of the 28 × 28 dots after the other."""
    if asked.sample is None:
        shares = explanation.occlusion(asked.network, asked.reading.image)
    else:
        shares = _mattered_in_sample(asked.model, data().fingerprint, asked.sample, asked.network)
    both = asked.reply.eyes
    heading = _("What mattered to {network}").format(network=asked.whose) if both else _("What mattered")
    alt = _("The 28 × 28 dots; what {garment} depends on is coloured").format(garment=_(asked.own))
    pictures.titled(heading, explanation.overlay(asked.reading.image, shares), alt)
    if both and both.said[0] == NEITHER:
        st.caption(_("To it, the nearest of the ten is {garment}.").format(garment=_(asked.own)))
    st.caption(explanation.in_words(shares, asked.own))
    st.caption(_("Found by covering one part after the other and asking again."))


def _wait_for(known: Alike) -> None:
    """How far the network is with looking at the training pictures; then the page is drawn anew."""

    @fragment(run_every=1.0)
    def look() -> None:
        if known.ready(0):
            st.rerun()
        words = _("The network looks at {count} training pictures first: {percent}")
        share = percent(known.looked_at / len(known.rows))
        st.caption(words.format(count=number(len(known.rows)), percent=share))

    look()


def _explain_alike(asked: Asked) -> None:
    """The training pictures of which the network sees what is most like this one; dot by dot where it has no hidden
    layer."""
    used = data()
    known = alike(asked.model, used.fingerprint, asked.network, used)
    if not known.ready(0.5):
        _wait_for(known)
        return
    if known.layer:
        rows = known.nearest(asked.reading.image, NEIGHBOURS)
        how = _(
            "Compared by what the network sees: its last hidden layer, the one before the answer. Of {count} training"
            " pictures, these are the nearest."
        ).format(count=number(len(known.rows)))
    else:
        rows = explore.nearest(used.train_images, asked.reading.image, NEIGHBOURS)
        how = _("Compared dot by dot: this network has no hidden layer to compare them by.")
    called = [names()[label] for label in used.train_labels[rows]]
    alt = _("Training picture {number}: {garment}")
    tiles(
        used.train_images[rows],
        [html.escape(name) for name in called],
        [alt.format(number=row, garment=name) for row, name in zip(rows, called, strict=True)],
    )
    none = asked.reply.verdict is Verdict.NONE
    own = None if none else asked.reply.index
    st.caption(explanation.neighbours_in_words(own, used.train_labels[rows], answered=True))
    st.caption(how)
