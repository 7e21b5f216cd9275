"""Two to four runs side by side: their curves, results and plans, and the pictures that only one of two gets right."""

import html
from collections.abc import Mapping
from itertools import combinations

import pandas as pd
import streamlit as st

from core import charts, metrics
from core.labels import names
from core.language import _, ngettext, number
from core.runs import report
from core.runs.schema import Run
from core.words import line
from pages.shared.data import data
from pages.shared.runs import store, tested
from pages.shared.share import share_menu
from pages.shared.tiles import caption, tiles
from pages.shared.words import plain

LETTERS = "ABCD"  # stand for the runs in charts and tables, where long names have no room
PER_PAGE = 12


def compare(runs: list[Run]) -> None:
    """Two to four runs side by side: their curves, results and plans, and the pictures that only one of two gets
    right."""
    with st.container(horizontal=True, vertical_alignment="center", key="runs_compared"):
        st.header(_("Side by side"), anchor=False)
        share_menu("runs_share", run=",".join(run.id for run in runs))
    letters = dict(zip((run.id for run in runs), LETTERS, strict=False))
    st.html(_legend(runs))
    results = _by_letter(report.results(runs))
    same = [term for term in (_("Clothes"),) if results.loc[term].nunique() == 1]
    st.html(_table(_("What came out"), results.drop(same)))
    _curves(runs, letters)
    different = report.differences(runs)
    if len(different):
        st.html(_table(_("What was chosen differently"), _by_letter(different)))
    else:
        st.write(_("Their plans are the same."))
    _disagreements(runs, letters)


def _legend(runs: list[Run]) -> str:
    """The HTML of the runs' names in full, each with its letter in the colour of its curve."""
    rows = "".join(
        f'<li><b style="--run:{colour}">{letter}</b><span>{html.escape(line(run.name))}</span></li>'
        for run, letter, (colour, _dash, _symbol) in zip(runs, LETTERS, charts.COMPARED, strict=False)
    )
    return f'<ol class="compared">{rows}</ol>'


def _by_letter(table: pd.DataFrame) -> pd.DataFrame:
    """A table of several runs, a column each, with their letters in place of their names."""
    return table.set_axis(list(LETTERS[: len(table.columns)]), axis=1)


def _table(title: str, table: pd.DataFrame) -> str:
    """The HTML of a table below a heading; whatever is long in it is wrapped."""
    head = "".join(f"<th scope=col>{letter}</th>" for letter in table.columns)
    rows = "".join(
        f"<tr><th scope=row>{html.escape(str(term))}</th>"
        f"{''.join(f'<td>{html.escape(str(value))}</td>' for value in values)}</tr>"
        for term, *values in table.itertuples()
    )
    return f'<h3>{html.escape(title)}</h3><table class="compared"><tr><td></td>{head}</tr>{rows}</table>'


def _curves(runs: list[Run], letters: Mapping[str, str]) -> None:
    points = store().epochs_of_all()
    curves = {letters[run.id]: points[points["run"] == run.id] for run in runs}
    drawn = {letter: curve for letter, curve in curves.items() if len(curve)}
    if drawn:
        titles = {"accuracy": _("Right answers after each epoch"), "loss": _("Loss after each epoch")}
        for column, (measure, title) in zip(st.columns(2, gap="large"), titles.items(), strict=True):
            with column:
                st.subheader(title, anchor=False)
                figure = charts.overlay(drawn, measure)
                looks = {"config": {"displayModeBar": False}, "alt": f"{title}: {', '.join(drawn)}"}
                st.plotly_chart(figure, key=f"runs_overlay_{measure}", **looks)
    if missing := [letter for letter in curves if letter not in drawn]:
        st.caption(_("Without a curve: {runs}.").format(runs=", ".join(missing)))


def _disagreements(runs: list[Run], letters: Mapping[str, str]) -> None:
    """The pictures that only one of two runs gets right."""
    st.subheader(_("Where they disagree"), anchor=False)
    alike = [run.id for run in runs if run.scored and run.fingerprint == data().fingerprint]
    if len(alike) < 2:
        st.write(_("This needs two runs that were tested on the clothes in use now."))
        return
    pairs = list(combinations(alike, 2))
    one, other = pairs[0]
    if len(pairs) > 1:
        words = _("{one} and {other}")
        one, other = st.segmented_control(
            _("Which two"),
            pairs,
            default=pairs[0],
            required=True,
            format_func=lambda pair: words.format(one=letters[pair[0]], other=letters[pair[1]]),
            key="runs_pair",
        )
    called = {run.id: run.name for run in runs}
    for column, right, wrong in zip(st.columns(2, gap="large"), (one, other), (other, one), strict=True):
        with column:
            _only_one(right, wrong, called)


def _only_one(right: str, wrong: str, called: Mapping[str, str]) -> None:
    """Tiles of the pictures that one run gets right and another wrong."""
    yes, no = tested(right), tested(wrong)
    rows = metrics.only_one_right(yes.labels, yes.outputs, no.outputs)
    words = ngettext(
        "“{right}” is right, “{wrong}” is wrong: {count} picture",
        "“{right}” is right, “{wrong}” is wrong: {count} pictures",
        len(rows),
    )
    count = number(len(rows))
    st.markdown(f"**{words.format(right=plain(called[right]), wrong=plain(called[wrong]), count=count)}**")
    if not len(rows):
        return
    page = st.pagination(-(-len(rows) // PER_PAGE), key=f"runs_page_{right}_{wrong}", max_visible_pages=5)
    here = rows[PER_PAGE * (page - 1) : PER_PAGE * page]
    shares = [metrics.normalise(answers.outputs[here]) for answers in (yes, no)]
    alt = _("Test picture {row}: {true}, answered {answer} by one")
    tiles(
        data().test_images[here],
        [
            f"{caption(True, first.argmax(), first.max())}<br>{caption(False, second.argmax(), second.max())}"
            for first, second in zip(*shares, strict=True)
        ],
        [alt.format(row=row, true=names()[yes.labels[row]], answer=names()[no.outputs[row].argmax()]) for row in here],
    )
