"""Links of a page to itself, `?word=value`, followed without loading the page anew.

Without scripts, or in a new tab, they are links like any other. Knows nothing of what the words mean.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import streamlit as st

from pages.shared.errors import guarded

_COMPONENT = st.components.v2.component(
    "follow", js=Path(__file__).with_name("follow.js").read_text(encoding="utf-8"), isolate_styles=False
)


def follow(key: str, go: Callable[[dict[str, str]], object]) -> None:
    """From now on `go` gets the words of each link that is tapped, and sets the widgets that the address speaks of."""

    def tapped() -> None:
        go(dict(parse_qsl(st.session_state[key].followed.removeprefix("?"))))

    _COMPONENT(key=key, on_followed_change=guarded(tapped))
