"""Any address opens its page: what cannot be read in it gives way to the usual choice, and none of it is Markdown."""

from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.runs.store import Store
from pages.shared.words import plain
from tests.pages.conftest import markdown, window
from tests.pages.test_runs_page import add

pytestmark = pytest.mark.usefixtures("small_data")
WORDS = {  # of each page's address
    "dataset": ("part", "size", "order", "class", "map", "look", "page", "picture", "seed"),
    "mistakes": ("run", "picture", "cell"),
    "predict": ("model", "with", "way", "sample", "eye"),
    "training": ("run",),
    "runs": ("run",),
    "lessons": ("lesson",),
}
BESIDE = {"seed": {"order": "shuffled"}, "map": {"look": "Map"}, "sample": {"way": "data"}}  # where a word is looked at
UNREADABLE = ("", "1e400", "-inf", ["1", "*2*"])  # each for each word alone: one may hide another
ODD = (  # for all words of a page at once
    *UNREADABLE,
    "wrong",
    "1" + "0" * 30,
    "-1",
    "nan",
    "1.5",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "![x](http://h/x.png)",
    "<img src=x onerror=1>",
    "$x$ :red[x]",
    "_" * 5_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.*x*",
    "a\0*b*",
    "*a*,*b*,,,*a*",
)
HOSTILE = [odd for odd in ODD if isinstance(odd, str) and any(mark in odd for mark in "*$_<!")]


def at_address(page: str, address: Mapping[str, str | list[str]]) -> AppTest:
    """A page at an address, which has run."""
    at = window(page)
    for word, value in address.items():
        at.query_params[word] = value
    return at.run()


@pytest.mark.parametrize("page", WORDS)
def test_a_page_survives_any_address_and_shows_no_word_of_it_as_markdown(
    store: Store, small: Dataset, page: str
) -> None:
    add(store, small)
    addresses = [dict.fromkeys(WORDS[page], odd) for odd in ODD]
    addresses += [BESIDE.get(word, {}) | {word: odd} for odd in UNREADABLE for word in WORDS[page]]
    for address in addresses:
        at = at_address(page, address)
        assert not at.exception and not at.error, address
        shown = markdown(at)
        assert len(shown) > 20  # the page is there
        assert [text for text in shown for odd in HOSTILE if odd in text] == []


def test_the_usual_choice_comes_in_place_of_what_cannot_be_read() -> None:
    odd = {"part": "", "size": "", "order": "shuffled", "seed": "1e400", "picture": "1e400", "look": "Map", "map": ""}
    at = at_address("dataset", odd)
    assert at.segmented_control(key="part").value == "training" and at.segmented_control(key="size").value == 30
    assert at.number_input(key="seed").value == 1 and at.segmented_control(key="map").value == "pca"
    assert at.segmented_control(key="order").value == "shuffled"  # what can be read stays
    assert at_address("predict", {"way": "data", "sample": "inf"}).number_input(key="sample").value == 0


def test_an_unknown_run_is_named_letter_by_letter_and_not_at_full_length(store: Store, small: Dataset) -> None:
    add(store, small)
    for odd in ("![x](http://h/x.png)", "_" * 5_000):
        for page, word in (("training", "run"), ("runs", "run"), ("predict", "model"), ("mistakes", "run")):
            [info] = [each.value for each in at_address(page, {word: odd}).info if "There is no" in each.value]
            assert f"“{plain(odd[:60])}”" in info
