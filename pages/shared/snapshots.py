"""What a run's network said after an epoch, as HTML: twelve pictures, the matrix, the first filters.

Made once for all who look.
"""

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.errors import RunError
from core.labels import NAMES
from core.runs.store import Store
from core.training.checkpoint import LOST_SNAPSHOT, Snapshot
from pages.shared import pictures
from pages.shared.data import halves, shared_data
from pages.shared.runs import store
from pages.shared.session import uploaded_by
from pages.shared.tiles import caption, markup


def said(run_id: str, epoch: int, key: str | None) -> str:
    """What the network said at the end of an epoch, with the clothes in use in the browser that has a key.

    Raises RunError when nothing that can be read was kept of that epoch or the run is gone, StoreError and DataError.
    """
    store().run(run_id)  # one that was deleted says nothing more
    clothes = uploaded_by(key) if key else None
    used = clothes.data if clothes else shared_data()
    if clothes:
        return _html(store(), run_id, epoch, used)
    return _shared(store().database.url, run_id, epoch, used.fingerprint)


@st.cache_resource(max_entries=64, show_spinner=False)
def _shared(url: str, run_id: str, epoch: int, fingerprint: str) -> str:
    return _html(store(), run_id, epoch, shared_data())


def _html(runs: Store, run_id: str, epoch: int, used: Dataset) -> str:
    run, kept = runs.run(run_id), runs.epochs(run_id)
    snapshot = Snapshot.from_bytes(runs.snapshot(run_id, epoch))
    before = _earlier(runs, run_id, epoch - 1) if epoch - 1 in kept else None
    if run.fingerprint == used.fingerprint:
        twelve = _twelve(snapshot, before, used)
    else:
        twelve = "<p>It learned from other clothes than those in use now, so its twelve pictures are not shown.</p>"
    whose = "pictures held back" if snapshot.held_back else "test pictures"
    matrix = (
        f"{pictures.matrix(snapshot.counts)}<p>Of each kind of clothes (a row), how many percent got which answer"
        f" (a column); {snapshot.counts.sum():,} {whose}.</p>"
    )
    filters = ""
    if len(snapshot.filters):
        shown = pictures.filters(snapshot.filters.astype(np.float32))
        filters = (
            f"{shown}<p>What its first neurons look for: bright dots speak for, dark ones"
            " against. At the beginning they are noise.</p>"
        )
    return (
        f'<div class="snapshot">{twelve}<div class="side-by-side"><div>{matrix}</div><div>{filters}</div></div></div>'
    )


def _earlier(runs: Store, run_id: str, epoch: int) -> Snapshot | None:
    """What the network said at an epoch before; one that cannot be read is only not compared with."""
    try:
        return Snapshot.from_bytes(runs.snapshot(run_id, epoch))
    except RunError:
        return None


def _twelve(snapshot: Snapshot, before: Snapshot | None, used: Dataset) -> str:
    if not snapshot.fits(len(used.train_images), len(used.test_images)):
        raise RunError(LOST_SNAPSHOT)
    images, labels = halves(used)["training" if snapshot.held_back else "test"]
    images, labels, shares = images[snapshot.rows], labels[snapshot.rows], snapshot.shares.astype(float)
    answers = shares.argmax(axis=1)
    compared = before is not None and np.array_equal(before.rows, snapshot.rows)
    earlier = before.shares.argmax(axis=1) if compared else answers
    captions = [
        caption(answer == label, answer, share[answer], "" if past == answer else f"before: {NAMES[past]}")
        for answer, label, share, past in zip(answers, labels, shares, earlier, strict=True)
    ]
    alts = [f"{NAMES[label]}, answered {NAMES[answer]}" for label, answer in zip(labels, answers, strict=True)]
    return markup(images, captions, alts, six=True)
