"""Photos on the Predict page: each read once, read again when it is edited, and forgotten with the page. Memory only.

Knows nothing of networks and answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import streamlit as st

from core.apart import Listener
from core.errors import LimitError, PictureError
from core.language import N_, _, number
from core.vision.decode import Opened, opened
from core.vision.edits import (
    DROP_COLOUR,
    KEEP_COLOUR,
    NO_EDITS,
    WORKING,
    Edits,
    add_strokes,
    apply_edits,
    bounding_box,
    brush_masks,
    overlay_masks,
)
from core.vision.reading import Reading, read_photo, read_picture
from pages.shared.errors import guarded
from pages.shared.pictures import address
from pages.shared.readers import QUICK
from pages.shared.session import page_state, settings

BRUSHES = {N_("Belongs to it"): KEEP_COLOUR, N_("Does not"): DROP_COLOUR}
RING = N_("Draw a ring")  # all three words fit beside each other on a phone
BRUSH, PEN = 22, 4  # px
MOST_HEAVY = 2  # photos of one upload that may take all the time or memory there is; the others are then left unread
LEFT_UNREAD = N_("This picture was left unread: others brought with it took too long. Take those out.")


class Photo(Protocol):
    """A file with a picture: one that was brought, a sample, or what the camera saw."""

    file_id: str  # tells it from all others
    name: str

    def getvalue(self) -> bytes:
        """What is in it."""


@dataclass
class Photos:
    """What a session knows of the photos on its page, by the ids of their files."""

    edits: dict[str, Edits] = field(default_factory=dict)
    readings: dict[str, tuple[Edits, Reading | PictureError]] = field(default_factory=dict)
    heavy: set[str] = field(default_factory=set)  # those that broke the limits
    picture: tuple[str, Opened] | None = None  # the one that is brushed on
    brushed: str = ""  # the paper that was painted on last
    unread: bool = False  # whether a stroke has come that no run has taken in yet: the next one may begin first
    laid_out: str = ""  # the paper that lies there now
    marked: tuple[np.ndarray | None, np.ndarray | None] = (
        None,
        None,
    )  # what was to be kept and dropped when it was laid out
    papers: int = 0  # how many clean ones were laid out; what comes late from an earlier one is not heard


def photos() -> Photos:
    """The photos of this session."""
    return page_state().setdefault("photos", Photos())


def read(files: Sequence[Photo]) -> list[tuple[Photo, Reading | PictureError]]:
    """Each file with what the network will see, or why it cannot be read. Files that are gone are forgotten."""
    state, here = photos(), {file.file_id for file in files}
    state.edits = {name: edits for name, edits in state.edits.items() if name in here}
    state.heavy &= here
    state.readings = {name: reading for name, reading in state.readings.items() if name in here}
    if state.picture and state.picture[0] not in here:
        state.picture = None
    place, read = st.empty(), []
    for place_in_row, file in enumerate(files, start=1):
        words = _("Reading photo {number} of {count} …") if len(files) > 1 else _("Reading the photo …")
        words = words.format(number=number(place_in_row), count=number(len(files)))
        read.append((file, reading(file, lambda *told, words=words: place.caption(words))))
    place.empty()
    return read


def reading(file: Photo, listen: Listener | None = None) -> Reading | PictureError:
    """What the network will see of one file, edited as somebody wished; `listen` is called while it is read."""
    state = photos()
    edits = state.edits.get(file.file_id, NO_EDITS)
    known = state.readings.get(file.file_id)
    if known is None or known[0] is not edits:
        if len(state.heavy - {file.file_id}) >= MOST_HEAVY:
            return PictureError(LEFT_UNREAD)
        known = state.readings[file.file_id] = edits, _read(file, edits, listen)
    return known[1]


def glance(file: Photo) -> Reading | PictureError:
    """What the network will see of a picture that comes and goes; nothing of it is kept."""
    return _read(file, NO_EDITS, None)


def _read(file: Photo, edits: Edits, listen: Listener | None) -> Reading | PictureError:
    state = photos()
    try:
        if state.picture and state.picture[0] == file.file_id:
            picture = state.picture[1]
            return QUICK.do(read_picture, picture.pixels, edits, picture.cut, listen=listen)
        return QUICK.do(read_photo, file.getvalue(), _most_bytes(), edits, listen=listen)
    except PictureError as error:
        return error
    except LimitError as error:
        state.heavy.add(file.file_id)
        return PictureError(error.saying)


def _most_bytes() -> int:
    return settings().max_upload_mb * 1_000_000


def _picture(file: Photo) -> np.ndarray:
    """The picture in a file, (h, w, 4) uint8; kept while it is brushed on, so that it is not decoded at each stroke."""
    state = photos()
    if not state.picture or state.picture[0] != file.file_id:
        state.picture = file.file_id, QUICK.do(opened, file.getvalue(), _most_bytes())
    return state.picture[1].pixels


def put_away() -> None:
    """Nobody brushes: the picture, megabytes large, goes, and the next paper begins with what was painted so far."""
    state = photos()
    state.picture = None
    if state.laid_out:
        state.laid_out, state.brushed = "", ""
        state.papers += 1


def _change(name: str, edits: Edits) -> None:
    state = photos()
    state.edits[name] = edits
    state.brushed = ""
    if edits.keep is None and edits.drop is None:
        state.papers += 1


def quick_edits(file: Photo) -> None:
    """Buttons that mend with one tap."""
    name = file.file_id
    edits = photos().edits.get(name, NO_EDITS)
    swapped = replace(edits, swapped=not edits.swapped)
    for words, thing, icon, edited in (
        (_("Turn left"), "left", ":material/rotate_left:", edits.turned(-1)),
        (_("Turn right"), "right", ":material/rotate_right:", edits.turned(1)),
        (_("Swap light and dark"), "swap", ":material/invert_colors:", swapped),
        (_("Start again"), "undo", ":material/undo:", NO_EDITS),
    ):
        if edited is not NO_EDITS or edits.any:
            st.button(words, key=f"predict_{thing}", icon=icon, on_click=guarded(_change), args=(name, edited))


def fine_edits(file: Photo) -> Reading | PictureError:
    """The picture to brush on or to draw a ring on, and the sliders that crop it too.

    Gives what the network will see then.
    """
    from streamlit_drawable_canvas import st_canvas

    name, state = file.file_id, photos()
    edits = state.edits.get(name, NO_EDITS)
    shown = apply_edits(_picture(file), edits)
    height, width = (max(24, round(side * WORKING / max(shown.shape[:2]))) for side in shown.shape[:2])
    paper, beside = st.columns([1, 1], gap="large")
    with beside:
        tool = _tool()
        for words, side in ((_("Keep, from left to right"), "across"), (_("Keep, from top to bottom"), "down")):
            key = f"predict_{side}"
            st.session_state[key] = tuple(round(100 * share) for share in getattr(edits, side))
            st.slider(words, 0, 100, key=key, step=1, format="%d %%", on_change=guarded(_crop), args=(name, side, key))
    key = f"predict_{'ring' if tool == RING else 'marks'}_{name}_{state.papers}"
    if key != state.laid_out:
        state.laid_out, state.brushed, state.marked = key, "", (edits.keep, edits.drop)

    def brushed() -> None:
        """This paper, beside what was marked before it was laid out, says from now on what belongs to the garment."""
        state.brushed, state.unread = key, True

    with paper, st.container(key="predict_mend_paper"):
        painted = st_canvas(
            stroke_width=PEN if tool == RING else BRUSH,
            stroke_color=BRUSHES.get(tool, DROP_COLOUR),
            background_image=address(overlay_masks(shown[..., :3], *state.marked)),
            height=height,
            width=width,
            return_image_data=True,
            key=key,
            on_change=guarded(brushed),
        )
    state.unread = False
    if state.brushed == key and painted.image_data is not None:
        if tool == RING:
            if box := bounding_box(painted.image_data):
                _change(name, edits.cropped(*box))
                st.rerun()
            return reading(file)
        wanted, unwanted = brush_masks(painted.image_data)
        keep, drop = add_strokes(state.marked[0], wanted, unwanted), add_strokes(state.marked[1], unwanted, wanted)
        if not (_same(keep, edits.keep) and _same(drop, edits.drop)):
            state.edits[name] = replace(edits, keep=keep, drop=drop)
    return reading(file)


def _tool() -> str:
    """What the hand does on the paper, and how."""
    tools = [*BRUSHES, RING]
    tool: str = st.segmented_control(
        _("With the mouse or a finger"),
        tools,
        default=tools[0],
        required=True,
        format_func=_,
        key="predict_brush",
        persist_state="session",
    )
    st.caption(
        _("Once around the garment, or across it from corner to corner: only the part you span is looked at.")
        if tool == RING
        else _(
            "Paint roughly over what was left out, or over what is too much; what looks alike follows. The arrow takes"
            " a stroke back."
        )
    )
    return tool


def _crop(name: str, side: str, key: str) -> None:
    begin, end = st.session_state[key]
    edits = photos().edits.get(name, NO_EDITS)
    _change(name, replace(edits, **{side: (begin / 100, end / 100)}, keep=None, drop=None))


def _same(one: np.ndarray, other: np.ndarray | None) -> bool:
    return not one.any() if other is None else bool(np.array_equal(one, other))
