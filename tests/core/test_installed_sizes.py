"""The app comes in two sizes: with TensorFlow, and without it for those who only show and predict. Which, is kept."""

import platform
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import installation
from tests.core.test_installation import RANGES, Setup, locked

PACKAGES = Path("lib", "python3.12", "site-packages")
OURS = installation.tensorflow_here(platform.system(), platform.machine())
(OTHER,) = {"tensorflow", "tensorflow_cpu"} - {OURS}
TENSORFLOW = f"{OURS}-2.21.0.dist-info"


def put(folder: Path, name: str) -> Path:
    """A package in the environment."""
    (folder / PACKAGES / name).mkdir(parents=True)
    return folder / PACKAGES / name


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    return Setup(tmp_path, monkeypatch, [None] * 5)


def test_the_small_app_is_installed_and_remembered_until_the_full_one_is_asked_for(setup: Setup) -> None:
    installation.set_up(development=False, small=True)
    installation.set_up(development=False)
    installation.set_up(development=False, small=True)
    assert setup.asked == [locked(setup.small)]
    setup.small.write_text("a newer version")
    installation.set_up(development=False)
    assert setup.asked[1:] == [locked(setup.small)]
    installation.set_up(development=False, small=False)
    installation.set_up(development=False)
    assert setup.asked[2:] == [locked(setup.app)]
    assert not any(setup.anew)


def test_tests_take_all_of_it_and_the_small_app_is_content_with_that(setup: Setup) -> None:
    installation.set_up(development=False, small=True)
    installation.set_up(development=True)
    installation.set_up(development=False)
    assert setup.asked == [locked(setup.small), locked(setup.development)]
    assert installation.chosen() == installation.SMALL


def test_whoever_asks_for_the_small_app_gets_the_room_back(setup: Setup, tmp_path: Path) -> None:
    installation.set_up(development=False)
    put(tmp_path, TENSORFLOW)
    put(tmp_path, "tensorflow_metadata-1.0.dist-info")
    setup.stamp.write_text("\n".join([*installation.digests([setup.small, setup.app]), installation.present(tmp_path)]))
    installation.set_up(development=False)
    assert setup.anew == [False]
    installation.set_up(development=False, small=True)
    assert setup.asked == [locked(setup.app), locked(setup.small)] and setup.anew == [False, True]


@pytest.mark.parametrize("development", [False, True])
def test_an_environment_of_the_other_tensorflow_is_made_anew(setup: Setup, tmp_path: Path, development: bool) -> None:
    """As an earlier version left it: both own the same files, so that what takes one out breaks the other."""
    put(tmp_path, f"{OTHER}-2.21.0.dist-info")
    installation.set_up(development)
    assert setup.anew == [True]


def test_this_computers_tensorflow_is_the_one_that_the_locks_take() -> None:
    table = tomllib.loads((installation.PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = [Requirement(row) for row in table["optional-dependencies"]["train"] if row.startswith("tensorflow")]
    systems = {"Linux": "linux", "Windows": "win32", "Darwin": "darwin"}
    for system, machine in (
        *(("Linux", "x86_64"), ("Linux", "aarch64"), ("Windows", "AMD64")),
        *(("Darwin", "arm64"), ("Darwin", "x86_64")),
    ):
        here = {"sys_platform": systems[system], "platform_machine": machine}
        (taken,) = [row.name.replace("-", "_") for row in rows if row.marker.evaluate(here)]
        assert installation.tensorflow_here(system, machine) == taken


def test_a_small_app_that_was_interrupted_is_small_when_it_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = Setup(tmp_path, monkeypatch, ["ERROR: Exception", None])
    with pytest.raises(installation.Trouble):
        installation.set_up(development=False, small=True)
    installation.set_up(development=False)
    assert setup.asked == [locked(setup.small)] * 2


def test_where_the_pins_do_not_exist_the_small_app_takes_no_range_of_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = Setup(tmp_path, monkeypatch, ["error: No solution found when resolving", None])
    installation.set_up(development=False, small=True)
    assert setup.asked == [locked(setup.small), RANGES]


def test_a_computer_that_cannot_train_may_have_the_small_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = Setup(tmp_path, monkeypatch, [None])
    monkeypatch.setattr(installation.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(installation.platform, "system", lambda: "Linux")
    monkeypatch.setattr(installation, "has_avx", lambda system: False)
    with pytest.raises(installation.Trouble, match="--small"):
        installation.set_up(development=False)
    assert not installation.CHOICE.exists()
    installation.set_up(development=False, small=True)
    assert setup.asked == [locked(setup.small)]
