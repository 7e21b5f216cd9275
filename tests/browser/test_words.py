"""What a person wrote is shown letter by letter by the front end that is installed, whichever element it stands in."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from core.words import line
from pages.shared.words import JOINER
from tests.browser.conftest import PROJECT, serve

Open = Callable[..., Page]
pytestmark = pytest.mark.browser
WRITTEN = [
    *("![x](http://h/x.png)", "[a](http://b.c)", "<img src=x onerror=1>", "<http://a.b>", "<!-- x -->", "</div>"),
    *("**b** __b__ *i* _i_ ~~s~~", "`code`", "``x``", "```", "~~~", "# h", "## h ##", "foo #", "> q", "***", "==="),
    *(
        "- a",
        "+ a",
        "* a",
        "-",
        "+",
        "1. a",
        "1) a",
        "12. ",
        "- [ ] task",
        "[ ] x",
        "[x]: http://y.z",
        "[^1]",
        "[^1]: x",
    ),
    *("$x^2$", "$$x$$", "x^2^", "==a==", "a|b", "|a|b|", "\\", "a\\", "\\*a\\*", "&amp;", "&#60;b&#62;", "&copy;", "<"),
    *(
        "a -> b <- c -- d >= e <= f ~= g <-> h",
        "->",
        "--",
        "~=",
        "---",
        "-- a",
        "a_b_c",
        "C:\\users\\x",
        "sqlite:////a",
    ),
    *("http://x.y/z?a=b&c=d", "https://x.y", "www.x.com", "WWW.x.com", "(www.x.com)", "a@b.cd", "mailto:a@b.cd"),
    *(":smile:", ":+1:", ":100:", ":material/home:", ":material_home:", ":streamlit:", ":red[x]", ":red-background[x]"),
    *(
        ":badge[x]",
        ":help[x]",
        ":b",
        ":b{c=d}",
        "b{c=d}",
        "::b",
        "::b[x]",
        ":::b",
        "{a}",
        "12:30:45",
        "a:b:c",
        "é 漢 😀",
    ),
]
MARKS = [
    *"\\`*_{}[]()<>#+-.!|~$:&^=@/ ab1",
    "http://a.b",
    "www.",
    "a@b.c",
    ":red[",
    "--",
    "->",
    ":smile:",
    "{a=b}",
    ":b",
]
SCRIPT = """
import sys

import streamlit as st

sys.path.insert(0, {project!r})
from pages.shared.words import plain

ELEMENTS = {{
    "write": st.write, "heading": lambda text: st.subheader(text, anchor=False), "caption": st.caption,
    "error": lambda text: st.error(text, icon=":material/error:"), "metric": lambda text: st.metric(text, 1),
    "progress": lambda text: st.progress(0.5, text=text), "radio": lambda text: st.radio("r", [text, "other"]),
    "within": lambda text: st.write(f"Deleted “{{text}}”."), "bold": lambda text: st.write(f"**“{{text}}” is right**"),
}}
for number, text in enumerate({texts!r}):
    with st.container(key=f"words_{{number}}"):
        ELEMENTS[st.query_params["element"]](plain(text))
st.html('<p id="end">end</p>')
"""
READ = """() => [...document.querySelectorAll("[class*=st-key-words_]")].map(each => {
    const shown = [...each.querySelectorAll("[data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]")];
    const made = "img, a, code, strong, em, del, ul, ol, table, hr, blockquote, sup, br, .katex, input";
    return [shown.map(each => each.textContent), shown.flatMap(each => [...each.querySelectorAll(made)]).length];
})"""


def nasty() -> list[str]:
    """What a person may have written, and marks heaped up by chance: the same each time."""
    chance = random.Random(7)
    return [*WRITTEN, *("".join(chance.choices(MARKS, k=chance.randint(1, 14))) for _ in range(60))]


def test_every_element_shows_what_was_written_and_nothing_else(tmp_path: Path, open_page: Open) -> None:
    texts = sorted({line(text) for text in nasty()} - {""})
    script = tmp_path / "words.py"
    script.write_text(SCRIPT.format(project=str(PROJECT), texts=texts), encoding="utf-8")
    running = serve(tmp_path / "home", workers=0, script=str(script))
    try:
        for element in ("write", "heading", "caption", "error", "metric", "progress", "radio", "within", "bold"):
            page = open_page(f"{running.address}/?element={element}", wait=False)
            page.locator("#end").wait_for(timeout=30_000)
            page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
            around = {"within": "Deleted “{}”.", "bold": "“{}” is right"}.get(element, "{}")
            shown = page.evaluate(READ)
            assert len(shown) == len(texts)
            for text, (words, made) in zip(texts, shown, strict=True):
                assert around.format(line(text)) in [each.replace(JOINER, "") for each in words], (element, text, words)
                assert made == (element == "bold"), (element, text)
    finally:
        running.stop()
