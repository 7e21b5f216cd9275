"""Clothes: page through all pictures by class, see one large with its 784 numbers, and which clothes these are."""

from urllib.parse import urlencode

import numpy as np
import streamlit as st

from core.dataset import FILES, download
from core.labels import CLASSES, COLOURS, NAMES
from pages.shared import pictures
from pages.shared.frame import frame, guard
from pages.shared.services import averages, data, forget_data, halves, jobs, settings

frame("The clothes", "Tap a kind of clothes to see only those; tap a picture to see it large, with the numbers inside it.", wide=True)

SIZES = {30: 6, 100: 10, 225: 15}  # pictures at once: in how many columns
MEGABYTES = sum(size for _, size in FILES.values()) / 1e6


def open_picture(step: int, last: int) -> None:
    """Go to the next or the previous picture."""
    st.session_state["picture"] = min(max(st.session_state["picture"] + step, 0), last)


def open_kind() -> None:
    """A class was tapped: go to its first page and its first picture."""
    labels = halves(data())[st.session_state["part"]][1]
    tapped = np.flatnonzero(labels == NAMES.index(st.session_state["class"])) if st.session_state["class"] else []
    st.session_state["page"] = 1
    if len(tapped):
        st.session_state["picture"] = int(tapped[0])


with guard():
    used = data()
    if not used.real:
        with st.container(key="fetch"):
            st.markdown(
                "**These clothes are drawn by program.** The real pictures, photographed in a shop, are not on this computer yet. "
                "All pages work with the drawn ones too."
            )
            if st.button(f"Fetch the real clothes ({MEGABYTES:.0f} MB)", key="dataset_fetch", type="primary", icon=":material/download:"):
                bar = st.progress(0.0, text="Asking for the files …")
                with guard():
                    download(
                        settings(),
                        progress=lambda done, total: bar.progress(min(done / total, 1.0), text=f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"),
                    )
                    forget_data()
                    st.rerun()
                bar.empty()

    parts = halves(used)
    choice, size_choice = st.columns([3, 1], vertical_alignment="bottom")
    with choice.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Pictures for",
            list(parts),
            default="training",
            required=True,
            key="part",
            bind="query-params",
            help="A network learns from the training pictures. The test pictures are kept back, to see what it has really learned.",
        )
    at_once = size_choice.segmented_control(
        "Pictures at once", list(SIZES), default=30, required=True, key="dataset_size", persist_state="session"
    )
    kind = st.pills("Kind of clothes", NAMES, key="class", bind="query-params", on_change=open_kind)
    images, labels = parts[part]
    rows = np.flatnonzero(labels == NAMES.index(kind)) if kind else np.arange(len(labels))

    with st.container(key="clothes_opened" if "picture" in st.query_params else "clothes_closed"):
        left, right = st.columns([1.35, 1], gap="large")
    with left:
        if len(rows):
            st.caption(f"{len(rows):,} {part} pictures{f' of the class {kind}' if kind else ''}")
            page = st.pagination(-(-len(rows) // at_once), key="page", bind="query-params")
            shown = rows[at_once * (page - 1) : at_once * page]
            here = {"part": part, "page": page} | ({"class": kind} if kind else {})
            links = [(f"picture {row}", f"?{urlencode(here | {'picture': row})}") for row in shown]
            pictures.grid(images[shown], [NAMES[label] for label in labels[shown]], links, SIZES[at_once])
        else:
            st.write("There is no picture of this kind here. Tap another kind.")

    with right:
        last = len(images) - 1
        st.session_state.setdefault("picture", int(rows[0]) if len(rows) else 0)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number = st.number_input("Picture number", 0, last, key="picture", bind="query-params", width=180)
            st.button(":material/chevron_left:", key="dataset_before", help="Picture before", on_click=open_picture, args=(-1, last))
            st.button(":material/chevron_right:", key="dataset_next", help="Next picture", on_click=open_picture, args=(1, last))
        garment = CLASSES[labels[number]]
        pictures.large(images[number], f"{garment.name}, {part} picture {number}, enlarged")
        st.subheader(garment.name, anchor=False)
        st.write(f"{garment.description.capitalize()}. Class {garment.index} of 0 to 9.")

    st.subheader("The numbers inside", anchor=False)
    st.write(
        f"To a computer this {garment.name} is a table of 28 × 28 = 784 numbers: 0 is the black ground, 255 the brightest dot. "
        f"Here from {images[number].min()} to {images[number].max()}, {np.count_nonzero(images[number])} of them not 0."
    )
    pictures.numbers(images[number])

    st.subheader("How many of each", anchor=False)
    pictures.counts(NAMES, np.bincount(labels, minlength=10).tolist(), COLOURS)

    st.subheader("The average of each class", anchor=False)
    st.write("All pictures of a class laid over each other. Where two averages look alike, a network has a hard time too.")
    pictures.grid(averages(part), NAMES, [("the average", f"?{urlencode({'part': part, 'class': name})}") for name in NAMES], 5)
    jobs()
