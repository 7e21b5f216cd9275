"""What one does in the steps about layers: slide a kernel, cut off what is negative, pool, leave out, flatten, weigh.

Each activity is a function that takes the lesson's name. Knows nothing of runs.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st

from core.language import _, number, percent
from core.lessons import diagram, operations
from core.lessons.terms import LAYERS
from models.catalogue import RECIPES, layers
from pages.shared import lesson_pictures as shown
from pages.shared.errors import guarded
from pages.shared.lesson_data import others, picture

FIRST_SHIRT = 18  # a training picture with an even ground and clear edges
INPUTS = (0.9, 0.2, 0.6)


def kernel(key: str, first: str = "Upright edges") -> operations.Kernel:
    """Choose a kernel, and read what it does."""
    chosen = st.pills(
        _("Kernel"), list(operations.KERNELS), format_func=_, default=first, required=True, key=f"lessons_{key}"
    )
    return operations.KERNELS[chosen]


def convolution(lesson: str) -> None:
    """The film of the kernel."""
    chosen = kernel("kernel")
    st.caption(_(chosen.words))
    film = st.container()
    number_of, image, label = picture("picture", FIRST_SHIRT)
    with film:
        shown.kernel(image, chosen.weights)


def _found() -> np.ndarray:
    chosen = kernel("kernel")
    number_of, image, label = picture("picture", FIRST_SHIRT)
    return operations.convolve(image, chosen.weights)


def _range(values: np.ndarray) -> str:
    return _("from {least} to {most}").format(least=number(values.min(), 2), most=number(values.max(), 2))


def relu(lesson: str) -> None:
    """Before and after ReLU."""
    found = _found()
    kept = operations.relu(found)
    shown.beside(
        [
            (_("Before"), _range(found), operations.to_grey(found)),
            (_("After ReLU"), _range(kept), operations.to_grey(kept)),
        ]
    )
    st.caption(_("Before, middle grey is 0 and what is darker is negative. After, all that was negative is 0: black."))


def pooling(lesson: str) -> None:
    """Before and after pooling."""
    kept = operations.relu(_found())
    small = operations.pool(kept)
    shown.beside(
        [
            (_("Before"), "26 × 26", operations.to_grey(kept)),
            (_("After pooling"), "13 × 13", operations.to_grey(small)),
        ]
    )


def dropout(lesson: str) -> None:
    """Leave out some, and others."""
    number_of, image, label = picture("picture", FIRST_SHIRT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.slider(_("Left out, %"), 0, 95, 25, 5, key="lessons_dropped", width=260)
        st.button(_("Leave out others"), key="lessons_others", icon=":material/casino:", on_click=guarded(others))
    small = operations.pool(operations.relu(operations.convolve(image, operations.KERNELS["Outline"].weights)))
    dropped = operations.drop(small, share / 100, st.session_state.get("lessons_seed", 0))
    counted = _("{count} of 169 are not 0")
    shown.beside(
        [
            (_("Before"), counted.format(count=number(np.count_nonzero(small))), operations.to_grey(small)),
            (
                _("{share} left out").format(share=percent(share / 100)),
                counted.format(count=number(np.count_nonzero(dropped))),
                operations.to_grey(dropped),
            ),
        ]
    )
    st.caption(_("What stays grows by as much, so that the sum stays the same."))


def again(lesson: str) -> None:
    """A second convolution upon the first."""
    number_of, image, label = picture("picture", FIRST_SHIRT)
    first = operations.pool(operations.relu(operations.convolve(image, kernel("kernel").weights)))
    grey = operations.to_grey(first)
    second = kernel("second_kernel", "Level edges")
    found = operations.relu(operations.convolve(grey, second.weights))
    shown.beside(
        [
            (_("The first one's picture"), "13 × 13", grey),
            (_("The second one's"), "11 × 11", operations.to_grey(found)),
            (_("Pooled"), "5 × 5", operations.to_grey(operations.pool(found))),
        ]
    )


def flatten(lesson: str) -> None:
    """Rows behind one another."""
    small = operations.to_grey(operations.pool(operations.relu(_found())))
    shown.beside([(_("One picture"), "13 × 13", small)])
    shown.row(small)
    st.caption(_("Row after row is laid behind the other: 13 × 13 numbers become one row of 169."))


def neuron(lesson: str) -> None:
    """A neuron, whose weights one moves."""
    with st.container(horizontal=True):
        weights = [
            st.slider(
                _("Weight {index}").format(index=index + 1), -1.0, 1.0, start, 0.1, key=f"lessons_w{index}", width=150
            )
            for index, start in enumerate((0.8, -0.5, 0.3))
        ]
    alt = _("A neuron: three inputs times weights, summed, negative made 0")
    shown.drawing(diagram.neuron(INPUTS, weights, 0.1), alt)
    st.caption(_("Dashed lines are weights that speak against it; thicker lines count more."))


def rows_of(lesson: str) -> list[dict]:
    """The layers of a lesson's network, the picture itself before them."""
    return [{"kind": "Input", "shape": (28, 28, 1), "parameters": 0, "setting": "", "sum": ""}, *layers(lesson)]


def summary(lesson: str) -> None:
    """The layers with their numbers to learn, as model.summary() prints them."""
    rows = rows_of(lesson)
    called = [_(LAYERS[row["kind"]][0]) for row in rows]
    largest = int(np.argmax([row["parameters"] for row in rows]))
    shown.table(
        (_("layer"), _("what it gives"), _("numbers to learn"), _("counted so")),
        [
            (name, shown.size(row["shape"]), number(row["parameters"]), row["sum"])
            for name, row in zip(called, rows, strict=True)
        ],
        largest,
    )
    st.caption(_("In all {count} numbers to learn.").format(count=number(RECIPES[lesson].parameters)))


ACTS: dict[str, Callable[[str], None]] = {
    act.__name__: act
    for act in (convolution, relu, pooling, dropout, again, flatten, neuron, summary)
}  # fmt: skip
