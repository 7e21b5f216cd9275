"""Run book: every run is listed and found, one opens with all that can be done to it, several stand side by side,
others come in."""

import html
import io
import json
import re
import zipfile
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from core import metrics
from core.data.dataset import Dataset
from core.language import percent
from core.runs import bundle
from core.runs.book import NewRun
from core.runs.results import load_test_answers
from core.runs.runner import carry_out
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from core.training.weights import written
from models.catalogue import RECIPES
from tests.pages.conftest import curves, kept, offers
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


def cells(at: AppTest, kind: str) -> list[str]:
    """What the rows of the list tell of one kind, as a reader sees it."""
    (told,) = [json.loads(each.proto.json) for each in at.get("bidi_component") if each.proto.component_name == "book"]
    found = re.findall(rf'<span class="{kind}">(.*?)</span>', told["rows"])
    return [html.unescape(re.sub("<small>.*?</small>|<[^>]*>", "", cell)) for cell in found]


def listed(at: AppTest) -> list[str]:
    """The names in the list."""
    return cells(at, "name")


def tables(at: AppTest) -> dict[str, dict[str, list[str]]]:
    """The tables of runs side by side: by their heading, what stands beside each term."""
    found = {}
    for block in at.html:
        if 'table class="compared"' in block.proto.body:
            title, table = re.fullmatch(r"<h3>(.*?)</h3>(.*)", block.proto.body).groups()
            rows = re.findall(r"<th scope=row>(.*?)</th>(.*?)</tr>", table)
            found[html.unescape(title)] = {term: re.findall("<td>(.*?)</td>", row) for term, row in rows}
    return found


def figures(at: AppTest) -> dict[str, str]:
    """The large figures of a run, by what they are."""
    pairs = (re.findall(r"<dd>(.*?)</dd><dt>(.*?)</dt>", block.proto.body) for block in at.html)
    return {term: value for block in pairs for value, term in block}


def headings(at: AppTest) -> list[str]:
    return [heading.value for kind in (at.header, at.subheader) for heading in kind]


def sentences(at: AppTest) -> str:
    return " ".join(text.value for kind in (at.markdown, at.caption, at.info, at.error) for text in kind)


def buttons(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def test_names_and_notes_carry_no_markup_into_the_list_nor_beside_another_run(store: Store, small: Dataset):
    ids = [add(store, small, name) for name in ("<img src=x>", "Coats & more")]
    store.annotate(ids[0], note="<b>x")
    for at in (opened(run=",".join(ids)), opened(run=ids[0])):
        assert set(listed(at)) == {"<img src=x>", "Coats & more"}
        shown = [block.proto.body for block in at.html]
        shown += [each.proto.json for each in at.get("bidi_component") if each.proto.component_name == "book"]
        assert not [body for body in shown if "<img src=x>" in body or "<b>x" in body]


def test_without_a_run_the_page_leads_to_training_and_still_takes_runs_in():
    at = opened()
    assert not at.exception and not at.error
    assert "No run yet" in headings(at) and len(at.file_uploader) == 2
    assert "Train one in a minute" in [link.label for link in at.get("page_link")]


def test_every_run_is_listed_with_its_curve_and_score_the_pinned_ones_first(store: Store, small: Dataset):
    first = add(store, small, "First")
    second = add(store, small, "Second", recipe="hello-world")
    for epoch, share in enumerate((0.5, 0.75), 1):
        add_points(store, first, point(epoch, "epoch", share))
    store.annotate(first, note="Liked it", pinned=True)
    alter(store, second, test_accuracy=0.9049, seconds=61.0)
    at = opened()
    assert listed(at) == ["★ First", "Second"] and cells(at, "network") == ["Quick", "Hello World"]
    assert cells(at, "right") == ["–", "90.5\N{NO-BREAK SPACE}%"] and cells(at, "time") == ["", "61 s"]
    assert cells(at, "state") == ["stopped early"] * 2
    (told,) = [each.proto.json for each in at.get("bidi_component") if each.proto.component_name == "book"]
    assert told.count("<polyline") == 1 and "Liked it" in told


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
    at.selectbox(key="runs_state").set_value("failed").run()
    assert listed(at) == ["Plum"]
    at.text_input(key="runs_find").set_value("nothing so called").run()
    assert "No run fits" in sentences(at) and not at.exception


@pytest.mark.slow
def test_a_link_opens_a_run_with_its_facts_and_all_its_files(store: Store, small: Dataset):
    run_id = trained(store, small, epochs=2, seed=5)
    at = opened(run=run_id)
    assert not at.exception and not at.error
    assert "Mine" in headings(at) and len(curves(at)) == 1
    assert figures(at)["of the test pictures right"] == percent(store.run(run_id).test_accuracy, 1)
    (facts,) = [block.proto.body for block in at.html if "<dt>Seed</dt><dd>5</dd>" in block.proto.body]
    assert "<dt>Epochs</dt><dd>2</dd>" in facts
    assert offers(at) == [
        *("Download", "Report to print (.html)", "One web page (.html)", ".keras", ".tflite", ".weights.h5"),
        *("Code (.py)", "Notebook (.ipynb)", "TensorBoard events (.zip)"),
    ]
    assert b"<title>" in kept(at)["downloads"]["runs_download_page.html"].make()
    links = {link.label for link in at.get("page_link")}
    assert {"Open in Train", "Its mistakes", "Show it a photo"} <= links


def test_one_download_stands_in_the_open_and_the_others_behind_one_button(store: Store, small: Dataset):
    at = opened(run=add(store, small))
    behind = [block.proto.body for popover in at.get("popover") for block in popover.get("html")]
    assert offers(at)[0] == "Download" and not any(">Download<" in body for body in behind)
    assert sum('class="file' in body for body in behind) == len(offers(at)) - 1 > 3


def test_a_note_a_name_and_a_star_are_kept(store: Store, small: Dataset):
    run_id = add(store, small)
    at = opened(run=run_id)
    at.text_area(key=f"runs_note_{run_id}").set_value("Steps too large.")
    at.text_input(key=f"runs_name_{run_id}").set_value("Better name")
    at.checkbox(key=f"runs_pin_{run_id}").check()
    at.button(key="runs_save").click().run()
    run = store.run(run_id)
    assert (run.note, run.name, run.pinned) == ("Steps too large.", "Better name", True)
    assert "★ Better name" in headings(at) and listed(at) == ["★ Better name"]
    at.text_input(key=f"runs_name_{run_id}").set_value(" ")
    at.button(key="runs_save").click().run()
    assert store.run(run_id).name == "Better name" and "Type at least one letter" in sentences(at)


def test_a_deleted_run_can_be_brought_back_with_one_press(store: Store, small: Dataset):
    run_id = add(store, small)
    at = opened(run=run_id)
    at.button(key="runs_delete").click().run()
    assert store.runs() == [] and "Deleted “Mine”" in sentences(at) and "No run yet" in headings(at)
    at.button(key=f"runs_undo_{run_id}").click().run()
    assert [run.id for run in store.runs()] == [run_id] and "Mine" in headings(at) and "Deleted" not in sentences(at)


def test_a_run_that_trains_is_not_deleted_but_says_how(store: Store, small: Dataset):
    run_id = add(store, small)
    alter(store, run_id, status="running")
    at = opened(run=run_id)
    assert "runs_delete" not in buttons(at) and "before you delete it" in sentences(at)


def test_what_only_the_owner_may_do_is_not_shown_to_others_who_can_still_take_it_away(store: Store, small: Dataset):
    run_id = add(store, small, key=None)
    alter(store, run_id, owner="0" * 64, note="Mine alone")
    at = opened(run=run_id)
    assert buttons(at).isdisjoint({"runs_save", "runs_delete"}) and not at.text_area
    assert not any(button.disabled for button in at.button)
    assert any("Mine alone" in block.proto.body for block in at.html) and "Download" in offers(at)


def test_an_unknown_run_gets_a_sentence(store: Store, small: Dataset):
    add(store, small)
    at = opened(run="nonsense")
    assert "no run “nonsense”" in sentences(at) and listed(at) == ["Mine"] and not at.exception


def tiles(at: AppTest) -> list[list[int]]:
    """The numbers of the pictures in each wall of tiles."""
    blocks = [block.proto.body for block in at.html if 'class="tiles' in block.proto.body]
    return [[int(number) for number in re.findall(r"Test picture (\d+)", block)] for block in blocks]


@pytest.mark.slow
def test_two_runs_stand_side_by_side_with_the_pictures_only_one_gets_right(store: Store, small: Dataset):
    one, other = trained(store, small, "Short", examples=200), trained(store, small, "Long", epochs=3)
    at = opened(run=f"{one},{other}")
    assert not at.exception and not at.error
    assert "Side by side" in headings(at) and len(at.get("plotly_chart")) == 2
    found = tables(at)
    assert found["What was chosen differently"] == {"Training pictures": ["200", "all"], "Epochs": ["1", "3"]}
    assert found["What came out"]["Test pictures right"][0] == percent(store.run(one).test_accuracy, 1)
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
    assert "5 runs are asked for; 4 at most can be compared" in sentences(at)
    at = opened(run=",".join(ids[:4]))
    assert "tested on the clothes in use now" in sentences(at) and "Their plans are the same" in sentences(at)
    assert not at.get("plotly_chart") and not at.exception


def test_long_names_hide_nothing_beside_other_runs(store: Store, small: Dataset):
    ids = [add(store, small, f"{letter} {'very ' * 10}long") for letter in "xy"]
    for run_id in ids:
        add_points(store, run_id, point(1.0, "epoch"))
    at = opened(run=",".join(ids))
    (legend,) = [block.proto.body for block in at.html if 'ol class="compared"' in block.proto.body]
    assert re.findall(r"<b [^>]*>(.)</b><span>(.) very", legend) == [("A", "x"), ("B", "y")]
    charts = [chart.proto.spec for chart in at.get("plotly_chart")]
    assert len(charts) == 2 and all("A (training)" in chart and "very" not in chart for chart in charts)
    assert all("very" not in block.proto.body for block in at.html if "<table" in block.proto.body)


@pytest.mark.slow
def test_weights_from_elsewhere_become_a_run_like_any_other(store: Store, small: Dataset):
    at = opened()
    assert "runs_load_start" not in buttons(at)  # until there is something to press it for
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
    assert "there is no curve" in sentences(at) and not curves(at)
    assert figures(at)["of the test pictures right"] == percent(store.run(run.id).test_accuracy, 1)
    assert cells(at, "time") == ["loaded"]


def test_a_file_that_holds_no_weights_is_refused_at_once_and_nothing_waits(store: Store):
    at = opened()
    at.file_uploader(key="runs_load_file_0").upload("words.h5", b"I am text.", "text/plain").run()
    at.button(key="runs_load_start").click().run()
    assert "does not hold weights" in sentences(at)
    assert store.runs() == []


@pytest.mark.slow
def test_weights_of_another_network_are_refused_at_once_and_leave_no_run_that_broke_off(store: Store):
    at = opened()
    content = written(RECIPES["five-steps"].build())
    at.file_uploader(key="runs_load_file_0").upload("mine.weights.h5", content, "application/x-hdf5").run()
    at.selectbox(key="runs_load_recipe").select("hello-world").run()
    at.button(key="runs_load_start").click().run()
    assert "These weights belong to another network" in sentences(at)
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
