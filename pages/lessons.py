"""Lessons: five published systems and the second eye, one step a screen; each step has something to do."""

import html
from pathlib import Path

import streamlit as st

from core.language import _, number
from core.lessons.articles import ALL
from core.lessons.second_eye import SECOND_EYE
from core.lessons.step import Guess, Step
from core.lessons.terms import CHOICES, COLUMNS, results
from models.catalogue import RECIPES
from pages.shared import lesson_data, lesson_layers, lesson_runs, pictures
from pages.shared.errors import guard, guarded
from pages.shared.frame import frame
from pages.shared.share import share_menu

frame("lessons", _("Lessons"), _("One step a screen, and something to do in each."))

ACTS = lesson_data.ACTS | lesson_layers.ACTS | lesson_runs.ACTS
PLACE = st.components.v2.component(
    "lesson_place",
    js=Path(__file__).with_name("shared").joinpath("lesson_place.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def look(name: str) -> tuple[str, str, dict[str, str]]:
    """Where in the app one sees more of a step: what the link says, its page and its address."""
    return {
        "table": (_("See the whole table"), "dataset.py", {"look": "Table"}),
        "arrays": (_("See shapes and labels"), "dataset.py", {"look": "Table"}),
        "grid": (_("See all the clothes"), "dataset.py", {}),
        "one": (_("See one large"), "dataset.py", {"look": "Numbers"}),
        "scaling": (_("See all 784 numbers"), "dataset.py", {"look": "Numbers"}),
        "reshape": (_("See all 784 numbers"), "dataset.py", {"look": "Numbers"}),
        "evaluate": (_("See the mistakes"), "mistakes.py", {}),
        "matrix": (_("See the pictures behind the numbers"), "mistakes.py", {}),
        "sheet": (_("See all the answers"), "mistakes.py", {}),
        "single": (_("See more answers"), "mistakes.py", {}),
        "pairs": (_("See 15 pairs"), "mistakes.py", {}),
        "weights": (_("Save or load weights"), "training.py", {}),
        "photo": (_("Try a photo"), "predict.py", {}),
        "eyes": (_("Try a photo with both eyes"), "predict.py", {"eye": "on"}),
    }[name]


def title(name: str) -> str:
    """What a lesson is called."""
    return _("The second eye") if name == SECOND_EYE else _(RECIPES[name].title)


class Place:
    """Where one is in the lessons: in the address, and kept for the session with what was done."""

    def __init__(self) -> None:
        kept = st.session_state.setdefault("lessons_kept", {"lesson": next(iter(ALL)), "at": {}, "done": {}})
        asked = st.query_params.get("lesson", kept["lesson"])
        self.lesson = asked if asked in ALL else next(iter(ALL))
        self.steps = ALL[self.lesson]
        step = st.query_params.get("step", "")
        known = step.isdecimal() and 1 <= int(step) <= len(self.steps)
        self.step = int(step) if known else kept["at"].get(self.lesson, 1)
        self.kept = kept
        self.go(self.lesson, self.step)

    def done(self, lesson: str) -> set[int]:
        """The steps of a lesson that were done in this session."""
        return self.kept["done"].setdefault(lesson, set())

    def go(self, lesson: str, step: int) -> None:
        """Go to a step of a lesson."""
        self.kept["lesson"] = lesson
        self.kept["at"][lesson] = step
        for word, value in (("lesson", lesson), ("step", str(step))):
            if st.query_params.get(word) != value:
                st.query_params[word] = value

    def choose(self) -> None:
        """Go to the lesson chosen, to the step where one left it."""
        chosen = st.session_state["lessons_choice"]
        self.go(chosen, self.kept["at"].get(chosen, 1))

    def on(self) -> None:
        """This step is done: go to the next one, and after the last one to the next lesson."""
        self.done(self.lesson).add(self.step)
        if self.step < len(self.steps):
            self.go(self.lesson, self.step + 1)
        else:
            self.go(self.following, self.kept["at"].get(self.following, 1))

    @property
    def following(self) -> str:
        """The lesson after this one, after the last one the first."""
        order = list(ALL)
        return order[(order.index(self.lesson) + 1) % len(order)]

    @property
    def position(self) -> str:
        """Where one is, in words."""
        return _("{step} of {count}").format(step=number(self.step), count=number(len(self.steps)))


def described(place: Place, name: str) -> str:
    """A lesson in the list: what it is called, and how far one is."""
    done = len(place.done(name))
    if not done:
        return title(name)
    words = _("{lesson}: {done} of {count} done")
    return words.format(lesson=title(name), done=number(done), count=number(len(ALL[name])))


def bar(place: Place) -> None:
    """Which lesson, where in it, Back and Next."""
    done = place.done(place.lesson)
    with st.container(horizontal=True, vertical_alignment="center", key="lessons_bar"):
        st.session_state["lessons_choice"] = place.lesson
        st.selectbox(
            _("Lesson"), list(ALL), format_func=lambda name: described(place, name), key="lessons_choice",
            label_visibility="collapsed", on_change=guarded(place.choose), width=300,
        )  # fmt: skip
        dots = "".join(
            f'<li class="{"now " * (step == place.step)}{"done" * (step in done)}">{"✓" * (step in done)}</li>'
            for step in range(1, len(place.steps) + 1)
        )
        st.html(f'<ol class="dots" aria-hidden="true">{dots}</ol>', width="content")
        with st.popover(place.position, key="lessons_steps"):
            for index, step in enumerate(place.steps, start=1):
                words = f"{'✓ ' * (index in done)}{index}. {_(step.title)}"
                args = (place.lesson, index)
                st.button(words, key=f"lessons_to_{index}", type="tertiary", on_click=guarded(place.go), args=args)
        with st.container(horizontal=True, key="lessons_turn"):
            st.button(
                _("Back"), key="lessons_back", icon=":material/arrow_back:", disabled=place.step == 1,
                on_click=guarded(place.go), args=(place.lesson, place.step - 1),
            )  # fmt: skip
            last = place.step == len(place.steps)
            words = _("Next lesson") if last else _("Next")
            st.button(words, key="lessons_next", type="primary", icon=":material/arrow_forward:",
                      icon_position="right", on_click=guarded(place.on))  # fmt: skip


def ask(guess: Guess, place: Place) -> None:
    """A question: one commits to an answer by a tap, then is told the truth."""
    kept: dict[str, int] = st.session_state.setdefault("lessons_guesses", {})
    name = f"{place.lesson}_{place.step}"
    key = f"lessons_guess_{name}"

    def commit() -> None:
        if (said := st.session_state[key]) is not None:
            kept[name] = said

    said = kept.get(name)
    st.pills(
        _(guess.question), range(len(guess.options)), format_func=lambda index: _(guess.options[index]), key=key,
        default=said, disabled=said is not None, on_change=guarded(commit),
    )  # fmt: skip
    if said is not None:
        words = _("✓ Right.") if said == guess.right else _("✗ No: {answer}.").format(
            answer=_(guess.options[guess.right]))  # fmt: skip
        look = "right" if said == guess.right else "wrong"
        told = html.escape(_(guess.because))
        st.html(f'<p class="told" role="status"><b class="{look}">{html.escape(words)}</b> {told}</p>')


def tell(step: Step, place: Place) -> None:
    """The words of a step, and its question."""
    st.html(f'<h2 tabindex="-1" data-place="{place.lesson}/{place.step}">{html.escape(_(step.title))}</h2>')
    st.html(f'<p class="words">{html.escape(_(step.words))}</p>')
    if step.guess:
        ask(step.guess, place)


def note(step: Step, place: Place) -> None:
    """More of a step to read, its footnotes, and what leads further."""
    if step.more:
        with st.expander(_("Read more")):
            st.html(f"<p>{html.escape(_(step.more))}</p>")
    odd = [step.odd]
    if step.act == "train":
        odd.append(RECIPES[place.lesson].oddity)
    for words in filter(None, odd):
        label = html.escape(_("What is odd about it"))
        st.html(f'<p class="odd" role="note"><b>* {label}:</b> {html.escape(_(words))}</p>')
    with st.container(horizontal=True, vertical_alignment="center", key="lessons_further"):
        if step.look:
            words, page, address = look(step.look)
            st.page_link(page, label=words, icon=":material/open_in_new:", query_params=address)
        share_menu("lessons_share", lesson=place.lesson, step=str(place.step))


def reference(lesson: str) -> None:
    """What one may look up in each step: the words of the trade, and how well the systems did."""
    with st.container(horizontal=True, key="lessons_reference"):
        with st.popover(_("Words explained")):
            pictures.explain({_(word): _(meaning) for word, meaning in CHOICES.items()})
        table = results()
        with st.popover(_("Published and measured")):
            words = _(
                "Every network trained in full on the real data, on one core, from one seed; and once more with its"
                " oddity switched off."
            )
            st.markdown(words)
            table["recipe"] = [_(name) for name in table["recipe"]]
            called = {column: _(words) for column, words in COLUMNS.items()}
            alt = _("All networks, published and measured")
            st.dataframe(
                table.rename(columns=called), hide_index=True, key="lessons_results", height="content", alt=alt
            )
            for other in RECIPES.values():
                if other.difference:
                    st.caption(f"{_(other.title)}: {_(other.difference)}")
        if lesson != SECOND_EYE:
            article = _("After the article “{title}”.").format(title=RECIPES[lesson].article)
            st.caption(f"{article} {_(RECIPES[lesson].sentence)}")


with guard():
    place = Place()
    step = place.steps[place.step - 1]
    bar(place)
    with st.container(key="lessons_screen"):
        with st.container(key="lessons_words"):
            tell(step, place)
        with st.container(key="lessons_act"), guard():
            ACTS[step.act](place.lesson)
        with st.container(key="lessons_notes"):
            note(step, place)
    reference(place.lesson)
    PLACE(key="lessons_place", data={"place": f"{place.lesson}/{place.step}"})
