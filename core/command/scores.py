"""What networks there are, and how right one is: its scores and its confusion matrix."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.command.clothes import clothes_in_use, described
from core.command.output import Output
from core.command.runbook import find
from core.command.verb import SCORED_RUN, Verb
from core.language import number, percent
from core.settings import Settings

if TYPE_CHECKING:
    import numpy as np

GAP = 1  # between two columns


def models(_asked: argparse.Namespace, _settings: Settings, out: Output) -> int:
    """List the networks one can train."""
    from models.catalogue import RECIPES, layers

    for recipe in RECIPES.values():
        words = f"{recipe.name:14} {recipe.parameters:>9,} parameters  {recipe.sentence} ({recipe.source})"
        out.say(words, {**asdict(recipe), "layers": layers(recipe.name)})
    return 0


def evaluate(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Score a run on the test pictures."""
    from core import metrics
    from core.quiet import quiet
    from core.runs.results import SHIPPED, load_test_answers, shipped_test_answers
    from core.runs.store import open_store

    with quiet(), ExitStack() as stack:
        if asked.run == SHIPPED:  # needs no store
            data = clothes_in_use(settings, out)
            answers = shipped_test_answers(data)
        else:
            store = stack.enter_context(closing(open_store(settings.store_url)))
            run = find(asked.run, store)
            data = clothes_in_use(settings, out)
            answers = load_test_answers(run.id, store, data)
    counts = metrics.confusion(answers.labels, answers.outputs)
    report = metrics.report(answers.labels, answers.outputs)
    classes: list[Any] = [{"class": name, **row} for name, row in report.to_dict("index").items()]
    if out.json:
        figures = {"test_accuracy": answers.accuracy, "test_loss": answers.loss, "images": len(answers.labels)}
        tables = {"confusion": counts.tolist(), "classes": classes}
        about = {"note": str(answers.note or ""), "data": described(data)}
        out.row({"run": answers.id, "name": answers.title, **figures, **tables, **about})
        return 0
    right = f"{percent(answers.accuracy, 2)} of {number(len(answers.labels))} test pictures right"
    out.words(f"{answers.title}: {right}, loss {answers.loss:.4f}")
    if answers.note:
        out.words(str(answers.note))
    out.words(f"\n{scores_text(classes)}\n\n{matrix_text(counts)}")
    return 0


def scores_text(classes: list[dict[str, Any]]) -> str:
    """Precision, recall and F1 of each class, with the number of its pictures."""
    lines = [f"{'class':11}  precision    recall        F1  pictures"]
    for row in classes:
        shares = "".join(f"{percent(row[name], 1):>10}" for name in ("precision", "recall", "f1"))
        lines.append(f"{row['class']:11} {shares}{number(row['images']):>10}")
    return "\n".join(lines)


def matrix_text(counts: np.ndarray) -> str:
    """The confusion matrix (10, 10) as a table that fits into 80 columns: a row for what the pictures show, a column
    for what was answered."""
    from core.labels import NAMES

    heads = [name.split("/")[0].split() for name in NAMES]  # in two lines: Ankle, boot
    rows = [[number(count) for count in row] for row in counts.tolist()]
    widths = [
        GAP + max(len(text) for text in [*head, *(row[column] for row in rows)]) for column, head in enumerate(heads)
    ]
    above = [head[0] if len(head) > 1 else "" for head in heads]
    lines = ["Confusion matrix: rows are what the pictures show, columns what was answered."]
    for first, cells in (("", above), ("", [head[-1] for head in heads]), *zip(NAMES, rows, strict=True)):
        lines.append(f"{first:11}" + "".join(f"{text:>{width}}" for text, width in zip(cells, widths, strict=True)))
    return "\n".join(lines)


VERBS = (
    Verb("models", models, "list the networks", [""]),
    Verb("evaluate", evaluate, "score a run on the test pictures", ["Mine", "shipped --json"], [SCORED_RUN]),
)
