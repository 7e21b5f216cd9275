"""Files made when somebody asks for them: a link on a page, and the route that makes the file and hands it out.

A link lives with its page, and works only in the browser it was shown to. No file is kept: each request makes its own,
in memory. So drawing pages anew, anybody's, takes nothing away from a browser that is fetching.
"""

import asyncio
import html
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.errors import FittingRoomError
from core.language import N_, _, current, using
from pages.shared.browser_key import key_in
from pages.shared.errors import sentence
from pages.shared.plain import language_of
from pages.shared.session import key as browser_key
from pages.shared.session import page_state

MOST_AT_ONCE = 6  # files made or fetched at the same time; the others wait
SECONDS = 600  # longest time for making and fetching one
GONE = N_("This file is no longer offered. Open its page again and ask for it there.")


@dataclass(frozen=True, eq=False)
class Offer:
    """A file that can be asked for."""

    word: str  # names it in its address
    key: str  # of the browser it was shown to
    make: Callable[[], bytes]
    language: str  # of who was offered it
    name: str
    mime: str


_open: WeakValueDictionary[str, Offer] = WeakValueDictionary()  # the sessions hold them, so that they end with a page


def offer(
    words: str, make: Callable[[], bytes], name: str, mime: str, key: str, icon: str = "download", main: bool = False
) -> None:
    """A link, shown as a button with one of Google's icons, that makes a file of a name and a MIME type, and saves it.

    `key` tells the offers of a page apart: drawn anew, an offer keeps its address. The `main` one is coloured.
    """
    offers = page_state().setdefault("downloads", {})
    word = offers[key].word if key in offers else secrets.token_urlsafe(24)
    offers[key] = _open[word] = Offer(word, browser_key(), make, current(), name, mime)
    look = "file main" if main else "file"
    st.html(
        f'<a class="{look}" href="files/{word}" download><i translate="no" aria-hidden="true">{icon}</i>'
        f"{html.escape(words)}</a>",
        width="content",
    )


class HandOut:
    """The route's side: so many files at once, and one at a time for a browser; the others wait their turn."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(MOST_AT_ONCE)
        self.turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by the browser's key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI application."""
        request = Request(scope, receive)
        offered = _open.get(request.path_params["word"])
        if offered is None or not secrets.compare_digest(offered.key, key_in(request.cookies) or ""):
            with using(language_of(scope)):
                gone = PlainTextResponse(_(GONE), 404)
            await gone(scope, receive, send)
            return
        turn = self.turns.setdefault(offered.key, asyncio.Lock())
        async with turn, self.places:
            if not await request.is_disconnected():
                async with asyncio.timeout(SECONDS):
                    answer = await run_in_threadpool(_made, offered)
                    await answer(scope, receive, send)


def _made(offered: Offer) -> Response:
    """The file, or why it could not be made."""
    with using(offered.language):
        try:
            content = offered.make()
        except FittingRoomError as error:
            return PlainTextResponse(sentence(error), 409)
        except Exception as error:
            return PlainTextResponse(sentence(error), 500)
    headers = {
        "Content-Disposition": f'attachment; filename="{safe(offered.name)}"',
        "Content-Encoding": "identity",  # or Streamlit would pack it, which takes longer than fetching it
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=offered.mime, headers=headers)


def safe(name: str) -> str:
    """A file name of letters, digits, dots, dashes and underscores that no system takes for a path or hides."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip(".-") or "file"


ROUTE = Route("/files/{word}", HandOut(), methods=["GET"])
