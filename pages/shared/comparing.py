"""Two to four runs side by side: their curves, results and plans, and the pictures that only one of two gets right."""

from itertools import combinations

import streamlit as st

from core import charts, metrics
from core.labels import NAMES
from core.runs import report
from core.runs.schema import Run
from pages.shared.data import data
from pages.shared.runs import store, tested
from pages.shared.tiles import caption, tiles
from pages.shared.words import plain

MOST_COMPARED = len(charts.COMPARED)
PER_PAGE = 12


def compare(runs: list[Run]) -> None:
    """Two to four runs side by side: their curves, results and plans, and the pictures that only one of two gets
    right."""
    st.subheader("Side by side", anchor=False)
    points = store().epochs_of_all()
    curves = {run.name: points[points["run"] == run.id] for run in runs}
    drawn = {name: curve for name, curve in curves.items() if len(curve)}
    if drawn:
        for column, (measure, words) in zip(
            st.columns(2, gap="large"), {"accuracy": "Right answers", "loss": "Loss"}.items(), strict=True
        ):
            column.plotly_chart(
                charts.overlay(drawn, measure),
                key=f"runs_overlay_{measure}",
                config={"displayModeBar": False},
                alt=f"{words} of {', '.join(drawn)} after each epoch",
            )
    if missing := [name for name in curves if name not in drawn]:
        st.caption(f"Without a curve: {plain(', '.join(missing))}.")
    came_out, chosen = st.columns(2, gap="large")
    with came_out:
        st.markdown("**What came out**")
        st.dataframe(report.results(runs), key="runs_results", height="content", alt="Results of the runs")
    with chosen:
        st.markdown("**What was chosen differently**")
        different = report.differences(runs)
        if len(different):
            st.dataframe(
                different, key="runs_differences", height="content", alt="What differs in the plans of the runs"
            )
        else:
            st.write("Nothing: their plans are the same.")
    _disagreements(runs)


def _disagreements(runs: list[Run]) -> None:
    """The pictures that only one of two runs gets right."""
    st.subheader("Where they disagree", anchor=False)
    alike = {run.id: run.name for run in runs if run.scored and run.fingerprint == data().fingerprint}
    if len(alike) < 2:
        st.write("For this, two of them need to have been tested on the clothes in use now.")
        return
    pairs = list(combinations(alike, 2))
    one, other = pairs[0]
    if len(pairs) > 1:
        one, other = st.selectbox(
            "Which two",
            pairs,
            format_func=lambda pair: f"{alike[pair[0]]} and {alike[pair[1]]}",
            key="runs_pair",
            width=420,
        )
    for column, right, wrong in zip(st.columns(2, gap="large"), (one, other), (other, one), strict=True):
        with column:
            _only_one(right, wrong, alike)


def _only_one(right: str, wrong: str, names: dict[str, str]) -> None:
    """Tiles of the pictures that one run gets right and another wrong."""
    yes, no = tested(right), tested(wrong)
    rows = metrics.only_one_right(yes.labels, yes.outputs, no.outputs)
    st.markdown(
        f"**“{plain(names[right])}” is right, “{plain(names[wrong])}” is wrong: {len(rows):,}"
        f" picture{'' if len(rows) == 1 else 's'}**"
    )
    if not len(rows):
        return
    page = st.pagination(-(-len(rows) // PER_PAGE), key=f"runs_page_{right}_{wrong}", max_visible_pages=5)
    here = rows[PER_PAGE * (page - 1) : PER_PAGE * page]
    shares = [metrics.normalise(answers.outputs[here]) for answers in (yes, no)]
    tiles(
        data().test_images[here],
        [
            f"{caption(True, first.argmax(), first.max())}<br>{caption(False, second.argmax(), second.max())}"
            for first, second in zip(*shares, strict=True)
        ],
        [
            f"Test picture {row}: {NAMES[yes.labels[row]]}, answered {NAMES[no.outputs[row].argmax()]} by one"
            for row in here
        ],
    )
