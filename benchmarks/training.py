"""How quickly the app trains, beside a plain Keras script of the same recipe, pictures and seed, in the same run.

python -m benchmarks.training                            everything; stop it with Ctrl-C, what was printed stays true
python -m benchmarks.training --only recipes limit       some sections: recipes, start, live, ninety, seeds, growth,
limit python -m benchmarks.training --recipes quick new-abcd   some recipes

The app's side is its real worker, in a home folder of its own, warm before the clock starts. The plain side is what a
pupil would write, `compile` and `fit` with TensorFlow as it comes, in a new process. The recipes with convolutions take
most of a minute an epoch, so they are timed with 12,000 pictures unless `--examples` says otherwise; the others with
all.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from math import prod
from pathlib import Path

import numpy as np
import psutil

from core.data import dataset, sources
from core.data.dataset import Dataset
from core.errors import FittingRoomError, RunError
from core.runs.queue import Jobs
from core.runs.store import Store
from core.runs.workers import address_file
from core.settings import Settings
from core.training.plan import Plan
from models import measured
from models.catalogue import RECIPES, layers

EPOCHS = 2
SOME = 12_000  # pictures, for recipes that do fewer than SLOW a second
SLOW = 10_000
GROWTH = (6_000, 20_000, 60_000)
ALTERNATIONS = 5
GOAL = 0.90
RIVAL = "intuitive-cnn"
LOOK_SECONDS = 0.02
PATIENCE = 120.0  # seconds until a worker must have started


@dataclass(frozen=True)
class Timed:
    """One run in the app: seconds from Start to the first point and to the end, and of training alone."""

    first: float
    whole: float
    training: float
    accuracy: float  # on the test pictures, 0 to 1


class App:
    """The queue and its worker, as the app has them, in a folder of their own."""

    def __init__(self, settings: Settings, data: Dataset) -> None:
        self.settings, self.data = settings, data
        self._store = Store(settings.store_url)
        self._jobs = Jobs(settings).start()
        self.timed = cache(self._timed)  # sections that need the same run share it

    def close(self) -> None:
        """End the worker at once."""
        self._jobs.close()
        self._store.close()
        if address_file(self.settings).exists():
            self._end_worker()

    def _end_worker(self) -> None:
        try:
            parent = psutil.Process(json.loads(address_file(self.settings).read_text(encoding="utf-8"))["pid"])
            family = [*parent.children(recursive=True), parent]
        except psutil.NoSuchProcess:
            return
        for process in family:
            process.kill()
        psutil.wait_procs(family)

    def _timed(self, plan: Plan) -> Timed:
        """Press Start and watch. Raises RunError when the run fails, or no worker comes."""
        pause, began, first = threading.Event(), time.monotonic(), None
        run_id = self._store.create(plan.as_dict(), plan.recipe, self.data.fingerprint, self.data.title)
        self._jobs.tend()
        while not (run := self._store.run(run_id)).ended:
            if first is None and run.speed is not None:  # set together with the first point
                first = time.monotonic() - began
            if run.started is None and time.monotonic() - began > PATIENCE:
                raise RunError(self._jobs.problem or "No worker took the run.")
            pause.wait(LOOK_SECONDS)
        if run.status != "done":
            raise RunError(run.message)
        whole = run.finished - run.created
        return Timed(first or whole, whole, run.seconds, run.test_accuracy)


@contextmanager
def app(data: Dataset) -> Iterator[App]:
    """A warm app, which ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = App(
            replace(Settings.from_environment(), home=Path(folder), store=None, scheduler=None, workers=1), data
        )
        try:
            running.timed(Plan.of("quick", epochs=1, examples=1_000))
            yield running
        finally:
            running.close()


def plain(plan: Plan) -> tuple[float, float]:
    """What a pupil would write: seconds of `fit` alone, and of all but importing and loading.

    For a process of its own.
    """
    import keras

    recipe, data = plan.row, sources.load(Settings.from_environment())
    began = time.perf_counter()
    keras.utils.set_random_seed(plan.seed)
    rows = dataset.subset(data, plan.examples, plan.seed)
    images = data.train_images[rows, ..., np.newaxis] / np.float32(recipe.train_scale)
    answers = partial(keras.utils.to_categorical, num_classes=10) if recipe.one_hot else np.asarray
    labels, test_labels = answers(data.train_labels[rows]), answers(data.test_labels)
    validation = None
    if recipe.validation:
        kept, held_back = dataset.validation_split(len(rows), recipe.validation, recipe.validation_seed)
        validation = images[held_back], labels[held_back]
        images, labels = images[kept], labels[kept]
    network = recipe.build()
    kind = "categorical_crossentropy" if recipe.one_hot else "sparse_categorical_crossentropy"
    network.compile(plain_optimiser(plan, -(-len(images) // plan.batch_size) * plan.epochs), kind, metrics=["accuracy"])
    fitting = time.perf_counter()
    network.fit(images, labels, plan.batch_size, plan.epochs, validation_data=validation, verbose=0)
    fitted = time.perf_counter()
    network.evaluate(data.test_images[..., np.newaxis] / np.float32(recipe.test_scale), test_labels, verbose=0)
    return fitted - fitting, time.perf_counter() - began


def plain_optimiser(plan: Plan, steps: int) -> object:
    """Keras' own optimiser, set as the recipe says."""
    from keras import optimizers

    recipe, rate = plan.row, plan.learning_rate
    if recipe.optimiser == "rmsprop":
        return optimizers.RMSprop(rate)
    if recipe.optimiser == "adam":
        return optimizers.Adam(rate, epsilon=recipe.epsilon)
    warm_up = max(1, round(0.125 * steps))
    schedule = optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), 0.01, warmup_target=rate, warmup_steps=warm_up
    )
    return optimizers.AdamW(schedule, weight_decay=0.1, epsilon=recipe.epsilon)


def told_and_silent(plan: Plan) -> list[tuple[float, float]]:
    """Seconds of training with every point, snapshot and checkpoint stored, and with none, in turn.

    For a process of its own.
    """
    from core.runs.runner import carry_out, dataset_in_use
    from core.training.loop import limit_threads, train

    limit_threads(1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = replace(Settings.from_environment(), home=Path(folder), store=None)
        data, store = dataset_in_use(settings), Store(settings.store_url)

        def told() -> float:
            run_id = store.create(plan.as_dict(), plan.recipe, data.fingerprint, data.title, waiting=False)
            carry_out(run_id, settings, claimed=True)
            return store.run(run_id).seconds

        train(replace(plan, examples=1_000), data)  # the first pays for TensorFlow's own beginnings
        pairs = [(told(), train(plan, data).seconds) for _ in range(ALTERNATIONS)]
        store.close()
        return pairs


def multiply_adds_per_second() -> float:
    """The speed of this core: TensorFlow's product of two 1024 x 1024 matrices, the best of 20.

    For a process of its own.
    """
    import tensorflow as tf

    from core.training.loop import limit_threads

    limit_threads(1)
    side = 1024
    matrix = tf.random.normal((side, side))
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    spent = []
    for _ in range(21):
        began = time.perf_counter()
        multiply().numpy()
        spent.append(time.perf_counter() - began)
    return side**3 / min(spent)


def elsewhere(function: Callable, *arguments: object) -> object:
    """Call a function of this module in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def multiply_adds(rows: Sequence[dict]) -> tuple[int, int]:
    """Of one picture, forwards and while training, from rows of layers.json.

    Each weight, biases left out, takes part once at each place of its layer. Training does the same twice more, for the
    gradient of the weights and for that of what came in; the first layer needs no second one.
    """
    layer_sums = [prod(row["shape"][:-1]) * (row["parameters"] - row["shape"][-1]) for row in rows if row["parameters"]]
    return sum(layer_sums), 3 * sum(layer_sums) - layer_sums[0]


def examples(recipe: str, asked: int | None, available: int) -> int:
    """How many pictures a recipe is timed with."""
    usual = SOME if RECIPES[recipe].images_per_second < SLOW else available
    return min(asked or usual, available)


def learned_from(plan: Plan, available: int) -> int:
    """Pictures that a run learns from in one epoch."""
    return plan.images(available) // plan.epochs


def line(cells: Sequence[object], width: int = 13) -> str:
    """One line of a table: the first cell to the left, numbers to the right."""
    texts = [
        f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
        for cell in cells
    ]
    return texts[0].ljust(16) + "".join(text.rjust(width) for text in texts[1:])


def say(*cells: object) -> None:
    """Print a line of a table at once."""
    print(line(cells), flush=True)


@dataclass(frozen=True)
class Asked:
    """What to measure, with what."""

    app: App
    plans: Sequence[Plan]  # one a recipe
    seeds: int

    @property
    def available(self) -> int:
        """How many training pictures there are."""
        return len(self.app.data.train_labels)


def recipes(asked: Asked) -> None:
    """Two epochs of each recipe in the app, and as a plain Keras script"""
    say("seconds", "pictures", "app trains", "plain fit", "ratio", "Start to end", "whole script", "ratio")
    for plan in asked.plans:
        fit, script = elsewhere(plain, plan)
        ours = asked.app.timed(plan)
        say(
            plan.recipe, plan.examples, ours.training, fit, ours.training / fit, ours.whole, script, ours.whole / script
        )
    print(
        "A ratio below 1: the app is quicker. The script is timed after its imports and with its pictures loaded, as"
        " the worker is warm."
    )


def start(asked: Asked) -> None:
    """From Start to the first point of the curve, in a warm worker"""
    say("seconds", "first point")
    for plan in asked.plans:
        say(plan.recipe, asked.app.timed(plan).first)


def live(asked: Asked) -> None:
    """What live progress costs: the same training with every point stored, and with none, in turn"""
    plan = Plan.of("quick", epochs=EPOCHS)
    say("quick, seconds", "stored", "not stored", "cost")
    pairs = elsewhere(told_and_silent, plan)
    for told, silent in pairs:
        say("", told, silent, f"{told / silent - 1:+.1%}")
    told, silent = (min(column) for column in zip(*pairs, strict=True))
    say("quickest", told, silent, f"{told / silent - 1:+.1%}")


def ninety(asked: Asked) -> None:
    """To 90 % on the test pictures: `quick` from Start, and Intuitive CNN as published"""
    ours = asked.app.timed(Plan.of("quick"))
    print(f"quick: {ours.accuracy:.2%} after {ours.whole:.1f} s from Start, of which {ours.training:.1f} s training")
    if ours.accuracy < GOAL:
        print(f"That is below {GOAL:.0%}.")
    row = measured.results().get(RIVAL)
    if row is None:
        print(f"{RIVAL}: not measured in full; python -m benchmarks.recipes does.")
        return
    print(
        f"{RIVAL}: {row['test_accuracy']:.2%} after {row['seconds']:,.0f} s of training, {row['epochs']} epochs,"
        f" measured {row['date']}"
    )
    print(
        f"That is {row['seconds'] / ours.training:,.0f} times the training, {row['seconds'] / ours.whole:,.0f} times"
        " the way from Start."
    )


def seeds(asked: Asked) -> None:
    """Whether `quick` reaches 90 % from other seeds"""
    say("seed", "right", "training s", "Start to end")
    runs = []
    for seed in range(asked.seeds):
        runs.append(asked.app.timed(Plan.of("quick", seed=seed)))
        say(f"{seed}", f"{runs[-1].accuracy:.2%}", runs[-1].training, runs[-1].whole)
    print(
        f"{sum(run.accuracy >= GOAL for run in runs)} of {len(runs)} reach {GOAL:.0%}; worst"
        f" {min(run.accuracy for run in runs):.2%}, median {statistics.median(run.training for run in runs):.1f} s of"
        " training"
    )


def growth(asked: Asked) -> None:
    """How the training time of `quick` grows with the pictures"""
    say("pictures", "training s", "times", "of the first", "s per 10,000")
    counts = sorted({min(count, asked.available) for count in GROWTH})
    times = [asked.app.timed(Plan.of("quick", examples=count)).training for count in counts]
    for count, spent in zip(counts, times, strict=True):
        say(f"{count:,}", spent, f"{count / counts[0]:.1f}", f"{spent / times[0]:.1f}", spent / count * 10_000)


def limit(asked: Asked) -> None:
    """How near to the arithmetic limit: multiply-adds a second, beside those of a matrix product on one thread"""
    most = elsewhere(multiply_adds_per_second)
    print(
        f"This core does {most / 1e9:.1f} thousand million multiply-adds a second: the best of 20 products of 1024 x"
        " 1024 matrices."
    )
    say("a picture", "forwards", "training", "pictures/s", "of the limit")
    for plan in asked.plans:
        forwards, training = multiply_adds(layers(plan.recipe))
        speed = plan.epochs * learned_from(plan, asked.available) / asked.app.timed(plan).training
        say(plan.recipe, forwards, training, round(speed), f"{speed * training / most:.0%}")


SECTIONS = {section.__name__: section for section in (recipes, start, live, ninety, seeds, growth, limit)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, section by section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument(
        "--recipes", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="RECIPE", help=", ".join(RECIPES)
    )
    words = (
        f"pictures in the sections recipes, start and limit (default: all, but {SOME:,} where there are convolutions)"
    )
    parser.add_argument("--examples", type=int, help=words)
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds `quick` is trained from (default: 10)")
    given = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("STORE", "SCHEDULER"):
        os.environ.pop(f"FITTING_ROOM_{name}", None)
    try:
        data = sources.load(Settings.from_environment())
        available = len(data.train_labels)
        plans = [
            Plan.of(name, epochs=EPOCHS, examples=examples(name, given.examples, available)) for name in given.recipes
        ]
        print(
            f"{data.title}; {psutil.cpu_count()} cores; load before it began: {psutil.getloadavg()[0]:.1f}", flush=True
        )
        with app(data) as running:
            for name in given.only:
                print(f"\n{name}: {SECTIONS[name].__doc__}", flush=True)
                SECTIONS[name](Asked(running, plans, given.seeds))
    except KeyboardInterrupt:
        print("\nStopped.")
    except FittingRoomError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
