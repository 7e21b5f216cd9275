"""Imports point one way: pages, then pages/shared, then core, then models; heavy packages load only where work needs
them."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "models", "pages", "tests", "benchmarks")
HEAVY = {"tensorflow", "keras"}
LIGHT = (
    *("labels", "settings", "errors", "metrics", "charts", "images", "data.dataset", "data.synthetic", "data.export"),
    *("data.explore", "data.class_folders", "vision.reading", "inference.network"),
    *("runs.store", "runs.queue", "runs.bundle", "runs.report"),
)


def files(*folders: str) -> list[Path]:
    """Every Python file of these folders; "." means those at the top."""
    return sorted(
        file for folder in folders for file in (PROJECT / folder).glob("*.py" if folder == "." else "**/*.py")
    )


def imports(file: Path, top_only: bool = False) -> Iterator[str]:
    """Dotted names of the modules a file imports, "core" and "core.runs.store" alike; with top_only those that loading
    the file imports: outside functions, and not for types only."""

    def later(node: ast.AST) -> bool:
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse
        return for_types or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if not (top_only and later(child)):
                yield child
                yield from walk(child)

    for node in walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots(file: Path, top_only: bool = False) -> set[str]:
    return {name.split(".")[0] for name in imports(file, top_only)}


def breaches(folders: tuple[str, ...], forbidden: set[str], top_only: bool = False) -> list[str]:
    """Files of the folders that import a forbidden package."""
    return [str(file.relative_to(PROJECT)) for file in files(*folders) if roots(file, top_only) & forbidden]


def test_the_reader_of_imports_sees_them(tmp_path):
    file = tmp_path / "sample.py"
    text = "import os.path\nclass A:\n    import json\ndef f():\n    from keras import layers\n"
    file.write_text(f"{text}if TYPE_CHECKING:\n    import tensorflow\nif os.path:\n    import math\n")
    assert set(imports(file)) == {"os.path", "json", "keras.layers", "tensorflow", "math"}
    assert roots(file, top_only=True) == {"os", "json", "math"}


def test_core_knows_neither_streamlit_nor_pages():
    assert files("core")
    assert not breaches(("core",), {"streamlit", "streamlit_drawable_canvas", "pages", "app", "tests"})


def test_models_import_keras_inside_functions_and_nothing_above_them():
    assert files("models")
    assert not breaches(("models",), {"core", "pages", "streamlit", "app", "tests"})


def test_heavy_packages_are_imported_inside_functions_only():
    assert not breaches((".", "core", "models", "pages"), HEAVY, top_only=True)


def test_pages_never_import_heavy_packages():
    assert not breaches((".", "pages"), HEAVY)


def test_nothing_imports_a_page():
    pages = {"app"} | {f"pages.{file.stem}" for file in (PROJECT / "pages").glob("*.py") if file.stem != "__init__"}
    everywhere = files(".", *PACKAGES)
    found = [
        (file.name, name)
        for file in everywhere
        for name in imports(file)
        if any(f"{name}.".startswith(f"{page}.") for page in pages)
    ]
    assert not found


@pytest.mark.parametrize("name", LIGHT)
def test_core_modules_load_without_tensorflow_and_streamlit(name):
    asking = f"import sys, core.{name}; print(sorted({{'tensorflow', 'keras', 'streamlit'}} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", asking], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_every_third_party_import_is_required():
    ours = {*PACKAGES, *(file.stem for file in files("."))}
    imported = {root for file in files(".", *PACKAGES) for root in roots(file)} - ours - sys.stdlib_module_names
    names = packages_distributions()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = project["dependencies"] + project["optional-dependencies"]["dev"]
    required = {canonicalize_name(Requirement(row).name) for row in rows}
    for_tests = {"packaging"}  # comes with pytest
    unnamed = {
        root
        for root in imported - for_tests
        if not {canonicalize_name(name) for name in names.get(root, [])} & required
    }
    assert not unnamed
