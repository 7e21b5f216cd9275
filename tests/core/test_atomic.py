"""A file is there whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.atomic import SPARE, replacing, room_for


def test_a_file_is_replaced_when_all_of_it_is_written_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kept.txt"
    for content in (b"first", b"second"):
        with replacing(path) as output:
            output.write(content)
        assert [file.name for file in path.parent.iterdir()] == ["kept.txt"] and path.read_bytes() == content


@pytest.mark.parametrize("error", [OSError("no room"), ValueError(), KeyboardInterrupt()])
def test_a_writing_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "kept.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), replacing(path) as output:
        output.write(b"half")
        raise error
    assert [file.name for file in tmp_path.iterdir()] == ["kept.txt"] and path.read_bytes() == b"old"


def test_what_an_ended_process_has_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, others = tmp_path / f"kept.txt.{ended.pid}.part", tmp_path / f"kept.txt.{os.getppid()}.part"
    left.touch()
    others.touch()
    with replacing(tmp_path / "kept.txt"):
        pass
    assert {file.name for file in tmp_path.iterdir()} == {"kept.txt", others.name}


def test_room_is_looked_for_on_the_disk_where_the_folder_will_be(tmp_path: Path) -> None:
    assert room_for(0, tmp_path / "to" / "be" / "made")
    assert not room_for(10**18 - SPARE, tmp_path / "to" / "be" / "made")
