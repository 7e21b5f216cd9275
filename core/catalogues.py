"""The catalogues of words, kept in step with the code: `python -m core.catalogues` after a change of words.

Each message of `core/locale/LANGUAGE/LC_MESSAGES/messages.po` that is no longer in the code goes, each new one comes in
without a translation, and what is translated stays. Knows nothing of how words are shown.
"""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from core import errors
from core.language import ENGLISH, FOLDER, LANGUAGES

PROJECT = FOLDER.parents[1]
PLACES = ("app.py", "pages", "core", "models")
ONLY_ENGLISH = {"core/__main__.py", "core/launch.py", "core/fitting"}  # the command line
# How words are marked: said at once, by number, said later; what `raise` says is said later, too.
MARKS = {"_": None, "ngettext": (1, 2), "N_": None, "Saying": None, "LayerError": (1,)}
MARKS |= dict.fromkeys(name for name in vars(errors) if name.endswith("Error"))
WIDTH = 120


def file_of(language: str) -> Path:
    """Where the catalogue of a language is."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def template() -> Catalog:
    """Every message that is marked in the code, with the files it stands in."""
    found = Catalog()
    with redirect_stderr(io.StringIO()):  # Babel tells of each f-string, but in fields they are at home
        for file in sources():
            place = file.relative_to(PROJECT).as_posix()
            for line, words, comments, _context in extract_from_file("python", file, MARKS, ("Translators:",)):
                found.add(words, locations=[(place, line)], auto_comments=comments)
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


if __name__ == "__main__":
    for said in update():
        print(said)
