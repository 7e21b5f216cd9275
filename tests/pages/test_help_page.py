"""Help: words, places, settings; what it says is true."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import Settings, describe
from tests.pages.conftest import opened


@pytest.fixture
def at(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    monkeypatch.setenv("FITTING_ROOM_STORE", "postgresql://teacher:secret-word@school/runs?sslpassword=secret-key")
    return opened("help")


def words(at: AppTest) -> str:
    return " ".join([block.proto.body for block in at.html] + [text.value for text in at.markdown])


@pytest.mark.parametrize(
    "term", ["epoch", "batch", "loss", "accuracy", "validation", "confusion matrix", "overfitting", "seed"]
)
def test_the_terms_of_the_field_are_explained(at, term):
    assert not at.exception and not at.error
    assert f"<dt>{term}</dt>" in words(at)


def test_every_setting_is_listed(at):
    for name, _, _ in describe():
        assert name in words(at)


def test_it_says_where_things_lie_and_what_to_delete(at, home):
    assert at.code[0].value == str(home.folder)


def test_credits_name_the_makers(at):
    for name in (
        "Zalando",
        "MIT",
        "CC0",
        "How well people do, 83.5 %",
        "Intuitively create a CNN",
        "New ABCD of machine",
    ):
        assert name in words(at)


def test_the_password_of_a_database_is_never_shown(at):
    assert "secret" not in words(at)
    assert "PostgreSQL database “runs” at school" in words(at)


def test_the_page_is_drawn_with_an_address_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_STORE", "postgresql+nothing://teacher:secret-word@school/runs")
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
