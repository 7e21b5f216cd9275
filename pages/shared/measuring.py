"""How well a network reads somebody's own photos: each is read beside the server and answered, as on the page Predict.

A few at a time, so that other visitors' files are read in between; what was answered is kept while the page is open.
"""

import html
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from core import metrics
from core.data.measuring import Listed, read_some
from core.errors import LimitError, PictureError
from core.images import reduced
from core.inference import export
from core.inference.eye import Eye, second_eye
from core.inference.measured import Measured, Share, measured
from core.inference.network import Network
from core.inference.verdict import Answer, answer
from core.labels import names
from core.language import _, ngettext, number, percent
from core.runs.results import eye_beside
from core.training.plan import duration
from core.vision.reading import Reading
from pages.shared import downloads, folders, found, matrix, tiles
from pages.shared.choice import choose_network, say_unknown_network
from pages.shared.errors import fragment, guarded, sentence
from pages.shared.frame import LOOKS
from pages.shared.pictures import address
from pages.shared.readers import LONG
from pages.shared.runs import network
from pages.shared.session import page_state, settings
from pages.shared.words import plain

STATE = "own_measured"  # where the open page keeps what is measured
PIECE = 6  # photos that are read before somebody else's turn may come
SIDE = 128  # px, of a photo beside its answer
PER_PAGE = 24  # wrong answers shown at once


@dataclass
class Measuring:
    """Photos that are being measured, and what was answered so far."""

    files: Sequence[UploadedFile]
    listed: Listed
    model: str = ""  # "shipped", or a run's id
    going: bool = True
    seconds: float = 0.0  # that reading and answering took so far
    at_once: int = 0  # photos that are read at once; 0 for the usual number
    problem: str = ""  # why it could not go on
    replies: list[Answer | PictureError] = field(default_factory=list)  # in the order of what is listed
    images: dict[int, np.ndarray] = field(default_factory=dict)  # (28, 28) uint8, of those that could be read
    photos: dict[int, str] = field(default_factory=dict)  # of those in colour, small, each as an address
    cell: tuple[int, int] | None = None  # of the matrix, whose photos are shown; None for all wrong ones

    def ask(self, model: str) -> None:
        """Begin anew with another network."""
        self.model, self.going, self.cell, self.seconds, self.problem = model, True, None, 0.0, ""
        self.replies, self.images, self.photos = [], {}, {}

    @property
    def answered(self) -> list[int]:
        """Which of the listed photos could be read, and have an answer."""
        return [row for row, reply in enumerate(self.replies) if isinstance(reply, Answer)]

    @property
    def right(self) -> int:
        """How many were answered right so far."""
        return sum(
            isinstance(reply, Answer) and reply.index == label
            for reply, label in zip(self.replies, self.listed.labels.tolist(), strict=False)
        )


def begin(files: Sequence[UploadedFile], listed: Listed) -> None:
    """From now on the open page measures these."""
    page_state()[STATE] = Measuring(files, listed)


def state() -> Measuring | None:
    """What the open page measures, if anything."""
    return page_state().get(STATE)


def stop_or_go_on() -> None:
    """Stop for now, or go on where it was stopped."""
    if work := state():
        work.going, work.problem = not work.going, ""


def choose_cell() -> None:
    """Show the photos of the cell of the matrix that has just been chosen."""
    if work := state():
        work.cell = matrix.chosen_now()


def show_all() -> None:
    """Show all wrong answers again."""
    if work := state():
        work.cell = None


def show(work: Measuring, back: Callable[[], None]) -> None:
    """Which network is asked, how far it is, and what its answers are worth; `back` is called to choose others."""
    st.header(_("How well are these read?"), anchor=False)
    say_unknown_network("model")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = choose_network("model", _("Network to ask"))
        st.button(_("Choose others"), icon=":material/undo:", key="own_back", on_click=guarded(back))
    if model != work.model:
        work.ask(model)
    _say_what_is_measured(work.listed)
    if work.problem:
        st.error(plain(work.problem), icon=":material/error:")
    if work.going:
        _go_on()
        return
    if len(work.replies) < len(work.listed.rows):
        _offer_to_go_on(work)
    if work.answered:
        _results(work)
    unread = zip(work.listed.names, work.replies, strict=False)
    broken = [f"{name}: {reply}" for name, reply in unread if isinstance(reply, PictureError)]
    found.tell_left_out([*work.listed.left_out, *broken])
    folders.tell(work.listed.folders)


def _say_what_is_measured(listed: Listed) -> None:
    words = ngettext("{title}: {count} picture.", "{title}: {count} pictures.", len(listed.rows))
    if listed.available > len(listed.rows):
        words = _("{title}: {count} of its {available} pictures, chosen by chance, the same ones each time.")
    counts = {"count": number(len(listed.rows)), "available": number(listed.available)}
    st.write(plain(words.format(title=listed.title, **counts)))


def _offer_to_go_on(work: Measuring) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        go_on = {"icon": ":material/play_arrow:", "on_click": guarded(stop_or_go_on)}
        st.button(_("Go on"), key="own_measure_on", type="primary", **go_on)
        words = _("Stopped after {done} of {count}: a fair share of all.")
        counts = {"done": number(len(work.replies)), "count": number(len(work.listed.rows))}
        st.caption(words.format(**counts), width="content")


@fragment(run_every=0.2)
def _go_on() -> None:
    """Read and answer the next few, again and again by itself, so that the page is free in between."""
    work = state()
    if not work or not work.going:
        st.rerun()
    total, begun = len(work.listed.rows), time.monotonic()
    bar = st.progress(len(work.replies) / total, text=_so_far(work))
    st.button(_("Stop"), icon=":material/stop:", key="own_measure_stop", on_click=guarded(stop_or_go_on))

    def tell_progress(_done: int, _of_piece: int) -> None:
        """A tap on anything is heard here, and ends this piece."""
        bar.progress(len(work.replies) / total, text=_so_far(work))

    try:
        asked, _title = network(work.model)
        eye = second_eye() if eye_beside(work.model) else None
        brought = [(file.name, file.getvalue()) for file in work.files]
        rows = work.listed.rows[len(work.replies) :][: work.at_once or PIECE]
        for reading in LONG.do(read_some, brought, rows, settings(), listen=tell_progress):
            _answer(work, reading, asked, eye)
        work.seconds += time.monotonic() - begun
    except LimitError as error:  # by one of them: the next are read alone, so that only that one is left out
        if work.at_once == 1:
            work.replies.append(PictureError(error.saying))
        work.at_once = 1
    except Exception as error:
        work.problem, work.going = sentence(error), False
    work.going = work.going and len(work.replies) < total
    if not work.going:
        st.rerun()


def _so_far(work: Measuring) -> str:
    """How many were answered, and right, so far, and how long the others will take."""
    done, total = len(work.replies), len(work.listed.rows)
    if not done:
        return _("Reading. One person's files are read at a time: yours come next.")
    words = _("{done} of {total} pictures, about {time} left; {right} right so far")
    counts = {"done": number(done), "total": number(total), "right": number(work.right)}
    return words.format(time=duration(work.seconds * (total - done) / done), **counts)


def _answer(work: Measuring, reading: Reading | PictureError, asked: Network, eye: Eye | None) -> None:
    """Answer the next photo, and keep what is shown of it."""
    if isinstance(reading, PictureError):
        work.replies.append(reading)
        return
    reply, row = answer(asked, reading, eye), len(work.replies)
    if len(reading.views):
        work.photos[row] = address(reduced(reading.views[0], SIDE))
    work.images[row] = reading.image
    work.replies.append(reply)


def _results(work: Measuring) -> None:
    """The figures, the matrix, and the wrong answers, the surest first."""
    answered = work.answered
    labels = np.array([work.listed.labels[row] for row in answered])
    replies = [reply for reply in work.replies if isinstance(reply, Answer)]
    outputs = np.array([reply.probabilities for reply in replies])
    _figures(measured(labels, replies))
    st.html(LOOKS / "mistakes.css")  # the matrix looks as it does there
    counts = metrics.confusion(labels, outputs)
    with st.container(key="mistakes_first"):
        matrix.matrix(counts, work.cell or metrics.worst_cell(counts), False, guarded(choose_cell))
        with st.container(key="mistakes_behind"):
            if work.cell:
                title = _("{cell}: {count}").format(
                    cell=matrix.cell_title(*work.cell), count=number(int(counts[work.cell]))
                )
                rows = metrics.in_cell(labels, outputs, *work.cell)
                st.button(_("All wrong answers"), key="own_measure_all", on_click=guarded(show_all))
            else:
                rows = metrics.mistakes(labels, outputs)["index"].to_numpy()
                words = ngettext("{count} wrong answer", "{count} wrong answers, the surest first", len(rows))
                title = words.format(count=number(len(rows)))
            st.html(f"<h2>{html.escape(title)}</h2>")
            _tiles(work, [answered[row] for row in rows])
    downloads.offer(_("Download as CSV"), partial(_csv, work), "measured.csv", "text/csv", "own_measured_csv")


def _csv(work: Measuring) -> bytes:
    rows = list(zip(work.listed.names, work.replies, strict=False))
    return export.csv(rows, work.listed.labels[: len(rows)].tolist()).encode()


def _figures(figures: Measured) -> None:
    """Three large numbers, each with what it is of."""
    right, sure, right_when_sure = figures.right, figures.sure, figures.right_when_sure
    cells = [
        (right, _("answered right"), _("{part} of {whole}; of all such photos {low} to {high}")),
        (right_when_sure, _("right when sure"), _("{part} of {whole} sure answers; of all such {low} to {high}")),
        (sure, _("answered as sure"), _("{part} of {whole}")),
    ]
    st.html(f'<div class="figures">{"".join(_figure(*cell) for cell in cells)}</div>')
    st.caption(
        _(
            "So many photos are a sample: 95 times in 100 the share of all photos like these lies in the range. An"
            " answer in doubt counts by the class it names first."
        )
    )


def _figure(share: Share, words: str, of: str) -> str:
    low, high = (percent(each) for each in share.between)
    said = of.format(part=number(share.part), whole=number(share.whole), low=low, high=high)
    large = percent(share.value, 1) if share.whole else "–"
    return f"<p><b>{large}</b> <span>{html.escape(words)}</span><small>{html.escape(said)}</small></p>"


def _tiles(work: Measuring, rows: Sequence[int]) -> None:
    """Photos, each beside what the network saw, with what was answered and what it is."""
    if not len(rows):
        st.write(_("None."))
        return
    behind, place, pages = st.container(), 1, -(-len(rows) // PER_PAGE)
    if pages > 1:
        place = st.pagination(pages, key=f"own_measure_page_{work.model}_{work.cell}", max_visible_pages=5)
    rows = rows[PER_PAGE * (place - 1) : PER_PAGE * place]
    cells = "".join(_tile(work, row, at) for at, row in enumerate(rows))
    behind.html(tiles.wall(np.array([work.images[row] for row in rows]), cells, "measured"))


def _tile(work: Measuring, row: int, at: int) -> str:
    """The HTML of one photo, its place on the wall being `at`."""
    reply, label, name = work.replies[row], int(work.listed.labels[row]), work.listed.names[row]
    photo = f'<img src="{work.photos[row]}" alt="">' if row in work.photos else ""
    truth = _("really {garment}").format(garment=names()[label])
    below = tiles.caption(reply.index == label, reply.index, reply.probabilities[reply.index], truth)
    file = f'<small title="{html.escape(name)}">{html.escape(PurePosixPath(name).name)}</small>'
    seen = f'<div class="seen">{photo}{tiles.cut(at, matrix.cell_title(label, reply.index))}</div>'
    return f"<div>{seen}{below}{file}</div>"
