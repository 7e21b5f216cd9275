"""What one does in the steps about the data: guess a garment, read its numbers, scale them, mix a colour.

Knows nothing of runs. Each activity is a function that takes the lesson's name.
"""

import math
from collections.abc import Callable

import numpy as np
import streamlit as st

from core.labels import names, people
from core.language import _, ngettext, number, percent
from core.lessons import diagram
from core.lessons.second_eye import OF_PHOTOS
from models.catalogue import RECIPES
from pages.shared import lesson_pictures as shown
from pages.shared import pictures
from pages.shared.data import data
from pages.shared.errors import guarded
from pages.shared.session import uploaded

ALIKE = ((0, 2, 3, 4, 6), (5, 7, 9), (1, 3, 8))  # classes one mixes up
LINE = 28  # dots in a line of a picture
TINT = (230, 120, 60)  # an orange to begin with
BACKBONE = 3_400_000  # numbers in the layers of the second eye that learned elsewhere, about


def real() -> bool:
    """Whether the clothes in use are those that published figures are about."""
    return data().real and not uploaded()


def picture(key: str, first: int = 0, part: str = "training") -> tuple[int, np.ndarray, int]:
    """A slider that chooses a picture: its number, the picture (28, 28) uint8 and its label."""
    used = data()
    images, labels = (
        (used.train_images, used.train_labels) if part == "training" else (used.test_images, used.test_labels)
    )
    last = len(images) - 1
    label = _("Training picture") if part == "training" else _("Test picture")
    chosen = st.number_input(label, 0, last, min(first, last), key=f"lessons_{key}", width=180)
    return chosen, images[chosen], int(labels[chosen])


def task(lesson: str) -> None:
    """Guess what a garment is, again and again."""
    used, kept = data(), st.session_state.setdefault("lessons_task", {"at": 0, "right": 0, "asked": 0})
    by_chance = np.random.default_rng([7, kept["at"]])
    chosen = int(by_chance.integers(len(used.test_images)))
    label = int(used.test_labels[chosen])
    group = next(group for group in ALIKE if label in group)
    others = [index for index in (*by_chance.permutation(group), *by_chance.permutation(10)) if index != label]
    options = sorted({label, *map(int, list(dict.fromkeys(others))[:3])})
    called, key = names(), f"lessons_task_{kept['at']}"

    def commit() -> None:
        if (said := st.session_state[key]) is not None:
            kept.update(said=said, asked=kept["asked"] + 1, right=kept["right"] + (said == label))

    def another() -> None:
        kept.pop("said", None)
        kept["at"] += 1

    pictures.large(used.test_images[chosen], _("A picture of 28 × 28 dots: what is it?"))
    said = kept.get("said")
    st.pills(
        _("What is it?"), options, format_func=lambda index: called[index], key=key, default=said,
        disabled=said is not None, on_change=guarded(commit),
    )  # fmt: skip
    if said is None:
        return
    words = _("✓ Right: {name}.") if said == label else _("✗ The label says {name}.")
    st.markdown(words.format(name=called[label]))
    score = ngettext("You: {right} of {count} picture.", "You: {right} of {count} pictures.", kept["asked"])
    score = score.format(right=number(kept["right"]), count=number(kept["asked"]))
    beside = _("People: {share}.").format(share=people()) if real() else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Another one"), key="lessons_another", icon=":material/casino:", on_click=guarded(another))
        st.caption(f"{score} {beside}")


def table(lesson: str) -> None:
    """Read the numbers of a picture, line by line."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen, image, label = picture("table_row")
        line = st.slider(_("Line of the picture"), 0, 27, 12, key="lessons_table_line", width=240)
    shown.numbers_of(image[line], image, line)
    first, last = LINE * line + 1, LINE * line + LINE
    words = _("Row {row}: label {label} ({name}), then pixel1 to pixel784. These are pixel{first} to pixel{last}.")
    st.caption(words.format(row=chosen, label=label, name=names()[label], first=first, last=last))


def grid(lesson: str) -> None:
    """Look at many pictures at once."""
    side = st.slider(
        _("Pictures in a row"), 1, 15, 6 if lesson == "hello-world" else 8, key=f"lessons_side_{lesson}", width=300
    )
    images, labels = data().train_images, data().train_labels
    seed = st.session_state.setdefault("lessons_seed", 0)
    rows = np.arange(min(5 * side, len(images)))
    if lesson != "hello-world":
        rows = np.random.default_rng(seed).integers(0, len(images), side * side)
    called = names()
    shown.sheet(images[rows], side, [called[labels[row]] for row in rows] if side <= 6 else ())
    if lesson != "hello-world":
        st.button(_("Others"), key="lessons_others", icon=":material/casino:", on_click=guarded(others))
    st.caption(ngettext("{count} picture", "{count} pictures", len(rows)).format(count=number(len(rows))))
    if side > 6:
        st.caption(_("With 6 or fewer in a row their names are shown."))


def others() -> None:
    """Draw others by chance."""
    st.session_state["lessons_seed"] = st.session_state.get("lessons_seed", 0) + 1


def arrays(lesson: str) -> None:
    """The four arrays and their shapes."""
    used = data()
    rows = [
        ("train_images", shown.size(used.train_images.shape), _("pictures to learn from")),
        ("train_labels", shown.size(used.train_labels.shape), _("what each of them is, 0 to 9")),
        ("test_images", shown.size(used.test_images.shape), _("pictures for the test")),
        ("test_labels", shown.size(used.test_labels.shape), _("what each of them is, 0 to 9")),
    ]
    names_of = [row[0] for row in rows]
    chosen = st.pills(_("Array"), names_of, default=names_of[0], required=True, key="lessons_array")
    shown.table((_("name"), _("shape"), _("what it is")), rows, names_of.index(chosen))
    content = getattr(used, chosen)[:8]
    if content.ndim == 1:
        st.html(f'<p class="values">{", ".join(map(str, content.tolist()))} …</p>')
    else:
        shown.sheet(content, 8)


def labelled(lesson: str) -> None:
    """Labels as numbers, along the training pictures."""
    used, called = data(), names()
    last = max(len(used.train_images) - 10, 1)
    begin = st.slider(_("From training picture"), 0, min(last, 200), 0, key="lessons_begin", width=300)
    rows = slice(begin, begin + 10)
    labels = [f"{label} {called[label]}" for label in used.train_labels[rows]]
    shown.sheet(used.train_images[rows], 5, labels)


def threshold(lesson: str) -> None:
    """Dots that are bright enough stay."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen, image, label = picture("one", 1 if lesson == "hello-world" else 2)
        least = st.slider(_("Threshold"), 0, 255, 60, key="lessons_threshold", width=240)
    kept = np.where(image >= max(least, 1), image, 0).astype(np.uint8)
    left = int(np.count_nonzero(kept))
    words = _("{count} of 784 dots stay").format(count=number(left))
    shown.beside(
        [
            (_("As it is"), _("label {label}, {name}").format(label=label, name=names()[label]), image),
            (_("At least {value}").format(value=least), words, kept),
        ]
    )
    st.html('<p class="ramp"><span>0</span><i></i><span>255</span></p>')


def scaling(lesson: str) -> None:
    """One value before and after."""
    value = st.slider(_("Value of a dot"), 0, 255, 128, key="lessons_value", width=300)
    shown.big(f"{value} ÷ 255 = {number(value / 255, 3)}", _("between 0 and 1"))
    image = data().train_images[0]
    middle = image[14]
    pictures.scaled(middle[middle > 0][:12])
    st.caption(_("The first dots of one line of training picture 0, before and after."))


def slip(lesson: str) -> None:
    """225 instead of 255."""
    value = st.slider(_("Value of a dot"), 0, 255, 255, key="lessons_slip", width=300)
    shown.table(
        (_("pictures"), _("divided by"), _("becomes")),
        [
            (_("for training"), "225", number(value / 225, 3)),
            (_("for testing"), "255", number(value / 255, 3)),
        ],
        0,
    )
    image = data().train_images[0]
    darker = (image * (225 / 255)).astype(np.uint8)
    shown.beside([(_("Training"), _("up to 1.13"), image), (_("Test"), _("up to 1: a little darker"), darker)])


def split(lesson: str) -> None:
    """How many are left to learn from."""
    share = st.slider(_("Held back, %"), 0, 60, 20, 5, key="lessons_held", width=300)
    count = len(data().train_images)
    held = round(count * share / 100)
    shown.table(
        (_("pictures"), _("what for")),
        [(number(count - held), _("to learn from")), (number(held), _("for validation, after every epoch"))],
    )
    st.html(f'<p class="parts" style="--held:{share}%"><i></i><b></b></p>')
    worth = _("No picture is left to check with: overfitting would go unseen.")
    if held:
        spread = math.sqrt(0.9 * 0.1 / held)
        worth = _("An accuracy of 90 % on {held} pictures is true to about {spread}.")
        worth = worth.format(held=number(held), spread=percent(2 * spread, 1))
    st.caption(worth)


def channels(lesson: str) -> None:
    """Mix a colour of three channels."""
    image = data().train_images[0].astype(float) / 255
    with st.container(horizontal=True):
        labels = (_("Red"), _("Green"), _("Blue"))
        levels = [
            st.slider(label, 0, 255, TINT[index], key=f"lessons_channel_{index}", width=150)
            for index, label in enumerate(labels)
        ]
    layers = [(image * level).astype(np.uint8) for level in levels]
    coloured = [np.stack([layer if index == at else layer * 0 for at in range(3)], -1) for index, layer in
                enumerate(layers)]  # fmt: skip
    shown.beside(
        [*((label, "", each) for label, each in zip(labels, coloured, strict=True)),
         (_("All three"), "28 × 28 × 3", np.stack(layers, -1)),
         (_("Grey"), "28 × 28 × 1", data().train_images[0])]
    )  # fmt: skip


def labels(lesson: str) -> None:
    """A label in both ways."""
    called = names()
    label = st.pills(
        _("Kind of clothes"), range(10), format_func=lambda index: called[index], default=4, required=True,
        key="lessons_label",
    )  # fmt: skip
    st.markdown(_("**Sparse:** one whole number"))
    shown.big(str(label), called[label])
    st.markdown(_("**Categorical:** ten numbers, one of them 1"))
    shown.one_hot(label)


def loss(lesson: str) -> None:
    """The loss of one answer."""
    share = st.slider(_("Given to the right class, %"), 1, 100, 10, key="lessons_given", width=320)
    value = -math.log(share / 100)
    shown.big(number(value, 2), _("loss: minus the logarithm of {share}").format(share=percent(share / 100)))
    steps = (1, 5, 10, 25, 50, 75, 90, 100)
    rows = [(percent(each / 100), number(abs(math.log(each / 100)), 2)) for each in steps]
    nearest = min(range(len(steps)), key=lambda index: abs(steps[index] - share))
    shown.table((_("to the right class"), _("loss")), rows, nearest)


def downhill(lesson: str) -> None:
    """A walk downhill with steps of another length."""
    rate = st.slider(_("Learning rate"), 0.02, 1.1, 0.1, 0.02, key="lessons_rate", width=320)
    places = [-0.95]
    for _step in range(10):
        places.append(places[-1] * (1 - 2 * rate))
    alt = _("A valley, and ten steps towards its bottom")
    shown.drawing(diagram.hill(places), alt)
    left = abs(places[-1])
    words = _("Good: after ten steps it is at the bottom.")
    if left > 0.95:
        words = _("Too large: each step leaps over the valley and ends higher up.")
    elif rate > 0.5 and left > 0.1:
        words = _("Too large: it leaps from side to side.")
    elif left > 0.1:
        words = _("Too small: after ten steps it is still on its way.")
    st.markdown(words)


def dense(lesson: str) -> None:
    """More neurons, more numbers to learn."""
    neurons = st.slider(_("Neurons"), 8, 512, 128, 8, key="lessons_neurons", width=320)
    shown.big(number(785 * neurons + 10 * (neurons + 1)), _("numbers to learn"))
    shown.drawing(diagram.network(names(), neurons), _("A network: pixels, neurons, ten answers"))
    st.caption(_("Only a few of the 784 dots and of the neurons are drawn."))


def shrink(lesson: str) -> None:
    """A picture with fewer and fewer dots."""
    chosen, image, label = picture("shrink", 18, "test")
    sides = [3, 4, 5, 7, 9, 14, 28]
    side = st.select_slider(_("Dots along each side"), sides, 4, key="lessons_dots", width=320)
    edges = np.linspace(0, 28, side + 1).round().astype(int)
    small = np.array(
        [
            [image[top:bottom, left:right].mean() for left, right in zip(edges, edges[1:], strict=False)]
            for top, bottom in zip(edges, edges[1:], strict=False)
        ]
    )
    at = np.searchsorted(edges, np.arange(28), side="right") - 1
    words = _("{count} numbers: {name}.") if side == 28 else _("{count} numbers are left. What is it?")
    words = words.format(count=number(side * side), name=names()[label])
    shown.beside([(f"{side} × {side}", words, small[np.ix_(at, at)].astype(np.uint8))])


def weights(lesson: str) -> None:
    """How large the file gets."""
    size = _("{size} kB")
    rows = [
        (_(recipe.title), number(recipe.parameters), size.format(size=number(recipe.parameters * 4 / 1000)))
        for recipe in RECIPES.values()
    ]
    marked = list(RECIPES).index(lesson) if lesson in RECIPES else None
    shown.table((_("network"), _("numbers to learn"), _("as a file")), rows, marked)


def transfer(lesson: str) -> None:
    """The network in two parts."""
    alt = _(
        "A network in two parts: many layers, learned elsewhere from a million photos, give three times 1,280 numbers;"
        " ten neurons, learned here, make an answer of them"
    )
    shown.drawing(diagram.transfer(_("a million photos"), "3 × 1,280", _("coat?")), alt)


def looks(lesson: str) -> None:
    """How many numbers the looks give."""
    transfer(lesson)
    count = st.slider(_("Looks"), 1, 3, 3, key="lessons_looks", width=240)
    shown.big(number(1280 * count), _("numbers for the ten neurons to go by"))


def few(lesson: str) -> None:
    """What must be learned with and without transfer."""
    count = st.slider(_("Kinds of things to tell apart"), 2, 20, 10, key="lessons_kinds", width=320)
    learned = (3 * 1280 + 1) * count
    shown.table(
        (_("numbers to learn"), _("what is trained")),
        [
            (number(learned), _("only the last neurons: transfer learning")),
            (number(BACKBONE + learned), _("the whole network")),
        ],
        0,
    )
    st.caption(_("The fewer numbers must be learned, the fewer photos are needed."))


def both(lesson: str) -> None:
    """Both eyes against each alone."""
    called = {"small": _("The small network"), "eye": _("The second eye"), "both": _("Both together")}
    shown.shares([(called[name], share) for name, share in OF_PHOTOS.items()], own=2)
    st.caption(_("Right answers for 612 photos that other people took."))


ACTS: dict[str, Callable[[str], None]] = {
    act.__name__: act
    for act in (
        task, table, grid, arrays, labelled, threshold, scaling, slip, split, channels, labels, loss, downhill, dense,
        shrink, weights, transfer, looks, few, both,
    )
}  # fmt: skip
