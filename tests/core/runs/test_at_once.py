"""What several do at the same moment, in either kind of database: nothing is there twice, and nobody is refused in
vain."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from core.errors import FittingRoomError, RunError
from core.runs.book import NewRun
from core.runs.schema import RUNS, SCHEMA, TABLES, VERSION, Status
from core.runs.store import Store, open_store
from core.training.plan import Plan
from tests.stored import alter, checkpoint

PROJECT = Path(__file__).resolve().parents[3]
OPENED_BY_MANY = """
import os, sys
from core.runs.store import open_store
begin, go = os.pipe()
def opens():
    os.read(begin, 1)
    open_store(sys.argv[1]).close()
    os._exit(0)
children = []
for _ in range(int(sys.argv[2])):
    children.append(os.fork())
    if not children[-1]:
        opens()
os.write(go, b"." * len(children))
print([os.waitpid(child, 0)[1] for child in children])
"""
PLAN = Plan.of("quick", epochs=1)
MANY = 6


def new(key: str = "", name: str = "Quick") -> NewRun:
    return NewRun(PLAN, name, "0" * 16, "Drawn stand-in clothes", key=key)


def at_once(url: str, work: Callable[[Store, int], object]) -> list[object]:
    """What `work` gives, or the RunError it raises, for each of MANY that begin together with a store of their own."""
    ready = threading.Barrier(MANY)

    def begin(number: int) -> object:
        store = open_store(url)
        ready.wait()
        try:
            return work(store, number)
        except RunError as error:
            return error
        finally:
            store.close()

    with ThreadPoolExecutor(MANY) as pool:
        return [*pool.map(begin, range(MANY))]


@pytest.mark.skipif(os.name == "nt", reason="a process has to become six at one moment, and only Unix forks")
def test_six_processes_open_an_empty_database_and_all_can(either_url: str) -> None:
    words = [sys.executable, "-c", OPENED_BY_MANY, either_url, str(MANY)]
    ended = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert ended.stdout == f"{[0] * MANY}\n", ended.stderr
    store = open_store(either_url)
    with store.database.reading() as connection:
        assert [*connection.scalars(select(SCHEMA.c.version))] == [VERSION]
        assert set(TABLES.tables) == set(inspect(connection).get_table_names())
    store.close()


@pytest.mark.postgres
def test_threads_open_an_empty_database_whose_transactions_see_only_what_was_there_before(postgres, postgres_url):
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres.tell(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    for _ in range(3):
        at_once(postgres_url, lambda store, number: store.runs())
        postgres.tell(f"DROP TABLE {', '.join(TABLES.tables)} CASCADE", name)


def test_a_person_who_starts_several_at_once_has_one_that_waits(either_url: str) -> None:
    answers = at_once(either_url, lambda store, number: store.create(new("mine")))
    refused = [answer for answer in answers if isinstance(answer, RunError)]
    assert len(refused) == MANY - 1 and all("You have a run waiting already" in str(error) for error in refused)


def test_several_runs_of_one_name_get_a_number_each(either_store: Store) -> None:
    at_once(either_store.url, lambda store, number: store.create(new(name="Blue")))
    names = {run.name for run in either_store.runs()}
    assert names == {"Blue", *(f"Blue {number}" for number in range(2, MANY + 1))}
    ids = [run.id for run in either_store.runs()]
    at_once(either_store.url, lambda store, number: store.rename(ids[number], "Red"))
    assert {run.name for run in either_store.runs()} == {"Red", *(f"Red {number}" for number in range(2, MANY + 1))}


def test_a_queue_takes_no_more_than_it_has_room_for(either_url: str) -> None:
    answers = at_once(either_url, lambda store, number: store.create(new(f"person {number}"), most_waiting=4))
    assert sum(isinstance(answer, RunError) for answer in answers) == MANY - 4


def test_a_run_is_claimed_by_one_of_many(either_store: Store) -> None:
    ids = [either_store.create(new(f"person {number}")) for number in range(MANY)]
    got = at_once(
        either_store.url, lambda store, number: [each for each in ids if store.claim(each, f"worker {number}")]
    )
    assert sorted(sum(got, [])) == sorted(ids)


def test_a_paused_run_does_not_join_another_of_its_owner_in_the_queue(either_store: Store) -> None:
    first = either_store.create(new("mine"))
    either_store.claim(first).pause(checkpoint(0.5))
    second = either_store.create(new("mine"))
    with pytest.raises(RunError, match="You have a run waiting already"):
        either_store.go_on(first, "mine")
    either_store.stop(second)
    either_store.go_on(first, "mine")
    assert either_store.run(first).status == Status.WAITING


def test_a_name_of_a_deleted_run_stays_taken_so_that_it_can_come_back(either_store: Store) -> None:
    first = either_store.create(new())
    either_store.delete(first)
    second = either_store.create(new())
    either_store.restore(first)
    assert [either_store.run(run_id).name for run_id in (first, second)] == ["Quick", "Quick 2"]


@pytest.mark.parametrize("change", [{"name": "Quick"}, {"owner": "hers", "status": Status.WAITING}])
def test_the_database_itself_refuses_what_must_be_there_once(either_store: Store, change: dict[str, object]) -> None:
    first, second = either_store.create(new()), either_store.create(new())
    alter(either_store, first, owner="hers")
    with pytest.raises(FittingRoomError) as refused:
        alter(either_store, second, **change)
    assert isinstance(refused.value.__cause__, IntegrityError)
    with either_store.database.reading() as connection:
        assert connection.scalar(select(RUNS.c.name).where(RUNS.c.id == second)) == "Quick 2"
