"""How long one call takes, calls in a process of their own, and tables that grow line by line."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

ROUNDS = 50

Result = TypeVar("Result")


def median_milliseconds(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median time of one call, after a first that is not counted."""
    call()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def in_new_process(function: Callable[..., Result], *arguments: object) -> Result:
    """Call a function from the top of a module in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def format_row(cells: Sequence[object], width: int = 13) -> str:
    """One line of a table: the first cell to the left, numbers to the right."""
    texts = [
        f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
        for cell in cells
    ]
    return texts[0].ljust(16) + "".join(text.rjust(width) for text in texts[1:])


def print_row(*cells: object) -> None:
    """Print a line of a table at once."""
    print(format_row(cells), flush=True)
