"""The builder of the Train page: a network put together from layers, in a list that shows what each of them gives.

What is built lies in the session, so that leaving the page loses nothing.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.language import N_, _, ngettext, number, percent
from core.lessons import diagram
from core.lessons.terms import LAYERS
from core.training.plan import Measured, Plan, duration, estimate, overhead
from models.catalogue import OWN
from models.own_network import KINDS, MAKE_A_ROW, MOST_LAYERS, PICTURE, TAKE_PICTURES, Layer, LayerError, checked, walk
from pages.shared.errors import guarded
from pages.shared.pictures import ink
from pages.shared.words import plain

BENCH = "builder_bench"  # where the session keeps what is built
STEPS_BACK = 50
STARTERS = {
    N_("A small one"): [["dense", 64]],
    N_("Filters and pooling"): [["convolution", 32, 3, 1], ["pooling", 2], ["dropout", 0.3], ["dense", 64]],
    N_("A deep network"): [
        ["convolution", 32, 3, 1],
        ["normalise"],
        ["convolution", 32, 3, 1],
        ["pooling", 2],
        ["dropout", 0.2],
        ["convolution", 64, 3, 1],
        ["normalise"],
        ["convolution", 64, 3, 1],
        ["pooling", 2],
        ["dropout", 0.3],
        ["dense", 128],
        ["dropout", 0.4],
    ],
}
FRESH = {  # kind of layer, in the order they are offered: Keras' name, and its numbers when it is added
    "convolution": ("Conv2D", 32, 3, 1),
    "pooling": ("MaxPooling2D", 2),
    "normalise": ("BatchNormalization",),
    "dropout": ("Dropout", 0.3),
    "average": ("GlobalAveragePooling2D",),
    "flatten": ("Flatten",),
    "dense": ("Dense", 64),
}
CHOICES = {  # what each number does, which values are offered, and how one is written; None: as a share
    "filters": (N_("Filters: how many patterns it looks for"), (4, 8, 16, 24, 32, 48, 64, 96, 128), "{}"),
    "size": (N_("Size: how many dots it looks at together"), (1, 2, 3, 4, 5, 6, 7), "{0} × {0}"),
    "step": (N_("Step: how many dots it moves on at a time"), (1, 2, 3, 4), "{}"),
    "share": (N_("Share: how much is left out while it trains"), (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), None),
    "neurons": (N_("Neurons: how many sums it takes"), (8, 16, 32, 64, 128, 256, 512), "{}"),
}


@dataclass
class Bench:
    """What is being built: its rows, the one that is open, and how it was before each change."""

    rows: list[list]
    open: int | None = None
    before: list[list[list]] = field(default_factory=list)
    version: int = 0  # controls of an earlier one are not asked any more

    def put(self, rows: Sequence[Sequence], opened: int | None = None) -> None:
        """Have these rows in place of those that are there."""
        self.before = [*self.before[-STEPS_BACK + 1 :], self.rows]
        self.rows, self.open, self.version = [list(row) for row in rows], opened, self.version + 1

    def undo(self) -> None:
        """Go back to how it was before the last change."""
        self.rows, self.open, self.version = self.before.pop(), None, self.version + 1

    def toggle(self, index: int) -> None:
        """Open a row, or close it."""
        self.open = None if self.open == index else index

    def add(self, kind: str) -> None:
        """Put a new row below the open one, else at the end; one that takes pictures goes no lower than pictures
        come."""
        index = len(self.rows) if self.open is None else self.open + 1
        if kind in TAKE_PICTURES:
            index = min([index, *(row for row, (maker, *_) in enumerate(self.rows) if maker in MAKE_A_ROW)])
        self.put([*self.rows[:index], [kind, *FRESH[kind][1:]], *self.rows[index:]], index)

    def move(self, index: int, by: int) -> None:
        """Move a row up (-1) or down (1)."""
        rows = [row for row in self.rows if row is not self.rows[index]]
        rows.insert(index + by, self.rows[index])
        self.put(rows, index + by)

    def take_out(self, index: int) -> None:
        """Take a row out."""
        self.put(self.rows[:index] + self.rows[index + 1 :])

    def choose(self, index: int, number: int, key: str) -> None:
        """Set a number of a row to what its control says; the controls stay."""
        version = self.version
        row = [*self.rows[index]]
        row[number] = st.session_state[key]
        self.put([*self.rows[:index], row, *self.rows[index + 1 :]], index)
        self.version = version


def in_words(rows: Sequence[Sequence]) -> str:
    """A network's layers in one line."""
    parts = (
        f"{_(LAYERS[FRESH[kind][0]][0])} {f'({words})' if (words := _setting(kind, numbers)) else ''}".strip()
        for kind, *numbers in rows
    )
    return " → ".join([_("the picture"), *parts, _("ten answers")])


def build_on(rows: Sequence[Sequence]) -> None:
    """Put these layers, those of a run, on this session's bench."""
    bench().put(rows)


def bench() -> Bench:
    """This session's bench."""
    if BENCH not in st.session_state:
        st.session_state[BENCH] = Bench([list(row) for row in STARTERS["Filters and pooling"]])
    return st.session_state[BENCH]


def build(count: int, known: Mapping[str, Measured]) -> list[list] | None:
    """Show the builder; gives the layers, or None when they do not fit together, which is then said beside the layer at
    fault.

    The number of training pictures and the runs `known` here, as `estimate` takes them, give the time.
    """
    work = bench()
    layers, problem = _examined(work.rows)
    st.caption(
        _(
            "The picture goes in at the top; each layer takes what the one above it gives. Tap a layer to change it, or"
            " begin with:"
        )
    )
    with st.container(horizontal=True, key="builder_starters", gap="small"):
        for index, (name, rows) in enumerate(STARTERS.items()):
            st.button(_(name), key=f"builder_starter_{index}", on_click=guarded(work.put), args=(rows,))
    with st.container(key="builder_list", gap=None):
        _fixed("picture", _("The picture"), PICTURE, _gives(PICTURE))
        reached = [_shown(work, layer, problem) for layer in layers]
        for index in range(sum(reached), len(work.rows)):
            _row(work, index, None, problem)
    if problem and problem.index is None:
        st.error(plain(str(problem)), icon=":material/error:")
    _tools(work)
    if problem:
        st.caption(_("It can be started as soon as its layers fit: look at the sentence in red."))
        return None
    plan = Plan.of(OWN, layers=work.rows, epochs=1)
    time = duration(estimate(plan, count, known) - overhead(plan, known))
    words = _("**{count} numbers to learn.** One look at all the pictures takes about {time}.")
    st.markdown(words.format(count=number(plan.row.parameters), time=time))
    return work.rows


def _examined(rows: Sequence[Sequence]) -> tuple[list[Layer], LayerError | None]:
    """The layers as far as they fit, and what is wrong with the next one or with the whole."""
    layers = []
    try:
        for layer in walk(rows):
            layers.append(layer)
        return checked(rows), None
    except LayerError as error:
        return layers, error


def _shown(work: Bench, layer: Layer, problem: LayerError | None) -> bool:
    """Show a layer; gives whether it is one of the rows, and not one that is added by itself."""
    if layer.index is not None:
        _row(work, layer.index, layer, problem)
    elif layer.kind == "Flatten":
        _fixed("flatten", _("Flatten, added by itself"), layer.shape, _gives(layer.shape))
    else:
        _fixed("answers", _("Ten answers"), layer.shape, _("one share for each kind of clothes"), layer.parameters)
    return layer.index is not None


def _fixed(key: str, name: str, shape: Sequence[int], words: str, learns: int = 0) -> None:
    """A tile that nobody can change."""
    with st.container(key=f"builder_tile_fixed_{key}", gap=None):
        st.html(f"<b>{html.escape(name)}</b>{_drawn(shape, words, learns)}")


def _row(work: Bench, index: int, layer: Layer | None, problem: LayerError | None) -> None:
    """One row of the list; open, it has its controls below it. A row that nothing reaches has no layer."""
    kind, *numbers = work.rows[index]
    name, meaning = LAYERS[FRESH[kind][0]]
    opened = work.open == index
    with st.container(key=f"builder_tile_{'open' if opened else 'closed'}_{index}", gap=None):
        label = f"**{index + 1} · {_(name)}** {_setting(kind, numbers)}"
        st.button(label, key=f"builder_toggle_{index}", type="tertiary", on_click=guarded(work.toggle), args=(index,))
        st.html(
            _drawn(layer.shape, _gives(layer.shape), layer.parameters)
            if layer
            else _drawn(None, _("nothing comes to it yet"))
        )
        if problem and problem.index == index:
            with st.container(key="builder_wrong"):
                st.error(plain(str(problem)), icon=":material/error:")
        if opened:
            with st.container(key="builder_controls", gap="small"):
                st.caption(_(meaning))
                for number, (word, value) in enumerate(zip(KINDS[kind], numbers, strict=True), start=1):
                    _control(work, index, number, word, value)
                _moves(work, index)


def _moves(work: Bench, index: int) -> None:
    """The buttons that move a row or take it out."""
    first, last = index == 0, index == len(work.rows) - 1
    with st.container(horizontal=True, key="builder_moves", gap="small"):
        st.button(
            _("Up"),
            key="builder_up",
            icon=":material/arrow_upward:",
            disabled=first,
            on_click=guarded(work.move),
            args=(index, -1),
        )
        st.button(
            _("Down"),
            key="builder_down",
            icon=":material/arrow_downward:",
            disabled=last,
            on_click=guarded(work.move),
            args=(index, 1),
        )
        st.button(
            _("Take out"), key="builder_out", icon=":material/delete:", on_click=guarded(work.take_out), args=(index,)
        )


def _control(work: Bench, index: int, number: int, word: str, value: float) -> None:
    """The control of one of a row's numbers; a value that is not offered, from a run made elsewhere, is offered too."""
    label, offered, written = CHOICES[word]
    low, high = KINDS[work.rows[index][0]][word]
    values = sorted({value, *(each for each in offered if low <= each <= high)})
    key = f"builder_{work.version}_{index}_{word}"
    st.select_slider(
        _(label),
        values,
        value,
        format_func=written.format if written else percent,
        key=key,
        on_change=guarded(work.choose),
        args=(index, number, key),
    )


def _tools(work: Bench) -> None:
    """What adds a layer, and what takes the last change back."""
    full = len(work.rows) >= MOST_LAYERS
    words = _("Add a layer at the end:")
    if full:
        words = _("{count} layers are the most. Take one out to add another.").format(count=MOST_LAYERS)
    elif work.open is not None:
        words = _("Add a layer below layer {index}:").format(index=work.open + 1)
    st.caption(words)
    with st.container(horizontal=True, key="builder_kinds", gap="small"):
        for kind, (keras_name, *_numbers) in FRESH.items():
            name, meaning = LAYERS[keras_name]
            st.button(
                _(name),
                key=f"builder_add_{kind}",
                icon=":material/add:",
                help=_(meaning),
                disabled=full,
                on_click=guarded(work.add),
                args=(kind,),
            )
    st.button(
        _("Undo the last change"),
        key="builder_undo",
        icon=":material/undo:",
        type="tertiary",
        disabled=not work.before,
        on_click=guarded(work.undo),
    )


def _drawn(shape: Sequence[int] | None, words: str, learns: int = 0) -> str:
    """A layer's drawing, where something comes out of it; beside it words, and how many numbers it has to learn."""
    drawing = ink(diagram.layer(shape), "") if shape else ""
    amount = html.escape(_("{count} to learn").format(count=number(learns)))
    learned = f"; <span>{amount}</span>" if learns else ""
    return f'<div class="drawn">{drawing}</div><p>{html.escape(words)}{learned}</p>'


def _setting(kind: str, numbers: Sequence[float]) -> str:
    """How a row is set, in a few words."""
    match kind:
        case "convolution":
            filters, size, step = numbers
            words = _("{filters} filters, {size}\u00a0×\u00a0{size}").format(filters=filters, size=size)
            return words + (_(", {step}\u00a0dots a step").format(step=step) if step > 1 else "")
        case "pooling":
            return _("largest of {size}\u00a0×\u00a0{size}").format(size=numbers[0])
        case "dropout":
            return _("{share} left out").format(share=percent(numbers[0]))
        case "dense":
            return _("{count} neurons").format(count=numbers[0])
    return ""


def _gives(shape: Sequence[int]) -> str:
    """What comes out of a layer, in plain words."""
    if len(shape) == 1:
        return _("one row of {count} numbers").format(count=number(shape[0]))
    height, width, channels = shape
    words = ngettext("one picture of {height} × {width} dots", "{count} pictures of {height} × {width} dots", channels)
    return words.format(count=channels, height=height, width=width)
