"""The entrance: who may come in when a passphrase is set, and who is the teacher.

Both are a cookie that only this server can have given: a code made from the words and a secret in the home folder, so
that it outlasts a restart and ends when the words are changed.
"""

import asyncio
import hmac
import html
import os
import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from weakref import WeakValueDictionary

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.language import _, using
from core.settings import PREFIX, Settings
from pages.shared.plain import language_of, plain_page, start_from

GUEST, TEACHER = "fitting_room_guest", "fitting_room_teacher"  # the cookies
SECRET = "entrance.key"  # in the home folder
OPEN = "/_stcore/health"  # says only that the server runs: `start.py` and proxies ask for it
DESK = "/teacher"
HERE = {"localhost", "127.0.0.1", "::1"}
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")  # what proxies add
MONTH_SECONDS = 30 * 24 * 60 * 60
MOST_BYTES = 2000  # of a form
PAUSE_SECONDS = 0.5  # after a wrong try, before the next one from that address is looked at
MOST_AT_ONCE = 10  # wrong tries that wait so, from all addresses; the others stand behind them
FORM = (
    '<form method="post"><label for="word">{label}</label>'
    '<input id="word" name="word" type="password" autocomplete="current-password" required autofocus>'
    "<button>{button}</button></form>"
)


def entrance_settings() -> Settings:
    """The settings that the entrance needs; a mistake in another one does not open it."""
    names = [f"{PREFIX}{name}" for name in ("HOME", "PASSPHRASE", "TEACHER_KEY")]
    return Settings.from_environment({name: os.environ.get(name, "") for name in names})


def is_teacher(cookies: Mapping[str, str]) -> bool:
    """Whether a browser with these cookies has entered the teacher's key."""
    settings = entrance_settings()
    return _matches(cookies.get(TEACHER), TEACHER, settings.teacher_key, settings.folder)


def is_owner(cookies: Mapping[str, str], listens_to: str | None, url: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a browser may see what is for the owner of this computer: its folders, its database, its settings.

    The teacher may. Where no teacher's key is set, so may who sits at this computer: then the server listens to it
    alone, the address in the browser names it, and no proxy says that it has passed a request on. That a request comes
    from 127.0.0.1 would not do: behind a proxy all of them come from there.
    """
    if entrance_settings().teacher_key:
        return is_teacher(cookies)
    named = urlsplit(url or "").hostname
    return listens_to in HERE and named in HERE and not any(name in headers for name in PASSED_ON)


def _may_enter(cookies: Mapping[str, str], settings: Settings) -> bool:
    return not settings.passphrase or _matches(cookies.get(GUEST), GUEST, settings.passphrase, settings.folder)


def _matches(code: str | None, cookie: str, words: str | None, folder: Path) -> bool:
    return bool(code and words) and hmac.compare_digest(code.encode(), _code(cookie, words, folder).encode())


def _code(cookie: str, words: str, folder: Path) -> str:
    """What the cookie of those who know the words holds."""
    return hmac.new(_secret(folder), f"{cookie} {words}".encode(), "sha256").hexdigest()


@lru_cache
def _secret(folder: Path) -> bytes:
    """The server's secret, made where there is none; one for this start only where the folder cannot be written."""
    path = folder / SECRET
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)  # nobody else on this computer reads it
        with os.fdopen(made, "wb") as file:
            file.write(secrets.token_bytes(32))
    except OSError:  # it is there already, or cannot be
        pass
    try:
        kept = path.read_bytes()
    except OSError:
        kept = b""
    return kept if len(kept) == 32 else secrets.token_bytes(32)


class EntranceMiddleware:
    """Asks each browser for the passphrase, where one is set, before it gets anything; and has the teacher's desk."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by address: one try at a time
        self.places = asyncio.Semaphore(MOST_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or ask for the words."""
        if scope["type"] == "lifespan" or scope["path"] == OPEN:
            await self.app(scope, receive, send)
            return
        settings = entrance_settings()
        inside = _may_enter(HTTPConnection(scope).cookies, settings)
        if inside and not (scope["type"] == "http" and scope["path"] == DESK and settings.teacher_key):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # before it is accepted: the browser sees 403
        else:
            request = Request(scope, receive)
            with using(language_of(scope)):
                answer = await (self._desk(request, settings) if inside else self._door(request, settings))
            await answer(scope, receive, send)

    async def _door(self, request: Request, settings: Settings) -> Response:
        """The page that asks for the passphrase; who knows it goes on to where he wanted."""
        tried = await self._tried(request, settings.passphrase)
        if tried:
            query = request.scope["query_string"].decode("latin-1")
            there = f"./{quote(request.scope['path'].rpartition('/')[2])}{query and '?'}{query}"
            return _admit(GUEST, settings.passphrase, settings, there)
        words = _wrong() if tried is False else _paragraph(_("Type the passphrase of your class. Your teacher has it."))
        return plain_page("Fitting Room", words + _form(_("Passphrase"), _("Come in")), 403)

    async def _desk(self, request: Request, settings: Settings) -> Response:
        """The page that asks for the teacher's key, and lets go of it."""
        start = start_from(DESK)
        if is_teacher(request.cookies):
            if request.method == "POST":
                answer = RedirectResponse(start, 303)
                answer.delete_cookie(TEACHER, httponly=True, samesite="lax")
                return answer
            words = _paragraph(_("In this browser you may stop, pause, rename and delete everybody's runs."))
            stop = f'<form method="post"><button>{html.escape(_("Stop being the teacher"))}</button></form>'
            return plain_page(_("You are the teacher"), f"{words}{_way_to(start)}{stop}", 200)
        tried = await self._tried(request, settings.teacher_key)
        if tried:
            return _admit(TEACHER, settings.teacher_key, settings, start)
        words = _paragraph(_("With the teacher's key you may stop and delete everybody's runs."))
        content = (_wrong() if tried is False else words) + _form(_("Teacher's key"), _("Go on")) + _way_to(start)
        return plain_page(_("For the teacher"), content, 403 if tried is False else 200)

    async def _tried(self, request: Request, words: str) -> bool | None:
        """Whether a form holds the words; None without a form.

        Tries from one address are looked at one after the other, and a wrong one holds the others up a little: so
        guessing is slow, and yet nobody is locked out.
        """
        if request.method != "POST":
            return None
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return False
        given = parse_qs(body.decode("utf-8", "replace")).get("word", [""])[0].strip()
        address = request.client.host if request.client else ""
        async with self.lines.setdefault(address, asyncio.Lock()):
            if hmac.compare_digest(given.encode(), words.encode()):
                return True
            async with self.places:
                await asyncio.sleep(PAUSE_SECONDS)
        return False


def _paragraph(words: str) -> str:
    return f"<p>{html.escape(words)}</p>"


def _wrong() -> str:
    words = _("That is not it. Check each letter, also whether it is large or small, and try again.")
    return f'<p role="alert">{html.escape(words)}</p>'


def _form(label: str, button: str) -> str:
    return FORM.format(label=html.escape(label), button=html.escape(button))


def _way_to(start: str) -> str:
    return f'<p><a href="{start}">{html.escape(_("Go to the start"))}</a></p>'


def _admit(cookie: str, words: str, settings: Settings, there: str) -> Response:
    """Give a browser its cookie and lead it on."""
    answer = RedirectResponse(there, 303)
    code = _code(cookie, words, settings.folder)
    answer.set_cookie(cookie, code, MONTH_SECONDS, path="/", httponly=True, samesite="lax")
    return answer
