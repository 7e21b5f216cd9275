"""Whatever a picture file is, it ends in a picture or in a sentence, soon and in little memory."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PictureError
from core.vision.decode import open_picture
from tests import hostile
from tests.hostile_bombs import bombs
from tests.reading_apart import Ended, read_all

MOST_SECONDS = 2.0
MOST_MEGABYTES = 300
GOOD = hostile.good()


def faults(ended: list[Ended]) -> list[Ended]:
    """Those that ended neither in a picture nor in a sentence, or took too much."""
    if sys.platform != "linux":
        warnings.warn("NOT TESTED: the memory of bad pictures, which only Linux tells.", stacklevel=2)
    return [
        one
        for one in ended
        if not (one.is_picture or one.is_sentence)
        or one.seconds > MOST_SECONDS
        or (one.megabytes or 0) > MOST_MEGABYTES
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("default:NOT TESTED")
def test_every_bad_file_ends_in_a_picture_or_a_sentence_soon_and_in_little_memory():
    ended = list(read_all(hostile.bad()))
    assert len(ended) > 300 and len({one.name for one in ended}) == len(ended)
    assert faults(ended) == []
    large = [
        one for one in ended if "14000 x" in one.name and one.name.startswith(("PNG", "GIF", "AVIF", "HEIC", "BMP"))
    ]
    assert len(large) > 10 and [one for one in large if "million" not in one.words] == []


@pytest.mark.filterwarnings("default:NOT TESTED")
def test_a_file_that_would_cost_much_is_refused_before_it_does():
    ended = list(read_all(bombs()))
    assert len(ended) > 12 and faults(ended) == []
    assert [one for one in ended if one.is_picture or one.seconds > 0.5 or (one.megabytes or 0) > 60] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("default:NOT TESTED")
def test_odd_exif_never_keeps_a_picture_from_being_read():
    ended = list(read_all(hostile.odd_exif()))
    assert len(ended) > 100
    assert [one for one in ended if not one.is_picture] == []
    assert faults(ended) == []


@pytest.mark.pictures
@pytest.mark.filterwarnings("default:NOT TESTED")
def test_the_samples_end_as_their_list_says(pictures: Path):
    files = [(path.name, path.read_bytes()) for path in sorted((pictures / "hostile").iterdir())]
    ended = list(read_all(files))
    assert faults(ended) == []
    assert {one.name for one in ended if one.is_picture} == {name for name, _ in files if name.startswith("bad-exif")}


def opens_or_says_why(data: bytes) -> None:
    try:
        picture = open_picture(data, len(data) + 1)
    except PictureError as error:
        assert str(error).endswith((".", "HEIC."))
    else:
        assert picture.ndim == 3 and picture.shape[2] == 4 and picture.dtype == np.uint8 and picture.size


@st.composite
def changed_files(draw: st.DrawFn) -> bytes:
    """A good file after a few changes: bytes flipped, cut out, put in, or a piece of it twice."""
    data = GOOD[draw(st.sampled_from(sorted(GOOD)))]
    for _ in range(draw(st.integers(1, 5))):
        start, length = draw(st.integers(0, len(data))), draw(st.integers(0, 64))
        piece = data[start : start + length]
        change = draw(st.sampled_from(("flip", "cut", "put in", "twice", "break off")))
        put = {"flip": bytes(255 - byte for byte in piece), "twice": piece + piece, "break off": b""}.get(change)
        put = draw(st.binary(max_size=length)) if put is None and change == "put in" else put or b""
        data = data[:start] + put + (b"" if change == "break off" else data[start + length :])
    return data


@given(data=changed_files())
def test_a_file_changed_anywhere_opens_or_says_why(data: bytes):
    opens_or_says_why(data)


@given(start=st.sampled_from(sorted({data[:16] for data in GOOD.values()})), rest=st.binary(max_size=400))
def test_anything_behind_a_signature_opens_or_says_why(start: bytes, rest: bytes):
    opens_or_says_why(start + rest)
