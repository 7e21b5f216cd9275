"""Who is asking: the settings in force, the browser's key, the clothes uploaded in it, what lives while a page is open.

Knows nothing of runs and of how a page looks.
"""

from collections.abc import Iterable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile

from core.data.shelf import Shelf
from core.data.upload import UploadedDataset
from core.settings import Settings
from pages.shared.browser_key import COOKIE, key_in, new_key
from pages.shared.entrance import is_teacher

UPLOADED = "clothes_uploaded"  # where a session remembers that clothes were uploaded in it
FILES = "files"  # where an open page keeps the ids of the files that were brought to it
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


def open_page(title: str) -> None:
    """Begin a page: when another one was open in this session, what lived with that one is forgotten."""
    before, kept = st.session_state.get(OPEN_PAGE, ("", {}))
    if before != title:
        if context := get_script_run_ctx():
            context.uploaded_file_mgr.remove_session_files(context.session_id)
        kept.clear()  # at once: Streamlit itself may hold on to an old value for a while
        st.session_state[OPEN_PAGE] = (title, {})


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
