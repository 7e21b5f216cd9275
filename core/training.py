"""One training run: a plan and a data set in; progress, a model and its test answers out.

Keras and TensorFlow are imported inside functions: only a worker (or the command line) ever calls them.
Knows nothing of the store or the queue.
"""

import contextlib
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core import evaluation, patches, weights
from core.dataset import Dataset, subset, validation_split
from core.errors import PlanError, RunError
from core.settings import Settings
from models.catalogue import RECIPES, Recipe

EXECUTION_SECONDS = 0.1  # aim for one call into TensorFlow: a stop is seen, and the curve moves, between two
REPORT_SECONDS = 0.25
SCORE_BATCH = 500
CALIBRATED_ON = 50  # held-back pictures it takes to say how sure a network may be
OVERHEAD_SECONDS = 4.0  # getting ready, scoring and saving


@dataclass(frozen=True)
class Plan:
    """What a person chose before Start; `Plan.of(recipe)` has the author's choices."""

    recipe: str
    epochs: int  # 0: its weights are loaded, not trained
    batch_size: int
    learning_rate: float
    examples: int | None = None  # None: all of the training pictures
    seed: int = 0
    variant: str = ""  # of the recipe; "" is as published

    @classmethod
    def of(cls, recipe: str, variant: str = "", **changes: object) -> "Plan":
        """The plan of a recipe as published, with changes; a change of None is no change. Raises PlanError for an unknown recipe."""
        if recipe not in RECIPES:
            raise PlanError(f"There is no recipe “{recipe}”. Choose one of {', '.join(RECIPES)}.")
        names = [row.name for row in RECIPES[recipe].variants]
        if variant and variant not in names:
            raise PlanError(f"“{recipe}” has no variant “{variant}”. It has {', '.join(names) or 'none'}.")
        row = RECIPES[recipe].variant(variant)
        plan = cls(recipe, row.epochs, row.batch_size, row.learning_rate, variant=variant)
        return replace(plan, **{name: value for name, value in changes.items() if value is not None})

    @classmethod
    def loading(cls, recipe: str, variant: str = "") -> "Plan":
        """The plan of a run that loads weights instead of training. Raises PlanError for an unknown recipe."""
        return cls.of(recipe, variant, epochs=0)

    @property
    def loads(self) -> bool:
        """Whether its weights are loaded from a file that came with the run."""
        return self.epochs == 0

    def checked(self, settings: Settings, available: int) -> "Plan":
        """This plan, when it lies within the limits. Raises PlanError that names the value and what is allowed."""
        examples = available if self.examples is None else self.examples
        for words, value, low, high in (
            ("The number of pictures", examples, min(100, available), available),
            ("The number of epochs", self.epochs, 1, settings.max_epochs),
            ("The batch size", self.batch_size, 1, 4096),
            ("The learning rate", self.learning_rate, 1e-6, 1.0),
            ("The seed", self.seed, 0, 2**31 - 1),
        ):
            if not low <= value <= high:
                raise PlanError(f"{words} is {value:,}, but must lie between {low:,} and {high:,}.")
        return self

    @property
    def row(self) -> Recipe:
        """The recipe, with its variant applied."""
        return RECIPES[self.recipe].variant(self.variant)

    @property
    def title(self) -> str:
        """What a run of this plan is called when nobody names it."""
        variant = next((row.title for row in self.row.variants if row.name == self.variant), "")
        return f"{self.row.title}: {variant}" if variant else self.row.title

    def as_dict(self) -> dict:
        """Plain values for the store."""
        return asdict(self)

    def images(self, available: int) -> int:
        """How many pictures the run looks at, over all epochs."""
        count = min(self.examples or available, available)
        return self.epochs * (count - round(count * self.row.validation))


def estimate(plan: Plan, available: int, measured: Mapping[str, float]) -> float:
    """Seconds a run will take from Start to its last score: `measured` holds images a second by recipe, from earlier runs here."""
    return OVERHEAD_SECONDS + plan.images(available) / measured.get(plan.recipe, plan.row.images_per_second)


def duration(seconds: float) -> str:
    """A length of time in round words: "8 s", "3 min", "1.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Point:
    """One point of the curve: the mean over the batches since the last point, or a whole epoch. Accuracy 0 to 1, loss in nats."""

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


@dataclass
class _Lesson:
    """Everything one run trains with, as tensors."""

    network: object
    images: object  # (n, 28, 28, 1) uint8
    inputs: Callable  # some of the images -> what the network takes
    labels: object  # (n,) int32
    count: int  # the first rows are learned from, the others are held back
    held_back: np.ndarray  # which training pictures those are
    finish: Callable  # trained network -> the network that is stored


def train(
    plan: Plan,
    dataset: Dataset,
    report: Callable[[Point], None] = lambda point: None,
    phase: Callable[[str], None] = lambda words: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Result:
    """Train, score and export one network.

    `report` gets a Point about four times a second and after each epoch, `phase` a few words when the work changes;
    `stopping` is asked ten times a second and ends the training early, keeping what was learned.
    The same plan, data and thread count give the same result. Raises RunError when the loss is no longer a number.
    """
    import keras

    keras.utils.set_random_seed(plan.seed)
    recipe = plan.row
    lesson = _prepare(plan, recipe, dataset)
    began = time.perf_counter()
    phase("training")
    _learn(plan, recipe, lesson, report, stopping)
    seconds = time.perf_counter() - began
    return _result(lesson.finish(lesson.network), recipe, dataset, lesson.held_back, seconds, phase)


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
    network: object, recipe: Recipe, dataset: Dataset, held_back: np.ndarray, seconds: float | None, phase: Callable[[str], None]
) -> Result:
    """Score and export a network as models/ builds it; the rows held back of the training pictures set its temperature."""
    phase("scoring on the test pictures")
    model = _with_pixels(network, recipe)
    outputs = _outputs(model, dataset.test_images)
    if not np.isfinite(outputs).all():
        raise RunError("Some of this network's answers are no numbers. Its weights are spoilt; train it again.")
    temperature = 1.0
    if len(held_back) >= CALIBRATED_ON:
        temperature = best_temperature(_outputs(model, dataset.train_images[held_back]), dataset.train_labels[held_back])
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
    )


def best_temperature(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that makes held-back answers (n, 10) as sure as they are right (Guo et al. 2017, arXiv 1706.04599)."""
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


def _prepare(plan: Plan, recipe: Recipe, dataset: Dataset) -> _Lesson:
    import tensorflow as tf

    learn, check = _dealt(plan, recipe, dataset)
    rows = np.concatenate([learn, check])
    images, labels = dataset.train_images[rows, ..., np.newaxis], dataset.train_labels[rows].astype(np.int32)
    if recipe.on_patches:
        from models.quick import build, build_on_patches

        whitening = patches.whiten(images[: len(learn), ..., 0])
        network = build_on_patches(patches.COMPONENTS)
        inputs = lambda pixels: patches.project_tensor(pixels, whitening)  # noqa: E731
        finish = lambda trained: patches.fold(trained, whitening, build())  # noqa: E731
    else:
        network, finish = recipe.build(), lambda trained: trained
        inputs = lambda pixels: tf.cast(pixels, tf.float32) / recipe.train_scale  # noqa: E731
    return _Lesson(network, tf.constant(images), inputs, tf.constant(labels), len(learn), check, finish)


def _optimiser(plan: Plan, recipe: Recipe, steps: int) -> object:
    from keras import optimizers

    if recipe.optimiser == "rmsprop":
        return optimizers.RMSprop(plan.learning_rate)
    if recipe.optimiser == "adam":
        return optimizers.Adam(plan.learning_rate, epsilon=recipe.epsilon)
    warm_up = max(1, round(0.125 * steps))
    schedule = optimizers.schedules.CosineDecay(0.0, max(1, steps - warm_up), 0.01, warmup_target=plan.learning_rate, warmup_steps=warm_up)
    return optimizers.AdamW(schedule, weight_decay=0.1, epsilon=recipe.epsilon)


def _loss(recipe: Recipe, labels: object, outputs: object) -> object:
    """The recipe's loss, one value an image (n,).

    Keras remembers the logits behind a sigmoid or softmax and takes the loss of those. The authors' Keras took it of the
    sigmoid outputs themselves, -log(p_true / sum of all ten); a copied tensor has no logits to remember.
    """
    import keras
    import tensorflow as tf

    if recipe.one_hot:
        return keras.losses.categorical_crossentropy(tf.one_hot(labels, 10), outputs)
    return keras.losses.sparse_categorical_crossentropy(labels, tf.identity(outputs) if recipe.sigmoid else outputs)


def _learn(plan: Plan, recipe: Recipe, lesson: _Lesson, report: Callable[[Point], None], stopping: Callable[[], bool]) -> None:
    """Train for the plan's epochs. Several steps run in one call into TensorFlow, as many as fit into EXECUTION_SECONDS."""
    import tensorflow as tf

    count = lesson.count
    per_epoch = -(-count // plan.batch_size)
    optimiser = _optimiser(plan, recipe, per_epoch * plan.epochs)
    weights = lesson.network.trainable_variables
    optimiser.build(weights)

    def inputs(rows):
        return lesson.inputs(tf.gather(lesson.images, rows))

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def steps(batches):  # (steps, batch) rows -> [sum of losses, number of right answers]
        total = tf.zeros(2)
        for rows in batches:
            labels = tf.gather(lesson.labels, rows)
            with tf.GradientTape() as tape:
                outputs = lesson.network(inputs(rows), training=True)
                losses = _loss(recipe, labels, outputs)
                mean = tf.reduce_mean(losses)
            optimiser.apply(tape.gradient(mean, weights), weights)
            right = tf.cast(tf.argmax(outputs, 1, tf.int32) == labels, tf.float32)
            total += tf.stack([tf.reduce_sum(losses), tf.reduce_sum(right)])
        return total

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32)])
    def check(rows):
        labels = tf.gather(lesson.labels, rows)
        outputs = lesson.network(inputs(rows), training=False)
        right = tf.cast(tf.argmax(outputs, 1, tf.int32) == labels, tf.float32)
        return tf.stack([tf.reduce_sum(_loss(recipe, labels, outputs)), tf.reduce_sum(right)])

    def held_back() -> dict:
        rows = np.arange(count, count + len(lesson.held_back), dtype=np.int32)
        if not len(rows):
            return {}
        loss, right = sum(check(part).numpy() for part in np.array_split(rows, -(-len(rows) // SCORE_BATCH))) / len(rows)
        return {"val_loss": float(loss), "val_accuracy": float(right)}

    meter = _Meter(count, plan.epochs, report)
    pace = _Pace()
    for epoch in range(plan.epochs):
        order = np.random.default_rng([plan.seed, epoch]).permutation(count).astype(np.int32)
        for batches in pace.portions(order, plan.batch_size):
            meter.add(batches.size, *steps(batches).numpy())
            if stopping():
                return
        meter.end_epoch(epoch + 1, held_back())


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
    """Adds up losses and right answers, and reports a Point at most every REPORT_SECONDS and after each epoch."""

    def __init__(self, count: int, epochs: int, report: Callable[[Point], None]) -> None:
        self._count, self._epochs, self._report = count, epochs, report
        self._began = self._last = time.perf_counter()
        self._seen = 0
        self._recent = np.zeros(3)  # images, sum of losses, right answers since the last point
        self._epoch = np.zeros(3)

    def add(self, images: int, loss: float, right: float) -> None:
        if not np.isfinite(loss):
            raise RunError("The loss is no longer a number: the steps were too large. Try a learning rate ten times smaller.")
        self._seen += images
        for sums in (self._recent, self._epoch):
            sums += (images, loss, right)
        if time.perf_counter() - self._last >= REPORT_SECONDS or self._seen == images:
            self._say("batch", self._seen / self._count, self._recent, {})

    def end_epoch(self, epoch: int, held_back: dict) -> None:
        if self._recent[0]:
            self._say("batch", epoch, self._recent, {})
        self._say("epoch", epoch, self._epoch, held_back)

    def _say(self, kind: str, epoch: float, sums: np.ndarray, held_back: dict) -> None:
        self._last = time.perf_counter()
        images, loss, right = sums
        progress = min(1.0, self._seen / (self._count * self._epochs))
        speed = self._seen / (self._last - self._began)
        self._report(Point(kind, float(epoch), float(right / images), float(loss / images), progress, speed, **held_back))
        sums[:] = 0


def _with_pixels(network: object, recipe: Recipe) -> object:
    """The network as it is kept: pixels (n, 28, 28) float32, 0 to 255, in; (n, 10) out."""
    from keras import Input, Sequential, layers

    scale = layers.Rescaling(1 / recipe.test_scale)
    return Sequential([Input((28, 28)), scale, layers.Reshape((28, 28, 1)), *network.layers], name=network.name)


def _outputs(model: object, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    answer = tf.function(lambda pixels: model(pixels, training=False), input_signature=[tf.TensorSpec((None, 28, 28), tf.float32)])
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
    """Let TensorFlow compute with so many threads; call before anything else of TensorFlow. Small networks train fastest on one."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
