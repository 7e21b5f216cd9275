"""The five published systems, trained in full on the real data, beside their authors' figures.

    .venv/bin/python -m benchmarks.recipes            (FITTING_ROOM_DATA names the real data set)

A row is kept as soon as a recipe has finished: interrupted, the command goes on where it was. It ends by printing the
table and writing it into the README. `--again` forgets what was measured; `--table` only prints and writes. After the
five come the same networks with their oddity switched off.
"""

import argparse
import importlib.metadata
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from core.data import dataset, sources
from core.lessons.articles import results
from core.settings import Settings
from core.training.loop import limit_threads, train
from core.training.plan import Plan
from core.training.progress import Point, Watcher
from models import measured
from models.catalogue import RECIPES

README = Path(__file__).resolve().parents[1] / "README.md"
THREADS = 1  # as in the app's worker
SEED = 0


def measure(plan: Plan, data: dataset.Dataset) -> dict:
    """One row: the recipe trained in full, and what it scores."""
    last: list[Point] = []

    def show(point: Point, *_kept: object) -> None:
        last[:] = [point]
        print(f"  epoch {point.epoch:.0f} of {plan.epochs}: {point.accuracy:.2%}, loss {point.loss:.4f}", flush=True)

    result = train(plan, data, Watcher(epoch=show))
    return {
        **plan.as_dict(),
        "parameters": plan.row.parameters,
        "test_accuracy": round(result.test_accuracy, 4),
        "test_loss": round(result.test_loss, 4),
        "train_accuracy": round(last[0].accuracy, 4),
        "train_loss": round(last[0].loss, 4),
        "seconds": round(result.seconds, 1),
        "data": data.title,
        "fingerprint": data.fingerprint,
        "versions": {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
        "python": platform.python_version(),
        "threads": THREADS,
        "date": datetime.now(UTC).date().isoformat(),
    }


def table() -> str:
    """The table that the app shows, in Markdown."""
    shown = results()
    rows = [shown.columns, ["---"] * len(shown.columns), *shown.astype(str).to_numpy()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write_readme() -> None:
    """Put the table between its two marks in the README."""
    text = README.read_text(encoding="utf-8")
    begin, end = "<!-- results -->", "<!-- end of results -->"
    text = re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table()}\n{end}", text, flags=re.DOTALL)
    README.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes", description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    parser.add_argument(
        "--table", action="store_true", help="measure nothing, only print the table and write it into the README"
    )
    asked = parser.parse_args()
    rows = {} if asked.again else measured.results()
    if not asked.table:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        limit_threads(THREADS)
        data = sources.load(Settings.from_environment())
        if not data.real:
            parser.error("the real data set is needed: set FITTING_ROOM_DATA to its folder")
        published = [
            Plan.of(name, seed=SEED)
            for name in ("hello-world", "clothes-ann", "quick", "five-steps", "intuitive-cnn", "new-abcd")
        ]
        corrected = [
            Plan.of(plan.recipe, RECIPES[plan.recipe].correction.name, seed=SEED)
            for plan in published
            if RECIPES[plan.recipe].correction
        ]
        for plan in published + corrected:
            name = f"{plan.recipe}/{plan.variant}" if plan.variant else plan.recipe
            if name not in rows:
                print(name, flush=True)
                rows[name] = measure(plan, data)
                measured.write(rows)
    print(table())
    write_readme()


if __name__ == "__main__":
    main()
