"""A run as one web page: what is in it, that no name gets out of its place, and that it reads the network's own file.

That its answers are the app's is tested in a browser: tests/browser/test_take_home.py.
"""

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest

from core.errors import RunError
from core.inference.network import shipped_bytes
from core.inference.portable import packed
from core.inference.steps import steps_of
from core.language import using
from core.runs.book import NewRun
from core.runs.files import put
from core.runs.results import SHIPPED
from core.runs.schema import FileKind
from core.runs.store import Store
from core.runs.web_page import web_page
from core.training.plan import Plan
from tests.stored import alter

HOSTILE = "</script></title><img src=x onerror=alert(1)>&amp; $page {name}"


class Read(HTMLParser):
    """What a browser would make of a page: its elements, and the text in each kind."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):  # which have no end
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def taken(store: Store) -> str:
    """A finished run of a hostile name; its network is the one that comes with the app."""
    run_id = store.create(NewRun(Plan.of("quick"), "tidy", "0" * 16, "Drawn stand-in clothes"))
    finished = {"status": "done", "test_accuracy": 0.9137, "temperature": 1.3, "finished": 1_750_000_000.0}
    alter(store, run_id, name=HOSTILE, data_title=HOSTILE, **finished)
    with store.database.writing() as connection:
        put(connection, run_id, FileKind.TFLITE, shipped_bytes("model.tflite"))
    return run_id


def test_a_page_says_whose_network_it_is_and_keeps_every_word_in_its_place(store: Store, taken: str):
    page = Read(web_page(taken, store))
    assert page.texts["title"] == page.texts["h1"] == [HOSTILE]
    assert page.of("img") == [] and len(page.of("script")) == 3
    facts = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
    assert facts["Test pictures right"] == "91.4\xa0%" and facts["Network"] == "Quick" and facts["Clothes"] == HOSTILE
    assert (facts["Finished on"], facts["Numbers it learned"]) == ("June 15, 2025", "102,666")
    assert page.of("html") == [{"lang": "en"}]


def test_a_page_needs_nothing_else_and_may_load_nothing(store: Store, taken: str):
    content = web_page(taken, store)
    page = Read(content)
    assert not [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    (policy,) = [meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    assert rules["default-src"] == "'none'" and set(rules["img-src"].split()) == {"data:"}
    for rule, pattern in (("script-src", "<script>(.*?)</script>"), ("style-src", "<style>(.*?)</style>")):
        (words,) = re.findall(pattern, content.decode(), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(words.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_a_page_holds_the_numbers_that_the_app_computes_with_and_little_more(store: Store, taken: str):
    content = web_page(taken, store)
    texts = Read(content).texts["script"]
    known, numbers = json.loads(texts[0]), zlib.decompress(base64.b64decode(texts[1]))
    network = steps_of(shipped_bytes("model.tflite"))
    assert known["steps"] == network.steps and known["temperature"] == 1.3 and known["thresholds"] == {}
    planes = np.frombuffer(numbers, np.uint8).reshape(4, -1)
    assert np.array_equal(np.ascontiguousarray(planes.T).view("<f4").ravel(), network.numbers)
    assert len(content) < len(base64.b64encode(packed(network.numbers))) + 120_000


def test_a_page_speaks_the_language_of_whoever_asked_for_it(store: Store, taken: str):
    with using("zh_Hans"):
        page = Read(web_page(taken, store))
    assert page.of("html") == [{"lang": "zh-Hans"}] and "选一张照片" in "".join(page.texts["label"])
    known = json.loads(page.texts["script"][0])
    assert (known["names"][5], known["words"]["percent"]) == ("凉鞋", "{n}%")


def test_the_network_that_comes_with_the_app_can_be_taken_home_too(store: Store):
    page = Read(web_page(SHIPPED, store))
    assert page.texts["h1"] == ["The network that comes with the app"]
    assert set(json.loads(page.texts["script"][0])["thresholds"]) == {"photo", "drawing"}


def test_what_is_no_network_is_refused_with_a_sentence(store: Store, taken: str):
    waiting = store.create(NewRun(Plan.of("quick"), "another", "0" * 16, "Drawn stand-in clothes"))
    with pytest.raises(RunError, match="has no model yet"):
        web_page(waiting, store)
    for content in (b"", b"TFL3", shipped_bytes("model.tflite")[:5_000]):
        with pytest.raises(RunError, match="not a network I can load"):
            steps_of(content)
