"""pyproject.toml names what is needed, the locks what was tested: they agree, and no lock names a host."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installation import DEVELOPMENT, LOCK, LOCKS, SMALL

PROJECT = Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
RANGES = [Requirement(row) for row in TABLE["project"]["dependencies"]]
EXTRAS = {name: [Requirement(row) for row in rows] for name, rows in TABLE["project"]["optional-dependencies"].items()}


def lock_text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def hashes(name: str) -> dict[str, set[str]]:
    """Each pinned package of a lock, as its row without the hashes, with its hashes."""
    rows = [row.split("--hash=") for row in lock_text(name).replace("\\\n", "").splitlines()]
    return {pinned.strip(): {word.strip() for word in words} for pinned, *words in rows}


def pins(name: str) -> dict[str, Requirement]:
    """The pinned packages of a lock by their canonical names."""
    return {canonicalize_name(row.name): row for row in map(Requirement, hashes(name))}


def version(requirement: Requirement) -> str:
    """The one version a pinned requirement allows."""
    match = re.fullmatch(r"==([\w.]+)", str(requirement.specifier))
    assert match, f"{requirement} is not pinned"
    return match[1]


@pytest.mark.parametrize("row", [*RANGES, *EXTRAS["train"], *EXTRAS["dev"]], ids=str)
def test_every_range_has_two_ends_and_contains_its_pin(row):
    assert {part.operator for part in row.specifier} == {">=", "<"}
    assert row.specifier.contains(version(pins(DEVELOPMENT)[canonicalize_name(row.name)]))


def test_the_extras_are_for_training_and_for_development():
    assert set(EXTRAS) == {"train", "dev"}


def test_each_lock_holds_all_of_the_one_before():
    small, app, development = map(hashes, LOCKS)
    assert small.items() < app.items() < development.items()
    assert names(RANGES) <= set(pins(SMALL)) and names(EXTRAS["train"]) <= set(pins(LOCK))


def test_nothing_of_the_small_app_brings_tensorflow():
    assert not names(EXTRAS["train"]) & set(pins(SMALL))
    assert not {name for name in pins(SMALL) if "tensorflow" in name or "keras" in name}


def names(rows: list[Requirement]) -> set[str]:
    return {canonicalize_name(row.name) for row in rows}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_the_checksums_of_its_files(name):
    assert len(hashes(name)) > 70
    wrong = [row for row, words in hashes(name).items() if not words or not all(map(is_checksum, words))]
    assert not wrong


def is_checksum(word: str) -> bool:
    return re.fullmatch("sha256:[0-9a-f]{64}", word) is not None


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_folder(name):
    assert not re.search(r"[/@]|https?:|--(?:index|find|extra)", lock_text(name))


@pytest.mark.parametrize(
    ("system", "machine", "taken"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("win32", "AMD64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
    ],
)
@pytest.mark.parametrize("name", [LOCK, DEVELOPMENT])
def test_a_lock_takes_one_tensorflow_and_the_smaller_where_there_is_one(name, system, machine, taken):
    here = {"sys_platform": system, "platform_machine": machine}
    rows = [row for key, row in pins(name).items() if key.startswith("tensorflow")]
    assert [row.name for row in rows if row.marker.evaluate(here)] == [taken]


@pytest.mark.parametrize("package", ["numpy", "tensorflow", "pillow", "ai-edge-litert"])
def test_compiled_packages_have_files_for_many_computers(package):
    """At least Linux on two processors, Windows and macOS, for three versions of Python."""
    (words,) = [words for row, words in hashes(LOCK).items() if row.startswith(f"{package}==")]
    assert len(words) >= 12


def test_the_locks_pin_all_that_their_packages_need():
    lock = pins(DEVELOPMENT)
    assert all(map(version, lock.values()))
    missing = set()
    for name, row in lock.items():
        if row.marker and not row.marker.evaluate():
            continue
        try:
            needed = [Requirement(text) for text in requires(row.name) or []]
        except PackageNotFoundError:
            missing.add(name)
            continue
        here = [need for need in needed if not need.marker or need.marker.evaluate({"extra": ""})]
        missing |= {need.name for need in here if canonicalize_name(need.name) not in lock}
    assert not missing


def test_nothing_of_the_application_is_installed_into_an_environment():
    assert TABLE["tool"]["uv"]["package"] is False
    assert TABLE["tool"]["setuptools"] == {"packages": [], "py-modules": []}
