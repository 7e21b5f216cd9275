"""All settings in one table: name, default, what it does. The environment overrides each as FITTING_ROOM_<NAME>.

Knows nothing of how a setting is used. README's table of settings is checked against `describe()`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from platformdirs import user_data_path

from core.errors import SettingsError

PREFIX = "FITTING_ROOM_"


def _setting(default: object, words: str) -> object:
    return field(default=default, metadata={"words": words})


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. `None` means "worked out from the others", see the properties."""

    home: Path | None = _setting(None, "folder that holds the downloaded data set and the store of runs")
    data: Path | None = _setting(
        None, "folder with the real Fashion-MNIST: four idx files (.gz or plain) or two CSV files"
    )
    store: str | None = _setting(
        None, "where runs are kept, as a SQLAlchemy URL (default: an SQLite file in the home folder)"
    )
    scheduler: str | None = _setting(None, "address of a Dask scheduler to use in place of a local one")
    workers: int = _setting(1, "training processes started on this machine; 0 starts none")
    max_epochs: int = _setting(100, "most epochs one run may ask for")
    max_parameters: int = _setting(4_000_000, "largest network one may train, in numbers to learn")
    max_minutes: int = _setting(120, "longest time one run may train")
    max_waiting: int = _setting(40, "most runs that may wait in the queue")
    max_pictures: int = _setting(20, "most pictures answered in one upload")
    max_upload_mb: int = _setting(40, "largest picture file, in megabytes")
    max_own_mb: int = _setting(
        100,
        "largest data set of one's own, in megabytes; above 100 also raise `maxUploadSize` in .streamlit/config.toml",
    )
    max_own_pictures: int = _setting(20_000, "most pictures in a data set of one's own")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings from environment variables.

        Raises SettingsError when a number is not one.
        """
        given = {}
        for row in fields(cls):
            text = environment.get(PREFIX + row.name.upper(), "").strip()
            if text:
                given[row.name] = _parse(row.name, text, row.type)
        return cls(**given)

    @property
    def folder(self) -> Path:
        """The home folder, by default the one this system keeps for an app's data."""
        return self.home or user_data_path("fitting-room", appauthor=False)

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL of the store of runs."""
        return self.store or f"sqlite:///{(self.folder / 'runs.sqlite').as_posix()}"


def _parse(name: str, text: str, kind: object) -> object:
    if kind is int:
        if not text.isdecimal():
            raise SettingsError(
                f"{PREFIX}{name.upper()} is “{text}”, which is not a whole number. Write digits only, or leave it out."
            )
        return int(text)
    return Path(text).expanduser() if "Path" in str(kind) else text


def describe() -> list[tuple[str, str, str]]:
    """One row a setting: environment variable, default, what it does."""
    return [
        (PREFIX + row.name.upper(), "" if row.default is None else str(row.default), row.metadata["words"])
        for row in fields(Settings)
    ]
