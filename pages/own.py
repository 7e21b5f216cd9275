"""Bring your own clothes: a table or a zip of pictures, used in this browser only; what is wrong with it, by row or by
name."""

import html
import time

import numpy as np
import streamlit as st

from core.data.upload import MIN_PICTURES, TOLD, UploadedDataset, example_table, example_zip, read_upload
from core.images import sheet
from core.labels import CLASSES, COLOURS, NAMES, SLUGS
from core.language import _
from core.training.plan import duration
from pages.shared import downloads, pictures
from pages.shared.data import halves, shared_data
from pages.shared.errors import guard
from pages.shared.frame import frame
from pages.shared.readers import LONG
from pages.shared.session import keep_only, settings, uploaded, use_uploaded
from pages.shared.words import plain

frame("own", _("Your own clothes"), _("Browse, train and test on pictures of your own."), wide=False)

READING = "Reading. One file is read at a time: when somebody else's is, yours comes next …"
SHOWN = ("coat", "sneaker", "bag")  # class folders of the sample
TABLE = """<pre class="sample"><b>label</b>,pixel1,pixel2, … ,pixel784
<b>4</b>,0,0,31, … ,0
<b>7</b>,0,12,180, … ,0
<b>0</b>,0,0,0, … ,96
<b>8</b>,0,5,99, … ,0
…</pre>"""
PROMISES = {
    "Where they are": (
        "In the memory of this computer, and nowhere on its disk, until you put them away or have not used them for an"
        " hour."
    ),
    "Who sees them": "You, in this browser. All others keep the clothes they have, and the two are never mixed.",
    "When you train": (
        "Your pictures wait with the run until it has ended, and are then deleted. Its network, its curve and its"
        " scores stay in the run book; its mistakes can be looked at while these clothes are in use."
    ),
}


def tree() -> str:
    """How the folders lie, with a few pictures in each."""
    images, labels = halves(shared_data())["test"]
    rows = ""
    for slug in SHOWN:
        few = sheet(images[labels == SLUGS.index(slug)][:4], columns=4, gap=8)
        rows += f'<b>{slug}/</b><img src="{pictures.address(few)}" alt="Pictures of this class">'
    return f'<div class="sample tree">{rows}</div>'


def tell(words: str, sign: str, rows: tuple[str, ...]) -> None:
    """A list of what was found, one line each, closed until one asks for it."""
    if rows:
        count = str(len(rows)) if len(rows) <= TOLD else f"More than {TOLD}"
        with st.expander(f"{sign} {count} {words}"):
            st.html(f'<ul class="found">{"".join(f"<li>{html.escape(row)}</li>" for row in rows)}</ul>')


def show(clothes: UploadedDataset) -> None:
    """What was uploaded: how much of each class, a few of the pictures, and what is to be said about it."""
    images, labels = halves(clothes.data)["training"]
    with st.container(key="own_brought"):
        st.subheader(f"✓ {plain(clothes.data.title)}", anchor=False)
        st.write(f"In use on every page of this browser. {plain(clothes.split)}")
        tell("left out", "✗", clothes.left_out)
        tell("used, but the garment was hard to find", "?", clothes.doubtful)
        pictures.bunch(images[:24], 12, "The first of these pictures, as the network sees them")
        with st.container(horizontal=True):
            st.page_link("dataset.py", label="Look at them", icon=":material/grid_view:")
            st.page_link("training.py", label="Train on them", icon=":material/play_arrow:")
    st.caption("To learn from, of each class")
    pictures.counts(NAMES, np.bincount(labels, minlength=10).tolist(), COLOURS)


with guard():
    if uploaded():
        show(uploaded())
    most_mb, most = settings().max_own_mb, settings().max_own_pictures
    st.subheader("Bring others" if uploaded() else "Your file", anchor=False)
    turn = st.session_state.setdefault("own_turn", 0)
    files = st.file_uploader(
        "A zip, or one or two tables (CSV)",
        type=["zip", "csv"],
        accept_multiple_files=True,
        max_upload_size=most_mb,
        key=f"own_files_{turn}",
    )
    keep_only(files, "own")
    st.caption(f"Up to {most_mb:,} MB and {most:,} pictures, at least {MIN_PICTURES} of them, of two classes or more.")
    if files and st.button("Use these clothes", type="primary", icon=":material/check:", key="own_use"):
        place = st.empty()
        with place.container():
            bar, began = st.progress(0.0, text=READING), time.monotonic()
            st.button("Stop reading", icon=":material/stop:", key="own_stop")  # a tap ends this run of the page

        def tell_progress(done: int, total: int) -> None:
            """How far the reading is, and how long it will take."""
            if done:
                left = duration((time.monotonic() - began) * (total - done) / done)
                bar.progress(done / total, text=f"{done:,} of {total:,} pictures, about {left} left")
            else:
                bar.progress(0.0, text=READING)

        with guard():
            brought = [(file.name, file.getvalue()) for file in files]
            found = LONG.do(read_upload, brought, settings(), listen=tell_progress)
            use_uploaded(found)
            st.session_state["own_turn"] = turn + 1  # a new, empty uploader: the file itself is not kept
            st.rerun()
        place.empty()
    elif st.session_state.get("own_stop"):
        st.info("Stopped. Nothing was changed; your file is still here.", icon=":material/stop_circle:")

    folders, table = st.columns(2, gap="large")
    with folders:
        st.subheader("Folders of pictures", anchor=False)
        st.html(tree())
        downloads.offer("Example zip", example_zip, "clothes.zip", "application/zip", "own_example_zip")
        st.write(
            "A zip with one folder for each class. Photos are cut out and shrunk to 28 × 28 as on the page Predict, a"
            " few each second; grey pictures of 28 × 28 are taken as they are. Folders “train” and “test” around them"
            " are kept apart."
        )
    with table:
        st.subheader("A table", anchor=False)
        st.html(TABLE)
        downloads.offer("Example table", example_table, "clothes.csv", "text/csv", "own_example_csv")
        st.write(
            "A CSV file as Fashion-MNIST has it: one line a picture, its class from 0 to 9, then its 784 pixels, "
            "each from 0 (black ground) to 255. Bring a second table to test on, or let me keep a fifth back."
        )

    st.subheader("What the folders may be called", anchor=False)
    rows = "".join(f"<dt>{garment.index}</dt><dd>{garment.slug}</dd>" for garment in CLASSES)
    st.html(f'<dl class="folders">{rows}</dl>')
    st.caption(
        "Any of the ten will do; the number or the name, in small or large letters. Other folders are named and left"
        " out."
    )

    st.subheader("What happens to your pictures", anchor=False)
    st.html(f'<dl class="words">{"".join(f"<dt>{term}</dt><dd>{words}</dd>" for term, words in PROMISES.items())}</dl>')
    st.write(
        "With only a few hundred pictures a network has seen little: take more epochs on the Train page, 30 or 50."
    )
