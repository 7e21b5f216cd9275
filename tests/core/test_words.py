"""What a person wrote is kept without what nobody sees; as Markdown it says the same."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.words import escaped, line, lines

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("\u200d\u200b\u202e\ufe0f\n\r \u3164\0👩🏫é\u0301a")))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  two\t words\n", "two words"),
        ("a\r\nb\u2028c\x85d", "a b c d"),
        ("a\u202eb\u2066c\u200fd", "abcd"),  # direction
        ("a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg", "abcdefg"),  # nothing wide
        ("a\0b\x1b[31mc\x7f", "ab[31mc"),
        ("e\u0301", "é"),
        ("👩\u200d🏫 ❤\ufe0f\u200d🔥", "👩\u200d🏫 ❤\ufe0f\u200d🔥"),
        ("\ud800a", "a"),
        ("\u3164\u2800 \u200b\u0301\ufe0f\n", ""),  # nothing to be seen
    ],
)
def test_a_line_keeps_what_can_be_seen(written: str, kept: str) -> None:
    assert line(written) == kept


def test_lines_keep_their_breaks_and_one_empty_line_in_a_row() -> None:
    assert lines(" one \r\ntwo\u202e\n\n\n\nthree\u2029four \n") == "one\ntwo\n\nthree\nfour"


def test_nothing_is_longer_than_it_may_be_and_no_emoji_is_cut_into_a_joiner() -> None:
    assert line("ab" * 40, 60) == "ab" * 30 and line("abc def", 4) == "abc"
    assert line("👩\u200d🏫", 2) == "👩" and lines("a\nbcd", 2) == "a"


@settings(derandomize=True, deadline=None)
@given(TEXTS, st.integers(1, 8))
def test_what_is_clean_stays_as_it_is(text: str, most: int) -> None:
    for clean in (line, lines):
        once = clean(text, most)
        assert len(once) <= most and unicodedata.is_normalized("NFC", once)
        assert not {unicodedata.category(letter) for letter in once if letter not in "\n\u200d"} & {"Cc", "Cf", "Cs"}
    assert line(line(text, most), most) == line(text, most)


@pytest.mark.parametrize(
    ("written", "markdown"),
    [
        ("![x](http://h)", r"!\[x\](http://h)"),
        ("<b>*a*_b_`c`~d~</b>", r"\<b\>\*a\*\_b\_\`c\`\~d\~\</b\>"),
        ("$x$ & \\ {y} | #", r"\$x\$ \& \\ \{y} \| \#"),
        ("- a - b", r"\- a - b"),
        ("12. a 1. b", r"12\. a 1. b"),
        ("Plain words, with a dot. And more: (this)!", "Plain words, with a dot. And more: (this)!"),
    ],
)
def test_what_means_something_in_markdown_is_escaped_and_nothing_else(written: str, markdown: str) -> None:
    assert escaped(written) == markdown
