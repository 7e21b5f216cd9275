"""NumPy arrays as bytes, which may have passed through strangers' hands: written, and read without pickle and only as
many numbers as they promise.

Knows nothing of what the numbers mean.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from tokenize import TokenError
from typing import Any

import numpy as np

from core.archive import Archive, ArchiveError, Limits, check

DAMAGE = (  # what reading an .npz or .npy file raises for a broken one
    ArchiveError,
    KeyError,
    ValueError,
    TypeError,
    SyntaxError,
    TokenError,
    RecursionError,
    OverflowError,
    MemoryError,
)


def to_npz(arrays: Mapping[str, Any], compress: bool) -> bytes:
    """Arrays by their names as an .npz file."""
    buffer = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def from_npz(content: bytes, limits: Limits, largest: int | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by their names, each file of `largest` bytes at most. Raises one of DAMAGE."""
    archive = Archive(content, limits.files)
    check(archive.entries, limits)
    most = limits.unpacked if largest is None else largest
    return {name.removesuffix(".npy"): plain_array(archive.read_named(name, most)) for name in archive.plain_names()}


def plain_array(content: bytes) -> np.ndarray:
    """An array in NumPy's own form, read without pickle and only when it holds as many numbers as it says.

    Raises one of DAMAGE.
    """
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("another version")
    shape, in_columns, kind = np.lib.format.read_array_header_1_0(file)
    numbers = content[file.tell() :]
    if kind.kind not in "biuf" or min(shape, default=0) < 0 or len(numbers) != kind.itemsize * math.prod(shape):
        raise ValueError("not the numbers it promises")
    return np.frombuffer(numbers, kind).reshape(shape, order="F" if in_columns else "C").copy()
