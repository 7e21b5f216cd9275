"""Clothes: page through all pictures by class or shuffled, see one large, and below it, one tab at a time and only when
it is opened: its numbers, the pictures most like it, the classes, a map, and the whole table to take home."""

import random
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from core import charts
from core.data import explore, export
from core.data.download import download
from core.data.files import FILES
from core.inference.explanation import neighbours_in_words
from core.labels import CLASSES, COLOURS, NAMES
from core.language import _
from pages.shared import downloads, pictures
from pages.shared.choice import tidy_address
from pages.shared.data import averages, brightness, data, forget_data, halves, picture_map
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.session import settings

frame("dataset", _("Clothes"), _("Tap a kind of clothes to see only those; tap a picture to see it large."))

SIZES = {30: 6, 100: 10, 225: 15}  # pictures at once: in how many columns
LOOKS = ("Numbers", "More like this", "Classes", "Map", "Table")
WAYS = {"pca": "Overview (PCA)", "tsne": "Close neighbours (t-SNE)"}
ALIKE = 20  # pictures most like the one shown
SOME = (14, slice(10, 18))  # row and columns whose numbers are shown before and after scaling: the middle of a garment
MEGABYTES = sum(size for _, size in FILES.values()) / 1e6


def open_picture(step: int, last: int) -> None:
    """Go to the next or the previous picture."""
    st.session_state["picture"] = min(max(st.session_state["picture"] + step, 0), last)


def open_any(rows: np.ndarray) -> None:
    """Go to any one of these pictures: the first and the last are as likely as all others."""
    st.session_state["picture"] = int(random.choice(rows))


def open_from_map(row: int) -> None:
    """A picture found on the map was chosen: show it large, with its numbers."""
    st.session_state["picture"] = row
    st.session_state["look"] = LOOKS[0]


def open_kind() -> None:
    """A class was tapped: go to its first page and its first picture."""
    state = st.session_state
    state["page"] = 1
    if state["class"]:
        seed = state.get("seed") if state["order"] == "shuffled" else None
        tapped = explore.arrange(halves(data())[state["part"]][1], NAMES.index(state["class"]), seed)
        if len(tapped):
            state["picture"] = int(tapped[0])


with guard():
    tidy_address("part", "size", "order", "class", "map", "look", numbers=("page", "picture", "seed"))
    used = data()
    if not used.real:
        with st.container(key="fetch"):
            st.markdown(
                "**These clothes are drawn by program.** The real pictures, photographed in a shop, are not on this"
                " computer yet. All pages work with the drawn ones too."
            )
            if st.button(
                f"Fetch the real clothes ({MEGABYTES:.0f} MB)",
                key="dataset_fetch",
                type="primary",
                icon=":material/download:",
            ):
                bar = st.progress(0.0, text="Asking for the files …")
                with guard():
                    download(
                        settings(),
                        progress=lambda done, total: bar.progress(
                            min(done / total, 1.0), text=f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"
                        ),
                    )
                    forget_data()
                    st.rerun()
                bar.empty()

    parts = halves(used)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        part = st.segmented_control(
            "Pictures for",
            list(parts),
            default="training",
            required=True,
            key="part",
            bind="query-params",
            help=(
                "A network learns from the training pictures. The test pictures are kept back, to see what it has"
                " really learned."
            ),
        )
        at_once = st.segmented_control(
            "Pictures at once", list(SIZES), default=30, required=True, key="size", bind="query-params"
        )
        order = st.segmented_control(
            "Order",
            ["as they come", "shuffled"],
            default="as they come",
            required=True,
            key="order",
            bind="query-params",
        )
        if order == "shuffled":
            seed = st.number_input(
                "Seed",
                0,
                999_999,
                value=1,
                key="seed",
                bind="query-params",
                width=150,
                help=(
                    "The number a shuffle starts from. The same seed gives the same order, on every computer: share the"
                    " link."
                ),
            )
    kind = st.pills("Kind of clothes", NAMES, key="class", bind="query-params", on_change=guarded(open_kind))
    images, labels = parts[part]
    index = NAMES.index(kind) if kind else None
    rows = explore.arrange(labels, index, seed if order == "shuffled" else None)
    last = len(images) - 1
    st.session_state.setdefault("picture", int(rows[0]) if len(rows) else 0)
    with st.container(key="clothes_opened" if "picture" in st.query_params else "clothes_closed"):
        left, right = st.columns([1.35, 1], gap="large")
    # the tabs are made before what stands above them is filled: the links there carry the open tab
    numbers_tab, alike_tab, classes_tab, map_tab, table_tab = st.tabs(LOOKS, key="look", bind="query-params")
    here = {"part": part, "order": order, "size": at_once, "look": st.session_state["look"]}
    here |= {"seed": seed} if order == "shuffled" else {}

    with right:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            number = st.number_input("Picture number", 0, last, key="picture", bind="query-params", width=145)
            st.button(
                ":material/chevron_left:",
                key="dataset_before",
                help="Picture before",
                on_click=guarded(open_picture),
                args=(-1, last),
            )
            st.button(
                ":material/chevron_right:",
                key="dataset_next",
                help="Next picture",
                on_click=guarded(open_picture),
                args=(1, last),
            )
            if len(rows):
                of_these = f"from all {len(rows):,}, the first and the last included"
                st.button(
                    "Any one",
                    key="dataset_any",
                    icon=":material/casino:",
                    help=of_these,
                    on_click=guarded(open_any),
                    args=(rows,),
                )
        garment = CLASSES[labels[number]]
        pictures.large(images[number], f"{garment.name}, {part} picture {number}, enlarged")
        st.subheader(garment.name, anchor=False)
        st.write(f"{garment.description.capitalize()}. Class {garment.index} of 0 to 9.")

    with left:
        if len(rows):
            st.caption(
                f"{len(rows):,} {part}"
                f" pictures{f' of the class {kind}' if kind else ''}{', shuffled' if order == 'shuffled' else ''}"
            )
            page = st.pagination(-(-len(rows) // at_once), key="page", bind="query-params")
            shown = rows[at_once * (page - 1) : at_once * page].tolist()
            on_page = here | {"page": page} | ({"class": kind} if kind else {})
            links = [(f"picture {row}", f"?{urlencode(on_page | {'picture': row})}") for row in shown]
            below = [str(labels[row]) for row in shown] if at_once == 225 else None
            opened = shown.index(number) if number in shown else None
            pictures.grid(images[shown], [NAMES[labels[row]] for row in shown], links, SIZES[at_once], below, opened)
            if below:
                st.caption(
                    "The number below a picture is its class:"
                    f" {', '.join(f'{place} {name}' for place, name in enumerate(NAMES))}."
                )
        else:
            st.write("There is no picture of this kind here. Tap another kind.")

    if numbers_tab.open:
        with numbers_tab:
            st.write(
                f"To a computer this {garment.name} is a table of 28 × 28 = 784 numbers: 0 is the black ground, 255 the"
                f" brightest dot. Here from {images[number].min()} to {images[number].max()},"
                f" {np.count_nonzero(images[number])} of them not 0."
            )
            pictures.numbers(images[number])

            st.subheader("With a colour bar, before and after scaling", anchor=False)
            st.write(
                "The bar tells which shade stands for which number: the higher, the brighter. (Some lessons say"
                " “darker”; in these files it is the other way round.) A network learns more easily from small numbers,"
                " so each of the 784 is divided by 255. The picture stays the same; only the numbers on the bar change."
            )
            shades = st.segmented_control(
                "Shown in",
                ["grey", "colours"],
                default="colours",
                required=True,
                key="dataset_shades",
                persist_state="session",
            )
            before, after = st.columns(2, gap="large")
            for column, values, words in (
                (before, images[number], "Before: 0 to 255"),
                (after, images[number] / 255, "After: 0 to 1"),
            ):
                column.markdown(f"**{words}**")
                column.plotly_chart(
                    charts.dots(values, coloured=shades == "colours"),
                    key=f"dataset_dots_{words[:5]}",
                    config={"displayModeBar": False},
                    alt=f"{garment.name}, {part} picture {number}, with a colour bar. {words}.",
                )
            st.caption(f"Row {SOME[0]}, columns {SOME[1].start} to {SOME[1].stop - 1} of this picture:")
            pictures.scaled(images[number][SOME])

            st.subheader("How a network wants them stacked", anchor=False)
            st.write(
                "A row of a table holds 784 numbers one after the other. A network that looks at pictures wants them"
                f" as 28 rows of 28, and asks for four sizes: **({len(images)}, 28, 28, 1)**. This reshaping changes no"
                " number, only how they are stacked."
            )
            pictures.explain(
                {
                    f"{len(images)}, the batch": "how many pictures there are",
                    "28, the height": "rows of dots in each picture",
                    "28, the width": "dots in each row",
                    "1, the channels": (
                        "numbers for each dot: one for grey. A colour picture has three: how much red, green and blue"
                    ),
                }
            )

    if alike_tab.open:
        with alike_tab:
            learning, learning_labels = parts["training"]
            found = explore.nearest(learning, images[number], ALIKE, number if part == "training" else None)
            names = neighbours_in_words(garment.index, learning_labels[found], answered=False)
            st.write(
                f"The {len(found)} training pictures whose dots differ least from this {garment.name}. "
                f"{names} Tap one to go on from there."
            )
            look_alike = here | {"part": "training"}
            pictures.grid(
                learning[found],
                [NAMES[label] for label in learning_labels[found]],
                [(f"training picture {row}", f"?{urlencode(look_alike | {'picture': row})}") for row in found.tolist()],
                5,
                [NAMES[label] if label == garment.index else f"≠ {NAMES[label]}" for label in learning_labels[found]],
            )
            st.caption(
                "How alike: for each of the 784 dots the difference of the two numbers, squared; all added up. ≠ marks"
                " another class."
            )

    if classes_tab.open:
        with classes_tab:
            st.subheader("The average of each class", anchor=False)
            st.write(
                "All pictures of a class laid over each other. Where two averages look alike, a network has a hard time"
                " too."
            )
            kinds = [("the average", f"?{urlencode(here | {'class': name})}") for name in NAMES]
            pictures.grid(averages(part), NAMES, kinds, 5)
            balance, bright = st.columns(2, gap="large")
            with balance:
                st.subheader("How many of each", anchor=False)
                pictures.counts(NAMES, np.bincount(labels, minlength=10).tolist(), COLOURS)
            with bright:
                st.subheader(f"How bright the dots are{f': {kind}' if kind else ''}", anchor=False)
                dots = brightness(part, index)
                if dots[1:].any():
                    st.write(
                        f"{dots[0] / dots.sum():.0%} of the {dots.sum():,} dots are 0, the ground:"
                        f" {dots[0] / dots[1:].max():,.0f} times as many as of any other number. The chart begins at 1,"
                        " or that one bar would make all others too small to see."
                    )
                    st.plotly_chart(
                        charts.brightness(dots),
                        key="dataset_brightness",
                        config={"displayModeBar": False},
                        alt="How many dots have each value from 1 to 255",
                    )
                if not kind:
                    st.caption("Tap a kind of clothes above to see its dots only.")

    if map_tab.open:
        with map_tab:
            way = st.segmented_control(
                "Kind of map",
                list(WAYS),
                format_func=WAYS.get,
                default="pca",
                required=True,
                key="map",
                bind="query-params",
                help=(
                    "PCA keeps the two directions in which the pictures differ most. t-SNE only cares that close"
                    " neighbours stay close."
                ),
            )
            with st.spinner("Drawing the map" + (": about five seconds the first time …" if way == "tsne" else " …")):
                sampled, points = picture_map(part, way)
            chart, tapped = st.columns([2.2, 1], gap="large")
            with chart:
                event = st.plotly_chart(
                    charts.atlas(points, labels[sampled], sampled),
                    key=f"dataset_map_{part}_{way}_{used.fingerprint}",
                    on_select="rerun",
                    selection_mode="points",
                    config={"displayModeBar": False},
                    alt=(
                        f"Map of {len(sampled):,} pictures: each is a dot in the colour of its class, alike ones near"
                        " each other."
                    ),
                )
                st.caption(
                    f"{len(sampled):,} {part} pictures, chosen by chance. Each dot is one picture; the map is made from"
                    " the pixels alone, the colours show the class. Tap a name in the list to hide it, tap it twice to"
                    " see it alone."
                )
            with tapped:
                hits = event["selection"]["points"] if event else []
                if hits:
                    row = int(hits[0]["customdata"][0])
                    pictures.large(images[row], f"{NAMES[labels[row]]}, {part} picture {row}, found on the map")
                    st.subheader(NAMES[labels[row]], anchor=False)
                    st.caption(f"{part.capitalize()} picture {row}")
                    st.button("Open this picture", key="dataset_map_open", on_click=guarded(open_from_map), args=(row,))
                else:
                    st.write(
                        "**Tap a dot to see its picture.** Look where the colours mix: those are the clothes a network"
                        " mixes up too."
                    )

    if table_tab.open:
        with table_tab:
            st.write(
                f"All {len(images):,} {part} pictures as one table: a row for each picture, first its label (the number"
                f" of its class), then its 784 dots, row by row. **{len(images):,} rows × 785 columns.**"
            )
            first, final = export.ends(images, labels)
            st.caption("The first five rows")
            st.dataframe(first, key="dataset_head", alt="The first five rows of the table")
            st.caption("The last five rows")
            st.dataframe(final, key="dataset_tail", alt="The last five rows of the table")
            with st.container(horizontal=True):
                name = "train" if part == "training" else "test"
                downloads.offer(
                    f"Download as CSV (about {export.csv_megabytes(images, labels):,.1f} MB)",
                    lambda: export.csv(images, labels).getvalue(),
                    f"fashion-mnist_{name}.csv",
                    "text/csv",
                    "dataset_csv",
                )
                downloads.offer(
                    "Download as Parquet (a quarter of that)",
                    lambda: export.parquet(images, labels).getvalue(),
                    f"fashion-mnist_{name}.parquet",
                    "application/vnd.apache.parquet",
                    "dataset_parquet",
                )
            st.caption(
                "CSV opens in any spreadsheet; Parquet is smaller and quicker, for programs. The file is made when you"
                " ask for it."
            )

            st.subheader("Shapes and labels", anchor=False)
            pictures.explain(
                {
                    f"{half.capitalize()} {what}": (
                        f"{values.shape}" + (f" · {export.listing(values)}" if what == "labels" else "")
                    )
                    for half, pair in parts.items()
                    for what, values in zip(("pictures", "labels"), pair, strict=True)
                }
            )
            if used.real:
                st.caption(
                    "One of the lessons prints 5, 0, 4 … and 7, 2, 1 … here. Those are the labels of the handwritten"
                    " digits, another data set of the same shape."
                )
