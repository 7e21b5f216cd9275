"""What a plan takes: how long it will train, going by earlier runs, and what is short enough to begin with."""

import pytest

from core.data.dataset import Dataset, Source
from core.runs.book import NewRun
from core.runs.store import Store
from core.training.plan import AMOUNTS, SHORT_SECONDS, Measured, Plan, estimate, measured, overhead, short
from core.training.progress import Meter
from models.catalogue import RECIPES
from tests.stored import alter

PICTURES = 60_000


def real(plan: Plan, speed: float, beside: float) -> float:
    """Seconds that a plan takes on a computer of this speed, with so much beside training."""
    return beside + plan.images(PICTURES) / speed


@pytest.mark.parametrize("speed", [900.0, 9_000.0, 40_000.0])
@pytest.mark.parametrize("beside", [3.0, 20.0])
def test_one_run_of_any_size_tells_within_a_third_how_long_any_other_of_its_network_takes(
    speed: float, beside: float
) -> None:
    sizes = [(6_000, 1), (6_000, 4), (20_000, 3), (None, 4), (None, 50)]
    plans = [Plan.of("quick", examples=examples, epochs=epochs) for examples, epochs in sizes]
    for seen in plans:
        row = measured(seen, speed, real(seen, speed, beside), PICTURES)
        for plan in plans:
            assert estimate(plan, PICTURES, {"quick": row}) == pytest.approx(real(plan, speed, beside), rel=0.33)


def test_a_network_that_was_not_trained_here_is_guessed_from_how_fast_others_were() -> None:
    known = {"hello-world": Measured(21_000.0, 9.0, 0.5), "quick": Measured(20_000.0, 11.0, 0.5)}
    plan = Plan.of("new-abcd", epochs=1)
    assert estimate(plan, PICTURES, known) == pytest.approx(10.0 + PICTURES / (0.5 * plan.row.images_per_second))
    assert overhead(plan, {}) == overhead(Plan.of("quick"), {}) > 0


def test_what_makes_a_step_slower_is_told_apart() -> None:
    small, large = Plan.of("quick", batch_size=16), Plan.of("quick", batch_size=1024)
    known = {small.network_key: Measured(40_000.0, 5.0, 1.0), small.speed_key: Measured(4_000.0, 5.0, 0.1)}
    assert estimate(small, PICTURES, known) > 5 * estimate(large, PICTURES, known)


def test_a_run_that_was_interrupted_says_only_its_speed(store: Store, garments: Dataset) -> None:
    for seams, beside in (([], 6.0), ([1.0], None)):
        run_id = store.create(NewRun(Plan.of("quick"), "Mine", garments.fingerprint, garments.title))
        ends = {"status": "done", "started": 100.0, "finished": 116.0, "progress": 1.0, "test_accuracy": 0.9}
        alter(store, run_id, seams=seams, speed=22_800.0, **ends)
        known = store.speeds(PICTURES)
        assert known["quick"] == known[Plan.of("quick").speed_key]
        assert known["quick"].speed == 22_800.0 and known["quick"].beside == (beside and pytest.approx(beside))


def test_a_run_on_a_few_pictures_that_somebody_brought_says_nothing_of_a_run_on_all(
    store: Store, garments: Dataset
) -> None:
    new = NewRun(Plan.of("quick", epochs=1), "Mine", garments.fingerprint, "mine.zip", Source.OWN)
    ends = {"status": "done", "started": 100.0, "finished": 102.0, "progress": 1.0, "test_accuracy": 0.1}
    alter(store, store.create(new), speed=83.0, **ends)
    assert store.speeds(PICTURES) == {}


def test_the_first_call_which_builds_the_graph_does_not_count_as_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("core.training.progress.time.perf_counter", lambda: clock[0])
    points = []
    meter = Meter(1_000, 1, points.append)
    for seconds, images in ((5.0, 64), (1.0, 500), (1.0, 436)):
        clock[0] += seconds
        meter.add(images, 1.0, 1.0)
    assert [round(point.speed) for point in points] == [13, 500, 468]


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_chosen_at_first_takes_about_half_a_minute_and_draws_a_curve(name: str) -> None:
    examples, epochs = short(RECIPES[name], PICTURES)
    plan = Plan.of(name, examples=examples, epochs=epochs)
    assert estimate(plan, PICTURES, {}) < 1.3 * SHORT_SECONDS and epochs >= 3
    assert examples in AMOUNTS and epochs <= RECIPES[name].epochs
    assert short(RECIPES["quick"], PICTURES) == (None, 4) and short(RECIPES[name], 80)[0] is None
