"""Files on their way to the server, each of which lies in its memory: how much one window, and all of them, may bring.

Streamlit bounds one file only, and takes any number, under whatever names. A window that is closed is forgotten by it
two minutes later, in case it comes back; its files go at once.
"""

from collections import Counter

from distributed.system import MEMORY_LIMIT
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import get_instance

from core.language import N_, _, using
from pages.shared.plain import language_of
from pages.shared.session import settings

UPLOAD = "/_stcore/upload_file/"
STREAM = "/_stcore/stream"
MEGABYTE = 1024 * 1024
PHOTO_MB = 5  # a phone's photo
SHARE = 4  # all files together take a quarter of the memory this process may have
FILES = 200  # most in one window
GOING_AWAY = 1001  # the browser says: this window is closed, or shows another page; a lost connection says nothing
NO_LENGTH = N_("The file's size was not given. Choose the file again.")
WINDOW_FULL = N_(
    "There is no room for more files in this window. Take some out, or reload the page, and choose fewer at once."
)
SERVER_FULL = N_("The server has no room for more files just now. Wait a minute, then choose yours again.")


def most_in_window() -> int:
    """Bytes that one window may hold: a data set of one's own and a phone's photos, as many as are answered at once."""
    limits = settings()
    return MEGABYTE * (limits.max_own_mb + max(limits.max_upload_mb, PHOTO_MB * limits.max_pictures))


def most_in_all() -> int:
    """Bytes that all windows together may hold; at least as much as one may."""
    return max(MEMORY_LIMIT // SHARE, most_in_window())


class UploadsMiddleware:
    """Refuses a file for which there is no room before any of it is read, and lets go of those of a closed window."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.coming: Counter[str] = Counter()  # bytes of files on their way that have arrived, by session
        self.files: Counter[str] = Counter()  # and how many files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse the file it brings."""
        if scope["type"] == "http" and scope["method"] == "PUT" and scope["path"].startswith(UPLOAD):
            await self._bring(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == STREAM:
            await self._watch(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _bring(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A file that comes: its bytes count as they arrive, so that one who only says he brings much takes no room."""
        length = Headers(scope=scope).get("content-length", "")
        if not length.isdecimal():
            await _refused(scope, NO_LENGTH, 411)(scope, receive, send)
            return
        session, size = scope["path"].removeprefix(UPLOAD).partition("/")[0], int(length)
        if words := self._refusal(session, size, 1):
            await _refused(scope, words, 413)(scope, receive, send)
            return
        arrived, refused = 0, ""

        async def receive_and_count() -> Message:
            nonlocal arrived, refused
            message = await receive()
            arrived += len(message.get("body", b""))
            self.coming[session] += len(message.get("body", b""))
            refused = self._refusal(session, 0, 0)  # others may have come meanwhile
            return {"type": "http.disconnect"} if refused else message

        self.files[session] += 1
        try:
            await self.app(scope, receive_and_count, send)
        except ClientDisconnect:
            if not refused:
                raise
            await _refused(scope, refused, 413)(scope, receive, send)
        finally:
            self.coming[session] -= arrived
            self.files[session] -= 1
            if not self.files[session]:
                del self.coming[session], self.files[session]

    def _refusal(self, session: str, size: int, files: int) -> str:
        """Why so many bytes and files more are not taken; empty when they are."""
        held = get_instance().uploaded_file_mgr.file_storage
        kept = {name: [len(file.data) for file in list(files.values())] for name, files in list(held.items())}
        mine = kept.get(session, [])
        if (
            len(mine) + self.files[session] + files > FILES
            or sum(mine) + self.coming[session] + size > most_in_window()
        ):
            return WINDOW_FULL
        total = sum(map(sum, kept.values())) + self.coming.total() + size
        return SERVER_FULL if total > most_in_all() else ""

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A window's connection: the server's first message names its session, and the browser says when it closes."""
        session = ""

        async def send_and_read(message: Message) -> None:
            nonlocal session
            if not session and message.get("bytes"):
                session = ForwardMsg.FromString(message["bytes"]).new_session.initialize.session_id  # or ""
            await send(message)

        async def receive_and_read() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect" and message.get("code") == GOING_AWAY and session:
                get_instance().uploaded_file_mgr.remove_session_files(session)
            return message

        await self.app(scope, receive_and_read, send_and_read)


def _refused(scope: Scope, words: str, status: int) -> PlainTextResponse:
    """Why a file is not taken, in the language of the browser that brings it."""
    with using(language_of(scope)):
        return PlainTextResponse(_(words), status)
