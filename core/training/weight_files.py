"""What people bring as weights: which kind of file it is, and where in it the numbers of each layer are, in order.

A file is looked at as bytes and as plain arrays; nothing in it is run, and of what it says about itself only the names
of layers and arrays are read. Knows nothing of networks.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from core.archive import Archive, ArchiveError
from core.errors import RunError
from core.language import N_, Saying

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"  # of every HDF5 file
OLD_PYTORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # a number that its files once began with, pickled
MAKERS_OF_ONNX = (b"onnx", b"pytorch", b"skl2onnx", b"keras2onnx", b"paddle")
MOST_FILES = 1_000  # in a zip
MOST_NAMES = 1_000  # of layers, and of the arrays of one
SAVE_AGAIN = N_("Save it again with save_weights, or copy it again.")
DAMAGED = Saying("This file of weights is damaged.", SAVE_AGAIN)
BY_HAND = N_(
    "In Python, give its numbers to the same network in Keras with set_weights, save that with"
    " save_weights(“x.weights.h5”), and bring the new file."
)
NO_WEIGHTS = Saying(
    "This file does not hold weights. Choose one that Keras wrote: .weights.h5, .h5 or .keras.",
)
RUN = Saying("This is a packed run. Bring it in as a run (.zip), beside the weights.")
SAVED_MODEL = Saying(
    "This is a SavedModel of TensorFlow. Load it in Python where it was made, save it there with"
    " save_weights(“x.weights.h5”), and bring the new file."
)
TFLITE = Saying("This is a .tflite network, made for phones. Bring the .keras or .h5 file it was made from.")
PYTORCH = Saying("This is a file of PyTorch.", BY_HAND)
SAFETENSORS = Saying("This is a file of safetensors.", BY_HAND)
NUMPY = Saying("This is a file of NumPy arrays.", BY_HAND)
ONNX = Saying("This is an ONNX network.", BY_HAND)
PICKLE = Saying("This is a Python pickle, which can carry a program and is not opened.", BY_HAND)
PACKED = Saying("This file is packed. Unpack it, and bring the .h5 or .keras file that is in it.")
NOT_IT = Saying("This is a page or a note about the file, not the file itself. Download it again.")
NO_LAYERS = Saying("This HDF5 file does not say which layer its numbers belong to.", BY_HAND)
INSIDE_ZIP = (  # the end of a name in a zip -> what the zip is
    ("saved_model.pb", SAVED_MODEL),
    ("plan.json", RUN),
    ("data.pkl", PYTORCH),
    (".npy", NUMPY),
)


def h5_in(content: bytes, most: int) -> bytes:
    """The HDF5 file with weights that somebody brought: the file itself, or of `most` bytes in a .keras file.

    Raises RunError that names any other kind of file, and the nearest way that works.
    """
    if content.startswith(SIGNATURE):
        return content
    if content.startswith(b"PK\x03\x04"):
        return _from_zip(content, most)
    raise RunError(_kind(content))


def _from_zip(content: bytes, most: int) -> bytes:
    try:
        archive = Archive(content, MOST_FILES)
        names = [entry.filename for entry in archive.entries]
        weights = [name for name in names if name.endswith(".h5") and not name.startswith("__MACOSX/")]
        if len(weights) == 1 and "plan.json" not in names:
            inside = archive.read_named(weights[0], most)
            if inside.startswith(SIGNATURE):
                return inside
    except ArchiveError as error:
        raise RunError(DAMAGED) from error
    kinds = (kind for ending, kind in INSIDE_ZIP if any(name.endswith(ending) for name in names))
    raise RunError(next(kinds, NO_WEIGHTS))


def _kind(content: bytes) -> Saying:
    """What to say of a file that is neither HDF5 nor a zip."""
    head = content[:4_000]
    if head[4:8] == b"TFL3":
        return TFLITE
    if head.startswith(b"\x93NUMPY"):
        return NUMPY
    if (
        head[:1] == b"\x80"
        and head[1:2] in b"\2\3\4\5"
        and (b"torch" in head or b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19" in head)
    ):
        return PYTORCH
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")) or head[257:262] == b"ustar":
        return PACKED
    if re.match(rb"(?i)\s*<(!doctype|html)|version https://git-lfs", head):
        return NOT_IT
    if head[8:9] == b"{" and struct.unpack_from("<Q", head)[0] < len(content):
        return SAFETENSORS
    if head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5":
        return PICKLE
    if head[:2] == b"\x08\x01" and b"saved_model" in content[-4_000:] + head:
        return SAVED_MODEL
    if (
        head[:1] == b"\x08"
        and head[2:3] == b"\x12"
        and any(word in head for word in (b"onnx", b"pytorch", b"Conv", b"Gemm"))
    ):
        return ONNX
    return NO_WEIGHTS


def listed(file: h5py.File, arrays: dict[str, h5py.Dataset]) -> list[h5py.Dataset] | None:
    """The `arrays` of an HDF5 file that lists its layers, as model.save("x.h5") does and save_weights("x.h5") once did:
    by layer, each in the order of its list. None of a file without a list.

    Raises RunError when the list names what is not there, or one array twice.
    """
    inside = "model_weights/" if "model_weights" in file else ""
    top = _group(file, "model_weights") if inside else file
    names = list(_names(top, "layer_names"))
    if not names:
        return None
    found: list[str] = []
    for layer in names:
        of_parts: dict[str, list[str]] = {}  # a network within lists what is trained before what is not
        for name in _names(_group(top, layer), "weight_names"):
            of_parts.setdefault(name.rpartition("/")[0], []).append(f"{inside}{layer}/{name}")
        found += [name for part in of_parts.values() for name in part]
    if len(set(found)) < len(found) or not arrays.keys() >= set(found):
        raise RunError(DAMAGED)
    return [arrays[name] for name in found]


def _group(top: h5py.Group, path: str) -> h5py.Group:
    """The group at a path that no link leads to. Raises RunError."""
    import h5py

    for name in path.split("/"):
        if not name.strip(".") or not isinstance(top.get(name, getlink=True), h5py.HardLink):
            raise RunError(DAMAGED)
        top = top[name]
        if not isinstance(top, h5py.Group):
            raise RunError(DAMAGED)
    return top


def _names(group: h5py.Group, word: str) -> Iterator[str]:
    """The names in an attribute, or in several with a number behind each, as long lists are kept."""
    import h5py

    whole = [word] if word in group.attrs else (f"{word}{number}" for number in count())
    left = MOST_NAMES
    for key in whole:
        if key not in group.attrs:
            return
        told = group.attrs.get_id(key)
        left -= 1 + (told.shape[0] if told.shape else 0)
        if left < 0 or len(told.shape or ()) != 1:
            raise RunError(DAMAGED)
        if not told.shape[0]:
            continue
        if h5py.check_string_dtype(told.dtype) is None:
            raise RunError(DAMAGED)
        for name in np.asarray(group.attrs[key]).tolist():
            yield name.decode() if isinstance(name, bytes) else str(name)
