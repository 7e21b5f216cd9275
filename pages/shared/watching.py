"""Watching a run: how it stands, its curves, what one can do with it, and what its network said after each epoch.

Reads the store anew at each call. Knows nothing of choosing or starting one.
"""

import numpy as np
import streamlit as st

from core import charts
from core.labels import NAMES, PEOPLE
from core.runs.schema import Run, Status
from core.training.checkpoint import Snapshot
from core.training.overfitting import curve_summary
from core.training.plan import Plan, duration, estimate
from pages.shared import pictures
from pages.shared.data import data, halves, shared_data
from pages.shared.runs import speeds, store
from pages.shared.session import key
from pages.shared.tiles import caption, tiles

QUIET = {"displayModeBar": False}


def watch(run_id: str) -> Run:
    """How a run stands, its curves and its buttons. Gives the run. Raises RunError and StoreError."""
    run = store().run(run_id)
    plan = run.plan
    batches, epochs = store().points(run.id)
    st.subheader(run.name, anchor=False)
    _state(run, plan, len(epochs))
    latest = batches.iloc[-1] if len(batches) else None
    _facts(run, plan, latest)
    chosen = st.session_state.get(f"training_epoch_{run.id}") if run.ended else None
    if latest is not None:
        for measure, published, high in (
            ("accuracy", plan.row.published_train_accuracy, 300),
            ("loss", plan.row.published_train_loss, 220),
        ):
            st.plotly_chart(
                charts.curves(batches, epochs, measure, published, high, run.seams, chosen),
                key=f"training_{measure}",
                config=QUIET,
                alt=f"{measure.capitalize()} over the epochs, now {latest[measure]:.2f}.",
            )
        if words := curve_summary(epochs, run.ended):
            st.info(words, icon=":material/lightbulb:")
    elif plan.loads:
        st.write("Its weights come from a file. Nothing was trained here, so there is no curve to show.")
    elif not run.ended:
        st.caption("The curve appears here as soon as the first pictures are learned.")
    _buttons(run)
    return run


def _state(run: Run, plan: Plan, epochs: int) -> None:
    if run.status == Status.WAITING:
        ahead = store().ahead(run)
        measured, available = speeds(), len(shared_data().train_images)
        seconds = sum(estimate(other.plan, available, measured) * (1 - other.progress) for other in ahead)
        others = (
            f"{len(ahead)} {'run is' if len(ahead) == 1 else 'runs are'} before it, about {duration(seconds)}"
            if ahead
            else "it is next"
        )
        st.info(
            f"In the queue: {others}. It starts by itself; you may close this page.", icon=":material/hourglass_empty:"
        )
    elif run.status in (Status.RUNNING, Status.PAUSED):
        words = f"epoch {min(epochs + 1, plan.epochs)} of {plan.epochs}" if run.phase in ("training", "") else run.phase
        st.progress(run.progress, text=f"{words}, paused" if run.status == Status.PAUSED else words)
        if run.status == Status.PAUSED:
            st.caption(run.message)
    elif run.message:
        (st.error if run.status == Status.FAILED else st.info)(run.message)


def _facts(run: Run, plan: Plan, latest: object) -> None:
    facts = st.container(key="training_facts").columns(3 if run.scored else 4)
    if run.scored:
        published = plan.row.published_accuracy
        other = f"as published: {published:.1%}" if published else f"people: {PEOPLE}"
        other = None if run.on_uploaded_pictures else other  # those figures are for other pictures
        facts[0].metric(
            "of the test pictures right", f"{run.test_accuracy:.1%}", other, delta_color="off", delta_arrow="off"
        )
        facts[1].metric("test loss", f"{run.test_loss:.3f}")
        if run.seconds is not None:
            facts[2].metric("time to train", duration(run.seconds))
    elif latest is not None and run.speed:  # the run was read a moment before its points: it may have had none
        facts[0].metric("right just now", f"{latest.accuracy:.0%}")
        facts[1].metric("loss", f"{latest.loss:.2f}")
        facts[2].metric("pictures a second", f"{run.speed:,.0f}")
        left = plan.images(len(shared_data().train_images)) * (1 - run.progress) / max(run.speed, 1)
        facts[3].metric("time left", duration(left) if run.phase in ("training", "") else "almost done")


def _buttons(run: Run) -> None:
    """Pause, go on and stop; for its owner only."""
    if run.ended:
        return
    is_owner = run.belongs_to(key())
    with st.container(horizontal=True):
        if run.status == Status.PAUSED:
            go_on = {
                "icon": ":material/play_arrow:",
                "type": "primary",
                "on_click": lambda: store().go_on(run.id, key()),
            }
            st.button("Go on", key="training_go_on", disabled=not is_owner, **go_on)
        elif run.status == Status.RUNNING and run.phase == "training":
            pause = {"icon": ":material/pause:", "on_click": lambda: store().pause(run.id, key())}
            st.button(
                "Pause",
                key="training_pause",
                disabled=not is_owner or run.pause_requested or run.stop_requested,
                **pause,
            )
        words = {
            Status.RUNNING: "Stop and keep what it learned",
            Status.PAUSED: "End it here",
            Status.WAITING: "Take it out of the queue",
        }[run.status]
        stop = {"icon": ":material/stop:", "on_click": lambda: store().stop(run.id, key())}
        st.button(words, key="training_stop", disabled=not is_owner or run.stop_requested, **stop)
    if not is_owner:
        st.caption("Somebody else started this run: only they can pause or stop it.")
    elif run.stop_requested:
        st.caption("Stopping: what it learned is kept, then scored and saved.")
    elif run.pause_requested:
        st.caption("Pausing: it keeps where it stands.")


def replay(run_id: str) -> None:
    """What a run's network said at the end of an epoch: the latest while it trains, afterwards the one chosen.

    Raises StoreError.
    """
    run, kept = store().run(run_id), store().epochs(run_id)
    if not kept:
        return
    heading, slider = st.columns([1, 1], gap="large", vertical_alignment="bottom")
    epoch = kept[-1]
    if run.ended and len(kept) > 1:
        words = {
            "label": "Replay: look at it after epoch",
            "help": "Pull it to the left, then back, and watch it learn.",
        }
        epoch = slider.select_slider(options=kept, value=epoch, key=f"training_epoch_{run.id}", **words)
    heading.subheader(f"What it says after epoch {epoch}", anchor=False)
    snapshot = Snapshot.from_bytes(store().snapshot(run.id, epoch))
    before = Snapshot.from_bytes(store().snapshot(run.id, epoch - 1)) if epoch - 1 in kept else None
    whose = "pictures held back" if snapshot.held_back else "test pictures"
    if run.fingerprint == data().fingerprint:
        images, labels = halves(data())["training" if snapshot.held_back else "test"]
        _twelve(images[snapshot.rows], labels[snapshot.rows], snapshot.shares.astype(float), before)
    else:
        st.caption("It learned from other clothes than those in use now, so its twelve pictures are not shown.")
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        right_ones = snapshot.counts.trace() / max(snapshot.counts.sum(), 1)
        st.plotly_chart(
            charts.matrix(snapshot.counts, as_percent=True, height=430),
            key="training_matrix",
            config=QUIET,
            alt=f"Confusion matrix after epoch {epoch}: {right_ones:.0%} right.",
        )
        st.caption(
            f"Of each kind of clothes (a row), how many percent got which answer (a column); {snapshot.counts.sum():,}"
            f" {whose}."
        )
    with right:
        if len(snapshot.filters):
            pictures.filters(snapshot.filters)
            st.caption(
                "What its first neurons look for: bright dots speak for, dark ones against. At the beginning they are"
                " noise."
            )


def _twelve(images: np.ndarray, labels: np.ndarray, shares: np.ndarray, before: Snapshot | None) -> None:
    answers = shares.argmax(axis=1)
    earlier = answers if before is None else before.shares.argmax(axis=1)
    captions = [
        caption(answer == label, answer, share[answer], "" if past == answer else f"before: {NAMES[past]}")
        for answer, label, share, past in zip(answers, labels, shares, earlier, strict=True)
    ]
    alts = [f"{NAMES[label]}, answered {NAMES[answer]}" for label, answer in zip(labels, answers, strict=True)]
    tiles(images, captions, alts, six=True)
