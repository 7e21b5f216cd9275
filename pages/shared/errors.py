"""Errors as people see them: one sentence each. Knows nothing of what went wrong where."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import FittingRoomError

log = logging.getLogger(__name__)


def sentence(error: Exception) -> str:
    """An error in a sentence: our own as it is, any other logged under a number that the sentence gives."""
    if isinstance(error, FittingRoomError):
        return str(error)
    number = secrets.token_hex(3)
    log.error("Error %s on a page", number, exc_info=error)
    return (
        "Something went wrong here. Reload the page; "
        f"if it comes again, report the number {number}, which is in the app's log too."
    )


def show_error(error: Exception) -> bool:
    """Show an error as a sentence. True tells Streamlit that there is nothing to add to it."""
    st.error(sentence(error), icon=":material/error:")
    return True


@contextmanager
def guard() -> Iterator[None]:
    """Show an error of these lines in their place; what follows them is drawn all the same."""
    try:
        yield
    except Exception as error:
        show_error(error)
