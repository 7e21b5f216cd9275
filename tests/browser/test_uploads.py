"""Files that a window brings to a real server: room for so many, a sentence for the rest, gone when it is closed."""

import contextlib
import http.client
from collections.abc import Callable, Iterator
from socket import SHUT_RDWR

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.browser.conftest import PATIENCE, App, serve, settled, shirt

expect.set_options(timeout=PATIENCE)
MEGABYTE = 1024 * 1024
GOING_AWAY = 1001


@pytest.fixture(scope="module")
def small_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app where a window may bring 7 MB."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"MAX_OWN_MB": 2, "MAX_UPLOAD_MB": 2, "MAX_PICTURES": 1}.items():
            patch.setenv(f"FITTING_ROOM_{name}", str(value))
        running = serve(tmp_path_factory.mktemp("home"), workers=0)
    yield running
    running.stop()


@contextlib.contextmanager
def window(app: App, session: str = "", end: int | None = GOING_AWAY) -> Iterator[str]:
    """Open a window, or take one up again, and close it as a browser says; without an `end` the connection is lost.

    Its page stands: one that begins lets go of what was brought to the page before.
    """
    with connect(
        f"ws{app.address[4:]}/_stcore/stream",
        subprotocols=["streamlit", "PLACEHOLDER", *([session] if session else [])],
        origin=app.address,
        max_size=None,
    ) as socket:
        message = BackMsg()
        message.rerun_script.query_string = ""
        socket.send(message.SerializeToString())
        found, message = "", ForwardMsg()
        while not (found and message.WhichOneof("type") == "script_finished"):
            message = ForwardMsg.FromString(socket.recv(timeout=60))
            found = found or message.new_session.initialize.session_id
        yield found
        socket.close(end) if end else socket.socket.shutdown(SHUT_RDWR)


def put(app: App, session: str, name: str, size: int) -> tuple[int, str]:
    """Bring a file under an invented name, as no page does: the status and what the answer says."""
    connection = http.client.HTTPConnection(app.address.removeprefix("http://"), timeout=60)
    connection.request("GET", "/_stcore/health")
    answer = connection.getresponse()
    answer.read()
    token = answer.getheader("set-cookie").partition("=")[2].partition(";")[0]
    head = b'--end\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=end"}
    headers = {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}", **kind}
    path = f"/_stcore/upload_file/{session}/{name}"
    connection.request("PUT", path, head + bytes(size) + b"\r\n--end--\r\n", headers)
    answer = connection.getresponse()
    given = answer.status, answer.read().decode()
    connection.close()
    return given


def test_a_window_holds_so_much_and_nothing_once_it_is_closed(small_app: App) -> None:
    with window(small_app, end=None) as session:
        assert put(small_app, session, "one", 4 * MEGABYTE)[0] == 204
        status, words = put(small_app, session, "two", 4 * MEGABYTE)
        assert status == 413 and words.startswith("There is no room for more files in this window.")
    with window(small_app, session) as again:  # its connection was lost, and it has come back
        assert again == session
        assert put(small_app, session, "two", 4 * MEGABYTE)[0] == 413
    with window(small_app, session) as again:  # no browser does; this one wants to know what is left
        assert again == session
        assert put(small_app, session, "two", 4 * MEGABYTE)[0] == 204


@pytest.mark.browser
def test_a_refused_file_is_a_sentence_and_the_page_goes_on(small_app: App, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{small_app.address}/predict")
    chooser = page.locator(".st-key-predict_files input[type=file]")
    photo = {"mimeType": "image/png", "buffer": shirt() + bytes(18 * MEGABYTE // 10)}
    chooser.set_input_files([{"name": f"{number}.png", **photo} for number in range(5)])
    expect(page.locator("[data-testid=stFileChip][aria-invalid=true]").first).to_be_visible()
    words = "e => getComputedStyle(e, '::after').content"
    uploader = page.locator(".st-key-predict_files [data-testid=stFileUploader]")
    assert "was not taken: it is too large, or there is no room" in uploader.evaluate(words)
    while (refused := page.locator("[data-testid=stFileChip][aria-invalid=true]")).count():
        refused.first.get_by_role("button").click()
    assert uploader.evaluate(words) == "none"
    settled(page)
    expect(page.get_by_text("1 at once is the most")).to_be_visible()
