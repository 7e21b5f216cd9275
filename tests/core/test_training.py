"""Training: plans within limits, progress as it happens, a stop that keeps what was learned, files that agree."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from core import evaluation, patches
from core.dataset import Dataset
from core.errors import PlanError, RunError
from core.inference import Network
from core.settings import Settings
from core.training import Plan, Point, best_temperature, duration, estimate, train
from models.catalogue import RECIPES

SMALL = {"epochs": 2, "batch_size": 32}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 101}, "epochs is 101"),
        ({"examples": 99}, "pictures is 99"),
        ({"examples": 70_000}, "pictures is 70,000"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"learning_rate": 7.0}, "learning rate is 7.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_plan_outside_the_limits_is_refused_with_the_value_and_what_is_allowed(changes: dict, named: str) -> None:
    with pytest.raises(PlanError, match=f"{named}.*between"):
        Plan.of("quick", **changes).checked(Settings(), 60_000)


def test_a_plan_is_the_articles_unless_changed() -> None:
    plan = Plan.of("new-abcd", epochs=None, seed=7)
    assert (plan.epochs, plan.batch_size, plan.learning_rate, plan.seed, plan.examples) == (50, 32, 0.001, 7, None)
    with pytest.raises(PlanError, match="no recipe “five”"):
        Plan.of("five")


def test_an_estimate_grows_with_epochs_and_prefers_what_was_measured_here() -> None:
    short, long = Plan.of("new-abcd", epochs=1), Plan.of("new-abcd", epochs=10)
    assert estimate(long, 60_000, {}) > 5 * estimate(short, 60_000, {})
    assert estimate(short, 60_000, {"new-abcd": 60_000}) == pytest.approx(5, abs=0.1)
    assert (duration(1), duration(14.6), duration(200), duration(9000)) == ("1 s", "15 s", "3 min", "2.5 h")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_learns_reports_and_exports_files_that_agree(name: str, garments: Dataset) -> None:
    points: list[Point] = []
    phases: list[str] = []
    result = train(Plan.of(name, **SMALL), garments, points.append, phases.append)
    epochs = [point for point in points if point.kind == "epoch"]
    batches = [point for point in points if point.kind == "batch"]
    assert [point.epoch for point in epochs] == [1, 2] and batches
    assert epochs[1].loss < epochs[0].loss
    assert all((point.val_accuracy is not None) == (RECIPES[name].validation > 0) for point in epochs)
    assert points[-1].progress == 1 and [point.progress for point in points] == sorted(point.progress for point in points)
    assert phases == ["training", "scoring on the test pictures", "saving"]
    assert result.test_accuracy == evaluation.accuracy(garments.test_labels, result.outputs) > 0.3
    network = Network(result.tflite)
    assert np.abs(network.raw(garments.test_images) - result.outputs).max() < 1e-4
    assert _keras_outputs(result.keras, garments.test_images) == pytest.approx(result.outputs, abs=1e-5)


def _keras_outputs(content: bytes, images: np.ndarray) -> np.ndarray:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        return np.asarray(keras.saving.load_model(path, safe_mode=True)(images.astype(np.float32), training=False))


def test_the_same_plan_gives_the_same_network_and_another_seed_another(garments: Dataset) -> None:
    first, second, other = (train(Plan.of("quick", seed=seed, **SMALL), garments).outputs for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_stop_ends_the_training_early_and_keeps_what_was_learned(garments: Dataset) -> None:
    points: list[Point] = []
    result = train(Plan.of("hello-world", epochs=50), garments, points.append, stopping=lambda: len(points) >= 2)
    assert points[-1].progress < 0.5
    assert result.outputs.shape == (len(garments.test_images), 10) and result.keras and result.tflite


def test_a_loss_that_is_no_number_ends_in_a_sentence(garments: Dataset) -> None:
    with pytest.raises(RunError, match="learning rate ten times smaller"):
        train(Plan.of("clothes-ann", learning_rate=1e30, epochs=3), garments)


def test_a_sigmoid_recipe_trains_on_the_shares_of_its_outputs_and_not_on_hidden_logits(garments: Dataset) -> None:
    from core.training import _loss

    network = RECIPES["five-steps"].build()
    outputs = network(garments.train_images[:64, ..., np.newaxis] / 255.0, training=False)
    labels = garments.train_labels[:64].astype(np.int32)
    shares = np.asarray(outputs) / np.asarray(outputs).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(64), labels])
    assert np.asarray(_loss(RECIPES["five-steps"], labels, outputs)) == pytest.approx(expected, rel=1e-4)
    as_softmax = np.asarray(_loss(RECIPES["new-abcd"], labels, outputs))
    assert np.abs(as_softmax - expected).max() > 1e-3


def test_whitened_patches_fold_into_the_plain_convolution(garments: Dataset) -> None:
    from models.quick import build, build_on_patches

    whitening = patches.whiten(garments.train_images)
    trained = build_on_patches(patches.COMPONENTS)
    features = patches.project(garments.train_images[:50], whitening)
    spread = patches.project(garments.train_images[:: patches.EVERY], whitening).reshape(-1, patches.COMPONENTS)
    assert np.abs(spread.mean(axis=0)).max() < 1e-2 and spread[:, 0].std() == pytest.approx(1, abs=0.05)
    plain = patches.fold(trained, whitening, build())
    assert np.asarray(plain(garments.train_images[:50, ..., np.newaxis] / 255.0)) == pytest.approx(np.asarray(trained(features)), abs=1e-5)


def test_the_best_temperature_cools_an_answerer_that_is_too_sure() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 4000)
    logits = 2 * np.eye(10)[labels] + generator.gumbel(size=(4000, 10))
    too_sure = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    assert best_temperature(too_sure, labels) > 1.8


@pytest.mark.real_data
def test_quick_reaches_ninety_percent_on_the_real_test_set(real: Dataset) -> None:
    assert train(Plan.of("quick", seed=0), real).test_accuracy >= 0.90
