"""The server's memory: garbage goes now and then, and what photos took goes back to the system."""

import asyncio
import ctypes
import gc
import sys

TIDY_SECONDS = 30.0
# of glibc's mallopt: from how many bytes a piece goes back to the system at once, and how many heaps there are
M_MMAP_THRESHOLD, LARGE = -3, 256_000
M_ARENA_MAX, HEAPS = -8, 2


def return_memory() -> None:
    """Let what photos took go back to the system at once, where the C library is glibc: of itself it keeps ever larger
    pieces in a heap for each thread, and the server would stay as large as its busiest moment. Call it early."""
    if library := _glibc():
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
        library.mallopt(M_ARENA_MAX, HEAPS)


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


async def tidy() -> None:
    """Collect garbage now and then, set aside what lives on, so that Python itself has little to look through, and give
    free memory back.

    Streamlit would collect after each run of a page, a seventh of a second in which nobody else gets an answer.
    """
    library = _glibc()
    while True:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        if library:
            library.malloc_trim(0)
        await asyncio.sleep(TIDY_SECONDS)
