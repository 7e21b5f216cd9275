"""The pages speak the reader's language: the one in the address or the menu, on every page, in fragments and errors."""

import pytest
from starlette.responses import PlainTextResponse
from streamlit.testing.v1 import AppTest

from core.language import LANGUAGES
from pages.shared import session
from pages.shared.lost import LostMiddleware
from tests.asgi import ask
from tests.pages.conftest import markdown, opened

pytestmark = pytest.mark.usefixtures("small_data")
CHINESE = "zh_Hans"


def links(at: AppTest) -> set[str]:
    return {link.label for link in at.get("page_link")}


def chosen(at: AppTest) -> str:
    kept = at.query_params.get("lang", "")
    return kept if isinstance(kept, str) else "".join(kept)


def go(at: AppTest, page: str) -> AppTest:
    """Another page of the same window, as a link in the menu opens it: with nothing in its address."""
    at.query_params.clear()
    return at.switch_page(f"{page}.py").run()


@pytest.mark.parametrize("page", ["welcome", "training"])
def test_a_page_speaks_the_language_in_its_address(page):
    at = opened(page, lang=CHINESE)
    assert not at.exception and not at.error
    assert {"训练", "预测", "训练记录"} <= links(at) and not {"Train", "Predict"} & links(at)


def test_without_a_wish_a_page_speaks_english_and_an_unknown_language_is_english_too():
    assert "Train" in links(opened("welcome")) and "Train" in links(opened("welcome", lang="xx"))


def test_the_menu_switches_the_language_and_the_address_and_the_next_page_keep_it():
    at = opened("welcome")
    at.selectbox(key="frame_language").set_value(CHINESE).run()
    assert "训练" in links(at) and chosen(at) == CHINESE
    assert "训练" in links(go(at, "help")) and chosen(at) == CHINESE
    at.selectbox(key="frame_language").set_value("en").run()
    assert "Train" in links(at) and "Train" in links(go(at, "welcome"))


def test_the_language_can_be_chosen_by_its_own_name_whatever_is_spoken():
    for language in LANGUAGES:
        at = opened("welcome", lang=language)
        assert at.selectbox(key="frame_language").options == [*LANGUAGES.values()]
        assert at.selectbox(key="frame_language").value == language


def test_a_browser_that_wishes_chinese_gets_it(monkeypatch):
    monkeypatch.setattr(session, "nearest", lambda wishes: CHINESE)
    assert "训练" in links(opened("welcome"))


def test_what_is_cached_for_all_does_not_keep_the_language_of_the_first_reader():
    assert "训练" in links(opened("welcome", lang=CHINESE))
    at = opened("welcome")
    shown = " ".join(markdown(at))
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in shown.replace("语言", "").replace("简体中文", ""))


def script() -> None:
    """A page whose action fails in a fragment."""
    import streamlit as st

    from core.errors import RunError
    from core.language import _
    from pages.shared.errors import fragment, guarded

    def fail() -> None:
        raise RunError("Nothing was kept of epoch {epoch} of this run. Choose another.", epoch=7)

    @fragment()
    def part() -> None:
        st.button(_("Start"), key="start", on_click=guarded(fail))

    part()


def test_a_fragment_and_an_error_in_its_action_speak_the_language_of_the_window():
    at = AppTest.from_function(script, default_timeout=60)
    at.query_params["lang"] = CHINESE
    at.run()
    assert at.button(key="start").label == "开始"
    at.button(key="start").click().run()
    assert at.button(key="start").label == "开始"
    [said] = [toast.value for toast in at.toast]
    assert "7" in said and "Nothing" not in said


@pytest.mark.parametrize(
    ("address", "wishes", "language", "title"),
    [
        ("/nowhere", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "没有这个页面"),
        ("/nowhere?lang=zh_Hans", "en", "zh-Hans", "没有这个页面"),
        ("/nowhere", "en-GB,en;q=0.9", "en", "There is no such page"),
        ("/nowhere?lang=xx", "", "en", "There is no such page"),
    ],
)
def test_an_answer_without_a_page_of_streamlits_speaks_the_language_of_its_reader(address, wishes, language, title):
    app = LostMiddleware(PlainTextResponse("here"))
    answer = ask(app, address, accept_language=wishes).body.decode()
    assert f'<html lang="{language}">' in answer and f"<h1>{title}</h1>" in answer
