"""The first page says what to fetch at once, and waits with what it shows until it has its styles."""

import re
from pathlib import Path

from pages.shared.first_page import FONT, INDEX, KINDS, STATIC, dressed, named, needed
from pages.shared.headers import scripts_in

PAGE = INDEX.read_text(encoding="utf-8")
LOOKS = Path(__file__).resolve().parents[2] / "pages" / "shared" / "looks" / "base.css"


def fetched(page: str, kind: str) -> list[str]:
    return re.findall(rf'<link rel="{kind}"[^>]*href="\./([^"]+)"', re.sub(r"\s+", " ", page))


def test_the_font_of_our_pages_is_fetched_at_once_and_streamlits_own_never() -> None:
    assert [Path(path).name[:10] for path in fetched(PAGE, "preload")] == ["SourceSans"]
    assert fetched(dressed(PAGE), "preload") == [FONT]
    assert f'font-family:"Source Sans";font-weight:100 900;src:url(./{FONT})' in dressed(PAGE)
    assert (Path(__file__).resolve().parents[2] / "pages" / "static" / Path(FONT).name).is_file()


def test_the_scripts_of_what_stands_in_first_screens_are_fetched_at_once_each_once() -> None:
    paths = fetched(dressed(PAGE), "modulepreload")
    assert set(fetched(PAGE, "modulepreload")) < set(paths) and len(paths) == len(set(paths))
    assert named()[0] == str(INDEX) and {str(STATIC / path) for path in paths} < set(named())
    assert [path for path in named() if not Path(path).is_file()] == []
    kinds = {Path(path).name.partition(".")[0] for path in paths}
    assert set(KINDS) <= kinds and not {"PlotlyChart", "DataFrame", "StreamlitSyntaxHighlighter"} & kinds
    assert sum((STATIC / path).stat().st_size for path in paths) < 3_000_000  # unpacked


def test_a_script_is_followed_to_all_that_it_imports(tmp_path: Path) -> None:
    (tmp_path / "Html.abc.js").write_text('import{o as e}from"./base.x.js";import"./side.y.js";"./no.js"')
    (tmp_path / "base.x.js").write_text('import{t}from"./Html.abc.js"')
    (tmp_path / "side.y.js").write_text("")
    assert needed(tmp_path, ["Html", "Gone"]) == {"Html.abc.js", "base.x.js", "side.y.js"}


def test_a_page_is_hidden_until_its_styles_show_it_or_eight_seconds_have_passed_and_no_script_is_added() -> None:
    assert "visibility:hidden;animation:first-page 0s 8s forwards" in dressed(PAGE)
    shown = r'\.stApp \[data-testid="stMainBlockContainer"\] \{ visibility: visible; animation: none; \}'
    assert re.search(shown, LOOKS.read_text(encoding="utf-8"))
    assert scripts_in(dressed(PAGE)) == scripts_in(PAGE)
