"""What the server does beside the pages: it gives each browser its key, hands out files, starts the queue, and has the
last word on an error."""

import contextlib
import gzip
import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest
import streamlit
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from starlette.datastructures import Headers
from websockets.sync.client import connect

from core.data.dataset import Dataset
from core.runs.book import NewRun
from core.runs.schema import Status
from core.runs.store import open_store
from core.training.plan import Plan
from pages.shared.downloads import safe
from tests.browser.conftest import PATIENCE, App, serve, settled
from tests.core.processes import wait_for
from tests.stored import checkpoint, point, snapshot

expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]
OLD_KEY = "an-old-key-of-thirty-two-letters"


def key_cookie(page: Page, app: App) -> dict:
    """The cookie with the browser's key."""
    (cookie,) = [cookie for cookie in page.context.cookies(app.address) if cookie["name"] == "fitting_room_key"]
    return cookie


@pytest.fixture(scope="module")
def quiet_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app that trains nothing."""
    running = serve(tmp_path_factory.mktemp("home"), workers=0)
    yield running
    running.stop()


@pytest.mark.browser
def test_a_browser_keeps_one_key_that_no_script_can_read(quiet_app: App, open_page: Open) -> None:
    page = open_page(f"{quiet_app.address}/help")
    cookie = key_cookie(page, quiet_app)
    assert re.fullmatch(r"[\w-]{32}", cookie["value"])
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", False)
    assert 300 < (cookie["expires"] - time.time()) / 86_400 < 370
    assert "fitting_room" not in page.evaluate("document.cookie")
    page.reload()
    window = page.context.new_page()
    window.goto(quiet_app.address)
    settled(window)
    assert key_cookie(window, quiet_app)["value"] == cookie["value"]
    assert key_cookie(open_page(quiet_app.address), quiet_app)["value"] != cookie["value"]


@pytest.mark.browser
def test_a_run_started_before_is_still_ones_own_also_by_a_link_on_another_site(
    quiet_app: App, browser: Browser, open_page: Open
) -> None:
    store = open_store(f"sqlite:///{quiet_app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick"), "Old", "0" * 16, "Other clothes", key=OLD_KEY))
    page = open_page(quiet_app.address.replace("127.0.0.1", "localhost"))
    old = {"name": "fitting_room_key", "value": OLD_KEY, "url": quiet_app.address, "sameSite": "Strict"}
    page.context.add_cookies([old])  # as earlier versions set it
    page.evaluate("address => { location.href = address }", f"{quiet_app.address}/training?run={run_id}")
    expect(page.get_by_role("button", name="Leave the queue")).to_be_enabled()
    cookie = key_cookie(page, quiet_app)
    assert (cookie["value"], cookie["httpOnly"], cookie["sameSite"]) == (OLD_KEY, True, "Lax")
    stranger = open_page(f"{quiet_app.address}/training?run={run_id}")
    expect(stranger.get_by_text("Somebody else started this run")).to_be_visible()
    expect(stranger.get_by_role("button", name="Leave the queue")).to_have_count(0)
    store.delete(run_id)
    store.close()


def tap_a_link(page: Page) -> None:
    page.get_by_role("link", name="Help", exact=True).click()


def go_back(page: Page) -> None:
    page.go_back()


@pytest.mark.browser
@pytest.mark.parametrize("leave", [tap_a_link, go_back])
def test_who_leaves_is_not_brought_back_by_a_run_that_changes_before_the_server_has_answered(
    quiet_app: App, open_page: Open, leave: Callable[[Page], None]
) -> None:
    store = open_store(f"sqlite:///{quiet_app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick"), "Waits", "0" * 16, "Other clothes", key=OLD_KEY))
    page = open_page(quiet_app.address)
    answers, held = [], []

    def pass_on(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(lambda message: held.append(message) if "hold" in answers else route.send(message))
        answers.append(route)

    page.route_web_socket("**/_stcore/stream", pass_on)
    page.goto(f"{quiet_app.address}/help")
    settled(page)
    page.get_by_role("link", name="Train", exact=True).click()
    words = page.locator(".live-words")
    expect(words).to_contain_text("queue")
    settled(page)
    page.evaluate("Math.random = () => 0")  # the page is asked for at once, not within a second and a half
    answers.append("hold")
    leave(page)
    store.stop(run_id, OLD_KEY)
    expect(words).not_to_contain_text("queue")
    page.evaluate("new Promise(done => setTimeout(done, 0))")
    answers.remove("hold")
    for message in held:
        answers[-1].send(message)
    expect(page.get_by_role("heading", name="Words", exact=True)).to_be_visible()
    settled(page)
    expect(page.get_by_role("heading", name="Words", exact=True)).to_be_visible()
    store.delete(run_id)
    store.close()


@pytest.mark.browser
def test_a_file_is_for_one_browser_and_goes_with_its_page(quiet_app: App, open_page: Open) -> None:
    page, stranger = (open_page(f"{quiet_app.address}/own") for _ in range(2))
    link = page.get_by_role("link", name="Example table")
    address = f"{quiet_app.address}/{link.get_attribute('href')}"
    for _ in range(3):
        stranger.reload()
        settled(stranger)
    answer = page.request.get(address)
    assert answer.status == 200 and answer.text().startswith("label,pixel1")
    assert answer.headers["content-disposition"] == 'attachment; filename="clothes.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert stranger.request.get(address).status == 404
    assert page.request.get(f"{quiet_app.address}/files/guess").status == 404
    page.get_by_role("link", name="Help", exact=True).click()
    expect(page.get_by_role("heading", name="Words", exact=True)).to_be_visible()
    settled(page)
    assert page.request.get(address).status == 404


@pytest.mark.parametrize(
    ("name", "saved_as"),
    [("a-b_1.tar.gz", "a-b_1.tar.gz"), ("../../etc/passwd", "etc-passwd"), ('x"\r\ny: z', "x-y-z"), ("…", "file")],
)
def test_a_file_name_is_a_name_and_nothing_else(name: str, saved_as: str) -> None:
    assert safe(name) == saved_as


@pytest.mark.browser
def test_an_error_that_no_page_catches_is_one_sentence(quiet_app: App, open_page: Open) -> None:
    store = open_store(f"sqlite:///{quiet_app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick"), "Gone", "0" * 16, "Other clothes"))
    page = open_page(f"{quiet_app.address}/training?run={run_id}")
    expect(page.get_by_role("heading", name="Gone")).to_be_visible()
    store.delete(run_id)
    store.close()
    expect(page.get_by_test_id("stAlert").get_by_text(re.compile("run book|no run", re.I)).first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_run_that_waits_begins_with_the_server_before_anybody_opens_a_page(tmp_path: Path, small: Dataset) -> None:
    home = tmp_path / "home"
    store = open_store(f"sqlite:///{home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick"), "Left waiting", small.fingerprint, small.title))
    running = serve(home, workers=1)
    try:
        wait_for(lambda: store.run(run_id).status != Status.WAITING, "the run, which nobody looks at")
    finally:
        running.stop()
        store.close()


def test_what_all_watch_is_sent_as_it_comes_and_the_server_ends_while_they_watch(
    tmp_path: Path, small: Dataset
) -> None:
    running = serve(tmp_path / "home", workers=0)
    try:
        store = open_store(f"sqlite:///{running.home / 'runs.sqlite'}")
        run_id = store.create(NewRun(Plan.of("quick"), "Watched", small.fingerprint, small.title))
        lease = store.claim(run_id)
        lease.point(point(0.5))
        address = f"{running.address.replace('http', 'ws')}/live/{run_id}"
        with contextlib.ExitStack() as stack:
            watchers = [stack.enter_context(connect(address)) for _ in range(3)]
            first = {watcher.recv(timeout=30) for watcher in watchers}
            assert len(first) == 1 and json.loads(first.pop())["points"] == [[0.5, 1.0, 0.5, 1.0]]
            lease.point(point(0.75, accuracy=0.9))
            second = [json.loads(watcher.recv(timeout=30)) for watcher in watchers]
            assert [message["points"] for message in second] == [[[0.75, 1.0, 0.9, 1.0]]] * 3
            gone = stack.enter_context(connect(f"{address}-that-is-not-there"))
            assert json.loads(gone.recv(timeout=30)) == {"gone": True}
            lease.epoch(point(1.0, "epoch"), snapshot(), checkpoint(1))
            with urlopen(f"{running.address}/live/{run_id}/1") as answer:
                assert '<table class="matrix">' in answer.read().decode()
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{running.address}/live/{run_id}/{10**30}")
            store.close()
            running.process.terminate()
            running.process.wait(30)
    finally:
        running.stop()


def test_who_watches_goes_on_watching_when_the_server_was_started_again(
    tmp_path: Path, small: Dataset, open_page: Open
) -> None:
    running = serve(tmp_path / "home", workers=0)
    try:
        store = open_store(f"sqlite:///{running.home / 'runs.sqlite'}")
        run_id = store.create(NewRun(Plan.of("quick"), "Watched", small.fingerprint, small.title))
        lease = store.claim(run_id)
        lease.phase("training")
        lease.point(point(0.5, accuracy=0.66))
        page = open_page(f"{running.address}/training?run={run_id}")
        expect(page.locator(".live-figures")).to_contain_text(re.compile(r"66\s%"))
        running.process.kill()
        running.process.wait(30)
        running = serve(running.home, workers=0, port=int(running.address.rpartition(":")[2]))
        lease.point(point(0.75, accuracy=0.77))
        expect(page.locator(".live-figures")).to_contain_text(re.compile(r"77\s%"))
        lease.finish({}, Status.STOPPED, message="Stopped by hand.")
        expect(page.get_by_text("Stopped by hand.")).to_be_visible()
        store.close()
    finally:
        running.stop()


def fetched(app: App, path: str, **headers: str) -> tuple[int, Headers, bytes]:
    """A status, its headers and the bytes as they came."""
    connection = http.client.HTTPConnection(app.address.removeprefix("http://"), timeout=30)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = response.status, Headers(dict(response.getheaders())), response.read()
    connection.close()
    return answer


def test_scripts_come_packed_packed_once_and_not_twice(quiet_app: App) -> None:
    folder = Path(streamlit.__file__).parent / "static"
    largest = max((folder / "static" / "js").glob("*.js"), key=lambda path: path.stat().st_size)
    address = f"/{largest.relative_to(folder).as_posix()}"
    began = time.process_time()
    gzip.compress(largest.read_bytes(), 9)
    packing = time.process_time() - began
    fetched(quiet_app, address, accept_encoding="gzip")
    server = psutil.Process(quiet_app.process.pid)
    before = sum(server.cpu_times()[:2])
    for _ in range(30):
        status, headers, packed = fetched(quiet_app, address, accept_encoding="gzip")
    assert sum(server.cpu_times()[:2]) - before < 10 * packing  # thirty tablets, and it is not packed for each
    assert (status, headers["content-encoding"]) == (200, "gzip") and len(packed) < 0.4 * largest.stat().st_size
    assert gzip.decompress(packed) == largest.read_bytes()
    assert fetched(quiet_app, address, accept_encoding="gzip", if_none_match=headers["etag"])[::2] == (304, b"")
    assert fetched(quiet_app, address)[2] == largest.read_bytes()
