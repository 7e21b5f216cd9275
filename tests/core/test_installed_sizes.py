"""The app comes in two sizes: with TensorFlow, and without it for those who only show and predict. Which, is kept."""

from pathlib import Path

import pytest

import installation
from tests.core.test_installation import RANGES, Setup, locked

PACKAGES = Path("lib", "python3.12", "site-packages")
TENSORFLOW = "tensorflow-2.21.0.dist-info"


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
