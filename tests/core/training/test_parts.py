"""A batch in parts: computes what the whole would, and gives the same network on any number of cores."""

import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.sources import read_folder
from core.training import backend, loop
from core.training.checkpoint import Checkpoint
from core.training.fast_layers import forward_pass
from core.training.parts import TOGETHER, count_parts, forward_in_parts
from core.training.plan import Plan
from core.training.progress import Paused, Request, Watcher, no_request
from models.catalogue import RECIPES

pytestmark = pytest.mark.slow

BATCH = 40
NORMALISED = [["convolution", 32, 3, 1], ["dropout", 0.2], ["normalise"], ["convolution", 16, 3, 1], ["average"]]
ODD = [["convolution", 5, 3, 2], ["dropout", 0.3], ["convolution", 3, 4, 1], ["pooling", 3], ["dense", 16]]


def own(layers: list[list]) -> Plan:
    return Plan.of("own-network", layers=layers, epochs=1, batch_size=BATCH)


def test_only_what_takes_long_is_cut_into_parts() -> None:
    counted = {name: count_parts(recipe.build(), recipe.batch_size) for name, recipe in RECIPES.items()}
    small = {"quick": 1, "hello-world": 1, "clothes-ann": 1}
    assert counted == small | {"new-abcd": 4, "five-steps": 8, "intuitive-cnn": 8}
    assert [count_parts(RECIPES["new-abcd"].build(), size) for size in (1, 7, 8, 16)] == [1, 1, 1, 2]
    assert count_parts(own([["dense", 64]]).row.build(), 512) == 1


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    "plan",
    [Plan.of("five-steps", "second-convolution"), Plan.of("new-abcd"), own(NORMALISED), own(ODD)],
    ids=["two convolutions and dropout", "no dropout", "batch normalisation", "odd numbers of neurons"],
)
def test_parts_compute_what_the_whole_does_and_leave_out_the_same_neurons(
    plan: Plan, dense: bool, garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    import tensorflow as tf

    monkeypatch.setattr("core.training.parts.DENSE_BATCH", 1 if dense else BATCH)
    keras.utils.set_random_seed(0)
    network = plan.row.build()
    kept = [variable.numpy() for variable in network.variables]
    inputs = tf.constant(garments.train_images[:BATCH, ..., np.newaxis] / np.float32(255))
    wanted = tf.one_hot(garments.train_labels[:BATCH], 10)

    def outcome(parts: int) -> list[np.ndarray]:
        """Outputs and the gradients of a loss that looks at all of them, from the same seeds."""
        for variable, value in zip(network.variables, kept, strict=True):
            variable.assign(value)
        with tf.GradientTape() as tape:
            outputs = forward_in_parts(network, parts, BATCH)(inputs, True)
            loss = tf.reduce_mean(tf.square(outputs - wanted))
        return [outputs.numpy(), *(gradient.numpy() for gradient in tape.gradient(loss, network.trainable_variables))]

    whole = outcome(1)
    for parts in (2, 3, 8):
        for ours, theirs in zip(outcome(parts), whole, strict=True):
            assert np.allclose(ours, theirs, rtol=0, atol=1e-5)


def test_one_part_is_the_forward_pass_itself(garments: Dataset) -> None:
    import tensorflow as tf

    network = RECIPES["new-abcd"].build()
    inputs = tf.constant(garments.train_images[:3, ..., np.newaxis] / np.float32(255))
    ours, theirs = forward_in_parts(network, 1, BATCH)(inputs, False), forward_pass(network)(inputs, False)
    assert np.array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("plan", [Plan.of("intuitive-cnn"), own(NORMALISED)], ids=lambda plan: plan.recipe)
def test_no_sum_leaves_its_order_to_chance(plan: Plan, garments: Dataset) -> None:
    training = loop._Training(plan, loop.prepare(plan, garments), Watcher(), None, no_request)
    graph = training._train_in_parts.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    added = [node.attr["N"].i for node in nodes if node.op == "AddN"]
    assert set(added) == {2}


def digest(folder: Path, plan: Plan, cores: int, breaks_after: int | None) -> str:
    """What a plan learns on so many cores, with a break or without, as a few letters. For a process of its own."""
    backend.use_cores(cores)
    garments, asked = read_folder(folder), iter(range(10_000))
    try:
        paused = (lambda: Request.PAUSE if next(asked) == breaks_after else None) if breaks_after else no_request
        result = loop.train(plan, garments, requested=paused)
    except Paused as pause:
        result = loop.train(plan, garments, checkpoint=Checkpoint.from_bytes(pause.checkpoint.to_bytes()))
    return hashlib.sha256(result.outputs.tobytes()).hexdigest()


def test_the_same_plan_gives_the_same_network_on_any_number_of_cores_with_breaks_or_without(
    small_folder: Path,
) -> None:
    plan = Plan.of("five-steps", epochs=2, batch_size=300, dropout=0.2)  # 3 batches of 300, and 60 pictures
    assert count_parts(plan.row.build(), 300) == 8
    told = set()
    for cores, breaks_after in ((1, None), (3, 2)):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            told.add(pool.submit(digest, small_folder, plan, cores, breaks_after).result())
    assert len(told) == 1


def test_a_batch_with_fewer_pictures_than_parts_is_learned_from_too(garments: Dataset) -> None:
    plan = Plan.of("new-abcd", epochs=1, batch_size=137, examples=962)  # 7 batches of 137, and 3 pictures
    assert count_parts(plan.row.build(), 137) == 8 > 962 % 137 < TOGETHER
    assert loop.train(plan, garments).outputs.shape == (400, 10)
