"""Streamlit's scripts and styles as gzip, made once for all who fetch them; Streamlit sends them as they are, 10 MB for
one page.

Of which files there are this knows the first page only: Streamlit answers each request, and here a file's content is
put in packed.
"""

import asyncio
import gzip
import mimetypes
import os
import re
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.shared.first_page import INDEX, dressed, named

MOST_BYTES = 20_000_000  # of packed files kept; all that Streamlit has are 8 MB
PATHSEND = "http.response.pathsend"  # ASGI's word for an answer that names a file instead of carrying its content
# A component's script has a hash of its content in its name, as Streamlit's own have, but is not sent to be kept.
COMPONENT_SCRIPT = re.compile(r"/_stcore/bidi-components/.+-[\w-]{8}\.js")
FOR_A_YEAR = "public, immutable, max-age=31536000"


class CompressionMiddleware:
    """Answers with the gzip of a text file to whoever can unpack it; every other request goes by as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.kept: dict[tuple[str, int, int], bytes] = {}  # (path, when written, bytes) -> gzip, the oldest first
        self.one_at_a_time = asyncio.Lock()  # thirty browsers that come at once wait for the same file, made once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, telling Streamlit that it may name a file; put in the packed file if it does.

        While the server begins, the first page and what it names are packed ahead.
        """
        if scope["type"] == "lifespan":
            ahead = asyncio.create_task(self._pack_ahead())
            await self.app(scope, receive, send)
            ahead.cancel()
            return
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or not _is_text(scope["path"]):
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        packs = "range" not in asked and accepts_gzip(asked.get("accept-encoding", ""))
        start: Message = {}  # held back until it is known whether a file follows

        async def send_packed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                _tell_caches(scope["path"], message, packs)
                return
            if message["type"] == PATHSEND:
                headers = MutableHeaders(scope=start)
                content = await self._packed(message["path"])
                headers["content-encoding"], headers["content-length"] = "gzip", str(len(content))
                message = {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content}
            if start:
                begin, start = start, {}
                await send(begin)
            await send(message)

        passed_on = scope
        if packs:  # a HEAD as a GET, so that the answer to it names the file, too
            passed_on = {**scope, "method": "GET", "extensions": {**(scope.get("extensions") or {}), PATHSEND: {}}}
        await self.app(passed_on, receive, send_packed)

    async def _pack_ahead(self) -> None:
        for path in await run_in_threadpool(named):
            await self._packed(path)

    async def _packed(self, path: str) -> bytes:
        """The gzip of a file as it is now."""
        async with self.one_at_a_time:
            written = os.stat(path)
            version = (path, written.st_mtime_ns, written.st_size)
            if version not in self.kept:
                self.kept[version] = await run_in_threadpool(_pack, path)
                while len(self.kept) > 1 and sum(map(len, self.kept.values())) > MOST_BYTES:
                    del self.kept[next(iter(self.kept))]
            return self.kept[version]


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a client that sends this header unpacks gzip."""
    for coding in accept_encoding.lower().replace(" ", "").split(","):
        name, _, parameter = coding.partition(";")
        if name == "gzip":
            return re.fullmatch(r"q=0(\.0*)?", parameter) is None
    return False


def _is_text(path: str) -> bool:
    """Whether a file at this address gets much smaller by packing; a page, whose address has no ending, does."""
    kind = mimetypes.guess_type(path)[0] or "text/html"
    return kind.startswith("text/") or kind.rpartition("/")[2] in ("javascript", "json", "svg+xml", "wasm")


def _tell_caches(path: str, start: Message, packed: bool) -> None:
    """Say in an answer's headers that it differs by what the client unpacks, and what may be kept for how long."""
    headers = MutableHeaders(scope=start)
    if start["status"] == 200 and COMPONENT_SCRIPT.search(path):
        headers["cache-control"] = FOR_A_YEAR
    if "etag" in headers:  # a file, whole or a part of it, or that it has not changed
        headers.add_vary_header("Accept-Encoding")
        if packed:  # a weak one: the same words, not the same bytes
            headers["etag"] = f"W/{headers['etag'].removeprefix('W/')}"


def _pack(path: str) -> bytes:
    """A file's content as gzip; of the page that comes first, ours."""
    content = Path(path).read_bytes()
    if Path(path) == INDEX:
        content = dressed(content.decode()).encode()
    return gzip.compress(content, 9, mtime=0)
