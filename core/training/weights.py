"""The weights of a network as one .weights.h5 file: written, looked through before use, and loaded.

A stranger's file is only ever read as arrays of the shapes the network has; nothing in it can run. Keras is needed only
to write and load. Knows nothing of runs or pages.
"""

import io
import math
import tempfile
from pathlib import Path

import numpy as np

from core.errors import RunError

MOST_MB = 40  # the largest network here takes 6, with its optimiser's memory 17
SPOILT = "Some of the weights in this file are no numbers: its training went wrong. Train it again, with smaller steps."
SIGNATURE = b"\x89HDF\r\n\x1a\n"


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


def fitting(content: bytes, parameters: int, title: str) -> bytes:
    """The content of a file whose layers hold as many numbers as a network has `parameters`, all of them finite.

    Needs no Keras; `load` compares each shape. Raises RunError, with the network's `title`, when they do not fit.
    """
    import h5py

    shapes = {place: shape for place, shape in _shapes(checked(content)).items() if place.startswith("layers/")}
    count = sum(math.prod(shape) for shape in shapes.values())
    if count != parameters:
        raise RunError(
            f"These weights belong to another network: they are {count:,} numbers, and “{title}” has {parameters:,}."
        )
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            finite = all(np.isfinite(file[place][()]).all() for place in shapes)
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise RunError("This file of weights is damaged. Save it again with save_weights, or copy it again.") from error
    if not finite:
        raise RunError(SPOILT)
    return content


def written(network: object) -> bytes:
    """The weights of a Keras network as a .weights.h5 file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.weights.h5"
        network.save_weights(path)
        return path.read_bytes()


def load(network: object, content: bytes, title: str) -> None:
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
    """The shape of each array of numbers kept plainly in the file itself, by its place; links out of the file are not
    followed.

    Keras writes no other; a packed one could grow without a bound when it is read.
    """
    import h5py

    shapes = {}

    def note(place: str, item: object) -> None:
        if (
            isinstance(item, h5py.Dataset)
            and item.dtype.kind in "fiu"
            and not (item.external or item.is_virtual or item.chunks)
        ):
            shapes[place] = item.shape

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            file.visititems(note)
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise RunError("This file of weights is damaged. Save it again with save_weights, or copy it again.") from error
    return shapes


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape) or "1"


def _layer(place: str) -> str:
    return f"the layer “{place.split('/')[1]}”" if place.startswith("layers/") else f"“{place}”"
