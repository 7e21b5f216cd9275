"""Run book: every run in one list, the panel of one, two to four side by side; runs and weights from elsewhere come in
here."""

import html
import re
import time

import streamlit as st

from core.data.dataset import title_said
from core.language import _, number, percent
from core.runs import bundle, report, script, tensorboard
from core.runs.book import LONGEST_NAME, LONGEST_NOTE, UNDO_SECONDS
from core.runs.schema import FileKind, Run, Status
from core.runs.web_page import web_page
from core.training import weights
from core.training.plan import Plan, duration
from models.catalogue import OWN, every
from pages.shared import builder, downloads, pictures
from pages.shared.book import MOST_COMPARED, book, state, when
from pages.shared.choice import say_unknown_run
from pages.shared.comparing import compare
from pages.shared.curve import curve
from pages.shared.data import data
from pages.shared.errors import fragment, guard, guarded
from pages.shared.frame import frame
from pages.shared.readers import QUICK
from pages.shared.runs import start, store
from pages.shared.session import authority, keep_only, settings
from pages.shared.share import share_menu
from pages.shared.words import plain

frame("runs", _("Run book"), _("Open a run, or tick two to four to compare them."))

FILES = {"keras": "keras", "tflite": "tflite", "weights": "weights.h5"}
DELETED = "runs_deleted"  # where a session keeps what was just deleted: name and time, by id
TURN = "runs_turn"  # and how often something was saved or brought in: what was typed or chosen for it is gone then
STEPS = 20  # a running run's row is drawn anew so often


def choose(*ids: str) -> None:
    """Open runs: their ids go into the address, so that the link shows the same ones everywhere; none closes all."""
    if ids:
        st.query_params["run"] = ",".join(ids)
    elif "run" in st.query_params:
        del st.query_params["run"]


def next_turn() -> None:
    """What is being typed, and a file that lies in an uploader, is done with; what it stood in is closed."""
    st.session_state[TURN] += 1


def matches(run: Run, words: str, status: str) -> bool:
    """Whether a run has these words in its name, note or network, and one state, if one is asked for."""
    text = f"{run.name} {run.note} {run.plan.title} {run.plan.called}".lower()
    return all(word in text for word in words.lower().split()) and status in ("", run.status)


def moving(runs: list[Run]) -> list[tuple[str, str, int]]:
    """What changes by itself while the page is open."""
    return [(run.id, run.status, int(STEPS * run.progress)) for run in runs]


def shelf(runs: list[Run], chosen: list[str]) -> None:
    """The list of runs, with what finds one in it."""
    with st.container(horizontal=True, vertical_alignment="center", key="runs_tools"):
        hint = _("Find by name, note or network")
        found = {"placeholder": hint, "icon": ":material/search:", "label_visibility": "collapsed"}
        words = st.text_input(_("Find"), key="runs_find", **found)
        states = ["", *dict.fromkeys(run.status for run in runs)]
        status = st.selectbox(
            _("State"),
            states,
            format_func=lambda each: _(report.STATUS[each]) if each else _("All states"),
            key="runs_state",
            label_visibility="collapsed",
        )
        bring_in()
    listed = [run for run in runs if matches(run, words, status)]
    if not listed:
        st.write(_("No run fits. Take a word away."))
    curves = {run_id: rows.tolist() for run_id, rows in store().epochs_of_all().groupby("run")["accuracy"]}
    book(listed, curves, chosen, choose)

    @fragment(run_every=2 if any(run.status in (Status.WAITING, Status.RUNNING) for run in runs) else None)
    def watch() -> None:
        """Draws the page anew when a run has moved on."""
        if moving(store().runs()) != moving(sorted(runs, key=lambda run: -run.created)):
            st.rerun()

    watch()


def undo() -> None:
    """For a while, a way back for each run deleted in this session."""
    deleted = st.session_state.setdefault(DELETED, {})
    for run_id, (name, when_deleted) in list(deleted.items()):
        if time.time() - when_deleted > UNDO_SECONDS:
            del deleted[run_id]
            continue
        with st.container(horizontal=True, vertical_alignment="center", key=f"runs_gone_{run_id}"):
            st.write(_("Deleted “{name}”. You can undo this for ten minutes.").format(name=plain(name)))
            if st.button(_("Undo"), key=f"runs_undo_{run_id}", icon=":material/undo:"):
                del deleted[run_id]
                with guard():
                    store().restore(run_id, authority())
                    choose(run_id)
                    st.rerun()


def panel(run: Run) -> None:
    """All about one run, and what can be done with it."""
    st.header(f"{'★ ' if run.pinned else ''}{plain(run.name)}", anchor=False)
    if run.note:
        st.html(f'<p class="note">{html.escape(run.note)}</p>')
    if run.message:
        (st.error if run.status == Status.FAILED else st.info)(plain(run.message))
    figures(run)
    with st.container(horizontal=True, vertical_alignment="center", key="runs_do"):
        if run.scored:
            asked = {"run": run.id}
            st.page_link("mistakes.py", label=_("Its mistakes"), icon=":material/grid_on:", query_params=asked)
            asked = {"model": run.id}
            st.page_link("predict.py", label=_("Show it a photo"), icon=":material/photo_camera:", query_params=asked)
        watch = _("Open in Train") if run.ended else _("Watch it learn")
        st.page_link("training.py", label=watch, icon=":material/monitoring:", query_params={"run": run.id})
        take_away(run)
        share_menu("runs_share", run=run.id)
        if run.belongs_to(authority()):
            change(run)
    if run.plan.loads:
        st.write(_("Its weights come from a file. Nothing was trained here, so there is no curve."))
    else:
        curve(run, "runs_curve", ("accuracy",))
    words = report.plan_in_words(run.plan)
    words |= {_("Clothes"): title_said(run.data_title), _("Started"): when(run.created), _("State"): state(run)}
    st.subheader(_("What was chosen"), anchor=False)
    pictures.explain(words)


def figures(run: Run) -> None:
    """What came of a run, in large figures."""
    shown = {_("of the test pictures right"): percent(run.test_accuracy, 1)} if run.scored else {_("State"): state(run)}
    if run.scored:
        shown[_("loss on the test pictures (0 would be perfect)")] = number(run.test_loss, 3)
    if run.seconds is not None:
        shown[_("time to train")] = duration(run.seconds)
    rows = "".join(
        f"<div><dd>{html.escape(value)}</dd><dt>{html.escape(term)}</dt></div>" for term, value in shown.items()
    )
    st.html(f'<dl class="figures">{rows}</dl>')


def change(run: Run) -> None:
    """Its name, its note, its star and its end: for its owner only."""
    with st.popover(_("Edit"), icon=":material/edit:", key=f"runs_edit_{run.id}_{st.session_state[TURN]}"), guard():
        with st.form(f"runs_form_{run.id}", border=False):
            name = st.text_input(_("Name"), run.name, key=f"runs_name_{run.id}", max_chars=LONGEST_NAME)
            hint = _("What did you try? What came of it?")
            note = st.text_area(
                _("Note"), run.note, max_chars=LONGEST_NOTE, key=f"runs_note_{run.id}", placeholder=hint
            )
            pinned = st.checkbox(_("Keep it on top of the list"), run.pinned, key=f"runs_pin_{run.id}")
            if st.form_submit_button(_("Save"), key="runs_save", icon=":material/save:", type="primary"):
                store().annotate(run.id, authority(), note=note, pinned=pinned)
                store().rename(run.id, name, authority())
                next_turn()
                st.rerun()
        if run.status == Status.RUNNING:
            st.caption(_("It is training. Stop it on the page Train before you delete it."))
        elif st.button(_("Delete this run"), key="runs_delete", icon=":material/delete:"):
            store().delete(run.id, authority())
            st.session_state[DELETED][run.id] = run.name, time.time()
            choose()
            st.rerun()


def take_away(run: Run) -> None:
    """Everything of a run as one file, and behind it each for itself."""
    used, labels = store(), data().test_labels if data().fingerprint == run.fingerprint else None
    stem = f"{re.sub(r'[^a-z0-9]+', '-', run.name.lower()).strip('-') or run.recipe}-{run.id}"
    there = used.artifacts(run.id)
    offers = {_("Report to print (.html)"): ("html", lambda: bundle.printed(run, used, labels).encode())}
    if FileKind.TFLITE in there:
        offers[_("One web page (.html)")] = ("page.html", lambda: web_page(run.id, used))
    for kind in (kind for kind in FILES if kind in there):
        offers[f".{FILES[kind]}"] = (FILES[kind], lambda kind=kind: used.artifact(run.id, kind))
    offers[_("Code (.py)")] = ("py", lambda: script.of_run(run)[0].encode())
    offers[_("Notebook (.ipynb)")] = ("ipynb", lambda: script.of_run(run)[1].encode())
    known = {} if labels is None else {"pictures": len(data().train_images)}
    offers[_("TensorBoard events (.zip)")] = ("tensorboard.zip", lambda: tensorboard.events(run, used, **known))
    mime = "application/octet-stream"
    downloads.offer(_("Download"), lambda: bundle.pack(run, used, labels), f"{stem}.zip", mime, "runs_download_zip")
    with st.popover(_("More files"), icon=":material/folder_open:", key="runs_files"):
        st.caption(
            _(
                "“Download” gives a zip with the network, its code and its report; it can be brought in again, here or"
                " on another computer. .keras opens in Python with Keras, .weights.h5 holds the learned numbers alone,"
                " and .tflite runs on a phone."
            )
        )
        if FileKind.TFLITE in there:
            st.caption(
                _(
                    "“One web page” works by itself, also from a USB stick: draw, or bring a photo, and the network"
                    " answers."
                )
            )
        for words, (ending, make) in offers.items():
            downloads.offer(words, make, f"{stem}.{ending}", mime, f"runs_download_{ending}")


def bring_in() -> None:
    """Runs and weights from elsewhere."""
    turn = st.session_state.setdefault(TURN, 0)  # after each, a new and empty uploader: the file itself is not kept
    with st.popover(_("Import a run"), icon=":material/input:", key=f"runs_bring_{turn}"):
        one, other = st.tabs([_("A downloaded run"), _("Weights alone")])
        with one, guard():
            st.write(
                _(
                    "Choose the zip that “Download” gives, here or on another computer. Its plan, note, curve and"
                    " weights are taken over, and its network is scored on the clothes in use."
                )
            )
            packed = st.file_uploader(
                _("The run (.zip)"), type=["zip"], max_upload_size=bundle.MOST_MB, key=f"runs_import_file_{turn}"
            )
            keep_only([packed] if packed else [], "packed")
            if packed and st.button(_("Add this run"), key="runs_import_start", icon=":material/input:"):
                found = QUICK.do(bundle.unpack, packed.getvalue(), settings())
                past = found.past(data().fingerprint, len(data().train_images), len(data().test_images))
                added(start(found.plan, found.name, weights=found.weights, past=past))
        with other, guard():
            load_weights(turn)


def load_weights(turn: int) -> None:
    """The learned numbers alone become a run that is scored here; which network they belong to, a person must say."""
    st.write(
        _(
            "What a network learned is in .weights.h5, .h5 and .keras files of Keras. Say which network it is, and it"
            " is scored on the clothes in use."
        )
    )
    loadable = {name: Plan.loading(*name.split("/")) for name in every()}
    built = [run.plan for run in store().runs() if run.recipe == OWN]
    loadable |= {plan.network_key: Plan.loading(OWN, layers=plan.layers) for plan in built}
    titles = {
        name: plan.called + (f": {builder.in_words(plan.layers)}" if plan.layers else "")
        for name, plan in loadable.items()
    }
    owner = st.selectbox(
        _("Their network"), list(loadable), format_func=titles.get, key="runs_load_recipe", persist_state="session"
    )
    file = st.file_uploader(
        _("The weights (.h5 or .keras)"), max_upload_size=weights.MOST_MB, key=f"runs_load_file_{turn}"
    )
    keep_only([file] if file else [], "weights")
    if file and st.button(_("Load and score"), key="runs_load_start", icon=":material/play_arrow:"):
        plan = loadable[owner]
        # weights of another network are refused here, and not by a worker: they would leave a run that broke off
        fitting = QUICK.do(weights.matching, file.getvalue(), plan.row.parameters, plan.called)
        added(start(plan, _("{network}, loaded").format(network=plan.called), weights=fitting))


def added(run_id: str) -> None:
    """Open a run that has just come in."""
    next_turn()
    choose(run_id)
    st.rerun()


with guard():
    runs = sorted(store().runs(), key=lambda run: not run.pinned)
    known = {run.id: run for run in runs}
    asked = [run_id for run_id in st.query_params.get("run", "").split(",") if run_id]
    for unknown in [run_id for run_id in asked if run_id not in known][:1]:
        say_unknown_run(unknown)
    chosen = [known[run_id] for run_id in asked if run_id in known]
    st.session_state.setdefault(TURN, 0)
    undo()
    if not runs:
        with st.container(key="runs_none"):
            st.header(_("No run yet"), anchor=False)
            st.write(_("Train a network: its curve, its score and its files are kept here."))
            with st.container(horizontal=True, key="runs_tools"):
                st.page_link("training.py", label=_("Train one in a minute"), icon=":material/play_arrow:")
                bring_in()
    else:
        with st.container(key="runs_desk"):
            with st.container(key="runs_shelf"), guard():
                shelf(runs, [run.id for run in chosen])
            if chosen:
                with st.container(key="runs_open"), guard():
                    back = {"icon": ":material/arrow_back:", "type": "tertiary"}
                    st.button(_("All runs"), key="runs_close", on_click=guarded(choose), **back)
                    if len(chosen) > MOST_COMPARED:
                        st.info(
                            _("{n} runs are asked for; {most} at most can be compared.").format(
                                n=number(len(chosen)), most=MOST_COMPARED
                            )
                        )
                    elif len(chosen) > 1:
                        compare(chosen)
                    else:
                        panel(chosen[0])
