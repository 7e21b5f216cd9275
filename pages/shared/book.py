"""The list of runs: a row each, on a phone a card; one opens a run, or ticks those that are to stand side by side.

Knows nothing of what is done with a run.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st
from babel.dates import format_skeleton, format_time, get_timezone

from core import charts
from core.language import _, current, ngettext, percent
from core.runs import report
from core.runs.schema import Run, Status
from core.training.plan import duration
from core.words import line
from pages.shared.errors import guarded

MOST_COMPARED = len(charts.COMPARED)
WIDTH, HEIGHT = 100, 28  # of a small curve
_COMPONENT = st.components.v2.component(
    "book", js=Path(__file__).with_name("book.js").read_text(encoding="utf-8"), isolate_styles=False
)


def book(runs: list[Run], curves: Mapping[str, Sequence[float]], chosen: list[str], open_: Callable[..., None]) -> None:
    """Show runs with the share of right answers after each epoch, 0 to 1, by their ids; those `chosen` are marked.

    `open_` is called with the ids of one that is to be opened, or of some that are to be compared.
    """
    key = "runs_book"
    shares = [share for run in runs for share in curves.get(run.id, ())]
    low, high = min(shares, default=0.0), max(shares, default=1.0)
    names = (_("Name"), _("Curve"), _("Right"), _("State"), _("Network"), _("Time"), _("Started"))
    head = "".join(f"<span>{html.escape(name)}</span>" for name in names)
    rows = "".join(_row(run, _small(curves.get(run.id, ()), low, high), run.id in chosen) for run in runs)
    few = [_("Tick another one to compare")] * 2
    many = [ngettext("Compare {n} run", "Compare {n} runs", n).format(n=n) for n in range(2, MOST_COMPARED + 1)]
    _COMPONENT(
        key=key,
        data={
            "rows": f'<div class="book"><div class="row names" aria-hidden="true">{head}</div><ul>{rows}</ul>'
            '<button type="button" class="compare" hidden></button></div>',
            "chosen": [run_id for run_id in chosen if run_id in {run.id for run in runs}],
            "compare": few + many,
        },
        on_asked_change=guarded(lambda: open_(*(st.session_state[key].asked or ()))),
    )


def state(run: Run) -> str:
    """The state of a run in words, with how far it has come."""
    words = _(report.STATUS[run.status])
    if run.status in (Status.RUNNING, Status.PAUSED) and run.progress:
        return _("{state}, {share}").format(state=words, share=percent(run.progress))
    return words


def trained(run: Run) -> str:
    """How long a run trained, or that it did not."""
    if run.plan.loads:
        return _("loaded")
    return "" if run.seconds is None else duration(run.seconds)


def when(seconds: float) -> str:
    """A time since 1970 as the reader's clock and language say it, with the year where it is another one."""
    try:
        zone = get_timezone(st.context.timezone or "UTC")
    except LookupError:
        zone = UTC
    moment = datetime.fromtimestamp(seconds, zone)
    days = "MMMd" if moment.year == datetime.now(zone).year else "yMMMd"
    day = format_skeleton(days, moment, locale=current())
    return _("{day}, {time}").format(day=day, time=format_time(moment, "HH:mm", locale=current()))


def _row(run: Run, curve: str, is_open: bool) -> str:
    """The HTML of a run's row: its tick, and a link with all that is told of it."""
    name = line(run.name)
    star = f'<i title="{html.escape(_("Kept on top"))}">★</i> ' if run.pinned else ""
    right = percent(run.test_accuracy, 1) if run.scored else "–"
    compare = html.escape(_("Compare {name}").format(name=name), quote=True)
    cells = {
        "name": f"{star}{html.escape(name)}" + (f"<small>{html.escape(line(run.note))}</small>" if run.note else ""),
        "curve": curve,
        "right": right,
        "state": html.escape(state(run)),
        "network": html.escape(run.plan.called),
        "time": html.escape(trained(run)),
        "started": html.escape(when(run.created)),
    }
    told = "".join(f'<span class="{kind}">{words}</span>' for kind, words in cells.items())
    return (
        f'<li class="row {run.status}"><label><input type="checkbox" value="{run.id}" data-held="tick-{run.id}"'
        f' aria-label="{compare}"></label><a href="runs?run={run.id}" data-open="{run.id}" data-held="open-{run.id}"'
        f"{' aria-current=true' * is_open}>{told}</a></li>"
    )


def _small(shares: Sequence[float], low: float, high: float) -> str:
    """The SVG of a curve among others of the same height, from `low` to `high`; nothing for one without an epoch."""
    if not len(shares):
        return ""
    step = WIDTH / max(len(shares) - 1, 1)
    heights = [HEIGHT - 2 - (HEIGHT - 4) * (share - low) / max(high - low, 1e-9) for share in shares]
    points = " ".join(f"{number * step:.1f},{height:.1f}" for number, height in enumerate(heights))
    dot = f'<circle cx="2" cy="{heights[0]:.1f}" r="2"/>' if len(shares) == 1 else ""
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"><polyline points="{points}"/>{dot}</svg>'
