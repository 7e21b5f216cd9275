"""The file that leads the app to its scheduler: whatever the app did not make for itself leads it nowhere."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Security

from core.errors import WorkerError
from core.runs import credentials, queue, workers
from core.settings import Settings

ROOT = os.name != "nt" and os.geteuid() == 0
NOBODY = 65534
PAIR = Security.temporary()
Change = Callable[[Path, dict[str, object]], object]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """One that looks like workers of this account."""
    with subprocess.Popen([sys.executable, "-c", "input()", "workers"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


@pytest.fixture
def file(process: subprocess.Popen[bytes], home: Settings) -> Path:
    """Credentials as that process would have left them."""
    path = workers.address_file(home)
    credentials.write(path, replace(credentials.Credentials.of("tls://127.0.0.1:9", PAIR), pid=process.pid))
    return path


def rewritten(path: Path, content: object) -> None:
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def other(**changes: object) -> Change:
    return lambda path, content: rewritten(path, {**content, **changes})


def linked(path: Path, _content: dict[str, object]) -> None:
    path.rename(path.with_name("elsewhere.json"))
    path.symlink_to("elsewhere.json")


def piped(path: Path, _content: dict[str, object]) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path, _content: dict[str, object]) -> None:
    path.unlink()
    path.mkdir()


FORGED: dict[str, Change] = {
    "absent": lambda path, _: path.unlink(),
    "empty": lambda path, _: rewritten(path, ""),
    "not JSON": lambda path, _: rewritten(path, "{" * 9),
    "deep JSON": lambda path, _: rewritten(path, "[" * 50_000),
    "no text": lambda path, _: path.write_bytes(b"\xff\xfe\x00"),
    "a list": lambda path, content: rewritten(path, [*content.values()]),
    "a number": lambda path, _: rewritten(path, "1"),
    "a field less": lambda path, content: rewritten(path, {key: content[key] for key in ("address", "pid")}),
    "a field more": other(more=1),
    "elsewhere": other(address="tls://192.0.2.1:9"),
    "not tls": other(address="tcp://127.0.0.1:9"),
    "elsewhere in disguise": other(address="tls://127.0.0.1:9@192.0.2.1:9"),
    "another name": other(address="tls://127.0.0.1.example.org:9"),
    "no address": other(address=None),
    "no certificate": other(certificate=""),
    "a false certificate": other(certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    "another's key": other(key=Security.temporary().get_tls_config_for_role("client")["key"]),
    "a file as key": other(key="/etc/hostname"),
    "no process": other(pid=None),
    "another process": other(pid=os.getppid()),
    "a negative process": other(pid=-1),
    "a vast process": other(pid=10**30),
    "a process in words": other(pid="1"),
    "the number was given to a later process": lambda path, _: os.utime(path, (1e9, 1e9)),
    "a folder": a_folder,
}
FORGED_ON_POSIX: dict[str, Change] = {
    "others may read it": lambda path, _: path.chmod(0o644),
    "its group may write it": lambda path, _: path.chmod(0o620),
    "a link": linked,
    "a pipe": piped,
}
FORGED_BY_ANOTHER: dict[str, Change] = {"another account's file": lambda path, _: os.chown(path, NOBODY, NOBODY)}
KINDS = {**FORGED, **(FORGED_ON_POSIX if os.name != "nt" else {}), **(FORGED_BY_ANOTHER if ROOT else {})}


def test_what_was_written_is_read_as_it_was_and_leads_the_app_there(
    file: Path, process: subprocess.Popen[bytes], home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = credentials.read(file)
    assert known and known.address == "tls://127.0.0.1:9" and credentials.holder(file) == known.pid == process.pid
    assert known.security().require_encryption
    assert [each.name for each in file.parent.iterdir()] == ["workers.json"]
    monkeypatch.setattr(queue, "connected", lambda *given: given[0])
    assert queue.RunQueue(home)._connected() == known.address
    process.kill()
    process.wait()
    assert credentials.read(file) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_forged_or_left_over_leads_the_app_nowhere(
    kind: str, file: Path, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    KINDS[kind](file, json.loads(file.read_text()))
    made = credentials.Credentials.of("tls://127.0.0.1:10", PAIR)
    monkeypatch.setattr(queue, "connected", lambda *given: given[0])
    monkeypatch.setattr(queue.RunQueue, "_started", lambda _: made)
    assert credentials.read(file) is None
    assert queue.RunQueue(home)._connected() == made.address  # the app starts workers of its own


@pytest.mark.skipif(not ROOT, reason="only root can start a process as another account")
def test_the_process_of_another_account_is_not_ours(file: Path) -> None:
    command = ["/bin/sh", "-c", "read line", "workers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, user=NOBODY, cwd="/") as running:
        rewritten(file, {**json.loads(file.read_text()), "pid": running.pid})
        assert credentials.read(file) is None
        running.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_nobody_else_can_read_the_file_at_any_moment_nor_the_folder_for_what_is_put_aside(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes, replaced = [], os.replace

    def looked_at(draft: str, path: Path) -> None:
        modes.extend(stat.S_IMODE(each.stat().st_mode) for each in home.folder.iterdir())
        replaced(draft, path)

    before = os.umask(0)
    monkeypatch.setattr(credentials.os, "replace", looked_at)
    try:
        credentials.write(workers.address_file(home), credentials.Credentials.of("tls://127.0.0.1:9", PAIR))
        new = home.folder / "new" / "workers.json"
        credentials.write(new, credentials.Credentials.of("tls://127.0.0.1:9", PAIR))
        folder = credentials.private_folder(home.folder / "scratch")
        (home.folder / "wide").mkdir(mode=0o777)
        wide = credentials.private_folder(home.folder / "wide")
    finally:
        os.umask(before)
    assert modes[0] == stat.S_IMODE(new.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in (new.parent, folder, wide)} == {0o700}


def test_a_folder_that_is_no_place_for_secrets_is_refused_in_words(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = credentials.Credentials.of("tls://127.0.0.1:9", PAIR)
    (home.folder / "file").write_text("")
    with pytest.raises(WorkerError, match="cannot be made. Choose another home"):
        credentials.private_folder(home.folder / "file" / "scratch")
    with pytest.raises(WorkerError, match="cannot be written. Look at its folder"):
        credentials.write(home.folder / "file" / "workers.json", known)
    if os.name != "nt":
        (home.folder / "link").symlink_to(home.folder)
        with pytest.raises(WorkerError, match="belongs to somebody else"):
            credentials.private_folder(home.folder / "link")
        monkeypatch.setattr(credentials.tempfile, "mkstemp", lambda **_: wide_open(home.folder / "draft"))
        with pytest.raises(WorkerError, match="cannot keep a file to this account alone"):
            credentials.write(workers.address_file(home), known)
        assert not workers.address_file(home).exists()


def wide_open(path: Path) -> tuple[int, str]:
    """As on a disk that knows of no accounts."""
    number = os.open(path, os.O_CREAT | os.O_RDWR)
    path.chmod(0o777)
    return number, str(path)
