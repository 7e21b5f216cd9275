"""The app: its pages behind Streamlit's server, and what a page cannot do itself.

That is: cookies, the route of the files, the queue's beginning and end, and the last word on an error.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from streamlit import App

from core.errors import FittingRoomError
from pages.shared import downloads, live, readers, wall
from pages.shared.browser_key import BrowserKeyMiddleware
from pages.shared.compression import CompressionMiddleware
from pages.shared.entrance import EntranceMiddleware
from pages.shared.errors import show_error
from pages.shared.headers import HeadersMiddleware
from pages.shared.lost import LostMiddleware
from pages.shared.memory import return_memory, tidy
from pages.shared.runs import run_queue
from pages.shared.uploads import UploadsMiddleware

# An upload stays in memory: of itself Starlette puts one over 1 MB, such as a phone's photo, into a temporary file.
# Neither Starlette's `Request.form` nor Streamlit has a parameter for it.
MultiPartParser.spool_max_size = 0
FIRST_SECONDS = 4  # in which whoever comes first has the server to himself


async def warm_up() -> None:
    """Make ready what the first visitor sees, and only then what reads a photo: that takes both cores for a while."""
    await asyncio.to_thread(wall.warm_up)
    await asyncio.sleep(FIRST_SECONDS)
    await asyncio.to_thread(readers.warm_up)


@asynccontextmanager
async def lifespan(_: App) -> AsyncIterator[None]:
    """Start the queue with the server, before anybody opens a page, and let go of it when the server ends."""
    return_memory()
    queue = None
    try:
        queue = run_queue()
    except FittingRoomError as error:  # a setting that does not fit: each page says so
        logging.getLogger(__name__).error("The queue was not started: %s", error)
    beside = [asyncio.create_task(work) for work in (tidy(), warm_up())]
    yield
    for task in beside:
        task.cancel()
    await asyncio.to_thread(readers.close)
    if queue:
        await asyncio.to_thread(queue.close)


MIDDLEWARE = (  # the outermost first
    HeadersMiddleware,
    EntranceMiddleware,
    LostMiddleware,
    UploadsMiddleware,
    BrowserKeyMiddleware,
    CompressionMiddleware,
)
app = App(
    "pages/router.py",
    routes=[downloads.ROUTE, *live.ROUTES],
    middleware=[Middleware(each) for each in MIDDLEWARE],
    lifespan=lifespan,
    on_script_error=show_error,
)
