"""The finer choices of a run, each with a line that says what it does, and a surprise for those who do not know what to
choose.

Knows nothing of runs or of how they are shown.
"""

import random
from dataclasses import dataclass, field

import streamlit as st

from core.training.plan import AUGMENTS, SCHEDULES
from models.catalogue import Recipe

BATCHES = [16, 32, 64, 128, 256, 512, 1024]
RATES = [0.0001, 0.0003, 0.001, 0.003, 0.008, 0.02, 0.1]
DROPOUTS = {0.0: "none", 0.1: "a tenth", 0.2: "a fifth", 0.3: "a third", 0.5: "half"}
PATIENCES = {0: "never", 1: "after 1 epoch without a better one", 3: "after 3", 5: "after 5", 10: "after 10"}


@dataclass(frozen=True)
class Surprise:
    """Choices worth a try, and what to guess before pressing Start."""

    question: str
    recipe: str
    epochs: int
    changes: dict = field(default_factory=dict)  # by the word of the control


SURPRISES = (
    Surprise(
        "Each picture is mirrored and shifted anew each time. Will it get better?", "quick", 6, {"augment": "both"}
    ),
    Surprise(
        "Its corrections are a hundred times too large. What will the curve look like?", "hello-world", 3, {"rate": 0.1}
    ),
    Surprise(
        "Few pictures, looked at forty times. When will the curves part?",
        "clothes-ann",
        40,
        {"amount": "a taste", "patience": 0},
    ),
    Surprise("Half of its neurons are left out at each step. Does that help or harm?", "quick", 4, {"dropout": 0.5}),
    Surprise("It looks at 1,024 pictures before each correction. Faster? Better?", "hello-world", 5, {"batch": 1024}),
    Surprise(
        "Its corrections shrink along a wave. Compare with the same run without.",
        "hello-world",
        8,
        {"schedule": "cosine"},
    ),
    Surprise(
        "It may train for long, but stops by itself. After how many epochs?",
        "hello-world",
        60,
        {"amount": "a taste", "patience": 3},
    ),
)


def surprise(amounts: list[str]) -> None:
    """Set the choices to one of SURPRISES, another than the last; `amounts` of pictures are those that can be
    chosen."""
    state = st.session_state
    others = [row for row in SURPRISES if row.question != state.get("training_surprise")]
    chosen = random.choice(others)
    state["training_surprise"] = chosen.question
    state["training_recipe"] = chosen.recipe
    state[f"training_variant_{chosen.recipe}"] = ""
    state[f"training_epochs_{chosen.recipe}"] = chosen.epochs
    plain = {"amount": "all", "schedule": "", "dropout": 0.0, "augment": "", "patience": 0}
    changes = plain | chosen.changes
    if changes["amount"] not in amounts:
        changes["amount"] = "all"
    for word, value in changes.items():
        state[f"training_{word}_{chosen.recipe}" if word in ("rate", "batch") else f"training_{word}"] = value


def finer(recipe: Recipe, kind: str) -> dict:
    """The controls for batch, rates, dropout, changed pictures, stopping and seed; gives what was chosen, by the names
    of a Plan.

    `kind` tells the networks' own choices apart.
    """
    keep = {"persist_state": "session"}
    chosen: dict = {}
    st.caption("Leave all of these as they are at first; change one at a time.")
    chosen["batch_size"] = st.select_slider(
        "Batch size", BATCHES, recipe.batch_size, key=f"training_batch_{kind}", **keep
    )
    st.caption("How many pictures it looks at before each small correction.")
    chosen["learning_rate"] = st.select_slider(
        "Learning rate", RATES, recipe.learning_rate, key=f"training_rate_{kind}", **keep
    )
    st.caption("How large each correction is. Too large and it never settles; too small and it takes for ever.")
    chosen["schedule"] = st.selectbox(
        "The learning rate", list(SCHEDULES), format_func=SCHEDULES.get, key="training_schedule", **keep
    )
    st.caption("Large corrections at the beginning find the way, small ones at the end find the spot.")
    chosen["dropout"] = st.select_slider(
        "Dropout", list(DROPOUTS), 0.0, format_func=DROPOUTS.get, key="training_dropout", **keep
    )
    st.caption(
        "Neurons before the last layer that each batch leaves out, by chance: it cannot lean on any one of them."
    )
    chosen["augment"] = st.selectbox(
        "Training pictures", list(AUGMENTS), format_func=AUGMENTS.get, key="training_augment", **keep
    )
    st.caption("Changed anew each time they are looked at, so that it cannot learn them by heart. It takes longer.")
    chosen["patience"] = st.selectbox(
        "Stop by itself", list(PATIENCES), format_func=PATIENCES.get, key="training_patience", **keep
    )
    st.caption(
        "It stops when the pictures held back get no better, and goes back to its best epoch. This is called early"
        " stopping."
    )
    chosen["seed"] = int(st.number_input("Seed", 0, 2**31 - 1, 0, key="training_seed", **keep))
    st.caption("The number every random choice begins from. The same seed gives the same run.")
    return chosen
