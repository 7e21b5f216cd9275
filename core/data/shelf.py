"""The data sets that visitors brought, in memory only: a bounded number, none kept longer than it is used."""

import secrets
import threading
import time
from collections.abc import Callable

from core.data.upload import Own

PLACES = 40  # data sets kept for visitors at a time
REST_SECONDS = 3600.0  # one that nobody used for so long is forgotten


class Shelf:
    """The data sets that people brought, each under a secret word, in memory: a bounded number, and none longer than it
    is used.

    Safe to use from several threads. `clock` gives seconds.
    """

    def __init__(
        self, places: int = PLACES, rest: float = REST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._places, self._rest, self._clock = places, rest, clock
        self._rows: dict[
            str, tuple[Own, float]
        ] = {}  # word -> what was brought, when it was last asked for; the longest unused first
        self._lock = threading.Lock()

    def put(self, brought: Own) -> str:
        """Keep it, and give the word that brings it back; with the shelf full, the longest unused makes room."""
        word = secrets.token_urlsafe(16)
        with self._lock:
            self._rows[word] = brought, self._clock()
            while len(self._rows) > self._places:
                del self._rows[next(iter(self._rows))]
        return word

    def get(self, word: str) -> Own | None:
        """What lies under this word, unless it has rested too long or was taken off."""
        with self._lock:
            now = self._clock()
            for old in [name for name, (_, used) in self._rows.items() if now - used > self._rest]:
                del self._rows[old]
            row = self._rows.pop(word, None)
            if row is None:
                return None
            self._rows[word] = row[0], now
            return row[0]

    def remove(self, word: str) -> None:
        """Take it off, for every window that knows the word."""
        with self._lock:
            self._rows.pop(word, None)
