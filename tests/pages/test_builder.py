"""Build your own: layers are added, changed, moved and taken out, what does not fit is said where it is, and what is
built is trained."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.runs.book import NewRun
from core.runs.runner import carry_out
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from core.training.weights import written
from models.catalogue import own_recipe
from models.own_network import MOST_LAYERS, checked
from pages.shared.builder import BENCH, CHOICES, FRESH, STARTERS, in_words
from tests.pages.conftest import opened

pytestmark = pytest.mark.usefixtures("small_data")
FIRST = STARTERS["Filters and pooling"]


def building() -> AppTest:
    """The Train page with the builder open."""
    return opened("training").selectbox(key="training_recipe").select("own-network").run()


def press(at: AppTest, *names: str) -> AppTest:
    for name in names:
        at.button(key=f"builder_{name}").click().run()
    assert not at.exception
    return at


def rows(at: AppTest) -> list[list]:
    return at.session_state[BENCH].rows


def control(at: AppTest, word: str):
    """The slider of one of the open layer's numbers."""
    return next(slider for slider in at.select_slider if slider.label == CHOICES[word][0])


def shown(at: AppTest) -> str:
    return " ".join(block.proto.body for block in at.html)


def started(at: AppTest, store: Store) -> Plan:
    at.button(key="training_start").click().run()
    assert not at.exception and not at.error
    return store.runs()[0].plan


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_fits_is_shown_with_what_each_layer_gives_and_can_be_started(name: str, store: Store) -> None:
    at = press(building(), f"starter_{[*STARTERS].index(name)}")
    assert rows(at) == STARTERS[name] and not at.error
    for layer in checked(STARTERS[name]):
        assert f"<span>{layer.parameters:,} to learn</span>" in shown(at) or not layer.parameters
        assert " × ".join(map(str, layer.shape[:2])) in shown(at) or len(layer.shape) == 1
    assert f"**{own_recipe(STARTERS[name]).parameters:,} numbers to learn.**" in " ".join(
        text.value for text in at.markdown
    )
    assert started(at, store) == Plan.of("own-network", layers=STARTERS[name])


def test_every_kind_of_layer_can_be_added_and_opens_with_what_it_does(store: Store) -> None:
    at = building()
    for kind in ("dense", "dropout", "normalise", "convolution", "pooling"):
        at = press(at, f"add_{kind}")
        place = at.session_state[BENCH].open
        assert rows(at)[place] == [kind, *FRESH[kind][1:]] and not at.error
        assert sum(slider.key.startswith("builder_") for slider in at.select_slider) == len(FRESH[kind]) - 1
        press(at, f"toggle_{place}")
    assert [row[0] for row in rows(at)] == [  # those that take pictures go above the first row of numbers
        *("convolution", "pooling", "dropout", "convolution", "pooling"),
        *("dense", "dense", "dropout", "normalise"),
    ]
    at = press(at, "toggle_1", "add_flatten")
    assert rows(at)[2] == ["flatten"] and "Layer 5 needs pictures" in at.error[0].value
    assert started(press(at, "out", *["undo"] * 2), store).layers[-1] == ("normalise",)


def test_numbers_are_changed_with_their_sliders(store: Store) -> None:
    at = press(building(), "toggle_0")
    control(at, "filters").set_value(8).run()
    control(at, "size").set_value(5).run()
    control(at, "step").set_value(2).run()
    at = press(at, "toggle_2")
    control(at, "share").set_value(0.5).run()
    assert rows(at) == [["convolution", 8, 5, 2], ["pooling", 2], ["dropout", 0.5], ["dense", 64]]
    assert "8 pictures of 12 × 12 dots; <span>208 to learn</span>" in shown(at)
    at = press(at, "undo", "toggle_0")
    assert rows(at)[2] == ["dropout", 0.3] and control(at, "filters").value == 8
    assert FIRST[0] == ["convolution", 32, 3, 1]


def test_layers_are_moved_and_taken_out() -> None:
    at = press(building(), "toggle_1", "down")
    assert [row[0] for row in rows(at)] == ["convolution", "dropout", "pooling", "dense"] and at.session_state[
        BENCH
    ].open == 2
    at = press(at, "up", "up")
    assert rows(at)[0] == ["pooling", 2] and at.button(key="builder_up").disabled
    at = press(at, "out")
    assert [row[0] for row in rows(at)] == ["convolution", "dropout", "dense"]
    at = press(at, *["toggle_0", "out"] * 3)
    assert rows(at) == [] and "7,850 numbers to learn" in " ".join(text.value for text in at.markdown)
    assert not at.button(key="training_start").disabled


def test_what_does_not_fit_is_said_at_its_layer_and_cannot_be_started(store: Store) -> None:
    at = press(building(), "toggle_3", "up", "up")
    (error,) = at.error
    assert error.value == "Layer 3 needs pictures, but one row of numbers comes to it: move it up."
    assert shown(at).count("nothing comes to it yet") == 2
    at.session_state["training_tabs"] = "Code"
    at.run()
    assert at.button(key="training_start").disabled and not at.code
    assert any("As soon as they do, their code stands here" in info.value for info in at.info)
    at = press(at, "undo")
    assert not at.error and not at.button(key="training_start").disabled
    assert "layers.MaxPooling2D(2)" in at.code[0].value


def test_a_network_that_is_too_large_is_said_at_its_largest_layer() -> None:
    at = press(building(), "starter_0", "toggle_0")
    for _ in range(2):
        at = press(at, "add_convolution")
        control(at, "filters").set_value(128).run()
    assert "numbers to learn, and 3,000,000 are allowed; most come from layer 3" in at.error[0].value
    at = press(at, "add_average")
    assert "50,000,000 are allowed; most come from layer 2" in at.error[0].value
    assert "Ten answers" in shown(at) and at.button(key="training_start").disabled


def test_no_more_layers_than_allowed_are_offered() -> None:
    at = press(building(), "starter_2")
    assert len(rows(at)) == MOST_LAYERS and all(at.button(key=f"builder_add_{kind}").disabled for kind in FRESH)
    assert any(text.value.startswith("12 layers are the most") for text in at.caption)


def test_leaving_the_page_loses_nothing() -> None:
    at = press(building(), "add_dense")
    control(at, "neurons").set_value(256).run()
    at.switch_page("help.py").run()
    at.switch_page("training.py").run()
    assert at.selectbox(key="training_recipe").value == "own-network"
    assert rows(at) == [*FIRST, ["dense", 256]] and control(at, "neurons").value == 256


@pytest.mark.slow
def test_a_run_of_ones_own_says_its_layers_and_can_be_built_on(store: Store, small: Dataset) -> None:
    layers = [["convolution", 5, 3, 2], ["normalise"], ["average"]]
    run_id = store.create(
        NewRun(Plan.of("own-network", layers=layers, epochs=1), "Hers", small.fingerprint, small.title)
    )
    assert carry_out(run_id, Settings.from_environment()) == "done"
    at = opened("training", run=run_id)
    assert not at.exception and not at.error
    assert any(in_words(layers) in text.value for text in at.caption)
    at.session_state["training_tabs"] = "Code"
    at.run()
    assert "layers.GlobalAveragePooling2D()," in at.code[0].value
    at.button(key="training_build_on").click().run()
    assert rows(at) == layers and at.selectbox(key="training_recipe").value == "own-network"
    assert any("going by the last run" in text.value for text in at.markdown)
    at = press(at, "toggle_0")
    assert control(at, "filters").value == 5  # though five are not offered
    control(at, "size").set_value(1).run()
    assert any("a guess" in text.value for text in at.markdown)


@pytest.mark.slow
def test_weights_of_a_network_one_has_built_are_loaded_into_it(store: Store, small: Dataset) -> None:
    layers = STARTERS["A small one"]
    plan = Plan.of("own-network", layers=layers, epochs=1)
    store.stop(store.create(NewRun(plan, "Hers", small.fingerprint, small.title)))
    at = opened("runs")
    at.selectbox(key="runs_load_recipe").select(plan.network_key)
    content = written(own_recipe(layers).build())
    at.file_uploader(key="runs_load_file_0").upload("mine.weights.h5", content, "application/x-hdf5").run()
    at.button(key="runs_load_start").click().run()
    assert not at.exception and not at.error
    run = store.runs()[0]
    assert Plan(**json.loads(json.dumps(run.plan.as_dict()))) == Plan.loading("own-network", layers=layers)
    assert carry_out(run.id, Settings.from_environment()) == "done"
