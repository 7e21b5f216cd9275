"""What is chosen before Start: the network, how many pictures and epochs, finer choices, each with a line that says
what it does, and a surprise for those who do not know what to choose.

Knows nothing of runs or of how they are shown.
"""

import random
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.language import N_, _, ngettext, number
from core.training.plan import AMOUNTS, AUGMENTS, SCHEDULES, short
from models.catalogue import OWN, RECIPES, Recipe
from pages.shared.errors import guarded
from pages.shared.session import page_state, settings

ALL = 0  # the amount that means all pictures there are
NETWORK = "network"  # the word of the address
BATCHES = [16, 32, 64, 128, 256, 512, 1024]
RATES = [0.0001, 0.0003, 0.001, 0.003, 0.008, 0.02, 0.1]
DROPOUTS = {0.0: N_("none"), 0.1: N_("a tenth"), 0.2: N_("a fifth"), 0.3: N_("a third"), 0.5: N_("half")}
PATIENCES = (0, 1, 3, 5, 10)  # epochs without a better one
KEEP: Any = {"persist_state": "session"}


@dataclass(frozen=True)
class Surprise:
    """Choices worth a try, and what to guess before pressing Start."""

    question: str
    recipe: str
    epochs: int
    changes: dict = field(default_factory=dict)  # by the word of the control


SURPRISES = (
    Surprise(
        N_("Each picture is mirrored and shifted anew each time. Will it get better?"), "quick", 6, {"augment": "both"}
    ),
    Surprise(
        N_("Its corrections are a hundred times too large. What will the curve look like?"),
        "hello-world",
        3,
        {"rate": 0.1},
    ),
    Surprise(
        N_("Few pictures, looked at forty times. When will the curves part?"),
        "clothes-ann",
        40,
        {"amount": AMOUNTS[0]},
    ),
    Surprise(
        N_("Half of its neurons are left out at each step. Does that help or harm?"), "quick", 4, {"dropout": 0.5}
    ),
    Surprise(
        N_("It looks at 1,024 pictures before each correction. Faster? Better?"), "hello-world", 5, {"batch": 1024}
    ),
    Surprise(
        N_("Its corrections shrink along a wave. Compare with the same run without."),
        "hello-world",
        8,
        {"schedule": "cosine"},
    ),
    Surprise(
        N_("It may train for long, but stops by itself. After how many epochs?"),
        "hello-world",
        60,
        {"amount": AMOUNTS[0], "patience": 3},
    ),
)


def surprise(amounts: list[int]) -> None:
    """Set the choices to one of SURPRISES, another than the last; `amounts` of pictures are those that can be
    chosen."""
    state = st.session_state
    others = [row for row in SURPRISES if row.question != state.get("training_surprise")]
    chosen = random.choice(others)
    state["training_surprise"] = chosen.question
    state["training_recipe"] = st.query_params[NETWORK] = chosen.recipe
    state[f"training_variant_{chosen.recipe}"] = ""
    state[f"training_epochs_{chosen.recipe}"] = chosen.epochs
    plain = {"amount": ALL, "schedule": "", "dropout": 0.0, "augment": "", "patience": 0}
    changes = plain | chosen.changes
    if changes["amount"] not in amounts:
        changes["amount"] = ALL
    for word, value in changes.items():
        of_network = word in ("rate", "batch", "amount")
        state[f"training_{word}_{chosen.recipe}" if of_network else f"training_{word}"] = value


def choose_network() -> tuple[str, str]:
    """The lists of networks and of a network's variants; gives what was chosen, by their names.

    The network stands in the address, so that a reload and a link keep it.
    """
    networks = {word: _(recipe.title) for word, recipe in RECIPES.items()} | {OWN: _("Build your own")}
    state, asked = st.session_state, st.query_params.get(NETWORK)
    if page_state().get(NETWORK) != asked and asked in networks:  # another address than this page has written
        state["training_recipe"] = asked

    def remember() -> None:
        st.query_params[NETWORK] = page_state()[NETWORK] = state["training_recipe"]

    words = {"format_func": networks.get, "key": "training_recipe", "on_change": guarded(remember), **KEEP}
    name = st.selectbox(_("Network"), list(networks), **words)
    if name != asked and (asked or name != next(iter(networks))):
        st.query_params[NETWORK] = name
    page_state()[NETWORK] = st.query_params.get(NETWORK)
    if name == OWN or not RECIPES[name].variants:
        return name, ""
    titles = {"": _("as published")} | {row.name: _(row.title) for row in RECIPES[name].variants}
    return name, st.selectbox(_("How"), list(titles), format_func=titles.get, key=f"training_variant_{name}", **KEEP)


def how_much(recipe: Recipe, kind: str, available: int) -> tuple[int | None, int]:
    """How many pictures, None for all, and how many epochs; what a run of half a minute takes is chosen at first.

    `kind` tells the networks' own choices apart.
    """
    some, usual = short(recipe, available)
    amount = st.segmented_control(
        _("Pictures to learn from"),
        amounts(available),
        format_func=lambda count: number(count) if count else _("all"),
        default=some or ALL,
        required=True,
        key=f"training_amount_{kind}",
        help=_("A few are enough to try something out; all {count} give the best network.").format(
            count=number(available)
        ),
        width="stretch",
        **KEEP,
    )
    epochs = st.slider(
        _("Epochs: rounds through these pictures"),
        1,
        settings().max_epochs,
        min(usual, settings().max_epochs),
        key=f"training_epochs_{kind}",
        **KEEP,
    )
    return amount or None, epochs


def amounts(available: int) -> list[int]:
    """How many of the pictures that there are can be chosen to learn from."""
    return [count or ALL for count in AMOUNTS if count is None or count < available]


def as_published(recipe: Recipe, kind: str) -> None:
    """Choose what the author of a network chose: all pictures, and as many epochs."""
    st.session_state[f"training_amount_{kind}"] = ALL
    st.session_state[f"training_epochs_{kind}"] = min(recipe.epochs, settings().max_epochs)


def _patience(epochs: int) -> str:
    words = ngettext("after {count} epoch without a better one", "after {count} epochs without a better one", epochs)
    return words.format(count=epochs) if epochs else _("never")


def finer(recipe: Recipe, kind: str) -> dict:
    """The controls for batch, rates, dropout, changed pictures, stopping and seed; gives what was chosen, by the names
    of a Plan.

    `kind` tells the networks' own choices apart.
    """
    chosen: dict = {}
    st.caption(_("Leave all of these as they are at first; change one at a time."))
    chosen["batch_size"] = st.select_slider(
        _("Batch size"), BATCHES, recipe.batch_size, key=f"training_batch_{kind}", **KEEP
    )
    st.caption(_("Batch: how many pictures it looks at before each small correction of its numbers."))
    chosen["learning_rate"] = st.select_slider(
        _("Learning rate"), RATES, recipe.learning_rate, key=f"training_rate_{kind}", **KEEP
    )
    st.caption(_("How large each correction is. Too large, and it never settles; too small, and it takes for ever."))
    chosen["schedule"] = st.selectbox(
        _("How the corrections shrink"),
        list(SCHEDULES),
        format_func=lambda name: _(SCHEDULES[name]),
        key="training_schedule",
        **KEEP,
    )
    st.caption(_("Large corrections at the beginning find the way, small ones at the end find the spot."))
    chosen["dropout"] = st.select_slider(
        _("Dropout"), list(DROPOUTS), 0.0, format_func=lambda share: _(DROPOUTS[share]), key="training_dropout", **KEEP
    )
    st.caption(
        _("Neurons before the last layer that each batch leaves out, by chance: it cannot lean on any one of them.")
    )
    chosen["augment"] = st.selectbox(
        _("Changed pictures"),
        list(AUGMENTS),
        format_func=lambda name: _(AUGMENTS[name]),
        key="training_augment",
        **KEEP,
    )
    st.caption(_("Changed anew each time they are looked at, so that it cannot learn them by heart. It takes longer."))
    chosen["patience"] = st.selectbox(
        _("Stop by itself"), PATIENCES, format_func=_patience, key="training_patience", **KEEP
    )
    st.caption(
        _(
            "Validation: some pictures are held back and never learned from. It stops when it gets no better on them,"
            " and goes back to its best epoch. This is called early stopping."
        )
    )
    chosen["seed"] = int(st.number_input(_("Seed"), 0, 2**31 - 1, 0, key="training_seed", **KEEP))
    st.caption(_("The number every random choice begins from. The same seed gives the same run."))
    return chosen
