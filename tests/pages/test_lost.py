"""Addresses where nothing is get a page of their own; what Streamlit and the app answer goes by."""

import re

import pytest
from starlette.responses import PlainTextResponse

from pages.shared.lost import LostMiddleware, leads_somewhere
from tests.asgi import ask

APP = LostMiddleware(PlainTextResponse("here"))


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("/nothing", "./"),
        ("/x/y/z", "../../"),
        ("/runs/abc", "../"),
        ("/welcome", "./"),
        ("/router", "./"),
        ("/Help", "./"),
        ("//x", "../"),
        ("//", "../"),
        ("/\x00", "./"),
        ("/runs//", "../../"),
        ("/index.html", "./"),
        ("/.streamlit/config.toml", "../"),
        ("/" + "x" * 60_000, "./"),
        ("/<script>alert(1)</script>", "../"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "BREW"])
def test_an_address_where_nothing_is_gets_a_page_that_says_so(path: str, start: str, method: str) -> None:
    answer = ask(APP, path, method)
    assert answer.status == 404 and answer.headers["content-type"].startswith("text/html")
    assert re.search(rb"<p>This address leads nowhere .*<a href=\"([./]+)\">", answer.body)[1].decode() == start
    assert b"<script>" not in answer.body and len(answer.body) < 3000


@pytest.mark.parametrize("page", ["", "dataset", "lessons", "training", "predict", "mistakes", "runs", "help", "own"])
def test_pages_are_found_also_with_a_slash_behind(page: str) -> None:
    assert ask(APP, f"/{page}").body == b"here"
    assert leads_somewhere(f"/{page}/" if page else "/")


@pytest.mark.parametrize(
    "path",
    ["/_stcore/health", "/static/js/x.js", "/media/x.png", "/component/x/y", "/favicon.png", "/files/x", "/live/x/1"],
)
def test_who_has_a_route_answers_below_it(path: str) -> None:
    assert ask(APP, path).body == b"here"
