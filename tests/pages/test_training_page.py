"""Train: a plan becomes a waiting run, runs are shown as they stand, and nothing wrong reaches the queue."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset, Source
from core.data.gather import UploadedDataset
from core.errors import RunError
from core.language import percent
from core.runs.book import NewRun
from core.runs.runner import carry_out
from core.runs.schema import SNAPSHOTS, owner_of
from core.runs.standing import version
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from pages.shared import snapshots
from pages.shared.snapshots import said
from pages.shared.words import plain
from tests.pages.conftest import curves, kept, offers
from tests.pages.conftest import opened as open_page
from tests.stored import add_points, alter, checkpoint, point, snapshot

pytestmark = pytest.mark.usefixtures("small_data")
opened = partial(open_page, "training")


def add(store: Store, data: Dataset, name: str = "Mine", **changes: object) -> str:
    plan = Plan.of("quick", **{"epochs": 1, **changes})
    return store.create(NewRun(plan, name, data.fingerprint, data.title))


def headings(at: AppTest) -> list[str]:
    return [heading.value for heading in at.header]


def test_with_no_run_the_page_invites_and_shows_an_example_curve():
    at = opened()
    assert not at.exception and not at.error
    assert "No run yet" in headings(at)
    assert {curve["published"]["accuracy"][0] for curve in curves(at)} == {0.7989}
    assert any('class="twelve' in block.proto.body for block in at.html)  # what it is going to answer
    assert any("a guess" in text.value for text in at.markdown)


def test_start_puts_the_chosen_plan_into_the_store_and_the_run_into_the_address(store: Store):
    at = opened()
    at.selectbox(key="training_recipe").select("hello-world").run()
    at.slider(key="training_epochs_hello-world").set_value(3)
    at.text_input(key="training_name").input("Class 7b")
    at.number_input(key="training_seed").set_value(9)
    at.button(key="training_start").click().run()
    (run,) = store.runs()
    assert (run.name, run.status) == ("Class 7b", "waiting")
    assert run.plan == Plan.of("hello-world", epochs=3, seed=9)
    assert at.query_params["run"] in (run.id, [run.id])
    assert "Class 7b" in headings(at)
    assert {curve["address"] for curve in curves(at)} == {f"live/{run.id}"}
    assert at.button(key="training_start").label == "Queue another"


def test_choices_of_one_network_do_not_leak_into_another(store: Store):
    at = opened()
    at.slider(key="training_epochs_quick").set_value(7).run()
    at.selectbox(key="training_recipe").select("new-abcd").run()
    assert at.slider(key="training_epochs_new-abcd").value == 50  # so few clothes take no time
    assert at.query_params["network"] in ("new-abcd", ["new-abcd"])


def test_the_chosen_network_survives_a_reload(store: Store):
    assert opened(network="hello-world").selectbox(key="training_recipe").value == "hello-world"
    assert opened(network="nonsense").selectbox(key="training_recipe").value == "quick"


def test_each_control_has_a_name_of_its_own():
    at = opened()
    labels = [
        each.label for kind in ("selectbox", "slider", "select_slider", "segmented_control") for each in at.get(kind)
    ]
    assert len(labels) == len(set(labels)) and "Training pictures" not in labels


def test_a_large_network_begins_short_and_its_authors_choice_is_one_press_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pages.shared.controls.short", lambda recipe, available: (None, 3))
    at = opened(network="new-abcd")
    assert at.slider(key="training_epochs_new-abcd").value == 3
    at.button(key="training_as_published").click().run()
    assert at.slider(key="training_epochs_new-abcd").value == 50
    assert "training_as_published" not in [button.key for button in at.button]


def test_only_amounts_that_the_data_have_are_offered():
    assert opened().segmented_control(key="training_amount_quick").options == ["all"]


def test_a_plan_outside_the_limits_is_refused_in_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch):
    checked = Plan.checked
    monkeypatch.setattr(
        Plan, "checked", lambda plan, settings, available: checked(replace(plan, examples=6_000), settings, available)
    )
    at = opened()
    at.button(key="training_start").click().run()
    assert any("must lie between 100 and 1,200" in error.value for error in at.error)
    assert store.runs() == []


def test_a_running_run_is_shown_live_and_can_be_stopped(store: Store, small: Dataset):
    run_id = add(store, small)
    lease = store.claim(run_id)
    lease.phase("training")
    lease.point(point(0.5, accuracy=0.62, loss=1.1, speed=1234.0))
    at = opened(run=run_id)
    assert [curve["parts"] for curve in curves(at)] == [
        ["numbers"], ["twelve", "note"], ["tools"], ["matrix"], ["filters"]
    ]  # fmt: skip
    curve = curves(at)[0]
    assert (curve["address"], curve["epochs"], curve["asks"]) == (f"live/{run_id}", 1, True)
    assert not any(other.get("asks") for other in curves(at)[1:])  # one of them asks for the page
    assert curve["version"] == version(store.run(run_id))  # else it would ask for the page again and again
    at.button(key="training_stop").click().run()
    assert store.run(run_id).stop_requested
    assert curves(at)[0]["version"] == version(store.run(run_id))


@pytest.mark.parametrize(("owner", "mine"), [("", True), ("somebody else", False)])
def test_the_page_says_whose_run_it_is_so_that_its_owner_need_not_wait(
    store: Store, small: Dataset, owner: str, mine: bool
):
    run_id = add(store, small)
    alter(store, run_id, owner=owner_of(owner))
    assert curves(opened(run=run_id))[0]["mine"] is mine


def test_a_run_read_a_moment_before_its_first_point_shows_no_numbers_yet(store: Store, small: Dataset):
    run_id = add(store, small)
    store.claim(run_id)
    add_points(store, run_id, point(0.1))  # without the speed that the lease writes into the run
    at = opened(run=run_id)
    assert not at.exception and not at.error and curves(at)


@pytest.mark.slow
def test_a_finished_run_shows_its_score_and_its_curve_and_leads_on(store: Store, small: Dataset):
    run_id = add(store, small, epochs=2)
    assert carry_out(run_id, Settings.from_environment()) == "done"
    at = opened(run=run_id)
    assert not at.exception and not at.error
    assert percent(store.run(run_id).test_accuracy, 1) == curves(at)[0]["state"]["figures"][0][1]
    assert curves(at)[1]["kept"] == [1, 2]  # the epochs that can be looked at
    parts = said(run_id, 2, None)
    assert parts.count("<figure") == 12 and parts.count("<td") == 101 and "first neurons" in parts
    assert any("going by the last run" in text.value for text in at.markdown)
    assert not [button for button in at.button if button.key == "training_stop"]
    assert offers(at) == ["Take it home"] and b"<title>" in kept(at)["downloads"]["training_take_home"].make()


def test_pictures_that_somebody_uploaded_are_shown_to_that_browser_only(
    store: Store, garments: Dataset, monkeypatch: pytest.MonkeyPatch
):
    arrays = (255 - garments.train_images, garments.train_labels, garments.test_images, garments.test_labels)
    hers = Dataset.of(arrays, Source.OWN)
    run_id = add(store, hers)
    outputs = np.full((12, 10), 0.1, np.float16)
    seen = replace(snapshot(), rows=np.arange(12, dtype=np.int32), shares=outputs)
    store.claim(run_id).epoch(point(1.0, "epoch"), seen, checkpoint(1))
    clothes = UploadedDataset(hers, "")
    monkeypatch.setattr(snapshots, "uploaded_by", lambda key: clothes if key == "hers" else None)
    assert said(run_id, 1, "hers").count("<figure") == 12
    for other in ("his", None):
        assert "<figure" not in (elsewhere := said(run_id, 1, other))
        assert "learned from other clothes" in elsewhere


def test_a_run_is_paused_goes_on_and_only_its_owner_may(store: Store, small: Dataset):
    run_id = add(store, small)
    lease = store.claim(run_id)
    lease.phase("training")
    at = opened(run=run_id)
    at.button(key="training_pause").click().run()
    assert store.run(run_id).pause_requested
    button = at.button(key="training_pause")
    assert not button.disabled  # a button that is switched off loses the focus
    lease.pause(checkpoint(0.5))
    at = opened(run=run_id)
    same = at.button(key="training_pause")
    assert (same.label, same.id) == ("Go on", button.id)
    same.click().run()
    assert store.run(run_id).status == "waiting"
    alter(store, run_id, owner=owner_of("somebody else"))
    at = opened(run=run_id)
    assert not {"training_stop", "training_pause"} & {each.key for each in at.button}
    assert any("only they can" in caption.value for caption in at.caption)


@pytest.mark.slow
def test_a_finished_run_is_trained_on_as_a_run_of_its_own(store: Store, small: Dataset):
    run_id = add(store, small, epochs=2)
    assert carry_out(run_id, Settings.from_environment()) == "done"
    at = opened(run=run_id)
    at.number_input(key=f"training_more_{run_id}").set_value(4)
    at.button(key="training_on_start").click().run()
    later, first = store.runs()
    assert (later.parent, later.name, later.plan.epochs, later.kept_epoch) == (first.id, "Mine, trained on", 6, 2)
    assert carry_out(later.id, Settings.from_environment()) == "done"
    assert store.points(later.id)[1]["epoch"].tolist() == [1, 2, 3, 4, 5, 6]


def test_the_finer_choices_reach_the_plan_and_a_surprise_sets_them(store: Store):
    at = opened()
    at.selectbox(key="training_schedule").select("cosine")
    at.selectbox(key="training_augment").select("mirror")
    at.selectbox(key="training_patience").select(3)
    at.select_slider(key="training_dropout").set_value(0.3)
    at.button(key="training_start").click().run()
    (run,) = store.runs()
    assert run.plan == Plan.of("quick", schedule="cosine", augment="mirror", patience=3, dropout=0.3)
    store.stop(run.id)
    for _ in range(3):
        at.button(key="training_surprise_me").click().run()
        assert not at.exception and not at.error
        assert any("Guess first" in info.value for info in at.info)
    at.button(key="training_start").click().run()
    plan = store.runs()[0].plan
    assert plan != Plan.of(plan.recipe) and not at.error


def test_a_second_waiting_run_of_one_person_is_refused_in_a_sentence(store: Store):
    at = opened()
    at.button(key="training_start").click().run()
    at.button(key="training_start").click().run()
    assert any("You have a run waiting already" in error.value for error in at.error) and len(store.runs()) == 1


def test_a_failed_run_says_why(store: Store, small: Dataset):
    run_id = add(store, small)
    alter(store, run_id, status="failed", message="The computer ran out of memory. Try fewer pictures.")
    at = opened(run=run_id)
    assert [error.value for error in at.error] == ["The computer ran out of memory. Try fewer pictures."]


def test_an_unknown_run_gets_a_sentence_and_the_page_still_works(store: Store, small: Dataset):
    at = opened(run="nonsense")
    assert any("no run “nonsense”" in info.value for info in at.info)
    assert at.button(key="training_start")
    best, latest = (add(store, small, name) for name in ("Best", "Latest"))
    for run_id, accuracy in ((best, 0.9), (latest, 0.8)):
        alter(store, run_id, status="done", test_accuracy=accuracy, test_loss=0.3)
    at = opened(run="nonsense")
    assert any("The best one is shown instead: “Best”" in info.value for info in at.info) and "Best" in headings(at)


def test_a_store_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FITTING_ROOM_STORE", f"sqlite:///{tmp_path / 'file' / 'runs.sqlite'}")
    at = opened()
    assert not at.exception
    assert any(plain("FITTING_ROOM_HOME") in error.value for error in at.error)


def shown_code(at: AppTest) -> str:
    at.session_state["training_tabs"] = "Code"
    (block,) = at.run().code
    return block.value


def test_the_code_of_a_run_and_of_what_is_chosen_is_shown(store: Store, small: Dataset):
    at = opened()
    assert not at.code  # what colours it is half a megabyte for a tablet
    assert "EPOCHS = 4\n" in shown_code(at)  # of the plan: there is no run
    run_id = add(store, small, epochs=3, seed=11)
    at = opened(run=run_id)
    assert "SEED = 11 " in shown_code(at) and "EPOCHS = 3\n" in shown_code(at) and small.title in shown_code(at)
    at.segmented_control(key="training_code_of").set_value("plan").run()
    assert "SEED = 0 " in shown_code(at) and "EPOCHS = 4\n" in shown_code(at)
    assert [button.label for button in at.get("download_button")][:2] == ["Download .py", "Download notebook (.ipynb)"]


def test_the_way_to_the_run_book_is_there_once_there_is_a_run(store: Store, small: Dataset):
    assert [link.label for link in opened().get("page_link")].count("Run book") == 2  # in the menu
    add(store, small)
    assert [link.label for link in opened().get("page_link")].count("Run book") == 3


@pytest.mark.parametrize(
    "content",
    [
        b"no snapshot",
        replace(snapshot(), rows=np.full(1, 500_000, np.int32), shares=np.ones((1, 10), np.float16)).to_bytes(),
        replace(snapshot(), filters=np.full((1, 3, 3), np.inf, np.float16)).to_bytes(),
        replace(snapshot(), filters=np.zeros((1, 0, 3), np.float16)).to_bytes(),
        replace(snapshot(), counts=np.full((10, 10), 2**30, np.int32)).to_bytes(),
    ],
    ids=["no snapshot", "far rows", "endless filters", "filters without a side", "counts too large"],
)
def test_a_snapshot_that_cannot_be_is_said_and_the_page_goes_on(store: Store, small: Dataset, content: bytes):
    run_id = add(store, small, epochs=2)
    lease = store.claim(run_id)
    for epoch in (1, 2):
        lease.epoch(point(float(epoch), "epoch"), snapshot(), checkpoint(epoch))
    lease.finish({}, test_accuracy=0.9, test_loss=0.3)
    with store.database.writing() as connection:
        connection.execute(update(SNAPSHOTS).where(SNAPSHOTS.c.epoch == 2).values(content=content))
    at = opened(run=run_id)
    assert not at.error and not at.exception and curves(at)[1]["kept"] == [1, 2] and said(run_id, 1, None)
    with pytest.raises(RunError, match="cannot be read"):
        said(run_id, 2, None)  # which the live page gives to those who watch
