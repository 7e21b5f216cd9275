"""Lessons: a stepper with something to do in each step, a place that is kept, and one's own run found again."""

from functools import partial

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.lessons.articles import ALL, LESSONS
from core.runs.store import Store
from core.training.plan import Plan
from models.catalogue import RECIPES
from pages.shared import lesson_data, lesson_layers, lesson_runs
from tests.pages.conftest import curves
from tests.pages.conftest import opened as open_page

pytestmark = pytest.mark.usefixtures("small_data")
opened = partial(open_page, "lessons")
ACTS = lesson_data.ACTS | lesson_layers.ACTS | lesson_runs.ACTS
TRAINING = {lesson: [step.act for step in steps].index("train") + 1 for lesson, steps in LESSONS.items()}


def bodies(at: AppTest) -> str:
    return " ".join(block.proto.body for block in at.html)


def heading(at: AppTest) -> str:
    return next(block.proto.body for block in at.html if block.proto.body.startswith("<h2"))


def captions(at: AppTest) -> str:
    return " ".join(caption.value for caption in at.caption)


@pytest.mark.parametrize("lesson", ALL)
def test_next_leads_through_a_lesson_one_step_a_screen_each_with_something_to_do(lesson: str) -> None:
    at = opened(lesson=lesson)
    for place, step in enumerate(ALL[lesson], start=1):
        assert not at.exception and not at.error, (lesson, place)
        assert at.query_params["step"] in (str(place), [str(place)])
        assert step.title in heading(at) and bodies(at).count("<h2") == 1
        assert step.guess or step.act in ACTS
        at.button(key="lessons_next").click().run()
    assert at.query_params["lesson"] not in (lesson, [lesson]) and step.title not in heading(at)


def test_where_one_is_and_what_was_done_is_kept_for_the_session() -> None:
    at = opened(lesson="hello-world", step="3")
    at.button(key="lessons_next").click().run()
    at.switch_page("help.py").run()
    at.switch_page("lessons.py").run()
    assert ALL["hello-world"][3].title in heading(at)
    assert 'class="done"' in bodies(at) and "1 of 12 done" in str(at.selectbox(key="lessons_choice").options)
    at.button(key="lessons_back").click().run()
    assert ALL["hello-world"][2].title in heading(at)


def test_another_lesson_opens_where_one_left_it() -> None:
    at = opened(lesson="hello-world", step="5")
    at.selectbox(key="lessons_choice").set_value("second-eye").run()
    assert ALL["second-eye"][0].title in heading(at)
    at.selectbox(key="lessons_choice").set_value("hello-world").run()
    assert ALL["hello-world"][4].title in heading(at)


@pytest.mark.parametrize("address", [{"lesson": "nonsense"}, {"step": "99"}, {"lesson": "", "step": "²"}])
def test_nonsense_in_the_address_shows_the_first_step_of_the_first_lesson(address: dict[str, str]) -> None:
    at = opened(**address)
    assert not at.exception and ALL["five-steps"][0].title in heading(at)


def test_a_guess_is_committed_once_then_the_truth_is_told() -> None:
    at = opened(lesson="hello-world", step="2")
    guess = ALL["hello-world"][1].guess
    assert guess and guess.because not in bodies(at)
    at.pills(key="lessons_guess_hello-world_2").set_value(0).run()
    assert "✗ No: 10,000." in bodies(at) and guess.because in bodies(at)
    assert at.pills(key="lessons_guess_hello-world_2").disabled


def test_the_slip_of_an_article_is_a_footnote_of_its_step() -> None:
    at = opened(lesson="new-abcd", step=str(TRAINING["new-abcd"]))
    assert 'class="odd"' in bodies(at) and "225" in bodies(at)
    assert "1,366,506" in bodies(opened(lesson="new-abcd", step="6"))


@pytest.mark.parametrize(
    ("length", "variant", "plan"),
    [
        ("short", "", Plan.of("new-abcd", epochs=3, examples=500)),
        ("short", "scaled-alike", Plan.of("new-abcd", "scaled-alike", epochs=3, examples=500)),
        ("full", "", Plan.of("new-abcd")),
        ("full", "scaled-alike", Plan.of("new-abcd", "scaled-alike")),
    ],
)
def test_start_queues_exactly_what_it_says_and_its_curve_stands_in_the_step(
    store: Store, small: Dataset, length: str, variant: str, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "checked", lambda self, settings, available: self)  # the tests' own data set is small
    monkeypatch.setitem(lesson_runs.SHORT, "examples", 500)
    at = opened(lesson="new-abcd", step=str(TRAINING["new-abcd"]))
    at.selectbox(key="lessons_how_new-abcd").set_value(variant)
    at.selectbox(key="lessons_length_new-abcd").set_value(length).run()
    at.button(key="lessons_start").click().run()
    assert not at.exception and not at.error
    (run,) = store.runs()
    assert run.plan == plan and run.name == plan.title and run.status == "waiting"
    assert {each["address"] for each in curves(at)} == {f"live/{run.id}"}
    assert at.query_params["lesson"] in ("new-abcd", ["new-abcd"])  # one does not leave
    at.button(key="lessons_back").click().run()
    at.button(key="lessons_next").click().run()
    assert {each["address"] for each in curves(at)} == {f"live/{run.id}"}
    at.button(key="lessons_stop").click().run()
    assert store.run(run.id).ended


def test_every_network_can_be_trained_and_every_variant_chosen_in_its_lesson() -> None:
    for lesson, step in TRAINING.items():
        at = opened(lesson=lesson, step=str(step))
        assert at.selectbox(key=f"lessons_how_{lesson}").options == [
            "As published",
            *(variant.title for variant in RECIPES[lesson].variants),
        ]
        assert f"{RECIPES[lesson].batch_size} pictures" in bodies(at)


def test_the_score_is_told_after_a_guess() -> None:
    place = [step.act for step in ALL["hello-world"]].index("score") + 1
    at = opened(lesson="hello-world", step=str(place))
    assert 'class="bars compared"' not in bodies(at)
    at.slider(key="lessons_hello-world_score").set_value(60)
    at.button(key="lessons_commit").click().run()
    assert 'class="bars compared"' in bodies(at) and "60.0" in bodies(at)
    assert not [button for button in at.button if button.key == "lessons_commit"]


def test_dropout_leaves_out_others_each_time() -> None:
    place = [step.act for step in ALL["intuitive-cnn"]].index("dropout") + 1
    at = opened(lesson="intuitive-cnn", step=str(place))
    before = bodies(at)
    at.button(key="lessons_others").click().run()
    assert bodies(at) != before


def test_the_kernel_gets_the_picture_and_the_numbers_that_it_shows(small: Dataset) -> None:
    at = opened(lesson="intuitive-cnn", step="6")
    (told,) = (each.proto.json for each in at.get("bidi_component") if each.proto.component_name == "kernel")
    assert f'"image": {small.train_images[18].ravel().tolist()}'.replace(" ", "") in told.replace(" ", "")
    assert np.allclose([-1, 0, 1], lesson_layers.operations.KERNELS["Upright edges"].weights[0])


def test_the_lesson_about_the_second_eye_leads_to_it_switched_on() -> None:
    at = opened(lesson="second-eye", step="5")
    assert [link.proto.query_string for link in at.get("page_link") if "both eyes" in link.proto.label] == ["eye=on"]
