"""A run in words: its plan, its figures, how plans differ, and all of it as one page to print that needs no other file.

Knows nothing of the store or pages.
"""

import html
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core import metrics
from core.labels import NAMES
from core.runs.schema import Run, Status
from core.training.plan import AUGMENTS, SCHEDULES, Plan, duration
from core.words import cell

STATUS = {
    Status.WAITING: "waits",
    Status.RUNNING: "trains",
    Status.PAUSED: "paused",
    Status.DONE: "finished",
    Status.STOPPED: "stopped early",
    Status.FAILED: "broke off",
}
WIDTH, HEIGHT, MARGIN = 640, 240, 44  # of a drawn curve
LINES = (("accuracy", "#c2410c", "training pictures"), ("val_accuracy", "#0d9488", "validation pictures"))
LOOK = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1d1a16; background: #fff;
    max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 2rem; line-height: 1.15; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; break-after: avoid; }
.lead, figcaption { color: #6a6258; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
figure, table { margin: 0; break-inside: avoid; } svg { width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums; }
td, th { border: 1px solid #e2d9cb; padding: .3rem .45rem; text-align: right; font-weight: 400; }
th { text-align: left; background: #f7f3ec; } td.right { font-weight: 700; background: #fdeee2; }
pre { font-size: .75rem; overflow-x: auto; }
"""


def plan_in_words(plan: Plan, whole: bool = False) -> dict[str, str]:
    """What was chosen before Start, each choice with its words; of loaded weights only the network and where they come
    from.

    With `whole` also the choices that were left as they are.
    """
    network = {"Network": plan.title}
    if plan.layers is not None:
        network["Layers"] = ", ".join(" ".join(map(str, row)) for row in plan.layers) or "none of its own"
    if plan.loads:
        return network | {"Weights": "loaded from a file"}
    words = network | {
        "Training pictures": "all" if plan.examples is None else f"{plan.examples:,}",
        "Epochs": str(plan.epochs),
        "Batch size": str(plan.batch_size),
        "Learning rate": f"{plan.learning_rate:g}",
        "Seed": str(plan.seed),
    }
    epochs = "epoch that is" if plan.patience == 1 else f"{plan.patience} epochs that are"
    for term, chosen, text in (
        ("Learning rate over time", plan.schedule, SCHEDULES[plan.schedule]),
        ("Training pictures shown", plan.augment, AUGMENTS[plan.augment]),
        ("More dropout", plan.dropout, f"{plan.dropout:.0%}" if plan.dropout else "none"),
        ("Stops by itself", plan.patience, f"after {epochs} no better" if plan.patience else "no"),
    ):
        if chosen or whole:
            words[term] = text
    return words


def figures_in_words(run: Run) -> dict[str, str]:
    """How a run ended and what it scored."""
    words: dict[str, str] = {}
    if run.scored:
        words |= {"Test pictures right": f"{run.test_accuracy:.1%}", "Test loss": f"{run.test_loss:.3f}"}
    if run.seconds is not None:
        words["Time to train"] = duration(run.seconds)
    return words | {"State": STATUS[run.status], "Clothes": run.data_title}


def differences(runs: list[Run]) -> pd.DataFrame:
    """What is not the same in the plans of several runs: one row a choice, one column a run by its name."""
    table = pd.DataFrame({cell(run.name): plan_in_words(run.plan, whole=True) for run in runs}).fillna("–")
    return table[table.nunique(axis=1) > 1]


def results(runs: list[Run]) -> pd.DataFrame:
    """How several runs ended: one row a figure, one column a run by its name."""
    return pd.DataFrame({cell(run.name): figures_in_words(run) for run in runs}).fillna("–")


def page(run: Run, epochs: pd.DataFrame, labels: np.ndarray | None = None, outputs: np.ndarray | None = None) -> str:
    """The report of a run as an HTML page.

    `epochs` is its curve, a row an epoch (epoch, accuracy, loss, val_accuracy, val_loss). With the true `labels` (n,)
    of the pictures it was tested on and its `outputs` (n, 10) comes the confusion matrix and the report class by class.
    """
    plan = run.plan
    title = html.escape(run.name)
    parts = [f"<h1>{title}</h1>", f'<p class="lead">{html.escape(plan.row.sentence)}</p>']
    if run.note:
        parts.append(f"<p>{html.escape(run.note)}</p>")
    parts += [
        "<h2>What came out</h2>",
        _list(figures_in_words(run)),
        "<h2>What was chosen</h2>",
        _list(plan_in_words(plan)),
    ]
    if len(epochs):
        last = epochs.iloc[-1]
        words = f"Share of right answers after each epoch; {last.accuracy:.1%} of the training pictures at the end."
        parts += ["<h2>How it learned</h2>", f"<figure>{curve(epochs)}<figcaption>{words}</figcaption></figure>"]
    if labels is not None and outputs is not None:
        parts += ["<h2>What it takes for what</h2>", _matrix(metrics.confusion(labels, outputs))]
        parts += ["<h2>Class by class</h2>", f"<pre>{html.escape(metrics.report_text(labels, outputs))}</pre>"]
    elif run.scored:
        parts.append(
            "<p>The pictures it was tested on were not in use when this page was made, so its mistakes are not"
            " listed.</p>"
        )
    head = (
        '<meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><title>{title}</title><style>{LOOK}</style>'
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def curve(epochs: pd.DataFrame) -> str:
    """The share of right answers after each epoch as a drawing (SVG): training pictures, and validation pictures where
    there are some."""
    shown = [(name, colour, words) for name, colour, words in LINES if epochs[name].notna().any()]
    numbers = epochs["epoch"].to_numpy(float)
    values = epochs[[name for name, _, _ in shown]].to_numpy(float)  # (epochs, lines), 0 to 1
    low = float(np.floor(10 * np.nanmin(values)) / 10)
    first, last = numbers.min(), max(numbers.max(), numbers.min() + 1)

    def position(epoch: float, value: float) -> tuple[float, float]:
        x = MARGIN + (WIDTH - 2 * MARGIN) * (epoch - first) / (last - first)
        return x, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / max(1 - low, 0.1)

    drawn = []
    for value in np.arange(low, 1.001, 0.2 if low < 0.5 else 0.1):
        _, y = position(first, value)
        line = f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" stroke="#e2d9cb"/>'
        drawn.append(f'{line}<text x="4" y="{y + 4:.1f}">{value:.0%}</text>')
    for number, (_, colour, words) in enumerate(shown):
        column = values[:, number]
        known = np.isfinite(column)
        points = [position(epoch, value) for epoch, value in zip(numbers[known], column[known], strict=True)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        dash = ' stroke-dasharray="7 4"' if number else ""
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>{dots}')
        legend = f"{'– –' if number else '——'} {words}"
        drawn.append(f'<text x="{MARGIN + 190 * number}" y="18" style="fill:{colour}">{legend}</text>')
    below = HEIGHT - 14
    drawn.append(f'<text x="{MARGIN}" y="{below}">epoch {first:g}</text>')
    drawn.append(f'<text x="{WIDTH - MARGIN}" y="{below}" text-anchor="end">epoch {numbers.max():g}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Curve of right'
        f' answers" font-family="system-ui,sans-serif" font-size="13" fill="#6a6258">{"".join(drawn)}</svg>'
    )


def _list(words: Mapping[str, str]) -> str:
    rows = (f"<dt>{html.escape(term)}</dt><dd>{html.escape(text)}</dd>" for term, text in words.items())
    return f"<dl>{''.join(rows)}</dl>"


def _matrix(counts: np.ndarray) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in NAMES)
    rows = ""
    for true, name in enumerate(NAMES):
        cells = "".join(
            f"<td{' class=right' * (true == answer)}>{count}</td>" for answer, count in enumerate(counts[true])
        )
        rows += f"<tr><th>{html.escape(name)}</th>{cells}</tr>"
    words = "Each row is one kind of clothes, each column an answer. On the diagonal the answer is right."
    return f'<div class="scroll"><table><tr><th></th>{head}</tr>{rows}</table></div><p class="lead">{words}</p>'
