"""Who is asking: the settings in force, the browser's key, the clothes brought to it, what lives while a page is open.

Knows nothing of runs and of how a page looks.
"""

from typing import Any

import streamlit as st

from core.data.shelf import Shelf
from core.data.upload import UploadedDataset
from core.settings import Settings
from pages.shared.browser_key import COOKIE, key_in, new_key

BROUGHT = "clothes_brought"  # where a session remembers that clothes were brought in it
OPEN_PAGE = "open_page"  # where a session keeps the page that is open, and what lives as long as it


def settings() -> Settings:
    """The settings in force. Raises SettingsError."""
    return Settings.from_environment()


def key() -> str:
    """The secret of this browser: who has it may stop, change and delete the runs started with it.

    A browser that takes no cookies has one until the window is closed or reloaded.
    """
    if COOKIE not in st.session_state:
        st.session_state[COOKIE] = key_in(st.context.cookies) or new_key()
    return st.session_state[COOKIE]


@st.cache_resource(max_entries=1, show_spinner=False)
def _shelf() -> Shelf:
    return Shelf()


def own() -> UploadedDataset | None:
    """The clothes that were brought to this browser, if any."""
    return _shelf().get(key())


def use_own(brought: UploadedDataset) -> None:
    """Use these clothes on every page of this browser, in place of those brought before, and nowhere else."""
    _shelf().put(key(), brought)
    st.session_state[BROUGHT] = True


def put_own_away() -> None:
    """Go back to everybody's clothes; those brought to this browser are forgotten."""
    _shelf().remove(key())
    st.session_state.pop(BROUGHT, None)


def own_lapsed() -> bool:
    """Whether clothes brought to this window have been forgotten since; says so once."""
    return not own() and bool(st.session_state.pop(BROUGHT, False))


def open_page(title: str) -> None:
    """Begin a page: when another one was open in this session, what lived with that one is forgotten."""
    before, kept = st.session_state.get(OPEN_PAGE, ("", {}))
    if before != title:
        kept.clear()  # at once: Streamlit itself may hold on to an old value for a while
        st.session_state[OPEN_PAGE] = (title, {})


def page_state() -> dict[str, Any]:
    """What this session keeps while its page is open, and no longer."""
    return st.session_state[OPEN_PAGE][1]
