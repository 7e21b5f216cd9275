"""Predict: show a network a photo, a drawing or a picture of the data set, and see what it answers and how sure it
is."""

import html
import random
from collections.abc import Sequence
from functools import cache

import streamlit as st
from streamlit.typing import UploadedFile

from core import metrics
from core.errors import PictureError, RunError
from core.inference import explanation, export, verdict
from core.inference.eye import Eye, second_eye
from core.inference.network import Network
from core.inference.verdict import Answer, Verdict
from core.labels import SLUGS
from core.language import ENGLISH, N_, _, ngettext, number, using
from core.runs.results import SHIPPED
from core.vision.reading import Reading, read_drawing, read_sample
from pages.shared import answers, camera, downloads, eyes, photos, pictures, samples, sheets, why
from pages.shared.answers import SIGNS
from pages.shared.choice import (
    choose_eye,
    choose_network,
    choose_rival,
    say_unknown_network,
    settings_menu,
    tidy_address,
)
from pages.shared.data import data
from pages.shared.drawing import keep_drawing, paper
from pages.shared.errors import fragment, guard, guarded
from pages.shared.frame import frame
from pages.shared.photos import Photo
from pages.shared.runs import network
from pages.shared.samples import SamplePhoto
from pages.shared.session import keep_only, settings
from pages.shared.share import share_menu
from pages.shared.words import plain

frame("predict", _("Predict"), _("Show a network one piece of clothing, and see how sure it is."))

WAYS = {"photo": N_("Photo"), "camera": N_("Camera"), "draw": N_("Draw"), "data": N_("Test picture")}
TILE = 164  # px of a picture in the gallery
PRIVATE = N_(
    "Your picture stays in the memory of the computer this app runs on, while you are on this page. "
    "It is never saved and never sent anywhere else."
)


@cache  # as long as this run of the page lasts
def eye() -> Eye | None:
    """The second eye; None, with a warning, when it cannot be loaded."""
    try:
        return second_eye()
    except RunError:
        notice.warning(_(explanation.WITHOUT_EYE), icon=":material/visibility_off:")
        return None


def answer(chosen: Network, reading: Reading) -> Answer:
    """The answer of a network, with the second eye beside it where that is wished and the picture is a photo."""
    return verdict.answer(chosen, reading, eye() if beside and len(reading.views) else None)


def quoted(network_id: str, its_title: str) -> str:
    """A network in a sentence: a name that somebody gave stands in quotation marks."""
    return its_title if network_id == SHIPPED else f"“{its_title}”"


def show(reading: Reading, true: int | None = None, with_picture: bool = True) -> None:
    """The answer to one picture: the picture, the verdict in words, ten bars, or those of two networks."""
    reply, notes, compared = answer(asked, reading), [], []
    if other:
        try:
            second = answer(other, reading)
        except RunError as error:
            notes.append(f"{quoted(rival, other_title)}: {error}")
        else:
            notes.append(explanation.compared(reply, second, (quoted(model, title), quoted(rival, other_title))))
            compared = [(title, reply), (other_title, second)]
    if reply.eyes:
        notes.append(eyes.in_a_line(reply.eyes, whose))
    elif beside and not len(reading.views):
        notes.append(_(eyes.ALONE))
    picture = reading.stages[0].picture if with_picture else None
    heading = _(export.TOGETHER) if reply.eyes else ""
    st.html(answers.markup(reply, picture, true, notes, compared, heading))


def show_outputs(reading: Reading, key: str) -> None:
    """The ten outputs as the network gives them, where they do not add up to 1."""
    raw = asked.raw(reading.image[None])
    if metrics.adds_up(raw):
        return
    with st.expander(_("The ten outputs as the network gives them"), key=f"predict_raw_{key}"):
        sheets.outputs(raw[0])
        words = _("Each is a number from 0 to 1 by itself; they add up to {sum}. In its bars they are scaled to 100 %.")
        st.caption(words.format(sum=number(float(raw.sum()), 2)))


def keep(reading: Reading, key: str, mine: bool = False, **words: str) -> None:
    """The answer as a picture to keep, made when it is asked for, and a link to it: to the page's settings only when it
    is the answer to a picture that is `mine`, the visitor's. The picture is English: its letters are no others."""
    with using(ENGLISH):
        reply = answer(asked, reading)
    named = eyes.SMALL if model == SHIPPED else eyes.called(title)

    def card() -> bytes:
        with using(ENGLISH):
            return export.card(reading, reply, SIGNS[reply.verdict], title, named)

    downloads.offer(_("Save this answer"), card, f"answer-{SLUGS[reply.index]}.png", "image/png", f"predict_save_{key}")
    note = (
        _("A picture of yours never gets into a link: this one opens the page with the same network.") if mine else ""
    )
    share_menu(f"predict_share_{key}", note, **words)


def explain(reading: Reading, key: str, sample: int | None = None) -> None:
    """Why the network answered this, on request; of a test picture, the `sample`, at once."""
    reply = answer(asked, reading)
    why.explain(why.Asked(model, asked, whose, reading, reply, eye() if reply.eyes else None, sample), key)


def show_photo(file: Photo, key: str) -> None:
    """The answer to one photo, its steps, and below them what mends its reading; the answer follows at once."""
    steps = st.container()
    row = st.container(horizontal=True, key="predict_mend")
    fine = st.expander(_("Crop it, or brush what belongs to it"), key="predict_fine", type="compact", on_change="rerun")
    if fine.open or photos.photos().unread:
        with fine:
            reading = photos.fine_edits(file)
    else:
        photos.put_away()
        reading = photos.reading(file)
    with stage:
        show(reading)
    with steps:
        pictures.strip(reading.stages)
    with row:  # filled last: a stroke that has just been painted can be taken back
        photos.quick_edits(file)
        mine = not isinstance(file, SamplePhoto)
        keep(reading, key, mine, **({"photo": ""} if mine else {}))
    reply = answer(asked, reading)
    if reply.eyes:
        eyes.side_by_side(reading, reply.eyes, whose)
    show_outputs(reading, key)
    explain(reading, key)


def gallery(read: Sequence[tuple[Photo, Reading | PictureError]]) -> Photo | None:
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
    sure = sum(not isinstance(reply, PictureError) and reply.verdict is Verdict.SURE for name, reply in rows)
    if not good:
        st.caption(_("None of these files is a picture that can be read."))
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        words = ngettext(
            "{good} of {count} picture answered, {sure} of them sure (✓). Tap one to see it large.",
            "{good} of {count} pictures answered, {sure} of them sure (✓). Tap one to see it large.",
            len(rows),
        )
        st.caption(words.format(good=number(len(good)), count=number(len(rows)), sure=number(sure)), width="content")
        st.download_button(
            _("Download as CSV"),
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


def answer_photos(files: Sequence[Photo], key: str) -> None:
    """The answers to what was brought: to one photo, or to several as a gallery of which one is open."""
    read = photos.read(files)
    with stage:
        opened = gallery(read) if len(read) > 1 else None
    for file, reading in read:
        if len(read) == 1 and isinstance(reading, PictureError):
            stage.error(plain(f"{file.name}: {reading}"), icon=":material/broken_image:")
        elif len(read) == 1 or file is opened:
            with guard(), st.container(key="predict_answer_photo"):
                if len(read) > 1:
                    stage.caption(plain(file.name))
                show_photo(file, key)


def bring() -> list[Photo]:
    """The place to bring photos to, with the sample photos to tap: large before there is one, then a line."""
    tried = samples.sample()
    there = tried or st.session_state.get("predict_files")
    with st.container(key="predict_bring"):  # always the same: in another one Streamlit would forget what it refused
        brought = st.file_uploader(
            _("Photos of clothes, one garment each, on a plain background"),
            type=["image", "heic", "heif", "avif"],
            accept_multiple_files=True,
            max_upload_size=settings().max_upload_mb,
            key="predict_files",
            on_change=guarded(samples.put_away),
        )
        samples.choose(tried, folded=bool(there))
        if not there:
            st.caption(_(PRIVATE))
    most = settings().max_pictures
    if len(brought) > most:
        words = _("These are {count} pictures; {most} at once is the most. The first {most} are answered.")
        st.warning(words.format(count=number(len(brought)), most=number(most)))
    return [tried] if tried else brought[:most]


def show_photos() -> list[UploadedFile]:
    """Photos that were brought, or a sample; gives those that were brought."""
    files = bring()
    if files:
        answer_photos(files, "photo")
    return [file for file in files if not isinstance(file, SamplePhoto)]


@fragment()
def look() -> None:
    """What the camera sees, and the answer to it: runs again by itself with each of its pictures."""
    with st.container(key="predict_look"):
        said = st.container(key="predict_seen")
        with st.container(key="predict_video"):
            snap = camera.live()
    reading = photos.glance(snap) if snap else None
    with said, guard():
        if isinstance(reading, Reading):
            show(reading, with_picture=False)
        else:
            invite(
                _("Hold one piece of clothing in front of the camera"), str(reading or _("The answer comes by itself."))
            )
    if snap:
        camera.answered(snap)


def show_camera() -> None:
    """What the camera sees, live, or one picture of it that was frozen, with all tools."""
    if snap := camera.frozen():
        with st.container(key="predict_bring_another"):
            back = {"icon": ":material/videocam:", "on_click": guarded(camera.look_again)}
            st.button(_("Look again"), key="predict_look_again", **back)
        answer_photos([snap], "camera")
    else:
        look()
    st.caption(_(PRIVATE))


def invite(heading: str, words: str) -> None:
    """What to do, in the place where the answer will stand."""
    st.html(f'<section class="invite"><h2>{html.escape(heading)}</h2><p>{html.escape(words)}</p></section>')


@fragment()
def draw() -> None:
    """Paper and answer: runs again by itself with each stroke."""
    with st.container(key="predict_draw"):
        said = st.container(key="predict_drawn")
        with st.container(key="paper"):
            drawn = paper()
    with guard():
        if drawn is None:
            with said:
                invite(_("Draw a shirt, a boot, a bag …"), _("The network answers with every stroke."))
            return
        reading = read_drawing(drawn)
        with said:
            show(reading, with_picture=False)
        pictures.strip(reading.stages)
        with st.container(horizontal=True):
            keep(reading, "draw", mine=True)
        show_outputs(reading, "draw")
        explain(reading, "draw")


def show_test_picture() -> None:
    """A picture of the test half: one that the network has not learned from, with its true name."""
    used = data()
    last = len(used.test_images) - 1

    def another() -> None:
        """Take any other test picture."""
        st.session_state["sample"] = random.randint(0, last)

    with st.container(horizontal=True, vertical_alignment="bottom", key="predict_which"):
        sample = st.number_input(_("Test picture"), 0, last, key="sample", bind="query-params", width=180)
        st.button(_("Take another"), key="predict_another", icon=":material/casino:", on_click=guarded(another))
    reading = read_sample(used.test_images[sample])
    with stage:
        show(reading, true=int(used.test_labels[sample]))
    with st.container(horizontal=True):
        keep(reading, "sample", sample=str(sample))
    show_outputs(reading, "sample")
    explain(reading, "sample", sample=sample)


with guard():
    tidy_address("eye", numbers=("sample",))
    say_unknown_network("model")
    say_unknown_network("with", instead=_("Nothing is compared."))
    with st.container(horizontal=True, vertical_alignment="center", key="predict_choices"):
        asked_way = st.query_params.get("way", "photo")
        first = asked_way if asked_way in WAYS else "photo"
        way = st.segmented_control(
            _("Show it"),
            list(WAYS),
            default=first,
            required=True,
            format_func=lambda word: _(WAYS[word]),
            key="predict_way",
            label_visibility="collapsed",
        )
        with settings_menu("model", "with"):
            model = choose_network("model", _("Network to ask"))
            rival = choose_rival("with", model)
            photographed = way in ("photo", "camera")
            beside = choose_eye(model, shown=photographed and not rival) and not rival
            if rival and photographed:
                st.caption(_(eyes.RESTS))
    notice = st.container()
    # A widget bound to the address would write its label there, not its value.
    if way != "photo":
        st.query_params["way"] = way
    elif "way" in st.query_params:
        del st.query_params["way"]
    asked, title = network(model)
    other, other_title = network(rival) if rival else (None, "")
    whose = _(eyes.SMALL) if model == SHIPPED else eyes.called(title)
    stage = st.container(key="predict_stage")  # where the answer stands: above all that is needed to get it
    brought: list[UploadedFile] = []
    if way != "draw":
        keep_drawing()
    if way != "photo":
        samples.put_away()
    if way == "photo":
        brought = show_photos()
    elif way == "camera":
        show_camera()
    elif way == "draw":
        draw()
        st.caption(_(PRIVATE))
    else:
        show_test_picture()
    if way in ("draw", "data") or not (brought or samples.sample() or camera.frozen()):
        photos.read([])  # forgets what was shown before
    if way != "camera":
        camera.look_again()
    # Last: when a tap ends this run early, the uploader that comes back still has its files.
    keep_only(brought, "photo")
