"""Where benchmarks write their tables: between two marks in README.md or docs/results.md, whichever has them.

Knows nothing of what is measured.
"""

from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = (PROJECT / "README.md", PROJECT / "docs" / "results.md")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, one line a row."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def marks(name: str) -> tuple[str, str]:
    """The comments that stand before and after the text of this name."""
    return f"<!-- {name} -->", f"<!-- end of {name} -->"


def write(name: str, text: str) -> Path:
    """Put a text between its marks; returns the document that has them.

    Raises LookupError when not exactly one document has both marks, once each and in order; nothing is written then.
    """
    begin, end = marks(name)
    contents = {document: document.read_text(encoding="utf-8") for document in DOCUMENTS}
    marked = [document for document, content in contents.items() if begin in content or end in content]
    pieces = [piece for document in marked for part in contents[document].split(begin) for piece in part.split(end)]
    if len(marked) != 1 or len(pieces) != 3 or contents[marked[0]].index(begin) > contents[marked[0]].index(end):
        names = " or ".join(document.name for document in DOCUMENTS)
        raise LookupError(f"{begin} and {end} must stand once, in this order, in {names}.")
    before, _, after = pieces
    marked[0].write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
    return marked[0]
