"""The five published systems, trained in full on the real data, beside their authors' figures.

    .venv/bin/python -m benchmarks.recipes            (FITTING_ROOM_DATA names the real data set)

A row is kept as soon as a recipe has finished: interrupted, the command goes on where it was. It ends by printing the
table and writing it into docs/results.md, and its first columns into README.md. `--again` forgets what was measured;
`--table` only prints and writes. After the recipes come the same networks with their oddity switched off.
"""

import argparse
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.results import markdown_table, write
from core.data import dataset, sources
from core.lessons import terms
from core.settings import Settings
from core.training.backend import use_cores, versions
from core.training.loop import train
from core.training.plan import Plan
from core.training.progress import Point, Watcher
from models import measured
from models.catalogue import RECIPES

THREADS = 1  # more would change the seconds, not the network
SEED = 0
ORDER = ("hello-world", "clothes-ann", "quick", "five-steps", "intuitive-cnn", "new-abcd")  # the quick ones first
SHORT = ("recipe", "published", "measured")  # columns of the README's table


class Printer(Watcher):
    """Prints each epoch, and keeps the last."""

    last: Point

    def epoch(self, point: Point, *_kept: object) -> None:
        self.last = point
        print(f"  epoch {point.epoch:.0f}: {point.accuracy:.2%}, loss {point.loss:.4f}", flush=True)


def measure(plan: Plan, data: dataset.Dataset) -> dict:
    """One row: the recipe trained in full, and what it scores."""
    printer = Printer()
    result = train(plan, data, printer)
    return {
        **plan.as_dict(),
        "parameters": plan.row.parameters,
        "test_accuracy": round(result.test_accuracy, 4),
        "test_loss": round(result.test_loss, 4),
        "train_accuracy": round(printer.last.accuracy, 4),
        "train_loss": round(printer.last.loss, 4),
        "seconds": round(result.seconds, 1),
        "data": data.title,
        "fingerprint": data.fingerprint,
        "versions": versions(),
        "python": platform.python_version(),
        "threads": THREADS,
        "date": datetime.now(UTC).date().isoformat(),
    }


def table(columns: Sequence[str] | None = None) -> str:
    """What was measured as a Markdown table: all columns that the app shows, or some."""
    shown = terms.results()[list(columns)] if columns else terms.results()
    return markdown_table(shown.columns, shown.astype(str).to_numpy())


def write_tables() -> None:
    """Put the whole table into docs/results.md, and published beside measured accuracy into README.md."""
    write("recipes", table())
    write("recipes-short", table(SHORT))


def plans() -> dict[str, Plan]:
    """What is trained, by its name in the measured rows: every recipe, then those with an oddity without it."""
    published = [Plan.of(name, seed=SEED) for name in ORDER]
    corrected = [
        Plan.of(name, correction.name, seed=SEED) for name in ORDER if (correction := RECIPES[name].correction)
    ]
    return {plan.recipe + (f"/{plan.variant}" if plan.variant else ""): plan for plan in published + corrected}


def measure_missing(rows: dict[str, dict], data: dataset.Dataset) -> None:
    """Train what has no row yet, and keep each row as soon as it is known."""
    for name, plan in plans().items():
        if name not in rows:
            print(name, flush=True)
            rows[name] = measure(plan, data)
            measured.write(rows)


def main() -> None:
    """Measure what is missing, then print and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes", description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    parser.add_argument(
        "--table",
        action="store_true",
        help="measure nothing, only print the table and write it into docs/results.md and README.md",
    )
    given = parser.parse_args()
    if not given.table:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        use_cores(THREADS)
        data = sources.load(Settings.from_environment())
        if not data.real:
            parser.error("the real data set is needed: set FITTING_ROOM_DATA to its folder")
        measure_missing({} if given.again else measured.results(), data)
    print(table())
    write_tables()


if __name__ == "__main__":
    main()
