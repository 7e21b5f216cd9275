"""A run in words: its plan, its figures, how plans differ, and all of it as one page to print that needs no other file.

Knows nothing of the store or pages.
"""

import html
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core import metrics
from core.data.dataset import title_said
from core.labels import names
from core.language import N_, _, current, ngettext, number, percent
from core.runs.schema import Run, Status
from core.training.plan import AUGMENTS, SCHEDULES, Plan, duration
from core.words import cell

STATUS = {
    Status.WAITING: N_("waits"),
    Status.RUNNING: N_("trains"),
    Status.PAUSED: N_("paused"),
    Status.DONE: N_("finished"),
    Status.STOPPED: N_("stopped early"),
    Status.FAILED: N_("broke off"),
}
WIDTH, HEIGHT, MARGIN = 640, 240, 44  # of a drawn curve
LINES = (("accuracy", "#c2410c", N_("training pictures")), ("val_accuracy", "#0d9488", N_("validation pictures")))
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
    network = {_("Network"): plan.called}
    if plan.layers is not None:
        network[_("Layers")] = ", ".join(" ".join(map(str, row)) for row in plan.layers) or _("none of its own")
    if plan.loads:
        return network | {_("Weights"): _("loaded from a file")}
    words = network | {
        _("Training pictures"): _("all") if plan.examples is None else number(plan.examples),
        _("Epochs"): number(plan.epochs),
        _("Batch size"): number(plan.batch_size),
        _("Learning rate"): f"{plan.learning_rate:g}",
        _("Seed"): str(plan.seed),
    }
    patience = ngettext("after {n} epoch that is no better", "after {n} epochs that are no better", plan.patience)
    for term, chosen, text in (
        (_("Learning rate over time"), plan.schedule, _(SCHEDULES[plan.schedule])),
        (_("How pictures are shown"), plan.augment, _(AUGMENTS[plan.augment])),
        (_("More dropout"), plan.dropout, percent(plan.dropout) if plan.dropout else _("none")),
        (_("Stops by itself"), plan.patience, patience.format(n=number(plan.patience)) if plan.patience else _("no")),
    ):
        if chosen or whole:
            words[term] = text
    return words


def figures_in_words(run: Run) -> dict[str, str]:
    """How a run ended and what it scored."""
    words: dict[str, str] = {}
    if run.test_accuracy is not None and run.test_loss is not None:
        words |= {_("Test pictures right"): percent(run.test_accuracy, 1), _("Test loss"): number(run.test_loss, 3)}
    if run.seconds is not None:
        words[_("Time to train")] = duration(run.seconds)
    return words | {_("State"): _(STATUS[run.status]), _("Clothes"): title_said(run.data_title)}


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
    parts = [f"<h1>{title}</h1>", f'<p class="lead">{html.escape(_(plan.row.sentence))}</p>']
    if run.note:
        parts.append(f"<p>{html.escape(run.note)}</p>")
    parts += [
        _heading(_("What came out")),
        _list(figures_in_words(run)),
        _heading(_("What was chosen")),
        _list(plan_in_words(plan)),
    ]
    if len(epochs):
        last = epochs.iloc[-1]
        words = _("Share of right answers after each epoch; {share} of the training pictures at the end.")
        words = html.escape(words.format(share=percent(last.accuracy, 1)))
        parts += [_heading(_("How it learned")), f"<figure>{curve(epochs)}<figcaption>{words}</figcaption></figure>"]
    if labels is not None and outputs is not None:
        parts += [_heading(_("Its mistakes")), _matrix(metrics.confusion(labels, outputs))]
        parts += [_heading(_("Class by class")), f"<pre>{html.escape(metrics.report_text(labels, outputs))}</pre>"]
    elif run.scored:
        words = _(
            "The pictures it was tested on were not in use when this page was made, so its mistakes are not listed."
        )
        parts.append(f"<p>{html.escape(words)}</p>")
    head = (
        '<meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><title>{title}</title><style>{LOOK}</style>'
    )
    spoken = current().replace("_", "-")
    return f'<!doctype html><html lang="{spoken}"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def curve(epochs: pd.DataFrame) -> str:
    """The share of right answers after each epoch as a drawing (SVG): training pictures, and validation pictures where
    there are some."""
    shown = [(name, colour, words) for name, colour, words in LINES if epochs[name].notna().any()]
    numbers = epochs["epoch"].to_numpy(float)
    values = epochs[[name for name, _colour, _words in shown]].to_numpy(float)  # (epochs, lines), 0 to 1
    low = float(np.floor(10 * np.nanmin(values)) / 10)
    first, last = numbers.min(), max(numbers.max(), numbers.min() + 1)

    def position(epoch: float, value: float) -> tuple[float, float]:
        x = MARGIN + (WIDTH - 2 * MARGIN) * (epoch - first) / (last - first)
        return x, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / max(1 - low, 0.1)

    drawn = []
    for value in np.arange(low, 1.001, 0.2 if low < 0.5 else 0.1):
        _x, y = position(first, value)
        line = f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" stroke="#e2d9cb"/>'
        drawn.append(f'{line}<text x="4" y="{y + 4:.1f}">{percent(float(value))}</text>')
    for place, (_name, colour, words) in enumerate(shown):
        column = values[:, place]
        known = np.isfinite(column)
        points = [position(epoch, value) for epoch, value in zip(numbers[known], column[known], strict=True)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        dash = ' stroke-dasharray="7 4"' if place else ""
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>{dots}')
        legend = f"{'– –' if place else '——'} {html.escape(_(words))}"
        drawn.append(f'<text x="{MARGIN + 190 * place}" y="18" style="fill:{colour}">{legend}</text>')
    below = HEIGHT - 14
    first_words, last_words = (html.escape(_("epoch {n}").format(n=f"{end:g}")) for end in (first, numbers.max()))
    drawn.append(f'<text x="{MARGIN}" y="{below}">{first_words}</text>')
    drawn.append(f'<text x="{WIDTH - MARGIN}" y="{below}" text-anchor="end">{last_words}</text>')
    name = html.escape(_("Curve of right answers"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}"'
        f' font-family="system-ui,sans-serif" font-size="13" fill="#6a6258">{"".join(drawn)}</svg>'
    )


def _heading(words: str) -> str:
    return f"<h2>{html.escape(words)}</h2>"


def _list(words: Mapping[str, str]) -> str:
    rows = (f"<dt>{html.escape(term)}</dt><dd>{html.escape(text)}</dd>" for term, text in words.items())
    return f"<dl>{''.join(rows)}</dl>"


def _matrix(counts: np.ndarray) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names())
    rows = ""
    for true, name in enumerate(names()):
        cells = "".join(
            f"<td{' class=right' * (true == answer)}>{count}</td>" for answer, count in enumerate(counts[true])
        )
        rows += f"<tr><th>{html.escape(name)}</th>{cells}</tr>"
    words = html.escape(
        _("Each row is one kind of clothes, each column an answer. On the diagonal the answer is right.")
    )
    return f'<div class="scroll"><table><tr><th></th>{head}</tr>{rows}</table></div><p class="lead">{words}</p>'
