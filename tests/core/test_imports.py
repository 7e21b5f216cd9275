"""Imports point one way: pages, then pages/shared, then core, then models, and inside core down only; heavy packages
load only where work needs them."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "models", "pages", "tests", "benchmarks")
HEAVY = {"tensorflow", "keras"}
WITHOUT_HEAVY = """
import importlib, json, sys
brought = {}
for name in sys.argv[1:]:
    importlib.import_module(name)
    if found := {"tensorflow", "keras", "streamlit", "sklearn", "scipy"} & set(sys.modules):
        brought[name] = sorted(found)
        for module in [module for module in sys.modules if module.partition(".")[0] in found]:
            del sys.modules[module]
print(json.dumps(brought))
"""
# What each package of core may import besides itself, the modules at the top of core, and models.
BELOW = {
    "vision": set(),
    "lessons": set(),
    "data": {"vision"},
    "inference": {"vision"},
    "training": {"data"},
    "runs": {"training", "inference", "data"},
    "fitting": {"data", "vision", "inference"},
    "command": {"runs", "training", "inference", "data", "vision"},
}
# These import no package.
TOP = {
    "apart",
    "archive",
    "arrays",
    "atomic",
    "catalogues",
    "charts",
    "errors",
    "images",
    "labels",
    "language",
    "metrics",
    "quiet",
    "settings",
    "words",
}
ABOVE = {"__main__", "launch"}  # these may import everything, and nothing imports them


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


def test_core_loads_without_tensorflow_streamlit_scikit_learn_and_scipy():
    modules = [".".join(file.relative_to(PROJECT).with_suffix("").parts) for file in files("core")]
    command = [sys.executable, "-c", WITHOUT_HEAVY, *modules]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(modules) > 40 and json.loads(done.stdout) == {}


def test_core_is_made_of_the_parts_whose_order_is_held():
    folder = PROJECT / "core"
    assert {path.parent.name for path in folder.glob("*/__init__.py")} == {*BELOW}
    assert {path.stem for path in folder.glob("*.py")} == {"__init__", *TOP, *ABOVE}


def climbing(core: Path) -> list[str]:
    """Imports inside a folder `core` that do not go down, as "core/data/files.py: core.runs.store"."""
    found = []
    for file in sorted(core.rglob("*.py")):
        part = file.relative_to(core).parts[0].removesuffix(".py")
        allowed = {*BELOW, *TOP} if part in ABOVE else {part, *TOP, *BELOW.get(part, ())}
        found += [
            f"{file.relative_to(core.parent)}: {name}"
            for name in imports(file)
            if (name.startswith("core.") and name.split(".")[1] not in allowed)
            or (part in TOP and name.startswith("models"))
        ]
    return found


def test_inside_core_imports_go_down_only(tmp_path: Path):
    assert climbing(PROJECT / "core") == []
    for name, line in {
        "vision/a.py": "from core.data import files",
        "runs/b.py": "def f():\n    import core.vision.masks",
        "errors.py": "from core.runs.store import Store",
        "labels.py": "from models import catalogue",
        "data/c.py": "from core import launch",
        "training/d.py": "from core import gone",
        "data/good.py": "from core.vision import masks\nfrom core import errors\nfrom models import catalogue",
        "launch.py": "from core.runs import store",
    }.items():
        (tmp_path / "core" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "core" / name).write_text(line, encoding="utf-8")
    assert climbing(tmp_path / "core") == [
        "core/data/c.py: core.launch",
        "core/errors.py: core.runs.store.Store",
        "core/labels.py: models.catalogue",
        "core/runs/b.py: core.vision.masks",
        "core/training/d.py: core.gone",
        "core/vision/a.py: core.data.files",
    ]


def test_every_third_party_import_is_required():
    ours = {*PACKAGES, *(file.stem for file in files("."))}
    imported = {root for file in files(".", *PACKAGES) for root in roots(file)} - ours - sys.stdlib_module_names
    names = packages_distributions()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = project["dependencies"] + [
        row for name in ("train", "dev") for row in project["optional-dependencies"][name]
    ]
    required = {canonicalize_name(Requirement(row).name) for row in rows}
    for_tests = {"packaging"}  # comes with pytest
    unnamed = {
        root
        for root in imported - for_tests
        if not {canonicalize_name(name) for name in names.get(root, [])} & required
    }
    assert not unnamed
