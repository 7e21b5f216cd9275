"""The run book in a real browser with a real worker: a run is packed, brought in again and scored anew."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, App, serve, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


@pytest.fixture
def quiet_app(tmp_path: Path) -> Iterator[App]:
    """An app of this test's own, with a worker: in the one all share, other runs move on and draw the page anew during
    a download."""
    running = serve(tmp_path / "home", workers=1)
    yield running
    running.stop()


def test_a_run_is_taken_away_as_a_zip_and_brought_in_again(quiet_app: App, open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"{quiet_app.address}/training")
    page.get_by_role("radio", name="a taste").click()
    settled(page)
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile(r"run=\w+"))  # until then the best run of all is shown
    run_id = re.search(r"run=(\w+)", page.url)[1]
    page.get_by_role("button", name="Train on").wait_for()

    page = open_page(f"{quiet_app.address}/runs?run={run_id}")
    for words, kind in (
        ("Everything as one zip", "zip"),
        ("TensorBoard events", "events"),
        ("Report to print", "html"),
    ):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=words).click()
        waiting.value.save_as(tmp_path / f"run.{kind}")
    assert "What it takes for what" in (tmp_path / "run.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "run.events") as events:
        assert {name.split("/")[1] for name in events.namelist()} == {"training", "validation", "batches"}

    page.get_by_text("A run that was packed as a zip").click()
    page.locator("[class*=st-key-runs_import_file] input[type=file]").set_input_files(tmp_path / "run.zip")
    page.get_by_role("button", name="Look through it and add it").click()
    expect(page).not_to_have_url(re.compile(run_id))
    expect(page.get_by_text("of the test pictures right")).to_be_visible()
    expect(page.locator(".st-key-runs_curve .js-plotly-plot")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
