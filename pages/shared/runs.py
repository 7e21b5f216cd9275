"""The runs behind the pages: their store, the queue that trains them, their networks and answers. Each is made once.

Knows nothing of how a page looks.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import WorkerError
from core.inference.network import Network
from core.language import Saying, _, percent
from core.runs import results
from core.runs.book import NewRun, Past
from core.runs.store import Store, open_store
from core.settings import Settings
from core.training.plan import Plan
from core.words import line
from pages.shared.data import data, per_data
from pages.shared.session import key, settings, uploaded

if TYPE_CHECKING:
    from core.runs.queue import RunQueue


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(url: str) -> Store:
    return open_store(url)


def store() -> Store:
    """The store of runs. Raises StoreError."""
    return _store(settings().store_url)


@st.cache_resource(max_entries=4, hash_funcs={Settings: repr}, show_spinner=False)
def _run_queue(chosen: Settings) -> "RunQueue":
    from core.runs.queue import RunQueue

    return RunQueue(chosen).start()


def run_queue() -> "RunQueue":
    """The queue; the first call starts the training workers without waiting for them. Raises SettingsError."""
    return _run_queue(settings())


def untrainable() -> Saying | None:
    """Why nothing can be trained here, whatever one chooses; None when it can. Raises SettingsError."""
    return run_queue().missing


def start(
    plan: Plan, name: str, weights: bytes | None = None, parent: str | None = None, past: Past | None = None
) -> str:
    """Queue a run on the clothes in use and give its id; uploaded clothes and weights travel with it.

    With a `parent` it goes on from where that run stands; with a `past` its `weights` were trained elsewhere.
    Raises PlanError, RunError, StoreError, and WorkerError where nothing can be trained.
    """
    if lack := untrainable():
        raise WorkerError(lack)
    used, clothes = data(), uploaded()
    available = len(used.train_images)
    if clothes and plan.examples is None and past is None:
        plan = replace(plan, examples=available)  # "all" is another number for those who watch with other clothes
    if weights is None:  # with weights to load there is nothing to train, and no limit to hold
        plan.checked(settings(), available)
    pictures = used.to_bytes() if clothes else None
    about = (plan, name, used.fingerprint, used.title, used.source)
    new = NewRun(*about, pictures=pictures, weights=weights, key=key(), parent=parent, past=past)
    run_id = store().create(new, settings().max_waiting)
    run_queue().wake()
    return run_id


def networks() -> dict[str, str]:
    """The networks one can ask, by their ids, and what each is called in a list. Raises StoreError."""
    scored = [run for run in store().runs() if run.scored]
    finished = {run.id: f"{line(run.name)} ({percent(run.test_accuracy, 1)})" for run in scored}
    return {results.SHIPPED: _("The network that comes with the app")} | finished


@st.cache_resource(max_entries=8, show_spinner=False)
def _network(url: str, run_id: str) -> Network:
    return results.network(run_id, _store(url))


def network(run_id: str = results.SHIPPED) -> tuple[Network, str]:
    """A network to ask and what it is called: of a stored run, or the shipped one. Raises RunError."""
    title = results.SHIPPED_TITLE if run_id == results.SHIPPED else store().run(run_id).name
    return _network(settings().store_url, run_id), title


@per_data(max_entries=8, hash_funcs={Settings: repr}, show_spinner="…")
def _tested(chosen: Settings, run_id: str, fingerprint: str) -> results.TestAnswers:
    return results.load_test_answers(run_id, _store(chosen.store_url), data())


def tested(run_id: str) -> results.TestAnswers:
    """The test answers of a run or of the shipped network, with the data set in use. Raises RunError."""
    return _tested(settings(), run_id, data().fingerprint)
