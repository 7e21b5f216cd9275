"""Weights: written, loaded into the same network again, and refused with a sentence when they are anything else."""

import io
from collections.abc import Callable, Iterator

import h5py
import numpy as np
import pytest

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
from models.catalogue import RECIPES, every

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
