"""The welcome page: a wall of clothes that answers when it is tapped, three doors, and what is going on now."""

from urllib.parse import quote

import streamlit as st

from core.labels import people
from core.language import _, percent
from core.runs import results
from core.runs.schema import Status
from pages.shared import pictures, wall
from pages.shared.data import data
from pages.shared.errors import fragment, guard
from pages.shared.frame import frame
from pages.shared.runs import store
from pages.shared.session import uploaded
from pages.shared.words import plain

frame("welcome", _("Welcome"))

CURVE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 120" fill="none" stroke-width="7"'
    ' stroke-linecap="round"><path d="M6 114C26 62 52 50 82 42S150 33 234 30" stroke="#a89f93"'
    ' stroke-opacity=".5"/><path d="M6 112C22 40 44 34 70 27S140 16 230 11" stroke="#d9541e"/><circle cx="230" cy="11"'
    ' r="8" fill="#d9541e"/></svg>'
)
MOST = 2  # runs under way that are shown
QUIET = {"delta_color": "off", "delta_arrow": "off", "width": "content"}  # of the figure that people reach

with guard():
    shown = wall.wall()
    wall.show(
        shown,
        _("Teach a computer to tell a coat from a shirt"),
        _("Ten kinds of clothes, 70,000 pictures, and a network that learns while you watch."),
    )
    with st.container(horizontal=True, key="doors"):
        with st.container(key="door_photo"):
            pictures.large(shown.images[shown.lit], _("A piece of clothing in 28 × 28 dots"))
            st.page_link("predict.py", label=_("Try a photo"))
            st.caption(_("Clothes of your own: a photo, the camera or a drawing."))
        with st.container(key="door_train"):
            st.html(f'<img class="curve" src="data:image/svg+xml,{quote(CURVE)}" alt="{_("A rising curve")}">')
            st.page_link("training.py", label=_("Train a network"))
            st.caption(_("Press Start and watch it learn. The quick one takes seconds."))
        with st.container(key="door_clothes"):
            pictures.bunch(shown.images[:4], 2, _("Four pictures of clothes"))
            st.page_link("dataset.py", label=_("Look at the clothes"))
            st.caption(_("Every picture it learns from, down to its 784 numbers."))

    busy = any(run.status in (Status.WAITING, Status.RUNNING) for run in store().runs())

    @fragment(run_every=2 if busy else None)
    def going_on() -> None:
        """What is being trained now, and the best run so far."""
        runs = store().runs()
        live = [run for run in reversed(runs) if run.status in (Status.RUNNING, Status.WAITING)]
        best = results.best(runs)
        with st.container(horizontal=True, key="going_on"):
            with st.container(horizontal=True, vertical_alignment="center", key="now"):
                st.html(f"<h2>{_('Now')}</h2>", width="content")
                for run in live[:MOST]:
                    words = "{name}" if run.status == Status.RUNNING else _("{name}: waits its turn")
                    st.progress(run.progress, text=words.format(name=plain(run.name)))
                    st.page_link("training.py", label=_("Watch"), query_params={"run": run.id})
                if not live:
                    st.markdown(_("Nothing is being trained."), width="content")
                    st.page_link("training.py", label=_("Train one in a minute"))
            with st.container(horizontal=True, vertical_alignment="center", key="best"):
                st.html(f"<h2>{_('Best')}</h2>", width="content")
                people_too = data().real and not uploaded()
                if best:
                    beside = _("people: {share}").format(share=people()) if people_too else None
                    st.metric(plain(best.name), percent(best.test_accuracy, 1), beside, **QUIET)
                    st.page_link("mistakes.py", label=_("See its mistakes"), query_params={"run": best.id})
                else:
                    words = _("No run yet. People reach {share}.") if people_too else _("No run yet.")
                    st.markdown(words.format(share=people()), width="content")
                    st.page_link("mistakes.py", label=_("See the small network"))

    going_on()
