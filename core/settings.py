"""All settings in one table: name, default, what it does. The environment overrides each as FITTING_ROOM_<NAME>.

Knows nothing of how a setting is used. README's table of settings is checked against `describe()`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from core.errors import SettingsError

PREFIX = "FITTING_ROOM_"


def _setting(default: object, words: str, parse: Callable[[str], object]) -> Any:
    """A field of Settings; `parse` makes its value of the text in the environment, or raises ValueError."""
    return field(default=default, metadata={"words": words, "parse": parse})


def _path(words: str) -> Any:
    return _setting(None, words, lambda text: Path(text).expanduser())


def _text(words: str) -> Any:
    return _setting(None, words, str)


def _number(default: int, words: str) -> Any:
    return _setting(default, words, _whole_number)


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("not a whole number. Write digits only")
    return int(text)


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. `None` means "worked out from the others", see the properties."""

    home: Path | None = _path("folder that holds the downloaded data set and the store of runs")
    data: Path | None = _path("folder with the real Fashion-MNIST: four idx files (.gz or plain) or two CSV files")
    store: str | None = _text("where runs are kept, as a SQLAlchemy URL (default: an SQLite file in the home folder)")
    scheduler: str | None = _text("address of a Dask scheduler to use in place of a local one")
    workers: int = _number(1, "training processes started on this machine; 0 starts none")
    max_epochs: int = _number(100, "most epochs one run may ask for")
    max_parameters: int = _number(4_000_000, "largest network one may train, in numbers to learn")
    max_minutes: int = _number(120, "longest time one run may train")
    max_waiting: int = _number(40, "most runs that may wait in the queue")
    max_pictures: int = _number(20, "most pictures answered in one upload")
    max_upload_mb: int = _number(40, "largest picture file, in megabytes")
    max_own_mb: int = _number(
        100,
        "largest data set of one's own, in megabytes; above 100 also raise `maxUploadSize` in .streamlit/config.toml",
    )
    max_own_pictures: int = _number(20_000, "most pictures in a data set of one's own")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings from environment variables.

        Raises SettingsError when a number is not one.
        """
        given = {}
        for row in fields(cls):
            name = PREFIX + row.name.upper()
            if text := environment.get(name, "").strip():
                try:
                    given[row.name] = row.metadata["parse"](text)
                except ValueError as error:
                    raise SettingsError(f"{name} is “{text}”, which is {error}, or leave it out.") from error
        return cls(**given)

    @property
    def folder(self) -> Path:
        """The home folder, by default the one this system keeps for an app's data."""
        return self.home or user_data_path("fitting-room", appauthor=False)

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL of the store of runs."""
        return self.store or f"sqlite:///{(self.folder / 'runs.sqlite').as_posix()}"


def describe() -> list[tuple[str, str, str]]:
    """One row a setting: environment variable, default, what it does."""
    return [
        (PREFIX + row.name.upper(), "" if row.default is None else str(row.default), row.metadata["words"])
        for row in fields(Settings)
    ]
