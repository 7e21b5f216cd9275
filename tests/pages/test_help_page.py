"""Help: how to start, words, and what only the owner of the computer is told; what it says is true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.labels import people
from core.settings import Settings, describe
from pages.shared.entrance import is_owner
from tests.pages.conftest import opened

HERE = "http://127.0.0.1:8501/help"


def seen_from(monkeypatch: pytest.MonkeyPatch, url: str, **headers: str) -> None:
    """Let pages be asked for at this address, of an app that start.py opened for this computer only."""
    monkeypatch.setattr("streamlit.get_option", lambda name: "127.0.0.1" if name == "server.address" else None)
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.url", url)
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.headers", headers)


@pytest.fixture
def at(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    monkeypatch.setenv("FITTING_ROOM_STORE", "postgresql://teacher:secret-word@school/runs?sslpassword=secret-key")
    seen_from(monkeypatch, HERE)
    yield opened("help")


def words(at: AppTest) -> str:
    return " ".join([block.proto.body for block in at.html] + [text.value for text in at.markdown])


def test_five_lines_lead_those_who_show_it_and_five_those_who_teach(at: AppTest) -> None:
    (start,) = [block.proto.body for block in at.html if 'class="start"' in block.proto.body]
    assert [section.count("<li>") for section in start.split("</section>")] == [5, 5, 0]
    assert all(word in start for word in ("Predict", "start.py --share", "PASSPHRASE", "TEACHER_KEY", "<kbd>P</kbd>"))
    assert not re.search(r"\{\w+\}", start)


@pytest.mark.parametrize(
    "term", ["epoch", "batch", "loss", "accuracy", "validation", "sigmoid", "confusion matrix", "overfitting", "seed"]
)
def test_the_terms_of_the_field_are_explained(at: AppTest, term: str) -> None:
    assert not at.exception and not at.error
    assert f"<dt>{term}</dt>" in words(at)


def test_the_owner_is_told_every_setting_and_where_things_are(at: AppTest, home: Settings) -> None:
    assert all(name in words(at) for name, _, _ in describe())
    assert f"<code>{home.folder}</code>" in words(at)
    assert "PostgreSQL database “runs” at school" in words(at) and "secret" not in words(at)


def test_a_visitor_is_told_no_path_no_database_and_no_setting(
    at: AppTest, home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_from(monkeypatch, "http://192.168.1.5:8501/help")
    visited = opened("help")
    assert not visited.exception and not visited.error
    told = words(visited)
    for secret in (str(home.folder), str(small_folder), "PostgreSQL", "FITTING_ROOM_STORE", "owner of this computer"):
        assert secret not in told
    assert "<dt>to delete a run</dt>" in told


def test_an_owner_is_the_teacher_or_sits_at_a_computer_that_serves_nobody_else(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_owner({}, "127.0.0.1", HERE, {}) and is_owner({}, "localhost", "http://localhost:8501/", {})
    assert not is_owner({}, "0.0.0.0", HERE, {}) and not is_owner({}, None, HERE, {})  # also others may come
    assert not is_owner({}, "127.0.0.1", "https://school.example/help", {})  # through a proxy
    assert not is_owner({}, "127.0.0.1", HERE, {"X-Forwarded-For": "1.2.3.4"})  # through one that hides its name
    assert not is_owner({}, "127.0.0.1", None, {})
    monkeypatch.setenv("FITTING_ROOM_TEACHER_KEY", "owl-and-mouse")
    assert not is_owner({}, "127.0.0.1", HERE, {})  # then it takes the key
    monkeypatch.setattr("pages.shared.entrance.is_teacher", lambda cookies: bool(cookies))
    assert is_owner({"key": "right"}, "0.0.0.0", "https://school.example/help", {})


def test_credits_name_the_makers(at: AppTest) -> None:
    names = ("Zalando", "MIT", "CC0", f"How well people do, {people()}", "Intuitively create a CNN", "New ABCD of")
    assert all(name in words(at) for name in names)


def test_the_page_is_drawn_with_an_address_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_STORE", "postgresql+nothing://teacher:secret-word@school/runs")
    seen_from(monkeypatch, HERE)
    at = opened("help")
    assert not at.exception and not at.error
    assert "secret" not in words(at) and "not a database address" in words(at) and "Zalando" in words(at)


def test_the_teacher_finds_the_way_to_the_key_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def links() -> list[str]:
        return [element.proto.body for element in opened("help").get("html") if 'href="teacher"' in element.proto.body]

    assert links() == []
    monkeypatch.setenv("FITTING_ROOM_TEACHER_KEY", "owl-and-mouse")
    assert len(links()) == 1
    assert "owl-and-mouse" not in str(opened("help"))
