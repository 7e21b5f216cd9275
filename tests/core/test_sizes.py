"""What a reader meets in one piece is short: files, classes and functions of core and pages."""

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FILES = sorted(file for folder in ("core", "pages") for file in (PROJECT / folder).rglob("*.py"))
MOST = {ast.ClassDef: 200, ast.FunctionDef: 60, ast.AsyncFunctionDef: 60}  # lines
MOST_IN_A_FILE = 400


def too_long(file: Path) -> list[str]:
    """The file, and what is in it, where it has more lines than allowed: "store.py: 401 lines"."""
    text = file.read_text(encoding="utf-8")
    sizes = {file.name: len(text.splitlines())} if len(text.splitlines()) > MOST_IN_A_FILE else {}
    for node in ast.walk(ast.parse(text)):
        if type(node) in MOST and (lines := node.end_lineno - node.lineno + 1) > MOST[type(node)]:
            sizes[f"{file.name}, {node.name}"] = lines
    return [f"{name}: {lines} lines" for name, lines in sizes.items()]


def test_files_classes_and_functions_are_short(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text("class A:\n    def f(self):\n" + "        ...\n" * 60 + "    x = 1\n" * 340, encoding="utf-8")
    assert too_long(sample) == ["sample.py: 402 lines", "sample.py, A: 402 lines", "sample.py, f: 61 lines"]
    assert len(FILES) > 40
    assert [line for file in FILES for line in too_long(file)] == []
