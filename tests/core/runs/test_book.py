"""What a person writes about a run is cleaned on its way into the book, and no longer than it may be."""

import pytest

from core.errors import RunError
from core.runs.book import LONGEST_NAME, LONGEST_NOTE, LONGEST_TITLE, NewRun, Past
from core.runs.store import Store
from core.training.plan import Plan

PLAN = Plan.of("quick", epochs=1)
UNSEEN = "\u202e\u200b \u3164\0\n\ud800"


def add(store: Store, name: str, **options: object) -> str:
    return store.create(NewRun(PLAN, name, "0" * 16, **{"data_title": "Clothes", **options}))


def test_everything_a_person_wrote_of_a_new_run_is_cleaned(store: Store) -> None:
    past = Past(note=f"One{UNSEEN}two \r\n{'n' * LONGEST_NOTE}")
    run = store.run(add(store, f" My{UNSEEN}run\u0301 {'m' * 80}", data_title=f"a{UNSEEN}.zip{'t' * 300}", past=past))
    assert run.name == f"My ruń {'m' * 80}"[:LONGEST_NAME] and run.data_title == f"a .zip{'t' * 300}"[:LONGEST_TITLE]
    assert run.note == f"One\ntwo\n{'n' * LONGEST_NOTE}"[:LONGEST_NOTE]


def test_a_new_run_without_a_name_that_can_be_seen_is_called_by_its_plan(store: Store) -> None:
    assert store.run(add(store, UNSEEN)).name == PLAN.title


def test_a_run_is_renamed_to_what_can_be_seen_and_to_nothing_else(store: Store) -> None:
    run_id = add(store, "First")
    store.rename(run_id, f"Se{UNSEEN}cond" + "d" * 80)
    assert store.run(run_id).name == ("Se cond" + "d" * 80)[:LONGEST_NAME]
    with pytest.raises(RunError, match="needs a name"):
        store.rename(run_id, UNSEEN)


def test_a_note_keeps_its_lines(store: Store) -> None:
    run_id = add(store, "First")
    store.annotate(run_id, note="One\u202e\r\n\n\n\ntwo\t\0three" + "e" * LONGEST_NOTE)
    assert store.run(run_id).note == ("One\n\ntwo three" + "e" * LONGEST_NOTE)[:LONGEST_NOTE]


def test_numbers_after_a_name_that_is_taken_keep_it_as_short_as_it_may_be(store: Store) -> None:
    long = "n" * (LONGEST_NAME - 3) + " mm"
    names = [store.run(add(store, name)).name for name in (long, long, long + "m", "n" * LONGEST_NAME)]
    assert names == [long, "n" * (LONGEST_NAME - 3) + " 2", "n" * (LONGEST_NAME - 3) + " 3", "n" * LONGEST_NAME]
    renamed = add(store, "Short")
    store.rename(renamed, long)
    assert store.run(renamed).name.endswith("n 4") and all(len(run.name) <= LONGEST_NAME for run in store.runs())
