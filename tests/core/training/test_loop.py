"""Training: plans within limits, progress as it happens, a stop that keeps what was learned, files that agree."""

import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import metrics
from core.data.dataset import Dataset
from core.errors import PlanError, RunError
from core.inference.network import Network
from core.settings import Settings
from core.training import loop, whitening
from core.training.checkpoint import SHEET, Checkpoint, Snapshot
from core.training.export import Result
from core.training.loop import first_filters, train, with_regularisation
from core.training.optimiser import learning_rate
from core.training.plan import AUGMENTS, SCHEDULES, Plan, duration
from core.training.progress import Paused, Request
from models.catalogue import RECIPES
from tests.recorder import Recorder

pytestmark = pytest.mark.slow

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
        ({"dropout": 0.95}, "dropout is 0.95"),
        ({"patience": 1000}, "patience is 1,000"),
    ],
)
def test_a_plan_outside_the_limits_is_refused_with_the_value_and_what_is_allowed(changes: dict, named: str) -> None:
    with pytest.raises(PlanError, match=f"{named}.*between"):
        Plan.of("quick", **changes).checked(Settings(), 60_000)


def test_a_schedule_and_a_change_of_pictures_must_be_known_and_a_network_not_too_large() -> None:
    with pytest.raises(PlanError, match="no schedule “zigzag”"):
        Plan.of("quick", schedule="zigzag").checked(Settings(), 60_000)
    with pytest.raises(PlanError, match="no change of pictures “upside”.*mirror"):
        Plan.of("quick", augment="upside").checked(Settings(), 60_000)
    with pytest.raises(PlanError, match="size of the network is 1,386,506"):
        Plan.of("new-abcd").checked(Settings(max_parameters=1_000_000), 60_000)


def test_a_plan_is_the_articles_unless_changed() -> None:
    plan = Plan.of("new-abcd", epochs=None, seed=7)
    assert (plan.epochs, plan.batch_size, plan.learning_rate, plan.seed, plan.examples) == (50, 32, 0.001, 7, None)
    with pytest.raises(PlanError, match="no recipe “five”"):
        Plan.of("five")


def test_lengths_of_time_are_said_in_round_words() -> None:
    assert (duration(1), duration(14.6), duration(200), duration(9000)) == ("1 s", "15 s", "3 min", "2.5 h")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_learns_reports_and_exports_files_that_agree(name: str, garments: Dataset) -> None:
    recorder = Recorder()
    result = train(Plan.of(name, **SMALL), garments, recorder)
    points, epochs = recorder.points, recorder.epochs
    assert [point.epoch for point in epochs] == [1, 2] and len(points) > len(epochs)
    assert epochs[1].loss < epochs[0].loss
    assert all((point.val_accuracy is not None) == (RECIPES[name].validation > 0) for point in epochs)
    progress = [point.progress for point in points]
    assert progress[-1] == 1 and progress == sorted(progress)
    assert recorder.phases == ["training", "scoring on the test pictures", "saving"]
    assert result.test_accuracy == metrics.accuracy(garments.test_labels, result.outputs) > 0.3
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
    recorder = Recorder()

    def stop_after_two_points() -> Request | None:
        return Request.STOP if len(recorder.points) >= 2 else None

    result = train(Plan.of("hello-world", epochs=50), garments, recorder, requested=stop_after_two_points)
    assert recorder.points[-1].progress < 0.5 and len(recorder.kept) == 1
    assert result.outputs.shape == (len(garments.test_images), 10) and result.keras and result.tflite


def test_a_loss_that_is_no_number_ends_in_a_sentence(garments: Dataset) -> None:
    with pytest.raises(RunError, match="learning rate ten times smaller"):
        train(Plan.of("clothes-ann", learning_rate=1e30, epochs=3), garments)


def test_a_sigmoid_recipe_trains_on_the_shares_of_its_outputs_and_not_on_hidden_logits(garments: Dataset) -> None:
    from core.training.optimiser import loss_of

    network = RECIPES["five-steps"].build()
    outputs = network(garments.train_images[:64, ..., np.newaxis] / 255.0, training=False)
    labels = garments.train_labels[:64].astype(np.int32)
    shares = np.asarray(outputs) / np.asarray(outputs).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(64), labels])
    assert np.asarray(loss_of(RECIPES["five-steps"], labels, outputs)) == pytest.approx(expected, rel=1e-4)
    as_softmax = np.asarray(loss_of(RECIPES["new-abcd"], labels, outputs))
    assert np.abs(as_softmax - expected).max() > 1e-3


def test_whitened_patches_fold_into_the_plain_convolution(garments: Dataset) -> None:
    from models.quick import build, build_on_patches

    learner = whitening.whitened(build_on_patches(whitening.COMPONENTS), whitening.whiten(garments.train_images))
    pixels = garments.train_images[:: whitening.EVERY, ..., np.newaxis] / 255.0
    spread = np.asarray(learner.layers[0](pixels)).reshape(-1, whitening.COMPONENTS)
    assert np.abs(spread.mean(axis=0)).max() < 1e-2 and spread[:, 0].std() == pytest.approx(1, abs=0.05)
    plain = whitening.fold(learner, build())
    assert np.asarray(plain(pixels)) == pytest.approx(np.asarray(learner(pixels)), abs=1e-5)
    assert np.abs(first_filters(learner) - first_filters(plain)).max() < 1e-2 and first_filters(plain).shape == (
        32,
        7,
        7,
    )


def same(first: Result, second: Result) -> bool:
    """Whether two networks say the same, to the last bit."""
    return np.array_equal(first.outputs, second.outputs)


@pytest.mark.parametrize(
    "plan",
    [
        Plan.of("quick", epochs=2, batch_size=100),
        Plan.of("five-steps", epochs=2, batch_size=96),  # with dropout
        Plan.of("hello-world", epochs=2, batch_size=96, dropout=0.3, augment="both", schedule="cosine"),
    ],
    ids=lambda plan: plan.recipe,
)
@pytest.mark.parametrize("breaks_after", [2, 17])
def test_a_training_with_a_break_gives_the_very_network_of_one_without(
    plan: Plan, breaks_after: int, garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.progress.EXECUTION_SECONDS", 0)  # one step at a time
    whole = train(plan, garments)
    asked = iter(range(1_000))
    with pytest.raises(Paused) as pause:
        train(plan, garments, requested=lambda: Request.PAUSE if next(asked) == breaks_after else None)
    checkpoint = Checkpoint.from_bytes(pause.value.checkpoint.to_bytes())
    recorder = Recorder()
    assert same(train(plan, garments, recorder, checkpoint), whole)
    assert recorder.points[0].epoch > checkpoint.standing > 0 and recorder.points[-1].epoch == plan.epochs


def test_other_threads_that_draw_random_numbers_change_nothing(
    garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan.of("hello-world", epochs=1, dropout=0.3)
    expected = train(plan, garments)

    def while_another_thread_draws(network: object, plan: Plan) -> object:
        random.random()
        return with_regularisation(network, plan)

    monkeypatch.setattr(loop, "with_regularisation", while_another_thread_draws)
    assert same(train(plan, garments), expected)


def test_a_run_goes_on_from_the_checkpoint_of_its_last_epoch_and_can_be_trained_on(garments: Dataset) -> None:
    long, short = Recorder(), Recorder()
    plan = Plan.of("hello-world", epochs=4)
    whole = train(plan, garments, long)
    assert [checkpoint.epoch for checkpoint in long.checkpoints] == [1, 2, 3, 4]
    assert same(train(plan, garments, checkpoint=long.checkpoints[1]), whole)
    train(Plan.of("hello-world", epochs=2), garments, short)
    assert same(train(plan, garments, checkpoint=short.checkpoints[-1]), whole)


@pytest.mark.parametrize(("recipe", "held_back"), [("quick", True), ("hello-world", False)])
def test_each_epoch_leaves_a_snapshot_of_what_the_network_said(recipe: str, held_back: bool, garments: Dataset) -> None:
    recorder = Recorder()
    train(Plan.of(recipe, epochs=3), garments, recorder)
    snapshots = recorder.snapshots
    last = Snapshot.from_bytes(snapshots[-1].to_bytes())
    assert len(snapshots) == 3 and last.held_back == held_back
    assert last.counts.sum() == (60 if held_back else 400)
    assert last.rows.tolist() == snapshots[0].rows.tolist() and len(set(last.rows)) == SHEET
    labels = (garments.train_labels if held_back else garments.test_labels)[last.rows]
    assert labels.tolist() == sorted(labels) and set(labels) == set(range(10))
    assert np.allclose(last.shares.sum(axis=1), 1, atol=1e-2)
    assert last.filters.shape == ((32, 7, 7) if recipe == "quick" else (32, 28, 28))
    assert last.counts.trace() > snapshots[0].counts.trace()


def test_a_plan_with_patience_stops_by_itself_and_goes_back_to_the_best_epoch(garments: Dataset) -> None:
    recorder = Recorder()
    plan = Plan.of("hello-world", epochs=60, patience=3, learning_rate=0.003)
    result, epochs = train(plan, garments, recorder), recorder.epochs
    losses = [point.val_loss for point in epochs]
    best = int(np.argmin(losses)) + 1
    assert len(epochs) < 60 and len(epochs) - best == 3
    kept = f"The network of epoch {best} is kept: it was the best on the pictures held back."
    assert str(result.note) == f"It stopped by itself: the last 3 epochs were no better. {kept}"
    as_far_as_the_best = train(replace(plan, epochs=best), garments)
    assert same(as_far_as_the_best, result)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("recipe", ["quick", "hello-world"])
def test_the_learning_rate_follows_its_schedule(schedule: str, recipe: str) -> None:
    plan = Plan.of(recipe, schedule=schedule, learning_rate=0.01)
    rate = learning_rate(plan, plan.row, 1000)
    at = [float(rate) if isinstance(rate, float) else float(rate(step)) for step in (0, 300, 600, 999)]
    kind = schedule or ("warm-up" if recipe == "quick" else "constant")
    expected = {
        "constant": [0.01] * 4,
        "cosine": [0.01, 0.008, 0.0035, 0.0001],
        "steps": [0.01, 0.01, 0.001, 0.0001],
        "warm-up": [0, 0.009, 0.0045, 0.0001],
    }[kind]
    assert at == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("augment", AUGMENTS)
def test_pictures_are_changed_for_training_and_never_for_answers(augment: str, garments: Dataset) -> None:
    plan = Plan.of("hello-world", augment=augment)
    network = with_regularisation(plan.row.build(), plan)
    pixels = garments.train_images[:40, ..., np.newaxis] / 255.0
    first, second, answer = (np.asarray(network(pixels, training=learning)) for learning in (True, True, False))
    assert np.array_equal(answer, np.asarray(network(pixels, training=False)))
    assert np.array_equal(first, second) == (augment == "") and np.array_equal(first, answer) == (augment == "")


@pytest.mark.real_data
def test_quick_reaches_ninety_percent_on_the_real_test_set(real: Dataset) -> None:
    assert train(Plan.of("quick", seed=0), real).test_accuracy >= 0.90
