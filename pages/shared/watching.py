"""Watching a run: its numbers with what one can press beside them, its curve, its answers, and where to go on.

Knows nothing of choosing or starting one.
"""

import math
from dataclasses import replace
from functools import partial

import streamlit as st

from core.language import _
from core.runs.schema import Run, Status
from core.runs.store import Store
from core.runs.web_page import web_page
from models.catalogue import OWN
from pages.shared import builder, downloads
from pages.shared.curve import NOTE, NUMBERS, TWELVE, curve, more
from pages.shared.data import data
from pages.shared.errors import guarded
from pages.shared.runs import start, store
from pages.shared.session import authority, settings
from pages.shared.share import share_menu
from pages.shared.words import plain


def watch(run: Run, title: str) -> None:
    """How a run stands: its name, its numbers with its buttons, its curve and twelve pictures it answers.

    The tab of the browser says how it stands before the page's `title`.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="training_run"):
        st.header(plain(run.name), anchor=False)
        share_menu("training_share", run=run.id)
    if run.ended and run.message:
        (st.error if run.status == Status.FAILED else st.info)(plain(run.message))
    with st.container(key="training_now"):
        curve(run, "training_curve", (), (NUMBERS,), title)
        if not run.ended:
            _buttons(run)
    if run.ended and run.plan.loads:
        st.write(_("Its weights come from a file. Nothing was trained here, so there is no curve to show."))
        return
    kept = store().epochs(run.id) if run.ended else None
    more(run, "training_accuracy", ("accuracy",), (TWELVE, NOTE), kept)


def _buttons(run: Run) -> None:
    """Pause, go on and stop, for who may; the same button pauses and goes on, so that it keeps the focus: it must
    not be drawn in another way, or switched off."""
    if not run.belongs_to(authority()):
        st.caption(_("Somebody else started this run: only they can pause or stop it."))
        return
    paused = run.status == Status.PAUSED
    words = {
        Status.RUNNING: _("Stop"),
        Status.PAUSED: _("End it here"),
        Status.WAITING: _("Leave the queue"),
    }[run.status]
    with st.container(horizontal=True, key="training_press"):
        if run.status != Status.WAITING or run.kept_epoch:
            st.button(
                _("Go on") if paused else _("Pause"),
                key="training_pause",
                icon=":material/play_arrow:" if paused else ":material/pause:",
                on_click=guarded(_go_on if paused else _pause),
                args=(store(), run.id),
            )
        st.button(
            words,
            key="training_stop",
            icon=":material/stop:",
            help=_("What it learned is kept."),
            on_click=guarded(lambda: store().stop(run.id, authority())),
        )


def _pause(runs: Store, run_id: str) -> None:
    runs.pause(run_id, authority())


def _go_on(runs: Store, run_id: str) -> None:
    runs.go_on(run_id, authority())


def lead_on(run: Run) -> None:
    """Where to go on from a run that has ended: its mistakes, a photo, more epochs, its layers."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="training_lead_on"):
        if run.scored:
            words = {"label": _("Look into its mistakes"), "icon": ":material/grid_on:"}
            st.page_link("mistakes.py", query_params={"run": run.id}, **words)
            words = {"label": _("Show it a photo"), "icon": ":material/photo_camera:"}
            st.page_link("predict.py", query_params={"model": run.id}, **words)
        if run.recipe == OWN:
            words = {"icon": ":material/construction:", "on_click": guarded(_build_on), "args": (run,)}
            st.button(_("Build on it"), key="training_build_on", **words)
        if run.ended and run.kept_epoch and run.fingerprint == data().fingerprint:
            _train_on(run)
        if run.scored:
            name = f"{run.recipe}-{run.id}.html"
            make = partial(web_page, run.id, store())
            downloads.offer(_("Take it home"), make, name, "application/octet-stream", "training_take_home")
    if run.scored:
        st.caption(
            _(
                "“Take it home” gives the network as one web page that works by itself, also from a USB stick: draw, or"
                " bring a photo, and it answers."
            )
        )
    if run.recipe == OWN:
        st.caption(_("Its layers: {layers}").format(layers=builder.in_words(run.plan.layers or ())))


def _build_on(run: Run) -> None:
    """Take the layers of a run into the builder."""
    builder.build_on(run.plan.layers or ())
    st.session_state["training_recipe"] = st.query_params["network"] = OWN


def _train_on(run: Run) -> None:
    """Offer some more epochs from where a run stands; they become a run of their own."""
    room = settings().max_epochs - math.ceil(run.kept_epoch)
    if room < 1:
        return
    with st.popover(_("Train on"), icon=":material/fast_forward:", key="training_on"):
        st.write(_("It goes on from where this run ended, with its own choices; this run stays as it is."))
        more_epochs = st.number_input(_("More epochs"), 1, room, min(3, room), key=f"training_more_{run.id}")
        if st.button(_("Train on"), key="training_on_start", icon=":material/fast_forward:"):
            plan = replace(run.plan, epochs=math.ceil(run.kept_epoch) + int(more_epochs))
            name = _("{name}, trained on").format(name=run.name)
            st.query_params["run"] = start(plan, name, parent=run.id)
            st.rerun()
