"""The walls around every page, in a real browser: nothing is loaded or run from elsewhere, and no page needs it."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

from core.data.dataset import Dataset
from core.runs.book import NewRun
from core.runs.schema import Status
from core.runs.store import open_store
from core.training.plan import Plan
from tests.browser.conftest import PATIENCE, App, serve, settled, shirt
from tests.conftest import chromium_path
from tests.stored import point

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
PAGES = ("", "dataset", "lessons", "training", "runs", "mistakes", "predict", "own", "help")
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PROBED = ("/_stcore/health", "/_stcore/host-config")  # Streamlit looks for its server below a page's address first
TELL = """addEventListener('securitypolicyviolation', event =>
    tell(`${event.effectiveDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`))"""
LOAD = """address => new Promise(done => {
    const image = new Image();
    image.onload = () => done('loaded');
    image.onerror = () => done('refused');
    image.src = address;
    document.body.append(image);
})"""
RUN = """code => new Promise(done => {
    const script = document.createElement('script');
    script.textContent = code;
    document.body.append(script);
    setTimeout(() => done(window.strange === undefined ? 'refused' : 'ran'));
})"""

COMPILE = """() => new Promise(done => {
    setTimeout('window.compiled = 1');
    setTimeout(() => done(window.compiled === undefined ? 'refused' : 'ran'), 50);
})"""


@dataclass
class Heard:
    """What a browser was asked for, and what it complained of."""

    requests: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        """Hear everything in a context, from its first page on."""
        context.expose_function("tell", lambda words: self.complaints.append(words))
        context.add_init_script(TELL)
        context.on("request", lambda request: self.requests.add(request.url))  # answered, refused or failed
        context.on("page", lambda page: page.on("websocket", lambda socket: self.requests.add(socket.url)))
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(PROBED):
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def quiet_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app that trains nothing."""
    running = serve(tmp_path_factory.mktemp("home"), workers=0)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def with_camera(browser: Browser) -> Iterator[Browser]:
    """A Chromium with a camera that shows a test picture."""
    options = {"executable_path": chromium_path(), "args": ["--no-sandbox", "--disable-gpu", *CAMERA]}
    with contextlib.closing(browser.browser_type.launch(**options)) as another:
        yield another


def test_every_page_works_behind_the_walls_and_asks_nobody_else(
    quiet_app: App, with_camera: Browser, small: Dataset
) -> None:
    heard = Heard()
    page = look_round(with_camera, quiet_app, "light", heard)
    for use in (watch, look_at_the_map, bring_a_photo, take_a_photo, draw, take_home, look_into_the_run_book):
        use(page, quiet_app, small)
        settled(page)
    page.context.close()
    assert heard.complaints == []
    assert strangers(quiet_app, heard) == []
    kinds = ("/_stcore/stream", "/live/", "/upload_file/", "/static/js/")
    assert [kind for kind in kinds if not any(kind in address for address in heard.requests)] == []


@pytest.mark.nightly
def test_every_page_works_behind_the_walls_in_the_dark(quiet_app: App, browser: Browser) -> None:
    heard = Heard()
    look_round(browser, quiet_app, "dark", heard).context.close()
    assert heard.complaints == [] and strangers(quiet_app, heard) == []


def look_round(browser: Browser, app: App, scheme: str, heard: Heard) -> Page:
    """Open page after page in one window, which is given back."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(PATIENCE)
    heard.listen(context)
    page = context.new_page()
    for path in PAGES:
        page.goto(f"{app.address}/{path}")
        settled(page)
    return page


def strangers(app: App, heard: Heard) -> list[str]:
    """What was asked of others than the app itself."""
    own = re.compile(rf"(http|ws|blob:http)://{re.escape(app.address.removeprefix('http://'))}/|data:")
    return [address for address in heard.requests if not own.match(address)]


def watch(page: Page, app: App, small: Dataset) -> None:
    """A run that trains, its curve, and its end."""
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    run_id = store.create(NewRun(Plan.of("quick"), "Watched", small.fingerprint, small.title))
    lease = store.claim(run_id)
    lease.phase("training")
    lease.point(point(0.5, accuracy=0.66))
    page.goto(f"{app.address}/training?run={run_id}")
    expect(page.locator(".live-figures")).to_contain_text(re.compile(r"66\s%"))
    lease.point(point(0.75, accuracy=0.77))
    expect(page.locator(".live-figures")).to_contain_text(re.compile(r"77\s%"))
    lease.finish({}, Status.STOPPED, message="Stopped by hand.")
    expect(page.get_by_text("Stopped by hand.")).to_be_visible()
    store.close()


def look_at_the_map(page: Page, app: App, _: Dataset) -> None:
    """All pictures as dots."""
    page.goto(f"{app.address}/dataset?look=Map")
    page.locator(".js-plotly-plot .scatterlayer .point").first.wait_for()
    expect(page.get_by_text("Tap a dot to see its picture")).to_be_visible()


def bring_a_photo(page: Page, app: App, _: Dataset) -> None:
    """A photo, and the brush on it."""
    page.goto(f"{app.address}/predict")
    photo = {"name": "shirt.png", "mimeType": "image/png", "buffer": shirt()}
    page.locator(".st-key-predict_files input[type=file]").set_input_files(photo)
    expect(page.get_by_text("As it came")).to_be_visible()
    page.get_by_text("Crop it, or brush what belongs to it").click()
    expect(page.locator(".st-key-predict_mend_paper canvas").last).to_be_visible()


def take_a_photo(page: Page, app: App, _: Dataset) -> None:
    """A photo by the camera."""
    page.goto(f"{app.address}/predict?way=camera")
    settled(page)
    expect(page.locator(".camera video")).not_to_have_js_property("videoWidth", 0)
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("button", name="Look again")).to_be_visible()
    settled(page)


def draw(page: Page, app: App, _: Dataset) -> None:
    """A line on the paper."""
    page.goto(f"{app.address}/predict?way=draw")
    paper = page.locator(".st-key-paper canvas").last
    expect(paper).to_be_visible()
    box = paper.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 280, steps=8)
    page.mouse.up()
    expect(page.locator(".strip")).to_have_count(1)


def take_home(page: Page, app: App, _: Dataset) -> None:
    """A file."""
    page.goto(f"{app.address}/own")
    with page.expect_download():
        page.get_by_role("link", name="Example table").click()


def look_into_the_run_book(page: Page, app: App, _: Dataset) -> None:
    """The list of runs and one of them."""
    page.goto(f"{app.address}/runs")
    page.locator(".book li a").first.click()
    expect(page.get_by_role("heading", name="Watched").first).to_be_visible()


def test_a_strangers_picture_script_and_call_are_refused(quiet_app: App, open_page: Callable[..., Page]) -> None:
    with elsewhere() as (address, asked):
        page = open_page(f"{quiet_app.address}/help")
        assert page.evaluate(LOAD, f"{quiet_app.address}/favicon.png") == "loaded"
        assert page.evaluate(LOAD, f"{address}/picture.png") == "refused"
        assert page.evaluate(RUN, "window.strange = 1") == "refused"
        with pytest.raises(Error, match="fetch"):
            page.evaluate("address => fetch(address, {mode: 'no-cors'})", f"{address}/call")
        assert page.evaluate(COMPILE) == "refused"
        assert asked == []
        page.evaluate("address => fetch(address)", f"{quiet_app.address}/_stcore/health")
        urlopen(f"{address}/picture.png").close()
        assert asked == ["/picture.png"], "the other server does hear who asks it"


@contextlib.contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A stranger's server with a picture: its address, and what it was asked for."""
    asked: list[str] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(shirt())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
