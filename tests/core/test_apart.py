"""Work in a process apart: its result, its errors, its limits, and that the next work is done whatever came before."""

import os
import signal
import threading
import time

import psutil
import pytest

from core.apart import Apart
from core.errors import LimitError, PictureError

pytestmark = pytest.mark.slow


def pid() -> int:
    return os.getpid()


def refuse(words: str) -> None:
    raise PictureError(words)


def take(megabytes: int) -> int:
    return len(bytearray(megabytes * 2**20))


def break_off() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def count(to: int, pause: float, progress=lambda done, total: None) -> int:
    for done in range(1, to + 1):
        time.sleep(pause)  # the work that takes so long, in the process apart
        progress(done, to)
    return to


class Demanding(Exception):
    """Cannot be made again from its text, as an error that comes back is."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def demand() -> None:
    raise Demanding(1, 2)


@pytest.fixture(scope="module")
def apart():
    made = Apart(seconds=2, megabytes=300, rest_seconds=60)
    yield made
    made.close()


def test_it_works_in_another_process_and_gives_what_comes_of_it(apart):
    assert apart.do(pid) not in (os.getpid(), None)
    assert apart.do(pid) == apart.do(pid)


def test_what_the_work_raises_comes_back(apart):
    first = apart.do(pid)
    with pytest.raises(PictureError, match="no coat"):
        apart.do(refuse, "no coat")
    assert apart.do(pid) == first


def test_an_error_that_cannot_travel_is_told_and_the_process_goes_on(apart):
    first = apart.do(pid)
    with pytest.raises(RuntimeError, match="Demanding: 1 and 2"):
        apart.do(demand)
    assert apart.do(pid) == first


def test_work_that_takes_too_long_is_ended_and_the_next_is_done(apart):
    first = apart.do(pid)
    with pytest.raises(LimitError, match="longer than 2 seconds"):
        apart.do(count, 1, 600)
    assert apart.do(pid) != first
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE


def test_work_that_takes_too_much_memory_is_ended_and_the_next_is_done(apart):
    with pytest.raises(LimitError, match="300 MB of memory"):
        apart.do(take, 2_000)
    assert apart.do(take, 100) == 100 * 2**20


def test_work_that_breaks_its_process_ends_in_a_sentence(apart):
    with pytest.raises(LimitError):
        apart.do(break_off)
    assert apart.do(count, 3, 0) == 3


def test_a_process_that_somebody_ended_while_it_rested_is_made_anew(apart):
    psutil.Process(apart.do(pid)).kill()
    assert apart.do(count, 3, 0) == 3


def test_progress_is_heard_and_whoever_does_not_want_it_any_more_ends_it(apart):
    heard: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        heard.append((done, total))
        if done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apart.do(count, 1000, 0.05, listen=stop)
    assert 3 <= heard[-1][0] < 1000 and heard[-1][1] == 1000
    heard.clear()
    assert apart.do(count, 2, 0.5, listen=stop) == 2
    assert all(total in (0, 2) for _, total in heard)  # nothing of the work before is heard


def test_progress_is_heard_again_after_work_was_ended_amid_a_flood_of_it(apart):
    def leave(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            apart.do(count, 10**9, 0, listen=leave)
    heard: list[int] = []
    assert apart.do(count, 3, 0.3, listen=lambda done, total: heard.append(done)) == 3
    assert any(heard)


def test_one_works_at_a_time_and_who_waits_is_told_so(apart):
    told: list[tuple[int, int]] = []
    apart.do(pid)
    first = threading.Thread(target=apart.do, args=(count, 4, 0.25))
    first.start()
    while not apart._turn.locked():
        pass
    assert apart.do(count, 2, 0, listen=lambda *said: told.append(said)) == 2
    first.join()
    assert (0, 0) in told
