"""The headers of every answer, whoever gives it, and the cookies in it."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pages.shared import headers
from pages.shared.headers import HeadersMiddleware, content_policy, harden, scripts_in
from tests.asgi import ask


async def give(_: Request) -> Response:
    answer = PlainTextResponse("here", headers={"Referrer-Policy": "unsafe-url"})
    answer.set_cookie("plain", "1", samesite=None)
    answer.set_cookie("strict", "2", samesite="strict", httponly=True)
    return answer


async def fail(_: Request) -> Response:
    raise ValueError("a secret of the server")


APP = Starlette(routes=[Route("/", give), Route("/fail", fail)], middleware=[Middleware(HeadersMiddleware)])


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nowhere", 404), ("/fail", 500)])
def test_every_answer_carries_the_headers_also_an_error(path: str, status: int) -> None:
    answer = ask(APP, path)
    assert answer.status == status and b"secret" not in answer.body
    assert isinstance(answer.error, ValueError) == (status == 500), "the log is still written"
    assert {name: answer.headers.getlist(name) for name in headers.FIXED} == {
        name: [value] for name, value in headers.FIXED.items()
    }
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["connect-src"] == "'self' data: ws://tablet.school:8501 wss://tablet.school:8501"
    assert "unsafe-inline" not in policy["script-src"] and "'unsafe-eval'" not in policy["script-src"]


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "evil.example,*", "*", "", "http://x", "x\n"])
def test_no_host_adds_anything_but_itself(host: str) -> None:
    assert content_policy(host, "").count("ws:") == 0
    assert "*" not in content_policy(host, "")


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "[::1]:8501", "fitting-room.school.example"])
def test_a_hosts_sockets_are_named(host: str) -> None:
    assert f"connect-src 'self' data: ws://{host} wss://{host};" in content_policy(host, "")


@pytest.mark.parametrize("told", ["https", "HTTPS, http"])
def test_cookies_are_secure_for_who_comes_encrypted_and_no_other_site_sends_them(told: str) -> None:
    plain = ask(APP).headers.getlist("set-cookie")
    assert plain == ["plain=1; Path=/; SameSite=Lax", "strict=2; HttpOnly; Path=/; SameSite=strict"]
    secure = [f"{cookie}; Secure" for cookie in plain]
    assert ask(APP, x_forwarded_proto=told).headers.getlist("set-cookie") == secure
    assert ask(APP, scheme="https").headers.getlist("set-cookie") == secure


def test_what_a_cookie_says_already_is_not_said_twice() -> None:
    assert harden("secure=samesite; Secure; SameSite=None", True) == "secure=samesite; Secure; SameSite=None"


def test_the_script_in_streamlits_page_is_found() -> None:
    page = headers.INDEX.read_text(encoding="utf-8")
    assert len(scripts_in(page)) == page.count("<script") - page.count("<script type=") > 0
