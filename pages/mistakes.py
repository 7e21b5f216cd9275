"""Mistakes: the confusion matrix of a run, the pictures behind each of its cells, its answers one by one, and every
wrong answer."""

import random
from functools import partial

import numpy as np
import streamlit as st

from core import charts, metrics
from core.labels import NAMES, PEOPLE
from core.language import _
from pages.shared import sheets
from pages.shared.choice import choose_network, say_unknown_network, tidy_address
from pages.shared.data import data
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.headers import HOLD
from pages.shared.runs import tested
from pages.shared.session import uploaded
from pages.shared.tiles import caption, tiles
from pages.shared.words import plain

frame("mistakes", _("Mistakes"), _("Choose a number to see the pictures behind it."))

PER_PAGE = 24
SHEETS = {"5 × 5 answers": 25, "5 × 3 with bars": 15}


def show(rows: np.ndarray, labels: np.ndarray, shares: np.ndarray) -> None:
    """Tiles of answered test pictures, `rows` into the test set."""
    predicted = shares[rows].argmax(axis=1)
    tiles(
        data().test_images[rows],
        [
            caption(right, answer, share, "" if right else f"really {NAMES[label]}")
            for label, answer, share, right in zip(
                labels[rows], predicted, shares[rows].max(axis=1), predicted == labels[rows], strict=True
            )
        ],
        [
            f"Test picture {row}: {NAMES[labels[row]]}, answered {NAMES[answer]}"
            for row, answer in zip(rows, predicted, strict=True)
        ],
    )


with guard():
    tidy_address(numbers=("picture",))
    say_unknown_network("run")
    chosen = choose_network("run")
    result = tested(chosen)
    shares = metrics.normalise(result.outputs)
    wrong = metrics.mistakes(result.labels, result.outputs)

    facts = st.container(key="mistakes_facts").columns(3)
    facts[0].metric(
        "of the test pictures right",
        f"{result.accuracy:.1%}",
        None if uploaded() else f"people: {PEOPLE}",  # that figure is for other pictures
        delta_color="off",
        delta_arrow="off",
    )
    facts[1].metric(
        "wrong answers", f"{len(wrong):,}", f"of {len(result.labels):,}", delta_color="off", delta_arrow="off"
    )
    facts[2].metric(
        "loss",
        f"{result.loss:.3f}",
        help="Loss: how surprised the network is by the truth. Lower is better; 0 is perfect.",
    )
    if result.note:
        st.caption(plain(result.note))

    left, right = st.columns([1.25, 1], gap="large")
    with left:
        st.subheader("What it takes for what", anchor=False)
        unit = st.segmented_control(
            "Numbers as", ["pictures", "percent"], default="pictures", required=True, key="mistakes_unit"
        )
        counts = metrics.confusion(result.labels, result.outputs)
        event = st.plotly_chart(
            charts.matrix(counts, as_percent=unit == "percent"),
            key=f"mistakes_matrix_{chosen}_{unit}",
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Confusion matrix: rows are the true classes, columns the answers.",
        )
        added = " + ".join(f"{count:,}" for count in counts.diagonal())
        st.html(
            f'<p class="diagonal">The diagonal: {added} = <b>{np.trace(counts):,} right answers</b> of'
            f" {counts.sum():,}, or <b>{result.accuracy:.1%}</b>.</p>"
        )
        st.caption(
            "This table is called a confusion matrix. Each row is one kind of clothes, each column an answer; where"
            " both are the same, on the outlined diagonal from corner to corner, the answer is right. Everything beside"
            " it is a mistake."
        )
    with right:
        points = event["selection"]["points"] if event else []
        true, predicted = (int(index) for index in points[0]["customdata"]) if points else metrics.worst_cell(counts)
        cell = metrics.in_cell(result.labels, result.outputs, true, predicted)
        if true == predicted:
            st.subheader(f"{NAMES[true]}, answered right", anchor=False)
        else:
            st.subheader(f"{NAMES[true]} taken for {NAMES[predicted]}", anchor=False)
        before = "" if points else "This is its most frequent mistake. "
        st.caption(
            f"{before}{len(cell):,} picture{'' if len(cell) == 1 else 's'}, the surest answers first. Tap another"
            " number to change."
        )
        if len(cell):
            page = st.pagination(
                -(-len(cell) // 12), key=f"mistakes_cell_{chosen}_{true}_{predicted}", max_visible_pages=5
            )
            show(cell[12 * (page - 1) : 12 * page], result.labels, shares)
        else:
            st.write("No picture: it never made this mistake.")

    last = len(result.labels) - 1
    if st.session_state.get("mistakes_from", 0) > last:
        st.session_state["mistakes_from"] = 0

    def turn(pages: int, size: int) -> None:
        """Turn to another sheet."""
        st.session_state["mistakes_from"] = min(max(st.session_state["mistakes_from"] + pages * size, 0), last)

    def another() -> None:
        """Take any other test picture."""
        st.session_state["picture"] = random.randint(0, last)

    with st.container(key="mistakes_answers"):
        many, single = st.columns([1.25, 1], gap="large")
    with many:
        st.subheader("Answer by answer", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            kind = st.segmented_control(
                "Sheet",
                list(SHEETS),
                default="5 × 5 answers",
                required=True,
                key="mistakes_kind",
                persist_state="session",
            )
            seed = None
            if st.toggle("Shuffled", key="mistakes_shuffled", persist_state="session"):
                seed = st.number_input("Seed", 0, 2**31 - 1, key="mistakes_seed", persist_state="session", width=110)
        size = SHEETS[kind]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            begin = st.number_input("From picture", 0, last, key="mistakes_from", persist_state="session", width=140)
            st.button(
                "Back",
                key="mistakes_back",
                icon=":material/arrow_back:",
                disabled=begin == 0,
                on_click=guarded(turn),
                args=(-1, size),
            )
            st.button(
                "On",
                key="mistakes_on",
                icon=":material/arrow_forward:",
                disabled=begin + size > last,
                on_click=guarded(turn),
                args=(1, size),
            )
        rows = metrics.shown(len(result.labels), begin, size, seed)
        sheets.answered(
            rows,
            data().test_images[rows],
            result.labels[rows],
            shares[rows],
            lambda row: f"mistakes?run={chosen}&picture={row}#one",
            bars=size == 15,
        )
        st.caption(
            "✓ right; ✗ wrong, with the truth in brackets. Below: the number of its answer / of the truth; a network"
            " knows the ten classes as 0 to 9. Tap a picture to see all it said of it."
        )
    with single:
        st.subheader("One picture", anchor="one")
        st.html(f"<script>{HOLD.read_text(encoding='utf-8')}</script>", unsafe_allow_javascript=True)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            picture = st.number_input("Test picture", 0, last, key="picture", bind="query-params", width=160)
            st.button("Take another", key="mistakes_another", icon=":material/casino:", on_click=guarded(another))
        label, raw = int(result.labels[picture]), result.outputs[picture]
        sheets.opened(picture, data().test_images[picture], label, shares[picture])
        alike = metrics.adds_up(result.outputs)
        sheets.outputs(raw, None if alike else shares[picture], true=label)
        total = (
            "They add up to 1." if alike else f"They add up to {raw.sum():.2f}, not to 1: each is a sigmoid of its own."
        )
        st.caption(
            f"The ten numbers the network gives for this picture. {total} The largest has number {raw.argmax()}, so the"
            f" answer is {NAMES[raw.argmax()]}. (This step is called arg max.)"
        )

    st.subheader("All wrong answers", anchor=False)
    only = st.pills(
        "Show only these clothes", NAMES, selection_mode="multi", key="mistakes_only", persist_state="session"
    )
    listed = wrong[wrong["label"].isin([NAMES.index(name) for name in only])] if only else wrong
    if len(listed):
        st.caption(
            f"{len(listed):,} wrong answers, the surest first: the ones at the top deserve a second look. Who is right?"
        )
        page = st.pagination(-(-len(listed) // PER_PAGE), key=f"mistakes_page_{chosen}_{'_'.join(only)}")
        show(listed["index"].to_numpy()[PER_PAGE * (page - 1) : PER_PAGE * page], result.labels, shares)
    else:
        st.write("No wrong answer here.")

    st.subheader("Class by class", anchor=False)
    st.caption(
        "Precision: of the pictures it called so, how many were. Recall: of the pictures that are so, how many it"
        " found. F1: one number for both. Images: how many there are in the test set."
    )
    percent = {
        name: st.column_config.ProgressColumn(name, min_value=0, max_value=1, format="percent")
        for name in ("precision", "recall")
    }
    percent["f1"] = st.column_config.ProgressColumn("F1", min_value=0, max_value=1, format="percent")
    st.dataframe(
        result.report,
        column_config=percent,
        key="mistakes_report",
        height="content",
        alt="Precision, recall and F1 of each class",
    )
    st.caption(
        "Accuracy: the share of all pictures answered right. Macro avg: the mean over the ten classes. Weighted avg:"
        " the mean in which a class counts as much as it has pictures."
    )
    with st.container(horizontal=True):
        for words, make, ending in (
            ("Download as CSV", metrics.report_csv, "csv"),
            ("Download as text", metrics.report_text, "txt"),
        ):
            st.download_button(
                words,
                partial(make, result.labels, result.outputs),  # when asked for: the text takes scikit-learn
                f"report-{chosen}.{ending}",
                key=f"mistakes_report_{ending}",
                icon=":material/download:",
                on_click="ignore",
            )
