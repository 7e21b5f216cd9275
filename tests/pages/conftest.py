"""What the tests of pages share: small data in use, the store behind the pages, and a page opened at an address."""

import functools
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from pages.shared import alike

PROJECT = Path(__file__).resolve().parents[2]
ROUTER = PROJECT / "pages" / "router.py"
NO_MARKDOWN = {"html", "code", "plotly_chart", "bidi_component", "main"}  # elements; the first is escaped as HTML is
AS_IT_IS = {  # fields of others that Streamlit shows letter by letter
    ("selectbox", "options"),
    ("selectbox", "raw_value"),
    *((kind, field) for kind in ("text_input", "text_area") for field in ("default", "value", "placeholder")),
}


@pytest.fixture(scope="session", autouse=True)
def no_idle_work() -> Iterator[None]:
    """What Streamlit does over and over, each time for a third of a second or more.

    Every new window looks through all installed packages for components, and finds the same. After every run of a page
    Keras' session is cleared where Keras is loaded: in a process of tests that trained, but never in the app's server.
    """
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(autouse=True)
def training_pictures_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network looks at few training pictures, and the page waits for it: here nothing is drawn anew by itself."""
    monkeypatch.setattr(alike, "MOST", 100)
    monkeypatch.setattr(alike.Alike, "ready", lambda self, _seconds, ready=alike.Alike.ready: ready(self, None))


@pytest.fixture
def small_data(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages use a small data set in a folder."""
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))


def window(page: str) -> AppTest:
    """A browser window at a page that has not run yet."""
    return AppTest.from_file(str(ROUTER), default_timeout=60).switch_page(f"{page}.py")


def opened(page: str, /, **address: str) -> AppTest:
    """A page that has run, with words in its address."""
    at = window(page)
    for word, value in address.items():
        at.query_params[word] = value
    return at.run()


def offers(at: AppTest) -> list[str]:
    """What the links say that make a file."""
    links = (re.search(r'<a class="file.*?</i>(.*?)</a>', block.proto.body) for block in at.html)
    return [html.unescape(link[1]) for link in links if link]


def kept(at: AppTest) -> dict[str, Any]:
    """What the session keeps while its page is open."""
    return at.session_state["open_page"][1]


def markdown(at: AppTest) -> list[str]:
    """Every text of a page that Streamlit may take for Markdown: all that its elements hold, but for AS_IT_IS."""
    nodes = [*(node for block in (at.main, at.sidebar) for node in block if node.type not in NO_MARKDOWN), *at.toast]
    return [
        text
        for node in nodes
        if node.proto is not None
        for field, text in _texts(node.proto)
        if (node.type, field) not in AS_IT_IS and field != "id"
    ]


def _texts(message: Any) -> Iterator[tuple[str, str]]:
    """The texts in a message of Streamlit's, each with the name of its field, and in those that are parts of it."""
    for field, value in message.ListFields():
        for each in value if field.is_repeated else [value]:
            if isinstance(each, str):
                yield field.name, each
            elif hasattr(each, "ListFields"):
                yield from _texts(each)


def curves(at: AppTest) -> list[dict[str, Any]]:
    """What the curves on a page are told; what they draw themselves, in the browser, is not seen here."""
    return [json.loads(each.proto.json) for each in at.get("bidi_component") if each.proto.component_name == "curve"]
