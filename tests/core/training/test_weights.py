"""Weights: written, loaded into the same network again, and refused with a sentence when they are anything else."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from core.archive import zipped
from core.data.dataset import Dataset
from core.errors import RunError
from core.runs import runner
from core.runs.book import NewRun
from core.runs.results import load_test_answers
from core.runs.store import Store, open_store
from core.settings import Settings
from core.training import weights
from core.training.loop import load, train
from core.training.plan import Plan
from models.catalogue import OWN, RECIPES, every

if TYPE_CHECKING:
    import keras

pytestmark = pytest.mark.slow


def arrays(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of the layers in a .weights.h5 file, by their place."""
    found = {}
    with h5py.File(io.BytesIO(content)) as file:
        file["layers"].visititems(
            lambda place, item: found.update({place: item[:]}) if isinstance(item, h5py.Dataset) else None
        )
    return found


@pytest.fixture(scope="module")
def hello() -> bytes:
    """Weights of a fresh Hello World."""
    return weights.written(RECIPES["hello-world"].build())


@pytest.fixture
def store(home: Settings, garments: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(runner, "dataset_in_use", lambda settings: garments)
    store = open_store(home.store_url)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("recipe", "variant"), [("quick", ""), ("five-steps", "second-convolution"), ("clothes-ann", "")]
)
def test_weights_that_were_saved_and_loaded_again_answer_alike(recipe: str, variant: str, garments: Dataset) -> None:
    trained = train(Plan.of(recipe, variant, epochs=1, examples=300), garments)
    phases = []
    loaded = load(Plan.loading(recipe, variant), garments, trained.weights, phases.append)
    assert np.array_equal(loaded.outputs, trained.outputs) and loaded.test_loss == trained.test_loss
    assert phases == ["loading the weights", "scoring on the test pictures", "saving"]
    assert loaded.seconds is None and arrays(loaded.weights).keys() == arrays(trained.weights).keys()


def test_weights_saved_with_their_optimiser_fit_as_well(garments: Dataset) -> None:
    network = RECIPES["hello-world"].build()
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(garments.train_images[:64, ..., np.newaxis] / 255.0, garments.train_labels[:64], verbose=0)
    with_memory, fresh = weights.written(network), RECIPES["hello-world"].build()
    weights.load(fresh, with_memory, "Hello World")
    assert len(with_memory) > 2 * len(weights.written(fresh))
    assert all(
        np.array_equal(one, other) for one, other in zip(fresh.get_weights(), network.get_weights(), strict=True)
    )


def _rewritten(content: bytes, change: object) -> bytes:
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def _replaced(**how: object) -> object:
    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        file.create_dataset("layers/dense/vars/0", **how)

    return change


def _replaced_by(link: object) -> object:
    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = link

    return change


def _circle(file: h5py.File) -> None:
    file["layers/dense/again"] = file["layers"]


def _linked(file: h5py.File) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/hosts", "/")


BAD = {
    "text": (lambda hello: b"I am not a network", "does not hold weights"),
    "nothing": (lambda hello: b"", "does not hold weights"),
    "too large": (lambda hello: hello + bytes(weights.MOST_MB * 1_000_000), "larger than 40 MB"),
    "cut off": (lambda hello: hello[:5000], "damaged"),
    "another network's": (lambda hello: weights.written(RECIPES["quick"].build()), "1,568 × 64 numbers"),
    "a picture of no size": (
        lambda hello: _rewritten(hello, _replaced(shape=(10**6, 10**6), dtype="f4", chunks=(64, 64))),
        "another network",
    ),
    "words": (
        lambda hello: _rewritten(hello, _replaced(shape=(784, 128), dtype=h5py.string_dtype())),
        "another network",
    ),
    "another file's": (lambda hello: _rewritten(hello, _linked), "has none"),
    "numbers elsewhere": (
        lambda hello: _rewritten(
            hello, _replaced(shape=(784, 128), dtype="f4", external=[("/dev/zero", 0, h5py.h5f.UNLIMITED)])
        ),
        "has none",
    ),
    "an empty array": (lambda hello: _rewritten(hello, _replaced(data=h5py.Empty("f4"))), "has none"),
    "numbers of several parts": (
        lambda hello: _rewritten(hello, _replaced(shape=(784, 128), dtype=[("a", "f4"), ("b", "i4")])),
        "has none",
    ),
    "a link within": (
        lambda hello: _rewritten(hello, _replaced_by(h5py.SoftLink("/layers/dense/vars/1"))),
        "has none",
    ),
    "a circle": (lambda hello: _rewritten(hello, _circle), "far more than the weights of a network"),
    "deep groups": (lambda hello: _rewritten(hello, lambda file: file.create_group("/a" * 40)), "far more"),
    "numbers too large": (lambda hello: _rewritten(hello, _replaced(data=np.full((784, 128), 1e300))), "no numbers"),
    "no numbers": (lambda hello: _rewritten(hello, _replaced(data=np.full((784, 128), np.nan, "f4"))), "no numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_not_these_weights_is_refused_in_a_sentence(case: str, hello: bytes, garments: Dataset) -> None:
    make, words = BAD[case]
    with pytest.raises(RunError, match=words):
        load(Plan.loading("hello-world"), garments, make(hello))


def _nested(file: h5py.File) -> None:
    group = file
    for _ in range(500):
        group = group.create_group("a")


def _crowded(file: h5py.File) -> None:
    for number in range(2_000):
        file[f"layers/{number}"] = np.float32(0)


@pytest.mark.parametrize("fill", [_nested, _crowded, _circle])
def test_a_file_of_very_many_things_is_refused_before_they_are_gone_through(
    fill: Callable[[h5py.File], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_group("layers/dense")
        fill(file)
    opened = []
    look = h5py.Group.__getitem__
    monkeypatch.setattr(h5py.Group, "__getitem__", lambda group, name: opened.append(name) or look(group, name))
    monkeypatch.setattr(h5py.Group, "visititems", lambda *given: pytest.fail("all of it was gone through"))
    with pytest.raises(RunError, match="far more than the weights of a network"):
        weights.matching(content.getvalue(), 101_770, "Hello World")
    assert len(opened) < 100


def test_keras_opens_no_file_that_somebody_brought(hello: bytes) -> None:
    def mark(file: h5py.File) -> None:
        file["layers/dense/vars/0"].attrs["dtype"] = "bfloat16"  # Keras would take its numbers for others
        file["layers/dense"].attrs["x"] = "a stranger's words"

    network, kept = RECIPES["hello-world"].build(), []
    loads = type(network).load_weights
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(network), "load_weights", lambda self, path: kept.append(path.read_bytes()) or loads(self, path)
        )
        weights.load(network, _rewritten(hello, mark), "Hello World")
    assert b"stranger" not in kept[0]
    assert np.array_equal(network.get_weights()[0], arrays(hello)["dense/vars/0"])


Layer = tuple[str, list[tuple[str, np.ndarray]]]  # its name, and its arrays by the names they have in a list


def listing(network: keras.Model, words: str) -> list[Layer]:
    """The layers of a network, numbered, with their arrays, whose names are made of those of layer and weight."""
    layers = [(f"{type(layer).__name__.lower()}_{place}", layer.weights) for place, layer in enumerate(network.layers)]
    return [
        (name, [(words.format(layer=name, weight=weight.name), weight.numpy()) for weight in kept])
        for name, kept in layers
    ]


def in_layers(layers: list[Layer], top: str = "", pieces: int = 0, kind: str = "S80") -> bytes:
    """An .h5 file as Keras 2 writes it: each group lists what is in it; long lists are in so many pieces."""

    def say(group: h5py.Group, word: str, names: list[str]) -> None:
        parts = np.array_split(names, pieces) if pieces else [names]
        for number, part in enumerate(parts):
            key = f"{word}{number}" if pieces else word
            values = np.array(part, kind) if kind.startswith("S") else np.array(list(part), h5py.string_dtype())
            group.attrs.create(key, values)

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group(top) if top else file
        say(group, "layer_names", [name for name, _ in layers])
        for name, arrays in layers:
            inside = group.create_group(name)
            say(inside, "weight_names", [path for path, _ in arrays])
            for path, array in arrays:
                inside[path] = array
        if top:
            file.attrs["model_config"] = "a stranger's words"
            file["optimizer_weights/Adam/m/dense/kernel:0"] = np.zeros((784, 128), "f4")
    return buffer.getvalue()


def whole(network: keras.Model, name: str, folder: Path) -> bytes:
    """A network with its optimiser, as model.save(name) writes it."""
    network.compile("adam", "sparse_categorical_crossentropy")
    network.save(folder / name)
    return (folder / name).read_bytes()


WAYS: dict[str, Callable[[keras.Model, Path], bytes]] = {
    "Keras 3, model.save(x.h5)": lambda network, folder: whole(network, "x.h5", folder),
    "Keras 3, model.save(x.keras)": lambda network, folder: whole(network, "x.keras", folder),
    "Keras 3, within another": lambda network, folder: whole(within(network), "x.h5", folder),
    "Keras 2, model.save(x.h5)": lambda network, _: in_layers(
        listing(network, "{layer}/{weight}:0"), "model_weights", kind="words"
    ),
    "Keras 2, save_weights(x.h5)": lambda network, _: in_layers(listing(network, "{layer}/{weight}:0")),
    "Keras 2, long lists": lambda network, _: in_layers(listing(network, "{layer}/{weight}:0"), pieces=2),
    "Keras 2, names with slashes": lambda network, _: in_layers(
        [(f"block/{name}", arrays) for name, arrays in listing(network, "block/{layer}/{weight}:0")]
    ),
    "Keras 2, within another": lambda network, _: in_layers([("outer", trained_first(network))], "model_weights"),
}


def within(network: keras.Model) -> keras.Model:
    import keras

    return keras.Sequential([keras.Input(network.input_shape[1:]), network])


def trained_first(network: keras.Model) -> list[tuple[str, np.ndarray]]:
    """The arrays of a network as one that it is within lists them: what is trained, then what is not."""
    return [
        (f"{weight.path.split('/')[-2]}/{weight.name}:0", weight.numpy())
        for weight in (*network.trainable_weights, *network.non_trainable_weights)
    ]


OWN_LAYERS = (
    ("convolution", 8, 3, 2),
    ("normalise",),
    ("flatten",),
    ("dense", 16),
    ("normalise",),
    ("dense", 16),
    ("normalise",),
)


@pytest.fixture(scope="module")
def built() -> Plan:
    """A network with layers of the same shapes, some of which are not trained."""
    return Plan.loading(OWN, layers=OWN_LAYERS)


@pytest.mark.parametrize("way", WAYS)
def test_weights_in_any_file_of_keras_are_read_in_the_order_of_their_layers(
    way: str, built: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    network, fresh = built.row.build(), built.row.build()
    numbers = np.random.default_rng(0)
    values = [numbers.normal(size=array.shape).astype(np.float32) for array in network.get_weights()]
    network.set_weights(values)
    brought = WAYS[way](network, tmp_path)
    monkeypatch.setattr(keras.saving, "load_model", lambda *_given: pytest.fail("Keras opened a stranger's file"))
    content = weights.matching(brought, built.row.parameters, built.title)
    weights.load(fresh, content, built.title)
    assert all(np.array_equal(one, other) for one, other in zip(fresh.get_weights(), values, strict=True))


def _linked_layer(file: h5py.File) -> None:
    del file["dense_1"]
    file["dense_1"] = h5py.ExternalLink("/etc/hosts", "/")


def _say(word: str, names: object, at: str = "dense_1") -> Callable[[h5py.File], None]:
    return lambda file: file[at].attrs.create(word, names)


def _numbers_for_names(file: h5py.File) -> None:
    names = np.empty(1, object)
    names[0] = np.arange(3, dtype="i4")
    del file["dense_1"].attrs["weight_names"]
    file["dense_1"].attrs.create("weight_names", names, dtype=h5py.vlen_dtype("i4"))


LIES: dict[str, Callable[[h5py.File], None]] = {
    "a layer that is not there": lambda file: _say("layer_names", np.array(["dense_1", "x"], "S9"), "/")(file),
    "an array that is not there": _say("weight_names", np.array(["dense_1/kernel:0", "dense_1/x"], "S20")),
    "one array twice": _say("weight_names", np.array(["dense_1/kernel:0"] * 2, "S20")),
    "numbers for names": _say("weight_names", np.arange(3)),
    "numbers of any length for names": _numbers_for_names,
    "a table of names": _say("weight_names", np.array([["dense_1/kernel:0"]], "S20")),
    "very many names": _say("weight_names", np.array(["x"] * 2_000, "S1")),
    "a layer elsewhere": _linked_layer,
    "a path upwards": _say("layer_names", np.array(["../dense_1"], "S20"), "/"),
    "the file itself": _say("layer_names", np.array(["."], "S20"), "/"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_list_of_layers_that_says_what_is_not_so_is_damaged(lie: str) -> None:
    network = RECIPES["hello-world"].build()
    content = _rewritten(in_layers(listing(network, "{layer}/{weight}:0")), LIES[lie])
    with pytest.raises(RunError, match="damaged"):
        weights.matching(content, 101_770, "Hello World")


def test_listed_layers_of_another_shape_are_named() -> None:
    network = RECIPES["hello-world"].build()
    layers = listing(network, "{layer}/{weight}:0")
    for changed, words in (
        ([*layers[:-1], (layers[-1][0], layers[-1][1][::-1])], "has 128 × 10 numbers, and this file has 10"),
        (layers[:-1], "has none"),
        ([*layers, ("more", [("more/x:0", np.zeros(3))])], "101,773 numbers"),
    ):
        with pytest.raises(RunError, match=words):
            weights.load(RECIPES["hello-world"].build(), in_layers(changed), "Hello World")


def zipped_as(*names: str) -> bytes:
    return zipped({name: b"x" for name in names})


def without_layers() -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["w0"] = np.zeros((784, 128), "f4")
    return content.getvalue()


OTHERS = {
    "PyTorch": (zipped_as("archive/data.pkl", "archive/data/0"), "PyTorch.*set_weights"),
    "old PyTorch": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + bytes(40), "PyTorch"),
    "pickled PyTorch": (pickle.dumps({"a": 1}).replace(b"a", b"torch._utils"), "PyTorch"),
    "a pickle": (pickle.dumps([np.zeros(3)]), "pickle.*set_weights"),
    "a packed file": (gzip.compress(b"x" * 99), "is packed. Unpack it"),
    "a web page": (b"<!DOCTYPE html><html>", "Download it again"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "Download it again"),
    "arrays without layers": (without_layers(), "does not say which layer.*set_weights"),
    "safetensors with a long head": (b"\x80\x02" + bytes(6) + b'{"a":1}'.ljust(999), "safetensors"),
    "safetensors": (b"\x20" + bytes(7) + b'{"a":{"dtype":"F32"}}'.ljust(40), "safetensors.*set_weights"),
    "ONNX": (b"\x08\x08\x12\x07pytorch\x1a\x03" + bytes(40), "ONNX.*set_weights"),
    "npz": (zipped_as("arr_0.npy"), "NumPy"),
    "npy": (b"\x93NUMPY\x01\x00" + bytes(80), "NumPy"),
    "SavedModel, zipped": (zipped_as("m/saved_model.pb", "m/variables/variables.index"), "SavedModel"),
    "SavedModel": (b"\x08\x01\x12" + bytes(30) + b"saved_model_main_op", "SavedModel"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(40), "made for phones.*keras"),
    "a run": (zipped_as("plan.json", "model.weights.h5"), "packed run"),
    "another zip": (zipped_as("a.txt"), "does not hold weights"),
    "no zip": (b"PK\x03\x04" + bytes(40), "damaged"),
    "a .keras file without numbers": (zipped_as("config.json", "model.weights.h5"), "does not hold weights"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_kind_is_named_with_the_nearest_way(kind: str) -> None:
    content, words = OTHERS[kind]
    with pytest.raises(RunError, match=words):
        weights.matching(content, 101_770, "Hello World")


def test_weights_in_a_zip_of_their_own_are_taken_from_it(hello: bytes) -> None:
    packed = zipped({"mine/hello.weights.h5": hello, "__MACOSX/mine/._hello.weights.h5": b"x"})
    assert weights.matching(packed, 101_770, "Hello World") == hello


def test_of_a_keras_file_only_so_many_bytes_are_unpacked(hello: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", hello + bytes(weights.MOST_MB * 1_000_000))
    with pytest.raises(RunError, match="damaged"):
        weights.matching(packed.getvalue(), 101_770, "Hello World")


@pytest.mark.parametrize("name", every())
def test_the_weights_of_every_network_are_known_as_its_own(name: str) -> None:
    plan = Plan.loading(*name.split("/"))
    content = weights.written(plan.row.build())
    assert weights.matching(content, plan.row.parameters, plan.title) == content


def test_a_run_of_given_weights_is_a_run_like_any_other_and_keeps_no_copy(
    store: Store, home: Settings, garments: Dataset
) -> None:
    trained = train(Plan.of("quick", epochs=1), garments)
    run_id = store.create(
        NewRun(Plan.loading("quick"), "Given", garments.fingerprint, garments.title, weights=trained.weights)
    )
    assert store.artifacts(run_id) == ["given"]
    assert runner.carry_out(run_id, home) == "done"
    run = store.run(run_id)
    assert (run.status, run.progress, run.seconds) == ("done", 1.0, None) and len(store.points(run_id)[0]) == 0
    assert run.test_accuracy == trained.test_accuracy == load_test_answers(run_id, store, garments).accuracy
    assert sorted(store.artifacts(run_id)) == ["keras", "probabilities", "tflite", "weights"]


def test_bad_weights_end_as_a_failed_run_and_the_next_one_works(
    store: Store, home: Settings, hello: bytes, garments: Dataset
) -> None:
    def add(recipe: str, content: bytes) -> str:
        return store.create(
            NewRun(Plan.loading(recipe), "Given", garments.fingerprint, garments.title, weights=content)
        )

    bad, good = add("new-abcd", hello), add("hello-world", hello)
    assert (runner.carry_out(bad, home), runner.carry_out(good, home)) == ("failed", "done")
    assert "belong to another network" in store.run(bad).message and store.artifacts(bad) == []


def test_weights_that_wait_go_when_the_run_is_taken_out_of_the_queue(
    store: Store, hello: bytes, garments: Dataset
) -> None:
    run_id = store.create(
        NewRun(Plan.loading("hello-world"), "Given", garments.fingerprint, garments.title, weights=hello)
    )
    store.stop(run_id)
    assert store.run(run_id).status == "stopped" and store.artifacts(run_id) == []
