"""What every page begins with: page settings, looks, menu, heading, and a small menu of what is alike on all pages.

Knows nothing of what a page does.
"""

import json
from pathlib import Path

import streamlit as st

from core.data.dataset import title_said
from core.language import LANGUAGES, _, current, tag
from pages.shared.data import data, shared_data
from pages.shared.errors import guard, guarded
from pages.shared.session import (
    forget_uploaded,
    is_presented,
    open_page,
    present_or_leave,
    speak,
    uploaded,
    uploaded_lapsed,
)
from pages.shared.share import address, qr_code, share
from pages.shared.words import plain

LOOKS = Path(__file__).with_name("looks")
ICON = Path(__file__).with_name("icon.svg")
NEGATIVE = "<style>.tiles i,img.large,.twelve i,.sheet i,.strip img.dots28{filter:invert(1)}</style>"
_COMPONENT = st.components.v2.component(
    "frame", js=Path(__file__).with_name("frame.js").read_text(encoding="utf-8"), isolate_styles=False
)


def frame(page: str, title: str, lead: str = "", wide: bool = True) -> None:
    """Set a page up and draw the menu, the heading and the line that says what one can do here.

    `page` is its file without ".py". Without a `lead` there is no heading: the welcome page has its own. A page that is
    not `wide` keeps to the width of a book. What the session kept for another page is forgotten.
    """
    open_page(page)
    st.set_page_config(page_title=f"{title} · Fitting Room", page_icon=str(ICON), layout="wide")
    st.html(LOOKS / "base.css")
    st.html(LOOKS / f"{page}.css")
    refused = _(
        "What is red was not taken: it is too large, or there is no room for more. Take it out, and bring less at once."
    )
    said = {"refused": refused, "upload": _("Upload")}
    rules = ";".join(f"--{name}:{json.dumps(words, ensure_ascii=False)}" for name, words in said.items())
    st.html(f"<style>.stApp{{{rules}}}</style>")
    presented = is_presented()
    if presented:
        st.html(LOOKS / "presented.css")
    elif not wide:
        st.html(LOOKS / "narrow.css")
    _menu(page)
    _COMPONENT(
        key="frame", data={"language": tag(), "menu": _("Pages"), "copied": _("Copied"), "copy_it": _("Copy this:")}
    )
    if presented:
        st.html(f'<figure class="presented-code">{qr_code(address())}</figure>')
    if lead:
        with st.container(horizontal=True, key="head"):
            st.title(title, anchor=False)
            st.html(f'<p class="lead">{lead}</p>')
        with guard():
            _say_what_is_odd()


def _menu(page: str) -> None:
    """The pages in a row, and behind them what is alike on all; on a phone the pages stand in there, too."""
    pages = {
        "welcome": _("Fitting Room"),
        "dataset": _("Clothes"),
        "lessons": _("Lessons"),
        "training": _("Train"),
        "predict": _("Predict"),
        "mistakes": _("Mistakes"),
        "runs": _("Run book"),
        "help": _("Help"),
    }
    with st.container(horizontal=True, gap=None, vertical_alignment="center", key="menu"):
        for name, label in pages.items():
            st.page_link(f"{name}.py", label=label)
        words = _("Leave") if is_presented() else _("Present")
        present = {"shortcut": "P", "type": "tertiary", "icon": ":material/slideshow:"}
        st.button(words, key="frame_present", on_click=guarded(present_or_leave), **present)
        with st.popover(_("Menu"), icon=":material/menu:", key="frame_more"), guard():
            with st.container(gap=None, key="menu_narrow"):
                for name, label in pages.items():
                    st.page_link(f"{name}.py", label=label)
            _settings(page)


def _settings(page: str) -> None:
    """Which clothes are in use, the light ground, the language and the link to this page."""
    used = data()
    with guard():
        in_this_browser = _(", in this browser only") if uploaded() else ""
        st.caption(_("Clothes in use: {title}").format(title=plain(title_said(used.title))) + in_this_browser)
        if used.read_as:
            st.caption(plain(str(used.read_as)))
        if uploaded():
            back = _("Back to Fashion-MNIST") if shared_data().real else _("Back to the drawn clothes")
            st.button(back, key="frame_put_away", icon=":material/undo:", on_click=guarded(forget_uploaded))
        elif page != "own":
            st.page_link("own.py", label=_("Bring your own clothes"), icon=":material/upload_file:")
        if not used.real and page != "dataset":
            st.page_link("dataset.py", label=_("Fetch Fashion-MNIST"), icon=":material/download:")
        if st.toggle(_("Dark clothes on light"), key="frame_negative", persist_state="session"):
            st.html(NEGATIVE)
    st.session_state["frame_language"] = current()
    st.selectbox(
        "Language · 语言",
        list(LANGUAGES),
        format_func=LANGUAGES.get,
        key="frame_language",
        on_change=guarded(lambda: speak(st.session_state["frame_language"])),
    )
    share(_("Share this page"))


def _say_what_is_odd() -> None:
    """What a reader must know of the clothes before he believes a figure: they are not Fashion-MNIST, or are gone."""
    used = data()
    if used.problem:
        st.warning(plain(str(used.problem)), icon=":material/folder_off:")
    if uploaded_lapsed():
        words = _("Your clothes were removed because nothing was done for an hour. Bring them again to go on.")
        st.info(words, icon=":material/checkroom:")
    if uploaded():
        st.caption(_("With your own clothes, in this browser only"))
    elif not used.real:
        st.caption(_("With clothes drawn by program, as long as Fashion-MNIST is not here"))
