"""Errors as people see them: one sentence each, wherever they come. Knows nothing of what went wrong where."""

import functools
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import ParamSpec

import streamlit as st

from core.errors import FittingRoomError, StoreError
from core.language import _, in_english
from pages.shared.words import plain

log = logging.getLogger(__name__)
REST_SECONDS = 60.0  # the log is told of the same thing so often at most
MOST_KNOWN = 200  # things that the log was told of and that are remembered
UNSAID = "errors_unsaid"  # where a session keeps what went wrong before its page was drawn
Arguments = ParamSpec("Arguments")


class Seldom:
    """Tells of things that may come again and again: at once, then once a minute at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[Hashable, tuple[float, int]] = {}  # when last, and how often it has come since

    def times(self, thing: Hashable) -> int:
        """How often it has come since it was told last, with this time; 0 while it is not to be told again."""
        now = time.monotonic()
        with self._lock:
            last, count = self._told.pop(thing, (-REST_SECONDS, 0))
            due = now - last >= REST_SECONDS
            self._told[thing] = (now, 0) if due else (last, count + 1)
            while len(self._told) > MOST_KNOWN:
                del self._told[next(iter(self._told))]
        return count + 1 if due else 0


seldom = Seldom()


def sentence(error: Exception) -> str:
    """An error in a sentence: our own as it is, any other logged under a number that the sentence gives.

    The same error has the same number, and is logged once a minute at most; so is one of the store, in one line.
    """
    if isinstance(error, FittingRoomError):
        if isinstance(error, StoreError) and (times := seldom.times(in_english(error))):
            log.error("%s (%d x)", in_english(error), times)
        return str(error)
    number = _number(error)
    if times := seldom.times(number):
        log.error("Error %s on a page (%d x)", number, times, exc_info=error)
    words = _("Something went wrong here. Reload the page; if it comes again, report the number {number}.")
    return words.format(number=number)


def _number(error: Exception) -> str:
    """Six digits and letters that stand for the kind of an error and the line it comes from."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = (place.tb_frame.f_code.co_filename, place.tb_lineno) if place else ()
    return hashlib.sha256(repr((type(error).__qualname__, *where)).encode()).hexdigest()[:6]


def show_error(error: Exception) -> bool:
    """Show an error as a sentence. True tells Streamlit that there is nothing to add to it."""
    st.error(plain(sentence(error)), icon=":material/error:")
    return True


@contextmanager
def guard() -> Iterator[None]:
    """Show an error of these lines in their place; what follows them is drawn all the same.

    First comes, at the edge of the page, what went wrong in a `guarded` action.
    """
    for words in st.session_state.pop(UNSAID, ()):
        st.toast(words, icon=":material/error:", duration="long")
    try:
        yield
    except Exception as error:
        show_error(error)


def fragment(run_every: float | None = None) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Make a function a fragment of its page, drawn again by itself, whose errors are shown in its place.

    An error in a fragment of Streamlit's own reaches no `guard` around it once the fragment is drawn again.
    """

    def decorate(body: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(body)
        def guarded_body() -> None:
            with guard():
                body()

        drawn: Callable[[], None] = st.fragment(run_every=run_every)(guarded_body)
        return drawn

    return decorate


def guarded(action: Callable[Arguments, object]) -> Callable[Arguments, None]:
    """An action for a widget to call: an error in it is said by the next `guard`, and the page is drawn all the same.

    Streamlit itself would draw nothing of the page but the error, and in a fragment not even that.
    """

    @functools.wraps(action)
    def act(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        try:
            action(*arguments, **named)
        except Exception as error:
            st.session_state.setdefault(UNSAID, []).append(plain(sentence(error)))

    return act
