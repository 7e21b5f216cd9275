"""What tests of the command line share: a command in this process, and what it says."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.__main__ import main
from core.runs import runner
from core.settings import Settings
from core.training import backend


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict]:
        """What it said with --json: every line one object, and nothing beside them."""
        assert self.err == ""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The one sentence of a command that did not work, which stands on the error output."""
        assert self.status == 1 and self.out == "" and "Traceback" not in self.err
        return self.err.strip()


Command = Callable[..., Said]


def _use_cores(once: Callable[[], None] = backend.use_cores) -> None:
    with contextlib.suppress(RuntimeError):  # another test has computed something in this process already
        once()


@pytest.fixture
def command(home: Settings, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Carry out a command in this process, with a home folder of this test's own."""
    monkeypatch.setenv("FITTING_ROOM_PROGRAM", "start.py")
    monkeypatch.setattr(backend, "use_cores", _use_cores)
    runner.dataset_in_use.cache_clear()

    def carry_out(*words: str) -> Said:
        capfd.readouterr()
        return Said(main(list(words)), *capfd.readouterr())

    return carry_out


@pytest.fixture
def small_home(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with the small data set."""
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))
    return Settings.from_environment()
