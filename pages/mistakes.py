"""Mistakes: the confusion matrix of a run, the pictures behind each of its cells, and every wrong answer."""

import html

import numpy as np
import streamlit as st

from core import charts, evaluation
from core.labels import NAMES
from pages.shared.choice import choose_network
from pages.shared.frame import frame, guard
from pages.shared.services import data, tested
from pages.shared.tiles import tiles

frame("Mistakes", "See which clothes a network mixes up. Tap a number to see the pictures behind it.", wide=True)

PER_PAGE = 24


def caption(label: int, predicted: int, probability: float) -> str:
    """The words below one answered picture: the answer, how sure, and the truth."""
    sign = "✓" if label == predicted else "✗"
    truth = "" if label == predicted else f'<br><span class="quiet">really {html.escape(NAMES[label])}</span>'
    return f"{sign} <b>{html.escape(NAMES[predicted])}</b> {probability:.0%}{truth}"


def show(rows: np.ndarray, labels: np.ndarray, shares: np.ndarray) -> None:
    """Tiles of answered test pictures, `rows` into the test set."""
    predicted = shares[rows].argmax(axis=1)
    tiles(
        data().test_images[rows],
        [caption(labels[row], answer, shares[row, answer]) for row, answer in zip(rows, predicted, strict=True)],
        [f"Test picture {row}: {NAMES[labels[row]]}, answered {NAMES[answer]}" for row, answer in zip(rows, predicted, strict=True)],
    )


with guard():
    chosen = choose_network("run")
    result = tested(chosen)
    shares = evaluation.normalise(result.outputs)
    wrong = evaluation.mistakes(result.labels, result.outputs)

    facts = st.container(key="mistakes_facts").columns(3)
    facts[0].metric("of the test pictures right", f"{result.accuracy:.1%}", "people: 83.5 %", delta_color="off", delta_arrow="off")
    facts[1].metric("wrong answers", f"{len(wrong):,}", f"of {len(result.labels):,}", delta_color="off", delta_arrow="off")
    facts[2].metric("loss", f"{result.loss:.3f}", help="Loss: how surprised the network is by the truth. Lower is better; 0 is perfect.")
    if result.note:
        st.caption(result.note)

    left, right = st.columns([1.25, 1], gap="large")
    with left:
        st.subheader("What it takes for what", anchor=False)
        unit = st.segmented_control("Numbers as", ["pictures", "percent"], default="pictures", required=True, key="mistakes_unit")
        counts = evaluation.confusion(result.labels, result.outputs)
        event = st.plotly_chart(
            charts.matrix(counts, as_percent=unit == "percent"),
            key=f"mistakes_matrix_{chosen}_{unit}",
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Confusion matrix: rows are the true classes, columns the answers.",
        )
        st.caption(
            f"Each row is one kind of clothes, each column an answer. Right answers lie on the diagonal: "
            f"{np.trace(counts):,} of {counts.sum():,}. This table is called a confusion matrix."
        )
    with right:
        points = event["selection"]["points"] if event else []
        true, predicted = (int(index) for index in points[0]["customdata"]) if points else evaluation.worst_cell(counts)
        cell = evaluation.in_cell(result.labels, result.outputs, true, predicted)
        if true == predicted:
            st.subheader(f"{NAMES[true]}, answered right", anchor=False)
        else:
            st.subheader(f"{NAMES[true]} taken for {NAMES[predicted]}", anchor=False)
        before = "" if points else "This is its most frequent mistake. "
        st.caption(f"{before}{len(cell):,} picture{'' if len(cell) == 1 else 's'}, the surest answers first. Tap another number to change.")
        if len(cell):
            page = st.pagination(-(-len(cell) // 12), key=f"mistakes_cell_{chosen}_{true}_{predicted}", max_visible_pages=5)
            show(cell[12 * (page - 1) : 12 * page], result.labels, shares)
        else:
            st.write("No picture: it never made this mistake.")

    st.subheader("All wrong answers", anchor=False)
    only = st.pills("Show only these clothes", NAMES, selection_mode="multi", key="mistakes_only", persist_state="session")
    listed = wrong[wrong["label"].isin([NAMES.index(name) for name in only])] if only else wrong
    if len(listed):
        st.caption(f"{len(listed):,} wrong answers, the surest first: the ones at the top deserve a second look. Who is right?")
        page = st.pagination(-(-len(listed) // PER_PAGE), key=f"mistakes_page_{chosen}_{'_'.join(only)}")
        show(listed["index"].to_numpy()[PER_PAGE * (page - 1) : PER_PAGE * page], result.labels, shares)
    else:
        st.write("No wrong answer here.")

    st.subheader("Class by class", anchor=False)
    st.caption(
        "Precision: of the pictures it called so, how many were. Recall: of the pictures that are so, how many it found. "
        "F1: one number for both. Images: how many there are in the test set."
    )
    table = evaluation.report(result.labels, result.outputs)
    percent = {name: st.column_config.ProgressColumn(name, min_value=0, max_value=1, format="percent") for name in ("precision", "recall")}
    percent["f1"] = st.column_config.ProgressColumn("F1", min_value=0, max_value=1, format="percent")
    st.dataframe(table, column_config=percent, key="mistakes_report", height="content", alt="Precision, recall and F1 of each class")
