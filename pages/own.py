"""Bring your own clothes: photos, a folder, a zip or a table, used in this browser only.

What was understood is said, and photos are sorted, before they are used.
"""

import html
import time
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.typing import UploadedFile

from core.data.dataset import title_said
from core.data.gather import MIN_PICTURES, TOLD, UploadedDataset
from core.data.loose import LoosePictures, chosen, read_loose
from core.data.naming import LEFT_OUT
from core.data.sorting import Answers, Asked
from core.data.upload import example_table, example_zip, read_upload
from core.images import enlarge, sheet
from core.labels import CLASSES, COLOURS, SLUGS, names
from core.language import N_, _, ngettext, number
from core.training.plan import duration
from pages.shared import downloads, folders, pictures
from pages.shared.data import halves, shared_data
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.readers import LONG
from pages.shared.runs import network
from pages.shared.session import keep_only, page_state, settings, uploaded, use_uploaded
from pages.shared.uploads import FILES
from pages.shared.words import plain

frame("own", _("Your own clothes"), _("Train and test on pictures of your own."))

WAYS = {"photos": N_("Photos"), "folder": N_("A folder"), "file": N_("A zip or a table")}
READING = N_("Reading. One person's files are read at a time: yours come next.")
FOUND = "own_found"  # where the open page keeps what was read and is not used yet
WAITING = "own_waiting"  # and how files were brought, and they themselves, while one says which folder is which
TURN = "own_turn"  # a new, empty uploader after each: the files themselves are not kept
SHOWN = ("coat", "sneaker", "bag")  # class folders of the sample
TABLE = """<pre class="sample"><b>label</b>,pixel1,pixel2, … ,pixel784
<b>4</b>,0,0,31, … ,0
<b>7</b>,0,12,180, … ,0
<b>0</b>,0,0,0, … ,96
…</pre>"""
PROMISES = {
    N_("Where they are"): N_(
        "In the memory of the computer this app runs on, never on its disk. They are gone when you put them away, or"
        " have not used them for an hour."
    ),
    N_("Who sees them"): N_("You, in this browser. Everybody else keeps the clothes they have."),
    N_("When you train"): N_(
        "Your pictures wait with the run until it has ended, and are then deleted. Its network, curve and scores stay"
        " in the run book."
    ),
}


def tell(words: str, rows: Sequence[str]) -> None:
    """A list of what was found, one line each, closed until one asks for it."""
    if rows:
        with st.expander(words):
            st.html(f'<ul class="found">{"".join(f"<li>{html.escape(row)}</li>" for row in rows)}</ul>')


def tell_doubts(found: UploadedDataset | LoosePictures) -> None:
    """What was left out, and what deserves a look."""
    left_out, doubtful = (min(len(rows), TOLD) for rows in (found.left_out, found.doubtful))
    words = ngettext("✗ {count} file is left out", "✗ {count} files are left out", left_out)
    tell(words.format(count=number(left_out)), found.left_out)
    words = ngettext(
        "? In {count} picture the garment was hard to find",
        "? In {count} pictures the garment was hard to find",
        doubtful,
    )
    tell(words.format(count=number(doubtful)), found.doubtful)


def summary(clothes: UploadedDataset) -> None:
    """How many pictures there are of each class, the first of them, and what is to be said about them."""
    images, labels = halves(clothes.data)["training"]
    st.write(plain(str(clothes.split)))
    if clothes.data.read_as:
        st.caption(plain(str(clothes.data.read_as)))
    tell_doubts(clothes)
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
        "file": _("A zip, or one or two tables (CSV)"),
    }
    kinds = {"photos": ["image", "heic", "heif", "tif", "tiff"], "folder": None, "file": ["zip", "csv"]}
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
    if files and st.button(_("Look at them"), type="primary", icon=":material/search:", key="own_look"):
        look(way, files, folders.remembered())
    elif st.session_state.get("own_stop"):
        st.info(_("Stopped. Your files are still here."), icon=":material/stop_circle:")


def look(way: str, files: Sequence[UploadedFile], answers: Answers) -> None:
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
        brought = [(file.name, file.getvalue()) for file in files]
        if way == "file":
            found = LONG.do(read_upload, brought, settings(), answers, listen=tell_progress)
        else:
            around = PurePosixPath(brought[0][0]).parts[:-1]
            title = around[0] if around else _("photos")
            found = LONG.do(read_loose, title, brought, settings(), answers, listen=tell_progress)
        page_state()[FOUND] = found
        page_state()[WAITING] = (way, files) if isinstance(found, Asked) else None
        st.session_state[TURN] += 1
        st.rerun()
    place.empty()


def put_back() -> None:
    """What was read is not used, and others can be chosen."""
    for kept in (FOUND, WAITING):
        page_state().pop(kept, None)


def ask(asked: Asked) -> None:
    """Which folder is which class; then the files are read."""
    answers = folders.ask(asked, st.session_state[TURN])
    with st.container(key="own_again"):
        st.button(_("Choose others"), icon=":material/undo:", key="own_back", on_click=guarded(put_back))
    if answers is not None:
        folders.remember(answers)
        look(*page_state()[WAITING], folders.remembered() | answers)


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
    tell_doubts(found)
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


def formats() -> None:
    """What a folder, a zip and a table look like, with an example of each."""
    images, labels = halves(shared_data())["test"]
    rows = ""
    for slug in SHOWN:
        few = sheet(images[labels == SLUGS.index(slug)][:4], columns=4, gap=8)
        rows += f'<b>{slug}/</b><img src="{pictures.address(few)}" alt="">'
    tree, table = st.columns(2, gap="large")
    with tree:
        st.header(_("A folder or a zip"), anchor=False)
        st.html(f'<div class="sample tree">{rows}</div>')
        st.write(
            _(
                "One folder for each class. Photos are cut out and shrunk to 28 × 28 as on the page Predict, a few each"
                " second; grey pictures of 28 × 28 are taken as they are. Folders “train” and “test” around them are"
                " kept apart."
            )
        )
        downloads.offer(_("Example zip"), example_zip, "clothes.zip", "application/zip", "own_example_zip")
    with table:
        st.header(_("A table"), anchor=False)
        st.html(TABLE)
        st.write(
            _(
                "A CSV file as Fashion-MNIST has it: one line a picture, its class from 0 to 9, then its 784 pixels,"
                " each from 0 (black background) to 255. A second table can hold the test pictures; without one, one"
                " picture in five is kept for the test."
            )
        )
        downloads.offer(_("Example table"), example_table, "clothes.csv", "text/csv", "own_example_csv")
    st.header(_("What the folders may be called"), anchor=False)
    rows = "".join(f"<dt>{garment.index}</dt><dd>{garment.slug}</dd>" for garment in CLASSES)
    st.html(f'<dl class="folders">{rows}</dl>')
    st.caption(
        _(
            "Any of the ten, by number or name, and much that means the same: class_4, coats, jackets. Of a folder that"
            " is called otherwise, in another language for instance, you are asked which class it is. Photos in no"
            " folder are sorted by their own names, such as coat-3.jpg, or by the network; you correct it. In a zip"
            " they are left out if their names say nothing."
        )
    )


with guard():
    found = page_state().get(FOUND)
    if isinstance(found, Asked):
        ask(found)
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
