"""Run book: every run is listed and found, one opens with all that can be done to it, several stand side by side,
others come in."""

import io
import re
import zipfile
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from core import metrics
from core.data.dataset import Dataset
from core.runs import bundle
from core.runs.book import NOT_YOURS, NewRun
from core.runs.results import load_test_answers
from core.runs.runner import carry_out
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from core.training.weights import written
from models.catalogue import RECIPES
from tests.pages.conftest import curves, offers
from tests.pages.conftest import opened as open_page
from tests.stored import add_points, alter, point

pytestmark = pytest.mark.usefixtures("small_data")
opened = partial(open_page, "runs")


def add(store: Store, data: Dataset, name: str = "Mine", key: str | None = None, **changes: object) -> str:
    """A run that was taken out of the queue."""
    plan = Plan.of(str(changes.pop("recipe", "quick")), **{"epochs": 1, **changes})
    run_id = store.create(NewRun(plan, name, data.fingerprint, data.title, key=key))
    store.stop(run_id)
    return run_id


def trained(store: Store, data: Dataset, name: str = "Mine", **changes: object) -> str:
    """A run that was trained."""
    plan = Plan.of("quick", **{"epochs": 1, **changes})
    run_id = store.create(NewRun(plan, name, data.fingerprint, data.title))
    assert carry_out(run_id, Settings.from_environment()) == "done"
    return run_id


def listed(at: AppTest) -> list[str]:
    """The names in the table."""
    return at.dataframe[0].value["name"].tolist()


def headings(at: AppTest) -> list[str]:
    return [heading.value for heading in at.subheader]


def sentences(at: AppTest) -> str:
    return " ".join(text.value for kind in (at.markdown, at.caption, at.info, at.error) for text in kind)


def test_no_name_or_note_in_the_tables_is_a_formula_where_they_are_taken_to_a_spreadsheet(store: Store, small: Dataset):
    ids = [add(store, small, name) for name in ("=1+1", "Coats - again")]
    store.annotate(ids[0], note='@SUM(A1) "x"')
    at = opened(run=",".join(ids))
    assert set(listed(at)) == {"'=1+1", "Coats - again"}
    assert '\'@SUM(A1) "x"' in at.dataframe[0].value["note"].tolist()
    assert {"'=1+1", "Coats - again"} <= {str(name) for frame in at.dataframe for name in frame.value.columns}


def test_without_a_run_the_page_leads_to_training_and_still_takes_runs_in():
    at = opened()
    assert not at.exception and not at.error
    assert "No run yet" in headings(at) and "Bring one in" in headings(at)
    assert "Train one" in [link.label for link in at.get("page_link")]


def test_every_run_is_listed_with_its_curve_the_pinned_ones_first(store: Store, small: Dataset):
    first = add(store, small, "First")
    add(store, small, "Second", recipe="hello-world")
    for epoch, share in enumerate((0.5, 0.75), 1):
        add_points(store, first, point(epoch, "epoch", share))
    store.annotate(first, note="Liked it", pinned=True)
    at = opened()
    table = at.dataframe[0].value
    assert table["name"].tolist() == ["★ First", "Second"] and table["network"].tolist() == ["Quick", "Hello World"]
    assert [list(curve) for curve in table["curve"]] == [[50, 75], []]
    assert table["state"].tolist() == ["stopped early"] * 2 and table["note"].tolist() == ["Liked it", ""]


def test_runs_are_found_by_name_note_network_and_state(store: Store, small: Dataset):
    add(store, small, "Apple", recipe="hello-world")
    noted = add(store, small, "Pear")
    store.annotate(noted, note="With a Lesson")
    failed = add(store, small, "Plum")
    alter(store, failed, status="failed", message="Broken.")
    at = opened()
    for words, names in (
        ("apple", ["Apple"]),
        ("LESSON", ["Pear"]),
        ("hello", ["Apple"]),
        ("quick p", ["Plum", "Pear"]),
        ("", 3),
    ):
        at.text_input(key="runs_find").set_value(words).run()
        assert listed(at) == names if words else len(listed(at)) == names
    at.pills(key="runs_states").set_value(["broke off"]).run()
    assert listed(at) == ["Plum"]
    at.text_input(key="runs_find").set_value("nothing so called").run()
    assert "No run fits" in sentences(at) and not at.exception


@pytest.mark.slow
def test_a_link_opens_a_run_with_its_facts_and_all_its_files(store: Store, small: Dataset):
    run_id = trained(store, small, epochs=2, seed=5)
    at = opened(run=run_id)
    assert not at.exception and not at.error
    assert "Mine" in headings(at) and len(curves(at)) == 1
    assert f"{store.run(run_id).test_accuracy:.1%}" in [metric.value for metric in at.metric]
    (facts,) = [block.proto.body for block in at.html if "<dt>Seed</dt><dd>5</dd>" in block.proto.body]
    assert "<dt>Epochs</dt><dd>2</dd>" in facts
    assert offers(at) == [
        *("Everything as one zip", "Report to print (.html)", ".keras", ".tflite", ".weights.h5"),
        *("Code (.py)", "Notebook (.ipynb)", "TensorBoard events (.zip)"),
    ]
    links = {link.label for link in at.get("page_link")}
    assert {"Open in Train", "Its mistakes", "Show it a photo"} <= links


def test_a_note_a_name_and_a_star_are_kept(store: Store, small: Dataset):
    run_id = add(store, small)
    at = opened(run=run_id)
    assert at.button(key="runs_note_save").disabled and at.button(key="runs_rename").disabled
    at.text_area(key=f"runs_note_{run_id}").set_value("Steps too large.").run()
    at.button(key="runs_note_save").click().run()
    at.text_input(key=f"runs_name_{run_id}").set_value("Better name").run()
    at.button(key="runs_rename").click().run()
    at.button(key="runs_pin").click().run()
    run = store.run(run_id)
    assert (run.note, run.name, run.pinned) == ("Steps too large.", "Better name", True)
    assert "★ Better name" in headings(at) and listed(at) == ["★ Better name"]


def test_a_deleted_run_can_be_brought_back_with_one_press(store: Store, small: Dataset):
    run_id = add(store, small)
    at = opened(run=run_id)
    at.button(key="runs_delete").click().run()
    assert store.runs() == [] and "Deleted “Mine”" in sentences(at) and "No run yet" in headings(at)
    at.button(key=f"runs_undo_{run_id}").click().run()
    assert [run.id for run in store.runs()] == [run_id] and "Mine" in headings(at) and "Deleted" not in sentences(at)


def test_what_only_the_owner_may_do_is_disabled_for_others_who_can_still_take_it_away(store: Store, small: Dataset):
    run_id = add(store, small, key=None)
    alter(store, run_id, owner="0" * 64)
    at = opened(run=run_id)
    assert NOT_YOURS in sentences(at)
    assert at.text_area(key=f"runs_note_{run_id}").disabled and at.text_input(key=f"runs_name_{run_id}").disabled
    assert all(at.button(key=f"runs_{name}").disabled for name in ("note_save", "rename", "pin", "delete"))
    assert "Everything as one zip" in offers(at)


def test_an_unknown_run_gets_a_sentence(store: Store, small: Dataset):
    add(store, small)
    at = opened(run="nonsense")
    assert "no run “nonsense”" in sentences(at) and listed(at) == ["Mine"] and not at.exception


def tiles(at: AppTest) -> list[list[int]]:
    """The numbers of the pictures in each wall of tiles."""
    blocks = [block.proto.body for block in at.html if 'class="tiles"' in block.proto.body]
    return [[int(number) for number in re.findall(r"Test picture (\d+)", block)] for block in blocks]


@pytest.mark.slow
def test_two_runs_stand_side_by_side_with_the_pictures_only_one_gets_right(store: Store, small: Dataset):
    one, other = trained(store, small, "Short", examples=200), trained(store, small, "Long", epochs=3)
    at = opened(run=f"{one},{other}")
    assert not at.exception and not at.error
    assert "Side by side" in headings(at) and len(at.get("plotly_chart")) == 2
    _, results, differences = (frame.value for frame in at.dataframe)
    assert differences.index.tolist() == ["Training pictures", "Epochs"] and differences["Long"].tolist() == [
        "all",
        "3",
    ]
    assert results.loc["Test pictures right", "Short"] == f"{store.run(one).test_accuracy:.1%}"
    short, long = load_test_answers(one, store, small), load_test_answers(other, store, small)
    expected = [
        metrics.only_one_right(short.labels, short.outputs, long.outputs),
        metrics.only_one_right(short.labels, long.outputs, short.outputs),
    ]
    assert tiles(at) == [rows[:12].tolist() for rows in expected if len(rows)]
    count = len(expected[1])
    assert f"“Long” is right, “Short” is wrong: {count:,} picture" in sentences(at)


def test_more_than_four_are_too_many_and_runs_of_other_clothes_are_not_paired(store: Store, small: Dataset):
    ids = [add(store, small, f"Run {number}") for number in range(5)]
    at = opened(run=",".join(ids))
    assert "5 runs are ticked; 4 can stand side by side" in sentences(at)
    at = opened(run=",".join(ids[:4]))
    assert "tested on the clothes in use now" in sentences(at) and "their plans are the same" in sentences(at)
    assert not at.get("plotly_chart") and not at.exception


@pytest.mark.slow
def test_weights_from_elsewhere_become_a_run_like_any_other(store: Store, small: Dataset):
    at = opened()
    assert at.button(key="runs_load_start").disabled
    at.selectbox(key="runs_load_recipe").select("five-steps/softmax")
    content = written(RECIPES["five-steps"].variant("softmax").build())
    at.file_uploader(key="runs_load_file_0").upload("mine.weights.h5", content, "application/x-hdf5").run()
    at.button(key="runs_load_start").click().run()
    assert not at.exception and not at.error
    (run,) = store.runs()
    assert (run.name, run.status) == ("Five easy steps: Softmax instead of sigmoids, loaded", "waiting")
    assert run.plan == Plan.loading("five-steps", "softmax")
    assert store.artifact(run.id, "given") == content
    assert carry_out(run.id, Settings.from_environment()) == "done"
    at = opened(run=run.id)
    assert "there is no curve to show" in sentences(at) and not at.get("plotly_chart")
    assert f"{store.run(run.id).test_accuracy:.1%}" in [metric.value for metric in at.metric]
    assert at.dataframe[0].value["training"].tolist() == ["loaded"]


def test_a_file_that_holds_no_weights_is_refused_at_once_and_nothing_waits(store: Store):
    at = opened()
    at.file_uploader(key="runs_load_file_0").upload("words.h5", b"I am text.", "text/plain").run()
    at.button(key="runs_load_start").click().run()
    assert "does not hold weights" in sentences(at)
    assert store.runs() == []


@pytest.mark.slow
def test_a_packed_run_comes_in_with_its_curve_and_is_scored_here(store: Store, small: Dataset):
    source = trained(store, small, "Travels", epochs=2)
    packed = bundle.pack(store.run(source), store, small.test_labels)
    at = opened()
    at.file_uploader(key="runs_import_file_0").upload("run.zip", packed, "application/zip").run()
    at.button(key="runs_import_start").click().run()
    assert not at.exception and not at.error
    copy = next(run for run in store.runs() if run.id != source)
    assert (copy.name, copy.status) == ("Travels 2", "waiting") and at.query_params["run"] in (copy.id, [copy.id])
    assert len(curves(at)) == 1
    assert carry_out(copy.id, Settings.from_environment()) == "done"
    assert store.run(copy.id).test_accuracy == store.run(source).test_accuracy
    assert len(curves(opened(run=copy.id))) == 1


def test_a_zip_that_is_no_run_is_refused_in_a_sentence_and_nothing_waits(store: Store):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("words.txt", "I am text.")
    at = opened()
    at.file_uploader(key="runs_import_file_0").upload("run.zip", content.getvalue(), "application/zip").run()
    at.button(key="runs_import_start").click().run()
    assert [error.value for error in at.error] == [f"This zip is no packed run: it has no plan.json. {bundle.REMEDY}"]
    assert store.runs() == []
