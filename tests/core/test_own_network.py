"""A network of one's own: the walk over its layers agrees with Keras, what does not fit gets a sentence, and plans
carry it."""

import json
import random
from itertools import count, islice
from math import prod

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.errors import PlanError
from core.inference.network import Network
from core.lessons.terms import LAYERS
from core.settings import Settings
from core.training.loop import train
from core.training.plan import Measured, Plan, estimate
from models.catalogue import OWN, describe, every, own_recipe
from models.own_network import (
    KINDS,
    MOST_LAYERS,
    MOST_PARAMETERS,
    MOST_WORK,
    LayerError,
    checked,
    pictures_per_second,
    walk,
)
from tests.recorder import Recorder

SMALL = [["convolution", 8, 3, 2], ["normalise"], ["pooling", 2], ["dropout", 0.3], ["dense", 16]]
AS_PUBLISHED = {  # networks of the catalogue, built by hand
    "five-steps/softmax": [["convolution", 64, 3, 1], ["pooling", 2], ["dropout", 0.25], ["dense", 32]],
    "five-steps/32-filters": [["convolution", 32, 3, 1], ["pooling", 2], ["dropout", 0.25], ["dense", 32]],
    "hello-world": [["flatten"], ["dense", 128]],
    "intuitive-cnn": [
        ["convolution", 64, 3, 1],
        ["pooling", 2],
        ["dropout", 0.25],
        ["convolution", 32, 3, 1],
        ["pooling", 2],
        ["dense", 32],
    ],
    "new-abcd": [["convolution", 64, 3, 1], ["pooling", 2], ["dense", 128]],
}


def drawn(seed: int) -> list[list]:
    """A list of layers drawn by lot, which may not fit; it begins with some that take pictures, for others seldom
    fit."""
    dice = random.Random(seed)
    kinds = dice.choices(("convolution", "pooling", "normalise", "dropout"), k=dice.randint(0, 6))
    kinds += dice.choices([*KINDS], k=dice.randint(0, 5))
    return [[kind, *(lot(dice, low, high) for low, high in KINDS[kind].values())] for kind in kinds]


def lot(dice: random.Random, low: float, high: float) -> float:
    return dice.randint(low, min(high, 40)) if isinstance(low, int) else dice.uniform(low, high)


def fits(rows: list[list]) -> bool:
    try:
        checked(rows)
    except LayerError:
        return False
    return True


def test_every_stack_drawn_by_lot_has_the_shapes_parameters_and_work_that_keras_gives_it() -> None:
    stacks = list(islice(filter(fits, map(drawn, count())), 60))
    assert {row[0] for rows in stacks for row in rows} == set(KINDS) and max(map(len, stacks)) > 6
    for rows in stacks:
        recipe, network = own_recipe(rows), checked(rows)
        built = recipe.build()
        assert [
            {"kind": layer.kind, "shape": list(layer.shape), "parameters": layer.parameters} for layer in network
        ] == [{key: row[key] for key in ("kind", "shape", "parameters")} for row in describe(recipe)], rows
        assert recipe.parameters == built.count_params()
        assert built.input_shape == (None, 28, 28, 1) and built.output_shape == (None, 10)
        for layer, made in zip(network, built.layers, strict=True):
            if layer.kind in ("Conv2D", "Dense"):
                assert layer.work == made.kernel.shape.num_elements() * prod(made.output.shape[1:-1])


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_a_published_network_can_be_built_by_hand_and_its_time_is_guessed_alike(name: str) -> None:
    recipe, own = every()[name], own_recipe(AS_PUBLISHED[name])
    assert own.parameters == recipe.parameters
    assert recipe.images_per_second / 2 < own.images_per_second < 2 * recipe.images_per_second


def test_no_layers_at_all_are_a_network_too() -> None:
    assert [(layer.kind, layer.shape) for layer in checked([])] == [("Flatten", (784,)), ("Dense", (10,))]


def test_a_flatten_is_added_once_and_every_kind_of_layer_has_its_words() -> None:
    assert [layer.kind for layer in walk([["flatten"], ["dense", 8], ["dense", 8]])] == [
        "Flatten",
        "Dense",
        "Dense",
        "Dense",
    ]
    rows = [["convolution", 4, 3, 1], ["pooling", 2], ["normalise"], ["dropout", 0.5], ["average"], ["dense", 8]]
    assert {layer.kind for layer in [*walk(rows), *walk([])]} <= set(LAYERS)


@pytest.mark.parametrize(
    ("rows", "index", "sentence"),
    [
        (
            [["convolution", 8, 7, 4], ["pooling", 4], ["pooling", 2]],
            2,
            "Layer 3 joins 2 × 2 dots into one, and pictures of 1 × 1 come",
        ),
        (
            [["pooling", 4], ["pooling", 4], ["convolution", 8, 3, 1]],
            2,
            "Layer 3 has filters of 3 × 3 dots, and pictures of 1 × 1",
        ),
        (
            [["dense", 8], ["convolution", 8, 3, 1]],
            1,
            "Layer 2 needs pictures, but one row of numbers comes to it: move it up.",
        ),
        ([["average"], ["flatten"]], 1, "Layer 2 needs pictures"),
        (
            [["convolution", 129, 3, 1]],
            0,
            "The filters of layer 1 (convolution) must be a whole number between 1 and 128.",
        ),
        ([["dense", 8.5]], 0, "The neurons of layer 1 (dense) must be a whole number between 1 and 512."),
        ([["dropout", 1]], 0, "The share of layer 1 (dropout) must be between 0.05 and 0.9."),
        ([["dropout", float("nan")]], 0, "The share of layer 1"),
        ([["dense", True]], 0, "The neurons of layer 1"),
        ([["convolution", 8]], 0, "Layer 1 (convolution) takes filters, size, step, and 1 came."),
        (
            [["flatten"], ["transformer", 8]],
            1,
            "Layer 2 is of no kind that there is. Choose one of convolution, pooling,",
        ),
        ([[]], 0, "Layer 1 is of no kind"),
        ([[["dense"]]], 0, "Layer 1 is of no kind"),
        ([["normalise"]] * 13, None, "These are 13 layers, and 12 are allowed: take some out."),
        (
            [["convolution", 64, 3, 1], ["dense", 512]],
            1,
            "numbers to learn, and 3,000,000 are allowed; most come from layer 2.",
        ),
        (
            [["convolution", 128, 3, 1], ["convolution", 128, 3, 1], ["average"]],
            1,
            "for each picture, and 50,000,000 are allowed",
        ),
        (
            [["convolution", 100, 1, 1], *[["dropout", 0.5]] * 3, ["average"]],
            0,
            "numbers of each picture while it learns, and 250,000",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence_that_names_the_layer(
    rows: list[list], index: int | None, sentence: str
) -> None:
    with pytest.raises(LayerError) as caught:
        checked(rows)
    assert sentence in str(caught.value) and caught.value.index == index
    with pytest.raises(PlanError, match="ayer"):
        Plan.of(OWN, layers=rows)
    plan = Plan(OWN, epochs=1, batch_size=64, learning_rate=0.001, layers=rows)
    with pytest.raises(PlanError) as refused:
        plan.checked(Settings(), 60_000)
    assert str(refused.value) == str(caught.value)


def test_the_limits_themselves_are_allowed() -> None:
    assert len(checked([["normalise"]] * MOST_LAYERS)) == MOST_LAYERS + 2
    large = [["convolution", 128, 1, 2], ["dense", 119]]
    assert 0.99 * MOST_PARAMETERS < own_recipe(large).parameters <= MOST_PARAMETERS
    slow = [["convolution", 94, 3, 1], ["convolution", 100, 3, 1], ["average"]]
    assert 0.9 * MOST_WORK < sum(layer.work for layer in checked(slow)) <= MOST_WORK


def test_more_to_do_is_guessed_to_take_longer() -> None:
    small, wide, deep = (checked(rows) for rows in (SMALL, [["dense", 512]], [["convolution", 64, 3, 1], *SMALL]))
    assert pictures_per_second(small) > pictures_per_second(wide) > pictures_per_second(deep)


def test_a_plan_of_ones_own_network_goes_through_the_store_and_back() -> None:
    plan = Plan.of(OWN, layers=SMALL, epochs=2)
    stored = Plan(**json.loads(json.dumps(plan.as_dict())))
    assert stored == plan and hash(stored) == hash(plan) and stored.checked(Settings(), 60_000) is stored
    assert (plan.title, plan.row.parameters, plan.batch_size) == ("My own network", own_recipe(SMALL).parameters, 64)
    assert Plan.loading(OWN, layers=SMALL).loads and Plan.of("quick").layers is None
    with pytest.raises(PlanError, match="no variant “softmax”"):
        Plan.of(OWN, "softmax", layers=SMALL)


def test_what_one_own_network_took_says_nothing_about_another() -> None:
    one, other = Plan.of(OWN, layers=SMALL), Plan.of(OWN, layers=[["dense", 64]])
    usual = one.row.images_per_second
    known = {one.network_key: Measured(usual, 3.0, 1.0)}
    assert estimate(one, 60_000, known) == pytest.approx(3.0 + 162_000 / usual)
    assert estimate(other, 60_000, known) == pytest.approx(3.0 + 162_000 / other.row.images_per_second)
    assert other.network_key not in known
    assert Plan.of("quick").network_key == "quick"


@pytest.mark.slow
def test_a_network_of_ones_own_learns_and_its_files_agree(garments: Dataset) -> None:
    recorder, plan = Recorder(), Plan.of(OWN, layers=SMALL, epochs=4, batch_size=32)
    result, epochs = train(plan, garments, recorder), recorder.epochs
    assert epochs[-1].loss < epochs[0].loss and all(point.val_accuracy is not None for point in epochs)
    assert result.test_accuracy > 0.3
    assert np.abs(Network(result.tflite).raw(garments.test_images) - result.outputs).max() < 1e-4
    assert np.array_equal(train(plan, garments).outputs, result.outputs)
