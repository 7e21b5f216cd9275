"""Nothing of a picture somebody shows reaches a disk: no file, no log and no store holds its bytes, its pixels or its
name."""

import asyncio
import contextlib
import io
import runpy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from streamlit import config

from core.vision.reading import read_photo
from tests.browser.conftest import PATIENCE, PROJECT, App, serve

expect.set_options(timeout=PATIENCE)

NAME, BROKEN = "zebra-crossing-7141", "broken-umbrella-2903"


def picture() -> bytes:
    """A speckled shirt on a pale floor, as a PNG of more than a megabyte: no two of its rows are alike."""
    pixels = np.full((900, 800, 3), 235, np.uint8)
    pixels[150:800, 200:600] = np.random.default_rng(7141).integers(0, 120, (650, 400, 3))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def marks(data: bytes) -> list[bytes]:
    """What gives a picture away: its name, a piece of its file, a row of its pixels, the middle of what the network
    sees."""
    row = np.asarray(Image.open(io.BytesIO(data)))[400, 250:290]
    seen = read_photo(data, 10**8).image[10:18].tobytes()
    middle = len(data) // 2
    return [NAME.encode(), BROKEN.encode(), data[middle : middle + 64], row.tobytes(), row[:, ::-1].tobytes(), seen]


def below(*folders: Path) -> set[Path]:
    """Every file below some folders."""
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def traces(files: set[Path], wanted: list[bytes]) -> list[Path]:
    """The files whose name or content holds one of some marks."""

    def content(path: Path) -> bytes:
        with contextlib.suppress(FileNotFoundError):  # another process's, which was there for a moment
            return path.read_bytes()
        return b""

    return [path for path in files if any(mark in path.name.encode() or mark in content(path) for mark in wanted)]


def written() -> set[tuple[Path, int]]:
    """Every file of the project with the time it was last written; the packages and git's own left out."""
    found = set()
    for path in below(PROJECT):
        if not {".git", ".venv"} & set(path.relative_to(PROJECT).parts):
            with contextlib.suppress(FileNotFoundError):  # another process's, which was there for a moment
                found.add((path, path.stat().st_mtime_ns))
    return found


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[App, Path]]:
    """An app with a temp folder of its own, and that folder."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(temporary))
    running = serve(tmp_path / "home", workers=0)
    yield running, temporary
    if running.process.poll() is None:
        running.stop()


@pytest.mark.parametrize("place", range(6))
def test_a_picture_left_behind_would_be_found(place: int, tmp_path: Path) -> None:
    wanted = marks(picture())
    (tmp_path / "innocent.log").write_bytes(b"nothing to see")
    assert traces(below(tmp_path), wanted) == []
    (tmp_path / "log").write_bytes(b"before " + wanted[place] + b" after")
    assert traces(below(tmp_path), wanted) == [tmp_path / "log"]


@pytest.mark.browser
@pytest.mark.slow
def test_nothing_of_an_uploaded_picture_reaches_a_disk(
    open_page: Callable[..., Page], watched: tuple[App, Path]
) -> None:
    running, temporary = watched
    data = picture()
    before = written()
    page = open_page(f"{running.address}/predict")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(
        [
            {"name": f"{NAME}.png", "mimeType": "image/png", "buffer": data},
            {"name": f"{BROKEN}.png", "mimeType": "image/png", "buffer": data[:2000]},
        ]
    )
    expect(page.get_by_text(f"{BROKEN}.png: This picture breaks off")).to_be_visible()
    expect(page.locator(".answer")).to_have_count(1)
    assert traces(below(running.home, temporary), marks(data)) == []
    page.close()
    running.stop()
    assert traces(below(running.home, temporary), marks(data)) == []
    assert traces({path for path, _ in written() - before}, marks(data)) == []


def test_a_large_upload_is_never_put_into_a_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024 * 1024)  # as it is before the app starts
    assert reaches_a_disk(picture())
    monkeypatch.setattr(config, "_main_script_path", str(PROJECT / "app.py"))
    runpy.run_path(str(PROJECT / "app.py"))
    assert not reaches_a_disk(picture())


def reaches_a_disk(data: bytes) -> bool:
    """Whether the server puts a picture in a form into a temporary file."""
    with ThreadPoolExecutor(1) as pool:  # the browser of the other tests has this thread's event loop
        return pool.submit(lambda: asyncio.run(parse(data))).result()


async def parse(data: bytes) -> bool:
    head = b'--end\r\nContent-Disposition: form-data; name="file"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'

    async def body():
        yield head + data + b"\r\n--end--\r\n"

    headers = Headers({"content-type": "multipart/form-data; boundary=end"})
    form = await MultiPartParser(headers, body()).parse()
    rolled = form["file"].file._rolled
    await form.close()
    return rolled
