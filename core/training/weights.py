"""The weights of a network as one .weights.h5 file: written, checked before use, and loaded.

An uploaded file is only ever read as arrays of the shapes the network has; nothing in it can run. Keras is needed only
to write and load. Knows nothing of runs or pages.
"""

from __future__ import annotations

import io
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import RunError

if TYPE_CHECKING:
    import keras

MOST_MB = 40  # the largest network here takes 6, with its optimiser's memory 17
SPOILT = "Some of the weights in this file are no numbers: its training went wrong. Train it again, with smaller steps."
DAMAGED = "This file of weights is damaged. Save it again with save_weights, or copy it again."
SIGNATURE = b"\x89HDF\r\n\x1a\n"  # of every HDF5 file
H5_DAMAGE = (OSError, KeyError, RuntimeError, ValueError)  # what h5py raises for a broken file


def checked(content: bytes) -> bytes:
    """The content of a file that may hold weights. Raises RunError when it is too large or of another kind."""
    if len(content) > MOST_MB * 1_000_000:
        raise RunError(
            f"This file is larger than {MOST_MB} MB; no network here has so many weights. Choose another file."
        )
    if not content.startswith(SIGNATURE):
        raise RunError(
            "This file does not hold weights. Choose one that Keras wrote with save_weights; its name ends in"
            " .weights.h5."
        )
    return content


def matching(content: bytes, parameters: int, title: str) -> bytes:
    """The content of a file whose layers hold as many numbers as a network has `parameters`, all of them finite.

    Needs no Keras; `load` compares each shape. Raises RunError, with the network's `title`, when they do not match.
    """
    import h5py

    shapes = {name: shape for name, shape in _shapes(checked(content)).items() if name.startswith("layers/")}
    count = sum(math.prod(shape) for shape in shapes.values())
    if count != parameters:
        raise RunError(
            f"These weights belong to another network: they are {count:,} numbers, and “{title}” has {parameters:,}."
        )
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            finite = all(np.isfinite(file[name][()]).all() for name in shapes)
    except H5_DAMAGE as error:
        raise RunError(DAMAGED) from error
    if not finite:
        raise RunError(SPOILT)
    return content


def written(network: keras.Model) -> bytes:
    """The weights of a Keras network as a .weights.h5 file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.weights.h5"
        network.save_weights(path)
        return path.read_bytes()


def load(network: keras.Model, content: bytes, title: str) -> None:
    """Give a Keras network the weights in a .weights.h5 file.

    Raises RunError, with the network's `title`, when they do not fit.
    """
    needed, found = _shapes(written(network)), _shapes(checked(content))
    for name, shape in needed.items():
        if found.get(name) != shape:
            has = f"{_times(found[name])} numbers" if name in found else "none"
            raise RunError(
                f"These weights belong to another network: {_layer(name)} of “{title}” has {_times(shape)} numbers, "
                f"and this file has {has} for it. Choose the network (and the change to it) they were saved from."
            )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.weights.h5"
        path.write_bytes(content)
        try:
            network.load_weights(path)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise RunError("The weights in this file cannot be read. Save them again with save_weights.") from error
    if not all(np.isfinite(values).all() for values in network.get_weights()):
        raise RunError(SPOILT)


def _shapes(content: bytes) -> dict[str, tuple[int, ...]]:
    """The shape of each array of numbers kept plainly in the file itself, by its path in the file; links out of the
    file are not followed.

    Keras writes no other; a packed one could grow without a bound when it is read.
    """
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu":
            return
        if not (item.external or item.is_virtual or item.chunks):
            shapes[name] = item.shape

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            file.visititems(note)
    except H5_DAMAGE as error:
        raise RunError(DAMAGED) from error
    return shapes


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape) or "1"


def _layer(name: str) -> str:
    return f"the layer “{name.split('/')[1]}”" if name.startswith("layers/") else f"“{name}”"
