"""How quickly the app trains, beside a plain Keras script of the same recipe, pictures and seed, in the same run.

    python -m benchmarks.training                            everything; Ctrl-C ends it, what was printed stays true
    python -m benchmarks.training --only recipes limit       some sections
    python -m benchmarks.training --recipes quick new-abcd   some recipes
    python -m benchmarks.training --readme                   also writes docs/results.md and README.md

The app's side is its real worker, in a home folder of its own, warm before the clock starts. The plain side is what a
pupil would write, `compile` and `fit` with TensorFlow as it comes, in a new process. The recipes with convolutions take
most of a minute an epoch, so they get 12,000 pictures unless `--examples` says otherwise; the others get all.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from math import prod
from pathlib import Path

import psutil

from benchmarks.keras_script import plain
from benchmarks.results import markdown_table, write
from benchmarks.threads import SLOW, threads, write_table
from benchmarks.timing import in_new_process, print_row
from core.data import sources
from core.data.dataset import Dataset
from core.errors import FittingRoomError, RunError
from core.runs.book import NewRun
from core.runs.queue import RunQueue
from core.runs.schema import Status
from core.runs.store import open_store
from core.runs.workers import address_file
from core.settings import Settings
from core.training.plan import Plan
from models import measured
from models.catalogue import RECIPES, layers

EPOCHS = 2
FEWER = 12_000  # pictures, for recipes that do fewer than SLOW a second
GROWTH = (6_000, 20_000, 60_000)
ALTERNATIONS = 5
GOAL = 0.90
RIVAL = "intuitive-cnn"
POLL_SECONDS = 0.02
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
        self._store = open_store(settings.store_url)
        self._run_queue = RunQueue(settings).start()
        self.timed = cache(self._timed)  # sections that need the same run share it

    def close(self) -> None:
        """End the worker at once."""
        self._run_queue.close()
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
        run_id = self._store.create(NewRun(plan, plan.recipe, self.data.fingerprint, self.data.title, self.data.source))
        self._run_queue.wake()
        while not (run := self._store.run(run_id)).ended:
            if first is None and run.speed is not None:  # set together with the first point
                first = time.monotonic() - began
            if run.started is None and time.monotonic() - began > PATIENCE:
                raise RunError(self._run_queue.problem or "No worker took the run.")
            pause.wait(POLL_SECONDS)
        if run.status != Status.DONE:
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


def stored_and_not(plan: Plan) -> list[tuple[float, float]]:
    """Seconds of training with every point, snapshot and checkpoint stored, and with none, in turn.

    For a process of its own.
    """
    from core.runs.runner import carry_out, dataset_in_use
    from core.training.backend import use_cores
    from core.training.loop import train

    use_cores(1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = replace(Settings.from_environment(), home=Path(folder), store=None)
        data, store = dataset_in_use(settings), open_store(settings.store_url)

        def stored() -> float:
            run_id = store.create(NewRun(plan, plan.recipe, data.fingerprint, data.title, data.source, waiting=False))
            carry_out(run_id, settings, claimed=True)
            return store.run(run_id).seconds

        train(replace(plan, examples=1_000), data)  # the first pays for TensorFlow's own beginnings
        pairs = [(stored(), train(plan, data).seconds) for _ in range(ALTERNATIONS)]
        store.close()
        return pairs


def multiply_adds_per_second() -> float:
    """The speed of this core: TensorFlow's product of two 1024 x 1024 matrices, the best of 20.

    For a process of its own.
    """
    import tensorflow as tf

    from core.training.backend import use_cores

    use_cores(1)
    side = 1024
    matrix = tf.random.normal((side, side))
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    spent = []
    for _ in range(21):
        began = time.perf_counter()
        multiply().numpy()
        spent.append(time.perf_counter() - began)
    return side**3 / min(spent)


def multiply_adds(rows: Sequence[dict]) -> tuple[int, int]:
    """Of one picture, forwards and while training, from rows of layers.json.

    Each weight, biases left out, takes part once at each place of its layer. Training does the same twice more, for the
    gradient of the weights and for that of what came in; the first layer needs no second one.
    """
    layer_sums = [prod(row["shape"][:-1]) * (row["parameters"] - row["shape"][-1]) for row in rows if row["parameters"]]
    return sum(layer_sums), 3 * sum(layer_sums) - layer_sums[0]


def examples(recipe: str, asked: int | None, available: int) -> int:
    """How many pictures a recipe is timed with."""
    usual = FEWER if RECIPES[recipe].images_per_second < SLOW else available
    return min(asked or usual, available)


def images_per_epoch(plan: Plan, available: int) -> int:
    """Pictures that a run learns from in one epoch."""
    return plan.images(available) // plan.epochs


@dataclass(frozen=True)
class Setup:
    """What to measure, with what."""

    app: App
    plans: Sequence[Plan]  # one a recipe
    seeds: int

    @property
    def available(self) -> int:
        """How many training pictures there are."""
        return len(self.app.data.train_labels)


@dataclass
class Findings:
    """What the sections found out that goes into the documents."""

    plain_seconds: dict[str, float] = field(default_factory=dict)  # of `fit` alone, by recipe
    facts: dict[str, str] = field(default_factory=dict)  # one sentence a section
    threads: list[tuple[str, ...]] = field(default_factory=list)  # rows of a table


def recipes(setup: Setup, findings: Findings) -> None:
    """Two epochs of each recipe in the app, and as a plain Keras script"""
    print_row("seconds", "pictures", "app trains", "plain fit", "ratio", "Start to end", "whole script", "ratio")
    for plan in setup.plans:
        fit, script = in_new_process(plain, plan)
        ours = setup.app.timed(plan)
        print_row(
            plan.recipe, plan.examples, ours.training, fit, ours.training / fit, ours.whole, script, ours.whole / script
        )
        findings.plain_seconds[plan.recipe] = fit
    print(
        "A ratio below 1: the app is quicker. The script is timed after its imports and with its pictures loaded, as"
        " the worker is warm."
    )


def start(setup: Setup, findings: Findings) -> None:
    """From Start to the first point of the curve, in a warm worker"""
    print_row("seconds", "first point")
    for plan in setup.plans:
        print_row(plan.recipe, setup.app.timed(plan).first)


def live(setup: Setup, findings: Findings) -> None:
    """What live progress costs: the same training with every point stored, and with none, in turn"""
    plan = Plan.of("quick", epochs=EPOCHS)
    print_row("quick, seconds", "stored", "not stored", "cost")
    pairs = in_new_process(stored_and_not, plan)
    for stored, not_stored in pairs:
        print_row("", stored, not_stored, f"{stored / not_stored - 1:+.1%}")
    stored, not_stored = (min(column) for column in zip(*pairs, strict=True))
    print_row("quickest", stored, not_stored, f"{stored / not_stored - 1:+.1%}")
    findings.facts["live"] = (
        f"Storing every point for the live view: quickest of {len(pairs)} each, {stored:.2f} s with,"
        f" {not_stored:.2f} s without."
    )


def ninety(setup: Setup, findings: Findings) -> None:
    """To 90 % on the test pictures: `quick` from Start, and Intuitive CNN as published"""
    ours = setup.app.timed(Plan.of("quick"))
    print(f"quick: {ours.accuracy:.2%} after {ours.whole:.1f} s from Start, of which {ours.training:.1f} s training")
    fact = f"`quick` is at {100 * ours.accuracy:.1f} % {ours.whole:.1f} s after Start"
    findings.facts["ninety"] = f"{fact}."
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
    sooner = f"{row['seconds'] / ours.whole:,.0f} times"
    print(f"That is {row['seconds'] / ours.training:,.0f} times the training, {sooner} the way from Start.")
    findings.facts["ninety"] = f"{fact}, {sooner} sooner than recipe `{RIVAL}` as published."


def seeds(setup: Setup, findings: Findings) -> None:
    """Whether `quick` reaches 90 % from other seeds"""
    print_row("seed", "right", "training s", "Start to end")
    runs = []
    for seed in range(setup.seeds):
        runs.append(setup.app.timed(Plan.of("quick", seed=seed)))
        print_row(f"{seed}", f"{runs[-1].accuracy:.2%}", runs[-1].training, runs[-1].whole)
    reached, worst = sum(run.accuracy >= GOAL for run in runs), min(run.accuracy for run in runs)
    median = statistics.median(run.training for run in runs)
    print(f"{reached} of {len(runs)} reach {GOAL:.0%}; worst {worst:.2%}, median {median:.1f} s of training")
    findings.facts["seeds"] = (
        f"{reached} of {len(runs)} seeds reach {100 * GOAL:.0f} % (worst {100 * worst:.1f} %, median {median:.1f} s of"
        " training)."
    )


def growth(setup: Setup, findings: Findings) -> None:
    """How the training time of `quick` grows with the pictures"""
    print_row("pictures", "training s", "times", "of the first", "s per 10,000")
    counts = sorted({min(count, setup.available) for count in GROWTH})
    times = [setup.app.timed(Plan.of("quick", examples=count)).training for count in counts]
    for count, spent in zip(counts, times, strict=True):
        print_row(f"{count:,}", spent, f"{count / counts[0]:.1f}", f"{spent / times[0]:.1f}", spent / count * 10_000)


def limit(setup: Setup, findings: Findings) -> None:
    """How near to the arithmetic limit: multiply-adds a second, beside those of a matrix product on one thread"""
    most = in_new_process(multiply_adds_per_second)
    print(
        f"This core does {most / 1e9:.1f} thousand million multiply-adds a second: the best of 20 products of 1024 x"
        " 1024 matrices."
    )
    print_row("a picture", "forwards", "training", "pictures/s", "of the limit")
    for plan in setup.plans:
        forwards, training = multiply_adds(layers(plan.recipe))
        speed = plan.epochs * images_per_epoch(plan, setup.available) / setup.app.timed(plan).training
        print_row(plan.recipe, forwards, training, round(speed), f"{speed * training / most:.0%}")


SECTIONS = {section.__name__: section for section in (recipes, threads, start, live, ninety, seeds, growth, limit)}
DOCUMENTED = ("recipes", "ninety", "seeds", "live")  # sections that write_tables needs


def write_tables(setup: Setup, findings: Findings) -> None:
    """Put the times of all recipes and the facts into docs/results.md, and part of the times into README.md."""
    header = ("recipe", "pictures", "app, training s", "plain `fit`, s", "ratio", "first point, s")
    rows = []
    for plan in setup.plans:
        ours, fit = setup.app.timed(plan), findings.plain_seconds[plan.recipe]
        seconds = (ours.training, fit, ours.training / fit, ours.first)
        rows.append((f"`{plan.recipe}`", f"{plan.examples:,}", *(f"{value:.2f}" for value in seconds)))
    write("training", markdown_table(header, rows))
    write("training-short", markdown_table((header[0], *header[2:5]), [(row[0], *row[2:5]) for row in rows]))
    write("training-facts", "\n".join(f"- {findings.facts[name]}" for name in DOCUMENTED[1:]))


def command_line() -> argparse.ArgumentParser:
    """What the command can be asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument(
        "--recipes", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="RECIPE", help=", ".join(RECIPES)
    )
    words = (
        f"pictures in the sections recipes, start and limit (default: all, but {FEWER:,} where there are convolutions)"
    )
    parser.add_argument("--examples", type=int, help=words)
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds `quick` is trained from (default: 10)")
    parser.add_argument("--readme", action="store_true", help="write the tables into docs/results.md and README.md")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, section by section, and write where asked."""
    parser = command_line()
    given = parser.parse_args(arguments)
    whole = set(given.only) >= set(DOCUMENTED)
    if given.readme and (set(given.recipes) != set(RECIPES) or not whole and given.only != [threads.__name__]):
        parser.error(f"--readme needs all recipes and the sections {', '.join(DOCUMENTED)}, or threads alone")
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
            setup, findings = Setup(running, plans, given.seeds), Findings()
            for name in given.only:
                print(f"\n{name}: {SECTIONS[name].__doc__}", flush=True)
                SECTIONS[name](setup, findings)
            if given.readme and whole:
                write_tables(setup, findings)
            if given.readme and findings.threads:
                write_table(findings)
    except KeyboardInterrupt:
        print("\nStopped.")
    except FittingRoomError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
