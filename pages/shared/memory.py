"""The server's memory: garbage goes now and then, and what photos took goes back to the system."""

import asyncio
import ctypes
import gc
import sys

TIDY_SECONDS = 30.0
M_MMAP_THRESHOLD, LARGE = -3, 1_000_000  # of glibc's mallopt; bytes


def return_large_memory() -> None:
    """Let what photos took go back to the system at once, where the C library is glibc: of itself it keeps ever larger
    pieces for each thread, and the server would stay as large as its busiest moment."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(library, "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


async def tidy() -> None:
    """Collect garbage now and then, and set aside what lives on, so that Python itself has little to look through.

    Streamlit would collect after each run of a page, a seventh of a second in which nobody else gets an answer.
    """
    while True:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        await asyncio.sleep(TIDY_SECONDS)
