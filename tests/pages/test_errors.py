"""An error is one sentence wherever on a page it comes, in a fragment or behind a button; and the log stays short."""

import ast
import logging
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.errors import RunError, StoreError
from core.runs.book import NOT_YOURS
from core.runs.schema import owner_of
from core.runs.store import Store
from pages.shared import errors
from pages.shared.errors import Seldom, sentence
from pages.shared.words import plain
from tests.pages.conftest import PROJECT, opened
from tests.pages.test_runs_page import add
from tests.pages.test_training_page import add as add_waiting
from tests.stored import alter

PAGES = sorted((PROJECT / "pages").rglob("*.py"))
FULL = "The store cannot be written: the disk is full. Make room, then try again."


@pytest.fixture(autouse=True)
def a_log_that_was_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "seldom", Seldom())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock by which the log rests."""
    monkeypatch.setattr(errors.time, "monotonic", lambda: 1000.0)
    return lambda seconds: monkeypatch.setattr(errors.time, "monotonic", lambda: 1000.0 + seconds)


def script() -> None:
    """A page with a fragment that draws itself again at a press, and a button beside it."""
    import streamlit as st

    from core.errors import StoreError
    from pages.shared.errors import fragment, guard, guarded

    def fail(error: Exception) -> None:
        raise error

    @fragment()
    def drawn() -> None:
        st.session_state["runs"] = st.session_state.get("runs", 0) + 1
        st.button("Again", key="again")
        st.button("Press", key="inside", on_click=guarded(fail), args=(StoreError("Full of *stars*."),))
        if st.session_state["runs"] > 1:
            raise st.session_state["error"]
        st.write("Drawn once")

    with guard():
        drawn()
    st.button("Fail", key="fail", on_click=guarded(fail), args=(StoreError("Full of *stars*."),))
    st.write("The rest of the page")


def test_an_error_in_a_fragment_drawn_again_is_a_sentence_in_its_place(caplog: pytest.LogCaptureFixture) -> None:
    at = AppTest.from_function(script)
    at.session_state["error"] = StoreError(FULL)
    at.run()
    assert [text.value for text in at.markdown] == ["Drawn once", "The rest of the page"]
    at.button(key="again").click().run()
    assert not at.exception and [error.value for error in at.error] == [plain(FULL)]
    assert "The rest of the page" in [text.value for text in at.markdown]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("key", ["fail", "inside"])
def test_an_error_in_what_a_button_does_is_said_and_the_page_is_there_all_the_same(key: str) -> None:
    at = AppTest.from_function(script)
    at.session_state["error"] = StoreError(FULL)
    at.run()
    at.button(key=key).click().run()
    assert not at.exception and [toast.value for toast in at.toast] == [plain("Full of *stars*.")]
    assert "The rest of the page" in [text.value for text in at.markdown]


@pytest.mark.usefixtures("small_data")
def test_a_page_whose_store_fails_meanwhile_says_so_and_logs_it_once(
    store: Store, small: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add_waiting(store, small)
    for page in ("welcome", "runs", "training"):
        at = opened(page)
        assert not at.error
        with monkeypatch.context() as patch:
            patch.setattr(Store, "runs", lambda self: (_ for _ in ()).throw(StoreError(FULL)))
            for _ in range(3):
                at.run()
                assert not at.exception and plain(FULL) in [error.value for error in at.error]
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in told] == [f"{FULL} (1 x)"] and not told[0].exc_info


@pytest.mark.usefixtures("small_data")
def test_a_press_on_stop_by_who_may_not_is_answered_in_a_sentence(store: Store, small: Dataset) -> None:
    run_id = add_waiting(store, small)
    at = opened("training", run=run_id)
    alter(store, run_id, owner=owner_of("somebody else"))  # since the page was drawn
    at.button(key="training_stop").click().run()
    assert not at.exception and [toast.value for toast in at.toast] == [plain(NOT_YOURS)]
    assert "training_stop" not in [button.key for button in at.button] and store.run(run_id).status == "waiting"


@pytest.mark.usefixtures("small_data")
def test_a_run_that_another_window_has_deleted_is_no_error_of_the_page(store: Store, small: Dataset) -> None:
    run_id = add(store, small)
    at = opened("runs", run=run_id)
    store.delete(run_id)
    at.button(key="runs_delete").click().run()
    assert not at.exception and len(at.get("file_uploader")) == 2  # what stands below is there


def failing(error: Exception) -> Exception:
    """The error as it is once it was raised in one place."""
    try:
        raise error
    except Exception as raised:
        return raised


def test_the_same_error_is_logged_once_a_minute_with_how_often_it_came(
    clock: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    said = {sentence(failing(ValueError(f"Number {number}"))) for number in range(5)}
    assert len(said) == 1 and [record.getMessage()[-5:] for record in caplog.records] == ["(1 x)"]
    (number,) = {words.split("number ")[1].rstrip(".") for words in said}
    assert number in caplog.text and caplog.records[0].exc_info
    clock(59.0)
    sentence(failing(ValueError("Number 5")))
    assert len(caplog.records) == 1
    clock(60.0)
    sentence(failing(ValueError("Number 6")))
    assert [record.getMessage()[-5:] for record in caplog.records] == ["(1 x)", "(6 x)"]
    sentence(failing(KeyError("another")))
    assert len(caplog.records) == 3


def test_what_a_person_did_wrong_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert sentence(RunError("There is no such run.")) == "There is no such run." and not caplog.records


def test_the_log_remembers_no_more_than_a_few_things() -> None:
    seldom = Seldom()
    for number in range(3 * errors.MOST_KNOWN):
        assert seldom.times(number) == 1
    assert seldom.times(3 * errors.MOST_KNOWN - 1) == 0 and seldom.times(0) == 1


def unguarded(text: str) -> list[str]:
    """Where a page uses a fragment of Streamlit's own, or gives a widget something to call that is not `guarded`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "st.fragment":
            found.append("st.fragment")
        pairs: list[tuple[str | None, ast.expr]] = []
        if isinstance(node, ast.Call):
            pairs = [(word.arg, word.value) for word in node.keywords]
        elif isinstance(node, ast.Dict):
            rows = zip(node.keys, node.values, strict=True)
            pairs = [(key.value, value) for key, value in rows if isinstance(key, ast.Constant)]
        for name, value in pairs:
            if name in ("on_click", "on_change", "on_select", "on_submit", "on_dismiss"):
                called = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
                if called != "guarded" and not isinstance(value, ast.Constant):
                    found.append(f"{name}={ast.unparse(value)}")
    return found


def test_every_fragment_and_everything_that_a_widget_calls_is_guarded() -> None:
    sample = 'st.x(on_click=go)\n{"on_click": lambda: 1}\n@st.fragment\ndef f(): pass\nst.x(on_change="rerun")'
    assert sorted(unguarded(sample)) == ["on_click=go", "on_click=lambda: 1", "st.fragment"]
    assert len(PAGES) > 20
    found = {path.name: unguarded(path.read_text(encoding="utf-8")) for path in PAGES}
    assert {name: calls for name, calls in found.items() if calls} == {"errors.py": ["st.fragment"]}
