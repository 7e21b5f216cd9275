"""The run book in a real browser with a real worker: runs packed and brought in again, renamed, deleted, compared."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs.book import NewRun
from core.runs.store import open_store
from core.training.plan import Plan
from tests.browser.conftest import PATIENCE, App, no_trouble, settled
from tests.core.processes import wait_for
from tests.stored import add_points, alter, point

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


@pytest.fixture
def resting_app(app: App) -> App:
    """The app when no run moves: one that does draws the page anew, also during a download."""
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    wait_for(lambda: all(run.ended for run in store.runs()), "the runs of other tests")
    store.close()
    return app


def test_a_run_is_taken_away_as_a_zip_and_brought_in_again(resting_app: App, open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"{resting_app.address}/training")
    page.get_by_role("radio", name="6,000").click()
    settled(page)
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile(r"run=\w+"))  # until then the best run of all is shown
    run_id = re.search(r"run=(\w+)", page.url)[1]
    page.get_by_role("button", name="Train on").wait_for()

    page = open_page(f"{resting_app.address}/runs?run={run_id}")
    for words, kind in (("Download", "zip"), ("TensorBoard events", "events"), ("Report to print", "html")):
        if kind == "events":
            page.get_by_role("button", name="More files").click()
        with page.expect_download() as waiting:
            page.get_by_role("link", name=words).click()
        waiting.value.save_as(tmp_path / f"run.{kind}")
    assert "Its mistakes" in (tmp_path / "run.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "run.events") as events:
        assert {name.split("/")[1] for name in events.namelist()} == {"training", "validation", "batches"}

    page.keyboard.press("Escape")
    page.get_by_role("button", name="Import a run").click()
    page.locator("[class*=st-key-runs_import_file] input[type=file]").set_input_files(tmp_path / "run.zip")
    page.get_by_role("button", name="Add this run").click()
    expect(page).not_to_have_url(re.compile(run_id))
    expect(page.get_by_text("of the test pictures right").first).to_be_visible()
    expect(page.locator(".st-key-runs_curve path.training")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_run_is_renamed_deleted_and_brought_back(app: App, open_page: Open) -> None:
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick", epochs=1), "Old name", "0" * 16, "Other clothes"))
    store.stop(run_id)
    page = open_page(f"{app.address}/runs?run={run_id}")
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("New name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="New name")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="Delete this run").click()
    expect(page.get_by_role("heading", name="New name")).to_have_count(0)
    assert run_id not in [run.id for run in store.runs()]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="New name")).to_be_visible()
    store.delete(run_id)
    store.close()


def test_on_a_phone_a_tap_opens_a_run_above_its_card_and_ticks_compare_two(app: App, open_page: Open) -> None:
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    plans = {f"Ticked {seed}": Plan.of("quick", epochs=1, seed=seed) for seed in (1, 2)}
    ids = [store.create(NewRun(plan, name, "0" * 16, "Other clothes", waiting=False)) for name, plan in plans.items()]
    for run_id in ids:
        add_points(store, run_id, point(1.0, "epoch"))
        alter(store, run_id, status="stopped", test_accuracy=0.905, test_loss=0.3)
    page = open_page(f"{app.address}/runs", width=390, height=844, touch=True)
    page.get_by_role("textbox", name="Find").fill("ticked")
    page.get_by_role("textbox", name="Find").press("Enter")
    cards = page.locator(".book li")
    expect(cards).to_have_count(2)
    expect(cards.first).to_be_in_viewport()
    score = cards.first.locator(".right")
    expect(score).to_have_text("90.5\N{NO-BREAK SPACE}%")
    expect(score).to_be_in_viewport(ratio=1)
    cards.first.get_by_role("link").tap()
    heading = page.get_by_role("heading", name="Ticked 2")
    expect(heading).to_be_in_viewport()
    expect(page).to_have_url(re.compile(f"run={ids[1]}"))
    for name in ("Ticked 1", "Ticked 2"):
        page.get_by_role("checkbox", name=f"Compare {name}").tap()
    page.get_by_role("button", name="Compare 2 runs").tap()
    expect(page.get_by_role("heading", name="Side by side")).to_be_in_viewport()
    assert set(page.url.rpartition("run=")[2].replace("%2C", ",").split(",")) == set(ids)
    expect(page.locator("ol.compared")).to_contain_text("Ticked 1")
    no_trouble(page)
    for run_id in ids:
        store.delete(run_id)
    store.close()
