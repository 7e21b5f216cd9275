"""Watching a run: how it stands, its curve, what one can do with it, and what its network said after each epoch.

Knows nothing of choosing or starting one.
"""

import streamlit as st

from core.labels import PEOPLE
from core.runs.schema import Run, Status
from core.training.overfitting import curve_summary
from core.training.plan import Plan, duration
from pages.shared.curve import curve
from pages.shared.errors import guard, guarded
from pages.shared.runs import store
from pages.shared.session import authority, key
from pages.shared.snapshots import said
from pages.shared.words import plain


def watch(run: Run) -> None:
    """How a run stands, its curve and its buttons."""
    st.subheader(plain(run.name), anchor=False)
    if run.ended and run.message:
        (st.error if run.status == Status.FAILED else st.info)(plain(run.message))
    elif run.status == Status.PAUSED:
        st.caption(plain(run.message))
    if run.scored:
        _score(run, run.plan)
    if run.ended and run.plan.loads:
        st.write("Its weights come from a file. Nothing was trained here, so there is no curve to show.")
    else:
        _buttons(run)
        if run.ended and (words := curve_summary(store().epoch_points(run.id), run.ended)):
            st.info(words, icon=":material/lightbulb:")
        curve(run, "training_curve", chosen=st.session_state.get(f"training_epoch_{run.id}"), said=True)


def _score(run: Run, plan: Plan) -> None:
    facts = st.container(key="training_facts").columns(3)
    published = plan.row.published_accuracy
    other = f"as published: {published:.1%}" if published else f"people: {PEOPLE}"
    other = None if run.on_uploaded_pictures else other  # those figures are for other pictures
    facts[0].metric(
        "of the test pictures right", f"{run.test_accuracy:.1%}", other, delta_color="off", delta_arrow="off"
    )
    facts[1].metric("test loss", f"{run.test_loss:.3f}")
    if run.seconds is not None:
        facts[2].metric("time to train", duration(run.seconds))


def _buttons(run: Run) -> None:
    """Pause, go on and stop; for its owner only."""
    if run.ended:
        return
    is_owner = run.belongs_to(authority())
    with st.container(horizontal=True):
        if run.status == Status.PAUSED:
            go_on = {
                "icon": ":material/play_arrow:",
                "type": "primary",
                "on_click": guarded(lambda: store().go_on(run.id, authority())),
            }
            st.button("Go on", key="training_go_on", disabled=not is_owner, **go_on)
        elif run.status == Status.RUNNING and run.phase == "training":
            pause = {"icon": ":material/pause:", "on_click": guarded(lambda: store().pause(run.id, authority()))}
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
        stop = {"icon": ":material/stop:", "on_click": guarded(lambda: store().stop(run.id, authority()))}
        st.button(words, key="training_stop", disabled=not is_owner or run.stop_requested, **stop)
    if not is_owner:
        st.caption("Somebody else started this run: only they can pause or stop it.")
    elif run.stop_requested:
        st.caption("Stopping: what it learned is kept, then scored and saved.")
    elif run.pause_requested:
        st.caption("Pausing: it keeps where it stands.")


def replay(run: Run) -> None:
    """What the network of a run that has ended said at the end of an epoch, the last one or another; one that cannot be
    read is said, and the page goes on.

    Raises StoreError.
    """
    kept = store().epochs(run.id)
    if not kept:
        return
    heading, slider = st.columns([1, 1], gap="large", vertical_alignment="bottom")
    epoch = kept[-1]
    if len(kept) > 1:
        words = {
            "label": "Replay: look at it after epoch",
            "help": "Pull it to the left, then back, and watch it learn.",
        }
        epoch = slider.select_slider(options=kept, value=epoch, key=f"training_epoch_{run.id}", **words)
    heading.subheader(f"What it says after epoch {epoch}", anchor=False)
    with guard():
        st.html(said(run.id, epoch, key()))
