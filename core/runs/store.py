"""The store of runs: plans, progress, curves, models and test answers, in any database SQLAlchemy speaks to.

It is the only channel between pages and workers. Knows nothing of networks or pages. Writes are small and short.
"""

from core.runs.book import RunBook
from core.runs.claims import Claims
from core.runs.database import open_database
from core.runs.files import RunFiles


class Store(RunBook, Claims, RunFiles):
    """The run book, the queue's questions and the files of runs, on one database. Safe to use from several threads.

    Every method raises StoreError, with a sentence, when the database cannot be opened, read or written.
    """

    @property
    def url(self) -> str:
        """The SQLAlchemy URL it was opened with."""
        return self.database.url

    def identity(self) -> str:
        """What tells this store from every other, wherever it is seen from."""
        return self.database.identity()

    def close(self) -> None:
        """Let go of the database file."""
        self.database.close()


def open_store(url: str) -> Store:
    """The store at a SQLAlchemy URL, made or brought up to date where needed. Raises StoreError."""
    return Store(open_database(url))
