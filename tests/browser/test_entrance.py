"""The entrance and the teacher's key in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from core.runs.book import NewRun
from core.runs.store import open_store
from core.training.plan import Plan
from tests.browser.conftest import PATIENCE, App, serve, settled

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def closed_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with a passphrase and a teacher's key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITTING_ROOM_PASSPHRASE", "seven blue whales")
        patch.setenv("FITTING_ROOM_TEACHER_KEY", "owl")
        running = serve(tmp_path_factory.mktemp("home"), workers=0)
    yield running
    running.stop()


def type_in(page: Page, label: str, words: str) -> None:
    page.get_by_label(label).fill(words)
    page.get_by_label(label).press("Enter")


def test_who_knows_the_words_comes_in_and_the_teacher_stops_anothers_run(closed_app: App, browser: Browser) -> None:
    for address in ("_stcore/stream", "live/x"):
        with pytest.raises(InvalidStatus, match="403"), connect(f"ws{closed_app.address[4:]}/{address}"):
            pass
    store = open_store(f"sqlite:///{closed_app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick"), "Another's", "0" * 16, "Other clothes", key="k" * 32))
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{closed_app.address}/training?run={run_id}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    type_in(page, "Passphrase", "eight blue whales")
    expect(page.get_by_role("alert")).to_contain_text("That is not it.")
    type_in(page, "Passphrase", "seven blue whales")
    settled(page)
    assert page.url.endswith(f"/training?run={run_id}")
    stop = page.get_by_role("button", name="Leave the queue")
    expect(page.get_by_text("Somebody else started this run")).to_be_visible()
    expect(stop).to_have_count(0)
    page.goto(f"{closed_app.address}/teacher")
    type_in(page, "Teacher's key", "owl")
    settled(page)
    page.goto(f"{closed_app.address}/training?run={run_id}")
    stop.click()
    expect(stop).to_have_count(0)
    assert store.run(run_id).ended
    page.goto(f"{closed_app.address}/runs?run={run_id}")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("button", name="Delete this run").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert run_id not in [run.id for run in store.runs()]
    store.close()
    context.close()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=[pytest.mark.nightly, pytest.mark.slow])])
def test_an_address_that_leads_nowhere_says_so_and_leads_to_the_start(
    browser: Browser, fresh_app: App, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    grounds = set()
    for path in ("nothing", "x/y/z", "runs/abc", "/x", "%00", "x" * 5000):
        assert page.goto(f"{fresh_app.address}/{path}").status == 404
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == {"rgb(250, 247, 242)" if scheme == "light" else "rgb(20, 18, 15)"}
    page.get_by_role("link", name="Go to the start").click()
    settled(page)
    expect(page).to_have_url(re.compile(r"^http://[\d.:]+/$"))
    page.goto(f"{fresh_app.address}/help/")
    settled(page)
    expect(page.get_by_role("heading", name="Words", exact=True)).to_be_visible()
    context.close()
