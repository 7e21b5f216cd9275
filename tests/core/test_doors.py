"""Whatever bytes a stranger brings, each place that takes them gives what it promises or refuses in a sentence.

Files are made up from good ones: flipped, cut, doubled, filled. HYPOTHESIS_PROFILE=long tries many more of them.
"""

import io
import json
import logging
import zipfile
from collections.abc import Callable
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.archive import Archive, ArchiveError
from core.arrays import to_npz
from core.data.columns import CSV_COLUMNS
from core.data.dataset import ARRAYS, Dataset, Source
from core.data.sorting import Asked
from core.data.tables import Table
from core.data.upload import example_zip, read_upload
from core.errors import DataError, FittingRoomError, PictureError, RunError, door
from core.runs import bundle
from core.settings import Settings
from core.training import weights
from core.training.checkpoint import FILTERS, Checkpoint, Snapshot
from core.training.plan import Plan

LIMITS = replace(Settings(), max_own_mb=1, max_own_pictures=200)
RUN = Plan.of("hello-world", epochs=2)
TRAINING, TEST = 60, 20  # pictures that a snapshot may be about
SNAPSHOT = Snapshot(
    np.eye(10, dtype=np.int32),
    np.arange(12, dtype=np.int32),
    False,
    np.full((12, 10), 0.1, np.float16),
    np.ones((4, 3, 3), np.float16),
)
CLOTHES = Dataset.of([np.zeros((count, *shape), np.uint8) for count in (3, 2) for shape in ((28, 28), ())], Source.OWN)
CHECKPOINT = Checkpoint(1, 5, 10, np.arange(3.0), 2.5, [np.ones((3, 2), np.float32), np.zeros(2, np.float32)])
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the bytes of one that fails
made_up = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def table(count: int = 24) -> bytes:
    """A table in order."""
    rows = np.column_stack([np.arange(count) % 3, np.arange(count * 784).reshape(count, 784) % 256]).tolist()
    return "\n".join([",".join(CSV_COLUMNS), *(",".join(map(str, row)) for row in rows), ""]).encode()


def small_weights() -> bytes:
    """A file of weights of 30 numbers, as Keras writes them."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = np.ones((4, 6), "f4"), np.zeros(6, "f4")
        file["layers/dense"].attrs["name"] = "dense"
    return content.getvalue()


def hello_weights() -> bytes:
    """A file of weights as large as those of Hello World."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(RUN.row.parameters, "f4")
    return content.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of files that are not packed, so that a change in a file is one in the zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return content.getvalue()


def run_files(**other: bytes) -> dict[str, bytes]:
    """The files of a packed run; `other` has the dots of its names as underscores."""
    words = {"name": "Mine", "note": "", "data_title": "Drawn", "fingerprint": "f"}
    return {
        "plan.json": json.dumps({"format": bundle.FORMAT, "plan": RUN.as_dict(), **words}).encode(),
        "metrics.csv": b"kind,epoch,accuracy,loss,val_accuracy,val_loss\nbatch,0.5,0.5,1.0,,\nepoch,1,0.6,0.9,,\n",
        "snapshot-0001.npz": SNAPSHOT.to_bytes(),
        "model.weights.h5": hello_weights(),
    } | other


@st.composite
def changed(draw: st.DrawFn, good: bytes, head: int = 4_000) -> bytes:
    """A good file with a few changes, most of them near its ends, where it says what it is."""
    body = bytearray(good)
    near = st.integers(0, min(head, len(body) - 1))
    place = st.one_of(near, near.map(lambda far: len(good) - 1 - far), st.integers(0, len(body) - 1))
    for _ in range(draw(st.integers(1, 6))):
        at, length = min(draw(place), max(len(body) - 1, 0)), draw(st.sampled_from([1, 2, 4, 8, 300]))
        match draw(st.sampled_from(["flip", "flip", "fill", "cut", "double", "insert", "end"])):
            case "flip" if body:
                body[at] ^= 1 << draw(st.integers(0, 7))
            case "fill":
                body[at : at + length] = bytes([draw(st.sampled_from([0, 1, 127, 128, 255]))]) * length
            case "cut":
                del body[at : at + length]
            case "double":
                body[at:at] = body[at : at + length]
            case "insert":
                body[at:at] = draw(st.binary(max_size=12))
            case "end":
                del body[at:]
    return bytes(body)


def bytes_like(good: bytes, head: int = 4_000) -> st.SearchStrategy[bytes]:
    """A changed good file; now and then bytes of any kind, or such after a good beginning."""
    return st.one_of(
        changed(good, head),
        changed(good, head),
        changed(good, head),
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda rest: good[:16] + rest),
    )


def passes(read: Callable[[bytes], object], content: bytes) -> object | None:
    """What a door gives for these bytes; None where it refuses them in a sentence, for an error it expects."""
    unexpected: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = unexpected.append
    log = logging.getLogger("core.errors")
    log.addHandler(handler)
    try:
        return read(content)
    except FittingRoomError as error:
        assert len(str(error)) < 400 and str(error).endswith((".", "save_weights.")) and "\n" not in str(error)
        return None
    finally:
        log.removeHandler(handler)
        assert not unexpected, unexpected[0].exc_info


@made_up
@given(bytes_like(table(), 9_000))
def test_a_table_is_read_or_refused(content: bytes) -> None:
    found = passes(lambda body: read_upload([("x.csv", body)], LIMITS), content)
    if found:
        data = found.data
        assert data.train_images.shape[1:] == (28, 28) and data.train_images.dtype == np.uint8
        assert max(data.train_labels.max(), data.test_labels.max()) <= 9


@made_up
@given(st.lists(st.sampled_from(["\n", "\r\n", "\r", "\n\n", ' "7"', "7", "0x7", "-1", "", '"', "\0", "7.0", "nan"])))
def test_a_table_reads_as_its_slow_reading_says(pieces: list[str]) -> None:
    """Each value is put where a pixel was; what is refused is refused for one of them."""
    lines = table(4).decode().splitlines()
    for number, piece in enumerate(pieces):
        row = 1 + number % 4
        lines[row] += piece if piece.strip("\r\n") == "" else f",{piece}"
    content = "\n".join(lines).encode()
    try:
        images, labels, _ways = Table.of(lambda: io.BytesIO(content), "It", "Mend it.", 100).read()
    except DataError as error:
        assert str(error).startswith("It ") and "cannot be read" not in str(error)
    else:
        assert not any(piece.strip("\r\n") for piece in pieces) and images.shape == (4, 28, 28) and len(labels) == 4


@made_up
@given(bytes_like(example_zip(), 3_000))
def test_a_zip_of_clothes_is_read_or_refused(content: bytes) -> None:
    found = passes(lambda body: read_upload([("x.zip", body)], LIMITS), content)
    if isinstance(found, Asked):  # one changed letter made a folder's name another
        assert len(found.folders) == len(found.first) > 0
    else:
        assert found is None or len(found.data.train_labels) + len(found.data.test_labels) >= 20


@made_up
@given(bytes_like(zipped({"a": b"words", "b": bytes(300)})))
def test_any_zip_is_opened_or_refused(content: bytes) -> None:
    try:
        archive = Archive(content)
    except ArchiveError:
        return
    for entry in archive.entries:
        try:
            assert len(archive.read(entry, 400)) <= 400
        except ArchiveError:
            pass


@settings(made_up, max_examples=4 * settings().max_examples)
@given(bytes_like(small_weights(), 3_000))
def test_a_file_of_weights_is_read_or_refused(content: bytes) -> None:
    assert passes(lambda body: weights.matching(body, 30, "x"), content) in (content, None)


@made_up
@given(bytes_like(SNAPSHOT.to_bytes()))
def test_a_snapshot_is_read_or_refused(content: bytes) -> None:
    found = passes(Snapshot.from_bytes, content)
    assert found is None or found.counts.shape == (10, 10)


@made_up
@given(bytes_like(CHECKPOINT.to_bytes()))
def test_a_checkpoint_is_read_or_refused(content: bytes) -> None:
    found = passes(Checkpoint.from_bytes, content)
    assert found is None or (found.sums.shape == (3,) and 0 <= found.images <= found.count)


@made_up
@given(bytes_like(CLOTHES.to_bytes()))
def test_the_pictures_that_came_with_a_run_are_read_or_refused(content: bytes) -> None:
    found = passes(lambda body: Dataset.from_bytes(body, 20), content)
    assert found is None or (len(found.train_labels) and found.train_images.dtype == np.uint8)


OTHER_CLOTHES = {
    "more than a worker takes": {"train_images": np.zeros((90_000, 28, 28), np.uint8)},
    "of another shape": {"test_images": np.zeros((2, 28, 27), np.uint8)},
    "of another kind": {"train_images": np.zeros((3, 28, 28), np.float32)},
    "code": {"train_labels": np.array([print], object)},
    "of no class": {"train_labels": np.array([0, 1, 10], np.uint8)},
    "without a label": {"train_labels": np.zeros(2, np.uint8)},
    "none": {"test_images": np.zeros((0, 28, 28), np.uint8), "test_labels": np.zeros(0, np.uint8)},
    "and something else": {"more": np.zeros(1)},
}


@pytest.mark.parametrize("change", OTHER_CLOTHES)
def test_pictures_that_no_app_sends_with_a_run_are_refused(change: str) -> None:
    arrays = {name: getattr(CLOTHES, name) for name in ARRAYS}
    assert Dataset.from_bytes(to_npz(arrays, compress=True), 20).fingerprint == CLOTHES.fingerprint
    with pytest.raises(DataError, match="more than the 20 that a worker takes"):
        Dataset.from_bytes(to_npz(arrays | OTHER_CLOTHES[change], compress=True), 20)


@made_up
@given(bytes_like(zipped(run_files()), 3_000))
def test_a_packed_run_is_read_or_refused(content: bytes) -> None:
    passes(lambda body: bundle.unpack(body, LIMITS).past("f", TRAINING, TEST), content)


NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 0.5, -0.0, 1e300, -1e300, 70_000, 1e6, 2**31, 2**63, np.inf, -np.inf, np.nan]),
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
)
KINDS = st.sampled_from(["<i4", "<i8", ">i2", "<f2", "<f4", "<f8", "|b1", "|u1", "<u8", "<c8", "<U3", "|V4", "<m8[s]"])
FORGED = {
    "counts": [(10, 10), (10,), (0, 0), (3, 3)],
    "rows": [(12,), (0,), (13,), (12, 1)],
    "held_back": [(), (1,), (2,)],
    "shares": [(12, 10), (12, 0), (0, 10), (12,)],
    "filters": [(4, 3, 3), (0, 3, 3), (4, 0, 3), (4, 3, 0), (FILTERS + 1, 3, 3), (1, 29, 1), (4, 9)],
}


@st.composite
def forged(draw: st.DrawFn) -> bytes:
    """A snapshot with an array or two of other shapes, kinds and numbers."""
    arrays = {name: getattr(SNAPSHOT, name) for name in FORGED}
    for name in draw(st.lists(st.sampled_from(sorted(FORGED)), min_size=1, max_size=2)):
        with np.errstate(all="ignore"):
            try:
                array = np.full(draw(st.sampled_from(FORGED[name])), draw(NUMBERS)).astype(draw(KINDS))
            except (ValueError, TypeError, OverflowError):
                assume(False)
            if array.size and draw(st.booleans()):
                array.flat[1:] = np.zeros(1, array.dtype)[0]
        arrays[name] = array
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the numbers while they are made up
@settings(made_up, max_examples=4 * settings().max_examples)
@given(forged())
def test_a_forged_snapshot_is_refused_or_can_be_drawn(content: bytes) -> None:
    found = passes(Snapshot.from_bytes, content)
    if found is not None and found.fits(TRAINING, TEST):
        assert found.rows.max(initial=0) < (TRAINING if found.held_back else TEST) and found.rows.min(initial=0) >= 0
        assert 0 <= found.shares.min(initial=0) <= found.shares.max(initial=0) <= 1
        assert found.counts.min() >= 0 and found.counts.sum() <= 1_000_000
        assert np.isfinite(found.filters).all() and min(found.filters.shape[1:]) >= 1


@made_up
@given(
    st.sampled_from([*RUN.as_dict(), "more"]),
    st.recursive(
        NUMBERS | st.text(max_size=5) | st.none() | st.booleans() | st.just(10**400),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=5,
    ),
    st.sampled_from(["hello-world", "own"]),
)
def test_a_forged_plan_is_refused_or_lies_within_the_limits(name: str, value: object, recipe: str) -> None:
    plan = RUN.as_dict() | {"recipe": recipe, "layers": [["dense", 5]] if recipe == "own" else None} | {name: value}
    words = {"name": "", "note": "", "data_title": "", "fingerprint": ""}
    told = json.dumps({"format": bundle.FORMAT, "plan": plan, **words}).encode()
    found = passes(lambda body: bundle.unpack(zipped(run_files(**{"plan.json": body})), LIMITS), told)
    if found:
        assert found.plan.loads or found.plan.checked(LIMITS, bundle.MOST_PICTURES)


@made_up
@given(st.lists(st.tuples(st.sampled_from(["batch", "epoch", "x"]), *[NUMBERS | st.just("")] * 5), max_size=5))
def test_a_forged_curve_is_refused_or_can_be_drawn(rows: list[tuple[object, ...]]) -> None:
    head = "kind,epoch,accuracy,loss,val_accuracy,val_loss"
    content = "\n".join([head, *(",".join(map(str, row)) for row in rows)]).encode()
    found = passes(lambda body: bundle.unpack(zipped(run_files(**{"metrics.csv": body})), LIMITS), content)
    if found:
        epochs = [point["epoch"] for point in found.points]
        assert all(0 <= epoch <= RUN.epochs + 0.01 for epoch in epochs)
        assert all(0 <= point["loss"] <= 1e6 and 0 <= point["accuracy"] <= 1 for point in found.points)


def test_a_door_logs_what_it_did_not_expect_and_lets_its_own_error_pass(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RunError, match="Choose another"), door(RunError, "Choose another.", (KeyError,)):
        raise KeyError("known")
    assert not caplog.records
    with pytest.raises(RunError, match="Choose another"), door(RunError, "Choose another."):
        raise ZeroDivisionError
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
    with pytest.raises(PictureError, match="mine"), door(RunError, "Choose another."):
        raise PictureError("mine")
