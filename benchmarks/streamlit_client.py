"""A browser's tab as Streamlit's server sees it: cookies, its WebSocket, widgets, uploads, fragments run by timer.

Knows nothing of the pages of an app, and draws nothing: of what the server sends it keeps the ids of the widgets.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX

PATIENCE = 60.0  # seconds for one answer
TROUBLE = b"Something went wrong"  # what the app says where it broke
KEPT_RUNS = 2  # runs of a script that the browser keeps a large message for, to be sent it only once
FULL = ForwardMsg.FINISHED_SUCCESSFULLY
DONE = {FULL, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}


class TabError(Exception):
    """The server refused, closed, was too slow, or showed an error."""


async def request(
    address: str, path: str, cookies: dict[str, str], method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send an HTTP request. Gives the connection, read up to its body; cookies that are set are added.

    Raises TabError when the answer is no success, OSError when there is none.
    """
    host = urlsplit(address).netloc
    reader, writer = await asyncio.open_connection(*host.split(":"), limit=2**20)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"Cookie: {cookie_header(cookies)}"] if cookies else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    status = (await reader.readline()).decode()
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        if name.lower() == "set-cookie":
            cookie, _, content = value.strip().split(";")[0].partition("=")
            cookies[cookie] = content
    if " 20" not in status:
        writer.close()
        raise TabError(f"{method} {path.split('?')[0].split('/')[1]}: {status.strip() or 'no answer'}")
    return reader, writer


def cookie_header(cookies: dict[str, str]) -> str:
    """Cookies as a browser sends them."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def fetch(address: str, path: str, cookies: dict[str, str]) -> bytes:
    """What stands at an address. Raises TabError and OSError."""
    reader, writer = await request(address, path, cookies)
    content = await reader.read()
    writer.close()
    return content


async def listen(address: str, path: str, cookies: dict[str, str]) -> AsyncIterator[str]:
    """The messages of a WebSocket, until it ends. Raises TabError when it breaks off, OSError when there is none."""
    header = {"Cookie": cookie_header(cookies)}
    try:
        async with websockets.connect(
            f"ws{address[4:]}{path}", additional_headers=header, compression=None, open_timeout=PATIENCE
        ) as socket:
            async for message in socket:
                yield str(message)
    except websockets.WebSocketException as error:
        raise TabError(f"{path}: {error}") from error


@dataclass
class Tab:
    """One tab of a browser that nobody else uses."""

    address: str  # http://host:port
    cookies: dict[str, str] = field(default_factory=dict)
    widgets: dict[str, tuple[str, str]] = field(default_factory=dict)  # by key: its id, and the fragment it is in
    states: dict[str, WidgetState] = field(default_factory=dict)  # by id: what somebody set
    session_id: str = ""
    errors: list[str] = field(default_factory=list)
    _page: str = ""
    _query: str = ""
    _pages: dict[str, str] = field(default_factory=dict)  # by name: the hash Streamlit knows it by
    _cached: dict[str, int] = field(default_factory=dict)  # by hash of a large message: the run it was last seen in
    _runs: int = 0
    _answer: asyncio.Future | None = None
    _wanted: set[int] = field(default_factory=set)
    _urls: asyncio.Future | None = None
    _timers: dict[str, tuple[float, asyncio.Task]] = field(default_factory=dict)
    _reading: asyncio.Task | None = None

    async def open(self, page: str = "", query: str = "") -> float:
        """Load the page as a browser does and wait until it stands. Seconds from the first message to the last.

        Raises TabError and OSError.
        """
        for path in (f"/{page}", "/_stcore/health", "/_stcore/host-config"):
            _, writer = await request(self.address, path, self.cookies)
            writer.close()
        tokens = ["streamlit", self.cookies.get("_streamlit_xsrf", "").strip('"') or "PLACEHOLDER"]
        self._socket = await websockets.connect(
            f"ws{self.address[4:]}/_stcore/stream",
            additional_headers={"Cookie": cookie_header(self.cookies)},
            subprotocols=tokens,
            origin=self.address,
            compression=None,
            max_size=None,
            ping_interval=None,
            open_timeout=PATIENCE,
            close_timeout=1,
        )
        self._reading = asyncio.create_task(self._read())
        return await self.visit(page, query)

    async def close(self) -> None:
        """Close the tab."""
        for _, timer in self._timers.values():
            timer.cancel()
        if self._reading:
            self._reading.cancel()
            await self._socket.close()

    async def visit(self, page: str, query: str = "") -> float:
        """Go to a page and wait until its script has ended, in seconds. Raises TabError."""
        self._page, self._query = page, query
        self.states.clear()
        self.widgets.clear()
        return await self._run("", {FULL})

    async def change(self, key: str, **value: object) -> float:
        """Set a widget as somebody would: `change("page", int_value=2)`. Seconds until the script has ended.

        Raises TabError, also when there is no such widget.
        """
        if key not in self.widgets:
            raise TabError(f"no widget {key!r} on page {self._page!r}")
        widget, fragment = self.widgets[key]
        self.states[widget] = WidgetState(id=widget, **value)
        try:
            return await self._run(fragment, DONE if fragment else {FULL})
        finally:
            if "trigger_value" in value or "json_trigger_value" in value:
                del self.states[widget]

    async def trigger(self, key: str, event: str, value: str) -> float:
        """Let a component of version 2 tell of an event. Seconds until the script has ended. Raises TabError."""
        if key not in self.widgets:
            raise TabError(f"no component {key!r} on page {self._page!r}")
        component, fragment = self.widgets[key]
        self.widgets[f"{key} {event}"] = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{component}__events", fragment
        return await self.change(f"{key} {event}", json_trigger_value=json.dumps([{"event": event, "value": value}]))

    async def upload(self, key: str, name: str, content: bytes) -> float:
        """Put a file into an uploader. Seconds from choosing it until the script has ended. Raises TabError."""
        began = time.perf_counter()
        message = BackMsg()
        message.file_urls_request.request_id = name
        message.file_urls_request.session_id = self.session_id
        message.file_urls_request.file_names.append(name)
        self._urls = asyncio.get_running_loop().create_future()
        await self._send(message)
        urls = await asyncio.wait_for(self._urls, PATIENCE)
        border = b"----fitting-room"
        head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
        body = b"--%s\r\n%s%s\r\n--%s--\r\n" % (border, head.encode(), content, border)
        kind = f"multipart/form-data; boundary={border.decode()}"
        token = self.cookies.get("_streamlit_xsrf", "").strip('"')
        _, writer = await request(
            self.address, urls.upload_url, self.cookies, "PUT", body, X_Xsrftoken=token, Content_Type=kind
        )
        writer.close()
        file = {"name": name, "size": len(content), "file_id": urls.file_id, "file_urls": urls}
        await self.change(key, file_uploader_state_value={"uploaded_file_info": [file]})
        return time.perf_counter() - began

    async def _run(self, fragment: str, wanted: set[int]) -> float:
        """Ask for a run of the script, or of a fragment of it, and wait for its end."""
        began = time.perf_counter()
        self._answer, self._wanted = asyncio.get_running_loop().create_future(), wanted
        before = len(self.errors)
        await self._ask(fragment)
        try:
            await asyncio.wait_for(self._answer, PATIENCE)
        except TimeoutError as error:
            raise TabError(f"no answer within {PATIENCE:.0f} s") from error
        finally:
            self._answer = None
        if len(self.errors) > before:
            raise TabError(self.errors.pop())
        return time.perf_counter() - began

    async def _ask(self, fragment: str, by_timer: bool = False) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.fragment_id, state.is_auto_rerun = self._query, fragment, by_timer
        state.page_script_hash = self._pages.get(self._page, "")
        state.page_name = "" if state.page_script_hash else self._page
        state.widget_states.widgets.extend(self.states.values())
        state.cached_message_hashes.extend(self._cached)
        about = state.context_info
        about.timezone, about.locale, about.url = "Europe/Berlin", "en-GB", f"{self.address}/{self._page}"
        await self._send(message)

    async def _send(self, message: BackMsg) -> None:
        try:
            await self._socket.send(message.SerializeToString())
        except websockets.ConnectionClosed as error:
            raise TabError(f"the connection was closed: {error}") from error

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                if TROUBLE in data:
                    self.errors.append(f"{TROUBLE.decode()}, on page {self._page!r}")
                self._take(ForwardMsg.FromString(data))
            self._fail("the server closed the connection")
        except websockets.ConnectionClosed as error:
            self._fail(f"the connection was closed: {error}")

    def _fail(self, why: str) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(TabError(why))
        else:
            self.errors.append(why)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._take_element(message)
        elif kind == "ref_hash":
            self._cached[message.ref_hash] = self._runs
        elif kind == "new_session":
            self.session_id = message.new_session.initialize.session_id or self.session_id
            if not message.metadata.run.fragment_ids:  # the whole page is drawn anew, with its timers
                for fragment in list(self._timers):
                    self._stop_timer(fragment)
        elif kind == "navigation":
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._stop_timer(fragment)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "file_urls_response" and self._urls:
            self._urls.set_result(message.file_urls_response.file_urls[0])
        if kind == "script_finished":
            self._finished(message.script_finished)

    def _take_element(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message} on page {self._page!r}")
        if message.metadata.cacheable:
            self._cached[message.hash] = self._runs
        widget = getattr(getattr(element, kind or "", None), "id", "")
        if isinstance(widget, str) and widget.count("-") > 1:
            self.widgets[widget.split("-", 2)[2]] = (widget, message.delta.fragment_id)

    def _finished(self, status: int) -> None:
        if status == FULL:
            self._runs += 1
            self._cached = {name: seen for name, seen in self._cached.items() if self._runs - seen <= KEPT_RUNS}
        if self._answer and status in self._wanted and not self._answer.done():
            self._answer.set_result(None)

    def _start_timer(self, fragment: str, interval: float) -> None:
        if self._timers.get(fragment, (0.0,))[0] != interval:
            self._stop_timer(fragment)
            self._timers[fragment] = interval, asyncio.create_task(self._rerun_every(fragment, interval))

    def _stop_timer(self, fragment: str) -> None:
        if fragment in self._timers:
            self._timers.pop(fragment)[1].cancel()

    async def _rerun_every(self, fragment: str, interval: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + interval, loop.time())  # a browser's timer does not catch up
            await asyncio.sleep(due - loop.time())
            await self._ask(fragment, by_timer=True)
