"""Words in the reader's language: which one that is, its numbers and plurals, and catalogues without a gap."""

import pickle
import re
from pathlib import Path

import pytest
from babel.messages import Message

from core import catalogues
from core.apart import Apart
from core.data.dataset import title_said
from core.errors import PictureError, RunError
from core.language import ENGLISH, LANGUAGES, Saying, _, current, nearest, ngettext, number, percent, using
from tests.marks import unmarked

PROJECT = Path(__file__).resolve().parents[2]
CHINESE = "zh_Hans"
FIELD = re.compile(r"\{(\w*)[^}]*\}")
OTHERS = sorted(set(LANGUAGES) - {ENGLISH})
# What no catalogue has: names, what chooses a language, titles of articles, the values of a header and of a class.
NAMES = frozenset(
    (
        "Fitting Room",
        "Fashion-MNIST",
        "Language · 语言",
        "Fashion classifier in 5 easy steps",
        "The fashionable Hello World",
        "Intuitively create a CNN",
        "Classify clothes with an ANN",
        "New ABCD of machine learning",
        "public, immutable, max-age=31536000",
        "file main",
    )
)
# The parts of core whose words are all for pages; elsewhere it also speaks to logs, to programs and in code.
SHOWN = (
    "charts.py",
    "lessons",
    "inference/verdict.py",
    "inference/explanation.py",
    "runs/standing.py",
    "training/plan.py",
)


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (["zh-CN", "en"], CHINESE),
        (["zh"], CHINESE),
        (["zh-Hans-CN"], CHINESE),
        (["zh-SG"], CHINESE),
        (["en-GB", "zh-CN"], ENGLISH),
        (["en"], ENGLISH),
        (["de", "zh-CN"], CHINESE),
        (["de"], ENGLISH),
        ([""], ENGLISH),
        (["no language at all", "*", "zh-TW"], CHINESE),
        ([], ENGLISH),
    ],
)
def test_the_language_is_the_one_nearest_to_what_the_browser_wishes(wishes, language):
    assert nearest(wishes) == language


def test_numbers_are_written_as_the_language_writes_them():
    assert (number(60_000), number(0.314, 2), percent(0.905, 1), percent(1)) == (
        "60,000",
        "0.31",
        "90.5\xa0%",
        "100\xa0%",
    )
    with using(CHINESE):
        assert (number(60_000), percent(0.905, 1), percent(1)) == ("60,000", "90.5%", "100%")


def test_a_number_of_things_has_two_forms_in_english_and_one_in_chinese():
    def said(count: int) -> str:
        return ngettext("{count} epoch", "{count} epochs", count).format(count=number(count))

    assert (said(1), said(2)) == ("1 epoch", "2 epochs")
    with using(CHINESE):
        assert (said(1), said(2)) == ("1 轮", "2 轮")


def test_a_language_is_spoken_in_these_lines_only_and_english_where_nobody_reads():
    assert (current(), _("Sandal")) == (ENGLISH, "Sandal")
    with using(CHINESE):
        assert (current(), _("Sandal"), _("")) == (CHINESE, "凉鞋", "")
    assert _("Sandal") == "Sandal"


def test_an_error_is_said_in_the_language_of_who_reads_it_wherever_it_was_raised():
    sentence = "Nothing was kept of epoch {epoch} of this run. Choose another."
    error = pickle.loads(pickle.dumps(RunError(sentence, epoch=4_000)))
    assert str(error) == "Nothing was kept of epoch 4,000 of this run. Choose another."
    with using(CHINESE):
        assert "4,000" in str(error) and "Nothing" not in str(error)
    assert str(RunError("A {brace} without fields stays.")) == "A {brace} without fields stays."


def test_what_is_kept_of_a_sentence_is_read_in_any_language():
    why = Saying("Stopped after {minutes} minutes, the longest a run may train here.", minutes=120)
    kept = Saying.unpacked(why.packed(500))
    assert str(kept) == str(why) == "Stopped after 120 minutes, the longest a run may train here."
    with using(CHINESE):
        assert str(kept) == str(why) and "120" in str(kept) and "Stopped" not in str(kept)
        assert why.packed(30) == "Stopped after 120 minutes, the"  # too long to be kept: in English, as far as it goes
    for earlier in ("Well done.", "[odd", '["odd"]', "[1, 2]", ""):  # what an earlier version kept, or nobody
        assert str(Saying.unpacked(earlier)) == earlier


def spoken() -> str:
    """Carried out apart."""
    return current()


def test_what_is_read_apart_is_said_in_the_language_of_who_brought_it():
    apart = Apart(seconds=60, megabytes=900, rest_seconds=60)
    try:
        with using(CHINESE):
            assert apart.do(spoken) == CHINESE
        assert apart.do(spoken) == ENGLISH
    finally:
        apart.close()


def forms(message: Message) -> list[tuple[str, str]]:
    """A message in English beside what stands for it, for each of its forms."""
    if isinstance(message.id, tuple):
        return [(message.id[-1], string) for string in message.string]
    return [(message.id, message.string)]


def edges(words: str) -> tuple[bool, bool]:
    return words != words.lstrip(), words != words.rstrip()


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_says_every_word_of_the_code_and_nothing_else(language):
    code, catalogue = catalogues.template(), catalogues.read(language)
    said, due = {message.id for message in catalogue}, {message.id for message in code}
    hint = "Run python -m core.catalogues, then fill what is empty."
    assert said - due == set() and due - said == set() and not catalogue.obsolete, hint
    assert [message.id for message in catalogues.untranslated(catalogue)] == [], hint
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_fields_and_the_same_blanks_at_its_ends(language):
    wrong = [
        (english, said)
        for message in catalogues.read(language)
        if message.id
        for english, said in forms(message)
        if said
        and (sorted(set(FIELD.findall(english))) != sorted(set(FIELD.findall(said))) or edges(english) != edges(said))
    ]
    assert wrong == []


def test_the_reader_of_marks_finds_what_is_not_marked(tmp_path):
    page = tmp_path / "page.py"
    page.write_text(
        '"""A page that says a lot."""\n'
        'st.button("Start", key="start now", help=_("Marked"))\n'
        'words = "Two words" if late else "One"\n'
        'st.html(f\'<b class="two words" title="Hint">{_("Yes")}</b>\')\n'
        '_(f"{count} pictures")\n'
        'log.warning("Nobody reads this here")\n'
        'st.caption(_("{n} of them").format(n="not marked here"))\n'
        'st.page_link("a_page.py", label=names["key"])\n'
        'st.markdown(":material/help: Fashion-MNIST", text_alignment="center")\n',
        encoding="utf-8",
    )
    found = ["2: Start", "3: Two words", "4: Hint", "5: f-string: {} pictures", "7: not marked here"]
    assert unmarked(page, NAMES) == [f"page.py:{words}" for words in found]


def test_every_word_of_a_page_is_marked():
    shown = [PROJECT / "core" / place for place in SHOWN]
    files = [
        file for place in (PROJECT / "pages", *shown) for file in (place.rglob("*.py") if place.is_dir() else [place])
    ]
    assert len(files) > 60 and [words for file in sorted(files) for words in unmarked(file, NAMES)] == []


def test_every_error_says_whole_sentences_that_are_in_the_catalogues():
    found = [words for file in catalogues.sources() for words in unmarked(file) if ": f-string: " in words]
    assert found == []


def test_every_problem_of_a_photo_is_said_in_chinese():
    with using(CHINESE):
        assert "JPEG" in str(PictureError("This file is not a picture I can open. Try JPEG, PNG or HEIC."))


@pytest.mark.parametrize(
    ("title", "chinese"),
    [
        ("Drawn stand-in clothes", "程序画的替代衣物"),
        ("Fashion-MNIST, read from mnist (CSV files)", "Fashion-MNIST，读自 mnist（CSV 文件）"),
        ("Your clothes: mine (1).zip (1,200 + 8 pictures)", "你的衣物：mine (1).zip（1,200 + 8 张图片）"),
        ("What an earlier version called it", "What an earlier version called it"),
    ],
)
def test_a_data_set_is_called_in_the_readers_language_also_where_a_run_keeps_its_title(title, chinese):
    assert title_said(title) == title
    with using(CHINESE):
        assert title_said(title) == chinese
