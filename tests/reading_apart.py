"""Reads picture files in a process of its own, and says how each ended, how long it took and how much memory.

`python -m tests.reading_apart` takes files on its standard input, each after its length in 8 bytes, and writes a line
of JSON for each. On Linux each is read in a child, so that memory one file leaves behind hides nothing of the next.
"""

import json
import os
import struct
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

MOST_BYTES = 40_000_000


@dataclass(frozen=True)
class Ended:
    """How reading one file ended: `words` are the shape of its picture, or the error; no memory where it is unknown."""

    name: str
    words: str
    is_picture: bool
    is_sentence: bool
    seconds: float  # of a core: what else the computer does does not count
    megabytes: float | None


def read_all(files: Iterable[tuple[str, bytes]]) -> Iterator[Ended]:
    """How each file ends, read in a process apart."""
    command = [sys.executable, "-m", "tests.reading_apart"]
    names: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    ) as process:
        assert process.stdin and process.stdout
        sending = Thread(target=_send, args=(files, names, process.stdin))
        sending.start()
        for number, line in enumerate(process.stdout):
            yield Ended(names[number], **json.loads(line))
        sending.join()


def _send(files: Iterable[tuple[str, bytes]], names: list[str], to: IO[bytes]) -> None:
    with to:
        for name, data in files:
            names.append(name)
            to.write(struct.pack("<Q", len(data)) + data)
            to.flush()


def _read(data: bytes) -> dict[str, object]:
    from core.errors import PictureError
    from core.vision.decode import open_picture

    before, start = _memory("VmRSS"), time.process_time()
    is_picture = is_sentence = False
    try:
        picture = open_picture(data, MOST_BYTES)
        words = f"{picture.shape} {picture.dtype}"
        is_picture = picture.ndim == 3 and picture.shape[2] == 4 and picture.dtype == "uint8"
    except PictureError as error:
        words, is_sentence = str(error), True
    except BaseException as error:
        words = repr(error)
    seconds = time.process_time() - start
    megabytes = None if before is None else _memory("VmHWM") - before
    return dict(words=words, is_picture=is_picture, is_sentence=is_sentence, seconds=seconds, megabytes=megabytes)


def _memory(word: str) -> float | None:
    """A figure of this process's memory in MB; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(word))


def _read_in_a_child(data: bytes) -> bytes:
    from_child, to_parent = os.pipe()
    if (child := os.fork()) == 0:
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
        os.write(to_parent, json.dumps(_read(data)).encode())
        os._exit(0)
    os.close(to_parent)
    with os.fdopen(from_child, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    lost = dict(words=f"died: {status}", is_picture=False, is_sentence=False, seconds=0.0, megabytes=0.0)
    return answer or json.dumps(lost).encode()


def main() -> None:
    """Read what comes on standard input."""
    import pillow_heif  # noqa: F401  # all that is imported on the first picture, so that no file is charged for it
    from PIL import AvifImagePlugin  # noqa: F401

    from core.vision import decode  # noqa: F401

    warnings.simplefilter("error")
    while head := sys.stdin.buffer.read(8):
        data = sys.stdin.buffer.read(struct.unpack("<Q", head)[0])
        answer = _read_in_a_child(data) if sys.platform == "linux" else json.dumps(_read(data)).encode()
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
