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
from core.language import N_

PREFIX = "FITTING_ROOM_"
MOST = 1_000_000_000  # what a setting that has no limit of its own may be
LONGEST = 20  # letters of a wrong value that are repeated


def _setting(default: object, words: str, parse: Callable[[str], object], secret: bool = False) -> Any:
    """A field of Settings; `parse` makes its value of the text in the environment, or raises SettingsError without
    its name and value."""
    return field(default=default, metadata={"words": words, "parse": parse, "secret": secret})


def _path(words: str) -> Any:
    return _setting(None, words, _folder)


def _folder(text: str) -> Path:
    """The folder meant, whatever folder a process is started in."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(
            "{name} is “{value}”, which is a folder of somebody who has no home here. Write its whole path, or leave it"
            " out."
        ) from error


def _text(words: str) -> Any:
    return _setting(None, words, str)


def _secret(words: str) -> Any:
    """A text that may be, or hold, a password."""
    return _setting(None, words, str, secret=True)


def _number(default: int, words: str, least: int = 1, most: int = MOST) -> Any:
    def parse(text: str) -> int:
        digits = text.lstrip("0") or "0"  # int() refuses thousands of digits
        if not text.isdecimal() or len(digits) > len(str(most)) or not least <= int(digits) <= most:
            raise SettingsError(
                "{name} is “{value}”, which is not a whole number from {least} to {most}. Write digits only, or leave"
                " it out.",
                least=least,
                most=most,
            )
        return int(digits)

    return _setting(default, words, parse)


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. `None` means "worked out from the others", see the properties.

    The `repr` tells settings apart within one process, and hides those that are or hold a password.
    """

    home: Path | None = _path(N_("folder that holds the downloaded data set and the store of runs"))
    data: Path | None = _path(
        N_(
            "folder or zip with the real Fashion-MNIST: its four idx files, CSV, Parquet or .npz, as Kaggle, Keras and"
            " others lay them down"
        )
    )
    store: str | None = _secret(
        N_("where runs are kept, as a SQLAlchemy URL (default: an SQLite file in the home folder)")
    )
    scheduler: str | None = _text(N_("address of a Dask scheduler to use in place of a local one"))
    tls_ca: Path | None = _path(
        N_("for a scheduler at tls://: certificate of who signed those of scheduler, workers and app, a PEM file")
    )
    tls_cert: Path | None = _path(N_("the certificate that this computer shows to that scheduler, a PEM file"))
    tls_key: Path | None = _path(N_("the key of that certificate, a PEM file"))
    workers: int = _number(1, N_("training processes started on this machine; 0 starts none"), least=0, most=1_000)
    max_epochs: int = _number(100, N_("most epochs one run may ask for"))
    max_parameters: int = _number(4_000_000, N_("largest network one may train, in numbers to learn"))
    max_minutes: int = _number(120, N_("longest time one run may train"))
    max_waiting: int = _number(40, N_("most runs that may wait in the queue"))
    max_pictures: int = _number(20, N_("most pictures answered in one upload"))
    max_upload_mb: int = _number(40, N_("largest picture file, in megabytes"))
    max_own_mb: int = _number(
        100,
        N_(
            "largest data set of one's own, in megabytes; above 100 also raise `maxUploadSize` in"
            " .streamlit/config.toml"
        ),
    )
    max_own_pictures: int = _number(20_000, N_("most pictures in a data set of one's own"))
    passphrase: str | None = _secret(N_("what everybody types once before the app opens (default: it is open)"))
    teacher_key: str | None = _secret(
        N_("who types it at /teacher may stop and delete everybody's runs (default: nobody may)")
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings from environment variables.

        Raises SettingsError when a number or a folder is not one, and when there is no home folder to be found.
        """
        given = {}
        for row in fields(cls):
            name = PREFIX + row.name.upper()
            if text := environment.get(name, "").strip():
                try:
                    given[row.name] = row.metadata["parse"](text)
                except SettingsError as error:
                    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
                    raise SettingsError(*error.args, **{**error.fields, "name": name, "value": shown}) from error
        settings = cls(**given)
        settings.folder  # noqa: B018 - said now, and not in the middle of something
        return settings

    def __repr__(self) -> str:
        values = {row.name: getattr(self, row.name) for row in fields(self)}
        hidden = {row.name: f"#{hash(values[row.name])}" for row in fields(self) if row.metadata["secret"]}
        return f"Settings({values | {name: words for name, words in hidden.items() if values[name] is not None}})"

    @property
    def folder(self) -> Path:
        """The home folder, by default the one this system keeps for an app's data. Raises SettingsError without one."""
        try:
            return self.home or user_data_path("fitting-room", appauthor=False).absolute()
        except RuntimeError as error:
            raise SettingsError(
                "The user this runs as has no home folder to keep the runs in. Set FITTING_ROOM_HOME to a folder."
            ) from error

    @property
    def environment(self) -> dict[str, str]:
        """The variables from which another process reads these settings; of passwords only the store's address."""
        given = {
            row.name: getattr(self, row.name) for row in fields(self) if row.name not in ("passphrase", "teacher_key")
        }
        variables = {PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None}
        return {**variables, f"{PREFIX}HOME": str(self.folder)}

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL of the store of runs."""
        if self.store:
            return self.store
        from sqlalchemy import URL  # takes a moment, and not every process that reads settings opens the store

        return URL.create("sqlite", database=str(self.folder / "runs.sqlite")).render_as_string(hide_password=False)


def lend_home() -> None:
    """Where the user this runs as has no home folder, let the app's be it: Streamlit and Keras look for one.

    Raises SettingsError when there is none either.
    """
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = str(Settings.from_environment().folder)


def describe() -> list[tuple[str, str, str]]:
    """One row a setting: environment variable, default, what it does."""
    return [
        (PREFIX + row.name.upper(), "" if row.default is None else str(row.default), row.metadata["words"])
        for row in fields(Settings)
    ]
