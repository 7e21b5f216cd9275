"""Who is asking: the settings in force, the browser's key, the clothes uploaded in it, what lives while a page is open.

Knows nothing of runs and of how a page looks.
"""

from collections.abc import Iterable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile

from core.data.gather import UploadedDataset
from core.data.shelf import Shelf
from core.language import ENGLISH, LANGUAGES, choose_by, nearest
from core.settings import Settings
from pages.shared.browser_key import COOKIE, key_in, new_key
from pages.shared.entrance import is_teacher

UPLOADED = "clothes_uploaded"  # where a session remembers that clothes were uploaded in it
FILES = "files"  # where an open page keeps the ids of the files that were brought to it
LANGUAGE, PRESENTED = "language", "presented"  # where a session keeps what was chosen for all pages
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


def authority() -> str | None:
    """What the store asks for before it stops, changes or deletes a run: the browser's key; None for the teacher, who
    may do all of it, as this computer itself."""
    return None if is_teacher(st.context.cookies) else key()


@st.cache_resource(max_entries=1, show_spinner=False)
def _shelf() -> Shelf:
    return Shelf()


def uploaded() -> UploadedDataset | None:
    """The clothes that were uploaded in this browser, if any."""
    return uploaded_by(key())


def uploaded_by(browser_key: str) -> UploadedDataset | None:
    """The clothes that were uploaded in the browser that has a key, if any."""
    return _shelf().get(browser_key)


def use_uploaded(clothes: UploadedDataset) -> None:
    """Use these clothes on every page of this browser, in place of those uploaded before, and nowhere else."""
    _shelf().put(key(), clothes)
    st.session_state[UPLOADED] = True


def forget_uploaded() -> None:
    """Go back to everybody's clothes; those uploaded in this browser are forgotten."""
    _shelf().remove(key())
    st.session_state.pop(UPLOADED, None)


def uploaded_lapsed() -> bool:
    """Whether clothes uploaded in this window have been forgotten since; says so once."""
    return not uploaded() and bool(st.session_state.pop(UPLOADED, False))


def open_page(page: str) -> None:
    """Begin a page: when another one was open in this session, what lived with that one is forgotten."""
    before, kept = st.session_state.get(OPEN_PAGE, ("", {}))
    if before != page:
        if context := get_script_run_ctx():
            context.uploaded_file_mgr.remove_session_files(context.session_id)
        kept.clear()  # at once: Streamlit itself may hold on to an old value for a while
        st.session_state[OPEN_PAGE] = (page, {})
        keep_in_address()


def page_state() -> dict[str, Any]:
    """What this session keeps while its page is open, and no longer."""
    return st.session_state[OPEN_PAGE][1]


def keep_only(files: Iterable[UploadedFile], uploader: str) -> None:
    """Of all the files that were brought to an uploader of the open page, the server keeps these.

    Streamlit lets go of a file that somebody takes out of an uploader, but not of those of an uploader that is gone.
    """
    kept = page_state().setdefault(FILES, {})
    before, kept[uploader] = kept.get(uploader, set()), {file.file_id for file in files}
    context = get_script_run_ctx()
    remove = getattr(context.uploaded_file_mgr, "remove_file", None) if context else None  # not in every manager
    for file_id in before - kept[uploader] if remove else ():
        remove(context.session_id, file_id)


def language() -> str:
    """The language of this window: the one chosen in it, the one in its address, or what its browser wishes.

    Where no page is run, for a log say, it is English.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    chosen = st.query_params.get("lang") or st.session_state.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else nearest([st.context.locale or ""])


def speak(chosen: str) -> None:
    """From now on speak one of LANGUAGES in this window; it stands in the address, so that a reload keeps it."""
    st.session_state[LANGUAGE] = st.query_params["lang"] = chosen


def is_presented() -> bool:
    """Whether this window shows its pages to a whole room: without menu, over the full width, in large type."""
    return "present" in st.query_params


def present_or_leave() -> None:
    """Show this window's pages to a whole room, or no longer."""
    st.session_state[PRESENTED] = not is_presented()
    if is_presented():
        del st.query_params["present"]
    else:
        st.query_params["present"] = "1"


def keep_in_address() -> None:
    """Write into the address of a page that has just been opened what was chosen on another: language and view."""
    if st.session_state.get(PRESENTED):
        st.query_params["present"] = "1"
    if "lang" in st.query_params:
        st.session_state[LANGUAGE] = st.query_params["lang"]
    elif LANGUAGE in st.session_state:
        st.query_params["lang"] = st.session_state[LANGUAGE]


choose_by(language)
