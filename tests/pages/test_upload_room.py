"""Room for files on their way to the server: bounded for a window and for all, and refused before anything is read."""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.settings import Settings
from pages.shared import uploads
from pages.shared.uploads import FILES, MEGABYTE, SERVER_FULL, WINDOW_FULL, UploadsMiddleware, most_in_window
from tests import aio
from tests.asgi import Answer, answered, ask

UNREAD = UploadsMiddleware(Response(status_code=204))  # takes a file without reading it


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> MemoryUploadedFileManager:
    """What holds the files, in a server where a window may bring 4 MB."""
    held = MemoryUploadedFileManager("/_stcore/upload_file")
    monkeypatch.setattr(uploads, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=held))
    monkeypatch.setattr(uploads, "settings", lambda: Settings(max_own_mb=2, max_upload_mb=2, max_pictures=0))
    return held


def hold(manager: MemoryUploadedFileManager, session: str, size: int, name: str = "x") -> None:
    manager.add_file(session, UploadedFileRec(name, name, "image/png", bytes(size)))


def put(session: str, length: object, **headers: str) -> Answer:
    return ask(UNREAD, f"/_stcore/upload_file/{session}/invented", "PUT", content_length=str(length), **headers)


def test_a_window_may_bring_what_its_pages_can_use() -> None:
    assert most_in_window() == (100 + 100) * MEGABYTE  # a data set of one's own, and twenty photos


def test_a_window_that_holds_much_brings_no_more_and_another_still_may(manager: MemoryUploadedFileManager) -> None:
    hold(manager, "mine", 3 * MEGABYTE)
    assert put("mine", MEGABYTE).status == 204
    refused = put("mine", MEGABYTE + 1)
    assert (refused.status, refused.body.decode()) == (413, WINDOW_FULL)
    assert put("yours", 4 * MEGABYTE).status == 204
    assert put("yours", 4 * MEGABYTE + 1).status == 413


def test_the_number_of_files_is_bounded_too(manager: MemoryUploadedFileManager) -> None:
    for number in range(FILES):
        hold(manager, "mine", 1, str(number))
    assert put("mine", 1).body.decode() == WINDOW_FULL and put("yours", 1).status == 204


def test_all_windows_together_bring_no_more_than_the_computer_holds(
    manager: MemoryUploadedFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MEMORY_LIMIT", 10 * MEGABYTE * uploads.SHARE)
    for session in "abc":
        hold(manager, session, 3 * MEGABYTE)
    assert put("d", MEGABYTE).status == 204
    refused = put("d", MEGABYTE + 1)
    assert (refused.status, refused.body.decode()) == (413, SERVER_FULL)


@pytest.mark.parametrize("length", ["", "-1", "many", "1e3", "²"])
def test_a_file_of_unknown_size_is_refused(manager: MemoryUploadedFileManager, length: str) -> None:
    assert put("mine", length).status == 411


def test_files_on_their_way_count_until_they_are_here_or_given_up(manager: MemoryUploadedFileManager) -> None:
    aio.run(bring_at_once())


async def bring_at_once() -> None:
    arrived = asyncio.Event()

    async def wait(scope, receive, send) -> None:
        await receive()
        await arrived.wait()
        if scope["path"].endswith("broken"):
            raise OSError("the connection is gone")
        await Response(status_code=204)(scope, receive, send)

    server = UploadsMiddleware(wait)

    async def begin(name: str) -> Answer:
        path = f"/_stcore/upload_file/mine/{name}"
        return await answered(server, path, "PUT", bytes(2 * MEGABYTE))

    async with asyncio.TaskGroup() as group:
        first, broken = group.create_task(begin("first")), group.create_task(begin("second"))
        await asyncio.sleep(0)
        third = group.create_task(begin("third"))
        await asyncio.sleep(0)
        arrived.set()
    assert [task.result().status for task in (first, broken, third)] == [204, 204, 413]
    assert not server.coming and not server.files
    with pytest.raises(IndexError):  # nothing was answered
        await begin("broken")
    assert (await begin("fourth")).status == 204


def test_who_only_says_that_much_comes_takes_no_room(manager: MemoryUploadedFileManager) -> None:
    aio.run(say_and_bring_nothing())


async def say_and_bring_nothing() -> None:
    said = asyncio.Event()

    async def read(scope, receive, send) -> None:
        if scope["path"].endswith("silent"):
            await said.wait()
        await Response(status_code=204)(scope, receive, send)

    server = UploadsMiddleware(read)

    async def begin(name: str) -> Answer:
        return await answered(server, f"/_stcore/upload_file/mine/{name}", "PUT", content_length=str(4 * MEGABYTE))

    async with asyncio.TaskGroup() as group:
        silent = [group.create_task(begin("silent")) for _ in range(3)]
        await asyncio.sleep(0)
        assert (await begin("real")).status == 204
        said.set()
    assert [task.result().status for task in silent] == [204] * 3


def test_a_file_is_refused_on_its_way_when_others_took_its_room_meanwhile(manager: MemoryUploadedFileManager) -> None:
    async def read(scope, receive, send) -> None:
        hold(manager, "mine", 3 * MEGABYTE)
        await Request(scope, receive).body()
        await Response(status_code=204)(scope, receive, send)

    refused = ask(UploadsMiddleware(read), "/_stcore/upload_file/mine/slow", "PUT", bytes(2 * MEGABYTE))
    assert (refused.status, refused.body.decode()) == (413, WINDOW_FULL)
