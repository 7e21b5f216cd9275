"""What the server does for itself: garbage goes, and what lives on is set aside."""

import asyncio
import gc
import platform
import subprocess
import sys
import tomllib
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from pages.shared import memory
from pages.shared.memory import tidy
from tests import aio

PROJECT = Path(__file__).resolve().parents[2]


class Ring:
    """Something that only a collection of garbage removes."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize("aside", [False, True], ids=["new garbage", "garbage that was set aside while it lived"])
def test_garbage_is_collected_and_what_lives_is_set_aside(aside: bool) -> None:
    ring = Ring()
    gone = weakref.ref(ring)
    if aside:
        gc.freeze()
    del ring
    assert gone()

    async def once() -> None:
        tidying = asyncio.create_task(tidy())
        await asyncio.sleep(0)
        tidying.cancel()

    try:
        aio.run(once())
        assert not gone() and gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_streamlit_leaves_the_collecting_to_the_app() -> None:
    config = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["runner"]["postScriptGC"] is False


def test_the_c_library_takes_what_it_is_told() -> None:
    tell = (
        "from pages.shared import memory as m; m.return_memory(); library = m._glibc();"
        "told = (m.M_MMAP_THRESHOLD, m.LARGE), (m.M_ARENA_MAX, m.HEAPS);"
        "print(*(library.mallopt(*words) for words in told if library))"
    )
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True, cwd=PROJECT)
    of_glibc = platform.libc_ver()[0] == "glibc"
    assert done.stdout.split() == (["1", "1"] if of_glibc else [])  # 1: its word for yes


def test_free_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    monkeypatch.setattr(memory, "_glibc", lambda: SimpleNamespace(malloc_trim=kept.append))

    async def once() -> None:
        tidying = asyncio.create_task(memory.tidy())
        await asyncio.sleep(0)
        tidying.cancel()

    try:
        aio.run(once())
        assert kept == [0]
    finally:
        gc.unfreeze()
