"""A run as a zip: it comes back as it went, a bad one is refused in a sentence, and nothing of a stranger's ever
runs."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.data.dataset import Dataset, Source
from core.errors import FittingRoomError
from core.labels import NAMES
from core.language import percent
from core.runs import bundle, runner, tensorboard
from core.runs.book import NewRun
from core.runs.card import FILES
from core.runs.card import of_run as card_of
from core.runs.results import load_test_answers
from core.runs.schema import Run
from core.runs.store import Store, open_store
from core.settings import Settings
from core.training.checkpoint import Snapshot
from core.training.plan import Plan
from core.training.weights import matching, written
from models.catalogue import OWN, RECIPES

pytestmark = pytest.mark.slow

LIMITS = Settings()
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, garments: Dataset) -> Iterator[tuple[Store, Run]]:
    """A store with one trained run."""
    settings = Settings(home=tmp_path_factory.mktemp("source"))
    store = open_store(settings.store_url)
    plan = Plan.of("quick", epochs=2, seed=7)
    run_id = store.create(NewRun(plan, "Müller & <b>Söhne</b>", garments.fingerprint, garments.title))
    store.annotate(run_id, note="Two looks\nat 1,200 drawn clothes.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "dataset_in_use", lambda settings: garments)
        assert runner.carry_out(run_id, settings) == "done"
    yield store, store.run(run_id)
    store.close()


@pytest.fixture(scope="module")
def packed(source: tuple[Store, Run], garments: Dataset) -> bytes:
    """That run as a zip."""
    store, run = source
    return bundle.pack(run, store, garments.test_labels)


@pytest.fixture
def here(home: Settings, garments: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of another computer."""
    monkeypatch.setattr(runner, "dataset_in_use", lambda settings: garments)
    store = open_store(home.store_url)
    yield store
    store.close()


def opened(content: bytes) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def closed(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def brought(store: Store, found: bundle.Bundle, data: Dataset) -> str:
    """Queue what was unpacked, as the page does."""
    past = found.past(data.fingerprint, len(data.train_images), len(data.test_images))
    return store.create(NewRun(found.plan, found.name, data.fingerprint, data.title, weights=found.weights, past=past))


def test_a_zip_holds_everything_of_a_run(source: tuple[Store, Run], packed: bytes, garments: Dataset) -> None:
    store, run = source
    files = opened(packed)
    assert set(files) == {
        *(
            "README.md",
            "plan.json",
            "metrics.csv",
            "report.html",
            "quick.py",
            "quick.ipynb",
            "snapshot-0001.npz",
            "snapshot-0002.npz",
        ),
        *("model.keras", "model.tflite", "model.weights.h5", "probabilities.npy"),
    }
    for kind, name in bundle.FILES.items():
        assert files[name] == store.artifact(run.id, kind)
    told = json.loads(files["plan.json"])
    assert (
        told["figures"]["test_accuracy"] == run.test_accuracy
        and told["versions"]["keras"]
        and told["fingerprint"] == garments.fingerprint
    )
    assert Plan(**told["plan"]) == Plan.of("quick", epochs=2, seed=7)
    compile(files["quick.py"], "quick.py", "exec")


def test_a_run_comes_back_with_its_plan_curve_note_snapshots_and_answers(
    source: tuple[Store, Run], packed: bytes, here: Store, home: Settings, garments: Dataset
) -> None:
    store, run = source
    found = bundle.unpack(packed, LIMITS)
    run_id = brought(here, found, garments)
    assert here.artifacts(run_id) == ["given"] and here.run(run_id).status == "waiting"
    assert runner.carry_out(run_id, home) == "done"
    copy = here.run(run_id)
    assert (copy.plan, copy.test_accuracy, copy.seams) == (run.plan, run.test_accuracy, [])
    assert (
        copy.name == "Müller & b Söhne /b"
        and copy.note.endswith("Two looks at 1,200 drawn clothes.")
        and garments.title in copy.note
    )
    for mine, theirs in zip(here.points(run_id), store.points(run.id), strict=True):
        np.testing.assert_allclose(mine, theirs)
    assert here.epochs(run_id) == [1, 2]
    one, other = (Snapshot.from_bytes(where.snapshot(which, 2)) for where, which in ((here, run_id), (store, run.id)))
    assert (
        np.array_equal(one.counts, other.counts)
        and np.array_equal(one.filters, other.filters)
        and one.held_back == other.held_back
    )
    assert np.array_equal(
        load_test_answers(run_id, here, garments).outputs, load_test_answers(run.id, store, garments).outputs
    )


def test_snapshots_of_other_pictures_do_not_come_along(packed: bytes) -> None:
    found = bundle.unpack(packed, LIMITS)
    elsewhere = found.past("another", 10, 10)
    assert found.snapshots and elsewhere.snapshots == {} and len(elsewhere.points) == len(found.points)


@pytest.mark.parametrize("held_back", [True, False])
def test_a_snapshot_about_pictures_that_do_not_exist_is_refused(packed: bytes, held_back: bool) -> None:
    files = opened(packed)
    snapshot(rows=np.arange(12) + 88, held_back=held_back)(files)
    found = replace(bundle.unpack(closed(files), LIMITS), points=[])
    found.snapshots.pop(2)
    which = "training" if held_back else "test"
    assert found.past(found.fingerprint, **{"training": 1, "test": 1, which: 100}).snapshots
    with pytest.raises(FittingRoomError, match=r"snapshot-0001.npz in this zip names pictures that do not exist"):
        found.past(found.fingerprint, **{"training": 1_000, "test": 1_000, which: 99})


def test_a_run_that_only_loaded_its_weights_comes_back_too(here: Store, home: Settings, garments: Dataset) -> None:
    content = written(RECIPES["five-steps"].variant("softmax").build())
    plan = Plan.loading("five-steps", "softmax")
    run_id = here.create(NewRun(plan, "Given", garments.fingerprint, garments.title, weights=content))
    assert runner.carry_out(run_id, home) == "done"
    found = bundle.unpack(bundle.pack(here.run(run_id), here), LIMITS)
    assert found.plan == plan and found.points == [] and found.snapshots == {}


def test_a_network_of_ones_own_comes_back_with_its_layers(here: Store, home: Settings, garments: Dataset) -> None:
    layers = [["convolution", 4, 3, 2], ["normalise"], ["dropout", 0.3], ["dense", 12]]
    plan = Plan.of(OWN, epochs=1, layers=layers)
    run_id = here.create(NewRun(plan, "Built", garments.fingerprint, garments.title))
    assert runner.carry_out(run_id, home) == "done"
    content = bundle.pack(here.run(run_id), here)
    found = bundle.unpack(content, LIMITS)
    assert found.plan == plan
    assert "convolution 4 3 2, normalise, dropout 0.3, dense 12" in opened(content)["report.html"].decode()
    copy = brought(here, found, garments)
    assert runner.carry_out(copy, home) == "done" and here.run(copy).test_accuracy == here.run(run_id).test_accuracy


def test_a_run_without_a_network_is_packed_but_not_taken(here: Store, garments: Dataset) -> None:
    run_id = here.create(NewRun(Plan.of("quick"), "Never begun", garments.fingerprint, garments.title))
    here.stop(run_id)
    content = bundle.pack(here.run(run_id), here)
    assert "probabilities.npy" not in opened(content)
    with pytest.raises(FittingRoomError, match="it has no model.weights.h5"):
        bundle.unpack(content, LIMITS)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return Path.touch, (self.mark,)


def trapped(mark: Path) -> bytes:
    """A .keras file with a lambda in it that writes a file whenever the network is built."""
    import keras

    def trap(pixels: object, mark: str = str(mark)) -> object:
        open(mark, "w").close()
        return pixels

    network = keras.Sequential([keras.Input((28, 28)), keras.layers.Lambda(trap)])
    path = mark.parent / "trap.keras"
    network.save(path)
    return path.read_bytes()


def test_nothing_of_a_strangers_zip_runs_or_is_kept(
    packed: bytes, here: Store, home: Settings, garments: Dataset, tmp_path: Path
) -> None:
    mark = tmp_path / "it-ran"
    code = f"open({str(mark)!r}, 'w').close()\n".encode()
    pickled = io.BytesIO()
    np.save(pickled, np.array([Trap(mark)], dtype=object), allow_pickle=True)
    evil = {
        "model.keras": trapped(mark),
        "model.tflite": b"TFL3" + pickle.dumps(Trap(mark)),
        "probabilities.npy": pickled.getvalue(),
        **dict.fromkeys(("quick.py", "conftest.py", "sitecustomize.py", "__init__.py"), code),
        "report.html": b"<script>alert(1)</script>",
    }
    assert mark.exists()  # the network's trap works, and so does the other
    mark.unlink()
    pickle.loads(pickle.dumps(Trap(mark)))
    assert mark.exists()
    mark.unlink()
    run_id = brought(here, bundle.unpack(closed(opened(packed) | evil), LIMITS), garments)
    assert runner.carry_out(run_id, home) == "done"
    assert not mark.exists()
    kept = [here.artifact(run_id, kind) for kind in here.artifacts(run_id)]
    assert not set(kept) & set(evil.values()) and "given" not in here.artifacts(run_id)

    snapshot = opened(opened(packed)["snapshot-0001.npz"])
    with pytest.raises(FittingRoomError, match="snapshot-0001.npz in this zip is damaged"):
        bundle.unpack(
            closed(opened(packed) | {"snapshot-0001.npz": closed(snapshot | {"counts.npy": pickled.getvalue()})}),
            LIMITS,
        )
    assert not mark.exists()


def replaced(name: str, body: bytes) -> Change:
    return lambda files: files.update({name: body})


def told(**changes: object) -> Change:
    """Change what plan.json tells."""
    return lambda files: files.update({"plan.json": json.dumps(json.loads(files["plan.json"]) | changes).encode()})


def planned(**changes: object) -> Change:
    """Change the plan."""
    return lambda files: told(plan=json.loads(files["plan.json"])["plan"] | changes)(files)


def row(words: str) -> Change:
    """Another first line of the curve."""
    return replaced("metrics.csv", f"kind,epoch,accuracy,loss,val_accuracy,val_loss\n{words}\n".encode())


def snapshot(**arrays: object) -> Change:
    def change(files: dict[str, bytes]) -> None:
        content = io.BytesIO()
        np.savez_compressed(content, **(dict(np.load(io.BytesIO(files["snapshot-0001.npz"]))) | arrays))
        files["snapshot-0001.npz"] = content.getvalue()

    return change


def promising(files: dict[str, bytes]) -> None:
    """An array that promises more numbers than memory holds."""
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**7)})
    files["snapshot-0001.npz"] = closed(opened(files["snapshot-0001.npz"]) | {"counts.npy": content.getvalue()})


def headless(files: dict[str, bytes]) -> None:
    """An array whose head begins a bracket and never ends it."""
    arrays = opened(files["snapshot-0001.npz"])
    files["snapshot-0001.npz"] = closed(arrays | {"counts.npy": arrays["counts.npy"].replace(b"}", b"{")})


def spoilt(files: dict[str, bytes]) -> None:
    """One weight that is no number."""
    content = io.BytesIO(files["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        file["layers/dense/vars/1"][0] = np.nan
    files["model.weights.h5"] = content.getvalue()


def swollen(files: dict[str, bytes]) -> None:
    """Weights of the right shape, but packed so that reading one number unpacks a hundred million."""
    content = io.BytesIO(files["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        shape = file["layers/dense/vars/1"].shape
        del file["layers/dense/vars/1"]
        packing = {"chunks": (10**8,), "compression": "gzip"}
        file.create_dataset("layers/dense/vars/1", shape, "f4", maxshape=(None,), **packing)
    files["model.weights.h5"] = content.getvalue()


BAD = {
    "no plan": (lambda files: files.pop("plan.json"), "it has no plan.json"),
    "no curve": (lambda files: files.pop("metrics.csv"), "it has no metrics.csv"),
    "a plan that is no JSON": (replaced("plan.json", b"{"), "plan.json in this zip cannot be read"),
    "a plan too deep": (replaced("plan.json", b"[" * 90_000), "plan.json in this zip cannot be read"),
    "a long plan": (replaced("plan.json", b" " * 200_000), "larger than 0.1 MB"),
    "another format": (told(format="mine"), "of another version"),
    "a name that is none": (told(name=7), "lacks something"),
    "an unknown choice": (planned(run="rm"), "choices that I do not know"),
    "a choice of another kind": (planned(epochs="2"), "choices that I do not know"),
    "a choice that is no number": (planned(learning_rate=float("nan")), "choices that I do not know"),
    "a plan with a hole": (told(plan={"recipe": "quick"}), "is not whole"),
    "an unknown network": (planned(recipe="../../etc"), "There is no recipe"),
    "an unknown variant": (planned(variant="x"), "no variant"),
    "too many epochs": (planned(epochs=10**9), "The number of epochs"),
    "less than no pictures": (planned(examples=-5), "The number of pictures"),
    "too large steps": (planned(learning_rate=float("inf")), "The learning rate"),
    "layers that are none": (planned(recipe=OWN, layers="dense"), "choices that I do not know"),
    "layers of another network": (planned(layers=[["dense", 5]]), "choices that I do not know"),
    "an unknown layer": (planned(recipe=OWN, layers=[["lambda", "x: x"]]), "of no kind that there is"),
    "too large layers": (planned(recipe=OWN, layers=[["dense", 10**9]]), "between 1 and 512"),
    "a curve that is none": (replaced("metrics.csv", b"\xff\xfe"), "no table"),
    "a curve of other columns": (replaced("metrics.csv", b"a,b\n1,2\n"), "not the table of a curve"),
    "words in a curve": (row("epoch,1,x,1,,"), "Line 2 of metrics.csv in this zip is no point"),
    "a short line": (row("epoch,1"), "Line 2 of metrics.csv in this zip is no point"),
    "an endless loss": (row("epoch,1,0.5,inf,,"), "Line 2 .* cannot be"),
    "no number": (row("epoch,1,nan,1,,"), "Line 2 .* cannot be"),
    "more than all right": (row("epoch,1,1.5,1,,"), "Line 2 .* cannot be"),
    "a later epoch": (row("epoch,3,0.5,1,,"), "Line 2 .* cannot be"),
    "half an epoch": (row("epoch,1.5,0.5,1,,"), "Line 2 .* cannot be"),
    "a point before the last": (row("epoch,2,0.5,1,,\nepoch,1,0.5,1,,"), "Line 3 .* cannot be"),
    "an epoch twice": (row("epoch,1,0.5,1,,\nepoch,1,0.5,1,,"), "Line 3 .* cannot be"),
    "half of what was held back": (row("epoch,1,0.5,1,0.5,"), "Line 2 .* cannot be"),
    "a very long line": (row("epoch,1,0.5,1,," + "," * 10**6), "Line 2 .* is no point"),
    "very many lines": (row("\n" * 200_000), "more than 100,000 lines"),
    "a number of 400 digits": (planned(epochs=10**400), "choices that I do not know"),
    "another kind of point": (row("other,1,0.5,1,,"), "Line 2 .* cannot be"),
    "no weights": (replaced("model.weights.h5", b"PK text"), "does not hold weights"),
    "cut off weights": (
        lambda files: replaced("model.weights.h5", files["model.weights.h5"][:3000])(files),
        "weights is damaged",
    ),
    "another network's weights": (
        replaced("model.weights.h5", written(RECIPES["hello-world"].build())),
        "belong to another network",
    ),
    "spoilt weights": (spoilt, "no numbers"),
    "swollen weights": (swollen, "belong to another network"),
    "a snapshot of another shape": (snapshot(counts=np.zeros((3, 3))), "something else than a snapshot"),
    "an endless snapshot": (snapshot(shares=np.full((12, 10), np.inf)), "something else than a snapshot"),
    "a snapshot about very far pictures": (snapshot(rows=np.full(12, 10**6)), "something else than a snapshot"),
    "shares above one": (snapshot(shares=np.full((12, 10), 1.5)), "something else than a snapshot"),
    "shares below none": (snapshot(shares=np.full((12, 10), -0.1)), "something else than a snapshot"),
    "filters too strong for their kind": (snapshot(filters=np.full((1, 3, 3), 1e5)), "something else than a snapshot"),
    "filters without a side": (snapshot(filters=np.zeros((3, 0, 3))), "something else than a snapshot"),
    "counts too large": (snapshot(counts=np.full((10, 10), 1e300)), "something else than a snapshot"),
    "counts too large together": (snapshot(counts=np.full((10, 10), 10_001)), "something else than a snapshot"),
    "parts of pictures": (snapshot(counts=np.full((10, 10), 0.5)), "something else than a snapshot"),
    "a snapshot that is no zip": (replaced("snapshot-0001.npz", b"x"), "snapshot-0001.npz in this zip is damaged"),
    "a snapshot larger than memory": (promising, "snapshot-0001.npz in this zip is damaged"),
    "a snapshot without a head": (headless, "snapshot-0001.npz in this zip is damaged"),
    "a path out": (replaced("../../evil.py", b"x"), "has folders in it"),
    "a path of Windows": (replaced("C:evil.py", b"x"), "has folders in it"),
    "a bomb": (replaced("bomb", bytes(210_000_000)), "would unpack to 2"),
    "a small bomb": (replaced("metrics.csv", bytes(11_000_000)), "metrics.csv in this zip is larger"),
    "very many files": (lambda files: files.update({f"{number}": b"" for number in range(1_300)}), "1,200 at most"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_zip_is_refused_in_one_sentence(case: str, packed: bytes) -> None:
    change, words = BAD[case]
    files = opened(packed)
    change(files)
    with pytest.raises(FittingRoomError, match=words) as caught:
        bundle.unpack(closed(files), LIMITS)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def lying(packed: bytes) -> bytes:
    """A zip whose list says of the plan that it is one byte long."""
    size = len(opened(packed)["plan.json"]).to_bytes(4, "little")
    listed = packed.rfind(b"plan.json") - 46
    assert packed[listed + 24 : listed + 28] == size
    return packed[: listed + 24] + b"\1\0\0\0" + packed[listed + 28 :]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda packed: b"", "damaged, or is not a zip"),
        (lambda packed: b"PK\3\4 text", "damaged, or is not a zip"),
        (lambda packed: packed[:-2000], "damaged, or is not a zip"),
        (
            lambda packed: packed[: packed.index(b"plan.json")] + bytes(60) + packed[packed.index(b"plan.json") + 60 :],
            "zip",
        ),
        (lying, "zip"),
        (lambda packed: closed(opened(packed), zipfile.ZIP_LZMA), "unusual way"),
        (lambda packed: packed + bytes(100_000_000), "larger than 100 MB"),
        (lambda packed: closed({f"run/{name}": body for name, body in opened(packed).items()}), "has folders in it"),
    ],
    ids=["nothing", "text", "cut off", "overwritten", "lying", "packed in another way", "too large", "in a folder"],
)
def test_a_file_that_is_no_such_zip_is_refused_in_one_sentence(
    make: Callable[[bytes], bytes], words: str, packed: bytes
) -> None:
    with pytest.raises(FittingRoomError, match=words):
        bundle.unpack(make(packed), LIMITS)


def test_a_locked_zip_says_so(packed: bytes) -> None:
    locked = bytearray(packed)
    place = locked.rfind(b"PK\1\2")
    locked[place + 8] |= 1
    with pytest.raises(FittingRoomError, match="password"):
        bundle.unpack(bytes(locked), LIMITS)


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 500, np.zeros((400, 9)), np.zeros((399, 10)), np.full((400, 10), np.nan), np.full((400, 10), 1e300)],
    ids=["nothing", "no array", "nine classes", "one too few", "no numbers", "too large"],
)
def test_answers_that_cannot_be_are_said_and_not_shown(
    content: bytes | np.ndarray, source: tuple[Store, Run], garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, run = source
    if isinstance(content, np.ndarray):
        file = io.BytesIO()
        np.save(file, content)
        content = file.getvalue()
    monkeypatch.setattr(store, "artifact", lambda run_id, kind: content)
    with pytest.raises(FittingRoomError, match="answers of “.*” cannot be read. Choose another run"):
        load_test_answers(run.id, store, garments)


def test_the_report_needs_no_other_file_and_says_what_came_out(
    source: tuple[Store, Run], packed: bytes, garments: Dataset
) -> None:
    store, run = source
    page = opened(packed)["report.html"].decode()
    assert percent(run.test_accuracy, 1) in page and "<svg" in page and "macro avg" in page and "Its mistakes" in page
    assert "<h1>Müller &amp; &lt;b&gt;Söhne&lt;/b&gt;</h1>" in page
    assert (
        "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
        and "src=" not in page
        and "<script" not in page
    )
    assert "its mistakes are not listed" in bundle.printed(run, store)


def test_the_events_are_those_tensorboard_reads_each_at_its_step(
    source: tuple[Store, Run], garments: Dataset, tmp_path: Path
) -> None:
    from tensorflow.core.util import event_pb2
    from tensorflow.data import TFRecordDataset

    store, run = source
    batches, epochs = store.points(run.id)
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for place, content in opened(tensorboard.events(run, store, len(garments.train_images))).items():
        file = tmp_path / "events"
        file.write_bytes(content)
        for record in TFRecordDataset(str(file)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            for value in event.summary.value:
                found.setdefault((place.split("/")[1], value.tag), []).append((event.step, value.simple_value))
    steps = -(-1_140 // run.plan.batch_size)  # of 1,200 pictures one in twenty is held back
    assert run.plan.row.validation == 0.05 and steps == tensorboard.steps_an_epoch(run, 1_200)
    assert found["training", "accuracy"] == [
        (steps * row.epoch, pytest.approx(row.accuracy)) for row in epochs.itertuples()
    ]
    assert found["validation", "loss"] == [
        (steps * row.epoch, pytest.approx(row.val_loss)) for row in epochs.itertuples()
    ]
    assert found["batches", "loss"] == [
        (round(steps * row.epoch), pytest.approx(row.loss)) for row in batches.itertuples()
    ]
    assert found["batches", "loss"][-1][0] == found["training", "loss"][-1][0] == 2 * steps


def test_the_card_of_a_run_is_what_the_hub_reads(source: tuple[Store, Run], packed: bytes) -> None:
    store, run = source
    text = opened(packed)["README.md"].decode()
    _, head, body = text.split("---\n", 2)
    card = import_module("yaml").safe_load(head)
    assert (card["license"], card["library_name"], card["pipeline_tag"]) == ("mit", "keras", "image-classification")
    assert "fashion-mnist" in card["tags"] and card["metrics"] == ["accuracy"] and "datasets" not in card
    (model,) = card["model-index"]
    (result,) = model["results"]
    assert model["name"] == run.name and result["task"]["type"] == "image-classification"
    assert {"type", "name", "split"} <= result["dataset"].keys()
    assert {one["type"]: one["value"] for one in result["metrics"]} == {
        "accuracy": run.test_accuracy,
        "loss": run.test_loss,
    }
    for name in ("model.keras", "model.tflite", "quick.py", "report.html", "metadata.json", "labels.txt"):
        assert f"`{name}`" in body
    assert "<b>" not in body and f"{run.temperature:.4g}" in body
    published = replace(run, data_source=Source.DOWNLOAD)
    earlier = card_of(published, FILES, False)
    assert "network.compile" in earlier and "metadata.json" not in earlier and "network.compile" not in body
    assert "fashion_mnist.load_data" in earlier and "fashion_mnist.load_data" not in body
    assert "they were not corrected" in card_of(replace(run, temperature=1.0), FILES, True)
    told = import_module("yaml").safe_load(earlier.split("---\n")[1])
    assert told["datasets"] == ["fashion_mnist"]
    assert told["model-index"][0]["results"][0]["dataset"]["type"] == "fashion_mnist"


def test_the_networks_of_a_run_say_what_they_are_without_the_app(
    source: tuple[Store, Run], garments: Dataset, tmp_path: Path
) -> None:
    import keras

    store, run = source
    path = tmp_path / "model.keras"
    path.write_bytes(store.artifact(run.id, "keras"))
    network = keras.saving.load_model(path)  # nothing but Keras: no classes of ours
    loss, accuracy = network.evaluate(garments.test_images, garments.test_labels, verbose=0)
    assert accuracy == pytest.approx(run.test_accuracy, abs=1e-6) and loss == pytest.approx(run.test_loss, rel=1e-3)
    network.fit(garments.train_images[:64], garments.train_labels[:64], verbose=0)
    about = json.loads(opened(path.read_bytes())["metadata.json"])["fitting_room"]
    assert about["classes"] == list(NAMES) and about["calibration"]["temperature"] == run.temperature
    assert about["input"]["to"] == 255 and about["test"]["accuracy"] == run.test_accuracy
    alone = matching(store.artifact(run.id, "keras"), run.plan.row.parameters, run.plan.title)
    assert alone.startswith(b"\x89HDF")  # and it may be brought back as weights
    tflite = store.artifact(run.id, "tflite")
    behind = opened(tflite)
    assert behind["labels.txt"].decode().splitlines() == list(NAMES)
    assert json.loads(behind["fitting_room.json"]) == about
    told = metadata_in(tflite)
    assert told[4:8] == b"M001"
    for words in ("Quick", "labels.txt", "fitting_room.json", "1.0.0"):
        assert words.encode() in told


def metadata_in(tflite: bytes) -> bytes:
    """The metadata of TensorFlow Lite in a network."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(tflite, 0))
    (entry,) = [entry for entry in model.metadata if entry.name == b"TFLITE_METADATA"]
    return bytes(model.buffers[entry.buffer].data)


def test_every_choice_of_a_plan_is_looked_at_when_it_comes_back() -> None:
    assert set(bundle.CHOICES) == {field.name for field in fields(Plan)}
    for plan in (Plan.of("quick", examples=500, patience=3), Plan.of(OWN, layers=[["dense", 5]])):
        values = json.loads(json.dumps(plan.as_dict()))
        assert all(bundle.CHOICES[name](value) for name, value in values.items())
