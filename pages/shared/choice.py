"""Choosing networks: the one that comes with the app, or finished runs. The choice stands in the address."""

import re
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from core.language import _
from core.runs.book import LONGEST_NAME
from core.runs.results import SHIPPED, eye_beside
from core.words import line
from pages.shared.errors import guarded
from pages.shared.runs import networks
from pages.shared.session import page_state
from pages.shared.words import plain

CHOSEN_EYES = "chosen_eyes"  # where a session keeps what was chosen, and an open page what its address says
LONGEST_LABEL = 36  # letters of a network's name on a button
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


def say_unknown_network(word: str, instead: str = "") -> None:
    """A sentence when the address asks for a network, by its `word` there, that does not exist; and what is done
    `instead` of asking it, if not the one that comes with the app is asked."""
    asked = st.query_params.get(word, SHIPPED)
    if asked not in networks():
        words = _("There is no finished run “{name}”. {instead}")
        instead = instead or _("The network that comes with the app answers instead.")
        st.info(words.format(name=_named(asked), instead=instead), icon=":material/search_off:")


def say_unknown_run(asked: str, instead: str = "") -> None:
    """A sentence about a run that an address asks for and the run book does not have; `instead` goes on from there."""
    words = _("There is no run “{name}” in the run book; it may have been deleted. {instead}")
    st.info(words.format(name=_named(asked), instead=instead).strip(), icon=":material/search_off:")


def _named(asked: str) -> str:
    return plain(line(asked, LONGEST_NAME))


def settings_menu(word: str, rival: str) -> DeltaGenerator:
    """A menu for the choice of networks, called after the one that the address asks for, and after the one that it is
    compared with."""
    known = networks()
    asked, other = known.get(st.query_params.get(word, SHIPPED), known[SHIPPED]), known.get(st.query_params.get(rival))
    label = _("{network} and {other}").format(network=_short(asked), other=_short(other)) if other else _short(asked)
    return st.popover(plain(label), icon=":material/tune:", key="choice_menu")


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_LABEL else f"{title[: LONGEST_LABEL - 1].rstrip()}…"


def choose_network(word: str, label: str = "") -> str:
    """Show the list of networks. Gives "shipped" or a run's id: the one in the address, if there is one like it."""
    return _choose(word, label or _("Network"), networks(), SHIPPED)


def choose_rival(word: str, model: str) -> str:
    """Show the list of networks to compare a `model` with. Gives "shipped", a run's id, or nothing for no other."""
    rivals = {run_id: title for run_id, title in networks().items() if run_id != model}
    return _choose(word, _("Compare with"), {"": _("no other")} | rivals, "") if rivals else ""


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
        _("Second eye"),
        key="choice_eye",
        on_change=guarded(lambda: remember(st.session_state["choice_eye"])),
        help=_("It sees the photo itself, and learned on a million others. Switch it off to see what it is worth."),
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
