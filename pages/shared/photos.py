"""Photos somebody brought: each read once, read again when it is mended, and forgotten with the page. Memory only.

Knows nothing of networks and answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from core.errors import PictureError
from core.vision.decode import open_picture
from core.vision.edits import DROP, KEEP, UNCHANGED, WORKING, Fixes, and_before, framed, marked_over, marks, spanned
from core.vision.reading import Reading, read_picture
from pages.shared.pictures import address
from pages.shared.session import page_state, settings

BRUSHES = {"Belongs to it": KEEP, "Does not": DROP}
RING = "Draw a ring"  # all three words fit beside each other on a phone
BRUSH, PEN = 22, 4  # px


@dataclass
class Brought:
    """What a session knows of the photos on its page, by the ids of their files."""

    fixes: dict[str, Fixes] = field(default_factory=dict)
    readings: dict[str, tuple[Fixes, Reading | PictureError]] = field(default_factory=dict)
    picture: tuple[str, np.ndarray] | None = None  # the one that is looked at, (h, w, 4) uint8
    brushed: str = ""  # the paper that was painted on last
    laid_out: str = ""  # the paper that lies there now
    marked: tuple[np.ndarray | None, np.ndarray | None] = (
        None,
        None,
    )  # what was to be kept and dropped when it was laid out
    papers: int = 0  # how many clean ones were laid out; what comes late from an earlier one is not heard


def brought() -> Brought:
    """The photos of this session."""
    return page_state().setdefault("photos", Brought())


def read(files: Sequence[UploadedFile]) -> list[tuple[UploadedFile, Reading | PictureError]]:
    """Each file with what the network will see, or why it cannot be read. Files that are gone are forgotten."""
    state, here = brought(), {file.file_id for file in files}
    state.fixes = {name: fixes for name, fixes in state.fixes.items() if name in here}
    state.readings = {name: reading for name, reading in state.readings.items() if name in here}
    if state.picture and state.picture[0] not in here:
        state.picture = None
    return [(file, reading(file)) for file in files]


def reading(file: UploadedFile) -> Reading | PictureError:
    """What the network will see of one file, mended as somebody wished."""
    state = brought()
    fixes = state.fixes.get(file.file_id, UNCHANGED)
    known = state.readings.get(file.file_id)
    if known is None or known[0] is not fixes:
        try:
            known = fixes, read_picture(_picture(file), fixes)
        except PictureError as error:
            known = fixes, error
        state.readings[file.file_id] = known
    return known[1]


def _picture(file: UploadedFile) -> np.ndarray:
    """The picture in a file, (h, w, 4) uint8; the last one is kept, so that it can be mended without decoding it
    again."""
    state = brought()
    if state.picture is None or state.picture[0] != file.file_id:
        state.picture = file.file_id, open_picture(file.getvalue(), settings().max_upload_mb * 1_000_000)
    return state.picture[1]


def _change(name: str, fixes: Fixes) -> None:
    state = brought()
    state.fixes[name] = fixes
    state.brushed = ""
    if fixes.keep is None and fixes.drop is None:
        state.papers += 1


def quick_fixes(file: UploadedFile) -> None:
    """Buttons that mend with one tap."""
    name = file.file_id
    fixes = brought().fixes.get(name, UNCHANGED)
    swapped = replace(fixes, swapped=not fixes.swapped)
    for words, thing, icon, mended in (
        ("Turn left", "left", ":material/rotate_left:", fixes.turned(-1)),
        ("Turn right", "right", ":material/rotate_right:", fixes.turned(1)),
        ("Swap light and dark", "swap", ":material/invert_colors:", swapped),
        ("Start again", "undo", ":material/undo:", UNCHANGED),
    ):
        if mended is not UNCHANGED or fixes.any:
            st.button(words, key=f"predict_{thing}", icon=icon, on_click=_change, args=(name, mended))


def fine_fixes(file: UploadedFile) -> Reading | PictureError:
    """The picture to brush on or to draw a ring on, and the sliders that crop it too.

    Gives what the network will see then.
    """
    from streamlit_drawable_canvas import st_canvas

    name, state = file.file_id, brought()
    fixes = state.fixes.get(name, UNCHANGED)
    shown = framed(_picture(file), fixes)
    height, width = (max(24, round(side * WORKING / max(shown.shape[:2]))) for side in shown.shape[:2])
    paper, beside = st.columns([1, 1], gap="large")
    with beside:
        tools = [*BRUSHES, RING]
        tool = st.segmented_control(
            "With the mouse or a finger", tools, default=tools[0], required=True, key="predict_brush"
        )
        st.caption(
            "Once around the garment, or across it from corner to corner: only the part you span is looked at."
            if tool == RING
            else (
                "Paint roughly over what was left out, or over what is too much; what looks alike follows. The arrow"
                " takes a stroke back."
            )
        )
        for words, side in (("Keep, from left to right", "across"), ("Keep, from top to bottom", "down")):
            key = f"predict_{side}"
            st.session_state[key] = tuple(round(100 * share) for share in getattr(fixes, side))
            st.slider(words, 0, 100, key=key, step=1, format="%d %%", on_change=_crop, args=(name, side, key))
    key = f"predict_{'ring' if tool == RING else 'marks'}_{name}_{state.papers}"
    if key != state.laid_out:
        state.laid_out, state.brushed, state.marked = key, "", (fixes.keep, fixes.drop)

    def brushed() -> None:
        """This paper, beside what was marked before it was laid out, says from now on what belongs to the garment."""
        state.brushed = key

    with paper, st.container(key="predict_mend_paper"):
        painted = st_canvas(
            stroke_width=PEN if tool == RING else BRUSH,
            stroke_color=BRUSHES.get(tool, DROP),
            background_image=address(marked_over(shown[..., :3], *state.marked)),
            height=height,
            width=width,
            return_image_data=True,
            key=key,
            on_change=brushed,
        )
    if state.brushed == key and painted.image_data is not None:
        if tool == RING:
            if box := spanned(painted.image_data):
                _change(name, fixes.boxed(*box))
                st.rerun()
            return reading(file)
        wanted, unwanted = marks(painted.image_data)
        keep, drop = and_before(state.marked[0], wanted, unwanted), and_before(state.marked[1], unwanted, wanted)
        if not (_same(keep, fixes.keep) and _same(drop, fixes.drop)):
            state.fixes[name] = replace(fixes, keep=keep, drop=drop)
    return reading(file)


def _crop(name: str, side: str, key: str) -> None:
    begin, end = st.session_state[key]
    fixes = brought().fixes.get(name, UNCHANGED)
    _change(name, replace(fixes, **{side: (begin / 100, end / 100)}, keep=None, drop=None))


def _same(one: np.ndarray, other: np.ndarray | None) -> bool:
    return not one.any() if other is None else bool(np.array_equal(one, other))
