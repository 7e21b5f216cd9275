"""What there is to know about clothes: the numbers of a picture, those most like it, the classes, a map, the table.

Knows nothing of how one comes to a picture.
"""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import cv2
import numpy as np
import streamlit as st

from core import charts
from core.data import explore, export
from core.inference.explanation import neighbours_in_words
from core.labels import COLOURS, NAMES, names
from core.language import N_, _, number, percent
from pages.shared import downloads, pictures
from pages.shared.data import averages, brightness, data, halves, picture_map
from pages.shared.errors import guarded

LOOKS = {
    "Numbers": N_("Numbers"),
    "More like this": N_("More like this"),
    "Classes": N_("Classes"),
    "Map": N_("Map"),
    "Table": N_("Table"),
}
WAYS = {"pca": N_("Overview (PCA)"), "tsne": N_("Close neighbours (t-SNE)")}
SHADES = {"grey": N_("grey"), "colours": N_("colours")}
NUMBERED = {"training": N_("Training picture {number}"), "test": N_("Test picture {number}")}
ALIKE = 20  # pictures most like the one shown
SOME = (14, slice(10, 18))  # row and columns whose numbers are shown before and after scaling: the middle of a garment
QUIET_CHART = {"displayModeBar": False}


@dataclass(frozen=True)
class Shown:
    """The picture that is shown large, and the part of the data set it is from."""

    part: str  # "training" or "test"
    number: int
    images: np.ndarray  # (n, 28, 28) uint8, all of the part
    labels: np.ndarray  # (n,)
    kind: int | None  # the class that alone is shown

    @property
    def image(self) -> np.ndarray:
        """The picture itself, (28, 28) uint8."""
        image: np.ndarray = self.images[self.number]
        return image

    @property
    def name(self) -> str:
        """What the picture shows, in the reader's language."""
        return names()[self.labels[self.number]]


def called(part: str, row: int) -> str:
    """A picture by its number, in words."""
    return _(NUMBERED[part]).format(number=row)


def numbers(shown: Shown) -> None:
    """The 784 numbers of a picture, before and after scaling, and how a network wants them stacked."""
    image = shown.image
    words = _(
        "To a computer this is a table of 28 × 28 = 784 numbers: 0 is the black ground, 255 the brightest dot. Here"
        " they go from {lowest} to {highest}, and {count} of them are not 0."
    )
    st.write(words.format(lowest=image.min(), highest=image.max(), count=np.count_nonzero(image)))
    pictures.numbers(image)

    st.subheader(_("With a colour bar, before and after scaling"), anchor=False)
    st.write(
        _(
            "The bar tells which shade stands for which number: the higher, the brighter. (Some lessons say “darker”;"
            " in these files it is the other way round.) A network learns more easily from small numbers, so each of"
            " the 784 is divided by 255. The picture stays the same; only the numbers on the bar change."
        )
    )
    shades = st.segmented_control(
        _("Shown in"),
        list(SHADES),
        format_func=lambda shade: _(SHADES[shade]),
        default="colours",
        required=True,
        key="dataset_shades",
        persist_state="session",
    )
    with_bars = ((_("Before: 0 to 255"), (0, 50, 100, 150, 200, 255)), (_("After: 0 to 1"), (0, 0.2, 0.4, 0.6, 0.8, 1)))
    figures = "".join(_with_bar(image, shades == "colours", *bar) for bar in with_bars)
    st.html(f'<div class="with-bars">{figures}</div>')
    row, columns = SOME
    words = _("Row {row}, columns {first} to {last} of this picture:")
    st.caption(words.format(row=row, first=columns.start, last=columns.stop - 1))
    pictures.scaled(image[SOME])

    st.subheader(_("How a network wants them stacked"), anchor=False)
    count = len(shown.images)
    words = _(
        "A row of a table holds 784 numbers one after the other. A network that looks at pictures wants them as 28 rows"
        " of 28, and asks for four sizes: **({count}, 28, 28, 1)**. This reshaping changes no number, only how they are"
        " stacked."
    )
    st.write(words.format(count=count))
    pictures.explain(
        {
            _("{count}, the batch").format(count=count): _("how many pictures there are"),
            _("28, the height"): _("rows of dots in each picture"),
            _("28, the width"): _("dots in each row"),
            _("1, the channels"): _(
                "numbers for each dot: one for grey. A colour picture has three: how much red, green and blue"
            ),
        }
    )


def _with_bar(image: np.ndarray, coloured: bool, title: str, ticks: tuple[float, ...]) -> str:
    """The HTML of a picture (28, 28) uint8 beside the bar of its shades, with numbers at its `ticks`."""

    def tinted(values: np.ndarray) -> str:
        tint = cv2.applyColorMap(values, cv2.COLORMAP_VIRIDIS)[..., ::-1] if coloured else values
        return pictures.address(np.ascontiguousarray(tint))

    bar = tinted(np.arange(255, -1, -1, dtype=np.uint8).reshape(-1, 1))
    marks = "".join(f'<span style="bottom:{100 * tick / ticks[-1]:.1f}%">{tick}</span>' for tick in ticks)
    words = html.escape(title)
    return (
        f'<figure><figcaption>{words}</figcaption><img class="large" src="{tinted(image)}" alt="{words}">'
        f'<div class="shades"><img src="{bar}" alt="">{marks}</div></figure>'
    )


def alike(shown: Shown, here: Mapping[str, object]) -> None:
    """The training pictures most like a picture, each a link with the words of `here` in its address."""
    learning, labels = halves(data())["training"]
    found = explore.nearest(learning, shown.image, ALIKE, shown.number if shown.part == "training" else None)
    own, kinds = int(shown.labels[shown.number]), labels[found]
    st.write(_("The training pictures whose dots differ least from this one. Tap one to go on from there."))
    st.write(neighbours_in_words(own, kinds, answered=False))
    words = here | {"part": "training"}
    pictures.grid(
        learning[found],
        [names()[label] for label in kinds],
        [(called("training", row), f"?{urlencode(words | {'picture': row})}") for row in found.tolist()],
        5,
        [names()[label] if label == own else f"≠ {names()[label]}" for label in kinds],
    )
    st.caption(
        _(
            "How alike: for each of the 784 dots the difference of the two numbers, squared; all added up. ≠ marks"
            " another class."
        )
    )


def classes(shown: Shown, here: Mapping[str, object]) -> None:
    """The average picture of each class, how many there are of each, and how bright their dots are."""
    st.subheader(_("The average of each class"), anchor=False)
    st.write(
        _("All pictures of a class laid over each other. Where two averages look alike, a network has a hard time too.")
    )
    links = [(_("the average"), f"?{urlencode(here | {'class': name})}") for name in NAMES]
    pictures.grid(averages(shown.part), names(), links, 5)
    balance, bright = st.columns(2, gap="large")
    with balance:
        st.subheader(_("How many of each"), anchor=False)
        pictures.counts(names(), np.bincount(shown.labels, minlength=10).tolist(), COLOURS)
    with bright:
        title = _("How bright the dots are") if shown.kind is None else _("How bright the dots are: {name}")
        st.subheader(title.format(name=names()[shown.kind or 0]), anchor=False)
        dots = brightness(shown.part, shown.kind)
        if dots[1:].any():
            words = _(
                "{share} of the {count} dots are 0, the ground: {times} times as many as of any other number. The chart"
                " begins at 1, or that one bar would make all others too small to see."
            )
            ground = {"share": percent(dots[0] / dots.sum()), "times": number(dots[0] / dots[1:].max())}
            st.write(words.format(count=number(int(dots.sum())), **ground))
            alt = _("How many dots have each value from 1 to 255")
            st.plotly_chart(charts.brightness(dots), key="dataset_brightness", config=QUIET_CHART, alt=alt)
        if shown.kind is None:
            st.caption(_("Tap a kind of clothes above to see its dots only."))


def on_map(shown: Shown, go: Callable[[int], None]) -> None:
    """A map of a part of the data set, and the picture behind the dot that was tapped, which `go` opens."""
    way = st.segmented_control(
        _("Kind of map"),
        list(WAYS),
        format_func=lambda way: _(WAYS[way]),
        default="pca",
        required=True,
        key="map",
        bind="query-params",
        help=_(
            "PCA keeps the two directions in which the pictures differ most. t-SNE only cares that close neighbours"
            " stay close."
        ),
    )
    slow = way == "tsne"
    with st.spinner(_("Drawing the map: about five seconds the first time …") if slow else _("Drawing the map …")):
        sampled, points = picture_map(shown.part, way)
    chart, tapped = st.columns([2.2, 1], gap="large")
    count = number(len(sampled))
    with chart:
        alt = _("Map of {count} pictures: each is a dot in the colour of its class, alike ones near each other.")
        event = st.plotly_chart(
            charts.atlas(points, shown.labels[sampled], sampled),
            key=f"dataset_map_{shown.part}_{way}_{data().fingerprint}",
            on_select="rerun",
            selection_mode="points",
            config=QUIET_CHART,
            alt=alt.format(count=count),
        )
        words = _(
            "{count} pictures, chosen by chance. Each dot is one picture; the map is made from the pixels alone, the"
            " colours show the class. Tap a name in the list to hide it, tap it twice to see it alone."
        )
        st.caption(words.format(count=count))
    with tapped:
        hits = event["selection"]["points"] if event else []
        if not hits:
            st.write(
                _(
                    "**Tap a dot to see its picture.** Look where the colours mix: those are the clothes a network"
                    " mixes up too."
                )
            )
            return
        row = int(hits[0]["customdata"][0])
        alt = _("{name}, found on the map: {picture}")
        name = names()[shown.labels[row]]
        pictures.large(shown.images[row], alt.format(name=name, picture=called(shown.part, row)))
        st.subheader(name, anchor=False)
        st.caption(called(shown.part, row))
        st.button(_("Open this picture"), key="dataset_map_open", on_click=guarded(go), args=(row,))


def table(shown: Shown) -> None:
    """All pictures of a part as a table, to take home as a file; and the shapes of all four arrays."""
    images, labels = shown.images, shown.labels
    words = _(
        "All {count} pictures as one table: a row for each picture, first its label (the number of its class), then its"
        " 784 dots, row by row. **{count} rows × 785 columns.**"
    )
    st.write(words.format(count=number(len(images))))
    file = f"fashion-mnist_{'train' if shown.part == 'training' else 'test'}"
    with st.container(horizontal=True, vertical_alignment="center"):
        words = _("Download as CSV (about {size} MB)").format(size=number(export.csv_megabytes(images, labels), 1))
        make = lambda: export.csv(images, labels).getvalue()  # noqa: E731
        downloads.offer(words, make, f"{file}.csv", "text/csv", "dataset_csv")
        with st.popover(_("More"), key="dataset_more"):
            words = _("Download as Parquet (a quarter of that)")
            make_parquet = lambda: export.parquet(images, labels).getvalue()  # noqa: E731
            mime = "application/vnd.apache.parquet"
            downloads.offer(words, make_parquet, f"{file}.parquet", mime, "dataset_parquet")
            st.caption(_("CSV opens in any spreadsheet; Parquet is smaller and quicker, for programs."))
    first, final = export.ends(images, labels)
    st.caption(_("The first five rows"))
    st.dataframe(first, key="dataset_head", alt=_("The first five rows of the table"))
    st.caption(_("The last five rows"))
    st.dataframe(final, key="dataset_tail", alt=_("The last five rows of the table"))

    st.subheader(_("Shapes and labels"), anchor=False)
    training, test = halves(data())["training"], halves(data())["test"]
    pictures.explain(
        {
            _("Training pictures"): f"{training[0].shape}",
            _("Training labels"): f"{training[1].shape} · {export.listing(training[1])}",
            _("Test pictures"): f"{test[0].shape}",
            _("Test labels"): f"{test[1].shape} · {export.listing(test[1])}",
        }
    )
    if data().real:
        st.caption(
            _(
                "One of the lessons prints 5, 0, 4 … and 7, 2, 1 … here. Those are the labels of the handwritten"
                " digits, another data set of the same shape."
            )
        )
