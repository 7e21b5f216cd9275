"""Fetches Fashion-MNIST: goes on where an earlier try broke off, and trusts no file before its checksum is right."""

import hashlib
import http.client
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from core.data.files import FILES
from core.errors import DataError
from core.settings import Settings

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CHUNK = 256 * 1024  # bytes
TIMEOUT = 30  # seconds without an answer
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

    `progress` gets bytes done and bytes in all. A file has its final name only once its checksum is right.
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
                    for so_far in _fetch(base_url, path, checksum, size):
                        progress(done + so_far, total)
                done += size
                progress(done, total)
        except OSError as error:
            why = error.strerror or error
            raise DataError(
                f"The download cannot be written to {folder} ({why}). Make room there, then try again."
            ) from error
    return folder


def _fetch(base_url: str, path: Path, checksum: str, size: int) -> Iterator[int]:
    """Bring one file under its final name, going on where a `.part` file ends; yields the bytes that are there as they
    grow."""
    part = path.with_suffix(".gz.part")
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
    raise DataError(f"The file “{path.name}” arrived damaged (its checksum is wrong). Try again later.")


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
                f"The server does not hand out “{part.stem}” (it answers {error.code}). Try again later."
            ) from error
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            "The server with the data set cannot be reached. Check the internet connection, then try again."
        ) from error
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        size = start if resumed else 0
        with open(part, "ab" if resumed else "wb") as output:
            while size < due:
                try:
                    chunk = response.read(min(CHUNK, due - size))
                except (OSError, http.client.HTTPException):
                    return  # the connection broke; the caller opens another
                if not chunk:
                    return
                output.write(chunk)
                size += len(chunk)
                yield size


def _is_right(path: Path, checksum: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with open(path, "rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == checksum
