"""The language of the words that people read: gettext catalogues, and numbers as the language writes them.

The words in the code are English; `core/locale/LANGUAGE/LC_MESSAGES/messages.po` says each of them in another language.
Whoever shows words says once, with `choose_by`, how the language of the reader is found; a command line stays English.
"""

from __future__ import annotations

import gettext
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).with_name("locale")
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "zh_Hans": "简体中文"}  # each by its own name

_using: ContextVar[str | None] = ContextVar("language", default=None)
_of_reader: Callable[[], str] = lambda: ENGLISH  # noqa: E731


def choose_by(find: Callable[[], str]) -> None:
    """From now on the language is what `find` gives, one of LANGUAGES, wherever no other is being used."""
    global _of_reader
    _of_reader = find


@contextmanager
def using(language: str) -> Iterator[None]:
    """Speak one of LANGUAGES in these lines, whoever reads."""
    before = _using.set(language)
    try:
        yield
    finally:
        _using.reset(before)


def current() -> str:
    """The language that is spoken now, one of LANGUAGES."""
    return _using.get() or _of_reader()


def tag() -> str:
    """The language that is spoken now as HTML names it, such as "zh-Hans"."""
    return current().replace("_", "-")


def nearest(wishes: list[str]) -> str:
    """The one of LANGUAGES that fits a browser's wishes, such as ["zh-CN", "en"], best; English if none does."""
    for wish in wishes:
        with suppress(UnknownLocaleError, ValueError):
            wanted = Locale.parse(wish, sep="-").language
            for language in LANGUAGES:
                if Locale.parse(language).language == wanted:
                    return language
    return ENGLISH


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> gettext.NullTranslations:
    """The words of a language; English ones are those in the code."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(words: str) -> str:
    """These words in the language of the reader."""
    return catalogue(current()).gettext(words) if words else words


def ngettext(one: str, many: str, number: int) -> str:
    """The words for a number of things, in the language of the reader."""
    return catalogue(current()).ngettext(one, many, number)


def N_(words: str) -> str:  # noqa: N802  the name that gettext's tools look for
    """Words that are said later, with `_`: marked here so that they get into the catalogues."""
    return words


def number(value: float, digits: int = 0) -> str:
    """A number as the language writes it: 60,000 or 0.31, with so many digits behind the point."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=current())


def percent(share: float, digits: int = 0) -> str:
    """A share from 0 to 1 as the language writes it: in English 91 % or 90.5 %, behind a blank that does not break."""
    return number(100 * share, digits) + ("\u00a0%" if current() == ENGLISH else "%")


class Saying:
    """Whole sentences to say later, each time in the language of whoever reads them then; `str` says them.

    Names in braces are its `fields`, of which whole numbers are written as the language writes them. Where it is made,
    the sentences get into the catalogues without `_`.
    """

    def __init__(self, *sentences: str | Saying, **fields: object) -> None:
        self.sentences, self.fields = sentences, fields

    def __str__(self) -> str:
        fields = {name: number(value) if type(value) is int else value for name, value in self.fields.items()}
        said = (str(each) if isinstance(each, Saying) else _filled(_(each), fields) for each in self.sentences)
        return (" " if current() == ENGLISH else "").join(said)  # Chinese has no blank between two sentences

    def packed(self, most: int) -> str:
        """Itself in so many characters at most, for `unpacked`; longer, it is kept as it reads in English."""
        if len(self.sentences) < 2 and not self.fields:  # a sentence is its own package
            return "".join(map(str, self.sentences))[:most]
        content = json.dumps([*self.sentences, self.fields], ensure_ascii=False, default=str)
        return content if len(content) <= most else in_english(self)[:most]

    @classmethod
    def unpacked(cls, content: str) -> Saying:
        """What `packed` made; any other text is a sentence without fields."""
        try:
            *sentences, fields = json.loads(content) if content.startswith("[") else (content, {})
            return cls(*sentences, **fields)
        except (ValueError, TypeError):
            return cls(content)


def in_english(words: Saying | Exception | str) -> str:
    """What is said, in English: for a log."""
    with using(ENGLISH):
        return str(words)


def _filled(words: str, fields: dict[str, object]) -> str:
    return words.format(**fields) if fields else words  # without fields a brace is a brace
