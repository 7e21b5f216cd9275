"""Choosing a network: the one that comes with the app or a finished run.

The choice stands in the address, so that a link repeats it.
"""

import streamlit as st

from core.runs import results
from pages.shared.services import runs


def choose_network(word: str) -> str:
    """Show the list of networks; `word` is their word in the address. Gives "shipped" or a run's id.

    A run id in the address wins over the list; one that does not exist gets a sentence.
    """
    choices = {results.SHIPPED: "The network that comes with the app"}
    choices |= {run.id: f"{run.name} ({run.test_accuracy:.1%})" for run in runs()}
    asked = st.query_params.get(word, results.SHIPPED)
    if asked not in choices:
        st.info(
            f"There is no finished run “{asked}”. Here is the network that comes with the app.",
            icon=":material/search_off:",
        )
        asked = results.SHIPPED
    key = f"choice_{word}"
    if st.session_state.get(key) != asked:
        st.session_state[key] = asked

    def remember() -> None:
        st.query_params[word] = st.session_state[key]

    return st.selectbox("Network", list(choices), format_func=choices.get, key=key, on_change=remember, width=360)
