"""What a run's network said after an epoch, as HTML in three parts: twelve pictures, the matrix, the first filters.

Made once for all who look and read the same language.
"""

import html

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.errors import RunError
from core.labels import names
from core.language import _, current, number, percent
from core.runs.store import Store
from core.training.checkpoint import LOST_SNAPSHOT, Snapshot
from pages.shared import pictures
from pages.shared.data import halves, shared_data
from pages.shared.runs import store
from pages.shared.session import uploaded_by


def said(run_id: str, epoch: int, key: str | None) -> str:
    """What the network said at the end of an epoch, with the clothes in use in the browser that has a key.

    Raises RunError when nothing that can be read was kept of that epoch or the run is gone, StoreError and DataError.
    """
    store().run(run_id)  # one that was deleted says nothing more
    clothes = uploaded_by(key) if key else None
    used = clothes.data if clothes else shared_data()
    if clothes:
        return _html(store(), run_id, epoch, used)
    return _shared(store().database.url, run_id, epoch, used.fingerprint, current())


def twelve(images: np.ndarray, captions: list[tuple[bool | None, str, str, str]]) -> str:
    """HTML of pictures (n, 28, 28) uint8 in a row that travel as one; of each whether its answer is right, or None
    without one, the answer, a second line, and what it is for those who cannot see it."""
    if not len(images):  # a run from elsewhere may have kept none
        return ""
    style, block, cut = pictures.sprites(images)
    signs = {True: ("right", "✓ "), False: ("wrong", "✗ "), None: ("", "")}
    figures = "".join(
        f'<figure class="{signs[right][0]}"><i role="img" aria-label="{html.escape(alt, quote=True)}"'
        f' style="{cut[index]}"></i><figcaption><b>{html.escape(answer)}</b>'
        f"{signs[right][1]}{html.escape(small)}</figcaption></figure>"
        for index, (right, answer, small, alt) in enumerate(captions)
    )
    return f'{style}<div class="twelve {block}">{figures}</div>'


@st.cache_resource(max_entries=64, show_spinner=False)
def _shared(url: str, run_id: str, epoch: int, fingerprint: str, language: str) -> str:
    return _html(store(), run_id, epoch, shared_data())


def _html(runs: Store, run_id: str, epoch: int, used: Dataset) -> str:
    run, kept = runs.run(run_id), runs.epochs(run_id)
    snapshot = Snapshot.from_bytes(runs.snapshot(run_id, epoch))
    before = _earlier(runs, run_id, epoch - 1) if epoch - 1 in kept else None
    if run.fingerprint == used.fingerprint:
        answers = _answers(snapshot, before, used)
    else:
        words = _("It learned from other clothes than those in use now, so its twelve pictures are not shown.")
        answers = f"<p>{html.escape(words)}</p>"
    words = _("Of each kind of clothes (a row), how many percent got which answer (a column); {count} test pictures.")
    if snapshot.held_back:
        words = _(
            "Of each kind of clothes (a row), how many percent got which answer (a column); {count} pictures held back."
        )
    counted = html.escape(words.format(count=number(int(snapshot.counts.sum()))))
    matrix = f"{pictures.matrix(snapshot.counts)}<p>{counted}</p>"
    words = _("This network has no filters that can be shown.")
    filters = ""
    if len(snapshot.filters):
        filters = pictures.filters(snapshot.filters.astype(np.float32))
        words = _(
            "What its first neurons look for: bright dots speak for, dark ones against. At the beginning they are"
            " noise."
        )
    filters += f"<p>{html.escape(words)}</p>"
    parts = {"twelve": answers, "matrix": matrix, "filters": filters}
    return "".join(f'<div class="snapshot" data-part="{name}">{content}</div>' for name, content in parts.items())


def _earlier(runs: Store, run_id: str, epoch: int) -> Snapshot | None:
    """What the network said at an epoch before; one that cannot be read is only not compared with."""
    try:
        return Snapshot.from_bytes(runs.snapshot(run_id, epoch))
    except RunError:
        return None


def _answers(snapshot: Snapshot, before: Snapshot | None, used: Dataset) -> str:
    if not snapshot.fits(len(used.train_images), len(used.test_images)):
        raise RunError(LOST_SNAPSHOT)
    images, labels = halves(used)["training" if snapshot.held_back else "test"]
    images, labels, shares = images[snapshot.rows], labels[snapshot.rows], snapshot.shares.astype(float)
    answers = shares.argmax(axis=1)
    compared = before is not None and np.array_equal(before.rows, snapshot.rows)
    earlier = before.shares.argmax(axis=1) if compared else answers
    called = names()
    captions = []
    for answer, label, share, past in zip(answers, labels, shares, earlier, strict=True):
        alt = _("{name}, answered {answer}").format(name=called[label], answer=called[answer])
        small = percent(share[answer])
        if past != answer:
            alt += "; " + _("before: {answer}").format(answer=called[past])
        captions.append((bool(answer == label), called[answer].split("/")[0], small, alt))
    return twelve(images, captions)
