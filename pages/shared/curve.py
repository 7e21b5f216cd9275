"""The parts of a page that show a run, drawn in the browser by line.js and curve.js: its numbers, its curve, what its
network says. They move by themselves while it trains, and cost no run of the page's script."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.language import _, current, number, percent
from core.runs.schema import Run
from core.runs.standing import Standing, version
from core.training.plan import Plan
from models.catalogue import Recipe
from pages.shared.session import authority

_SCRIPT = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("line.js", "curve.js"))
_COMPONENT = st.components.v2.component("curve", js=_SCRIPT, isolate_styles=False)
BOTH = ("accuracy", "loss")
NUMBERS, TOOLS, TWELVE, MATRIX, FILTERS, NOTE = "numbers", "tools", "twelve", "matrix", "filters", "note"


def curve(
    run: Run, key: str, measures: Sequence[str] = BOTH, parts: Sequence[str] | None = None, title: str = ""
) -> None:
    """How a run stands, its curve, and other `parts`. When there is something else to press, the page is drawn anew.

    With the `title` of the page, the tab of the browser says how the run stands while it trains.
    """
    if parts is None:
        parts = (TOOLS,) if run.ended else (NUMBERS, TOOLS, NOTE)
    data = _of(run) | {"measures": measures, "parts": parts, "title": title, "asks": True}
    _COMPONENT(key=key, data=data, on_changed_change=lambda: None)


def more(
    run: Run, key: str, measures: Sequence[str] = (), parts: Sequence[str] = (), kept: Sequence[int] | None = None
) -> None:
    """Further parts of a run that `curve` shows elsewhere on the page; of the epochs of a run that has ended, those
    that were `kept` can be looked at."""
    _COMPONENT(key=key, data=_of(run) | {"measures": measures, "parts": parts, "kept": kept})


def published_curve(
    recipe: Recipe, key: str, measures: Sequence[str] = ("accuracy",), parts: Sequence[str] = ()
) -> None:
    """The curve that a recipe's author published, and with NUMBERS what it came to."""
    published = _published(recipe)
    figures = [
        (_("right answers at the end"), percent(recipe.published_train_accuracy[-1], 1), ""),
        (_("loss"), number(recipe.published_train_loss[-1], 2), _("how far off it is")),
        (_("epochs"), number(len(recipe.published_train_accuracy)), ""),
    ]
    words = _("This is how the network of “The fashionable Hello World” learned. Press Start to see yours.")
    data = {
        "address": None,
        "lang": current(),
        "epochs": len(published["accuracy"]),
        "published": published,
        "measures": measures,
        "parts": parts,
        "words": _words(),
        "state": {"figures": figures, "words": words, "ended": True},
    }
    _COMPONENT(key=key, data=data)


def _of(run: Run) -> dict[str, Any]:
    standing = Standing(run, [])  # until the line says more
    return {
        "address": f"live/{run.id}",
        "lang": current(),
        "version": version(run),
        "mine": run.belongs_to(authority()),
        "epochs": run.plan.epochs,
        "published": _published(run.plan.row) if _as_published(run.plan) else {},
        "words": _words(),
        "state": {"figures": standing.state()["figures"], "ended": run.ended},
    }


def _as_published(plan: Plan) -> bool:
    """Whether a plan is long enough to be compared with what its recipe's author published."""
    return plan.epochs >= len(plan.row.published_train_accuracy)


def _published(recipe: Recipe) -> dict[str, tuple[float, ...]]:
    return {"accuracy": recipe.published_train_accuracy, "loss": recipe.published_train_loss}


def _words() -> dict[str, str]:
    """What the parts say by themselves, in the reader's language."""
    return {
        "accuracy": _("right answers"),
        "loss": _("loss"),
        "percent": percent(0.5).replace("50", "{share}"),
        "progress": _("How far the training is"),
        "starting": _("Starting …"),
        "epochs": _("epochs"),
        "epochs_meaning": _("One epoch: every picture to learn from looked at once"),
        "seconds": _("seconds"),
        "seconds_meaning": _("Seconds of training, breaks left out"),
        "smooth": _("smooth"),
        "smooth_meaning": _("The mean of what came before, so that chance shows less"),
        "log": _("log scale"),
        "log_meaning": _("For the loss: each step up is ten times as much, so that small differences show"),
        "whole": _("whole curve"),
        "raw": _("each moment"),
        "smoothed": _("smoothed"),
        "published": _("as published"),
        "training": _("pictures it learns from"),
        "validation": _("validation: pictures held back"),
        "seam": _("resumed"),
        "chosen": _("looked at"),
        "over_epochs": _("{name} over the epochs, now {now}"),
        "over_seconds": _("{name} over the seconds, now {now}"),
        "values": _("{share} right, loss {loss}"),
        "at_epoch": _("epoch {epoch}"),
        "at_time": _("epoch {epoch}, {seconds} s"),
        "whole_epoch": _("after epoch {epoch}: {values}"),
        "held_back": _("pictures held back: {values}"),
        "replay": _("Replay: its answers after which epoch"),
        "after": _("What it says after epoch {epoch}"),
        "answers": _("What it says of twelve pictures, once an epoch is over"),
    }
