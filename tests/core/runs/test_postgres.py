"""The store in PostgreSQL, with a real server."""

import pytest

from core.runs.book import NewRun
from core.runs.store import open_store
from core.training.plan import Plan

pytestmark = pytest.mark.postgres
NEW = NewRun(Plan.of("quick", epochs=1), "Quick", "0" * 16, "Drawn stand-in clothes")


def test_a_run_is_written_and_read_back(postgres_url: str) -> None:
    store = open_store(postgres_url)
    run_id = store.create(NEW)
    assert store.run(run_id).name == "Quick" and store.claim(run_id) and not store.claim(run_id)
    store.close()
