"""The curve of a run, drawn in the browser by curve.js: it grows by itself while the run trains, and costs no run of
the page's script."""

from pathlib import Path

import streamlit as st

from core.runs.live import version
from core.runs.schema import Run
from models.catalogue import Recipe
from pages.shared.session import authority

_COMPONENT = st.components.v2.component(
    "curve", js=Path(__file__).with_name("curve.js").read_text(encoding="utf-8"), isolate_styles=False
)
BOTH = ("accuracy", "loss")


def curve(run: Run, key: str, measures: tuple[str, ...] = BOTH, chosen: int | None = None, said: bool = False) -> None:
    """How a run stands, and its curve, with the epoch that was `chosen` to look at.

    With `said` also what its network says after each epoch while it trains. When there is something else to press, the
    page is drawn anew.
    """
    _COMPONENT(
        key=key,
        data={
            "address": f"live/{run.id}",
            "version": version(run),
            "mine": run.belongs_to(authority()),
            "epochs": run.plan.epochs,
            "published": _published(run.plan.row),
            "measures": measures,
            "chosen": chosen,
            "said": said,
        },
        on_changed_change=lambda: None,
    )


def published_curve(recipe: Recipe, key: str) -> None:
    """The curve that a recipe's author published."""
    published = _published(recipe)
    epochs = len(published["accuracy"])
    data = {"address": None, "epochs": epochs, "published": published, "measures": ("accuracy",), "said": False}
    _COMPONENT(key=key, data=data)


def _published(recipe: Recipe) -> dict[str, tuple[float, ...]]:
    return {"accuracy": recipe.published_train_accuracy, "loss": recipe.published_train_loss}
