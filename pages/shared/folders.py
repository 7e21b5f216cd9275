"""Which folder is which class, where its name does not say it: a person fills it in, and it is remembered.

What was said lives in this window, and with the clothes in use: never on a disk.
"""

import html
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.data.gather import tidy
from core.data.naming import EACH, LEFT_OUT, key
from core.data.sorting import OUTSIDE, Asked, Folder, How
from core.labels import NAMES, SLUGS, names, short_names
from core.language import _, ngettext, number
from pages.shared import pictures
from pages.shared.errors import guarded
from pages.shared.session import uploaded
from pages.shared.words import plain

REMEMBERED = "own_folders"  # where a window keeps what was said about folders, by the key of their names
SAID = 3  # folders of which it is said at once what they were taken for
FIRST = (How.UNKNOWN, How.GUESS, How.PERSON, How.NAME)  # what is asked about stands above what is known


def remembered() -> dict[str, int]:
    """What was said about folders before, in this window or of the clothes in use, by the key of their names."""
    clothes = uploaded()
    lasting = {key(each.name): each.label for each in clothes.folders if each.how is How.PERSON} if clothes else {}
    kept: dict[str, int] = st.session_state.setdefault(REMEMBERED, lasting)
    return kept


def remember(answers: Mapping[str, int]) -> None:
    """Keep what was said, so that the same folders need no second filling in."""
    lasting = {word: label for word, label in answers.items() if word != key(OUTSIDE) and label != EACH}
    st.session_state[REMEMBERED] = remembered() | lasting


def forget() -> None:
    """Ask about all folders anew, from the next files on."""
    st.session_state[REMEMBERED] = {}


def ask(asked: Asked, turn: int, back: Callable[[], None]) -> dict[str, int] | None:
    """A row for each folder, with its pictures and its class to choose; gives the answers when all are there and one
    says so.

    `turn` tells these rows from those asked before; `back` is called where one wants others.
    """
    st.header(_("Which folder is which?"), anchor=False)
    st.write(_("The names of some folders do not say it for sure. Choose a class for each; a guess may be wrong."))
    top = st.container(horizontal=True, vertical_alignment="center", key="own_do")
    answers: dict[str, int | None] = {}
    rows = sorted(range(len(asked.folders)), key=lambda row: FIRST.index(asked.folders[row].how))
    with st.container(horizontal=True, key="own_asked"):
        for row in rows:
            with st.container(horizontal=True, vertical_alignment="bottom", key=f"own_row_{row}", width=360):
                answers[key(asked.folders[row].name)] = _class_of(asked, row, f"own_folder_{turn}_{row}")
    said = {word: label for word, label in answers.items() if label is not None}
    missing = len(answers) - len(said)
    pressed = top.button(_("Go on"), type="primary", icon=":material/check:", disabled=missing > 0, key="own_sorted")
    top.button(_("Choose others"), icon=":material/undo:", key="own_back", on_click=guarded(back))
    if missing:
        words = ngettext("{count} folder has no class yet", "{count} folders have no class yet", missing)
        top.caption(words.format(count=number(missing)), width="content")
    return said if pressed else None


def _class_of(asked: Asked, row: int, widget: str) -> int | None:
    """The class that a person chooses for the folder of a row."""
    folder, called = asked.folders[row], dict(enumerate(names())) | {LEFT_OUT: _("leave it out")}
    if asked.each:
        called[EACH] = _("sort them one by one")
    name = folder.name if folder.name != OUTSIDE else _("outside the folders")
    words = ngettext("{folder} · {count} picture", "{folder} · {count} pictures", folder.count)
    if folder.how is How.GUESS:
        words = ngettext("{folder} · {count} picture · a guess", "{folder} · {count} pictures · a guess", folder.count)
    shown = "".join(f'<img src="{pictures.address(picture)}" alt="">' for picture in asked.first[row])
    st.html(f'<div class="first">{shown}</div>', width="content")
    chosen: int | None = st.selectbox(
        plain(words.format(folder=tidy(name), count=number(folder.count))),
        list(called),
        index=None if folder.how is How.UNKNOWN else list(called).index(folder.label),
        format_func=called.get,
        placeholder=_("Choose a class"),
        key=widget,
    )
    return chosen


def tell(folders: Sequence[Folder]) -> None:
    """What folders were taken for whose names are not just those of a class: the first of them, and all when asked."""
    if all(key(folder.name) in map(key, (*SLUGS, *NAMES)) for folder in folders):
        return
    called = dict(enumerate(short_names())) | {LEFT_OUT: _("left out")}
    lines = [
        _("{folder} is {garment}").format(folder=tidy(each.name or "/"), garment=called[each.label]) for each in folders
    ]
    first = ", ".join(lines[:SAID]) + ", …" * (len(lines) > SAID)
    with st.expander(plain(_("Read as: {ways}").format(ways=first))):
        st.html(f'<ul class="found">{"".join(f"<li>{html.escape(line)}</li>" for line in lines)}</ul>')
        if any(folder.how is How.PERSON for folder in folders):
            st.button(_("Forget what I said about folders"), key="own_forget", on_click=guarded(forget))
