"""One training run: a plan and a data set in; progress, a model and its test answers out.

Keras and TensorFlow are imported inside functions: only a worker (or the command line) ever calls them.
Knows nothing of the store or the queue.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core import metrics
from core.data.dataset import Dataset, subset, validation_split
from core.language import N_, Saying
from core.training import fast_layers, parts, weights, whitening
from core.training.checkpoint import FILTERS, SAMPLE, Checkpoint, Snapshot, sheet_rows
from core.training.export import SCORE_BATCH, Result, result_of
from core.training.optimiser import loss_of, optimiser_for
from core.training.plan import SHIFT, Plan
from core.training.progress import Meter, Pace, Paused, Request, Watcher, no_request
from models.catalogue import Recipe

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Steps: TypeAlias = "Callable[[np.ndarray], tf.Tensor]"  # rows in batches (steps, batch) -> sum of losses, right answers


@dataclass(frozen=True)
class Setup:
    """The network and the pictures of one run, as tensors."""

    network: keras.Model  # what is trained
    images: tf.Tensor  # (n, 28, 28, 1) uint8: pictures to learn from, then those to score after each epoch
    labels: tf.Tensor  # (n,) int32
    count: int  # the first rows are learned from, the others scored
    scored: np.ndarray  # the others' rows in the training pictures when `held_back`, else in the test pictures
    held_back: bool
    to_plain: Callable[[keras.Model], keras.Model]  # trained network -> the one that models/ builds, which is stored


def train(
    plan: Plan,
    dataset: Dataset,
    watcher: Watcher = Watcher(),  # noqa: B008 - it keeps nothing
    checkpoint: Checkpoint | None = None,
    requested: Callable[[], Request | None] = no_request,
) -> Result:
    """Train, score and export one network, from its beginning or from a checkpoint of the same plan (or of one with
    fewer epochs).

    `watcher` hears how it goes on. A stop that is `requested` ends the training early and keeps what was learned. The
    same plan and data give the same result, with breaks or without, on any number of cores (see backend.py). Raises
    RunError when the loss is no longer a number, and Paused when a pause is requested.
    """
    import keras

    keras.utils.set_random_seed(plan.seed)
    _add_in_turn()
    with _layer_seeds(plan.seed):
        setup = prepare(plan, dataset)
    training = _Training(plan, setup, watcher, checkpoint, requested)
    watcher.phase("training")
    training.run()
    held_back = setup.scored if setup.held_back else setup.scored[:0]
    network = setup.to_plain(setup.network)
    return result_of(network, plan.row, dataset, held_back, training.seconds, watcher.phase, training.note)


def _add_in_turn() -> None:
    """Let TensorFlow add up in the order it is told. Left alone, it joins sums into one operation that begins with
    whatever is ready first, and the last bit would differ from time to time."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


@contextlib.contextmanager
def _layer_seeds(seed: int) -> Iterator[None]:
    """Give Keras, for the seeds of its layers, the numbers that Python's generator would give it if no other thread
    drew from that."""
    from keras.src.random import seed_generator

    shared, seed_generator.python_random = seed_generator.python_random, random.Random(seed)
    try:
        yield
    finally:
        seed_generator.python_random = shared


def load(plan: Plan, dataset: Dataset, content: bytes, phase: Callable[[str], None] = lambda words: None) -> Result:
    """Build a plan's network and give it the weights in a .weights.h5 file instead of training it; score and export it.

    Raises RunError when the file holds no weights, or those of another network.
    """
    recipe = plan.row
    phase("loading the weights")
    network = recipe.build()
    weights.load(network, content, recipe.title)
    return result_of(network, recipe, dataset, _split(plan, recipe, dataset)[1], None, phase)


def _split(plan: Plan, recipe: Recipe, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the training pictures to learn from, and of those to hold back."""
    chosen = subset(dataset, plan.examples, plan.seed)
    if not recipe.validation:
        return chosen, chosen[:0]
    kept, held_back = validation_split(len(chosen), recipe.validation, recipe.validation_seed)
    return chosen[kept], chosen[held_back]


def prepare(plan: Plan, dataset: Dataset) -> Setup:
    """Build the plan's network, and lay its pictures ready as tensors."""
    import tensorflow as tf

    recipe = plan.row
    learned, scored = _split(plan, recipe, dataset)
    held_back = len(scored) > 0
    images, labels = dataset.train_images, dataset.train_labels
    if held_back:
        rows = np.concatenate([learned, scored])
        images, labels = images[rows], labels[rows]
    else:
        scored = np.arange(min(SAMPLE, len(dataset.test_labels)))
        images = np.concatenate([images[learned], dataset.test_images[scored]])
        labels = np.concatenate([labels[learned], dataset.test_labels[scored]])
    network = plain = recipe.build()
    if recipe.on_patches:
        from models.quick import build_on_patches

        fitted = whitening.whiten(dataset.train_images[learned])
        network = whitening.whitened(build_on_patches(whitening.COMPONENTS), fitted)

    def to_plain(trained: keras.Model) -> keras.Model:
        return whitening.fold(trained, plain) if recipe.on_patches else plain  # else they share their layers

    return Setup(
        network=with_regularisation(network, plan),
        images=tf.constant(images[..., np.newaxis]),
        labels=tf.constant(labels.astype(np.int32)),
        count=len(learned),
        scored=scored,
        held_back=held_back,
        to_plain=to_plain,
    )


def with_regularisation(network: keras.Model, plan: Plan) -> keras.Model:
    """The network with the plan's augmentation in front and its dropout before the last layer; it shares its layers
    with the plain one."""
    from keras import Input, Sequential, layers

    augmentation = []  # made in this order, for each draws its seed when it is made
    if plan.augment in ("mirror", "both"):
        augmentation.append(layers.RandomFlip("horizontal"))
    if plan.augment in ("shift", "both"):
        augmentation.append(layers.RandomTranslation(SHIFT, SHIFT, fill_mode="constant"))
    dropout = [layers.Dropout(plan.dropout)] if plan.dropout else []
    if not augmentation and not dropout:
        return network
    *most, last = network.layers
    return Sequential([Input((28, 28, 1)), *augmentation, *most, *dropout, last], name=network.name)


def first_filters(network: keras.Model) -> np.ndarray:
    """What the first layer of a trained network multiplies with: (k, height, width) float16, k at most FILTERS."""
    weighted = [layer for layer in network.layers if hasattr(layer, "kernel")]
    kernel = np.asarray(weighted[0].kernel)
    if not weighted[0].trainable:  # a fixed projection: together with the layer after it, it is the first one
        kernel = np.tensordot(kernel, np.asarray(weighted[1].kernel), 1)
    if kernel.ndim == 2:
        kernel = kernel.reshape(28, 28, 1, -1)
    return np.moveaxis(kernel[:, :, 0], -1, 0)[:FILTERS].astype(np.float16)


class _Training:
    """The epochs of one run. Several steps run in one call into TensorFlow, as many as fit into EXECUTION_SECONDS."""

    def __init__(
        self,
        plan: Plan,
        setup: Setup,
        watcher: Watcher,
        checkpoint: Checkpoint | None,
        requested: Callable[[], Request | None],
    ) -> None:
        self.note: Saying | None = None
        self._plan, self._setup, self._watcher, self._requested = plan, setup, watcher, requested
        steps_an_epoch = -(-setup.count // plan.batch_size)
        self._optimiser = optimiser_for(plan, plan.row, steps_an_epoch * plan.epochs)
        self._optimiser.build(setup.network.trainable_variables)
        self._variables = [*setup.network.variables, *self._optimiser.variables]
        self._best = _Best()
        self._start = (0, 0)  # epochs behind it, pictures of the next
        self._over = False  # whether the plan's patience has ended
        self._meter = Meter(setup.count, plan.epochs, watcher.point)
        self._trained, self._began = 0.0, time.perf_counter()
        if checkpoint:
            self._resume(checkpoint)
        self._sheet = sheet_rows(setup.labels.numpy()[setup.count :])
        count, total = setup.count, setup.labels.shape[0]
        self._scored_rows = np.array_split(np.arange(count, total, dtype=np.int32), -(-(total - count) // SCORE_BATCH))
        self._parts = parts.count_parts(setup.network, plan.batch_size)
        self._train_in_parts, self._train_whole, self._score = self._graphs()

    @property
    def seconds(self) -> float:
        """Trained so far, breaks left out."""
        return self._trained + time.perf_counter() - self._began

    def run(self) -> None:
        """Train for the rest of the plan's epochs."""
        plan, setup = self._plan, self._setup
        pace = Pace()
        epoch, done = self._start
        while epoch < plan.epochs and not self._over:
            order = np.random.default_rng([plan.seed, epoch]).permutation(setup.count).astype(np.int32)
            for batches in pace.portions(order[done:], plan.batch_size):
                train_steps = self._train_in_parts if self._is_cut(batches.shape[1]) else self._train_whole
                self._meter.add(batches.size, *train_steps(batches).numpy())
                done += batches.size
                request = self._requested()
                if request == Request.STOP:
                    self._watcher.keep(self._checkpoint(epoch, done))
                    return
                if request == Request.PAUSE:
                    raise Paused(self._checkpoint(epoch, done))
            epoch, done = epoch + 1, 0
            self._end_epoch(epoch)
        sentences = []
        if self._over:
            one = N_("It stopped by itself: the last epoch was no better.")
            many = N_("It stopped by itself: the last {count} epochs were no better.")
            sentences.append(many if plan.patience > 1 else one)
        if plan.patience and self._best.epoch < epoch:
            self._best.restore(setup.network)
            kept = N_("The network of epoch {epoch} is kept: it was the best on the pictures held back.")
            sentences.append(kept)
        self.note = Saying(*sentences, count=plan.patience, epoch=self._best.epoch) if sentences else None

    def _end_epoch(self, epoch: int) -> None:
        setup = self._setup
        outputs, loss = self._scores()
        labels = setup.labels.numpy()[setup.count :]
        held_back = {"val_loss": loss, "val_accuracy": metrics.accuracy(labels, outputs)} if setup.held_back else {}
        point = self._meter.end_epoch(epoch, held_back)
        if self._plan.patience and loss < self._best.loss:
            self._best = _Best(epoch, loss, [variable.numpy() for variable in setup.network.variables])
        self._over = bool(self._plan.patience) and epoch - self._best.epoch >= self._plan.patience
        snapshot = Snapshot(
            counts=metrics.confusion(labels, outputs).astype(np.int32),
            rows=setup.scored[self._sheet].astype(np.int32),
            held_back=setup.held_back,
            shares=metrics.normalise(outputs[self._sheet]).astype(np.float16),
            filters=first_filters(setup.network),
        )
        self._watcher.epoch(point, snapshot, self._checkpoint(epoch, 0))
        self._meter.restart_clock()

    def _scores(self) -> tuple[np.ndarray, float]:
        """Outputs (n, 10) for the pictures scored after each epoch, and their mean loss."""
        scores = [self._score(rows) for rows in self._scored_rows]
        outputs = np.concatenate([outputs.numpy() for outputs, _ in scores])
        return outputs, float(sum(loss.numpy() for _, loss in scores)) / len(outputs)

    def _checkpoint(self, epoch: int, images: int) -> Checkpoint:
        return Checkpoint(
            epoch=epoch,
            images=images,
            count=self._setup.count,
            sums=self._meter.epoch_sums,
            seconds=self.seconds,
            variables=[variable.numpy() for variable in self._variables],
            best=self._best.variables,
            best_epoch=self._best.epoch,
            best_loss=self._best.loss,
            over=self._over,
        )

    def _resume(self, checkpoint: Checkpoint) -> None:
        for variable, value in zip(self._variables, checkpoint.variables, strict=True):
            variable.assign(value)
        self._best = _Best(checkpoint.best_epoch, checkpoint.best_loss, checkpoint.best)
        self._start, self._over = (checkpoint.epoch, checkpoint.images), checkpoint.over
        self._meter.resume(checkpoint)
        self._trained = checkpoint.seconds

    def _graphs(self) -> tuple[Steps, Steps, Callable[[np.ndarray], tuple[tf.Tensor, tf.Tensor]]]:
        """Three functions compiled by TensorFlow: one trains several batches in parts, one such that are too small for
        it, one scores pictures."""
        import tensorflow as tf

        setup, recipe, batch_size = self._setup, self._plan.row, self._plan.batch_size
        trainable = setup.network.trainable_variables
        learned = [variable.value for variable in trainable]
        in_turn = tf.AggregationMethod.EXPERIMENTAL_TREE
        in_parts, whole = (parts.forward_in_parts(setup.network, count, batch_size) for count in (self._parts, 1))

        def inputs(rows: tf.Tensor) -> tf.Tensor:
            return tf.cast(tf.gather(setup.images, rows), tf.float32) / recipe.train_scale

        def training(forward: fast_layers.Step) -> Steps:
            def train_steps(batches: tf.Tensor) -> tf.Tensor:  # (steps, batch) rows -> sum of losses, right answers
                total = tf.zeros(2)
                for rows in batches:
                    labels = tf.gather(setup.labels, rows)
                    outputs = forward(inputs(rows), True)
                    losses = loss_of(recipe, labels, outputs)
                    slopes = tf.gradients(tf.reduce_mean(losses), learned, aggregation_method=in_turn)
                    self._optimiser.apply(slopes, trainable)
                    right = tf.cast(tf.argmax(outputs, 1, tf.int32) == labels, tf.float32)
                    total += tf.stack([tf.reduce_sum(losses), tf.reduce_sum(right)])
                return total

            steps: Steps = tf.function(train_steps, input_signature=[tf.TensorSpec((None, None), tf.int32)])
            return steps

        def score(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:  # rows (n,) -> outputs (n, 10), sum of losses
            outputs = (in_parts if self._is_cut(len(self._scored_rows[-1])) else whole)(inputs(rows), False)
            return outputs, tf.reduce_sum(loss_of(recipe, tf.gather(setup.labels, rows), outputs))

        return (
            training(in_parts),
            training(whole),
            tf.function(score, input_signature=[tf.TensorSpec((None,), tf.int32)]),
        )

    def _is_cut(self, pictures: int) -> bool:
        """Whether so many pictures at once are computed in parts: none may be empty."""
        return self._parts == 1 or pictures >= parts.TOGETHER * self._parts


@dataclass
class _Best:
    """The best epoch so far, by the loss on the pictures held back."""

    epoch: int = 0
    loss: float = np.inf
    variables: list[np.ndarray] = field(default_factory=list)

    def restore(self, network: keras.Model) -> None:
        """Give the network the weights it had then."""
        for variable, value in zip(network.variables, self.variables, strict=True):
            variable.assign(value)
