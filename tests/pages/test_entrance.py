"""The entrance: nothing without the passphrase, where one is set; everything with it, also after a restart."""

import asyncio
import stat
import sys
import time
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pages.shared import entrance
from pages.shared.entrance import GUEST, SECRET, TEACHER, EntranceMiddleware, is_teacher
from pages.shared.plain import plain_page
from tests import aio
from tests.asgi import Answer, answered, ask

WORDS, KEY = "seven blue whales", "the teacher's own"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of an app with a passphrase and a teacher's key."""
    for name, value in {"HOME": str(tmp_path / "home"), "PASSPHRASE": WORDS, "TEACHER_KEY": KEY}.items():
        monkeypatch.setenv(f"FITTING_ROOM_{name}", value)
    monkeypatch.setattr(entrance, "PAUSE_SECONDS", 0.0)
    restart()
    return tmp_path / "home"


def restart() -> None:
    """What a server forgets when it ends."""
    entrance._secret.cache_clear()


def app() -> EntranceMiddleware:
    return EntranceMiddleware(PlainTextResponse("inside"))


def enter(path: str, words: str, **headers: str) -> Answer:
    return ask(app(), path, "POST", f"word={words.replace(' ', '+')}".encode(), **headers)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    "path", ["/", "/training", "/static/js/x.js", "/_stcore/upload_file/a/b", "/files/x", "/live/x/1", "/nothing"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
@pytest.mark.parametrize("cookie", ["", f"{GUEST}=", f"{GUEST}=guess", f"{GUEST}={'0' * 64}", f"{GUEST}=ü"])
def test_who_has_not_entered_gets_the_form_and_nothing_else(path: str, method: str, cookie: str) -> None:
    answer = ask(app(), path, method, cookie=cookie)
    assert answer.status == 403 and b'<form method="post">' in answer.body and b"inside" not in answer.body
    assert answer.headers["cache-control"] == "no-store" and WORDS.encode() not in answer.body


def test_only_whether_the_server_runs_is_told_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(app(), "/_stcore/health").body == b"inside"
    assert ask(app(), "/_stcore/health/x").status == 403
    monkeypatch.setenv("FITTING_ROOM_PASSPHRASE", "  ")
    assert ask(app(), "/").body == b"inside"


def test_a_wrong_word_gets_the_sentence_again() -> None:
    for words in ("", "seven blue whale", WORDS.upper(), "x" * 5000):
        answer = enter("/runs", words)
        assert answer.status == 403 and b"That is not it." in answer.body and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "there"),
    [("/", "./"), ("/training", "./training"), ("//evil.example", "./evil.example"), ("/\\evil", "./%5Cevil")],
)
def test_the_right_words_lead_on_and_last_beyond_a_restart(path: str, there: str) -> None:
    answer = enter(path, f" {WORDS} ")
    assert (answer.status, answer.headers["location"]) == (303, there)
    assert "HttpOnly" in answer.headers["set-cookie"] and "SameSite=lax" in answer.headers["set-cookie"]
    restart()
    assert ask(app(), "/training", cookie=cookie_of(answer)).body == b"inside"


def test_other_words_end_what_the_old_ones_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = cookie_of(enter("/", WORDS))
    monkeypatch.setenv("FITTING_ROOM_PASSPHRASE", "other words")
    assert ask(app(), "/", cookie=cookie).status == 403


def test_a_mistake_in_another_setting_does_not_open_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_WORKERS", "many")
    assert ask(app(), "/").status == 403


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps others out of a person's folders itself")
def test_nobody_else_on_the_computer_reads_the_secret(home: Path) -> None:
    enter("/", WORDS)
    assert stat.S_IMODE((home / SECRET).stat().st_mode) == 0o600 and (home / SECRET).stat().st_size == 32


def test_the_teachers_key_makes_a_teacher_and_the_passphrase_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    guest = cookie_of(enter("/", WORDS))
    assert enter("/teacher", WORDS, cookie=guest).status == 403
    answer = enter("/teacher", KEY, cookie=guest)
    name, _, code = cookie_of(answer).partition("=")
    assert (answer.status, name) == (303, TEACHER) and is_teacher({name: code})
    assert not is_teacher({}) and not is_teacher({TEACHER: guest.partition("=")[2]}) and not is_teacher({TEACHER: KEY})
    both = f"{guest}; {TEACHER}={code}"
    assert b"You are the teacher" in ask(app(), "/teacher", cookie=both).body
    assert f'{TEACHER}=""' in ask(app(), "/teacher", "POST", cookie=both).headers["set-cookie"]
    monkeypatch.delenv("FITTING_ROOM_TEACHER_KEY")
    assert not is_teacher({name: code}) and ask(app(), "/teacher", cookie=guest).body == b"inside"


def test_a_websocket_is_refused_without_and_passes_with() -> None:
    sent: list[str] = []

    async def socket(_: Scope, __: Receive, ___: Send) -> None:
        sent.append("inside")

    async def connect(cookie: str) -> None:
        async def send(message: dict) -> None:
            sent.append(message["type"])

        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"cookie", cookie.encode())]}
        await EntranceMiddleware(socket)(scope, None, send)

    aio.run(connect(""))
    aio.run(connect(cookie_of(enter("/", WORDS))))
    assert sent == ["websocket.close", "inside"]


def test_guessing_is_slow_and_who_knows_the_words_comes_in_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "PAUSE_SECONDS", 0.1)
    aio.run(guess_together())


async def guess_together() -> None:
    server, began = app(), time.monotonic()
    wrong = [asyncio.create_task(answered(server, "/", "POST", b"word=guess")) for _ in range(5)]
    right = asyncio.create_task(answered(server, "/", "POST", b"word=seven+blue+whales"))
    await answered(server, "/", "POST", b"word=guess", client="5.6.7.8")
    assert not wrong[-1].done(), "another address does not wait"
    assert (await right).status == 303
    assert time.monotonic() - began >= 0.5 and all(task.done() for task in wrong)


def test_what_stands_in_a_plain_page_is_narrow_and_needs_no_script() -> None:
    page = plain_page("<b>", "", 200).body.decode()
    assert "&lt;b&gt;" in page and "<script" not in page and "width=device-width" in page
    assert "prefers-color-scheme:dark" in page
