"""Choosing networks: the one that comes with the app, or finished runs. The choice stands in the address."""

import re
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.runs.book import LONGEST_NAME
from core.runs.results import SHIPPED, eye_beside
from core.words import line
from pages.shared.errors import guarded
from pages.shared.runs import networks
from pages.shared.session import page_state
from pages.shared.words import plain

CHOSEN_EYES = "chosen_eyes"  # where a session keeps what was chosen, and an open page what its address says
WHOLE = re.compile(r"[0-9]{1,9}")  # a number that each widget can take


def tidy_address(*words: str, numbers: Sequence[str] = ()) -> None:
    """Take out of the address what no widget bound to it can read, so that the usual choice comes in its place.

    Each of the `words` needs one value that is not empty, and each of the `numbers` one whole number.
    """
    odd = False
    for word in (*words, *numbers):
        given = st.query_params.get_all(word)
        fits = len(given) == 1 and bool(WHOLE.fullmatch(given[0]) if word in numbers else given[0])
        if given and not fits:
            with suppress(StreamlitAPIException):  # its widget is there already, and has looked at it
                del st.query_params[word]
                odd = True
    if odd:
        st.rerun()


def say_unknown_network(word: str) -> None:
    """A sentence when the address asks for a network, by its `word` there, that does not exist."""
    asked = st.query_params.get(word, SHIPPED)
    if asked not in networks():
        st.info(
            f"There is no finished run “{_named(asked)}”. The network that comes with the app answers instead.",
            icon=":material/search_off:",
        )


def say_unknown_run(asked: str, instead: str = "") -> None:
    """A sentence about a run that an address asks for and the run book does not have; `instead` goes on from there."""
    words = f"There is no run “{_named(asked)}” in the run book; it may have been deleted. {instead}".strip()
    st.info(words, icon=":material/search_off:")


def _named(asked: str) -> str:
    return plain(line(asked, LONGEST_NAME))


def choose_network(word: str, label: str = "Network") -> str:
    """Show the list of networks. Gives "shipped" or a run's id: the one in the address, if there is one like it."""
    return _choose(word, label, networks(), SHIPPED)


def choose_rival(word: str, model: str) -> str:
    """Show the list of networks to compare a `model` with. Gives "shipped", a run's id, or nothing for no other."""
    rivals = {run_id: title for run_id, title in networks().items() if run_id != model}
    return _choose(word, "Compare with", {"": "no other"} | rivals, "", width=300) if rivals else ""


def choose_eye(model: str, shown: bool) -> bool:
    """Whether the second eye looks at photos beside a `model`: as the address says, else as the visitor last chose in
    this session for such a network, else as is usual for it.

    The switch is `shown` where there are photos.
    """
    usual, asked = eye_beside(model), st.query_params.get("eye", "")
    chosen = st.session_state.setdefault(CHOSEN_EYES, {})
    kind, left = page_state().get(CHOSEN_EYES, (usual, ""))  # of which kind the address spoke when it was left, and how
    if kind == usual and asked != left:
        chosen[usual] = asked == "on" if asked in ("on", "off") else usual
    beside = chosen.get(usual, usual)

    def remember(on: bool) -> str:
        word = "" if on == usual else "on" if on else "off"
        if word:
            st.query_params["eye"] = word
        elif "eye" in st.query_params:
            del st.query_params["eye"]
        return word

    page_state()[CHOSEN_EYES] = (usual, remember(beside))  # what is usual need not stand in the address
    if not shown:
        return beside
    st.session_state["choice_eye"] = beside
    return st.toggle(
        "Second eye",
        key="choice_eye",
        on_change=guarded(lambda: remember(st.session_state["choice_eye"])),
        help="It sees the photo itself, and learned on a million others. Switch it off to see what it is worth.",
    )


def _choose(word: str, label: str, choices: dict[str, str], usual: str, width: int = 340) -> str:
    key = f"choice_{word}"
    asked = st.query_params.get(word, usual)
    st.session_state[key] = asked if asked in choices else usual

    def remember() -> None:
        chosen = st.session_state[key]
        if chosen:
            st.query_params[word] = chosen
        elif word in st.query_params:
            del st.query_params[word]

    return st.selectbox(
        label, list(choices), format_func=choices.get, key=key, on_change=guarded(remember), width=width
    )
