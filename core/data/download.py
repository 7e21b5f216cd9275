"""Fetches Fashion-MNIST: goes on where an earlier try broke off, and trusts no file before its checksum is right."""

import contextlib
import hashlib
import http.client
import itertools
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from core.atomic import room_for
from core.data.files import FILES
from core.errors import DataError
from core.settings import Settings

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CHUNK = 256 * 1024  # bytes
TIMEOUT = 30  # seconds without an answer
SLOWEST = 2_000  # bytes a second of a connection that is worth waiting for
PACKED = b"\x1f\x8b"  # how each file begins, and no web page
TRIES = 4  # connections opened for one file before giving up
DOWNLOADS = "fashion-mnist"  # folder within the home folder
_downloading = threading.Lock()  # two people who press the button at once must not write the same file


def download(
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
    base_url: str = URL,
    files: Mapping[str, tuple[str, int]] = FILES,
) -> Path:
    """Fetch the data set into the home folder and give that folder; what an earlier try left behind is used again.

    `progress` gets bytes done and bytes in all. A file has its final name only once its checksum is right. No more than
    the bytes that are due are taken from a server, and nothing is unpacked here.
    Raises DataError when the network, the files or the disk do not play along; pressing again continues.
    """
    folder = settings.folder / DOWNLOADS
    total, done = sum(size for _, size in files.values()), 0
    with _downloading:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, (checksum, size) in files.items():
                path = folder / f"{name}.gz"
                if not _is_right(path, checksum, size):
                    if not room_for(size, folder):
                        raise DataError(
                            "The disk of {folder} has no room for {megabytes} MB. Make room, then try again.",
                            folder=folder,
                            megabytes=round((total - done) / 1e6),
                        )
                    for so_far in _fetch(base_url, path, checksum, size):
                        progress(done + so_far, total)
                done += size
                progress(done, total)
        except OSError as error:
            with contextlib.suppress(OSError):  # what is half there must not keep a disk full
                for name in files:
                    _part(folder / f"{name}.gz").unlink(missing_ok=True)
            raise DataError(
                "The download cannot be written to {folder} ({reason}). Make room there, then try again.",
                folder=folder,
                reason=error.strerror or error,
            ) from error
    return folder


def _fetch(base_url: str, path: Path, checksum: str, size: int) -> Iterator[int]:
    """Bring one file under its final name, going on where a `.part` file ends; yields the bytes that are there as they
    grow."""
    part = _part(path)
    for _ in range(TRIES):
        yield from _append(base_url + path.name, part, size)
        if _is_right(part, checksum, size):
            os.replace(part, path)
            return
        if part.stat().st_size >= size:
            part.unlink()  # all there, but wrong: begin again
    if part.exists():
        raise DataError(
            "The download broke off several times. What has arrived is kept: try again, and it goes on from there."
        )
    raise DataError("The file “{name}” arrived damaged (its checksum is wrong). Try again later.", name=path.name)


def _part(path: Path) -> Path:
    """Where a file is kept until all of it is there."""
    return path.with_suffix(".gz.part")


def _append(url: str, part: Path, due: int) -> Iterator[int]:
    """Add to the part what one connection gives; yields the part's size as it grows."""
    start = part.stat().st_size if part.exists() else 0
    if start >= due:
        start = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            raise DataError(
                "The server does not hand out “{name}” (it answers {code}). Try again later.",
                name=part.stem,
                code=error.code,
            ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # the last of an address one is sent on to
        raise DataError(
            "The server with the data set cannot be reached. Check the internet connection, then try again."
        ) from error
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        size = start if resumed else 0
        chunks = _chunks(response, due - size)
        first = next(chunks, b"")
        if response.headers.get("Content-Length", str(due - size)) != str(due - size) or (
            not size and not first.startswith(PACKED[: len(first)])
        ):
            raise DataError(
                "What answers is not the server with the data set: this network may want you to log in first. "
                "Open any web page, then try again."
            )
        with open(part, "ab" if resumed else "wb") as output:
            for chunk in itertools.chain([first], chunks):
                output.write(chunk)
                size += len(chunk)
                yield size


def _chunks(response: http.client.HTTPResponse, due: int) -> Iterator[bytes]:
    """What a connection gives, at most so many bytes; ends when it breaks, or brings too little for too long."""
    began, got = time.monotonic(), 0
    while got < due and time.monotonic() - began < TIMEOUT + got / SLOWEST:
        try:
            chunk = response.read1(min(CHUNK, due - got))
        except (OSError, http.client.HTTPException):
            return  # the caller opens another
        if not chunk:
            return
        got += len(chunk)
        yield chunk


def _is_right(path: Path, checksum: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with open(path, "rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == checksum
