"""Lessons: each of the five is told, can be started as published, short, or with its oddity switched off."""

import html
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from core.inference.eye import FEATURES
from core.lessons.articles import LESSONS, TRANSFER
from core.runs.store import Store
from core.training.plan import Plan
from core.vision.views import VIEWS
from models.catalogue import RECIPES
from tests.pages.conftest import opened as open_page

pytestmark = pytest.mark.usefixtures("small_data")
opened = partial(open_page, "lessons")


def bodies(at: AppTest) -> str:
    return " ".join(block.proto.body for block in at.html)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_tells_its_steps_in_order_and_draws_its_own_network(name: str) -> None:
    at = opened(lesson=name)
    assert not at.exception and not at.error
    assert RECIPES[name].article in [heading.value for heading in at.subheader]
    shown = bodies(at)
    places = [shown.index(f"<i>{place}</i>") for place in range(1, len(LESSONS[name]) + 1)]
    assert places == sorted(places)
    assert f"{RECIPES[name].parameters:,} numbers to learn" in " ".join(text.value for text in at.caption)


def test_nonsense_in_the_address_shows_the_first_lesson() -> None:
    at = opened(lesson="nonsense")
    assert RECIPES["five-steps"].article in [heading.value for heading in at.subheader]


@pytest.mark.parametrize(
    ("key", "plan"),
    [
        ("lessons_short", Plan.of("new-abcd", epochs=3, examples=6_000)),
        ("lessons_scaled-alike_short", Plan.of("new-abcd", "scaled-alike", epochs=3, examples=6_000)),
        ("lessons_full", Plan.of("new-abcd")),
        ("lessons_scaled-alike", Plan.of("new-abcd", "scaled-alike")),
    ],
)
def test_a_button_queues_exactly_what_it_says(
    store: Store, key: str, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "checked", lambda self, settings, available: self)  # the tests' own data set is small
    at = opened(lesson="new-abcd")
    at.button(key=key).click().run()
    (run,) = store.runs()
    assert run.plan == plan and run.name == plan.title and run.status == "waiting"


@pytest.mark.parametrize("inside", ["Neuron", "Convolution", "ReLU", "Max pooling", "Dropout", "Flatten", "Network"])
def test_every_layer_can_be_looked_into(inside: str) -> None:
    at = opened()
    at.pills(key="lessons_inside").set_value(inside).run()
    assert not at.exception and not at.error


def test_a_convolution_shows_its_nine_products_and_their_sum() -> None:
    at = opened()
    at.slider(key="lessons_row").set_value(0)
    at.slider(key="lessons_column").set_value(0).run()
    assert 'class="products"' in bodies(at) and "<strong>0.00</strong>" in bodies(
        at
    )  # the corner of a picture is empty


def test_dropout_leaves_out_others_each_time() -> None:
    at = opened()
    at.pills(key="lessons_inside").set_value("Dropout").run()
    before = bodies(at)
    at.button(key="lessons_again").click().run()
    assert bodies(at) != before


def test_the_second_eye_has_a_lesson_of_its_own_with_a_picture_and_a_way_to_try_it() -> None:
    at = opened()
    assert "second-eye" not in LESSONS and TRANSFER[0].words not in bodies(at)
    at.segmented_control(key="lessons_choice").set_value("second-eye").run()
    assert at.query_params["lesson"] == "second-eye"
    for page in (at, opened(lesson="second-eye")):
        assert not page.exception and not page.error
        shown = bodies(page)
        places = [shown.index(html.escape(step.words)) for step in TRANSFER]
        assert places == sorted(places) and shown.count('class="ink"') == 1
        assert [link.proto.page for link in page.get("page_link") if "both eyes" in link.proto.label] == ["predict"]
        assert not page.button  # nothing to train
    assert sum(len(step.words.split()) for step in TRANSFER) < 160  # a screen
    assert f"three times: at the whole photo, close up, and at the garment alone. Each look gives {FEATURES:,}" in shown
    assert VIEWS == 3


def test_the_lesson_about_the_second_eye_leads_to_it_switched_on() -> None:
    at = opened(lesson="second-eye")
    assert [link.proto.query_string for link in at.get("page_link") if "both eyes" in link.proto.label] == ["eye=on"]


def test_no_button_of_a_lesson_is_lost_when_one_comes_back_from_the_second_eye() -> None:
    at = opened(lesson="second-eye")
    at.segmented_control(key="lessons_choice").set_value("new-abcd").run()
    assert RECIPES["new-abcd"].article in [heading.value for heading in at.subheader]
    assert at.button(key="lessons_full") and not at.exception
