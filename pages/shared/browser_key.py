"""A browser's secret key, in a cookie that the server sets: it tells one's runs and uploads from others'.

No script in a page can read it. Knows nothing of runs and clothes.
"""

import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "fitting_room_key"
FORM = re.compile(r"[\w-]{32}", re.ASCII)
YEAR_SECONDS = 365 * 24 * 60 * 60
CONFIG = "/_stcore/host-config"  # what Streamlit's page asks for before it opens its connection


def new_key() -> str:
    """A key that nobody can guess."""
    return secrets.token_urlsafe(24)


def key_in(cookies: Mapping[str, str]) -> str | None:
    """The key among a browser's cookies; None without one, or when it has not the form of a key."""
    key = cookies.get(COOKIE)
    return key if isinstance(key, str) and FORM.fullmatch(key) else None


class BrowserKeyMiddleware:
    """Gives each browser its key with the page itself, and renews it for a year at every visit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; add the cookie to the answer where it belongs."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        key = key_in(HTTPConnection(scope).cookies)
        # Earlier versions set the cookie SameSite=Strict. It does not come with a link from another site, and must not
        # be replaced then; it comes with the next request, which the page itself makes.
        may_be_hidden = key is None and Headers(scope=scope).get("sec-fetch-site") == "cross-site"

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not may_be_hidden:
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                if is_page or scope["path"].endswith(CONFIG):
                    headers.append("set-cookie", _cookie(key or new_key(), secure=scope["scheme"] == "https"))
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _cookie(key: str, secure: bool) -> str:
    """The header that sets the cookie."""
    response = Response()
    response.set_cookie(COOKIE, key, YEAR_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")
    return response.headers["set-cookie"]
