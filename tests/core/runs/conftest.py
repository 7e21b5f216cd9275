"""What tests of the store share: an empty database, of each kind that is tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs.store import Store, open_store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an SQLite file that is not there yet; then of an empty PostgreSQL database."""
    own = f"sqlite:///{tmp_path / 'deep' / 'runs.sqlite'}"
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else own


@pytest.fixture
def either_store(either_url: str) -> Iterator[Store]:
    """The store there."""
    store = open_store(either_url)
    yield store
    store.close()
