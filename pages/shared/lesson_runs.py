"""What one does in the steps that need a network: train one and watch it, score it, look at its answers.

A lesson's own run is found again in the store: the latest of its recipe that was started in this browser. Each activity
is a function that takes the lesson's name.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st

from core import metrics
from core.errors import RunError
from core.labels import HUMAN_ACCURACY, names
from core.language import _, number, percent
from core.lessons.articles import ALL
from core.lessons.terms import facts
from core.runs import results
from core.runs.schema import Run
from core.training.checkpoint import Snapshot
from core.training.plan import Plan, duration, estimate
from models import measured
from models.catalogue import RECIPES
from pages.shared import lesson_pictures as shown
from pages.shared import pictures
from pages.shared.bars import bars
from pages.shared.curve import NOTE, NUMBERS, TWELVE, curve, more, published_curve
from pages.shared.data import data, shared_data
from pages.shared.errors import guarded
from pages.shared.lesson_data import real
from pages.shared.lesson_layers import rows_of
from pages.shared.runs import start, store, tested, untrainable
from pages.shared.session import authority, key
from pages.shared.words import plain

SHORT = {"epochs": 3, "examples": 6_000}
LONGER = {"epochs": 20, "examples": 6_000}  # long enough to see the gap open, in seconds
GAP = "longer"  # the variant of Hello World that holds pictures back


def own(lesson: str, variant: str | None = None) -> Run | None:
    """The latest run of a lesson that this browser started with the clothes in use, of a variant if one is named."""
    return next(
        (
            run
            for run in store().runs()
            if run.recipe == lesson
            and run.belongs_to(key())
            and run.fingerprint == data().fingerprint
            and (run.plan.variant == variant if variant is not None else run.plan.variant != GAP)
        ),
        None,
    )


def begin(plan: Plan) -> None:
    """Queue a plan of a lesson."""
    start(plan, plan.called)


def short(lesson: str, variant: str = "", kind: dict[str, int] = SHORT) -> Plan:
    """A plan that takes seconds; of a small data set it takes all."""
    return Plan.of(lesson, variant, **kind | {"examples": min(kind["examples"], len(data().train_images))})


def takes(plan: Plan) -> str:
    """How long a plan will take, in words."""
    known = store().speeds(len(shared_data().train_images))
    return duration(estimate(plan, len(data().train_images), known))


def train(lesson: str) -> None:
    """Choose how, press Start, watch the curve; the latest run is there again when one comes back."""
    recipe = RECIPES[lesson]
    titles = {"": _("As published")} | {row.name: _(row.title) for row in recipe.variants}
    with st.container(horizontal=True, vertical_alignment="bottom", key="lessons_start_row"):
        variant = st.selectbox(
            _("How"), list(titles), format_func=titles.get, key=f"lessons_how_{lesson}", width=210,
            persist_state="session",
        )  # fmt: skip
        plans = {"short": short(lesson, variant), "full": Plan.of(lesson, variant)}
        words = {"short": _("Short: about {time}"), "full": _("In full: about {time}")}
        length = st.selectbox(
            _("How long"), list(plans), key=f"lessons_length_{lesson}", width=210, persist_state="session",
            format_func=lambda name: words[name].format(time=takes(plans[name])),
        )  # fmt: skip
        run = own(lesson)
        _start_or_stop(plans[length], run)
    _say_untrainable()
    changed = next((row.words for row in recipe.variants if row.name == variant), "")
    if changed:
        st.caption(_(changed))
    if run:
        follow(run)
    elif recipe.published_train_accuracy:
        published_curve(recipe, "lessons_published")
    else:
        shown.chain(rows_of(lesson))
    with st.expander(_("How its author set it")):
        pictures.explain(facts(recipe))
    if run or recipe.published_train_accuracy:
        with st.expander(_("The network, layer by layer")):
            shown.chain(rows_of(lesson))


def _start_or_stop(plan: Plan, run: Run | None) -> None:
    if run and not run.ended:
        st.button(
            _("Stop"), key="lessons_stop", icon=":material/stop:", disabled=run.stop_requested,
            on_click=guarded(lambda: store().stop(run.id, authority())),
        )  # fmt: skip
        return
    st.button(
        _("Train again") if run else _("Start"), key="lessons_start", icon=":material/play_arrow:",
        type="secondary" if run else "primary", on_click=guarded(begin), args=(plan,),
        disabled=untrainable() is not None,
    )  # fmt: skip


def _say_untrainable() -> None:
    if lack := untrainable():
        st.warning(str(lack))


def follow(run: Run) -> None:
    """The curve of a run, and what came of it."""
    if run.scored:
        beside = run.plan.row.published_accuracy
        words = _("of the test pictures right")
        if beside and real():
            words = _("of the test pictures right; {share} published").format(share=percent(beside, 1))
        shown.big(percent(run.test_accuracy, 1), words)
    elif run.ended and run.message:
        st.info(plain(str(run.message)))
    curve(run, "lessons_curve", ("accuracy",), () if run.ended else (NUMBERS, NOTE))
    more(run, "lessons_twelve", parts=(TWELVE,), kept=store().epochs(run.id) if run.ended else None)


def gap(lesson: str) -> None:
    """Train long enough to see overfitting."""
    run, plan = own(lesson, GAP), short(lesson, GAP, LONGER)
    with st.container(horizontal=True, vertical_alignment="center"):
        _start_or_stop(plan, run)
        st.caption(
            _("{epochs} epochs of {count} pictures: about {time}").format(
                epochs=number(plan.epochs), count=number(plan.examples or 0), time=takes(plan)
            )
        )
    _say_untrainable()
    if run:
        follow(run)
    else:
        published_curve(RECIPES[lesson], "lessons_published")


def answers(lesson: str) -> tuple[results.TestAnswers, bool]:
    """The test answers of one's own run of a lesson, or of the network that comes with the app, and whether it is one's
    own. Says which it is. Raises RunError."""
    run = own(lesson)
    if run and run.scored:
        st.caption(_("These are the answers of your own network."))
        return tested(run.id), True
    place = next(index for index, step in enumerate(ALL[lesson], start=1) if step.act == "train")
    words = _("These are the answers of the network that comes with the app. Train yours in step {step}.")
    st.caption(words.format(step=place))
    return tested(results.SHIPPED), False


def score(lesson: str) -> None:
    """Guess the score, then compare."""
    recipe, run, rows = RECIPES[lesson], own(lesson), measured.results()
    guessed = commit("score", _("How many percent will be right?"), 0, 100, 70)
    if guessed is None:
        return
    compared = [(_("Your guess"), guessed / 100)]
    if run and run.scored:
        compared.append((_("Your network"), run.test_accuracy))
    if real():
        if recipe.published_accuracy:
            compared.append((_("As published"), recipe.published_accuracy))
        compared += [
            (words, rows[name]["test_accuracy"])
            for words, name in (
                (_("In full, measured by us"), lesson),
                *((_("The same, {change}").format(change=_(row.title)), f"{lesson}/{row.name}") for row in
                  recipe.variants),
            )
            if name in rows
        ]  # fmt: skip
        compared.append((_("People"), HUMAN_ACCURACY))
    shown.shares(compared, own=1 if run and run.scored else None)
    if not (run and run.scored):
        st.caption(_("There is no network of yours yet: go back to the step with Start and train one."))
    if not recipe.published_accuracy:
        st.caption(_("The article shows its figures in pictures only."))
    if recipe.difference:
        st.caption(_(recipe.difference))


def commit(name: str, label: str, least: int, most: int, first: int) -> int | None:
    """A number to guess; None until one has committed to it. It is kept for the session."""
    kept: dict[str, int] = st.session_state.setdefault("lessons_numbers", {})
    place = f"{st.query_params.get('lesson')}_{name}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        widget = f"lessons_{place}"
        st.slider(label, least, most, kept.get(place, first), key=widget, width=300, disabled=place in kept)
        if place not in kept:
            st.button(
                _("That is my guess"),
                key="lessons_commit",
                type="primary",
                on_click=guarded(lambda: kept.update({place: st.session_state[widget]})),
            )
    return kept.get(place)


def sheet(lesson: str, count: int = 25) -> None:
    """Guess how many of a sheet are right, then see."""
    result, mine = answers(lesson)
    rows = np.arange(min(count, len(result.labels)))
    shares = metrics.normalise(result.outputs[rows])
    right = shares.argmax(axis=1) == result.labels[rows]
    guessed = commit(f"sheet{count}", _("How many of the {count} are right?").format(count=len(rows)), 0, len(rows), 15)
    if guessed is None:
        shown.sheet(data().test_images[rows], 5)
        return
    words = _("{count} are right; you guessed {guess}.")
    st.markdown(words.format(count=number(int(right.sum())), guess=number(guessed)))
    called = names()
    told = [
        f"{'✓' if good else '✗'} {called[answer]}" + ("" if good else f" ({called[label]})")
        for good, answer, label in zip(right, shares.argmax(axis=1), result.labels[rows], strict=True)
    ]
    shown.sheet(data().test_images[rows], 5, told, ["right" if good else "wrong" for good in right])
    st.caption(_("✓ right; ✗ wrong, with the truth in brackets."))


def five(lesson: str) -> None:
    """The first five answers."""
    sheet(lesson, 5)


def matrix(lesson: str) -> None:
    """The confusion matrix: of all test pictures, or epoch by epoch as it learned."""
    result, mine = answers(lesson)
    counts = metrics.confusion(result.labels, result.outputs)
    run = own(lesson)
    kept = store().epochs(run.id) if mine and run else []
    if kept:
        stages = [*kept, 0]
        words = _("After epoch {epoch}")
        epoch = st.select_slider(
            _("Watch it learn"), stages, 0, key="lessons_epoch", width=320,
            format_func=lambda epoch: words.format(epoch=epoch) if epoch else _("Test at the end"),
        )  # fmt: skip
        if epoch and run:
            counts = _counts(run, epoch)
    st.html(f'<div class="lesson-matrix">{pictures.matrix(counts)}</div>')
    right = int(np.trace(counts))
    words = _("Rows: what it is. Columns: what was answered, in percent. The diagonal adds up to {right} right answers"
              " of {count}.")  # fmt: skip
    st.caption(words.format(right=number(right), count=number(int(counts.sum()))))


def _counts(run: Run, epoch: int) -> np.ndarray:
    """The matrix (10, 10) after an epoch. Raises RunError."""
    snapshot = Snapshot.from_bytes(store().snapshot(run.id, epoch))
    if not snapshot.counts.sum():
        raise RunError("Nothing was kept of this epoch. Choose another.")
    return snapshot.counts


def single(lesson: str, first: int = 10) -> None:
    """One test picture and its ten numbers."""
    result, mine = answers(lesson)
    last = len(result.labels) - 1
    picked = {"key": f"lessons_test_{lesson}_{first}", "width": 180}
    chosen = st.number_input(_("Test picture"), 0, last, min(first, last), **picked)
    shares = metrics.normalise(result.outputs[chosen : chosen + 1])[0]
    label, answer = int(result.labels[chosen]), int(shares.argmax())
    with st.container(horizontal=True, key="lessons_pair"):
        alt = _("Test picture {place}: {name}").format(place=chosen, name=names()[label])
        pictures.large(data().test_images[chosen], alt)
        st.html(bars(shares, label))
    words = _("Its largest number has place {place}, so the answer is {name}.")
    st.caption(words.format(place=answer, name=names()[answer]))


def pairs(lesson: str) -> None:
    """Pictures and their bars."""
    last = len(data().test_images) - 1
    first = st.pills(
        _("Look at"), [place for place in (15, 1000, 23, 42) if place <= last], default=15, required=True,
        key="lessons_pairs",
    )  # fmt: skip
    single(lesson, first)


ACTS: dict[str, Callable[[str], None]] = {
    act.__name__: act for act in (train, gap, score, sheet, five, matrix, single, pairs)
}
