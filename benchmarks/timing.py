"""How long one call takes."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 50


def median_milliseconds(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median time of one call, after a first that is not counted."""
    call()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
