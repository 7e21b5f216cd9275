"""What every page begins with: page settings, looks, menu, heading and which clothes are in use; and the one place
errors are shown.

Knows nothing of what a page does.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from starlette.formparsers import MultiPartParser

from core.errors import FittingRoomError
from pages.shared.services import KEY, OWN, data, key, own, own_lapsed, own_word, put_own_away, shared_data

LOOKS = Path(__file__).with_name("looks.css")
ICON = Path(__file__).with_name("icon.svg")
NARROW = (
    "<style>[data-testid=stMainBlockContainer]>[data-testid=stVerticalBlock]>:not(:has(.st-key-menu))"
    "{max-width:46rem}</style>"
)
MENU = (
    ("app.py", "Fitting Room"),
    ("pages/dataset.py", "Clothes"),
    ("pages/lessons.py", "Lessons"),
    ("pages/training.py", "Train"),
    ("pages/runs.py", "Run book"),
    ("pages/mistakes.py", "Mistakes"),
    ("pages/predict.py", "Predict"),
    ("pages/help.py", "Help"),
)
NEGATIVE = "<style>.tiles img,img.large,.sheet i,.answers i,.strip img.dots28{filter:invert(1)}</style>"
REMEMBER = "<script>document.cookie = '{name}={value}; path=/; {until}SameSite=Strict'</script>"
YEAR = "max-age=31536000; "  # without it a cookie ends with the browser
# Where a session keeps photos, and what is drawn and was drawn last, while their page is open.
PHOTOS, DRAWN, STROKES = "photos_brought", "predict_drawn", "predict_strokes"
log = logging.getLogger(__name__)


def frame(title: str, lead: str = "", wide: bool = False, photos: bool = False) -> None:
    """Set the page up and draw the menu, the heading and the line that says what one can do here.

    Without a `lead` there is no heading: the welcome page has its own. A page that is not `wide` keeps to the width of
    a book. A page without `photos` forgets those that were brought to the one that has them, and the drawing.
    """
    MultiPartParser.spool_max_size = (
        0  # what people upload stays in memory; the usual 1 MB lets a phone's photo go to a temporary file
    )
    st.set_page_config(page_title=f"{title} · Fitting Room", page_icon=str(ICON), layout="wide")
    st.html(LOOKS)
    cookies = ((KEY, key(), YEAR), (OWN, own_word() if own() else "", ""))
    fresh = [cookie for cookie in cookies if cookie[1] and st.context.cookies.get(cookie[0]) != cookie[1]]
    if fresh:
        scripts = "".join(REMEMBER.format(name=name, value=value, until=until) for name, value, until in fresh)
        st.html(scripts, unsafe_allow_javascript=True)
    if not photos:
        for kept in (PHOTOS, DRAWN, STROKES):
            st.session_state.pop(kept, None)
    if not wide:
        st.html(NARROW)
    with st.container(horizontal=True, gap=None, vertical_alignment="center", key="menu"):
        for page, label in MENU:
            st.page_link(page, label=label)
    if lead:
        st.title(title, anchor=False)
        st.html(f'<p class="lead">{lead}</p>')
        with guard():
            say_which_clothes(switch=wide)


def say_which_clothes(switch: bool = True) -> None:
    """One quiet line: which data are in use, and the way to others. With the `switch` to a light ground."""
    used = data()
    if used.problem:
        st.warning(used.problem, icon=":material/folder_off:")
    if own_lapsed():
        st.info("Your clothes were put away after a long rest. Bring them again to go on.", icon=":material/checkroom:")
    with st.container(horizontal=True, vertical_alignment="center", key="clothes_in_use"):
        st.caption(f"Clothes in use: {used.title}{', in this browser only' if own() else ''}", width="content")
        if switch and st.toggle("Dark clothes on light", key="frame_negative", persist_state="session"):
            st.html(NEGATIVE)
        if own():
            back = "Back to Fashion-MNIST" if shared_data().real else "Back to the drawn clothes"
            st.button(back, key="frame_put_away", icon=":material/undo:", type="tertiary", on_click=put_own_away)
        elif switch:
            st.page_link("pages/own.py", label="Bring your own", icon=":material/upload_file:")
        if not used.real:
            st.page_link("pages/dataset.py", label="Fetch the real ones", icon=":material/download:")


@contextmanager
def guard() -> Iterator[None]:
    """Show an error as one sentence: our own as they are, any other logged under a number that the sentence gives."""
    try:
        yield
    except FittingRoomError as error:
        st.error(str(error), icon=":material/error:")
    except Exception:
        number = secrets.token_hex(3)
        log.exception("Error %s on a page", number)
        st.error(
            f"Something went wrong here. Reload the page; if it comes again, report the number {number}, which is in"
            " the app's log too.",
            icon=":material/error:",
        )
