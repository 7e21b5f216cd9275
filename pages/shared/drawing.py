"""The paper one draws on: its tools, and what is drawn, which lasts until its page is left. Memory only.

Knows nothing of networks and answers.
"""

import numpy as np
import streamlit as st

from core.labels import NAMES
from core.vision import templates
from pages.shared.errors import guarded
from pages.shared.pictures import address
from pages.shared.session import page_state

SIDE = 320  # px of the paper
BRUSHES = {"Thin": 10, "Medium": 21, "Thick": 36}  # px
TOOLS = {"Brush": "freedraw", "Filled shape": "polygon"}
INK = "#1d1a16"
LAID_OUT = "drawing_laid_out"  # where a page keeps the strokes that its paper begins with
DRAWN = "drawing_drawn"  # where it keeps the strokes on its paper, and how they look


def paper() -> np.ndarray | None:
    """Show the paper and its tools. Gives what is drawn, (h, w, 4) uint8, or None when nothing is."""
    from streamlit_drawable_canvas import st_canvas

    sheet = st.container(key="paper")
    tool = st.segmented_control("Draw with", list(TOOLS), default="Brush", required=True, key="predict_tool")
    brush = st.segmented_control("Thickness", list(BRUSHES), default="Medium", required=True, key="predict_thickness")
    template = st.selectbox(
        "Template to draw over", ["", *NAMES], format_func=lambda name: name or "none", key="predict_template"
    )
    with sheet:
        drawn = st_canvas(
            stroke_width=BRUSHES[brush],
            stroke_color=INK,
            fill_color=INK,
            drawing_mode=TOOLS[tool],
            background_image=address(templates.ghost(NAMES.index(template), SIDE)) if template else None,
            height=SIDE,
            width=SIDE,
            initial_drawing=page_state().get(LAID_OUT),
            return_image_data=True,
            key="predict_canvas",
        )
        strokes, image = (drawn.json_data or {}).get("objects", []), drawn.image_data
        strokes_before, image_before = page_state().get(DRAWN, ([], None))
        if image is None and strokes == strokes_before:
            image = image_before  # the paper was laid out again, and the browser has not yet said how it looks
        page_state()[DRAWN] = strokes, image
        _buttons(strokes)
        st.caption(
            "Draw the outline of one piece of clothing, large, and close it all the way round."
            if tool == "Brush"
            else "Tap corner after corner, and the first one again at the end."
        )
    return image if image is not None and image[..., 3].any() else None


def keep_drawing() -> None:
    """Keep what is on the paper for when it is laid out again."""
    if DRAWN in page_state():
        strokes, _ = page_state()[DRAWN]
        _lay_out(strokes)


def _buttons(strokes: list[dict]) -> None:
    none = not strokes
    undo = {"icon": ":material/undo:", "on_click": guarded(_lay_out), "args": (strokes[:-1],)}
    clear = {"icon": ":material/delete:", "on_click": guarded(_lay_out), "args": ([],)}
    with st.container(horizontal=True):
        st.button("Undo", key="predict_stroke_undo", disabled=none, **undo)
        st.button("Clear", key="predict_stroke_clear", disabled=none, **clear)


def _lay_out(strokes: list[dict]) -> None:
    """Put these strokes on the paper in place of what is there.

    The number makes the paper see that it is a new drawing.
    """
    number = page_state().get(LAID_OUT, {"number": 0})["number"]
    page_state()[LAID_OUT] = {"objects": strokes, "number": number + 1}
