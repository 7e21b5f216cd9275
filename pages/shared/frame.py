"""What every page begins with: page settings, looks, menu, heading and which clothes are in use.

Knows nothing of what a page does.
"""

from pathlib import Path

import streamlit as st

from pages.shared.data import data, shared_data
from pages.shared.errors import guard, guarded
from pages.shared.session import forget_uploaded, open_page, uploaded, uploaded_lapsed
from pages.shared.words import plain

LOOKS = Path(__file__).with_name("looks.css")
ICON = Path(__file__).with_name("icon.svg")
NARROW = (
    "<style>[data-testid=stMainBlockContainer]>[data-testid=stVerticalBlock]>:not(:has(.st-key-menu))"
    "{max-width:46rem}</style>"
)
MENU = {
    "welcome.py": "Fitting Room",
    "dataset.py": "Clothes",
    "lessons.py": "Lessons",
    "training.py": "Train",
    "runs.py": "Run book",
    "mistakes.py": "Mistakes",
    "predict.py": "Predict",
    "help.py": "Help",
}
NEGATIVE = "<style>.tiles img,img.large,.sheet i,.answers i,.strip img.dots28{filter:invert(1)}</style>"


def frame(title: str, lead: str = "", wide: bool = False) -> None:
    """Set the page up and draw the menu, the heading and the line that says what one can do here.

    Without a `lead` there is no heading: the welcome page has its own. A page that is not `wide` keeps to the width of
    a book. What the session kept for another page is forgotten.
    """
    open_page(title)
    st.set_page_config(page_title=f"{title} · Fitting Room", page_icon=str(ICON), layout="wide")
    st.html(LOOKS)
    if not wide:
        st.html(NARROW)
    with st.container(horizontal=True, gap=None, vertical_alignment="center", key="menu"):
        for page, label in MENU.items():
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
        st.warning(plain(used.problem), icon=":material/folder_off:")
    if uploaded_lapsed():
        st.info("Your clothes were put away after a long rest. Bring them again to go on.", icon=":material/checkroom:")
    with st.container(horizontal=True, vertical_alignment="center", key="clothes_in_use"):
        st.caption(
            f"Clothes in use: {plain(used.title)}{', in this browser only' if uploaded() else ''}", width="content"
        )
        if switch and st.toggle("Dark clothes on light", key="frame_negative", persist_state="session"):
            st.html(NEGATIVE)
        if uploaded():
            back = "Back to Fashion-MNIST" if shared_data().real else "Back to the drawn clothes"
            st.button(
                back, key="frame_put_away", icon=":material/undo:", type="tertiary", on_click=guarded(forget_uploaded)
            )
        elif switch:
            st.page_link("own.py", label="Bring your own", icon=":material/upload_file:")
        if not used.real:
            st.page_link("dataset.py", label="Fetch the real ones", icon=":material/download:")
