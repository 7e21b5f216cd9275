"""Text files go packed to whoever can unpack them, packed once, and nothing else changes on the way."""

import asyncio
import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route
from streamlit.web.server.starlette.starlette_gzip_middleware import SelectiveGZipMiddleware
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from pages.shared import compression
from pages.shared.compression import CompressionMiddleware, accepts_gzip
from tests import aio

SCRIPT = b"const clothes = ['T-shirt', 'Trouser', 'Pullover'];\n" * 500
PAGE = b"<!doctype html><title>Fitting Room</title>" + b"<p></p>" * 500
Answer = tuple[int, Headers, bytes]


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were packed, in order."""
    names: list[str] = []
    pack = compression._pack
    monkeypatch.setattr(compression, "_pack", lambda path: names.append(Path(path).name) or pack(path))
    return names


@pytest.fixture
def server(tmp_path: Path, packed: list[str]) -> Starlette:
    """Streamlit's own handler of its files, below an address of its own, with ours before it."""
    (tmp_path / "static").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "static" / "app.C0FFEE12.js").write_bytes(SCRIPT)
    (tmp_path / "static" / "font.woff2").write_bytes(SCRIPT)
    return Starlette(
        routes=[Mount("/class", create_streamlit_static_handler(str(tmp_path), "class"))],
        middleware=[Middleware(CompressionMiddleware), Middleware(SelectiveGZipMiddleware, base_url="class")],
    )


async def ask(server: Starlette, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request, with headers `accept_encoding="gzip"`, and its answer as it goes over the wire."""
    sent: list[dict] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict:
        await asyncio.sleep(3600)
        return {}

    async def send(message: dict) -> None:
        sent.append(message)

    await server(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], Headers(raw=sent[0]["headers"]), body


def answer(server: Starlette, path: str, method: str = "GET", **headers: str) -> Answer:
    return aio.run(ask(server, path, method, **headers))


def test_a_script_comes_packed_and_is_the_file(server: Starlette) -> None:
    status, headers, body = answer(server, "/class/static/app.C0FFEE12.js", accept_encoding="br, gzip;q=0.8")
    assert status == 200 and gzip.decompress(body) == SCRIPT
    assert headers["content-encoding"] == "gzip" and headers["content-length"] == str(len(body))
    assert headers["vary"] == "Accept-Encoding" and headers["etag"].startswith('W/"')
    assert headers["cache-control"].startswith("public, immutable, max-age=")
    assert headers["content-type"].startswith("text/javascript")
    head = answer(server, "/class/static/app.C0FFEE12.js", "HEAD", accept_encoding="gzip")
    assert (head[0], dict(head[1]), head[2]) == (status, dict(headers), b"")


def test_thirty_at_once_wait_for_one_packing(server: Starlette, packed: list[str]) -> None:
    async def thirty() -> list[Answer]:
        path = "/class/static/app.C0FFEE12.js"
        return await asyncio.gather(*(ask(server, path, accept_encoding="gzip") for _ in range(30)))

    assert len({body for _, _, body in aio.run(thirty())}) == 1
    assert packed == ["app.C0FFEE12.js"]


def test_what_the_first_page_names_is_packed_before_anybody_asks(
    server: Starlette, tmp_path: Path, packed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(tmp_path / "index.html"), str(tmp_path / "static" / "app.C0FFEE12.js")]
    monkeypatch.setattr(compression, "named", lambda: files)

    async def begin_and_end() -> None:
        said = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> dict:
            word = next(said)
            while word == "lifespan.shutdown" and len(packed) < len(files):
                await asyncio.sleep(0)
            if word == "lifespan.shutdown":
                await ask(server, "/class/static/app.C0FFEE12.js", accept_encoding="gzip")
            return {"type": word}

        async def send(message: dict) -> None:
            assert message["type"].endswith(".complete")

        await server({"type": "lifespan", "state": {}}, receive, send)

    aio.run(begin_and_end())
    assert packed == ["index.html", "app.C0FFEE12.js"]


def test_a_file_that_changed_is_packed_anew_and_only_so_much_is_kept(
    server: Starlette, tmp_path: Path, packed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(server, "/class/static/app.C0FFEE12.js", accept_encoding="gzip")
    (tmp_path / "static" / "app.C0FFEE12.js").write_bytes(b"let changed = true")
    _, _, body = answer(server, "/class/static/app.C0FFEE12.js", accept_encoding="gzip")
    assert gzip.decompress(body) == b"let changed = true"
    monkeypatch.setattr(compression, "MOST_BYTES", 1)
    for path in ("/class/", "/class/static/app.C0FFEE12.js", "/class/"):
        answer(server, path, accept_encoding="gzip")
    assert packed == ["app.C0FFEE12.js"] * 2 + ["index.html", "app.C0FFEE12.js", "index.html"]


def test_what_a_browser_has_is_not_sent_again(server: Starlette) -> None:
    _, first, _ = answer(server, "/class/static/app.C0FFEE12.js", accept_encoding="gzip")
    status, headers, body = answer(
        server, "/class/static/app.C0FFEE12.js", accept_encoding="gzip", if_none_match=first["etag"]
    )
    assert (status, body) == (304, b"")
    assert (headers["etag"], headers["vary"]) == (first["etag"], "Accept-Encoding")
    assert "content-encoding" not in headers


@pytest.mark.parametrize("accepted", [{}, {"accept_encoding": "gzip;q=0, br"}, {"accept_encoding": "identity"}])
def test_who_cannot_unpack_gets_the_file(server: Starlette, packed: list[str], accepted: dict[str, str]) -> None:
    status, headers, body = answer(server, "/class/static/app.C0FFEE12.js", **accepted)
    assert (status, body, packed) == (200, SCRIPT, [])
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding" and not headers["etag"].startswith("W/")


def test_a_part_of_a_file_and_a_font_go_by(server: Starlette, packed: list[str]) -> None:
    part = answer(server, "/class/static/app.C0FFEE12.js", accept_encoding="gzip", range="bytes=6-12")
    assert (part[0], part[2], part[1]["content-range"]) == (206, b"clothes", f"bytes 6-12/{len(SCRIPT)}")
    status, headers, body = answer(server, "/class/static/font.woff2", accept_encoding="gzip")
    assert (status, body, packed) == (200, SCRIPT, [])
    assert "content-encoding" not in headers


def test_any_other_address_is_the_page_which_is_asked_for_each_time(server: Starlette, packed: list[str]) -> None:
    for path in ("/class/", "/class/training", "/class/static/gone.js"):
        status, headers, body = answer(server, path, accept_encoding="gzip")
        assert status == 200 and gzip.decompress(body) == PAGE
        assert headers["cache-control"] == "no-cache" and headers["content-type"].startswith("text/html")
    assert packed == ["index.html"]
    assert answer(server, "/class/../secret.js", accept_encoding="gzip")[0] == 400
    assert answer(server, "/elsewhere/app.js", accept_encoding="gzip")[0] == 404


@pytest.mark.parametrize(("name", "kept"), [("index-ynYgWHmM.js", True), ("index-style.css", False)])
def test_a_component_s_script_is_kept_for_a_year_as_its_name_changes_with_it(name: str, kept: bool) -> None:
    component = Route("/_stcore/bidi-components/{path:path}", lambda _: Response(headers={"Cache-Control": "public"}))
    server = Starlette(routes=[component], middleware=[Middleware(CompressionMiddleware)])
    _, headers, _ = answer(server, f"/_stcore/bidi-components/canvas/{name}", accept_encoding="gzip")
    assert (headers["cache-control"] == "public, immutable, max-age=31536000") is kept


@pytest.mark.parametrize(
    ("header", "accepts"),
    [("gzip, deflate", True), ("br,GZIP ; q=0.1", True), ("", False), ("gzip;q=0.000", False), ("x-gzip", False)],
)
def test_gzip_is_accepted_as_the_header_says(header: str, accepts: bool) -> None:
    assert accepts_gzip(header) is accepts
