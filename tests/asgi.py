"""One request to an ASGI application, without a server."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp

from tests import aio


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes
    error: Exception | None  # what the application raised after it


def ask(app: ASGIApp, path: str = "/", method: str = "GET", body: bytes = b"", scheme: str = "http", **more) -> Answer:
    """Send one request, with headers such as `accept_language="de"`. The client's address is `client`."""
    return aio.run(answered(app, path, method, body, scheme, **more))


async def answered(
    app: ASGIApp,
    path: str,
    method: str = "GET",
    body: bytes = b"",
    scheme: str = "http",
    client: str = "1.2.3.4",
    **named,
) -> Answer:
    """The same, as a coroutine."""
    path, _, query = path.partition("?")
    headers = {"host": "tablet.school:8501", **({"content-length": str(len(body))} if body else {}), **named}
    scope = {
        "type": "http",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "client": (client, 50000),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request", "body": body}

    async def send(message: dict) -> None:
        sent.append(message)

    error = None
    try:
        await app(scope, receive, send)
    except Exception as raised:
        error = raised
    return Answer(
        sent[0]["status"], Headers(raw=sent[0]["headers"]), b"".join(each.get("body", b"") for each in sent[1:]), error
    )
