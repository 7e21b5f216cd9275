"""Predict: show a network a photo, a drawing or a picture of the data set, and see what it answers and how sure it is."""

import random
from collections.abc import Sequence

import streamlit as st
from streamlit.typing import UploadedFile

from core import answers, charts, evaluation
from core.errors import PictureError
from core.inference import Network, answer
from core.labels import NAMES
from core.photo import Reading, read_drawing, read_photo, read_sample
from pages.shared import pictures, sheets
from pages.shared.frame import frame, guard
from pages.shared.services import data, jobs, network, runs, settings

frame("Try a photo", "Show it one piece of clothing, and see what the network answers, how sure it is, and what it really saw.", wide=True)

WAYS = {"photo": "Photo", "camera": "Camera", "draw": "Draw", "data": "Test picture"}
SIGNS = {"sure": "✓ Sure", "unsure": "? Not sure", "none": "✗ None of the ten", "unclear": "? I cannot make it out"}
EXAMPLE = 0  # the test picture answered while there is no photo yet
SIDE, BRUSH = 320, 21  # px of the drawing paper and its brush
PRIVATE = "Your picture stays in this computer's memory while you look at the answer. It is never saved and never sent anywhere else."


def remember(word: str, value: str, usual: str) -> None:
    """Keep a choice in the address, unless it is the usual one. (A bound widget would write its label there, not its value.)"""
    if value != usual:
        st.query_params[word] = value
    elif word in st.query_params:
        del st.query_params[word]


def read_files(files: Sequence[UploadedFile]) -> list[tuple[str, Reading | PictureError]]:
    """Each file's name with what the network will see, or why it cannot. A file is read once, and forgotten with its page."""
    known = st.session_state.get("predict_readings", {})
    most = settings().max_upload_mb * 1_000_000
    readings = {}
    for file in files:
        readings[file.file_id] = known.get(file.file_id) or read_file(file, most)
    st.session_state["predict_readings"] = readings
    return [(file.name, readings[file.file_id]) for file in files]


def read_file(file: UploadedFile, most: int) -> Reading | PictureError:
    """What the network will see of one file, or why it cannot be read."""
    try:
        return read_photo(file.getvalue(), most)
    except PictureError as error:
        return error


def show(asked: Network, reading: Reading, key: str, true: int | None = None) -> None:
    """The answer to one picture: the way to 28 x 28, the verdict in words, the ten bars."""
    reply = answer(asked, reading)
    told, bars = st.columns([1, 1.15], gap="large")
    if len(reading.stages) == 1:
        seen, told = told.columns([1, 1.2], gap="medium")
        with seen:
            pictures.strip(reading.stages)
    with told:
        big = "Something else" if reply.verdict == "none" else reply.label
        doubt = "" if reply.verdict in ("sure", "none") else "?"
        st.html(f'<p class="verdict {reply.verdict}">{SIGNS[reply.verdict]}</p><p class="answer">{big}{doubt}</p>')
        st.write(f"{reply.reason[:1].upper()}{reply.reason[1:]}.")
        if true is not None:
            right = reply.index == true
            st.write(f"{'✓ Right' if right else '✗ Wrong'}: the data set says **{NAMES[true]}**.")
        if reply.tip:
            st.caption(reply.tip)
    with bars:
        st.plotly_chart(
            charts.bars(reply.probabilities, true=true),
            key=f"predict_bars_{key}",
            config={"displayModeBar": False},
            alt=f"Ten probabilities; the highest is {reply.label} with {max(reply.probabilities):.0%}.",
        )
        raw = asked.raw(reading.image[None])
        if not evaluation.adds_up(raw):
            with st.expander("The ten outputs as the network gives them", key=f"predict_raw_{key}"):
                sheets.outputs(raw[0])
                st.caption(f"Ten sigmoids, each of its own: they add up to {raw.sum():.2f}. The bars above are scaled to 100 %.")
    if len(reading.stages) > 1:
        pictures.strip(reading.stages)


with guard():
    choices = {answers.SHIPPED: "The network that comes with the app"} | {run.id: f"{run.name} ({run.test_accuracy:.1%})" for run in runs()}
    wished = st.query_params.get("model", answers.SHIPPED)
    if wished not in choices:
        st.info(f"There is no finished run “{wished}”. The network that comes with the app answers instead.", icon=":material/search_off:")
    with st.container(horizontal=True, vertical_alignment="bottom", key="predict_choices"):
        asked_way = st.query_params.get("way", "photo")
        first = asked_way if asked_way in WAYS else "photo"
        way = st.segmented_control("Show it", list(WAYS), default=first, required=True, format_func=WAYS.get, key="predict_way")
        start = list(choices).index(wished) if wished in choices else 0
        model = st.selectbox("Network to ask", list(choices), start, format_func=choices.get, key="predict_model", width=340)
    remember("way", way, "photo")
    remember("model", model, answers.SHIPPED)
    asked, _ = network(model)

    if way == "photo":
        files = st.file_uploader(
            "Photos of clothes: one piece each, on a plain background",
            type=["image", "heic", "heif", "avif"],
            accept_multiple_files=True,
            max_upload_size=settings().max_upload_mb,
            key="predict_files",
        )
        st.caption(PRIVATE)
        most = settings().max_pictures
        if len(files) > most:
            st.warning(f"These are {len(files)} pictures; {most} at once is the most. The first {most} are answered.")
        if not files:
            st.subheader("For example", anchor=False)
            show(asked, read_sample(data().test_images[EXAMPLE]), "example", true=int(data().test_labels[EXAMPLE]))
        for place, (name, reading) in enumerate(read_files(files[:most])):
            if isinstance(reading, PictureError):
                st.error(f"{name}: {reading}", icon=":material/broken_image:")
                continue
            with guard(), st.container(key=f"predict_answer_{place}"):
                st.caption(name)
                show(asked, reading, f"photo_{place}")
    elif way == "camera":
        snap = st.camera_input("Hold one piece of clothing in front of the camera", key="predict_camera")
        st.caption(f"{PRIVATE} The camera only works on this computer or over https; on a phone, choose “Photo” and take one there.")
        for name, reading in read_files([snap] if snap else []):
            if isinstance(reading, PictureError):
                st.error(f"{name}: {reading}", icon=":material/broken_image:")
            else:
                show(asked, reading, "camera")
    elif way == "draw":

        @st.fragment
        def draw() -> None:
            """Paper and answer: runs again by itself with each stroke."""
            from streamlit_drawable_canvas import st_canvas

            paper, reply = st.columns([1, 1.7], gap="large")
            with paper, st.container(key="paper"):
                drawn = st_canvas(
                    stroke_width=BRUSH, stroke_color="#1d1a16", height=SIDE, width=SIDE, return_image_data=True, key="predict_canvas"
                )
                st.caption("Draw the outline of one piece of clothing, large, and close it all the way round.")
            with reply, guard():
                if drawn.image_data is None or not drawn.image_data[..., 3].any():
                    st.subheader("Draw a shirt, a boot, a bag …", anchor=False)
                    st.write("The network answers with every stroke.")
                else:
                    show(asked, read_drawing(drawn.image_data), "draw")

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
            st.button("Take another", key="predict_another", icon=":material/casino:", on_click=another)
        show(asked, read_sample(used.test_images[sample]), "sample", true=int(used.test_labels[sample]))
    jobs()
