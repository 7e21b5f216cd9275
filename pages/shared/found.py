"""What was found in files that somebody brought: lists that are closed until one asks for them. All escaped."""

import html
from collections.abc import Sequence

import streamlit as st

from core.data.gather import TOLD
from core.language import ngettext, number


def tell(words: str, rows: Sequence[str]) -> None:
    """A list of what was found, one line each."""
    if rows:
        with st.expander(words):
            st.html(f'<ul class="found">{"".join(f"<li>{html.escape(row)}</li>" for row in rows)}</ul>')


def tell_left_out(rows: Sequence[str]) -> None:
    """What was left out, and why."""
    count = min(len(rows), TOLD)
    words = ngettext("✗ {count} file is left out", "✗ {count} files are left out", count)
    tell(words.format(count=number(count)), rows)


def tell_doubtful(rows: Sequence[str]) -> None:
    """What is used, and deserves a look."""
    count = min(len(rows), TOLD)
    words = ngettext(
        "? In {count} picture the garment was hard to find", "? In {count} pictures the garment was hard to find", count
    )
    tell(words.format(count=number(count)), rows)
