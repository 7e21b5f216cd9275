"""The data sets that visitors uploaded, in memory only: a bounded number, none kept longer than it is used."""

import threading
import time
from collections.abc import Callable

from core.data.gather import UploadedDataset

PLACES = 40  # data sets kept for visitors at a time
REST_SECONDS = 3600.0  # one that nobody used for so long is forgotten


class Shelf:
    """The data sets that people uploaded, each under the secret key of a browser, in memory: a bounded number, and none
    longer than it is used.

    Safe to use from several threads. `clock` gives seconds.
    """

    def __init__(
        self, places: int = PLACES, rest: float = REST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._places, self._rest, self._clock = places, rest, clock
        # key -> what was uploaded, when it was last asked for; the longest unused first
        self._rows: dict[str, tuple[UploadedDataset, float]] = {}
        self._lock = threading.Lock()

    def put(self, key: str, clothes: UploadedDataset) -> None:
        """Keep it, in place of what lay under this key; with the shelf full, the longest unused makes room."""
        with self._lock:
            self._rows.pop(key, None)
            self._rows[key] = clothes, self._clock()
            while len(self._rows) > self._places:
                del self._rows[next(iter(self._rows))]

    def get(self, key: str) -> UploadedDataset | None:
        """What lies under this key, unless it has rested too long or was taken off."""
        with self._lock:
            now = self._clock()
            for old in [name for name, (_, used) in self._rows.items() if now - used > self._rest]:
                del self._rows[old]
            row = self._rows.pop(key, None)
            if row is None:
                return None
            self._rows[key] = row[0], now
            return row[0]

    def remove(self, key: str) -> None:
        """Take it off, for every window of that browser."""
        with self._lock:
            self._rows.pop(key, None)
