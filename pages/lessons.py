"""Lessons: five published systems step by step, trained as published or with their oddity switched off; layers looked
at from inside; and what the second eye learned elsewhere."""

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.labels import NAMES
from core.language import _
from core.lessons import diagram, operations
from core.lessons.articles import CHOICES, LAYERS, LESSONS, SECOND_EYE, TRANSFER, Step, facts, results
from core.training.plan import Plan, duration, estimate
from models import measured
from models.catalogue import RECIPES, layers
from pages.shared import pictures
from pages.shared.data import data
from pages.shared.errors import guard
from pages.shared.frame import frame
from pages.shared.runs import start, store

frame("lessons", _("Lessons"), _("Five published systems, one step at a time."))

SHORT = {"epochs": 3, "examples": 6_000}
LOOKS = {  # a step's word: where in the app one sees it
    "table": ("See the table", "dataset.py", {"look": "Table"}),
    "arrays": ("See shapes and labels", "dataset.py", {"look": "Table"}),
    "grid": ("See the grid", "dataset.py", {}),
    "one": ("See one large", "dataset.py", {"look": "Numbers"}),
    "scaling": ("See before and after", "dataset.py", {"look": "Numbers"}),
    "reshape": ("See what a channel is", "dataset.py", {"look": "Numbers"}),
    "evaluate": ("See the score of a run", "mistakes.py", {}),
    "matrix": ("See the matrix of a run", "mistakes.py", {}),
    "sheet": ("See the sheet of a run", "mistakes.py", {}),
    "single": ("See one answer", "mistakes.py", {}),
    "pairs": ("See the pairs", "mistakes.py", {}),
    "weights": ("Save or load weights", "training.py", {}),
    "photo": ("Try a photo", "predict.py", {}),
    "eyes": ("Try a photo with both eyes", "predict.py", {"eye": "on"}),
}
INSIDE = ("Neuron", "Convolution", "ReLU", "Max pooling", "Dropout", "Flatten", "Network")
FIRST_SHIRT = 18  # a training picture with an even ground and clear edges


def offer(plan: Plan, label: str, key: str, main: bool = False) -> None:
    """A button that starts a plan, with the time it will take, and goes to where it is watched."""
    seconds = estimate(plan, len(data().train_images), store().speeds())
    words = f"{label}: about {duration(seconds)}"
    if st.button(words, key=f"lessons_{key}", type="primary" if main else "secondary", width="stretch"):
        st.switch_page("training.py", query_params={"run": start(plan, plan.title)})


def tell(steps: Sequence[Step], first: int = 1) -> None:
    """Steps of a lesson, counted from the `first`, each with a link to where one sees it."""
    for index, step in enumerate(steps, start=first):
        with st.container(key=f"lessons_step_{index}", gap=None):
            st.html(f"<i>{index}</i><b>{html.escape(step.title)}</b><p>{html.escape(step.words)}</p>")
            if step.look in LOOKS:
                label, page, address = LOOKS[step.look]
                st.page_link(page, label=label, query_params=address)


def tell_of_second_eye() -> None:
    """The lesson about transfer learning; on a phone its picture comes first."""
    st.subheader("Transfer learning: the second eye", anchor=False)
    with st.container(key="lessons_transfer"):
        with st.container():
            pictures.drawing(
                diagram.transfer("a million photos", "3 × 1,280", "coat?"),
                "A network in two parts: many layers, learned elsewhere from a million photos, give three times 1,280"
                " numbers; ten neurons, learned here, make an answer of them",
            )
            tell(TRANSFER[:1])
        for first in (1, 3):
            with st.container():
                tell(TRANSFER[first : first + 2], first + 1)


with guard():
    articles = [*(name for name in RECIPES if name in LESSONS), SECOND_EYE]
    asked = st.query_params.get("lesson", articles[0])
    first = asked if asked in articles else articles[0]
    chosen = st.segmented_control(
        "Lesson",
        articles,
        default=first,
        required=True,
        format_func=lambda name: "The second eye" if name == SECOND_EYE else RECIPES[name].title,
        key="lessons_choice",
    )
    st.query_params["lesson"] = chosen
    if chosen == SECOND_EYE:
        tell_of_second_eye()
        st.stop()
    recipe = RECIPES[chosen]
    row = measured.results().get(chosen)

    steps, card = st.columns([1.7, 1], gap="large")
    with steps:
        st.subheader(recipe.article, anchor=False)
        st.write(recipe.sentence)
        tell(LESSONS[chosen])

    with card, st.container(key="lessons_card"):
        with st.container(key="lessons_facts"):
            published, here = st.columns(2)
            published.metric("published", f"{recipe.published_accuracy:.1%}" if recipe.published_accuracy else "–")
            here.metric("measured by us", f"{row['test_accuracy']:.1%}" if row else "–")
        if not recipe.published_accuracy:
            st.caption("The article shows its figures in pictures only.")
        if recipe.difference:
            st.caption(recipe.difference)
        pictures.explain(facts(recipe))
        offer(Plan.of(chosen), "Train as published", "full", main=True)
        offer(Plan.of(chosen, **SHORT), "Short, 3 epochs of 6,000 pictures", "short")
        if recipe.oddity:
            st.markdown(f"**What is odd about it.** {recipe.oddity}")
        for variant in recipe.variants:
            st.markdown(f"**{variant.title}.** {variant.words}")
            price = measured.results().get(f"{chosen}/{variant.name}")
            if price and row:
                st.caption(
                    f"Measured by us: {price['test_accuracy']:.1%} with this change, {row['test_accuracy']:.1%} as"
                    " published."
                )
            with st.container(horizontal=True):
                offer(Plan.of(chosen, variant.name), "In full", variant.name)
                offer(Plan.of(chosen, variant.name, **SHORT), "Short", f"{variant.name}_short")

    st.subheader("The network, layer by layer", anchor=False)
    rows = [{"kind": "Input", "shape": (28, 28, 1), "parameters": 0, "setting": "", "sum": ""}, *layers(chosen)]
    pictures.chain(rows, LAYERS)
    summary = pd.DataFrame(
        {
            "layer": [LAYERS[layer["kind"]][0] for layer in rows],
            "how it is set": [layer["setting"] for layer in rows],
            "what it gives": [" × ".join(map(str, layer["shape"])) for layer in rows],
            "numbers to learn": [layer["parameters"] for layer in rows],
            "counted so": [layer["sum"] for layer in rows],
        }
    )
    numbers = {"numbers to learn": st.column_config.NumberColumn(format="localized")}
    st.dataframe(
        summary,
        hide_index=True,
        column_config=numbers,
        key=f"lessons_summary_{chosen}",
        height="content",
        alt=f"The layers of {recipe.title}",
    )
    st.caption(f"In all {recipe.parameters:,} numbers to learn. Keras prints the same table with model.summary().")
    pictures.explain(
        {name: words for kind, (name, words) in LAYERS.items() if kind in {layer["kind"] for layer in rows}}
    )

    st.subheader("Look inside", anchor=False)
    images = data().train_images
    inside = st.pills("What to look at", INSIDE, default="Convolution", required=True, key="lessons_inside")
    number = st.number_input(
        "Training picture", 0, len(images) - 1, min(FIRST_SHIRT, len(images) - 1), key="lessons_picture", width=180
    )
    image = images[number]
    if inside == "Neuron":
        st.write(
            "A neuron multiplies each input by a weight, adds everything up, and turns what is negative into 0. "
            "The weights are what is learned."
        )
        pictures.drawing(
            diagram.neuron((0.9, 0.2, 0.6), (0.8, -0.5, 0.3), 0.1),
            "A neuron: three inputs times weights, summed, negative made 0",
        )
        st.caption("Dashed lines are weights that speak against it; thicker lines count more.")
    elif inside == "Network":
        st.write(
            "Every neuron of a dense layer sees everything before it. 784 dots go in; ten numbers come out, one for"
            " each kind of clothes."
        )
        pictures.drawing(diagram.network(NAMES, 128), "A network: 784 pixels, 128 neurons, ten answers")
        st.caption("Only a few of the 784 dots and 128 neurons are drawn.")
    else:
        name = st.pills(
            "Kernel", list(operations.KERNELS), default="Upright edges", required=True, key="lessons_kernel"
        )
        kernel = operations.KERNELS[name]
        found = operations.convolve(image, kernel.weights)
        kept = operations.relu(found)
        small = operations.pool(kept)
        if inside == "Convolution":
            st.write(f"A kernel is a table of 3 × 3 numbers. It slides over the picture, dot by dot. {kernel.words}")
            pictures.sliding(image, operations.to_grey(found))
            with st.container(horizontal=True):
                down = st.slider("Row", 0, 25, 8, key="lessons_row", width=260)
                along = st.slider("Column", 0, 25, 6, key="lessons_column", width=260)
            window = image[down : down + 3, along : along + 3] / 255
            pictures.products(window, kernel.weights, found[down, along])
            st.caption("In a network nobody chooses these nine numbers: they begin at random and are learned.")
        elif inside == "ReLU":
            st.write(
                "Left: what the kernel gave, middle grey is 0, darker is negative. Right: what is negative has become"
                " 0, black."
            )
            pictures.side_by_side(
                [
                    ("Before", f"from {found.min():.2f} to {found.max():.2f}", operations.to_grey(found)),
                    ("After ReLU", f"from {kept.min():.2f} to {kept.max():.2f}", operations.to_grey(kept)),
                ]
            )
        elif inside == "Max pooling":
            st.write(
                "Of every 2 × 2 numbers the largest stays. The picture has a quarter of its dots and still shows what"
                " was found."
            )
            pictures.side_by_side(
                [
                    ("Before", "26 × 26 dots", operations.to_grey(kept)),
                    ("After pooling", "13 × 13 dots", operations.to_grey(small)),
                ]
            )
        elif inside == "Dropout":
            st.write(
                "While it trains, a random quarter is left out, another one in each step. The rest grows by a third, so"
                " that the sum stays."
            )
            again = st.button("Leave out others", key="lessons_again", icon=":material/casino:")
            seed = st.session_state["lessons_seed"] = st.session_state.get("lessons_seed", 0) + again
            dropped = operations.drop(small, 0.25, seed)
            pictures.side_by_side(
                [
                    ("Before", f"{np.count_nonzero(small)} of 169 not 0", operations.to_grey(small)),
                    (
                        "With a quarter left out",
                        f"{np.count_nonzero(dropped)} of 169 not 0",
                        operations.to_grey(dropped),
                    ),
                ]
            )
        else:
            st.write(
                "Row after row is laid behind the other: 13 × 13 numbers become one row of 169. With 64 filters there"
                " are 64 times as many."
            )
            pictures.side_by_side([("Before", "13 × 13", operations.to_grey(small))])
            pictures.row(operations.to_grey(small))

    st.subheader("Published and measured", anchor=False)
    table = results()
    if len(table):
        st.write(
            "Every recipe trained in full on the real data, on one core, from one seed; and once more with its oddity"
            " switched off."
        )
        st.dataframe(
            table,
            hide_index=True,
            column_config=numbers,
            key="lessons_results",
            height="content",
            alt="All recipes, published and measured",
        )
        for other in RECIPES.values():
            if other.difference:
                st.caption(f"{other.title}: {other.difference}")
    st.subheader("Words of the trade", anchor=False)
    pictures.explain(CHOICES)
