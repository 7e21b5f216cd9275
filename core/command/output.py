"""What a command says: words for people, or with --json one JSON object a line. Knows nothing of verbs.

Where nobody reads any more (`| head`), it says nothing further, and no traceback comes of it.
"""

import errno
import io
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from core.errors import FittingRoomError


class NobodyReads(Exception):
    """Who read the output has gone, and there is nothing left to do but to say more."""


class Output:
    """The standard output and the error output of one command."""

    def __init__(self, as_json: bool) -> None:
        self.json = as_json
        self.failed = False  # whether something was said that could not be done
        self.lasting = False  # whether the work goes on when nobody reads of it any more: a training, a download
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)

    def say(self, words: str, row: Mapping[str, Any]) -> None:
        """One thing, in words or as a row."""
        if self.json:
            self.row(row)
        else:
            self.words(words)

    def words(self, words: str) -> None:
        """A line or lines for people; with --json nothing."""
        if not self.json:
            self._write(sys.stdout, plain(words))

    def row(self, row: Mapping[str, Any]) -> None:
        """A JSON object; without --json nothing."""
        if self.json:
            self._write(sys.stdout, json.dumps(row, ensure_ascii=False, default=str))

    def note(self, words: str) -> None:
        """Something people should know beside the result, on the error output; with --json nothing."""
        if not self.json:
            self._write(sys.stderr, plain(words))

    def warn(self, words: str) -> None:
        """The same, also with --json: what a program that reads the rows need not know."""
        self._write(sys.stderr, plain(words))

    def error(self, words: str, **fields: Any) -> None:
        """What could not be done: on the error output, with --json as {"error": ...} on the standard output."""
        self.failed = True
        if self.json:
            self.row({**fields, "error": plain(words)})
        else:
            self._write(sys.stderr, plain(words))

    def content(self, content: bytes) -> None:
        """A file on the standard output, byte by byte."""
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        except OSError as error:
            self._refused(sys.stdout, error)

    def close(self) -> None:
        """Write out what is left, so that Python finds nothing to complain of when it ends."""
        for stream in filter(None, (sys.stdout, sys.stderr)):
            try:
                stream.flush()
            except OSError:
                _discard(stream)

    def _write(self, stream: TextIO | None, words: str) -> None:
        if stream is None:  # a process can be started without one
            return
        try:
            print(words, file=stream, flush=True)
        except OSError as error:
            self._refused(stream, error)

    def _refused(self, stream: TextIO, error: OSError) -> None:
        _discard(stream)
        if not _nobody_reads(error):
            raise FittingRoomError(f"The output cannot be written ({error.strerror}).") from error
        if not self.lasting:
            raise NobodyReads from error


def plain(words: str) -> str:
    """Words as a terminal takes them: with blanks that break lines, which `grep` finds."""
    return words.replace("\u00a0", " ")


def _nobody_reads(error: OSError) -> bool:
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def _discard(stream: TextIO) -> None:
    """Let what is left for a stream, and all that still comes, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
