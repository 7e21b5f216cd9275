"""Mistakes: the confusion matrix of a network beside the pictures behind one of its cells; below, every wrong answer,
sheets of answers, one picture after the other, and the report."""

import html
import random
from functools import partial

import numpy as np
import streamlit as st

from core import metrics
from core.labels import NAMES, names, people
from core.language import _, ngettext, number, percent
from pages.shared import matrix, sheets
from pages.shared.choice import choose_network, say_unknown_network, tidy_address
from pages.shared.data import data
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.runs import tested
from pages.shared.session import page_state, uploaded
from pages.shared.share import share_menu
from pages.shared.words import plain

frame("mistakes", _("Mistakes"), _("Choose a number to see the pictures behind it."))

PER_CELL = 15
ALIKE = 6  # right answers of each kind, to compare with
PER_PAGE = 24
SIZES = {"numbers": 25, "pairs": 15}  # of a sheet
VIEW, PICTURE, SHOW = "mistakes_view", "mistakes_picture", "mistakes_show"


def show(key: str, rows: np.ndarray, look: str = "") -> None:
    """Answered test pictures, `rows` into the test set; a tapped one is opened."""
    used = data().test_images[rows]
    sheets.answered(key, rows.tolist(), used, result.labels[rows], shares[rows], guarded(open_picture), look)


def open_picture(row: int) -> None:
    """Open one test picture, and bring it into sight."""
    st.session_state[VIEW] = _("One picture")
    st.query_params["picture"] = str(row)
    page_state()[SHOW] = page_state().get(SHOW, 0) + 1


def choose_cell() -> None:
    """Put the cell that was chosen into the address."""
    if cell := matrix.chosen_now():
        st.query_params["cell"] = matrix.cell_word(*cell)


def another() -> None:
    """Take any other test picture."""
    st.query_params["picture"] = str(random.randint(0, last))


def keep_picture() -> None:
    """Put the picture that was asked for into the address."""
    st.query_params["picture"] = str(st.session_state[PICTURE])


def forget_picture() -> None:
    """Take the picture out of the address, when another part of the page is opened."""
    if "picture" in st.query_params:
        del st.query_params["picture"]


def turn(pages: int, size: int) -> None:
    """Turn to another sheet."""
    st.session_state["mistakes_from"] = min(max(st.session_state["mistakes_from"] + pages * size, 0), last)


def headline() -> str:
    """How many are right and wrong, as HTML."""
    words = ngettext("{wrong} wrong of {all}", "{wrong} wrong of {all}", len(wrong))
    said = _("{share} right").format(share=percent(result.accuracy, 1))
    beside = "" if uploaded() or not data().real else _("people: {share}").format(share=people())
    quiet = words.format(wrong=number(len(wrong)), all=number(len(result.labels)))
    return f'<p class="score"><b>{said}</b><span>{quiet}</span><small>{beside}</small></p>'


def show_cell() -> None:
    """The pictures behind the chosen cell, the surest answers first, and some that it gets right to compare with."""
    cell = metrics.in_cell(result.labels, result.outputs, true, predicted)
    title = _("{cell}: {count}").format(cell=matrix.cell_title(true, predicted), count=number(len(cell)))
    with st.container(horizontal=True, vertical_alignment="center", key="mistakes_cell_head"):
        st.html(f"<h2>{html.escape(title)}</h2>", width="stretch")
        share_menu("mistakes_share_cell", cell=matrix.cell_word(true, predicted), picture="")
    if not len(cell):
        st.write(_("No picture: it never made this mistake."))
        return
    if len(cell) == 1:
        first = ""
    elif asked:
        first = _("The surest answers come first.")
    else:
        first = _("This is its most frequent mistake. The surest answers come first.")
    st.html(f'<p class="quiet">{first}</p>')
    behind, place, pages = st.container(), 1, -(-len(cell) // PER_CELL)
    if pages > 1:
        place = st.pagination(pages, key=f"mistakes_cell_{chosen}_{true}_{predicted}", max_visible_pages=5)
    with behind:
        show("mistakes_cell", cell[PER_CELL * (place - 1) : PER_CELL * place], "brief")
    if true != predicted:
        with st.container(key="mistakes_alike"):
            for kind in (true, predicted):
                right = metrics.in_cell(result.labels, result.outputs, kind, kind)[:ALIKE]
                if len(right):
                    st.html(f"<h3>{html.escape(matrix.cell_title(kind, kind))}</h3>")
                    show(f"mistakes_alike_{kind}", right, "brief")


def show_explanation() -> None:
    """What the matrix is, and its numbers in percent if wished."""
    st.html(
        '<p class="quiet">'
        + _(
            "Each row is one kind of clothes, each column an answer. Green, from corner to corner, is right; everything"
            " else is a mistake, the stronger the colour the more of its row. This table is called a confusion matrix."
        )
        + "</p>"
    )
    st.toggle(_("In percent of each row"), key="mistakes_percent", persist_state="session")


def show_wrong() -> None:
    """All wrong answers, or those of some kinds of clothes."""
    called = dict(zip(NAMES, names(), strict=True))
    only = st.pills(
        _("Show only these clothes"),
        NAMES,
        format_func=called.get,
        selection_mode="multi",
        key="mistakes_only",
        persist_state="session",
    )
    listed = wrong[wrong["label"].isin([NAMES.index(name) for name in only])] if only else wrong
    if not len(listed):
        st.write(_("No wrong answer here."))
        return
    words = ngettext(
        "{count} wrong answer. Who is right, the network or the label?",
        "{count} wrong answers, the surest first. Who is right, the network or the label?",
        len(listed),
    )
    st.caption(words.format(count=number(len(listed))))
    place = st.pagination(-(-len(listed) // PER_PAGE), key=f"mistakes_page_{chosen}_{'_'.join(only)}")
    show("mistakes_wrong", listed["index"].to_numpy()[PER_PAGE * (place - 1) : PER_PAGE * place])


def show_sheets() -> None:
    """Sheets of the test pictures with their answers, in order or shuffled."""
    called = {"numbers": _("5 × 5 answers"), "pairs": _("5 × 3 with bars")}
    if st.session_state.get("mistakes_from", 0) > last:
        st.session_state["mistakes_from"] = 0
    kept = {"persist_state": "session"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            _("Sheet"),
            list(SIZES),
            format_func=called.get,
            default="numbers",
            required=True,
            key="mistakes_kind",
            **kept,
        )
        begin = st.number_input(_("From picture"), 0, last, key="mistakes_from", width=140, **kept)
        seed = None
        if st.toggle(_("Shuffled"), key="mistakes_shuffled", **kept):
            seed = st.number_input(_("Seed"), 0, 2**31 - 1, key="mistakes_seed", width=140, **kept)
    size = SIZES[kind]
    rows = metrics.shown(len(result.labels), begin, size, seed)
    show("mistakes_sheet", rows, kind)
    with st.container(horizontal=True):
        for words, pages, icon, at_end in (
            (_("Back"), -1, ":material/arrow_back:", begin == 0),
            (_("Next"), 1, ":material/arrow_forward:", begin + size > last),
        ):
            turning = {"icon": icon, "disabled": at_end, "on_click": guarded(turn), "args": (pages, size)}
            st.button(words, key="mistakes_back" if pages < 0 else "mistakes_on", **turning)
    st.caption(
        _(
            "The small numbers are those of its answer / of the truth: a network knows the ten classes as 0 to 9."
            " Choose a picture to see all ten of its outputs."
        )
    )


def show_picture() -> None:
    """One test picture with the ten outputs for it."""
    st.session_state[PICTURE] = min(int(st.query_params.get("picture", 0)), last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = st.number_input(_("Test picture"), 0, last, key=PICTURE, on_change=guarded(keep_picture), width=160)
        st.button(_("Another one"), key="mistakes_another", icon=":material/casino:", on_click=guarded(another))
        share_menu("mistakes_share_picture", picture=str(row))
    raw, tapped = result.outputs[row], page_state().get(SHOW)
    show_it = None if tapped is None else str(tapped)
    adds_up = metrics.adds_up(result.outputs)
    own = raw if adds_up else shares[row]
    sheets.opened("mistakes_one", row, data().test_images[row], int(result.labels[row]), raw, own, show_it)
    if adds_up:
        total = _("The ten numbers the network gives for this picture add up to 1.")
    else:
        total = _(
            "The ten numbers the network gives for this picture add up to {sum}, not to 1: each comes from a sigmoid, a"
            " function that gives a number from 0 to 1 without looking at the other nine."
        ).format(sum=number(float(raw.sum()), 2))
    largest = _("The largest has number {index}, so the answer is {name}; taking the largest is called arg max.")
    st.caption(total)
    st.caption(largest.format(index=raw.argmax(), name=names()[raw.argmax()]))


def show_report() -> None:
    """Precision, recall and F1 class by class, and the report to take away."""
    st.html(
        '<p class="quiet">'
        + _(
            "Precision: of the pictures it called so, how many were. Recall: of the pictures that are so, how many it"
            " found. F1: one number for both. Accuracy: how many of all pictures are right. Mean: of the ten classes;"
            " weighted, a class counts as much as it has pictures."
        )
        + "</p>"
    )
    totals = (_("Accuracy"), _("Mean"), _("Weighted mean"))
    rows = dict(zip(result.report.index, (*names(), *totals), strict=True))
    bar = partial(st.column_config.ProgressColumn, min_value=0, max_value=1, format="percent")
    st.dataframe(
        result.report.rename(index=rows),
        column_config={
            "class": st.column_config.Column(_("Clothes"), width="medium"),
            "precision": bar(_("Precision")),
            "recall": bar(_("Recall")),
            "f1": bar("F1"),
            "images": _("Pictures"),
        },
        key="mistakes_report",
        height="content",
        alt=_("Precision, recall and F1 of each class"),
    )
    counted = _(
        "Green in the matrix: {added} = {right} right answers of {all}. Loss: {loss}, how surprised it is by the truth;"
        " lower is better, 0 is perfect."
    )
    added = " + ".join(map(number, counts.diagonal().tolist()))
    facts = {"loss": number(result.loss, 3), "right": number(int(np.trace(counts))), "all": number(int(counts.sum()))}
    st.html(f'<p class="diagonal">{counted.format(added=added, **facts)}</p>')
    with st.container(horizontal=True):
        for words, make, ending in (
            (_("Download as CSV"), metrics.report_csv, "csv"),
            (_("Download as text"), metrics.report_text, "txt"),
        ):
            st.download_button(
                words,
                partial(make, result.labels, result.outputs),  # when asked for: the text takes scikit-learn
                f"report-{chosen}.{ending}",
                key=f"mistakes_report_{ending}",
                icon=":material/download:",
                on_click="ignore",
            )


with guard():
    tidy_address("cell", numbers=("picture",))
    say_unknown_network("run")
    with st.container(horizontal=True, vertical_alignment="center", key="mistakes_score"):
        score = st.container(width="content")
        chosen = choose_network("run")
    result = tested(chosen)
    last = len(result.labels) - 1
    shares = metrics.normalise(result.outputs)
    wrong = metrics.mistakes(result.labels, result.outputs)
    counts = metrics.confusion(result.labels, result.outputs)
    score.html(headline())
    if result.note:
        st.caption(plain(str(result.note)))

    asked = matrix.cell_named(st.query_params.get("cell", ""))
    true, predicted = asked or metrics.worst_cell(counts)
    with st.container(key="mistakes_first"):
        in_percent = bool(st.session_state.get("mistakes_percent"))
        matrix.matrix(counts, (true, predicted), in_percent, guarded(choose_cell))
        with st.container(key="mistakes_behind"):
            show_cell()
        with st.container(key="mistakes_words"):
            show_explanation()

    views = {
        _("All wrong answers"): show_wrong,
        _("Sheets"): show_sheets,
        _("One picture"): show_picture,
        _("Report"): show_report,
    }
    if VIEW not in st.session_state and "picture" in st.query_params:
        open_picture(min(int(st.query_params["picture"]), last))
    tabs = st.tabs(list(views), key=VIEW, on_change=guarded(forget_picture))
    for tab, body in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab, guard():
                body()
