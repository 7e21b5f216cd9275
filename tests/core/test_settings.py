"""Settings come from the environment, and a wrong one is said in a sentence. The classes are the published ones."""

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from core import launch
from core.__main__ import main as core_main
from core.errors import SettingsError
from core.labels import CLASSES, COLOURS, NAMES, SLUGS
from core.runs.store import open_store
from core.settings import Settings, describe, lend_home


def test_every_setting_is_read_from_its_variable() -> None:
    settings = Settings.from_environment(
        {
            "FITTING_ROOM_HOME": "/x",
            "FITTING_ROOM_DATA": "~/clothes",
            "FITTING_ROOM_WORKERS": "3",
            "FITTING_ROOM_SCHEDULER": "tcp://a:1",
        }
    )
    assert settings.folder == Path("/x") and settings.workers == 3 and settings.scheduler == "tcp://a:1"
    assert settings.data == Path.home() / "clothes"
    assert settings.store_url == "sqlite:////x/runs.sqlite"
    assert Settings.from_environment({"FITTING_ROOM_STORE": "postgresql://h/db"}).store_url == "postgresql://h/db"
    assert Settings.from_environment({"FITTING_ROOM_DATA": "  "}).data is None


@pytest.mark.parametrize("text", ["many", "-1", "1.5", "²", "1001", "9" * 5000])
def test_a_number_that_is_none_is_said(text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"FITTING_ROOM_WORKERS is “{text[:20]}")) as said:
        Settings.from_environment({"FITTING_ROOM_WORKERS": text})
    assert "a whole number from 0 to 1,000" in str(said.value) and len(str(said.value)) < 200


NUMBERS = [row.name for row in fields(Settings) if isinstance(row.default, int)]


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "workers"])
def test_a_limit_that_would_allow_nothing_or_everything_is_refused(name: str) -> None:
    variable = f"FITTING_ROOM_{name.upper()}"
    assert getattr(Settings.from_environment({variable: "007"}), name) == 7
    for text in ("0", "00", "9" * 10):
        with pytest.raises(SettingsError, match=f"{variable} is “{text}”, which is not a whole number from 1 to"):
            Settings.from_environment({variable: text})


@pytest.mark.parametrize("name", ["50% off", "what?", "a#b", "it's", "ü ñ", "%41", "a@b:c"])
def test_the_runs_are_kept_in_the_home_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    if os.name == "nt" and set(name) & set('?:"'):
        pytest.skip("no folder can have that name there")
    folder = tmp_path / name
    open_store(Settings.from_environment({"FITTING_ROOM_HOME": str(folder)}).store_url).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (folder / "runs.sqlite").stat().st_size


def test_a_folder_is_the_same_one_wherever_a_process_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({"FITTING_ROOM_HOME": "here"}).folder == tmp_path / "here"


@pytest.mark.skipif(os.name == "nt", reason="every user has a home there")
@pytest.mark.parametrize(
    ("environment", "words"),
    [({}, "Set FITTING_ROOM_HOME to a folder"), ({"FITTING_ROOM_HOME": "~/runs"}, "FITTING_ROOM_HOME is “~/runs”")],
)
def test_a_user_without_a_home_is_told_which_setting_helps(
    environment: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE", "HOMEPATH", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as it is where nobody knows the user
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment(environment)


@pytest.mark.skipif(os.name == "nt", reason="every user has a home there")
def test_who_has_no_home_is_lent_the_apps_and_who_has_one_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", "/theirs")
    lend_home()
    assert os.environ["HOME"] == "/theirs"
    monkeypatch.setattr("os.path.expanduser", lambda path: os.environ.get("HOME", "~") + path[1:])
    monkeypatch.setenv("FITTING_ROOM_HOME", str(tmp_path))
    monkeypatch.delenv("HOME")
    lend_home()
    assert os.environ.pop("HOME") == str(tmp_path)
    monkeypatch.delenv("FITTING_ROOM_HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for command in (lambda: launch.main(["--no-browser"]), lambda: core_main(["models"])):
        assert command() == 1 and "Set FITTING_ROOM_HOME to a folder" in capsys.readouterr().err


def test_settings_are_told_apart_by_words_that_hold_no_password() -> None:
    stores = [None, "postgresql://me:hunter2@h/db", "postgresql://me@h/db?password=hunter3"]
    settings = [Settings(home=Path(home), store=store) for home in "ab" for store in stores]
    assert len({repr(each) for each in settings}) == len(settings)
    assert repr(Settings(store=stores[1])) == repr(Settings(store=stores[1]))
    assert not any("hunter" in f"{each} {each!r}" for each in settings)


def test_no_setting_that_is_a_password_is_in_the_words_for_settings() -> None:
    secret = [row.name for row in fields(Settings) if re.search("store|pass|(?<!tls_)key|secret|token", row.name)]
    given = Settings.from_environment({f"FITTING_ROOM_{name.upper()}": "hunter2" for name in secret})
    assert all(getattr(given, name) == "hunter2" for name in secret) and "hunter2" not in repr(given)


def test_every_setting_is_described() -> None:
    rows = describe()
    assert all(name.startswith("FITTING_ROOM_") and words for name, _, words in rows)
    assert len(rows) == len(Settings.__dataclass_fields__)


def test_the_classes_are_those_of_the_data_set_in_its_order() -> None:
    assert NAMES == (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    assert SLUGS == (
        "t-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle-boot",
    )
    assert [garment.index for garment in CLASSES] == list(range(10)) and len(set(COLOURS)) == 10
