"""The welcome page: a wall of clothes, three doors, and what is going on now."""

from urllib.parse import quote

import streamlit as st

from core.labels import PEOPLE
from core.language import _
from core.runs import results
from core.runs.schema import Status
from pages.shared import pictures
from pages.shared.data import wall
from pages.shared.errors import fragment, guard
from pages.shared.frame import frame
from pages.shared.runs import store
from pages.shared.words import plain

frame("welcome", _("Welcome"))

CURVE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 120" fill="none" stroke-width="5"'
    ' stroke-linecap="round"><path d="M6 114C26 62 52 50 82 42S150 33 234 30" stroke="#a89f93"'
    ' stroke-opacity=".5"/><path d="M6 112C22 40 44 34 70 27S140 16 230 11" stroke="#d9541e"/><circle cx="230" cy="11"'
    ' r="6" fill="#d9541e"/></svg>'
)

with guard():
    picture, clothes = wall()
    with st.container(key="wall"):
        st.image(picture, width="stretch", alt="A wall of many small pictures of clothes")
    st.title("Teach a computer to tell a coat from a shirt", anchor=False)
    st.html(
        '<p class="lead">Ten kinds of clothes, seventy thousand pictures, and a network that learns while you'
        " watch.</p>"
    )

    doors = st.columns(3, gap="medium")
    with doors[0].container(key="door_photo"):
        pictures.large(clothes[0], "A piece of clothing in 28 by 28 dots")
        st.page_link("predict.py", label="Try a photo")
        st.caption("Show it clothes of your own: a photo, the camera, or a drawing.")
    with doors[1].container(key="door_train"):
        st.html(f'<img class="curve" src="data:image/svg+xml,{quote(CURVE)}" alt="A rising curve">')
        st.page_link("training.py", label="Train a network")
        st.caption("Press Start and watch it learn. The quick one takes seconds.")
    with doors[2].container(key="door_clothes"):
        pictures.bunch(clothes[1:9], 4, "Eight pictures of clothes")
        st.page_link("dataset.py", label="Look at the clothes")
        st.caption("Every picture it learns from, down to the 784 numbers inside.")

    busy = any(run.status in (Status.WAITING, Status.RUNNING) for run in store().runs())

    @fragment(run_every=2 if busy else None)
    def going_on() -> None:
        """What is being trained now, and the best run so far."""
        runs = store().runs()
        live = [run for run in reversed(runs) if run.status in (Status.RUNNING, Status.WAITING)]
        best = results.best(runs)
        now, so_far = st.columns(2, gap="large")
        with now:
            st.subheader("Now", anchor=False)
            for run in live[:4]:
                waits = "" if run.status == Status.RUNNING else ": waits its turn"
                st.progress(run.progress, text=f"{plain(run.name)}{waits}")
                st.page_link(
                    "training.py",
                    label="Watch it learn",
                    icon=":material/monitoring:",
                    query_params={"run": run.id},
                )
            if not live:
                st.write("Nothing is being trained. Train one in a minute.")
                st.page_link("training.py", label="Start a run", icon=":material/play_arrow:")
        with so_far:
            st.subheader("Best run so far", anchor=False)
            if best:
                st.metric(
                    plain(best.name),
                    f"{best.test_accuracy:.1%}",
                    f"people: {PEOPLE}",
                    delta_color="off",
                    delta_arrow="off",
                )
                st.page_link(
                    "mistakes.py",
                    label="See what it gets wrong",
                    icon=":material/grid_on:",
                    query_params={"run": best.id},
                )
            else:
                st.write(f"No run yet. People get {PEOPLE} of these pictures right: can your network beat them?")
                st.page_link("mistakes.py", label="See how the ready-made network does", icon=":material/grid_on:")

    going_on()
