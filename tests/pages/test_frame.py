"""What all pages begin with: the menu, a line of heading, the small menu behind, links to share, the presenter view."""

import re
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shared import share
from tests.pages.conftest import opened, window

pytestmark = pytest.mark.usefixtures("small_data")
PAGES = ("dataset", "lessons", "training", "predict", "mistakes", "runs", "help", "own")


def blocks(at: AppTest) -> str:
    """All HTML of a page."""
    return "".join(block.proto.body for block in at.html)


def test_the_menu_leads_to_every_page_and_stands_in_the_small_menu_too() -> None:
    links = [link.label for link in window("welcome").run().get("page_link")]
    assert links[:8] == ["Fitting Room", "Clothes", "Lessons", "Train", "Predict", "Mistakes", "Run book", "Help"]
    assert links[8:16] == links[:8]  # for a phone


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_one_heading_and_one_line(page: str, store: object) -> None:
    at = opened(page)
    assert len(at.title) == 1 and not at.exception
    assert len(re.findall('<p class="lead">', blocks(at))) == 1
    assert [toggle.key for toggle in at.toggle][:1] == ["frame_negative"]  # in the small menu


def test_a_link_to_share_says_what_is_shown_but_not_how_this_window_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(url="http://192.168.1.5:8501/predict")
    asked = SimpleNamespace(to_dict=lambda: {"way": "data", "sample": "7", "lang": "zh_Hans", "present": "1"})
    monkeypatch.setattr(st, "context", context)
    monkeypatch.setattr(st, "query_params", asked)
    assert share.address() == "http://192.168.1.5:8501/predict?way=data&sample=7"
    assert share.address(sample="8", way="") == "http://192.168.1.5:8501/predict?sample=8"
    assert share.address(sample="<b>&") == "http://192.168.1.5:8501/predict?way=data&sample=%3Cb%3E%26"


def test_a_link_too_long_for_a_camera_has_no_code() -> None:
    assert share.qr_code("http://a/" + "b" * 400) and not share.qr_code("http://a/" + "b" * 500)


def test_the_presenter_view_stands_in_the_address_and_goes_along_to_other_pages() -> None:
    at = opened("help")
    code = 'class="presented-code"'
    assert code not in blocks(at)
    at.button(key="frame_present").click().run()
    assert at.query_params["present"] == "1" and code in blocks(at)
    at.query_params.clear()  # as a link of the menu does
    at.switch_page("training.py").run()
    assert at.query_params["present"] == "1" and code in blocks(at)
    at.button(key="frame_present").click().run()
    assert "present" not in at.query_params and code not in blocks(at)


def test_a_link_to_the_presenter_view_opens_it() -> None:
    assert 'class="presented-code"' in blocks(opened("help", present="1"))


def test_the_language_stands_in_the_address_and_goes_along_to_other_pages() -> None:
    at = opened("help")
    at.selectbox(key="frame_language").select("zh_Hans").run()
    assert at.query_params["lang"] == "zh_Hans" and not at.exception
    at.query_params.clear()
    at.switch_page("training.py").run()
    assert at.query_params["lang"] == "zh_Hans" and at.selectbox(key="frame_language").value == "zh_Hans"


def test_an_address_that_names_no_language_of_ours_speaks_english() -> None:
    assert opened("help", lang="klingon").selectbox(key="frame_language").value == "en"
