"""Finds words in Python code that readers may see and that no mark brings into the catalogues."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core import catalogues
from core.catalogues import MARKS

# Arguments of Streamlit's elements that are read; for these elements the first one is, too.
READ = {"label", "body", "help", "placeholder", "caption", "captions", "title", "text", "page_title", "format", "delta"}
ELEMENTS = set(
    "title header subheader caption markdown write text info warning error success toast button link_button page_link"
    " download_button checkbox toggle radio selectbox multiselect slider select_slider text_input text_area"
    " number_input file_uploader camera_input popover expander tabs segmented_control pills metric html spinner status"
    " dialog badge form_submit_button share".split()
)
SILENT = {"exception", "debug", "warning", "info", "error", "log"}  # of a logger
TAG = re.compile(r"<style>.*?</style>|<[^>]*>|&\w+;|:material/\w+:|https?://\S+|:[a-z]+\[|\{\w*\}")
SAID_IN_TAG = re.compile(r'(?:alt|title|aria-label|placeholder)="([^"]*)"')
WORD = re.compile(r"[^\W\d_]{2,}")
PROSE = re.compile(r"(?:^|\s)[^\W\d_]{2,},? [a-z]{1,}\b(?![-:=])")  # two words, as no key, class or style has them


def unmarked(file: Path, names: frozenset[str] = frozenset()) -> list[str]:
    """The words in a file that readers may see though nothing marks them, with their lines; without proper `names`.

    Prose that is marked elsewhere is no finding where it is only a key: words are translated where they are shown.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node.value)}
    return [f"{file.name}:{line}: {text}" for line, text in sorted(set(_found(tree, docstrings, names)))]


@cache
def known() -> frozenset[str]:
    """Every message of the catalogues."""
    return frozenset(message.id for message in catalogues.template() if isinstance(message.id, str))


def _found(node: ast.AST, skip: set[int], names: frozenset[str], shown: bool = False) -> Iterator[tuple[int, str]]:
    """Prose anywhere, and single words where they are `shown`."""
    if id(node) in skip:
        return
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = said(_text(node))
        for name in names:
            text = text.replace(name, "")
        if (WORD if shown else PROSE).search(text) and (shown or text.strip() not in known()):
            yield node.lineno, " ".join(text.split())[:90]
    if isinstance(node, ast.Call):
        yield from _in_call(node, skip, names, shown)
        return
    if isinstance(node, ast.Subscript | ast.Compare) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        shown = False  # a key, or a file
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _found(child, skip, names, shown and not isinstance(node, ast.Attribute))


def _in_call(call: ast.Call, skip: set[int], names: frozenset[str], shown: bool) -> Iterator[tuple[int, str]]:
    called = ast.unparse(call.func)
    last = called.rpartition(".")[2]
    if last in MARKS:
        yield from (
            (words.lineno, f"f-string: {_text(words)}") for words in call.args if isinstance(words, ast.JoinedStr)
        )
        for keyword in call.keywords:
            yield from _found(keyword.value, skip, names)
    elif not (last in SILENT and called.startswith(("log.", "logging."))):
        yield from _found(call.func, skip, names, shown and last in ("format", "join"))
        element = last in ELEMENTS and not called.startswith(("re.", "html."))
        through = shown and last in ("escape", "plain", "format", "join")
        for place, argument in enumerate(call.args):
            yield from _found(argument, skip, names, (element and not place and last != "page_link") or through)
        for keyword in (keyword for keyword in call.keywords if keyword.arg != "key"):
            yield from _found(keyword.value, skip, names, (last in ELEMENTS and keyword.arg in READ) or through)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def said(text: str) -> str:
    """What a reader sees or hears of a piece of HTML or Markdown."""
    return " ".join([TAG.sub(" ", text), *SAID_IN_TAG.findall(text)])
