"""Run book: every run in one table, the panel of one, two to four side by side; runs and weights from elsewhere come in
here."""

import re
import time

import pandas as pd
import streamlit as st

from core.language import _
from core.runs import bundle, report, script, tensorboard
from core.runs.book import LONGEST_NAME, LONGEST_NOTE, NOT_YOURS, UNDO_SECONDS
from core.runs.schema import Run, Status
from core.training import weights
from core.training.plan import Plan, duration
from core.words import cell, line
from models.catalogue import OWN, every
from pages.shared import builder, downloads, pictures
from pages.shared.choice import say_unknown_run
from pages.shared.comparing import MOST_COMPARED, compare
from pages.shared.curve import curve
from pages.shared.data import data
from pages.shared.errors import fragment, guard, guarded
from pages.shared.frame import frame
from pages.shared.readers import QUICK
from pages.shared.runs import start, store
from pages.shared.session import authority, keep_only, settings
from pages.shared.words import plain

frame("runs", _("Run book"), _("Every run is kept here. Tick one to open it, or two to four to compare them."))

FILES = {"keras": "keras", "tflite": "tflite", "weights": "weights.h5"}
DELETED = "runs_deleted"  # where a session keeps what was just deleted: name and time, by id
STEPS = 20  # a running run's row is drawn anew so often


def choose(*ids: str) -> None:
    """Open runs: their ids go into the address, so that the link shows the same ones everywhere."""
    st.query_params["run"] = ",".join(ids)


def network(run: Run) -> str:
    """What the network of a run is called."""
    return run.plan.title


def state(run: Run) -> str:
    """The state of a run in words, with how far it has come."""
    words = report.STATUS[run.status]
    return f"{words}, {run.progress:.0%}" if run.status in (Status.RUNNING, Status.PAUSED) and run.progress else words


def matches(run: Run, words: str, states: list[str]) -> bool:
    """Whether a run has these words in its name, note or network, and one of these states."""
    text = f"{run.name} {run.note} {network(run)}".lower()
    return all(word in text for word in words.lower().split()) and (not states or report.STATUS[run.status] in states)


def trained(run: Run) -> str:
    """How long a run trained, or that it did not."""
    if run.plan.loads:
        return "loaded"
    return "" if run.seconds is None else duration(run.seconds)


def moving(runs: list[Run]) -> list[tuple[str, str, int]]:
    """What changes by itself while the page is open."""
    return [(run.id, run.status, int(STEPS * run.progress)) for run in runs]


def book(runs: list[Run], chosen: list[str]) -> None:
    """The table of runs; what is ticked goes into the address."""
    epochs = store().epochs_of_all()
    curves = {run_id: (100 * curve).tolist() for run_id, curve in epochs.groupby("run")["accuracy"]}
    table = pd.DataFrame(
        {
            "name": [f"{'★ ' if run.pinned else ''}{cell(line(run.name))}" for run in runs],
            "curve": [curves.get(run.id, []) for run in runs],
            "right": [None if run.test_accuracy is None else 100 * run.test_accuracy for run in runs],
            "state": [state(run) for run in runs],
            "network": [network(run) for run in runs],
            "training": [trained(run) for run in runs],
            "note": [cell(line(run.note)) for run in runs],
            "started": [pd.Timestamp(run.created, unit="s") for run in runs],
        }
    )
    values = [value for run in runs for value in curves.get(run.id, [])]
    columns = {
        "name": st.column_config.TextColumn("name", width=190),
        "curve": st.column_config.LineChartColumn(
            "curve",
            width=120,
            y_min=min(values, default=0),
            y_max=max(values, default=100),
            color="primary",
            help="The share of training pictures it got right after each epoch; all curves have the same height.",
        ),
        "right": st.column_config.NumberColumn(
            "right", format="%.1f %%", width=75, help="The share of the test pictures it gets right."
        ),
        "state": st.column_config.TextColumn("state", width=105),
        "network": st.column_config.TextColumn("network", width=130),
        "training": st.column_config.TextColumn("time", width=60, help="How long it trained."),
        "note": st.column_config.TextColumn("note", width=160),
        "started": st.column_config.DatetimeColumn("started (UTC)", format="D MMM, HH:mm", width=120),
    }
    ids = [run.id for run in runs]
    widget = f"runs_book_{hash(tuple(ids))}"  # a tick belongs to a row: other rows, another table
    st.dataframe(
        table,
        hide_index=True,
        row_height=44,
        placeholder="",
        column_config=columns,
        on_select=guarded(lambda: choose(*(ids[row] for row in st.session_state[widget].selection.rows))),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(run_id) for run_id in chosen if run_id in ids]}},
        key=widget,
        alt="All runs with their state and score",
    )


def undo() -> None:
    """For a while, a way back for each run deleted in this session."""
    deleted = st.session_state.setdefault(DELETED, {})
    for run_id, (name, when) in list(deleted.items()):
        if time.time() - when > UNDO_SECONDS:
            del deleted[run_id]
            continue
        with st.container(horizontal=True, vertical_alignment="center", key=f"runs_gone_{run_id}"):
            st.write(f"Deleted “{plain(name)}”. For ten minutes you can take that back.")
            if st.button("Undo", key=f"runs_undo_{run_id}", icon=":material/undo:"):
                del deleted[run_id]
                with guard():
                    store().restore(run_id, authority())
                    choose(run_id)
                    st.rerun()


def panel(run: Run) -> None:
    """All about one run, and what can be done with it."""
    st.subheader(f"{'★ ' if run.pinned else ''}{plain(run.name)}", anchor=False)
    with st.container(horizontal=True, key="runs_links"):
        watch = "Watch it learn" if not run.ended else "Open in Train"
        st.page_link("training.py", label=watch, icon=":material/monitoring:", query_params={"run": run.id})
        if run.scored:
            st.page_link("mistakes.py", label="Its mistakes", icon=":material/grid_on:", query_params={"run": run.id})
            st.page_link(
                "predict.py",
                label="Show it a photo",
                icon=":material/photo_camera:",
                query_params={"model": run.id},
            )
    if run.message:
        (st.error if run.status == Status.FAILED else st.info)(plain(run.message))
    left, right = st.columns([1.4, 1], gap="large")
    with left:
        outcome(run)
    with right.container(key="runs_words"):
        words = report.plan_in_words(run.plan)
        words |= {
            "Clothes": run.data_title,
            "Started": f"{pd.Timestamp(run.created, unit='s'):%d %B %Y, %H:%M} UTC",
            "State": state(run),
        }
        pictures.explain(words)
    change(run)
    take_away(run)


def outcome(run: Run) -> None:
    """What came of a run in figures, and its curve."""
    facts = st.container(key="runs_facts").columns(3)
    if run.scored:
        facts[0].metric("of the test pictures right", f"{run.test_accuracy:.1%}")
        facts[1].metric("test loss", f"{run.test_loss:.3f}")
    else:
        facts[0].metric("state", state(run))
    if run.seconds is not None:
        facts[2].metric("time to train", duration(run.seconds))
    if run.plan.loads:
        st.write("Its weights come from a file. Nothing was trained here, so there is no curve to show.")
    else:
        curve(run, "runs_curve", ("accuracy",))


def change(run: Run) -> None:
    """Its note, its name, its star and its end: for its owner only."""
    is_owner = run.belongs_to(authority())
    if not is_owner:
        st.caption(NOT_YOURS)
    written, named = st.columns([1.4, 1], gap="large")
    with written:
        note = st.text_area(
            "Note",
            run.note,
            max_chars=LONGEST_NOTE,
            key=f"runs_note_{run.id}",
            disabled=not is_owner,
            placeholder="What did you try? What came of it?",
        )
        if st.button(
            "Save the note", key="runs_note_save", icon=":material/save:", disabled=not is_owner or note == run.note
        ):
            store().annotate(run.id, authority(), note=note)
            st.rerun()
    with named:
        name = st.text_input("Name", run.name, key=f"runs_name_{run.id}", max_chars=LONGEST_NAME, disabled=not is_owner)
        with st.container(horizontal=True):
            if st.button(
                "Rename", key="runs_rename", icon=":material/edit:", disabled=not is_owner or name == run.name
            ):
                store().rename(run.id, name, authority())
                st.rerun()
            pin = "Take the star away" if run.pinned else "Keep it on top"
            if st.button(pin, key="runs_pin", icon=":material/star:", disabled=not is_owner):
                store().annotate(run.id, authority(), pinned=not run.pinned)
                st.rerun()
            if st.button(
                "Delete",
                key="runs_delete",
                icon=":material/delete:",
                disabled=not is_owner or run.status == Status.RUNNING,
            ):
                store().delete(run.id, authority())
                st.session_state[DELETED][run.id] = run.name, time.time()
                del st.query_params["run"]
                st.rerun()


def take_away(run: Run) -> None:
    """Everything of a run as files."""
    st.subheader("Take it with you", anchor=False)
    st.caption(
        "The zip holds all the others, and can be brought in again here or on another computer. The report is a page to"
        " print. .keras opens in Python with Keras; .weights.h5 holds the learned numbers alone, for the code; .tflite"
        " runs on a phone."
    )
    used, labels = store(), data().test_labels if data().fingerprint == run.fingerprint else None
    stem = f"{re.sub(r'[^a-z0-9]+', '-', run.name.lower()).strip('-') or run.recipe}-{run.id}"
    there = used.artifacts(run.id)
    offers = {"Everything as one zip": ("zip", lambda: bundle.pack(run, used, labels))}
    offers["Report to print (.html)"] = ("html", lambda: bundle.printed(run, used, labels).encode())
    for kind in (kind for kind in FILES if kind in there):
        offers[f".{FILES[kind]}"] = (FILES[kind], lambda kind=kind: used.artifact(run.id, kind))
    offers["Code (.py)"] = ("py", lambda: script.of_run(run)[0].encode())
    offers["Notebook (.ipynb)"] = ("ipynb", lambda: script.of_run(run)[1].encode())
    offers["TensorBoard events (.zip)"] = ("tensorboard.zip", lambda: tensorboard.events(run, used))
    with st.container(horizontal=True):
        for words, (ending, make) in offers.items():
            looks = {"icon": "folder_zip", "main": True} if ending == "zip" else {}
            downloads.offer(
                words, make, f"{stem}.{ending}", "application/octet-stream", f"runs_download_{ending}", **looks
            )


def bring_in() -> None:
    """Runs and weights from elsewhere."""
    st.subheader("Bring one in", anchor=False)
    turn = st.session_state.setdefault(
        "runs_turn", 0
    )  # after each, a new and empty uploader: the file itself is not kept here
    with st.expander("A run that was packed as a zip", key="runs_import"):
        st.write(
            "Its plan, its note, its curve and its weights are looked through and taken over, and the network is scored"
            " on the test pictures in use. Its other files are never opened, and nothing in it can run."
        )
        packed = st.file_uploader(
            "Packed run", type=["zip"], max_upload_size=bundle.MOST_MB, key=f"runs_import_file_{turn}"
        )
        keep_only([packed] if packed else [], "packed")
        with guard():
            if st.button(
                "Look through it and add it", key="runs_import_start", icon=":material/input:", disabled=packed is None
            ):
                found = QUICK.do(bundle.unpack, packed.getvalue(), settings())
                past = found.past(data().fingerprint, len(data().train_images), len(data().test_images))
                added(start(found.plan, found.name, weights=found.weights, past=past))
    with st.expander("Weights saved elsewhere", key="runs_load"):
        st.write(
            "The code of a run leaves a file that ends in .weights.h5: the numbers the network has learned. Bring it"
            " here, and it is scored on the test pictures and listed with the other runs."
        )
        loadable = {name: Plan.loading(*name.split("/")) for name in every()}
        built = [run.plan for run in store().runs() if run.recipe == OWN]
        loadable |= {plan.network_key: Plan.loading(OWN, layers=plan.layers) for plan in built}
        titles = {
            name: plan.title + (f": {builder.in_words(plan.layers)}" if plan.layers else "")
            for name, plan in loadable.items()
        }
        owner = st.selectbox(
            "The weights belong to",
            list(loadable),
            format_func=titles.get,
            key="runs_load_recipe",
            persist_state="session",
        )
        file = st.file_uploader(
            "File of weights", type=["h5"], max_upload_size=weights.MOST_MB, key=f"runs_load_file_{turn}"
        )
        keep_only([file] if file else [], "weights")
        with guard():
            if st.button("Load and score", key="runs_load_start", icon=":material/play_arrow:", disabled=file is None):
                plan = loadable[owner]
                added(start(plan, f"{plan.title}, loaded", weights=weights.checked(file.getvalue())))


def added(run_id: str) -> None:
    """Open a run that has just come in."""
    st.session_state["runs_turn"] += 1
    choose(run_id)
    st.rerun()


with guard():
    runs = sorted(store().runs(), key=lambda run: not run.pinned)
    known = {run.id: run for run in runs}
    asked = [run_id for run_id in st.query_params.get("run", "").split(",") if run_id]
    for unknown in [run_id for run_id in asked if run_id not in known][:1]:
        say_unknown_run(unknown)
    chosen = [known[run_id] for run_id in asked if run_id in known]
    undo()
    if not runs:
        st.subheader("No run yet", anchor=False)
        st.write("Train a network, and it stands here with its curve and its score.")
        st.page_link("training.py", label="Train one", icon=":material/play_arrow:")
    else:
        there = list(dict.fromkeys(report.STATUS[run.status] for run in runs))
        find, *more = st.columns([1, 1.4][: len(there)], gap="medium", vertical_alignment="bottom")
        words = find.text_input(
            "Find", key="runs_find", placeholder="name, note or network", icon=":material/search:", width=420
        )
        only = more[0].pills("State", there, selection_mode="multi", key="runs_states") if more else []
        listed = [run for run in runs if matches(run, words, only)]
        if listed:
            book(listed, asked)
        else:
            st.write("No run fits. Take a word away.")

        @fragment(run_every=2 if any(run.status in (Status.WAITING, Status.RUNNING) for run in runs) else None)
        def watch() -> None:
            """Draws the page anew when a run has moved on."""
            if moving(store().runs()) != moving(sorted(runs, key=lambda run: -run.created)):
                st.rerun()

        watch()
        with guard():
            if len(chosen) > MOST_COMPARED:
                st.info(f"{len(chosen)} runs are ticked; {MOST_COMPARED} can stand side by side. Take some ticks away.")
            elif len(chosen) > 1:
                compare(chosen)
            elif chosen:
                panel(chosen[0])
            else:
                st.caption("Tick the box at the left of a row.")
    bring_in()
