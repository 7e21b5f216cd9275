"""One training run: a plan and a data set in; progress, a model and its test answers out.

Keras and TensorFlow are imported inside functions: only a worker (or the command line) ever calls them.
Knows nothing of the store or the queue.
"""

import contextlib
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core import metrics as evaluation
from core.data.dataset import Dataset, subset, validation_split
from core.errors import RunError
from core.training import fast_layers as swift
from core.training import weights
from core.training import whitening as patches
from core.training.checkpoint import FILTERS, SAMPLE, Checkpoint, Snapshot, chosen_for_the_sheet
from core.training.plan import SHIFT, Plan
from models.catalogue import Recipe

EXECUTION_SECONDS = 0.1  # aim for one call into TensorFlow: a stop is seen, and the curve moves, between two
REPORT_SECONDS = 0.25
SCORE_BATCH = 500
CALIBRATED_ON = 50  # held-back pictures it takes to say how sure a network may be


@dataclass(frozen=True)
class Point:
    """One point of the curve: the mean over the batches since the last point, or a whole epoch.

    Accuracy 0 to 1, loss in nats.
    """

    kind: str  # "batch" or "epoch"
    epoch: float  # epochs seen so far
    accuracy: float
    loss: float
    progress: float  # of the training, 0 to 1
    speed: float  # images a second
    val_accuracy: float | None = None
    val_loss: float | None = None


@dataclass(frozen=True)
class Result:
    """What a run made: its network as three files, raw test outputs (10000, 10) float32, and its figures."""

    keras: bytes
    tflite: bytes
    weights: bytes  # .weights.h5 of the network as models/ builds it
    outputs: np.ndarray
    test_accuracy: float
    test_loss: float
    temperature: float
    seconds: float | None  # of training alone; None when it loaded its weights
    note: str = ""  # why it ended before its last epoch, by itself


class Paused(Exception):
    """A training was asked to pause; it goes on from the checkpoint whenever somebody likes."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__("paused")
        self.checkpoint = checkpoint


@dataclass(frozen=True)
class Watcher:
    """What a training tells, and what it asks.

    `report` gets a Point about four times a second, `phase` a few words when the work changes, `epoch` after each epoch
    its Point, its Snapshot and a Checkpoint, `keep` a Checkpoint when it is stopped in between; `stopping` and
    `pausing` are asked ten times a second.
    """

    report: Callable[[Point], None] = lambda point: None
    phase: Callable[[str], None] = lambda words: None
    epoch: Callable[[Point, Snapshot, Checkpoint], None] = lambda point, snapshot, checkpoint: None
    keep: Callable[[Checkpoint], None] = lambda checkpoint: None
    stopping: Callable[[], bool] = lambda: False
    pausing: Callable[[], bool] = lambda: False


@dataclass
class _Lesson:
    """Everything one run trains with, as tensors."""

    network: object  # the learner: what is trained
    images: object  # (n, 28, 28, 1) uint8: training pictures, then those that are checked after each epoch
    labels: object  # (n,) int32
    count: int  # the first rows are learned from, the others are checked
    learned: np.ndarray  # rows of the training pictures
    checked: np.ndarray  # rows of the training pictures when `held_back`, else of the test pictures
    held_back: bool
    finish: Callable  # trained network -> the network that is stored


def train(plan: Plan, dataset: Dataset, watcher: Watcher = Watcher(), checkpoint: Checkpoint | None = None) -> Result:  # noqa: B008 - frozen
    """Train, score and export one network, from its beginning or from a checkpoint of the same plan (or of one with
    fewer epochs).

    A stop ends the training early and keeps what was learned. The same plan, data and thread count give the same
    result, with breaks or without. Raises RunError when the loss is no longer a number, and Paused when asked to.
    """
    import keras

    keras.utils.set_random_seed(plan.seed)
    with _seeds_of_its_own(plan.seed):
        lesson = _prepare(plan, dataset)
    training = _Training(plan, lesson, watcher, checkpoint)
    watcher.phase("training")
    training.run()
    held_back = lesson.checked if lesson.held_back else lesson.checked[:0]
    return _result(
        lesson.finish(lesson.network), plan.row, dataset, held_back, training.seconds, watcher.phase, training.note
    )


@contextlib.contextmanager
def _seeds_of_its_own(seed: int) -> Iterator[None]:
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
    return _result(network, recipe, dataset, _dealt(plan, recipe, dataset)[1], None, phase)


def _result(
    network: object,
    recipe: Recipe,
    dataset: Dataset,
    held_back: np.ndarray,
    seconds: float | None,
    phase: Callable[[str], None],
    note: str = "",
) -> Result:
    """Score and export a network as models/ builds it; the rows held back of the training pictures set its
    temperature."""
    phase("scoring on the test pictures")
    model = _with_pixels(network, recipe)
    outputs = _outputs(model, dataset.test_images)
    if not np.isfinite(outputs).all():
        raise RunError("Some of this network's answers are no numbers. Its weights are spoilt; train it again.")
    temperature = 1.0
    if len(held_back) >= CALIBRATED_ON:
        temperature = best_temperature(
            _outputs(model, dataset.train_images[held_back]), dataset.train_labels[held_back]
        )
    phase("saving")
    return Result(
        keras=_keras_file(model),
        tflite=_tflite_file(model),
        weights=weights.written(network),
        outputs=outputs,
        test_accuracy=evaluation.accuracy(dataset.test_labels, outputs),
        test_loss=evaluation.loss(dataset.test_labels, outputs),
        temperature=temperature,
        seconds=seconds,
        note=note,
    )


def best_temperature(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that makes held-back answers (n, 10) as sure as they are right (Guo et al.

    2017, arXiv 1706.04599).
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(np.clip(evaluation.normalise(outputs), 1e-7, 1)).astype(np.float64)

    def mean_loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(labels)), labels]).mean())

    return float(np.exp(minimize_scalar(mean_loss, bounds=(-1.5, 1.5), method="bounded").x))


def _dealt(plan: Plan, recipe: Recipe, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The training pictures to learn from and those to hold back, as rows."""
    chosen = subset(dataset, plan.examples, plan.seed)
    if not recipe.validation:
        return chosen, chosen[:0]
    kept, held_back = validation_split(len(chosen), recipe.validation, recipe.validation_seed)
    return chosen[kept], chosen[held_back]


def _prepare(plan: Plan, dataset: Dataset) -> _Lesson:
    import tensorflow as tf

    recipe = plan.row
    learned, checked = _dealt(plan, recipe, dataset)
    held_back = len(checked) > 0
    images, labels = dataset.train_images, dataset.train_labels
    if held_back:
        rows = np.concatenate([learned, checked])
        images, labels = images[rows], labels[rows]
    else:
        checked = np.arange(min(SAMPLE, len(dataset.test_labels)))
        images = np.concatenate([images[learned], dataset.test_images[checked]])
        labels = np.concatenate([labels[learned], dataset.test_labels[checked]])
    plain = recipe.build()
    learner, finish = plain, lambda trained: plain  # they share their layers
    if recipe.on_patches:
        from models.quick import build_on_patches

        learner = patches.whitened(build_on_patches(patches.COMPONENTS), patches.whiten(dataset.train_images[learned]))
        finish = lambda trained: patches.fold(trained, plain)  # noqa: E731
    return _Lesson(
        changed(learner, plan),
        tf.constant(images[..., np.newaxis]),
        tf.constant(labels.astype(np.int32)),
        len(learned),
        learned,
        checked,
        held_back,
        finish,
    )


def changed(network: object, plan: Plan) -> object:
    """The network with the plan's augmentation in front and its dropout before the last layer; it shares its layers
    with the plain one."""
    from keras import Input, Sequential, layers

    before = []  # made in this order, for each draws its seed when it is made
    if plan.augment in ("mirror", "both"):
        before.append(layers.RandomFlip("horizontal"))
    if plan.augment in ("shift", "both"):
        before.append(layers.RandomTranslation(SHIFT, SHIFT, fill_mode="constant"))
    left_out = [layers.Dropout(plan.dropout)] if plan.dropout else []
    if not before and not left_out:
        return network
    *most, last = network.layers
    return Sequential([Input((28, 28, 1)), *before, *most, *left_out, last], name=network.name)


def _rate(plan: Plan, recipe: Recipe, steps: int) -> object:
    """The learning rate: a number, or a Keras schedule over the run's steps."""
    from keras.optimizers import schedules

    kind = plan.schedule or ("warm-up" if recipe.optimiser == "adamw" else "constant")
    rate = plan.learning_rate
    if kind == "warm-up":
        warm_up = max(1, round(0.125 * steps))
        return schedules.CosineDecay(0.0, max(1, steps - warm_up), 0.01, warmup_target=rate, warmup_steps=warm_up)
    if kind == "cosine":
        return schedules.CosineDecay(rate, steps, 0.01)
    if kind == "steps":
        return schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], [rate, rate / 10, rate / 100])
    return rate


def _optimiser(plan: Plan, recipe: Recipe, steps: int) -> object:
    from keras import optimizers

    rate = _rate(plan, recipe, steps)
    if recipe.optimiser == "rmsprop":
        return optimizers.RMSprop(rate)
    if recipe.optimiser == "adam":
        return swift.fused(optimizers.Adam)(rate, epsilon=recipe.epsilon)
    return swift.fused(optimizers.AdamW)(rate, weight_decay=0.1, epsilon=recipe.epsilon)


def _loss(recipe: Recipe, labels: object, outputs: object) -> object:
    """The recipe's loss, one value an image (n,).

    Keras remembers the logits behind a sigmoid or softmax and takes the loss of those. The authors' Keras took it of
    the sigmoid outputs themselves, -log(p_true / sum of all ten); a copied tensor has no logits to remember.
    """
    import keras
    import tensorflow as tf

    if recipe.one_hot:
        return keras.losses.categorical_crossentropy(tf.one_hot(labels, 10), outputs)
    return keras.losses.sparse_categorical_crossentropy(labels, tf.identity(outputs) if recipe.sigmoid else outputs)


def first_filters(network: object) -> np.ndarray:
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

    def __init__(self, plan: Plan, lesson: _Lesson, watcher: Watcher, checkpoint: Checkpoint | None) -> None:
        self.note = ""
        self._plan, self._lesson, self._watcher = plan, lesson, watcher
        steps_an_epoch = -(-lesson.count // plan.batch_size)
        self._optimiser = _optimiser(plan, plan.row, steps_an_epoch * plan.epochs)
        self._optimiser.build(lesson.network.trainable_variables)
        self._variables = [*lesson.network.variables, *self._optimiser.variables]
        self._best = _Best()
        self._begin = (0, 0)
        self._over = False  # whether the plan's patience has ended
        self._meter = _Meter(lesson.count, plan.epochs, watcher.report)
        self._trained, self._began = 0.0, time.perf_counter()
        if checkpoint:
            self._go_on_from(checkpoint)
        self._sheet = chosen_for_the_sheet(lesson.labels.numpy()[lesson.count :])
        self._steps, self._check = self._graphs()

    @property
    def seconds(self) -> float:
        """Trained so far, breaks left out."""
        return self._trained + time.perf_counter() - self._began

    def run(self) -> None:
        """Train for the rest of the plan's epochs."""
        plan, lesson = self._plan, self._lesson
        pace = _Pace()
        epoch, done = self._begin
        while epoch < plan.epochs and not self._over:
            order = np.random.default_rng([plan.seed, epoch]).permutation(lesson.count).astype(np.int32)
            for batches in pace.portions(order[done:], plan.batch_size):
                self._meter.add(batches.size, *self._steps(batches).numpy())
                done += batches.size
                if self._watcher.stopping():
                    self._watcher.keep(self._checkpoint(epoch, done))
                    return
                if self._watcher.pausing():
                    raise Paused(self._checkpoint(epoch, done))
            epoch, done = epoch + 1, 0
            self._end_epoch(epoch)
        if self._over:
            count = f"{plan.patience} epochs were" if plan.patience > 1 else "epoch was"
            self.note = f"It stopped by itself: the last {count} no better. "
        if plan.patience and self._best.epoch < epoch:
            self._best.restore(lesson.network)
            self.note += f"The network of epoch {self._best.epoch} is kept: it was the best on the pictures held back."

    def _end_epoch(self, epoch: int) -> None:
        lesson = self._lesson
        outputs, loss = self._answers()
        labels = lesson.labels.numpy()[lesson.count :]
        held_back = {"val_loss": loss, "val_accuracy": evaluation.accuracy(labels, outputs)} if lesson.held_back else {}
        point = self._meter.end_epoch(epoch, held_back)
        if self._plan.patience and loss < self._best.loss:
            self._best = _Best(epoch, loss, [variable.numpy() for variable in lesson.network.variables])
        self._over = bool(self._plan.patience) and epoch - self._best.epoch >= self._plan.patience
        snapshot = Snapshot(
            counts=evaluation.confusion(labels, outputs).astype(np.int32),
            rows=lesson.checked[self._sheet].astype(np.int32),
            held_back=lesson.held_back,
            shares=evaluation.normalise(outputs[self._sheet]).astype(np.float16),
            filters=first_filters(lesson.network),
        )
        self._watcher.epoch(point, snapshot, self._checkpoint(epoch, 0))
        self._meter.begin_anew()

    def _answers(self) -> tuple[np.ndarray, float]:
        """Outputs (n, 10) for the checked pictures, and their mean loss."""
        count, total = self._lesson.count, self._lesson.labels.shape[0]
        parts = np.array_split(np.arange(count, total, dtype=np.int32), -(-(total - count) // SCORE_BATCH))
        answered = [self._check(part) for part in parts]
        return np.concatenate([outputs.numpy() for outputs, _ in answered]), float(
            sum(loss.numpy() for _, loss in answered)
        ) / (total - count)

    def _checkpoint(self, epoch: int, images: int) -> Checkpoint:
        return Checkpoint(
            epoch=epoch,
            images=images,
            count=self._lesson.count,
            sums=self._meter.epoch_sums,
            seconds=self.seconds,
            variables=[variable.numpy() for variable in self._variables],
            best=self._best.variables,
            best_epoch=self._best.epoch,
            best_loss=self._best.loss,
            over=self._over,
        )

    def _go_on_from(self, checkpoint: Checkpoint) -> None:
        for variable, value in zip(self._variables, checkpoint.variables, strict=True):
            variable.assign(value)
        self._best = _Best(checkpoint.best_epoch, checkpoint.best_loss, checkpoint.best)
        self._begin, self._over = (checkpoint.epoch, checkpoint.images), checkpoint.over
        self._meter.go_on(checkpoint)
        self._trained = checkpoint.seconds

    def _graphs(self) -> tuple[Callable, Callable]:
        import tensorflow as tf

        lesson, recipe = self._lesson, self._plan.row
        trainable = lesson.network.trainable_variables
        forward = swift.swift(lesson.network)

        def inputs(rows):
            return tf.cast(tf.gather(lesson.images, rows), tf.float32) / recipe.train_scale

        @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
        def steps(batches):  # (steps, batch) rows -> [sum of losses, number of right answers]
            total = tf.zeros(2)
            for rows in batches:
                labels = tf.gather(lesson.labels, rows)
                with tf.GradientTape() as tape:
                    outputs = forward(inputs(rows), True)
                    losses = _loss(recipe, labels, outputs)
                    mean = tf.reduce_mean(losses)
                self._optimiser.apply(tape.gradient(mean, trainable), trainable)
                right = tf.cast(tf.argmax(outputs, 1, tf.int32) == labels, tf.float32)
                total += tf.stack([tf.reduce_sum(losses), tf.reduce_sum(right)])
            return total

        @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32)])
        def check(rows):  # rows (n,) -> outputs (n, 10), sum of losses
            outputs = forward(inputs(rows), False)
            return outputs, tf.reduce_sum(_loss(recipe, tf.gather(lesson.labels, rows), outputs))

        return steps, check


@dataclass
class _Best:
    """The best epoch so far, by the loss on the pictures held back."""

    epoch: int = 0
    loss: float = np.inf
    variables: list[np.ndarray] = field(default_factory=list)

    def restore(self, network: object) -> None:
        """Give the network the weights it had then."""
        for variable, value in zip(network.variables, self.variables, strict=True):
            variable.assign(value)


class _Pace:
    """Cuts an epoch's order into portions of whole batches, each about EXECUTION_SECONDS long on this machine."""

    def __init__(self) -> None:
        self._steps = 1
        self._traced = False

    def portions(self, order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
        whole = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)
        begin = 0
        while begin < len(whole):
            batches = whole[begin : begin + self._steps]
            began = time.perf_counter()
            yield batches
            spent = time.perf_counter() - began
            if self._traced:  # the first call also builds the graph and says nothing about speed
                fitting = int(EXECUTION_SECONDS * len(batches) / max(spent, 1e-6))
                self._steps = max(1, min(fitting, 4 * self._steps))
            self._traced = True
            begin += len(batches)
        if len(whole) * batch_size < len(order):
            yield order[np.newaxis, len(whole) * batch_size :]


class _Meter:
    """Adds up losses and right answers, and reports a Point at most every REPORT_SECONDS."""

    def __init__(self, count: int, epochs: int, report: Callable[[Point], None]) -> None:
        self._count, self._epochs, self._report = count, epochs, report
        self._began = self._last = time.perf_counter()
        self._first = True
        self._seen = self._before = 0  # pictures: in all, and before this process took over
        self._recent = np.zeros(3)  # images, sum of losses, right answers since the last point
        self.epoch_sums = np.zeros(3)

    def go_on(self, checkpoint: Checkpoint) -> None:
        """Count from where a checkpoint stands."""
        self._seen = self._before = checkpoint.epoch * self._count + checkpoint.images
        self.epoch_sums = checkpoint.sums.copy()

    def add(self, images: int, loss: float, right: float) -> None:
        if not np.isfinite(loss):
            raise RunError(
                "The loss is no longer a number: the steps were too large. Try a learning rate ten times smaller."
            )
        self._seen += images
        self._recent += (images, loss, right)
        self.epoch_sums += (images, loss, right)
        if time.perf_counter() - self._last >= REPORT_SECONDS or self._first:
            self._first = False
            self._report_recent()

    def end_epoch(self, epoch: int, held_back: dict) -> Point:
        """The Point of the epoch; what was not yet reported of its batches is."""
        if self._recent[0]:
            self._report_recent()
        point = self._point("epoch", epoch, self.epoch_sums, held_back)
        self.epoch_sums = np.zeros(3)
        return point

    def begin_anew(self) -> None:
        """Count the time to the next point from now: one made of a few pictures only would be a spike in the curve."""
        self._last = time.perf_counter()

    def _report_recent(self) -> None:
        point = self._point("batch", self._seen / self._count, self._recent, {})
        self._recent[:] = 0
        self._last = time.perf_counter()
        self._report(point)

    def _point(self, kind: str, epoch: float, sums: np.ndarray, held_back: dict) -> Point:
        images, loss, right = sums
        progress = min(1.0, self._seen / (self._count * self._epochs))
        speed = (self._seen - self._before) / (time.perf_counter() - self._began)
        return Point(kind, float(epoch), float(right / images), float(loss / images), progress, speed, **held_back)


def _with_pixels(network: object, recipe: Recipe) -> object:
    """The network as it is kept: pixels (n, 28, 28) float32, 0 to 255, in; (n, 10) out."""
    from keras import Input, Sequential, layers

    scale = layers.Rescaling(1 / recipe.test_scale)
    return Sequential([Input((28, 28)), scale, layers.Reshape((28, 28, 1)), *network.layers], name=network.name)


def _outputs(model: object, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    answer = tf.function(
        lambda pixels: model(pixels, training=False), input_signature=[tf.TensorSpec((None, 28, 28), tf.float32)]
    )
    parts = np.array_split(images, max(1, -(-len(images) // SCORE_BATCH)))
    return np.concatenate([answer(part.astype(np.float32)).numpy() for part in parts])


def _keras_file(model: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _tflite_file(model: object) -> bytes:
    import tensorflow as tf

    with contextlib.redirect_stdout(io.StringIO()):  # the converter talks; --json must not
        return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def limit_threads(threads: int) -> None:
    """Let TensorFlow compute with so many threads; call before anything else of TensorFlow.

    Small networks train fastest on one.
    """
    swift.set_environment()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
