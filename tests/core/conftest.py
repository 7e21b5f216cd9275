"""What tests of `core` share: settings with a real training worker, which is gone after the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.core.processes import family, kill


@pytest.fixture
def working(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with one worker and small data; whatever still works after the test is killed."""
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    monkeypatch.setenv("FITTING_ROOM_WORKERS", "1")
    settings = Settings.from_environment()
    yield settings
    kill(
        *(process.pid for process in reversed(family(settings)))
    )  # the parent first: it would start its children again
