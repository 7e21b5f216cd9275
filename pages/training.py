"""Train: the curve of the live run (else of the one opened, else of the best), what to choose, Start, and the run book."""

import pandas as pd
import streamlit as st

from core import answers, charts, script, weights
from core.lessons import LAYERS, LESSONS
from core.training import Plan, duration, estimate
from models.catalogue import RECIPES, every, layers
from pages.shared.frame import frame, guard
from pages.shared.services import data, jobs, key, own, settings, shared_data, start, store

frame("Train a network", "Choose a network, press Start, and watch it learn.", wide=True)

STATUS = {"waiting": "waits", "running": "trains", "done": "finished", "stopped": "stopped early", "failed": "broke off"}
AMOUNTS = {"a taste": 6_000, "a third": 20_000, "all": None}
BATCHES = [16, 32, 64, 128, 256, 512, 1024]
FILES = {"keras": "keras", "weights": "weights.h5", "tflite": "tflite"}
RATES = [0.0001, 0.0003, 0.001, 0.003, 0.008, 0.02, 0.1]


def nothing_yet() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of a run that has no points."""
    columns = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    return pd.DataFrame(columns=columns), pd.DataFrame(columns=columns)


def follow(run_id: str) -> None:
    """Open a run: its id goes into the address, so that the link shows the same run everywhere."""
    st.query_params["run"] = run_id


with guard():
    runs = store().runs()
    asked = st.query_params.get("run", "")
    known = {run.id: run for run in runs}
    if asked and asked not in known:
        st.info(
            f"There is no run “{asked}” in the run book; it may have been deleted. Here is the latest one.", icon=":material/search_off:"
        )
    live = next((run for run in runs if run.status == "running"), None)
    measured = {run.recipe: run.speed for run in reversed(runs) if run.scored and run.speed}
    shown = known.get(asked) or live or answers.best(runs) or (runs[0] if runs else None)
    curve, choices = st.columns([1.9, 1], gap="large")

    with curve:

        @st.fragment(run_every=None if shown is None or shown.ended else 0.5)
        def watch() -> None:
            """The one part of the page that moves: reads the store twice a second while the run goes on."""
            run = store().run(shown.id)
            recipe = Plan(**run.plan).row
            batches, epochs = store().points(run.id)
            st.subheader(run.name, anchor=False)
            latest = batches.iloc[-1] if len(batches) else None
            if run.status == "waiting":
                ahead = store().ahead(run)
                seconds = sum(
                    estimate(Plan(**other.plan), len(shared_data().train_images), measured) * (1 - other.progress) for other in ahead
                )
                others = (
                    f"{len(ahead)} {'run is' if len(ahead) == 1 else 'runs are'} before it, about {duration(seconds)}"
                    if ahead
                    else "it is next"
                )
                st.info(f"In the queue: {others}. It starts by itself; you may close this page.", icon=":material/hourglass_empty:")
            elif run.status == "running":
                counted = max(len(epochs) + 1, 1)
                words = f"epoch {min(counted, run.plan['epochs'])} of {run.plan['epochs']}" if run.phase == "training" else run.phase
                st.progress(run.progress, text=words)
            elif run.message:
                (st.error if run.status == "failed" else st.info)(run.message)
            facts = st.container(key="training_facts").columns(3 if run.scored else 4)
            if run.scored:
                other = f"as published: {recipe.published_accuracy:.1%}" if recipe.published_accuracy else "people: 83.5 %"
                facts[0].metric("of the test pictures right", f"{run.test_accuracy:.1%}", other, delta_color="off", delta_arrow="off")
                facts[1].metric("test loss", f"{run.test_loss:.3f}")
                if run.seconds is not None:
                    facts[2].metric("time to train", duration(run.seconds))
            elif latest is not None:
                facts[0].metric("right just now", f"{latest.accuracy:.0%}")
                facts[1].metric("loss", f"{latest.loss:.2f}")
                facts[2].metric("pictures a second", f"{run.speed:,.0f}")
                left = Plan(**run.plan).images(len(shared_data().train_images)) * (1 - run.progress) / max(run.speed, 1)
                facts[3].metric("time left", duration(left) if run.phase == "training" else "almost done")
            if len(batches):
                st.plotly_chart(
                    charts.curves(batches, epochs, "accuracy", recipe.published_train_accuracy),
                    key="training_accuracy",
                    config={"displayModeBar": False},
                    alt=f"Share of right answers over the epochs, now {latest.accuracy:.0%}.",
                )
                st.plotly_chart(
                    charts.curves(batches, epochs, "loss", recipe.published_train_loss, height=220),
                    key="training_loss",
                    config={"displayModeBar": False},
                    alt=f"Loss over the epochs, now {latest.loss:.2f}.",
                )
            elif Plan(**run.plan).loads:
                st.write("Its weights come from a file. Nothing was trained here, so there is no curve to show.")
            elif not run.ended:
                st.caption("The curve appears here as soon as the first pictures are learned.")
            if run.status in ("waiting", "running"):
                stop = "Stop and keep what it learned" if run.status == "running" else "Take it out of the queue"
                st.button(
                    stop,
                    key="training_stop",
                    icon=":material/stop:",
                    disabled=run.stop_requested,
                    on_click=lambda: store().stop(run.id, key()),
                )
                if run.stop_requested:
                    st.caption("Stopping: what it learned is scored and saved.")
            if run.status != shown.status:
                st.rerun()

        if shown:
            watch()
            if shown.scored:
                links = st.columns(2)
                links[0].page_link(
                    "pages/mistakes.py", label="Look into its mistakes", icon=":material/grid_on:", query_params={"run": shown.id}
                )
                links[1].page_link(
                    "pages/predict.py", label="Show it a photo", icon=":material/photo_camera:", query_params={"model": shown.id}
                )
        else:
            st.subheader("No run yet", anchor=False)
            st.write(
                "Press Start: the quick network learns to tell ten kinds of clothes apart in a few seconds, and you see it happen here. "
                "Until then, this is how the author of “The fashionable Hello World” saw his network learn."
            )
            st.plotly_chart(
                charts.curves(*nothing_yet(), "accuracy", RECIPES["hello-world"].published_train_accuracy),
                key="training_example",
                config={"displayModeBar": False},
                alt="A published curve: the share of right answers rises from 80 to 88 % in five epochs.",
            )

    with choices:
        name = st.selectbox(
            "Network", list(RECIPES), format_func=lambda word: RECIPES[word].title, key="training_recipe", persist_state="session"
        )
        variant = ""
        if RECIPES[name].variants:
            titles = {"": "As published"} | {row.name: row.title for row in RECIPES[name].variants}
            variant = st.selectbox("How", list(titles), format_func=titles.get, key=f"training_variant_{name}", persist_state="session")
        recipe = RECIPES[name].variant(variant)
        changed = next((row.words for row in recipe.variants if row.name == variant), "")
        st.caption(f"{recipe.sentence} {recipe.parameters:,} numbers to learn. From {recipe.source}. {recipe.oddity} {changed}")
        if name in LESSONS:
            st.page_link("pages/lessons.py", label="Its lesson, step by step", icon=":material/school:", query_params={"lesson": name})
        kind = f"{name}_{variant}" if variant else name
        amount = st.segmented_control(
            "Training pictures",
            [words for words, count in AMOUNTS.items() if count is None or count < len(data().train_images)],
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
            batch_size = st.select_slider(
                "Batch size",
                BATCHES,
                recipe.batch_size,
                key=f"training_batch_{kind}",
                persist_state="session",
                help="Batch: how many pictures it looks at before each small correction. Leave it at first.",
            )
            rate = st.select_slider(
                "Learning rate",
                RATES,
                recipe.learning_rate,
                key=f"training_rate_{kind}",
                persist_state="session",
                help="Learning rate: how large each correction is. Too large and it never settles; too small and it takes for ever.",
            )
            seed = st.number_input(
                "Seed",
                0,
                2**31 - 1,
                0,
                key="training_seed",
                persist_state="session",
                help="Seed: the number every random choice begins from. The same seed gives the same run.",
            )
            title = st.text_input("Name of the run", key="training_name", max_chars=60, placeholder=Plan.of(name, variant).title)
        plan = Plan.of(name, variant, examples=AMOUNTS[amount], epochs=epochs, batch_size=batch_size, learning_rate=rate, seed=int(seed))
        seconds = estimate(plan, len(data().train_images), measured)
        origin = "going by the last run" if name in measured else "a guess: it has not been trained on this computer yet"
        st.write(f"Takes about **{duration(seconds)}** ({origin}).")
        if seconds > 180:
            st.caption("A lesson has three minutes: take fewer epochs, or “a taste” of the pictures.")
        if st.button("Start", type="primary", icon=":material/play_arrow:", key="training_start", width="stretch"):
            follow(start(plan, title.strip() or plan.title))
            st.rerun()
        if own():
            st.caption("Your pictures are kept with the run only until it has ended.")
        if jobs().problem:
            st.warning(jobs().problem)
        with st.expander("What is inside this network"):
            rows = [
                {"layer": LAYERS[row["kind"]][0], "gives": " × ".join(map(str, row["shape"])), "numbers to learn": row["parameters"]}
                for row in layers(name, variant)
            ]
            st.dataframe(pd.DataFrame(rows), hide_index=True, key=f"training_layers_{kind}", alt=f"The layers of {recipe.title}")

    if runs:
        st.subheader("Run book", anchor=False)
        st.caption("Tap the box at the left of a row to open that run.")
        book = pd.DataFrame(
            {
                "name": [run.name for run in runs],
                "network": [RECIPES[run.recipe].title for run in runs],
                "state": [STATUS[run.status] for run in runs],
                "right": [None if run.test_accuracy is None else 100 * run.test_accuracy for run in runs],
                "training": ["loaded" if Plan(**run.plan).loads else duration(run.seconds) if run.seconds else "" for run in runs],
                "pictures": [run.data_title for run in runs],
                "started": [pd.Timestamp(run.created, unit="s") for run in runs],
            }
        )
        columns = {
            "right": st.column_config.NumberColumn("test pictures right", format="%.1f %%"),
            "started": st.column_config.DatetimeColumn("started (UTC)", format="D MMM, HH:mm"),
        }

        def open_selected() -> None:
            """Open the run whose row was tapped."""
            rows = st.session_state["training_book"].selection.rows
            if rows:
                follow(runs[rows[0]].id)

        st.dataframe(
            book,
            hide_index=True,
            column_config=columns,
            on_select=open_selected,
            selection_mode="single-row",
            key="training_book",
            alt="All runs with their state and score",
        )

    with st.expander("Show me the code", key="training_code"):
        st.write(
            "A short Keras script that does the same: same pictures, same order, same figures. Run it on any computer with Python, "
            "change a line, and see what happens."
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
        else:
            code, book = script.script(plan, data().title), script.notebook(plan, data().title)
            stem = plan.recipe
        with st.container(horizontal=True):
            for words, content, ending in (("Download .py", code, "py"), ("Download notebook (.ipynb)", book, "ipynb")):
                st.download_button(
                    words,
                    content,
                    f"{stem}.{ending}",
                    key=f"training_code_{ending}",
                    icon=":material/download:",
                    on_click="ignore",
                )
        st.code(code, language="python", height=460)

    with st.expander("Load weights saved elsewhere", key="training_load"):
        st.write(
            "The script above leaves a file that ends in .weights.h5: the numbers the network has learned. Bring it here, and it is "
            "scored on the test pictures and listed with the other runs."
        )
        loadable = {name: Plan.loading(*name.split("/")) for name in every()}
        owner = st.selectbox(
            "The weights belong to",
            list(loadable),
            format_func=lambda name: loadable[name].title,
            key="training_load_recipe",
            persist_state="session",
        )
        file = st.file_uploader("File of weights", type=["h5"], max_upload_size=weights.MOST_MB, key="training_load_file")
        with guard():
            if st.button("Load and score", key="training_load_start", icon=":material/play_arrow:", disabled=file is None):
                plan = loadable[owner]
                follow(start(plan, f"{plan.title}, loaded", given=weights.checked(file.getvalue())))
                st.rerun()

    if runs:
        with st.expander("Rename, download or delete this run", key="training_this_run"):
            new_name = st.text_input("New name", shown.name, key=f"training_rename_{shown.id}", max_chars=60)
            if st.button("Rename", key="training_rename_button", icon=":material/edit:"):
                store().rename(shown.id, new_name, key())
                st.rerun()
            if shown.scored:
                st.caption(
                    ".keras opens in Python with Keras; .weights.h5 holds the learned numbers alone, for the script above; "
                    ".tflite runs on a phone."
                )
                there = store().artifacts(shown.id)
                with st.container(horizontal=True):
                    for kind in (kind for kind in FILES if kind in there):
                        st.download_button(
                            f"Download .{FILES[kind]}",
                            lambda kind=kind: store().artifact(shown.id, kind),
                            f"{shown.id}.{FILES[kind]}",
                            key=f"training_download_{kind}",
                            icon=":material/download:",
                            on_click="ignore",
                        )
            sure = st.checkbox("Yes, delete this run and all it made", key=f"training_sure_{shown.id}")
            if st.button("Delete", key="training_delete", icon=":material/delete:", disabled=not sure):
                store().delete(shown.id, key())
                st.query_params.clear()
                st.rerun()
