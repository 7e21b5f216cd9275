"""Zips: what a stranger's may hold is limited, and all who take one refuse the same things, in their own words."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.archive import Archive, ArchiveError, Fault, Limits, check, zipped
from core.data import upload
from core.errors import FittingRoomError
from core.images import png
from core.runs import bundle
from core.settings import Settings

SETTINGS = replace(Settings(), max_own_mb=1, max_own_pictures=40, max_upload_mb=1)
LIST, LOCAL = b"PK\1\2", b"PK\3\4"  # where the zip's list, and a file itself, says what it is
FLAGS, PACKING, VERSION, CHECKSUM, SIZE, OFFSET = (
    {LIST: 8, LOCAL: 6},
    {LIST: 10, LOCAL: 8},
    {LIST: 6, LOCAL: 4},
    {LIST: 16, LOCAL: 14},
    {LIST: 24, LOCAL: 22},
    {LIST: 42},
)


FIRST, MORE = {"upload": "bag/0.png", "run": "plan.json"}, {"upload": "bag/more-{}", "run": "more-{}"}
Files = dict[str, bytes]


def good(caller: str) -> Files:
    """The files of a zip that is in order; of a run as far as a zip goes: that its plan is none is found out last."""
    if caller == "run":
        return {"plan.json": b"{}", "metrics.csv": b"", "model.weights.h5": b""}
    grey = [np.full((28, 28), 50 + number, np.uint8) for number in range(10)]
    return {f"{slug}/{number}.png": png(image) for slug in ("bag", "coat") for number, image in enumerate(grey)}


def refusal(caller: str, content: bytes) -> str:
    """What a visitor reads who uploads this zip: why it, or the first file of it, is refused; "" when it is not."""
    try:
        if caller == "upload":
            return next(iter(upload.read_upload([("x.zip", content)], SETTINGS).left_out), "")
        bundle.unpack(content, SETTINGS)
    except FittingRoomError as error:
        return "" if "of another version" in str(error) else str(error)
    raise AssertionError("a run without a plan was taken")


def rewritten(content: bytes, places: dict[bytes, int], value: bytes) -> bytes:
    """The zip with some bytes of what it says of its first file changed, in its list and beside the file."""
    body = bytearray(content)
    for mark, place in places.items():
        at = body.find(mark) + place
        body[at : at + len(value)] = value
    return bytes(body)


def packed(files: Files, packing: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packing) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def beyond_the_end(files: Files) -> bytes:
    """The zip whose list says that its first file begins further on than any file can be long."""
    extra = (1).to_bytes(2, "little") + (8).to_bytes(2, "little") + (2**64 - 1).to_bytes(8, "little")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for place, (name, body) in enumerate(files.items()):
            info = zipfile.ZipInfo(name)
            info.extra = b"" if place else extra
            archive.writestr(info, body)
    return rewritten(content.getvalue(), OFFSET, b"\xff" * 4)


def with_first(body: bytes) -> Callable[[Files, str], bytes]:
    """A zip with another first file."""
    return lambda files, caller: zipped(files | {FIRST[caller]: body})


def with_more(bodies: Sequence[bytes]) -> Callable[[Files, str], bytes]:
    """A zip with more files."""
    return lambda files, caller: zipped(files | {MORE[caller].format(place): body for place, body in enumerate(bodies)})


HOSTILE: dict[str, tuple[Callable[[Files, str], bytes], str, str]] = {
    # what is uploaded, and what is said of it as a data set and as a run
    "nothing": (lambda files, _: b"", "not a", "not a zip"),
    "text": (lambda files, _: b"PK\3\4 and so on", "not a zip", "not a zip"),
    "cut off": (lambda files, _: zipped(files)[:-80], "not a zip", "not a zip"),
    "locked": (lambda files, _: rewritten(zipped(files), FLAGS, b"\1"), "password", "password"),
    "very many files": (
        with_more([b""] * 1_300),
        "1,320 pictures; 40 is the most",
        "1,303 files; a run has 1,200 at most",
    ),
    "a bomb": (with_more([bytes(210_000_000)]), "would unpack to 200 MB; 5 MB", "would unpack to 210 MB; 200 MB"),
    "one large file": (with_first(bytes(1_100_000)), "1.1 MB; 1 MB is the most", "plan.json in this zip is larger"),
    "a size that lies": (
        lambda files, caller: rewritten(with_first(bytes(9_000_000))(files, caller), SIZE, b"\1\0\0\0"),
        "damaged",
        "damaged",
    ),
    "packed with bzip2": (lambda files, _: packed(files, zipfile.ZIP_BZIP2), "unusual way", "unusual way"),
    "packed with lzma": (lambda files, _: packed(files, zipfile.ZIP_LZMA), "unusual way", "unusual way"),
    "packed in an unknown way": (lambda files, _: rewritten(zipped(files), PACKING, b"\x63"), "unusual", "unusual"),
    "of a later kind": (lambda files, _: rewritten(zipped(files), VERSION, b"\xff"), "damaged", "damaged"),
    "patched": (lambda files, _: rewritten(zipped(files), FLAGS, b"\x20"), "damaged", "damaged"),
    "another checksum": (lambda files, _: rewritten(zipped(files), CHECKSUM, b"\0\0\0\0"), "damaged", "damaged"),
    "a file beyond the end": (lambda files, _: beyond_the_end(files), "damaged", "damaged"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("caller", FIRST)
def test_a_hostile_zip_is_refused_in_a_sentence_wherever_it_is_uploaded(caller: str, kind: str) -> None:
    make, *words = HOSTILE[kind]
    sentence = refusal(caller, make(good(caller), caller))
    assert words[caller == "run"] in sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("caller", FIRST)
def test_a_zip_that_is_in_order_is_taken(caller: str) -> None:
    assert refusal(caller, zipped(good(caller))) == ""


@pytest.mark.parametrize("name", ["../../bag/x.png", "/bag/x.png", "C:\\bag\\x.png", "bag/x.png", "bag/"])
def test_a_path_in_a_zip_leads_nowhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "deep")
    more = {name: b"" if name.endswith("/") else good("upload")["bag/0.png"]}
    assert refusal("upload", zipped(good("upload") | more)) == ""
    assert "has folders in it" in refusal("run", zipped(good("run") | more))
    assert [path.name for path in tmp_path.rglob("*")] == ["here", "deep"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_hides_no_file() -> None:
    content = io.BytesIO(zipped(good("upload")))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("bag/0.png", good("upload")["bag/9.png"])
    found = upload.read_upload([("x.zip", content.getvalue())], SETTINGS).data
    assert len(found.train_labels) + len(found.test_labels) == 21
    content = io.BytesIO(zipped(good("run")))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("plan.json", b"{}")
    assert "a file twice" in refusal("run", content.getvalue())
    with pytest.raises(ArchiveError) as caught:
        Archive(content.getvalue()).read_named("plan.json", 10)
    assert caught.value.fault == Fault.NAMES


def test_no_more_is_unpacked_than_was_asked_for() -> None:
    tracemalloc.start()
    content = rewritten(zipped({"zeros": bytes(50_000_000)}), SIZE, (1000).to_bytes(4, "little"))
    archive = Archive(content)
    tracemalloc.reset_peak()
    for most in (10, 2_000):
        with pytest.raises(ArchiveError):
            archive.read_named("zeros", most)
    assert tracemalloc.get_traced_memory()[1] - len(content) < 2_000_000
    tracemalloc.stop()


def test_what_is_zipped_is_read_again() -> None:
    archive = Archive(zipped({"words.txt": "Füße", "empty": b""}))
    assert archive.plain_names() == ["words.txt", "empty"]
    assert archive.read_named("words.txt", 6).decode() == "Füße" and archive.read_named("empty", 0) == b""
    check(archive.entries, Limits(files=2, unpacked=6))
    for limits, fault in ((Limits(1, 6), Fault.TOO_MANY), (Limits(2, 5), Fault.TOO_LARGE)):
        with pytest.raises(ArchiveError) as caught:
            check(archive.entries, limits)
        assert caught.value.fault == fault
    with pytest.raises(ArchiveError) as caught:
        archive.read_named("more", 6)
    assert caught.value.fault == Fault.MISSING


def listed(count: int, extra: bytes = b"", promised: int = 1) -> bytes:
    """A zip that is nothing but the list of so many files; its end says that there are as many as `promised`."""
    head = struct.pack("<4s6H3L5H2L", LIST, 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, len(extra), 0, 0, 0, 0, 0)
    entries = (head + b"a" + extra) * count
    return entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, promised, promised, len(entries), 0, 0)


@pytest.mark.parametrize("promised", [1, 12_000])
@pytest.mark.parametrize("caller", FIRST)
def test_a_long_list_is_refused_before_it_is_gone_through(
    caller: str, promised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = listed(12_000, promised=promised)
    made: list[zipfile.ZipInfo] = []
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *given: made.append(None))
    assert "holds 12,000 files" in refusal(caller, content) and not made


def test_what_is_slow_to_take_apart_in_a_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = listed(20, extra=b"\x99\x99\0\0" * 5_000)
    monkeypatch.setattr(zipfile.ZipInfo, "_decodeExtra", lambda *given: pytest.fail("it was taken apart"))
    with pytest.raises(ArchiveError) as caught:
        Archive(content)
    assert caught.value.fault == Fault.DAMAGED


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_that_share_their_bytes_are_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(3):
            archive.writestr("same", bytes([number]) * 50)
        first, second, _ = archive.infolist()
        second.header_offset = first.header_offset
        second.CRC = first.CRC
    archive = Archive(content.getvalue())
    for entry in archive.entries[:2]:
        with pytest.raises(ArchiveError):
            archive.read(entry, 50)
    assert archive.read(archive.entries[2], 50) == b"\2" * 50


def test_a_zip_in_a_zip_and_a_link_in_it_are_named_and_the_rest_is_used() -> None:
    link = zipfile.ZipInfo("bag/link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    content = io.BytesIO(zipped(good("upload") | {"bag/more.zip": zipped({f"{place}": b"" for place in range(9_000)})}))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr(link, "/etc/hosts")
    found = upload.read_upload([("x.zip", content.getvalue())], SETTINGS)
    assert [line.partition(":")[0] for line in found.left_out] == ["bag/more.zip", "bag/link.png"]
    assert len(found.data.train_labels) + len(found.data.test_labels) == 20
