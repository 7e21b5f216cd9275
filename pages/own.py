"""Bring your own clothes: photos, a folder, a zip or a table, used in this browser only.

What was understood is said, and photos are sorted, before they are used.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.typing import UploadedFile

from core.data.dataset import title_said
from core.data.gather import MIN_PICTURES, UploadedDataset
from core.data.loose import LoosePictures, chosen, read_loose
from core.data.measuring import Listed, list_photos
from core.data.naming import LEFT_OUT
from core.data.sorting import Answers, Asked
from core.data.upload import read_upload
from core.images import enlarge
from core.labels import COLOURS, names
from core.language import N_, _, number
from core.training.plan import duration
from pages.shared import folders, measuring, pictures
from pages.shared.data import halves
from pages.shared.errors import guard, guarded
from pages.shared.formats import formats
from pages.shared.found import tell_doubtful, tell_left_out
from pages.shared.frame import frame
from pages.shared.readers import LONG
from pages.shared.runs import network
from pages.shared.session import keep_only, page_state, settings, uploaded, use_uploaded
from pages.shared.uploads import FILES
from pages.shared.words import plain

frame("own", _("Your own clothes"), _("Train on pictures of your own, or see how well the app reads them."))

WAYS = {"photos": N_("Photos"), "folder": N_("A folder"), "file": N_("A zip or a table")}
READING = N_("Reading. One person's files are read at a time: yours come next.")
FOUND = "own_found"  # where the open page keeps what was read and is not used yet
WAITING = "own_waiting"  # and what was brought, while one says which folder is which
TURN = "own_turn"  # a new, empty uploader after each: the files themselves are not kept
PROMISES = {
    N_("Where they are"): N_(
        "In the memory of the computer this app runs on, never on its disk. They are gone when you put them away, or"
        " have not used them for an hour."
    ),
    N_("Who sees them"): N_("You, in this browser. Everybody else keeps the clothes they have."),
    N_("When you measure"): N_("Your photos stay while the page with the results is open, and no longer."),
    N_("When you train"): N_(
        "Your pictures wait with the run until it has ended, and are then deleted. Its network, curve and scores stay"
        " in the run book."
    ),
}


@dataclass(frozen=True)
class Brought:
    """Files, and what they are brought for."""

    way: str  # one of WAYS
    files: Sequence[UploadedFile]
    to_measure: bool = False  # how well they are read; else to be used


def summary(clothes: UploadedDataset) -> None:
    """How many pictures there are of each class, the first of them, and what is to be said about them."""
    images, labels = halves(clothes.data)["training"]
    st.write(plain(str(clothes.split)))
    if clothes.data.read_as:
        st.caption(plain(str(clothes.data.read_as)))
    tell_left_out(clothes.left_out)
    tell_doubtful(clothes.doubtful)
    folders.tell(clothes.folders)
    left, right = st.columns(2, gap="large")
    with left:
        pictures.bunch(images[:24], 8, _("The first of these pictures, as the network sees them"))
    with right:
        pictures.counts(names(), np.bincount(labels, minlength=10).tolist(), COLOURS)


def in_use(clothes: UploadedDataset) -> None:
    """What is in use, and where to go with it."""
    with st.container(key="own_brought"):
        st.header(f"✓ {plain(title_said(clothes.data.title))}", anchor=False)
        st.write(_("In use on every page of this browser."))
        with st.container(horizontal=True):
            st.page_link("training.py", label=_("Train on them"), icon=":material/play_arrow:")
            st.page_link("dataset.py", label=_("Look at them"), icon=":material/grid_view:")
        summary(clothes)


def bring() -> None:
    """Files come in, and are read when one says so."""
    most_mb, most, turn = settings().max_own_mb, settings().max_own_pictures, st.session_state.setdefault(TURN, 0)
    way = st.segmented_control(
        _("What do you have?"),
        list(WAYS),
        default="photos",
        required=True,
        format_func=lambda each: _(WAYS[each]),
        key="own_way",
        persist_state="session",
    )
    labels = {
        "photos": _("Photos of clothes, one garment each"),
        "folder": _("A folder with photos; best with a folder in it for each class"),
        "file": _("A zip, one or two tables (CSV), or the data set’s own files"),
    }
    tables = ["csv", "tsv", "txt", "gz", "npz", "npy", "parquet"]
    kinds = {"photos": ["image", "heic", "heif", "tif", "tiff"], "folder": None, "file": ["zip", *tables]}
    files = st.file_uploader(
        labels[way],
        type=kinds[way],
        accept_multiple_files="directory" if way == "folder" else True,
        max_upload_size=most_mb,
        key=f"own_files_{way}_{turn}",
    )
    keep_only(files, "own")
    limits = {"mb": number(most_mb), "least": number(MIN_PICTURES)}
    if way == "file":
        words = _("Up to {mb} MB and {most} pictures, at least {least} of them, of two classes or more.")
        st.caption(words.format(most=number(most), **limits))
    else:
        words = _(
            "Up to {files} photos and {mb} MB, at least {least} of them, of two classes or more. A zip holds more."
        )
        st.caption(words.format(files=number(FILES), **limits))
    if not files:
        return
    with st.container(horizontal=True, key="own_ask"):
        use_them = st.button(_("Look at them"), type="primary", icon=":material/search:", key="own_look")
        to_measure = st.button(_("Measure the app on them"), icon=":material/speed:", key="own_measure")
    st.caption(_("Look at them to train on them; or measure how many of them the app reads rightly."))
    if use_them or to_measure:
        look(Brought(way, files, to_measure), folders.remembered())
    elif st.session_state.get("own_stop"):
        st.info(_("Stopped. Your files are still here."), icon=":material/stop_circle:")


def look(brought: Brought, answers: Answers) -> None:
    """Read files beside the server, with what was said about their folders, and keep what became of them while the page
    is open."""
    place = st.empty()
    with place.container():
        bar, began = st.progress(0.0, text=_(READING)), time.monotonic()
        st.button(_("Stop reading"), icon=":material/stop:", key="own_stop")  # a tap ends this run of the page

    def tell_progress(done: int, total: int) -> None:
        """How far the reading is, and how long it will take."""
        if not done:
            bar.progress(0.0, text=_(READING))
            return
        left = duration((time.monotonic() - began) * (total - done) / done)
        words = _("{done} of {total} pictures, about {time} left")
        bar.progress(done / total, text=words.format(done=number(done), total=number(total), time=left))

    with guard():
        files = [(file.name, file.getvalue()) for file in brought.files]
        around = PurePosixPath(files[0][0]).parts[:-1]
        title = files[0][0] if brought.way == "file" else around[0] if around else _("photos")
        if brought.to_measure:
            found = LONG.do(list_photos, title, files, settings(), answers, listen=tell_progress)
        elif brought.way == "file":
            found = LONG.do(read_upload, files, settings(), answers, listen=tell_progress)
        else:
            found = LONG.do(read_loose, title, files, settings(), answers, listen=tell_progress)
        page_state()[FOUND] = found
        page_state()[WAITING] = brought if isinstance(found, Asked) else None
        if isinstance(found, Listed):
            measuring.begin(brought.files, found)
        st.session_state[TURN] += 1
        st.rerun()
    place.empty()


def put_back() -> None:
    """What was read is not used, and others can be chosen."""
    for kept in (FOUND, WAITING, measuring.STATE):
        page_state().pop(kept, None)


def ask(asked: Asked) -> None:
    """Which folder is which class; then the files are read."""
    answers = folders.ask(asked, st.session_state[TURN], put_back)
    if answers is not None:
        folders.remember(answers)
        look(page_state()[WAITING], folders.remembered() | answers)


def use(found: UploadedDataset) -> None:
    """Use what was read on every page of this browser."""
    use_uploaded(found)
    put_back()
    st.rerun()


def confirm(found: UploadedDataset) -> None:
    """What was understood of a zip or a table, before it is used."""
    st.header(plain(title_said(found.data.title)), anchor=False)
    with st.container(horizontal=True):
        pressed = st.button(_("Use these clothes"), type="primary", icon=":material/check:", key="own_use")
        st.button(_("Choose others"), icon=":material/undo:", key="own_back", on_click=guarded(put_back))
    if pressed:
        use(found)
    summary(found)


def sort_out(found: LoosePictures) -> None:
    """A table of photos with the class of each, which a person corrects before they are used."""
    by_name = found.labels != LEFT_OUT
    if "own_guess" not in page_state():
        answers = network()[0].probabilities(found.images).argmax(axis=1)
        page_state()["own_guess"] = np.where(by_name, found.labels, answers)
    guesses = page_state()["own_guess"]
    st.header(_("Is each in the right class?"), anchor=False)
    words = _("Pictures: {count}. Sorted by name: {named}. Guessed by the network: {guessed}.")
    sorted_by_name = int(by_name.sum())
    counts = {"count": len(guesses), "named": sorted_by_name, "guessed": len(guesses) - sorted_by_name}
    st.write(words.format(**{field: number(count) for field, count in counts.items()}))
    with st.container(horizontal=True, key="own_do"):
        place = st.container()
        st.button(_("Choose others"), icon=":material/undo:", key="own_back", on_click=guarded(put_back))
    st.caption(_("Press a class to change it."))
    tell_left_out(found.left_out)
    tell_doubtful(found.doubtful)
    sure, guessed = _("its name"), _("the network's guess")
    called = dict(enumerate(names())) | {LEFT_OUT: _("leave it out")}
    table = pd.DataFrame(
        {
            "picture": [pictures.address(enlarge(image, 2)) for image in found.images],
            "class": guesses,
            "by": [sure if named else guessed for named in by_name],
            "name": found.names,
        }
    )
    edited = st.data_editor(
        table,
        hide_index=True,
        row_height=56,
        disabled=["picture", "by", "name"],
        column_config={
            "picture": st.column_config.ImageColumn(_("Picture"), width=70),
            "class": st.column_config.SelectboxColumn(
                _("Class"), options=list(called), format_func=called.get, required=True, width=130
            ),
            "by": st.column_config.TextColumn(_("Sorted by"), width=150),
            "name": st.column_config.TextColumn(_("File"), width=240),
        },
        key=f"own_table_{st.session_state[TURN]}",
    )
    with place:
        if st.button(_("Use these clothes"), type="primary", icon=":material/check:", key="own_use"):
            with guard():
                use(chosen(found, edited["class"].to_numpy()))


with guard():
    found = page_state().get(FOUND)
    if isinstance(found, Asked):
        ask(found)
    elif work := measuring.state():
        measuring.show(work, put_back)
    elif isinstance(found, LoosePictures):
        sort_out(found)
    elif found:
        confirm(found)
    else:
        page_state().pop("own_guess", None)
        if uploaded():
            in_use(uploaded())
            st.header(_("Bring others"), anchor=False)
        bring()
        formats()
        st.header(_("What happens to your pictures"), anchor=False)
        pictures.explain({_(term): _(words) for term, words in PROMISES.items()})
        st.caption(_("A few hundred pictures are not many: choose more epochs on the page Train, 30 or 50."))
