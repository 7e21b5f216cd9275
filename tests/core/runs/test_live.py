"""What those who watch are sent: everything once, then only what is new, and never more than a screen can show."""

import json

import pytest

from core.errors import StoreError
from core.language import LANGUAGES, current
from core.runs.book import NewRun, Past
from core.runs.lease import Lease
from core.runs.live import MOST_POINTS, Feed, thinned
from core.runs.schema import RUNS, FileKind, Status
from core.runs.store import Store
from core.training.plan import Plan
from tests.stored import add_points, alter, checkpoint, point, snapshot

PLAN = Plan.of("quick", epochs=4)


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(NewRun(PLAN, "Mine", "0" * 16, "Drawn stand-in clothes"))


@pytest.fixture
def lease(store: Store, run_id: str) -> Lease:
    lease = store.claim(run_id)
    lease.phase("training")
    return lease


@pytest.fixture
def feed(store: Store, run_id: str) -> Feed:
    return Feed(store, run_id, available=60_000)


def read(feed: Feed, seen: int = 0) -> tuple[list[dict], int]:
    """Read once; the messages to one who has had so many."""
    feed.read()
    messages, seen = feed.since(seen)
    return [json.loads(message) for message in messages], seen


def test_the_first_message_says_all_and_the_next_ones_what_is_new(feed: Feed, lease: Lease) -> None:
    lease.point(point(0.25, accuracy=0.5, loss=1.5, seconds=1.0))
    [first], seen = read(feed)
    assert first["whole"] and first["points"] == [[0.25, 1.0, 0.5, 1.5]] and first["epochs"] == []
    assert not feed.read()
    lease.point(point(0.5, accuracy=0.62, loss=1.1, seconds=2.0, speed=1234.0))
    end = point(1.0, "epoch", accuracy=0.7, loss=0.9, seconds=4.0, val_accuracy=0.6, val_loss=1.0)
    lease.epoch(end, snapshot(), checkpoint(1))
    [second], seen = read(feed, seen)
    assert not second["whole"] and second["points"] == [[0.5, 2.0, 0.62, 1.1]]
    assert second["epochs"] == [[1.0, 4.0, 0.7, 0.9, 0.6, 1.0]] and second["state"]["snapshot"] == 1
    assert second["state"]["words"] == "epoch 2 of 4, 1,000 pictures a second"
    assert [figure[:2] for figure in second["state"]["figures"]] == [
        ["right answers now", "62\u00a0%"], ["loss", "1.10"], ["time left", "14 s"],
    ]  # fmt: skip
    assert feed.since(seen) == ([], seen)


def test_all_who_watch_get_the_very_same_messages_whenever_they_ask(feed: Feed, lease: Lease) -> None:
    for step in range(3):
        lease.point(point(step / 10))
        feed.read()
    early, seen = feed.since(0)
    late, _ = feed.since(1)
    assert seen == 3 and [id(message) for message in late] == [id(message) for message in early[1:]]


def test_nothing_read_before_is_read_again(feed: Feed, lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    points_since = Store.points_since
    monkeypatch.setattr(
        Store, "points_since", lambda store, run, last: asked.append(last) or points_since(store, run, last)
    )
    for step in range(3):
        lease.point(point(step / 10))
        feed.read()
    assert asked[0] == 0 < asked[1] < asked[2]


def test_a_long_curve_is_sent_thinned_with_its_ends_and_extremes(store: Store, feed: Feed, run_id: str) -> None:
    points = [point(step / 100, accuracy=0.8 + step % 7 / 1000, loss=1 + step % 5 / 1000) for step in range(28_800)]
    points[5_000] = point(50, accuracy=0.1, loss=1.0)
    points[15_000] = point(150, accuracy=0.8, loss=9.0)
    add_points(store, run_id, *points)
    [message], seen = read(feed)
    sent = [row[0] for row in message["points"]]
    assert len(sent) <= MOST_POINTS and sent == sorted(sent)
    assert (sent[0], sent[-1]) == (0.0, 287.99) and {50.0, 150.0} <= set(sent)
    short = [(step, 0.0, 0.5, 1.0) for step in range(MOST_POINTS)]
    assert thinned(short) == short


def test_who_has_watched_for_long_is_sent_a_thinned_curve_now_and_then(store: Store, feed: Feed, run_id: str) -> None:
    _, seen = read(feed)
    kinds = []
    for step in range(3 * MOST_POINTS // 100):
        add_points(store, run_id, *(point(step + part / 100) for part in range(100)))
        messages, seen = read(feed, seen)
        kinds += [message["whole"] for message in messages]
    assert kinds.count(True) == 2 and kinds.count(False) == 16
    [message] = [json.loads(each) for each in feed.since(0)[0] if json.loads(each)["whole"]]
    assert len(message["points"]) <= MOST_POINTS


def test_what_a_killed_worker_wrote_is_taken_back(store: Store, feed: Feed, lease: Lease, run_id: str) -> None:
    lease.epoch(point(1.0, "epoch"), snapshot(), checkpoint(1))
    lease.point(point(1.5))
    _, seen = read(feed)
    alter(store, run_id, heartbeat=0.0)
    store.claim(run_id, process="another")
    [message], _ = read(feed, seen)
    assert message["whole"] and message["points"] == [] and message["state"]["seams"] == [1.0]


def test_one_who_waits_learns_his_place_and_the_page_learns_when_there_is_something_else_to_press(
    store: Store, feed: Feed, run_id: str
) -> None:
    [waiting], seen = read(feed)
    assert "it is next" in waiting["state"]["words"] and waiting["state"]["progress"] is None
    before = store.create(NewRun(PLAN, "Hers", "0" * 16, "Drawn stand-in clothes"))
    alter(store, before, created=0.0)
    [message], seen = read(feed, seen)
    assert "1 run is before it, about" in message["state"]["words"]
    versions = {waiting["state"]["version"]}
    lease = store.claim(run_id)
    for change in (
        lambda: lease.phase("training"),
        lambda: store.stop(run_id),
        lambda: lease.finish({FileKind.KERAS: b""}, Status.STOPPED, message="Stopped by hand."),
    ):
        change()
        [message], seen = read(feed, seen)
        versions.add(message["state"]["version"])
    assert len(versions) == 4 and message["state"]["ended"] and message["state"]["figures"] == []
    assert waiting["state"]["figures"][0][1] == "…"


def test_what_could_not_be_read_once_is_read_the_next_time(
    store: Store, feed: Feed, lease: Lease, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease.point(point(0.25))
    for where in ("points_since", "points_since", "ahead"):
        with monkeypatch.context() as patch, pytest.raises(StoreError):
            patch.setattr(Store, where, broken)
            if where == "ahead":  # asked when the points have been read already
                alter(store, run_id, status="waiting")
            feed.read()
        [message], _ = read(feed)
        assert message["whole"] and len(message["points"]) == 1


def left(message: dict) -> str:
    """The time left that a message tells."""
    return next(value for name, value, _beside in message["state"]["figures"] if name == "time left")


def test_each_language_that_is_watched_has_messages_of_its_own_made_once(
    feed: Feed, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr("core.runs.standing._", lambda words: made.append(current()) or f"{current()}: {words}")
    lease.point(point(0.5, accuracy=0.62, loss=1.1))
    feed.read()
    for language in LANGUAGES:
        first, again = (feed.since(0, language)[0] for _ in range(2))
        assert first[0] is again[0]
        state = json.loads(first[0])["state"]
        assert state["words"].startswith(f"{language}: ") and state["figures"][0][0].startswith(f"{language}: ")
    count = len(made)
    feed.since(0, "zh_Hans")
    assert len(made) == count


def test_the_beginning_each_epoch_a_break_and_the_end_are_announced(
    store: Store, feed: Feed, lease: Lease, run_id: str
) -> None:
    def said() -> tuple[str, str]:
        state = read(feed)[0][-1]["state"]
        return state["said"].replace("\u00a0", " "), state["title"].replace("\u00a0", " ")

    assert said() == ("The training has started.", "")
    lease.point(point(0.5, accuracy=0.62, loss=1.1))
    assert said() == ("The training has started.", "epoch 1 of 4 · 62 %")
    lease.epoch(point(1.0, "epoch", accuracy=0.7, val_accuracy=0.6, val_loss=1.0), snapshot(), checkpoint(1))
    assert said()[0] == "Epoch 1 of 4 is over. 60 % of the answers are right."
    lease.pause(checkpoint(1.5))
    assert said() == ("The training is paused.", "paused")
    alter(store, run_id, status="done", test_accuracy=0.905, test_loss=0.3)
    assert said() == ("The training has ended. 90.5 % of the test pictures are right.", "")


def broken(*_: object) -> None:
    """A store that cannot be read."""
    raise StoreError("The store of runs cannot be read.")


def test_a_worker_that_is_not_heard_of_is_said(store: Store, feed: Feed, lease: Lease, run_id: str) -> None:
    assert "nothing heard" not in read(feed)[0][0]["state"]["words"]
    alter(store, run_id, heartbeat=RUNS.c.heartbeat - 5)
    assert "nothing heard of its worker" in read(feed)[0][-1]["state"]["words"]


def test_the_time_left_goes_by_the_last_seconds_not_by_the_slow_beginning(feed: Feed, lease: Lease) -> None:
    lease.point(point(0.01, seconds=10.0))
    assert left(read(feed)[0][0]) == "…"
    lease.point(point(0.51, seconds=11.0))
    lease.point(point(1.01, seconds=12.0))
    assert left(read(feed)[0][-1]) == "6 s"
    lease.phase("scoring")
    assert left(read(feed)[0][-1]) == "almost done"


def test_a_curve_from_elsewhere_with_gaps_and_without_times_can_be_sent(store: Store) -> None:
    rows = [
        {"kind": kind, "epoch": 1.0, "accuracy": None, "loss": float("inf"), "val_accuracy": None, "val_loss": None}
        for kind in ("batch", "epoch")
    ]
    past = Past(points=rows)
    run_id = store.create(NewRun(PLAN, "From elsewhere", "0" * 16, "Drawn", weights=b"", past=past))
    store.claim(run_id)
    [message], _ = read(Feed(store, run_id, 60_000))
    assert message["points"] == [[1.0, None, None, None]] and message["epochs"] == [[1.0, None, None, None, None, None]]
    assert [figure[1] for figure in message["state"]["figures"]] == ["…"] * 3
