"""Zips in memory: written, and read safely although a stranger made them.

Nothing is ever unpacked onto a disk, and a name in a zip is never used as a path. Knows nothing of what the files are:
the caller says in its own words why a zip is refused.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import IO, BinaryIO, cast

KNOWN_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others can grow without a bound in one step
ENCRYPTED = 1  # bit of an entry's flags
LISTED = b"PK\1\2"  # begins what the list at a zip's end says of one file,
LISTED_HEAD = 46  # in so many bytes, then its name, what is extra, and a comment, of the lengths that stand at
LENGTHS = 28
MOST_FILES = 10_000  # where the caller says no other number; listing them takes a tenth of a second
MOST_EXTRA = 1_024  # bytes of what is extra, which zipfile takes apart slowly; no program writes half as many
DAMAGE = (  # what zipfile raises for bytes that are no zip, a broken one, or one of a kind it does not know
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    RuntimeError,  # and NotImplementedError, which is one
    EOFError,
    OSError,
    ValueError,
    OverflowError,  # of a place beyond any file's end
)


class Fault(StrEnum):
    """Why a zip, or a file in it, is refused."""

    DAMAGED = "damaged"  # or no zip at all
    LOCKED = "locked"  # with a password
    TOO_MANY = "too many"  # files
    TOO_LARGE = "too large"  # when unpacked
    NAMES = "names"  # a folder, a path, or one name twice, where plain names are due
    MISSING = "missing"  # the file that was asked for
    PACKING = "packing"  # of a file, other than stored or deflated
    FILE_TOO_LARGE = "file too large"  # when unpacked


class ArchiveError(Exception):
    """A zip, or the file `name` in it, is refused; `amount` is how many files or bytes it
    says to hold, where that is too much."""

    def __init__(self, fault: Fault, name: str = "", amount: int = 0) -> None:
        super().__init__(f"{fault}: {name}" if name else fault)
        self.fault, self.name, self.amount = fault, name, amount


@dataclass(frozen=True)
class Limits:
    """The most that a zip may hold."""

    files: int
    unpacked: int  # bytes


class _Source(io.BytesIO):
    """The bytes of a zip, and a look at its list before zipfile goes through all of it: it may be very long, whatever
    number of files the zip says to hold."""

    most_files: int | None = None  # in the list; None once that has been read

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes from here on. Raises ArchiveError when they are a list of too many files."""
        found = super().read(size)
        if self.most_files is not None and found.startswith(LISTED):
            _check_list(found, self.most_files)
        return found


class _Unpacking(io.BufferedIOBase):
    """A file in a zip that is unpacked as it is read."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes from here on. Raises ArchiveError."""
        with _damage(self._name):
            return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go on elsewhere: before here, it is unpacked from its beginning again. Raises ArchiveError."""
        with _damage(self._name):
            return self._file.seek(offset, whence)


class Archive:
    """A zip that a stranger may have made, of `most_files` at most. Every method raises ArchiveError for what it
    refuses."""

    def __init__(self, content: bytes, most_files: int = MOST_FILES) -> None:
        source = _Source(content)
        source.most_files = most_files
        with _damage():
            self._zip = zipfile.ZipFile(source)
        source.most_files = None
        self.entries = self._zip.infolist()  # folders are entries too; their names end in a slash
        begins = [*sorted(entry.header_offset for entry in self.entries), len(content)]
        # Bytes from where an entry begins to where the next one does: none where two begin at once.
        self._room = {begin: end - begin for begin, end in reversed([*pairwise(begins)])}

    def read(self, entry: zipfile.ZipInfo, most: int) -> bytes:
        """The unpacked bytes of an entry, `most` at most; no more is unpacked, whatever the zip says about its size."""
        self._check(entry, most)
        with _damage(entry.filename), self._zip.open(entry) as file:
            return file.read(entry.file_size + 1)  # past its end, so that its checksum is compared

    def opened(self, entry: zipfile.ZipInfo, most: int) -> BinaryIO:
        """The same, to be read piece by piece; what is damaged shows when one comes to it."""
        self._check(entry, most)
        with _damage(entry.filename):
            return cast(BinaryIO, _Unpacking(self._zip.open(entry), entry.filename))

    def _check(self, entry: zipfile.ZipInfo, most: int) -> None:
        if entry.compress_type not in KNOWN_PACKINGS:
            raise ArchiveError(Fault.PACKING, entry.filename)
        if entry.file_size > most:
            raise ArchiveError(Fault.FILE_TOO_LARGE, entry.filename, entry.file_size)
        if entry.compress_size > self._room[entry.header_offset]:  # it shares bytes with another
            raise ArchiveError(Fault.DAMAGED, entry.filename)

    def read_named(self, name: str, most: int) -> bytes:
        """The same of the only entry of this name."""
        found = [entry for entry in self.entries if entry.filename == name]
        if len(found) != 1:
            raise ArchiveError(Fault.NAMES if found else Fault.MISSING, name)
        return self.read(found[0], most)

    def plain_names(self) -> list[str]:
        """The names of all files, where none lies in a folder and none is there twice."""
        names = [entry.filename for entry in self.entries]
        if len(set(names)) < len(names) or any(re.search(r"[/\\:]", name) for name in names):
            raise ArchiveError(Fault.NAMES)
        return names


def check(entries: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse entries that are locked, too many, or too large together. Raises ArchiveError; nothing is unpacked."""
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise ArchiveError(Fault.LOCKED)
    if len(entries) > limits.files:
        raise ArchiveError(Fault.TOO_MANY, amount=len(entries))
    size = sum(entry.file_size for entry in entries)
    if size > limits.unpacked:
        raise ArchiveError(Fault.TOO_LARGE, amount=size)


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A zip of files, each its name and its content."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def _check_list(listing: bytes, most_files: int) -> None:
    """Refuse a zip's list that would take long to read. Raises ArchiveError, and struct.error where it breaks off."""
    place = count = 0
    while listing.startswith(LISTED, place):
        count += 1
        if count > most_files:
            raise ArchiveError(Fault.TOO_MANY, amount=listing.count(LISTED))
        name, extra, comment = struct.unpack_from("<3H", listing, place + LENGTHS)
        if extra > MOST_EXTRA:
            raise ArchiveError(Fault.DAMAGED)
        place += LISTED_HEAD + name + extra + comment


@contextmanager
def _damage(name: str = "") -> Iterator[None]:
    """Whatever zipfile raises inside becomes one ArchiveError."""
    try:
        yield
    except DAMAGE as error:
        raise ArchiveError(Fault.DAMAGED, name) from error
