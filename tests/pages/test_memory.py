"""What the server does for itself: garbage goes, and what lives on is set aside."""

import asyncio
import gc
import tomllib
import weakref
from pathlib import Path

import pytest

from pages.shared.memory import return_memory, tidy
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
    return_memory()  # on any system
