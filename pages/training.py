"""Train: what to choose and Start beside the numbers, the curve and twelve answers of a run; below, what else it shows.

The run is the one in the address, else one's own that trains, else another that trains, else the best.
"""

import pandas as pd
import streamlit as st

from core.language import _, number
from core.lessons.articles import LESSONS
from core.lessons.terms import LAYERS
from core.runs import results, script
from core.runs.schema import Run, Status, owner_of
from core.training.plan import Measured, Plan, duration, estimate
from models.catalogue import OWN, RECIPES, Recipe, layers, own_recipe
from pages.shared import builder
from pages.shared.choice import say_unknown_run
from pages.shared.controls import amounts, as_published, choose_network, finer, how_much, surprise
from pages.shared.curve import FILTERS, MATRIX, NUMBERS, TOOLS, more, published_curve
from pages.shared.data import data, shared_data
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.runs import run_queue, start, store, untrainable
from pages.shared.session import key, page_state, uploaded
from pages.shared.snapshots import twelve
from pages.shared.watching import lead_on, watch
from pages.shared.words import plain

frame("training", _("Train"), _("Choose a network, press Start, and watch it learn."))

CHANGE = "training_change"  # whether the choices are unfolded on a phone while a run is followed
LONG = 180  # seconds: more than a lesson has time for


def follow(run_id: str) -> None:
    """Open a run: its id goes into the address, so that the link shows the same run everywhere."""
    page_state().pop(CHANGE, None)
    st.query_params["run"] = run_id


def say_unknown(asked: str, shown: Run | None) -> None:
    """That there is no such run, and which one is shown instead."""
    instead = _("Start one and it stands here.")
    if shown:
        instead = _("The best one is shown instead: “{name}”.") if shown.ended else ""
        instead = instead or _("One that has not ended is shown instead: “{name}”.")
    say_unknown_run(asked, instead.format(name=plain(shown.name) if shown else ""))


def example() -> None:
    """What stands beside the choices before there is any run: a published curve, and pictures without an answer."""
    st.header(_("No run yet"), anchor=False)
    published_curve(RECIPES["hello-world"], "training_curve", (), (NUMBERS,))
    published_curve(RECIPES["hello-world"], "training_accuracy")
    words = _("What is this? Press Start, and after each epoch the network says what it takes these for.")
    st.html(f"<p>{words}</p>{twelve(data().test_images[:12], [(None, '?', '', _('a picture'))] * 12)}")


def go(plan: Plan | None, title: str, busy: bool, following: bool) -> None:
    """Start, and on a phone what unfolds the choices again."""
    with st.container(horizontal=True, key="training_go"):
        words = _("Queue another") if busy else _("Start")
        look = {"type": "primary", "icon": ":material/play_arrow:", "width": "stretch"}
        if st.button(words, key="training_start", disabled=plan is None or untrainable() is not None, **look) and plan:
            follow(start(plan, title.strip() or plan.called))
            st.session_state["training_tabs"] = _("Loss")  # what moves first
            st.rerun()
        if following:
            folded = not page_state().get(CHANGE)
            st.button(
                _("Change") if folded else _("Fold"),
                key="training_unfold",
                icon=":material/tune:",
                on_click=guarded(lambda: page_state().update({CHANGE: folded})),
            )


def say_time(plan: Plan, known: dict[str, Measured]) -> None:
    """How long a plan will take, and what that goes by."""
    seconds = estimate(plan, len(data().train_images), known)
    words = _("About **{time}**; a guess: it has not been trained on this computer yet.")
    if plan.network_key in known:
        words = _("About **{time}**, going by the last run.")
    words = words.format(time=duration(seconds))
    if seconds > LONG:
        words += " " + _("A lesson has three minutes: take fewer epochs or fewer pictures.")
    with st.container(key="training_time"):
        st.write(words)


def offer_published(recipe: Recipe, plan: Plan, kind: str, known: dict[str, Measured]) -> None:
    """The way to what the author of a network chose, where something shorter is chosen."""
    whole = Plan.of(plan.recipe, plan.variant)
    if (plan.examples, plan.epochs) == (whole.examples, whole.epochs):
        return
    words = _("As published: all pictures, {epochs} epochs, {time}").format(
        epochs=whole.epochs, time=duration(estimate(whole, len(data().train_images), known))
    )
    action = {"on_click": guarded(as_published), "args": (recipe, kind), "type": "tertiary"}
    st.button(words, key="training_as_published", icon=":material/history_edu:", **action)


def inside(name: str, variant: str, recipe: Recipe, kind: str) -> None:
    """The layers of the chosen network, what is odd about it, and its lesson."""
    changed = next((row.words for row in recipe.variants if row.name == variant), "")
    st.write(" ".join(_(words) for words in (recipe.sentence, recipe.oddity, changed) if words))
    st.caption(
        _("{count} numbers to learn. From {source}.").format(
            count=number(recipe.parameters), source=plain(_(recipe.source))
        )
    )
    rows = [
        {
            _("layer"): _(LAYERS[row["kind"]][0]),
            _("gives"): " × ".join(map(str, row["shape"])),
            _("numbers to learn"): row["parameters"],
        }
        for row in layers(name, variant)
    ]
    alt = _("The layers of {network}").format(network=_(recipe.title))
    st.dataframe(pd.DataFrame(rows), hide_index=True, key=f"training_layers_{kind}", alt=alt)
    if name in LESSONS:
        words = {"label": _("Its lesson, step by step"), "icon": ":material/school:"}
        st.page_link("lessons.py", query_params={"lesson": name}, **words)


def show_code(shown: Run | None, plan: Plan | None) -> None:
    """The script that does the same as a run, or as what is chosen."""
    st.write(
        _(
            "A short Keras script that does the same: same pictures, same order, same figures. Run it on any computer"
            " with Python, change a line, and see what happens."
        )
    )
    of_run, of_plan = "run", "plan"
    choices = {of_run: _("this run")} if shown else {}
    choices |= {of_plan: _("what is chosen above")}
    choice = st.segmented_control(
        _("Code of"),
        list(choices),
        format_func=choices.get,
        default=next(iter(choices)),
        required=True,
        key="training_code_of",
    )
    if shown and choice == of_run:
        code, book, stem = *script.of_run(shown), f"{shown.recipe}-{shown.id}"
    elif plan:
        code, book, stem = script.script(plan, data().title), script.notebook(plan, data().title), plan.recipe
    else:
        words = _("The layers above do not fit together yet. As soon as they do, their code stands here.")
        st.info(words, icon=":material/code:")
        return
    with st.container(horizontal=True):
        for words, content, ending in (
            (_("Download .py"), code, "py"),
            (_("Download notebook (.ipynb)"), book, "ipynb"),
        ):
            file = {"file_name": f"{stem}.{ending}", "icon": ":material/download:", "on_click": "ignore"}
            st.download_button(words, content, key=f"training_code_{ending}", **file)
    st.code(code, language="python", height=460)


with guard():
    runs = store().runs()
    own_runs = [run for run in runs if not run.ended and run.owner and run.owner == owner_of(key())]
    mine = next(iter(sorted(own_runs, key=lambda run: run.status != Status.RUNNING)), None)
    asked = st.query_params.get("run", "")
    known_runs = {run.id: run for run in runs}
    live = next((run for run in runs if run.status == Status.RUNNING), None)
    shown = known_runs.get(asked) or mine or live or results.best(runs) or (runs[0] if runs else None)
    following = shown is not None and (shown.id == asked or shown is mine)
    if asked and asked not in known_runs:
        say_unknown(asked, shown)

    with st.container(key="training_desk"):
        choices, result = st.container(key="training_choices"), st.container(key="training_result")
        state = "following" if following and not page_state().get(CHANGE) else ""
        st.html(f'<i class="training-state {state}"></i>')
    below = st.container(key="training_below")
    available, known = len(data().train_images), store().speeds(len(shared_data().train_images))
    with choices:
        first, action, rest = (st.container(key=f"training_{place}") for place in ("first", "action", "rest"))
    with first:
        name, variant = choose_network()
        own_layers = None
        if name == OWN:
            with below if following else result:
                own_layers = builder.build(available, known)
        recipe = own_recipe(own_layers or ()) if name == OWN else RECIPES[name].variant(variant)
        kind = f"{name}_{variant}" if variant else name
        if name != OWN:
            st.caption(_(recipe.sentence))
        examples, epochs = how_much(recipe, kind, available)
    with rest, st.container(horizontal=True, key="training_finer"):
        with st.popover(_("More choices"), icon=":material/tune:", type="tertiary", key="training_more"):
            finer_choices = finer(recipe, kind)
            words = {"max_chars": 60, "placeholder": Plan.of(name, variant).called}
            title = st.text_input(_("Name of the run"), key="training_name", **words)
        look = {"icon": ":material/casino:", "type": "tertiary"}
        todo = {"on_click": guarded(surprise), "args": [amounts(available)]}
        st.button(_("Surprise me"), key="training_surprise_me", **look, **todo)
    plan = None
    if name != OWN or own_layers is not None:
        chosen = {"layers": own_layers, "examples": examples, "epochs": epochs}
        plan = Plan.of(name, variant, **chosen, **finer_choices)
    with action:
        if plan:
            say_time(plan, known)
        if question := st.session_state.get("training_surprise"):
            words = _("{question} Guess first, then press Start.").format(question=_(question))
            st.info(words, icon=":material/psychology:")
        go(plan, title, bool(own_runs), following)
        if uploaded():
            st.caption(_("Your pictures are kept with the run only until it has ended."))
        if lack := untrainable():
            st.warning(str(lack))
        elif run_queue().problem and not (shown and shown.status == Status.WAITING):  # that one says it itself
            st.warning(plain(str(run_queue().problem)))
    if plan and name != OWN:
        with rest:
            offer_published(recipe, plan, kind, known)

    building = name == OWN and not following
    with result:
        if shown and not building:
            watch(shown, _("Train"))
            if shown.ended:
                lead_on(shown)
        elif not building:
            example()

    of_run = [_("Loss"), _("Matrix"), _("Filters")] if shown and not building and not shown.plan.loads else []
    *seen, network, code = st.tabs([*of_run, _("Layers"), _("Code")], key="training_tabs", on_change="rerun")
    if seen and shown:
        with seen[0]:
            st.caption(
                _(
                    "Loss: how far off its answers are; a wrong answer it was sure of counts most. Training makes it"
                    " smaller, and the right answers follow."
                )
            )
            more(shown, "training_loss", ("loss",), (TOOLS,))
        with seen[1]:
            more(shown, "training_matrix", (), (MATRIX,))
        with seen[2]:
            more(shown, "training_filters", (), (FILTERS,))
    with network:
        if name == OWN:
            st.write(builder.in_words(own_layers) if own_layers else _("The layers do not fit together yet."))
        else:
            inside(name, variant, recipe, kind)
    if code.open:  # what colours it is 0.5 MB
        with code:
            show_code(shown, plan)
    if runs:
        st.page_link("runs.py", label=_("Run book"), icon=":material/list:")
