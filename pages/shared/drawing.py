"""The paper one draws on: its tools, and what is drawn, which lasts until its page is left. Memory only.

Knows nothing of networks and answers.
"""

from pathlib import Path

import numpy as np
import streamlit as st

from core.labels import SLUGS, names
from core.language import N_, _, ngettext, number
from core.vision import templates
from pages.shared.errors import guarded
from pages.shared.pictures import address
from pages.shared.session import page_state

SIDE = 320  # px of the paper
PENS = {"thin": 10, "medium": 21, "thick": 36}  # px
TOOLS = {"thin": N_("Thin"), "medium": N_("Medium"), "thick": N_("Thick"), "shape": N_("Shape")}
INK = "#1d1a16"
WORD = "template"  # of an address
LAID_OUT = "drawing_laid_out"  # where a page keeps the strokes that its paper begins with
DRAWN = "drawing_drawn"  # where it keeps the strokes on its paper, and how they look
_LABEL = st.components.v2.component(
    "paper", js=Path(__file__).with_name("paper.js").read_text(encoding="utf-8"), isolate_styles=False
)


def paper() -> np.ndarray | None:
    """Show the paper and, below it, its tools. Gives what is drawn, (h, w, 4) uint8, or None when nothing is."""
    from streamlit_drawable_canvas import st_canvas

    sheet = st.container()
    with st.container(horizontal=True, key="predict_tools", vertical_alignment="center"):
        tool = st.segmented_control(
            _("Draw with"),
            list(TOOLS),
            default="medium",
            required=True,
            format_func=lambda word: _(TOOLS[word]),
            key="predict_tool",
            label_visibility="collapsed",
        )
        buttons = st.container(horizontal=True, key="predict_strokes", width="content")
        template = _template()
    with sheet:
        drawn = st_canvas(
            stroke_width=PENS.get(tool, PENS["medium"]),
            stroke_color=INK,
            fill_color=INK,
            drawing_mode="polygon" if tool == "shape" else "freedraw",
            background_image=None if template is None else address(templates.ghost(template, SIDE)),
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
    with buttons:
        _buttons(strokes)
    words = (
        _("Tap corner after corner, and the first one again at the end.")
        if tool == "shape"
        else _("Draw the outline of one piece of clothing, large, and close it all the way round.")
    )
    st.caption(words)
    count = ngettext("Your drawing: {count} stroke", "Your drawing: {count} strokes", len(strokes))
    _LABEL(key="predict_paper_label", data={"label": count.format(count=number(len(strokes)))})
    return image if image is not None and image[..., 3].any() else None


def keep_drawing() -> None:
    """Keep what is on the paper for when it is laid out again."""
    if DRAWN in page_state():
        strokes, _ = page_state()[DRAWN]
        _lay_out(strokes)


def _template() -> int | None:
    """The template that is to be drawn over, a class; the address names it."""
    asked = st.query_params.get(WORD, "")
    st.session_state["predict_template"] = asked if asked in SLUGS else ""

    def remember() -> None:
        if chosen := st.session_state["predict_template"]:
            st.query_params[WORD] = chosen
        elif WORD in st.query_params:
            del st.query_params[WORD]

    chosen = st.selectbox(
        _("Template to draw over"),
        ["", *SLUGS],
        format_func=lambda slug: names()[SLUGS.index(slug)] if slug else _("no template"),
        key="predict_template",
        on_change=guarded(remember),
        label_visibility="collapsed",
        width=170,
    )
    if not chosen:
        return None
    label = SLUGS.index(chosen)
    trace = {"icon": ":material/draw:", "on_click": guarded(_trace), "args": (label,)}
    st.button(_("Trace it for me"), key="predict_trace", **trace)
    return label


def _trace(label: int) -> None:
    """Put the template itself on the paper: a way to draw without a hand."""
    strokes, _ = page_state().get(DRAWN, ([], None))
    traced = [
        {
            "type": "Polyline",
            "points": [{"x": float(x), "y": float(y)} for x, y in stroke],
            "left": float(stroke[:, 0].min()),
            "top": float(stroke[:, 1].min()),
            "originX": "left",
            "originY": "top",
            "fill": None,
            "stroke": INK,
            "strokeWidth": PENS["thin"],
            "strokeLineCap": "round",
            "strokeLineJoin": "round",
        }
        for stroke in templates.outline(label, SIDE)
    ]
    _lay_out([*strokes, *traced])


def _buttons(strokes: list[dict]) -> None:
    look = {"type": "tertiary", "disabled": not strokes}
    undo = {"icon": ":material/undo:", "on_click": guarded(_lay_out), "args": (strokes[:-1],)}
    clear = {"icon": ":material/delete:", "on_click": guarded(_lay_out), "args": ([],)}
    st.button(_("Undo"), key="predict_stroke_undo", **look, **undo)
    st.button(_("Clear"), key="predict_stroke_clear", **look, **clear)


def _lay_out(strokes: list[dict]) -> None:
    """Put these strokes on the paper in place of what is there.

    The number makes the paper see that it is a new drawing.
    """
    number = page_state().get(LAID_OUT, {"number": 0})["number"]
    page_state()[LAID_OUT] = {"objects": strokes, "number": number + 1}
