"""The objects behind the pages: settings, data set, store, queue, networks.

Each is made once and shared by all visitors.

Only clothes that somebody brought, and what is worked out from them, belong to one browser.
Everything is cached by ids and addresses, never by arrays. Knows nothing of how a page looks.
"""

import functools
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data import explore, sources, synthetic
from core.data.dataset import Dataset
from core.data.shelf import Shelf
from core.data.upload import Own
from core.images import png, sheet
from core.inference.network import Network
from core.runs import results
from core.runs.schema import Run
from core.runs.store import Past, Store
from core.settings import Settings
from core.training.plan import Plan

if TYPE_CHECKING:
    from core.runs.queue import Jobs

KEY = "fitting_room_key"  # where a session, and a cookie, keep the secret that makes a run theirs
KEY_FORM = re.compile(r"[\w-]{32}")
OWN = "fitting_room_own"  # where a session, and a cookie, keep the word for what somebody brought
WALL = (40, 10)  # columns and rows of garments


def settings() -> Settings:
    """The settings in force. Raises SettingsError."""
    return Settings.from_environment()


@st.cache_resource(max_entries=2, hash_funcs={Settings: repr}, show_spinner="Fetching the clothes …")
def _data(chosen: Settings) -> Dataset:
    return sources.load(chosen)


def shared_data() -> Dataset:
    """The data set of everybody: the real one, or drawn stand-ins. Raises DataError."""
    return _data(settings())


def data() -> Dataset:
    """The data set in use in this browser: the clothes brought to it, else everybody's. Raises DataError."""
    brought = own()
    return brought.data if brought else shared_data()


@st.cache_resource(max_entries=1, show_spinner=False)
def _shelf() -> Shelf:
    return Shelf()


def own_word() -> str:
    """The secret word of the clothes brought to this browser: of this window, else the cookie's, so that a reload finds
    them again."""
    return st.session_state.get(OWN) or st.context.cookies.get(OWN, "")


def own() -> Own | None:
    """The clothes that somebody brought to this browser, if any."""
    return _shelf().get(own_word())


def use_own(brought: Own) -> None:
    """Use these clothes on every page of this browser, in place of those brought before, and nowhere else."""
    put_own_away()
    st.session_state[OWN] = _shelf().put(brought)


def put_own_away() -> None:
    """Go back to everybody's clothes; those brought to this browser are forgotten."""
    _shelf().remove(own_word())
    st.session_state.pop(OWN, None)


def own_lapsed() -> bool:
    """Whether clothes brought to this window have been forgotten since; says so once."""
    return not own() and bool(st.session_state.pop(OWN, None))


def per_data(**options: object) -> Callable[[Callable], Callable]:
    """Cache what is worked out from the data set in use: for everybody, but from brought clothes for one session
    only."""

    def decorate(work: Callable) -> Callable:
        shared = st.cache_resource(**options)(work)
        private = st.cache_resource(scope="session", **options)(work)

        @functools.wraps(work)
        def ask(*arguments: object) -> object:
            return (private if own() else shared)(*arguments)

        ask.clear = shared.clear
        return ask

    return decorate


def forget_data() -> None:
    """Look for the data set anew at the next `data()`, for instance after a download."""
    _data.clear()
    _wall.clear()


@per_data(max_entries=2, hash_funcs={Settings: repr}, show_spinner=False)
def _wall(chosen: Settings, own_fingerprint: str) -> tuple[bytes, np.ndarray]:
    columns, rows = WALL
    order = np.random.default_rng(7)
    folders = (chosen.data, sources.keras_folder(), chosen.folder / "fashion-mnist")
    if own_fingerprint or any(folder and folder.is_dir() for folder in folders):
        images = data().test_images
        images = images[order.integers(0, len(images), columns * rows)]
    else:  # drawing all 70,000 takes seconds, and the wall must be there at once
        images = synthetic.draw(order.integers(0, 10, columns * rows), 7)
    return png(sheet(images, columns, scale=2, gap=10)), images


def wall() -> tuple[bytes, np.ndarray]:
    """The welcome page's wall as one PNG, and its pictures (n, 28, 28) uint8: of the data set in use, or drawn like
    it."""
    brought = own()
    return _wall(settings(), brought.data.fingerprint if brought else "")


@per_data(max_entries=4, show_spinner=False)
def _averages(fingerprint: str, part: str, _used: Dataset) -> np.ndarray:
    images, labels = halves(_used)[part]
    groups = [images[labels == index] for index in range(10)]
    return np.stack([group.mean(axis=0) if len(group) else np.zeros((28, 28)) for group in groups]).astype(np.uint8)


def averages(part: str) -> np.ndarray:
    """The mean picture of each class, (10, 28, 28) uint8."""
    return _averages(data().fingerprint, part, data())


@per_data(max_entries=4, show_spinner=False)
def _atlas(fingerprint: str, part: str, way: str, _used: Dataset) -> tuple[np.ndarray, np.ndarray]:
    images, _ = halves(_used)[part]
    rows = explore.sample(len(images), explore.MAPS[way])
    return rows, explore.place(images[rows], way)


def places(part: str, way: str) -> tuple[np.ndarray, np.ndarray]:
    """A sample of a part, rows (n,), and where its pictures stand on a map, (n, 2); drawn once for all visitors."""
    return _atlas(data().fingerprint, part, way, data())


@st.cache_resource(max_entries=32, show_spinner=False)
def _brightness(fingerprint: str, part: str, kind: int | None, _used: Dataset) -> np.ndarray:
    images, labels = halves(_used)[part]
    return explore.brightness(images if kind is None else images[labels == kind])


def brightness(part: str, kind: int | None) -> np.ndarray:
    """How many dots of a part, or of one class of it, have each value, (256,)."""
    return _brightness(data().fingerprint, part, kind, data())


def halves(used: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images and labels of the two parts of a data set, by their names on the pages."""
    return {"training": (used.train_images, used.train_labels), "test": (used.test_images, used.test_labels)}


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(url: str) -> Store:
    return Store(url)


def store() -> Store:
    """The store of runs. Raises StoreError."""
    return _store(settings().store_url)


@st.cache_resource(max_entries=4, hash_funcs={Settings: repr}, show_spinner=False)
def _jobs(chosen: Settings) -> "Jobs":
    from core.runs.queue import Jobs

    return Jobs(chosen).start()


def jobs() -> "Jobs":
    """The queue; the first call starts the training workers without waiting for them."""
    return _jobs(settings())


def key() -> str:
    """The secret of this browser: who has it may stop, change and delete the runs started with it.

    The cookie outlives a reload.
    """
    if KEY not in st.session_state:
        known = st.context.cookies.get(KEY)
        fits = isinstance(known, str) and KEY_FORM.fullmatch(known)
        st.session_state[KEY] = known if fits else secrets.token_urlsafe(24)
    return st.session_state[KEY]


def start(
    plan: Plan, name: str, given: bytes | None = None, parent: str | None = None, past: Past | None = None
) -> str:
    """Queue a run on the clothes in use and give its id; brought clothes and weights travel with it.

    With a `parent` it goes on from where that run stands; with a `past` its given weights were trained elsewhere.
    Raises PlanError, RunError and StoreError.
    """
    used, brought = data(), own()
    available = len(used.train_images)
    if brought and plan.examples is None and past is None:
        plan = replace(plan, examples=available)  # "all" is another number for those who watch with other clothes
    if given is None:  # with weights to load there is nothing to train, and no limit to hold
        plan.checked(settings(), available)
    pictures = used.to_bytes() if brought else None
    travelling = {"pictures": pictures, "given": given, "key": key(), "parent": parent, "past": past}
    run_id = store().create(plan.as_dict(), name, used.fingerprint, used.title, settings().max_waiting, **travelling)
    jobs().tend()
    return run_id


def measured() -> dict[str, float]:
    """Pictures a second by network, from the latest run of each on this computer. Raises StoreError."""
    return {Plan(**run.plan).network_key: run.speed for run in reversed(store().runs()) if run.scored and run.speed}


def runs() -> list[Run]:
    """All runs that have a network to ask, the newest first. Raises StoreError."""
    return [run for run in store().runs() if run.scored]


@st.cache_resource(max_entries=8, show_spinner=False)
def _network(url: str, run_id: str) -> Network:
    return results.network(run_id, _store(url))


def network(run_id: str = results.SHIPPED) -> tuple[Network, str]:
    """A network to ask and what it is called: of a stored run, or the shipped one. Raises RunError."""
    title = results.SHIPPED_TITLE if run_id == results.SHIPPED else store().run(run_id).name
    return _network(settings().store_url, run_id), title


@per_data(max_entries=8, hash_funcs={Settings: repr}, show_spinner="Looking at its answers …")
def _tested(chosen: Settings, run_id: str, fingerprint: str) -> results.Tested:
    return results.tested(run_id, _store(chosen.store_url), data())


def tested(run_id: str) -> results.Tested:
    """The test answers of a run or of the shipped network, with the data set in use. Raises RunError."""
    return _tested(settings(), run_id, data().fingerprint)
