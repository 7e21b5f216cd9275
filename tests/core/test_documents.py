"""The documents tell the truth: their settings, networks, files and pictures are those of the project."""

import re
from pathlib import Path

import pytest

from core.settings import describe
from models.catalogue import RECIPES

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
USING = (PROJECT / "docs" / "using.md").read_text(encoding="utf-8")
ARCHITECTURE = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_settings() -> None:
    rows = re.findall(r"^\| `(FITTING_ROOM_\w+)` \| (.*?) \| (.*?) \|$", USING, re.MULTILINE)
    assert [(name, default.strip(), words) for name, default, words in rows] == describe()


def test_the_table_of_networks_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| .*? \| ([\d,]+) \| ?(.*?) \|$", USING, re.MULTILINE)
    assert {name: int(parameters.replace(",", "")) for name, parameters, _ in rows} == {
        recipe.name: recipe.parameters for recipe in RECIPES.values()
    }
    for name, _, published in rows:
        expected = RECIPES[name].published_accuracy
        assert not expected or float(published.split()[0]) == pytest.approx(100 * expected, abs=0.05)


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/using.md", "docs/results.md"),
        *("models/shipped/HOW.md", *(f"deploy/{path.name}" for path in (PROJECT / "deploy").glob("*.md"))),
    ],
)
def test_every_file_and_picture_that_a_document_names_exists(name: str) -> None:
    document = PROJECT / name
    text = document.read_text(encoding="utf-8")
    linked = [document.parent / path for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    quoted = [PROJECT / path for path in re.findall(r"`((?:core|pages|models|tests|docs|benchmarks)/[\w./-]*)`", text)]
    assert linked or quoted
    assert [str(path) for path in [*linked, *quoted] if not path.exists()] == []


def test_every_page_stands_in_the_documents_in_light_and_dark() -> None:
    pages = {path.stem for path in (PROJECT / "pages").glob("[a-z]*.py")} - {"router", "own"}
    taken = {path.stem for path in (PROJECT / "docs" / "pictures").glob("*.jpg")}
    assert taken == {f"{page}-{look}" for page in pages for look in ("light", "dark")}
    assert {page for page in pages if f"(pictures/{page}-" in USING} == pages


def test_the_readme_and_the_long_tables_link_to_each_other() -> None:
    assert "(docs/results.md)" in README
    results = (PROJECT / "docs" / "results.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"`python -m (benchmarks\.\w+)", results))
    assert commands == {
        f"benchmarks.{name}" for name in ("load", "pages", "pictures", "recipes", "scale", "shops", "training")
    }
    assert "(../README.md)" in results


def unnamed(code_map: str, core: Path) -> list[str]:
    """What the code map leaves out of core: modules at the top, packages as `core/data/`, their modules in that row."""
    top = [path.stem for path in core.glob("*.py") if path.stem != "__init__"]
    missing = [name for name in sorted(top) if not re.search(rf"`(core/)?{name}(\.py)?`", code_map)]
    for package in sorted(path.parent.name for path in core.glob("*/__init__.py")):
        row = "\n".join(line for line in code_map.splitlines() if f"`core/{package}/`" in line)
        inside = [path.stem for path in (core / package).glob("[a-z]*.py")]
        inside += [f"{path.parent.name}/" for path in (core / package).glob("*/__init__.py")]
        missing += [f"{package}/{name}" for name in sorted(inside) if not re.search(rf"`{name}(\.py)?`", row)]
        missing += [] if row else [f"{package}/"]
    return missing


def test_the_code_map_names_every_module_of_core_in_the_row_of_its_package(tmp_path: Path) -> None:
    for name in (
        "__init__",
        "labels",
        "charts",
        "data/__init__",
        "data/files",
        "data/shelf",
        "data/cuts/__init__",
        "runs/__init__",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.py").touch()
    sample = "| `labels` | |\n| `core/data/` | `files`, `other` |\n| `core/other/` | `shelf` |"
    assert unnamed(sample, tmp_path) == ["charts", "data/cuts/", "data/shelf", "runs/"]
    code_map = ARCHITECTURE.split("## Code map")[1].split("\n## ")[0]
    assert unnamed(code_map, PROJECT / "core") == []
    paths = [path for path in re.findall(r"`([\w.]+/[\w./]*)`", code_map) if path.endswith((".py", "/"))]
    assert [path for path in paths if path.count("/") > 1 and not (PROJECT / path).exists()] == []


def test_nothing_above_eight_megabytes_is_kept() -> None:
    import subprocess

    kept = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True, encoding="utf-8"
    ).stdout.split("\0")
    assert [
        name for name in kept if name and (PROJECT / name).exists() and (PROJECT / name).stat().st_size > 8_000_000
    ] == []
