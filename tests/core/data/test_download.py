"""A download survives breaks, is bounded whatever answers, and leaves no disk full."""

import contextlib
import errno
import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.atomic import SPARE
from core.data.download import TRIES, download
from core.data.files import FILES
from core.errors import DataError
from core.settings import Settings

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


class Shop:
    """A server on this computer that hands out four files, and can break off, answer wrongly, or ignore where to go
    on."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        lengths = {f"{name}.gz": 200_000 if "images" in name else 900 for name in FILES}
        self.contents = {name: b"\x1f\x8b" + rng.bytes(length - 2) for name, length in lengths.items()}
        self.files = {
            name.removesuffix(".gz"): (hashlib.md5(content).hexdigest(), len(content))
            for name, content in self.contents.items()
        }
        self.requests: list[tuple[str, str | None]] = []
        self.break_after: int | None = None  # bytes of an answer
        self.breaks = 0  # answers still to be broken off
        self.resumes = True
        self.instead: Callable[[BaseHTTPRequestHandler], None] | None = None  # what answers in its place
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.serve(self)

            def log_message(self, *_words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        name, asked = handler.path[1:], handler.headers["Range"]
        self.requests.append((name, asked))
        if self.instead:
            handler.close_connection = True
            self.instead(handler)
            return
        content = self.contents.get(name)
        if content is None:
            handler.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.resumes else 0
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        end = len(content)
        if self.breaks and self.break_after is not None:
            self.breaks -= 1
            end = start + self.break_after
        handler.wfile.write(content[start:end])
        handler.close_connection = True

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    opened = Shop()
    yield opened
    opened.close()


def complete(folder: Path, shop: Shop) -> bool:
    return {path.name: path.read_bytes() for path in folder.iterdir()} == shop.contents


def test_a_download_brings_four_checked_files_and_says_how_far_it_is(home: Settings, shop: Shop) -> None:
    steps: list[tuple[int, int]] = []
    folder = download(home, lambda done, total: steps.append((done, total)), shop.url, shop.files)
    assert complete(folder, shop) and folder == home.folder / "fashion-mnist"
    total = sum(map(len, shop.contents.values()))
    assert steps[-1] == (total, total) and {each for _, each in steps} == {total}
    assert len(steps) > 4 and [done for done, _ in steps] == sorted(done for done, _ in steps)
    asked = len(shop.requests)
    download(home, base_url=shop.url, files=shop.files)
    assert len(shop.requests) == asked, "what is there must not be fetched again"


def test_a_download_that_breaks_off_goes_on_where_it_stopped(home: Settings, shop: Shop) -> None:
    shop.break_after, shop.breaks = 50_000, 2
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)
    assert [asked for name, asked in shop.requests if name == f"{TRAIN_IMAGES}.gz"] == [
        None,
        "bytes=50000-",
        "bytes=100000-",
    ]


def test_what_has_arrived_is_kept_for_the_next_try_and_has_no_final_name(home: Settings, shop: Shop) -> None:
    shop.break_after, shop.breaks = 10_000, 1000
    with pytest.raises(DataError, match="broke off.*try again"):
        download(home, base_url=shop.url, files=shop.files)
    assert [path.name for path in (home.folder / "fashion-mnist").iterdir()] == [f"{TRAIN_IMAGES}.gz.part"]
    shop.breaks, shop.requests = 0, []
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)
    assert shop.requests[0] == (f"{TRAIN_IMAGES}.gz", "bytes=40000-")


def test_a_server_that_cannot_go_on_begins_again(home: Settings, shop: Shop) -> None:
    shop.break_after, shop.breaks, shop.resumes = 50_000, 1, False
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)


@pytest.mark.parametrize("left", [b"junk" * 100, b"junk" * 60_000], ids=["shorter", "longer"])
def test_a_wrong_part_is_thrown_away_and_fetched_anew(home: Settings, shop: Shop, left: bytes) -> None:
    folder = home.folder / "fashion-mnist"
    folder.mkdir()
    (folder / f"{TRAIN_IMAGES}.gz.part").write_bytes(left)
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)


def test_a_damaged_file_under_its_final_name_is_replaced(home: Settings, shop: Shop) -> None:
    folder = download(home, base_url=shop.url, files=shop.files)
    file = folder / f"{TEST_IMAGES}.gz"
    file.write_bytes(bytes(file.stat().st_size))
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)


def test_a_wrong_checksum_leaves_nothing_behind(home: Settings, shop: Shop) -> None:
    shop.files[TRAIN_IMAGES] = ("0" * 32, shop.files[TRAIN_IMAGES][1])
    with pytest.raises(DataError, match=f"{TRAIN_IMAGES}.*damaged"):
        download(home, base_url=shop.url, files=shop.files)
    assert not list((home.folder / "fashion-mnist").iterdir())


def test_no_network_and_a_missing_file_are_said(home: Settings, shop: Shop) -> None:
    del shop.contents[f"{TRAIN_IMAGES}.gz"]
    with pytest.raises(DataError, match=f"{TRAIN_IMAGES}.*404"):
        download(home, base_url=shop.url, files=shop.files)
    shop.close()
    with pytest.raises(DataError, match="internet connection"):
        download(home, base_url=shop.url, files=shop.files)


def test_a_home_folder_that_cannot_be_written_is_said(tmp_path: Path, shop: Shop) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        download(Settings(home=tmp_path / "file"), base_url=shop.url, files=shop.files)


def answer(handler: BaseHTTPRequestHandler, content: bytes, **headers: str) -> None:
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


PAGE = b"<!doctype html><title>Welcome to the hotel</title>" * 10


@pytest.mark.parametrize(
    "instead",
    [
        lambda handler: answer(handler, PAGE, Content_Length=str(len(PAGE))),
        lambda handler: answer(handler, PAGE),
        lambda handler: answer(handler, PAGE * 5_000),
        lambda handler: answer(handler, gzip.compress(PAGE), Content_Length="60", Content_Encoding="gzip"),
    ],
    ids=["a page", "a page of unknown length", "a long page", "a packed page"],
)
@pytest.mark.parametrize("left", [0, 10_000], ids=["from the beginning", "where it broke off"])
def test_a_page_in_place_of_the_data_set_is_told_from_it_at_once(
    home: Settings, shop: Shop, instead: Callable, left: int
) -> None:
    part = home.folder / "fashion-mnist" / f"{TRAIN_IMAGES}.gz.part"
    part.parent.mkdir()
    part.write_bytes(shop.contents[f"{TRAIN_IMAGES}.gz"][:left])
    shop.instead = instead
    with pytest.raises(DataError, match="log in first"):
        download(home, base_url=shop.url, files=shop.files)
    assert len(shop.requests) == 1 and part.stat().st_size == left
    shop.instead = None
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)


def endless(handler: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):  # until the other side has had enough
        answer(handler, b"\x1f\x8b")
        while True:
            handler.wfile.write(bytes(100_000))


def test_an_answer_without_end_is_taken_no_further_than_the_bytes_that_are_due(home: Settings, shop: Shop) -> None:
    steps: list[int] = []
    shop.instead = endless
    with pytest.raises(DataError, match="damaged"):
        download(home, lambda done, total: steps.append(done), shop.url, shop.files)
    assert max(steps) == 200_000 and len(shop.requests) == TRIES
    assert not list((home.folder / "fashion-mnist").iterdir())


def test_a_connection_that_hardly_brings_anything_is_given_up(
    home: Settings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            answer(handler, b"\x1f\x8b")
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.01)  # the slow server itself: no test waits on it

    monkeypatch.setattr("core.data.download.TIMEOUT", 0.5)  # less, and a busy machine does not even connect
    shop.instead = drip
    with pytest.raises(DataError, match="broke off"):
        download(home, base_url=shop.url, files=shop.files)
    assert len(shop.requests) == TRIES


def test_a_download_without_room_is_not_begun(home: Settings, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=SPARE + 199_999))
    with pytest.raises(DataError, match="has no room for 0 MB"):
        download(home, base_url=shop.url, files=shop.files)
    assert not shop.requests
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=SPARE + 200_000))
    assert complete(download(home, base_url=shop.url, files=shop.files), shop)


def test_a_download_that_cannot_be_written_leaves_nothing_on_the_full_disk(
    home: Settings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(done: int, _total: int) -> None:
        if done > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    shop.break_after, shop.breaks = 50_000, 1
    with pytest.raises(DataError, match="No space left on device.*Make room"):
        download(home, fill, shop.url, shop.files)
    assert not list((home.folder / "fashion-mnist").iterdir())


def test_two_people_who_press_at_once_get_one_download(home: Settings, shop: Shop) -> None:
    threads = [
        threading.Thread(target=download, args=(home,), kwargs={"base_url": shop.url, "files": shop.files})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert complete(home.folder / "fashion-mnist", shop) and len(shop.requests) == 4
