"""The catalogues of words, kept in step with the code: `python -m core.catalogues` after a change of words.

Each message of `core/locale/LANGUAGE/LC_MESSAGES/messages.po` that is no longer in the code goes, each new one comes in
without a translation, and what is translated stays. Knows nothing of how words are shown.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from core import errors
from core.language import ENGLISH, FOLDER, LANGUAGES

PROJECT = FOLDER.parents[1]
PLACES = ("app.py", "pages", "core", "models")
ONLY_ENGLISH = {"core/__main__.py", "core/command", "core/launch.py", "core/fitting"}  # the command line
NUMBERED = "ngettext"
# How words are marked: said at once, by number, said later; what `raise` says is said later, too.
MARKS = {"_", NUMBERED, "N_", "Saying", "LayerError", *(name for name in vars(errors) if name.endswith("Error"))}
WIDTH = 120


def file_of(language: str) -> Path:
    """Where the catalogue of a language is."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def template() -> Catalog:
    """Every message that is marked in the code, with the files it stands in."""
    found = Catalog()
    for file in sources():
        place = file.relative_to(PROJECT).as_posix()
        for line, words in _marked(file):
            found.add(words, locations=[(place, line)])
    for message in found:
        message.flags.discard("python-format")  # a per cent sign is one here: fields stand in braces
    return found


def read(language: str) -> Catalog:
    """The catalogue of a language as it is; an empty one where there is none yet."""
    file = file_of(language)
    if not file.exists():
        return Catalog(language, project="Fitting Room", version="1", fuzzy=False)
    with file.open("rb") as opened:
        return read_po(opened, locale=language)


def write(catalogue: Catalog, language: str) -> None:
    """Keep the catalogue of a language, in an order that makes small changes small."""
    file = file_of(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        write_po(opened, catalogue, WIDTH, sort_by_file=True, ignore_obsolete=True, include_lineno=False)


def untranslated(catalogue: Catalog) -> list[Message]:
    """The messages of a catalogue that it does not say in its language."""
    strings = [(message, message.string) for message in catalogue if message.id]
    return [message for message, string in strings if not (all(string) if isinstance(string, tuple) else string)]


def update() -> Iterator[str]:
    """Bring each catalogue in step with the code; gives what there is to say of it."""
    code = template()
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        catalogue = read(language)
        catalogue.update(code, no_fuzzy_matching=True, update_creation_date=False)
        write(catalogue, language)
        yield f"{language}: {len(catalogue)} messages, {len(untranslated(catalogue))} without a translation"


def sources() -> Iterator[Path]:
    """The files in which words are marked."""
    for place in PLACES:
        path = PROJECT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if ONLY_ENGLISH.isdisjoint(each.relative_to(PROJECT).as_posix() for each in (file, file.parent)):
                yield file


def _marked(file: Path) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    """The marked words of a Python file, each with its line.

    Babel has a reader of its own, which before Python 3.12 sees nothing in an f-string.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            mark = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            values = [each.value for each in node.args if isinstance(each, ast.Constant)]
            words = [value for value in values if isinstance(value, str)] if mark in MARKS else []
            for said in [tuple(words)] if words and mark == NUMBERED else words:
                yield node.lineno, said


if __name__ == "__main__":
    for said in update():
        print(said)
