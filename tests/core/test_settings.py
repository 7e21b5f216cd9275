"""Settings come from the environment, and a wrong one is said in a sentence. The classes are the published ones."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.labels import CLASSES, COLOURS, NAMES, SLUGS
from core.settings import Settings, describe


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


@pytest.mark.parametrize("text", ["many", "-1", "1.5"])
def test_a_number_that_is_none_is_said(text: str) -> None:
    with pytest.raises(SettingsError, match=f"FITTING_ROOM_WORKERS is “{text}”"):
        Settings.from_environment({"FITTING_ROOM_WORKERS": text})


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
