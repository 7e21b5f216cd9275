"""The data set in use, and everything that is worked out from it.

It is cached by ids and addresses, never by arrays: for all visitors together, but from uploaded clothes for one session
only. Knows nothing of runs and of how a page looks.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
import streamlit as st

from core.data import explore, sources
from core.data.dataset import Dataset
from core.settings import Settings
from pages.shared.session import settings, uploaded

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def per_data(**options: object) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Cache what is worked out from the data set in use: for everybody, but from uploaded clothes for one session only.

    The `options` are those of `st.cache_resource`.
    """

    def decorate(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        shared = st.cache_resource(**options)(work)
        private = st.cache_resource(scope="session", **options)(work)

        @functools.wraps(work)
        def ask(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
            return (private if uploaded() else shared)(*arguments, **named)

        ask.shared = shared  # for nobody in particular: before a page is open there is no session to ask
        return ask

    return decorate


@st.cache_resource(max_entries=2, hash_funcs={Settings: repr}, show_spinner="…")  # alike in all languages
def _data(chosen: Settings) -> Dataset:
    return sources.load(chosen)


def shared_data() -> Dataset:
    """The data set of everybody: the real one, or drawn stand-ins. Raises DataError."""
    return _data(settings())


def data() -> Dataset:
    """The data set in use in this browser: the clothes uploaded in it, else everybody's. Raises DataError."""
    clothes = uploaded()
    return clothes.data if clothes else shared_data()


def forget_data() -> None:
    """Look for the data set anew at the next `data()`, for instance after a download."""
    _data.clear()


def halves(used: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images and labels of the two parts of a data set, by their names on the pages."""
    return {"training": (used.train_images, used.train_labels), "test": (used.test_images, used.test_labels)}


@per_data(max_entries=4, show_spinner=False)
def _averages(fingerprint: str, part: str, _used: Dataset) -> np.ndarray:
    pictures, labels = halves(_used)[part]
    groups = [pictures[labels == index] for index in range(10)]
    return np.stack([group.mean(axis=0) if len(group) else np.zeros((28, 28)) for group in groups]).astype(np.uint8)


def averages(part: str) -> np.ndarray:
    """The mean picture of each class, (10, 28, 28) uint8."""
    return _averages(data().fingerprint, part, data())


@per_data(max_entries=4, show_spinner=False)
def _picture_map(fingerprint: str, part: str, method: str, _used: Dataset) -> tuple[np.ndarray, np.ndarray]:
    pictures, _ = halves(_used)[part]
    rows = explore.sample(len(pictures), explore.MAPS[method])
    return rows, explore.project(pictures[rows], method)


def picture_map(part: str, method: str) -> tuple[np.ndarray, np.ndarray]:
    """A sample of a part, rows (n,), and where its pictures stand on a map, (n, 2); drawn once for all visitors."""
    return _picture_map(data().fingerprint, part, method, data())


@per_data(max_entries=32, show_spinner=False)
def _brightness(fingerprint: str, part: str, kind: int | None, _used: Dataset) -> np.ndarray:
    pictures, labels = halves(_used)[part]
    return explore.brightness(pictures if kind is None else pictures[labels == kind])


def brightness(part: str, kind: int | None) -> np.ndarray:
    """How many dots of a part, or of one class of it, have each value, (256,)."""
    return _brightness(data().fingerprint, part, kind, data())
