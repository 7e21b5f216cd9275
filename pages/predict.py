"""Predict: show a network a photo, a drawing or a picture of the data set, and see what it answers and how sure it
is."""

import html
import random
from collections.abc import Sequence
from functools import cache

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from core import charts, metrics
from core.data import explore
from core.errors import PictureError, RunError
from core.inference import explanation, export, verdict
from core.inference.eye import Eye, second_eye
from core.inference.network import Network
from core.inference.verdict import NEITHER, Answer, Verdict
from core.labels import NAMES, SLUGS
from core.language import _
from core.runs.results import SHIPPED
from core.vision.reading import Reading, read_drawing, read_sample
from pages.shared import downloads, eyes, photos, pictures, sheets
from pages.shared.choice import choose_eye, choose_network, choose_rival, say_unknown_network, tidy_address
from pages.shared.data import data, per_data
from pages.shared.drawing import keep_drawing, paper
from pages.shared.errors import fragment, guard, guarded
from pages.shared.frame import frame
from pages.shared.runs import network
from pages.shared.session import keep_only, settings
from pages.shared.tiles import tiles
from pages.shared.words import plain

frame("predict", _("Predict"), _("Show a network one piece of clothing, and see how sure it is."))

WAYS = {"photo": "Photo", "camera": "Camera", "draw": "Draw", "data": "Test picture"}
SIGNS = {
    Verdict.SURE: "✓ Sure",
    Verdict.UNSURE: "? Not sure",
    Verdict.NONE: "✗ None of the ten",
    Verdict.UNCLEAR: "? I cannot make it out",
}
EXAMPLE = 0  # the test picture answered while there is no photo yet
NEIGHBOURS = 6
TILE = 164  # px of a picture in the gallery
PRIVATE = (
    "Your picture stays in the memory of the computer this app runs on, while you are on this page. "
    "It is never saved and never sent anywhere else."
)


@cache  # as long as this run of the page lasts
def eye() -> Eye | None:
    """The second eye; None, with a warning, when it cannot be loaded."""
    try:
        return second_eye()
    except RunError:
        notice.warning(explanation.WITHOUT_EYE, icon=":material/visibility_off:")
        return None


def answer(chosen: Network, reading: Reading) -> Answer:
    """The answer of a network, with the second eye beside it where that is wished and the picture is a photo."""
    return verdict.answer(chosen, reading, eye() if beside and len(reading.views) else None)


def quoted(network_id: str, its_title: str) -> str:
    """A network in a sentence: a name that somebody gave stands in quotation marks."""
    return its_title if network_id == SHIPPED else f"“{its_title}”"


def bars(reply: Answer, key: str, true: int | None) -> None:
    """Ten bars."""
    st.plotly_chart(
        charts.bars(reply.probabilities, true=true),
        key=f"predict_bars_{key}",
        config={"displayModeBar": False},
        alt=f"Ten probabilities; the highest is {reply.label} with {reply.percent}.",
    )


def show(reading: Reading, key: str, true: int | None = None) -> None:
    """The answer to one picture: the verdict in words, ten bars (beside another network's, if one is asked), the two
    eyes, the steps of the pipeline."""
    reply = answer(asked, reading)
    words, charted = st.columns([1, 1.8 if other else 1.15], gap="large")
    if len(reading.stages) == 1:
        seen, words = words.columns([1, 1.2], gap="medium")
        with seen:
            pictures.strip(reading.stages)
    with words:
        st.html(f'<p class="verdict {reply.verdict}">{SIGNS[reply.verdict]}</p><p class="answer">{reply.called}</p>')
        st.write(reply.sentence)
        if true is not None:
            right = reply.index == true
            st.write(f"{'✓ Right' if right else '✗ Wrong'}: the data set says **{NAMES[true]}**.")
        if other:
            both = explanation.compared(
                reply, answer(other, reading), (quoted(model, title), quoted(rival, other_title))
            )
            st.html(f'<p class="compared">{html.escape(both)}</p>')
        if reply.tip:
            st.caption(reply.tip)
    with charted:
        if other:
            for index, (column, name, its) in enumerate(
                zip(st.columns(2), (title, other_title), (reply, answer(other, reading)), strict=True)
            ):
                with column:
                    pictures.heading(name)
                    st.caption(f"{SIGNS[its.verdict]}: {its.called}")
                    bars(its, f"{key}_{index}", true)
        else:
            if reply.eyes:
                pictures.heading(export.TOGETHER)
            bars(reply, key, true)
        raw = asked.raw(reading.image[None])
        if not metrics.adds_up(raw):
            with st.expander("The ten outputs as the network gives them", key=f"predict_raw_{key}"):
                sheets.outputs(raw[0])
                st.caption(
                    f"Each is a number from 0 to 1 by itself; they add up to {raw.sum():.2f}. Its bars are scaled"
                    " to 100 %."
                )
    if reply.eyes:
        eyes.side_by_side(reading, reply.eyes, whose)
    elif beside and not len(reading.views):
        st.caption(eyes.ALONE)
    if len(reading.stages) > 1:
        pictures.strip(reading.stages)


def save(reading: Reading, key: str) -> None:
    """The answer as a picture to keep, made when it is asked for."""
    reply = answer(asked, reading)
    downloads.offer(
        "Save this answer",
        lambda: export.card(reading, reply, SIGNS[reply.verdict], title, whose),
        f"answer-{SLUGS[reply.index]}.png",
        "image/png",
        f"predict_save_{key}",
    )


@per_data(max_entries=64, show_spinner=False)
def mattered_in_sample(model: str, fingerprint: str, sample: int) -> np.ndarray:
    """How much each dot of a test picture mattered for a network's answer."""
    return explanation.occlusion(asked, data().test_images[sample])


def explain(reading: Reading, key: str, sample: int | None = None) -> None:
    """What mattered for the answer, and the training pictures most like this one; worked out only while it is open.

    It is open at first for a test picture, the `sample`: that is worked out once for everybody.
    """
    look = {"expanded": sample is not None, "type": "compact"}
    why = st.expander("Why this answer?", key=f"predict_why_{key}", on_change="rerun", **look)
    if not why.open:
        return
    used, reply = data(), answer(asked, reading)
    none = reply.verdict is Verdict.NONE
    if none:
        why.caption(f"The nearest of the ten is {reply.label}.")
    mattered, *looked_at, nearest = why.columns([1, 1, 2.2] if reply.eyes else [1, 2.2], gap="large")
    own = NAMES[int(np.argmax(reply.eyes.network))] if reply.eyes else reply.label
    own_none = bool(reply.eyes and reply.eyes.said[0] == NEITHER)
    with mattered:
        if sample is None:
            shares = explanation.occlusion(asked, reading.image)
        else:
            shares = mattered_in_sample(model, used.fingerprint, sample)
        pictures.titled(
            f"What mattered to {whose}" if reply.eyes else "What mattered",
            explanation.overlay(reading.image, shares),
            f"The 28 x 28 dots; what {own} depends on is coloured",
        )
        words = explanation.in_words(shares, own)
        nearest_own = f"To it, the nearest of the ten is {own}. " if own_none else ""
        st.caption(f"{nearest_own}{words} Found by covering one part after the other and asking again.")
    for column in looked_at:
        with column:
            evidence = eye().look(reading).evidence[reply.index]
            pictures.titled(
                "What the second eye looked at",
                explanation.evidence_overlay(reading.views[0], evidence),
                f"The photo; what speaks for {reply.label} is coloured",
            )
            st.caption(explanation.evidence_in_words(evidence, reply.label))
    with nearest:
        rows = explore.nearest(used.train_images, reading.image, NEIGHBOURS)
        names = [NAMES[label] for label in used.train_labels[rows]]
        pictures.heading("The training pictures most like it")
        tiles(
            used.train_images[rows],
            names,
            [f"Training picture {row}: {name}" for row, name in zip(rows, names, strict=True)],
        )
        words = explanation.neighbours_in_words(None if none else reply.index, used.train_labels[rows], answered=True)
        st.caption(f"{words} Compared dot by dot.")


def show_photo(file: UploadedFile, key: str) -> None:
    """The answer to one photo, and below it what mends its reading; the answer follows at once."""
    above = st.container()
    row = st.container(horizontal=True, key="predict_mend")
    fine = st.expander("Crop it, or brush what belongs to it", key="predict_fine", type="compact", on_change="rerun")
    if fine.open or photos.photos().unread:
        with fine:
            reading = photos.fine_edits(file)
    else:
        photos.put_away()
        reading = photos.reading(file)
    with above:
        show(reading, key)
    with row:  # filled last: a stroke that has just been painted can be taken back
        photos.quick_edits(file)
        save(reading, key)
    explain(reading, key)


def gallery(read: Sequence[tuple[UploadedFile, Reading | PictureError]]) -> UploadedFile | None:
    """Several photos with an answer each; a tap opens one. Gives the one that is open."""
    good = {file.file_id: file for file, reading in read if not isinstance(reading, PictureError)}
    opened = st.session_state.get("predict_opened")
    opened = opened if opened in good else next(iter(good), None)
    rows = [
        (file.name, reading if isinstance(reading, PictureError) else answer(asked, reading)) for file, reading in read
    ]
    with st.container(horizontal=True, key="predict_gallery"):
        for index, ((file, reading), (name, reply)) in enumerate(zip(read, rows, strict=True)):
            state = "broken" if isinstance(reply, PictureError) else "open" if file.file_id == opened else "closed"
            with st.container(key=f"predict_tile_{state}_{index}", width=TILE):
                if isinstance(reply, PictureError):
                    st.html(f'<p class="broken"><b>✗</b> {html.escape(f"{name}: {reply}")}</p>')
                    continue
                pictures.pair(reading.stages[0].picture, reading.image, name)
                st.button(
                    f"{SIGNS[reply.verdict][0]} {reply.name}",
                    key=f"predict_open_{index}",
                    type="tertiary",
                    on_click=guarded(open_file),
                    args=(file.file_id,),
                )
                if reply.eyes:
                    eyes.said(reply.eyes, whose)
    sure = sum(not isinstance(reply, PictureError) and reply.verdict is Verdict.SURE for _, reply in rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{len(good)} of {len(rows)} pictures answered, {sure} of them sure (✓). Tap one to see it large.",
            width="content",
        )
        st.download_button(
            "Download as CSV",
            export.csv(rows),
            "answers.csv",
            key="predict_csv",
            icon=":material/download:",
            on_click="ignore",
        )
    return good.get(opened)


def open_file(file_id: str) -> None:
    """Show this photo of the gallery large."""
    st.session_state["predict_opened"] = file_id


with guard():
    tidy_address("eye", numbers=("sample",))
    say_unknown_network("model")
    with st.container(horizontal=True, vertical_alignment="bottom", key="predict_choices"):
        asked_way = st.query_params.get("way", "photo")
        first = asked_way if asked_way in WAYS else "photo"
        way = st.segmented_control(
            "Show it", list(WAYS), default=first, required=True, format_func=WAYS.get, key="predict_way"
        )
        model = choose_network("model", "Network to ask")
        rival = choose_rival("with", model)
        photographed = way in ("photo", "camera")
        beside = choose_eye(model, shown=photographed and not rival) and not rival
    if rival and photographed:
        st.caption(eyes.RESTS)
    notice = st.container()
    # A widget bound to the address would write its label there, not its value.
    if way != "photo":
        st.query_params["way"] = way
    elif "way" in st.query_params:
        del st.query_params["way"]
    asked, title = network(model)
    other, other_title = network(rival) if rival else (None, "")
    whose = eyes.SMALL if model == SHIPPED else eyes.called(title)

    if way != "draw":
        keep_drawing()
    brought: list[UploadedFile] = []
    if way == "photo":
        brought = st.file_uploader(
            "Photos of clothes: one piece each, on a plain background",
            type=["image", "heic", "heif", "avif"],
            accept_multiple_files=True,
            max_upload_size=settings().max_upload_mb,
            key="predict_files",
        )
        st.caption(PRIVATE)
        most = settings().max_pictures
        if len(brought) > most:
            st.warning(f"These are {len(brought)} pictures; {most} at once is the most. The first {most} are answered.")
        if not brought:
            st.subheader("For example", anchor=False)
            reading = read_sample(data().test_images[EXAMPLE])
            show(reading, "example", true=int(data().test_labels[EXAMPLE]))
            explain(reading, "example", sample=EXAMPLE)
        read = photos.read(brought[:most])
        opened = gallery(read) if len(read) > 1 else None
        for file, reading in read:
            if len(read) == 1 and isinstance(reading, PictureError):
                st.error(plain(f"{file.name}: {reading}"), icon=":material/broken_image:")
            elif len(read) == 1 or file is opened:
                with guard(), st.container(key="predict_answer_photo"):
                    st.caption(plain(file.name))
                    show_photo(file, "photo")
    elif way == "camera":
        snap = st.camera_input("Hold one piece of clothing in front of the camera", key="predict_camera")
        st.caption(
            f"{PRIVATE} The camera works on that computer itself, or where the address begins with https. "
            "On a phone, choose “Photo” and take one there."
        )
        brought = [snap] if snap else []
        for file, reading in photos.read(brought):
            if isinstance(reading, PictureError):
                st.error(plain(f"{file.name}: {reading}"), icon=":material/broken_image:")
            else:
                show_photo(file, "camera")
    elif way == "draw":

        @fragment()
        def draw() -> None:
            """Paper and answer: runs again by itself with each stroke."""
            left, right = st.columns([1, 1.7], gap="large")
            with left:
                drawn = paper()
            with right, guard():
                if drawn is None:
                    st.subheader("Draw a shirt, a boot, a bag …", anchor=False)
                    st.write("The network answers with every stroke.")
                else:
                    reading = read_drawing(drawn)
                    show(reading, "draw")
                    save(reading, "draw")
                    explain(reading, "draw")

        draw()
        st.caption(PRIVATE)
    else:
        used = data()
        last = len(used.test_images) - 1

        def another() -> None:
            """Take any other test picture."""
            st.session_state["sample"] = random.randint(0, last)

        with st.container(horizontal=True, vertical_alignment="bottom"):
            sample = st.number_input("Test picture", 0, last, key="sample", bind="query-params", width=180)
            st.button("Take another", key="predict_another", icon=":material/casino:", on_click=guarded(another))
        reading = read_sample(used.test_images[sample])
        show(reading, "sample", true=int(used.test_labels[sample]))
        save(reading, "sample")
        explain(reading, "sample", sample=sample)
    if not brought:
        photos.read([])  # forgets what was shown before
    # Last: when a tap ends this run early, the uploader that comes back still has its files.
    for uploader in ("photo", "camera"):
        keep_only(brought if uploader == way else [], uploader)
