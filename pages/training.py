"""Train: the curve of the live run (else of the one opened, else of the best), what to choose, Start, and the code."""

import math
from dataclasses import replace

import pandas as pd
import streamlit as st

from core.language import _
from core.lessons.articles import LAYERS, LESSONS
from core.runs import results, script
from core.runs.schema import Run, Status
from core.training.plan import Plan, duration, estimate
from models.catalogue import OWN, RECIPES, layers, own_recipe
from pages.shared import builder
from pages.shared.choice import say_unknown_run
from pages.shared.controls import finer, surprise
from pages.shared.curve import published_curve
from pages.shared.data import data
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.runs import run_queue, start, store
from pages.shared.session import settings, uploaded
from pages.shared.watching import replay, watch
from pages.shared.words import plain

frame("training", _("Train"), _("Choose a network, press Start, and watch it learn."))

AMOUNTS = {"a taste": 6_000, "a third": 20_000, "all": None}


def build_on(plan: Plan) -> None:
    """Take the layers of a run into the builder."""
    builder.build_on(plan.layers or ())
    st.session_state["training_recipe"] = OWN


def follow(run_id: str) -> None:
    """Open a run: its id goes into the address, so that the link shows the same run everywhere."""
    st.query_params["run"] = run_id


def train_on(run: Run) -> None:
    """Offer some more epochs from where a run stands; they become a run of their own."""
    room = settings().max_epochs - math.ceil(run.kept_epoch)
    if room < 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="training_on"):
        more = st.number_input("Train on for … epochs", 1, room, min(3, room), key=f"training_more_{run.id}", width=190)
        if st.button("Train on", key="training_on_start", icon=":material/fast_forward:"):
            plan = replace(run.plan, epochs=math.ceil(run.kept_epoch) + int(more))
            follow(start(plan, f"{run.name}, trained on", parent=run.id))
            st.rerun()
    st.caption("It goes on from where this run ended, with its own choices; this run stays as it is.")


with guard():
    runs = store().runs()
    asked = st.query_params.get("run", "")
    known = {run.id: run for run in runs}
    if asked and asked not in known:
        say_unknown_run(asked, "Here is the latest one.")
    live = next((run for run in runs if run.status == Status.RUNNING), None)
    shown = known.get(asked) or live or results.best(runs) or (runs[0] if runs else None)
    curve, choices = st.columns([1.9, 1], gap="large")

    with curve:
        if shown:
            watch(shown)
            if shown.ended and shown.kept_epoch and shown.fingerprint == data().fingerprint:
                train_on(shown)
            if shown.recipe == OWN:
                of_shown = shown.plan
                st.caption(f"Its layers: {builder.in_words(of_shown.layers or ())}")
                st.button(
                    "Build on it",
                    key="training_build_on",
                    icon=":material/construction:",
                    on_click=guarded(build_on),
                    args=(of_shown,),
                )
            if shown.scored:
                links = st.columns(2)
                links[0].page_link(
                    "mistakes.py",
                    label="Look into its mistakes",
                    icon=":material/grid_on:",
                    query_params={"run": shown.id},
                )
                links[1].page_link(
                    "predict.py",
                    label="Show it a photo",
                    icon=":material/photo_camera:",
                    query_params={"model": shown.id},
                )
            if shown.ended:
                replay(shown)
        else:
            st.subheader("No run yet", anchor=False)
            st.write(
                "Press Start: the quick network learns to tell ten kinds of clothes apart in a few seconds, and you see"
                " it happen here. Until then, this is how the author of “The fashionable Hello World” saw his network"
                " learn."
            )
            published_curve(RECIPES["hello-world"], "training_example")

    with choices:
        measured = store().speeds()
        networks = {word: recipe.title for word, recipe in RECIPES.items()} | {OWN: "Build your own"}
        name = st.selectbox(
            "Network", list(networks), format_func=networks.get, key="training_recipe", persist_state="session"
        )
        own_layers = builder.build(len(data().train_images), measured) if name == OWN else None
        fits = name != OWN or own_layers is not None
        variant = ""
        if name != OWN and RECIPES[name].variants:
            titles = {"": "As published"} | {row.name: row.title for row in RECIPES[name].variants}
            variant = st.selectbox(
                "How", list(titles), format_func=titles.get, key=f"training_variant_{name}", persist_state="session"
            )
        recipe = own_recipe(own_layers or ()) if name == OWN else RECIPES[name].variant(variant)
        if name != OWN:
            changed = next((row.words for row in recipe.variants if row.name == variant), "")
            st.caption(
                f"{recipe.sentence} {recipe.parameters:,} numbers to learn. From {recipe.source}. {recipe.oddity}"
                f" {changed}"
            )
        if name in LESSONS:
            st.page_link(
                "lessons.py",
                label="Its lesson, step by step",
                icon=":material/school:",
                query_params={"lesson": name},
            )
        kind = f"{name}_{variant}" if variant else name
        amounts = [words for words, count in AMOUNTS.items() if count is None or count < len(data().train_images)]
        amount = st.segmented_control(
            "Training pictures",
            amounts,
            default="all",
            required=True,
            key="training_amount",
            persist_state="session",
            help="A few are enough to try something out; all 60,000 give the best network.",
        )
        epochs = st.slider(
            "Epochs",
            1,
            settings().max_epochs,
            recipe.epochs,
            key=f"training_epochs_{kind}",
            persist_state="session",
            help="Epoch: one look at all training pictures. Leave it as it is at first.",
        )
        with st.expander("More choices"):
            finer_choices = finer(recipe, kind)
            title = st.text_input(
                "Name of the run", key="training_name", max_chars=60, placeholder=Plan.of(name, variant).title
            )
        plan = Plan.of(name, variant, layers=own_layers, examples=AMOUNTS[amount], epochs=epochs, **finer_choices)
        if fits:
            seconds = estimate(plan, len(data().train_images), measured)
            origin = (
                "going by the last run"
                if plan.network_key in measured
                else "a guess: it has not been trained on this computer yet"
            )
            st.write(f"Takes about **{duration(seconds)}** ({origin}).")
            if seconds > 180:
                st.caption("A lesson has three minutes: take fewer epochs, or “a taste” of the pictures.")
        if st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            key="training_start",
            width="stretch",
            disabled=not fits,
        ):
            follow(start(plan, title.strip() or plan.title))
            st.rerun()
        st.button(
            "Surprise me",
            key="training_surprise_me",
            icon=":material/casino:",
            on_click=guarded(surprise),
            args=[amounts],
            width="stretch",
        )
        if question := st.session_state.get("training_surprise"):
            st.info(f"{question} Guess first, then press Start.", icon=":material/psychology:")
        if uploaded():
            st.caption("Your pictures are kept with the run only until it has ended.")
        if run_queue().problem:
            st.warning(plain(run_queue().problem))
        if name != OWN:
            with st.expander("What is inside this network"):
                rows = [
                    {
                        "layer": LAYERS[row["kind"]][0],
                        "gives": " × ".join(map(str, row["shape"])),
                        "numbers to learn": row["parameters"],
                    }
                    for row in layers(name, variant)
                ]
                st.dataframe(
                    pd.DataFrame(rows),
                    hide_index=True,
                    key=f"training_layers_{kind}",
                    alt=f"The layers of {recipe.title}",
                )

    if runs:
        st.page_link("runs.py", label="Run book", icon=":material/list:")

    with st.expander("Show me the code", key="training_code"):
        st.write(
            "A short Keras script that does the same: same pictures, same order, same figures. Run it on any computer"
            " with Python, change a line, and see what happens."
        )
        of_run = ["this run"] if shown else []
        choice = st.segmented_control(
            "Code of",
            [*of_run, "what is chosen above"],
            default="this run" if shown else None,
            required=bool(shown),
            key="training_code_of",
        )
        if shown and choice == "this run":
            code, book = script.of_run(shown)
            stem = f"{shown.recipe}-{shown.id}"
        elif fits:
            code, book = script.script(plan, data().title), script.notebook(plan, data().title)
            stem = plan.recipe
        else:
            code = ""
            st.info(
                "The layers above do not fit together yet. As soon as they do, their code stands here.",
                icon=":material/code:",
            )
        if code:
            with st.container(horizontal=True):
                for words, content, ending in (
                    ("Download .py", code, "py"),
                    ("Download notebook (.ipynb)", book, "ipynb"),
                ):
                    st.download_button(
                        words,
                        content,
                        f"{stem}.{ending}",
                        key=f"training_code_{ending}",
                        icon=":material/download:",
                        on_click="ignore",
                    )
            st.code(code, language="python", height=460)
