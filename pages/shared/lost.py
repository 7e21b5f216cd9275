"""Addresses where nothing is: a page that says so. Streamlit would send its own page there, which waits for ever."""

import html
from pathlib import Path

import streamlit
from starlette.types import ASGIApp, Receive, Scope, Send

from core.language import _, using
from pages.shared.plain import language_of, plain_page, start_from

STATIC = Path(streamlit.__file__).parent / "static"  # what Streamlit hands out at the top: its icon, its styles
PAGES = {page.stem for page in Path(__file__).parents[1].glob("*.py")} - {"router", "welcome"}
ROUTES = {"_stcore", "app", "media", "component", "live", "files"}  # whoever has the route knows what is below it
FILES = {file.name for file in STATIC.iterdir()} - {"index.html"}


class LostMiddleware:
    """Answers where no page, no route and no file is; every other request goes by."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] == "lifespan" or leads_somewhere(scope["path"]):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            with using(language_of(scope)):
                words = html.escape(_("This address leads nowhere in Fitting Room. Check it letter by letter."))
                start = f'<a href="{start_from(scope["path"])}">{html.escape(_("Go to the start"))}</a>'
                answer = plain_page(_("There is no such page"), f"<p>{words}</p><p>{start}</p>", 404)
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close"})  # before it is accepted: the browser sees 403


def leads_somewhere(path: str) -> bool:
    """Whether there is something at an address, or below its first part."""
    first, _sign, rest = path.removeprefix("/").partition("/")
    if first in ROUTES or first in FILES:
        return True
    return path == "/" or (first in PAGES and not rest)  # `/runs/` too: Streamlit leads it to `/runs`
