"""The weights of a network as one .weights.h5 file: written, checked before use, and loaded; others are loaded, too.

An uploaded file is only ever read as arrays of the shapes the network has; nothing in it can run. Keras is needed only
to write and load. Knows nothing of runs or pages.
"""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import RunError, door
from core.language import N_
from core.training.weight_files import DAMAGED, NO_LAYERS, SAVE_AGAIN, h5_in, listed

if TYPE_CHECKING:
    import h5py
    import keras

MOST_MB = 40  # the largest network here takes 6, with its optimiser's memory 17
SPOILT = N_(
    "Some of the weights in this file are no numbers: its training went wrong. Train it again, with smaller steps."
)
OTHER_COUNT = N_("These weights belong to another network: they are {count} numbers, and “{network}” has {due}.")
OTHER_NUMBERS = N_(
    "These weights belong to another network: the layer “{layer}” of “{network}” has {due} numbers, and this file has"
    " {count} numbers for it."
)
NO_NUMBERS = N_(
    "These weights belong to another network: the layer “{layer}” of “{network}” has {due} numbers, and this file has"
    " none for it."
)
MOST_OBJECTS, MOST_DEPTH = (
    1_000,
    8,
)  # the largest network has 50 with its optimiser's, four levels deep
H5_DAMAGE = (  # what h5py raises for a broken file
    OSError,
    KeyError,
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


def checked(content: bytes) -> bytes:
    """The HDF5 file with weights in what somebody brought. Raises RunError when it is too large or of another kind."""
    if len(content) > MOST_MB * 1_000_000:
        raise RunError(
            "This file is larger than {most} MB; no network here has so many weights. Choose another file.",
            most=MOST_MB,
        )
    return h5_in(content, MOST_MB * 1_000_000)


def matching(content: bytes, parameters: int, title: str) -> bytes:
    """The HDF5 file in what somebody brought, of which the layers hold as many numbers as a network has `parameters`,
    all of them finite.

    Needs no Keras; `load` compares each shape. Raises RunError, with the network's `title`, when they do not match.
    """
    content = checked(content)
    with _opened(content) as (arrays, in_order):
        layers = [array for name, array in arrays.items() if name.startswith("layers/")]
        layers = layers if in_order is None else in_order
        if arrays and not layers:
            raise RunError(NO_LAYERS)
        count = sum(array.size for array in layers)
        if count != parameters:
            raise RunError(OTHER_COUNT, count=count, network=title, due=parameters)
        if not all(np.isfinite(array[()]).all() for array in layers):
            raise RunError(SPOILT)
    return content


def written(network: keras.Model) -> bytes:
    """The weights of a Keras network as a .weights.h5 file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.weights.h5"
        network.save_weights(path)
        return path.read_bytes()


def load(network: keras.Model, content: bytes, title: str) -> None:
    """Give a Keras network the weights that somebody brought.

    Raises RunError, with the network's `title`, when they do not fit.
    """
    with _opened(checked(content)) as (arrays, in_order):
        if in_order is None:
            own = _filled(written(network), arrays, title)
        else:
            _fill_in_order(network, in_order, title)
    if in_order is None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.weights.h5"
            path.write_bytes(own)
            network.load_weights(path)
    if not all(np.isfinite(values).all() for values in network.get_weights()):
        raise RunError(SPOILT)


def _filled(own: bytes, found: dict[str, h5py.Dataset], title: str) -> bytes:
    """A network's own .weights.h5 file with the numbers found under the same names: it is this that Keras reads."""
    import h5py

    buffer = io.BytesIO(own)
    with h5py.File(buffer, "r+") as file:
        for name, array in _plain_arrays(file, len(own)).items():
            if name not in found or found[name].shape != array.shape:
                layer = name.split("/")[1] if name.startswith("layers/") else name
                raise _misfit(layer, array.shape, found[name].shape if name in found else None, title)
            array[...] = found[name][()]
    return buffer.getvalue()


def _fill_in_order(network: keras.Model, found: list[h5py.Dataset], title: str) -> None:
    """Give a network arrays that come in the order of its layers."""
    for place, due in enumerate(network.weights):
        shape = found[place].shape if place < len(found) else None
        if shape != tuple(due.shape):
            raise _misfit(due.path.split("/")[-2], tuple(due.shape), shape, title)
    if len(found) > len(network.weights):
        count = sum(array.size for array in found)
        raise RunError(OTHER_COUNT, count=count, network=title, due=network.count_params())
    network.set_weights([array[()] for array in found])


def _misfit(layer: str, due: tuple[int, ...], shape: tuple[int, ...] | None, title: str) -> RunError:
    """Why the numbers of a layer do not fit; None where there are none."""
    return RunError(
        NO_NUMBERS if shape is None else OTHER_NUMBERS,
        N_("Choose the network (and the change to it) they were saved from."),
        layer=layer,
        network=title,
        due=_times(due),
        count="" if shape is None else _times(shape),
    )


@contextmanager
def _opened(content: bytes) -> Iterator[tuple[dict[str, h5py.Dataset], list[h5py.Dataset] | None]]:
    """The arrays of numbers in an HDF5 file that somebody brought, not read yet: by their path in it, and in the order
    of its layers where it has a list of them.

    Raises RunError; so does reading them in these lines when the file is damaged.
    """
    import h5py

    with door(RunError, DAMAGED, H5_DAMAGE), h5py.File(io.BytesIO(content), "r") as file:
        arrays = _plain_arrays(file, len(content))
        yield arrays, listed(file, arrays)


def _plain_arrays(file: h5py.File, most: int) -> dict[str, h5py.Dataset]:
    """The arrays of numbers kept plainly in the file itself, each of `most` bytes at most, by their path in the file.
    Links are not followed. Raises RunError when there is far more than in any network.

    Keras writes no other; a packed one could grow without a bound when it is read.
    """
    import h5py

    arrays: dict[str, h5py.Dataset] = {}
    waiting: list[tuple[str, h5py.Group]] = [("", file)]
    seen = 0
    while waiting:
        place, group = waiting.pop(0)
        seen += len(group)  # counted before the names are listed
        if seen > MOST_OBJECTS or place.count("/") > MOST_DEPTH:
            raise RunError("This file holds far more than the weights of a network.", SAVE_AGAIN)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((f"{place}{name}/", item))
            elif isinstance(item, h5py.Dataset) and _is_plain(item, most):
                arrays[f"{place}{name}"] = item
    return arrays


def _is_plain(item: h5py.Dataset, most: int) -> bool:
    """Whether these are numbers that lie in one piece in the file itself."""
    if item.shape is None or item.external or item.is_virtual or item.chunks:
        return False
    kind: np.dtype = item.dtype
    return kind.kind in "fiu" and math.prod(item.shape) * kind.itemsize <= most


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape) or "1"
