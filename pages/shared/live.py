"""The routes of those who watch a run: its curve as it grows, and what its network says after an epoch.

One task reads a run for all who watch it, and what is sent is made once. It goes through a WebSocket, like Streamlit's
own: that passes wherever the page itself has passed, and ends with the server.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from core.errors import FittingRoomError, RunError
from core.language import ENGLISH, LANGUAGES, using
from core.runs.live import Feed
from core.runs.schema import Status
from pages.shared.browser_key import key_in
from pages.shared.data import shared_data
from pages.shared.errors import seldom, sentence
from pages.shared.runs import run_queue, store
from pages.shared.snapshots import said

READ_SECONDS = 0.2  # between two looks at a run that trains: its worker writes as often
REST_SECONDS = 1.0  # between two at any other
LINGER_SECONDS = 20.0  # a run is remembered for so long after the last one who watched it has left
log = logging.getLogger(__name__)
GONE = '{"gone":true}'  # to those who watch a run that is deleted


class Channel:
    """One run for all who watch it."""

    def __init__(self, run_id: str) -> None:
        self.watching = 0
        self._run_id = run_id
        self._feed: Feed | None = None
        self.gone = False  # the run was deleted
        self._moved = asyncio.Event()  # set, and replaced, whenever there is something to send
        self._reading = asyncio.create_task(self._read())

    def close(self) -> None:
        """Read no more."""
        self._reading.cancel()

    async def messages(self, language: str) -> AsyncIterator[str]:
        """What to send to one who watches, in his language, until the run ends; one who is slow gets later what came
        meanwhile."""
        seen = 0
        while True:
            moved, over = self._moved, self._reading.done()
            new, seen = self._feed.since(seen, language) if self._feed else ([], 0)
            for message in new:
                yield message
            if self.gone:
                yield GONE
            if over or self.gone:
                return
            await moved.wait()

    async def _read(self) -> None:
        try:
            while not (self._feed and self._feed.run and self._feed.run.ended):
                try:
                    if await run_in_threadpool(self._look):
                        self._tell()
                except RunError:
                    self.gone = True
                    return
                except Exception as error:  # the store, say: it may come back
                    if times := seldom.times(f"live: {error}"):
                        log.warning("The run %s cannot be read: %s (%d x)", self._run_id, error, times)
                running = self._feed and self._feed.run and self._feed.run.status == Status.RUNNING
                await asyncio.sleep(READ_SECONDS if running else REST_SECONDS)
        finally:
            asyncio.get_running_loop().call_soon(self._tell)  # when this task is done

    def _look(self) -> bool:
        if self._feed is None:
            self._feed = Feed(store(), self._run_id, len(shared_data().train_images), run_queue().why)
        return self._feed.read()

    def _tell(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class Live:
    """The runs that are watched on this server."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}

    async def watch(self, websocket: WebSocket) -> None:
        """Send one who watches a run what is new of it, until the run ends or he leaves."""
        await websocket.accept()
        run_id = websocket.path_params["run"]
        channel = self.channels.get(run_id)
        if channel is None or channel.gone:  # one that was deleted may have come back
            channel = self.channels[run_id] = Channel(run_id)
        channel.watching += 1
        # There is nothing to say on this line: whoever speaks is let go, as one who leaves.
        tasks = [asyncio.create_task(each) for each in (_send(websocket, channel), websocket.receive())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # one who leaves while he is sent something
            channel.watching -= 1
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._forget, run_id, channel)

    def _forget(self, run_id: str, channel: Channel) -> None:
        if not channel.watching and self.channels.get(run_id) is channel:
            del self.channels[run_id]
            channel.close()


async def _send(websocket: WebSocket, channel: Channel) -> None:
    async for message in channel.messages(_language(websocket)):
        await websocket.send_text(message)
    await websocket.close()


def _language(asked: HTTPConnection) -> str:
    """The language that one who watches reads, as his address says."""
    language = asked.query_params.get("lang", ENGLISH)
    return language if language in LANGUAGES else ENGLISH


async def _said(request: Request) -> Response:
    """What a run's network said after an epoch, as HTML."""
    run_id, epoch = request.path_params["run"], request.path_params["epoch"]
    try:
        with using(_language(request)):
            content = await run_in_threadpool(said, run_id, min(epoch, sys.maxsize), key_in(request.cookies))
    except FittingRoomError as error:
        return PlainTextResponse(sentence(error), 404)
    headers = {"Cache-Control": "no-store", "Content-Encoding": "identity"}
    return HTMLResponse(content, headers=headers)


ROUTES = [
    WebSocketRoute("/live/{run}", Live().watch),
    Route("/live/{run}/{epoch:int}", _said, methods=["GET"]),
]
