"""A table's bytes as whole lines of UTF-8, block by block, however they are packed, written and ended.

A stranger may have made them: no more is held, or gone through, than is said here. Knows nothing of columns.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from typing import BinaryIO

import numpy as np

from core.data.kinds import PACKED, encoding, refusal
from core.errors import DataError
from core.language import Saying

BLOCK = 2 * 2**20  # bytes of a table that are read at once, and the most of one line
MOST_EMPTY = 1_000_000  # empty lines of a table
MOST_UNPACKED = 2 * 2**30  # bytes of one that was packed
NEWLINE = 10
CELLS = rb',;\t| "'  # what lies between the values of a row, all of which may be empty


def beginning(opened: Callable[[], BinaryIO], where: Saying | str, remedy: str) -> tuple[bytes, bool]:
    """A table's first bytes, unpacked, and whether it was packed. Raises DataError for what is no text, by its kind."""
    with opened() as content:
        head = content.read(4096)
        packed = head.startswith(PACKED)
    if packed:
        with opened() as content, closing(_unpacked(content, where, remedy)) as pieces:
            head = next(pieces, b"")
    known = refusal(head, where)
    if known:
        raise known
    return head, packed


def blocks(opened: Callable[[], BinaryIO], where: Saying | str, remedy: str) -> Generator[bytes, None, None]:
    """A table in pieces of whole lines, each line with a newline at its end, but perhaps the last; a line longer than
    BLOCK comes in several pieces, and one whose cells are all empty without them."""
    with opened() as content:
        rest = held = b""
        for piece in _text(content, where, remedy):
            piece = held + piece
            held = b"\r" if piece.endswith(b"\r") else b""  # until it is known whether a line's end has two parts
            piece = piece[: len(piece) - len(held)]
            if b"\r" in piece:
                piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            whole, newline, after = piece.rpartition(b"\n")
            if newline or len(rest) > BLOCK:
                yield _without_empty_cells(b"".join((rest, whole, newline)))
                rest = after
            else:
                rest += after
        if rest or held:
            yield _without_empty_cells(rest + held.replace(b"\r", b"\n"))


def count_rows(blocks: Iterator[bytes], heads: int, where: Saying | str, remedy: str) -> int:
    """How many lines of a table are not empty, without so many of its head. Raises DataError for one that no reader
    should go through: a line longer than BLOCK, or empty lines without end."""
    rows = lines = 0  # before this block
    for block in blocks:
        if len(block) > BLOCK and block.find(b"\n", 0, BLOCK + 1) < 0:
            raise DataError(
                "{where} has a line of more than {most} MB in row {row} (line {line}).",
                remedy,
                where=where,
                most=f"{BLOCK / 2**20:g}",
                row=rows + 1 - heads,
                line=lines + 1,
            )
        rows += count_lines(block)
        lines += block.count(b"\n")
        if lines - rows > MOST_EMPTY:
            raise DataError("{where} has more than {most} empty lines.", remedy, where=where, most=MOST_EMPTY)
    return rows - heads


def count_lines(block: bytes) -> int:
    """How many of some lines are not empty."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE)
    return int(np.count_nonzero(np.diff(ends, prepend=-1) > 1)) + (not block.endswith(b"\n") and bool(block))


def _text(content: BinaryIO, where: Saying | str, remedy: str) -> Iterator[bytes]:
    """The pieces of a table in UTF-8, without a mark at its beginning."""
    head = content.read(2)
    content.seek(0)
    pieces = _unpacked(content, where, remedy) if head == PACKED else iter(partial(content.read, BLOCK), b"")
    first = next(pieces, b"")
    decoder = codecs.getincrementaldecoder(encoding(first))("replace")
    if encoding(first) == "utf-8":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    yield decoder.decode(first).removeprefix("\ufeff").encode()
    for piece in pieces:
        yield decoder.decode(piece).encode()


def _unpacked(content: BinaryIO, where: Saying | str, remedy: str) -> Generator[bytes, None, None]:
    """What gzip has packed, in pieces. Raises DataError where it is damaged or very much."""
    size = 0
    try:
        with gzip.GzipFile(fileobj=content) as file:
            for piece in iter(partial(file.read, BLOCK), b""):
                size += len(piece)
                if size > MOST_UNPACKED:
                    raise DataError(
                        "{where} unpacks to more than {most} MB.", remedy, where=where, most=MOST_UNPACKED // 2**20
                    )
                yield piece
    except EOFError as error:
        raise DataError(
            "{where} ends too early: it was not copied or downloaded to its end.", remedy, where=where
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError("{where} is damaged and cannot be unpacked.", remedy, where=where) from error


def _without_empty_cells(block: bytes) -> bytes:
    """The same lines; one with nothing but separators in it is empty. What is too long for a line is left as it is."""
    if len(block) > BLOCK and block.find(b"\n", 0, BLOCK + 1) < 0:
        return block
    if block[:1] in CELLS or re.search(rb"\n[" + CELLS + rb"]", block):
        return re.sub(rb"(?m)^[" + CELLS + rb"]+$", b"", block)
    return block
