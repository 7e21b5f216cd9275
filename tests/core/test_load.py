"""The load test counts what it says, judges by its targets, writes where it belongs; its tab keeps the browser's
rules."""

import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import crowd, load, results, stages
from benchmarks.crowd import Findings, Seen
from benchmarks.served import Reading, Server, Trained
from benchmarks.stages import Stage, lag, percentile
from benchmarks.streamlit_client import Tab
from core.data import synthetic
from core.data.dataset import Dataset
from tests import aio


@pytest.mark.parametrize(
    ("movements", "written", "longest"),
    [
        ([(1.0, 0.9), (2.0, 1.9)], [0.9, 1.5, 1.9], 0.5),  # what was written at 1.5 came at 2
        ([(1.0, 0.9)], [0.9, 1.5, 1.9], 8.5),  # and here never, until the end at 10
        ([], [3.0], 7.0),
        ([(1.0, 0.9)], [0.9], 0.1),  # nothing more was written
        ([(5.0, 4.9)], [-3.0, 4.9], 5.0),  # what was written before the beginning at 0 counts from there
    ],
)
def test_a_curve_is_behind_from_when_something_was_written_until_it_came(movements, written, longest):
    assert lag(movements, written, 0.0, 10.0) == pytest.approx(longest)


def test_a_run_is_as_fast_as_its_progress():
    trained = Trained("r", 1_000, progress=[(0.0, 0.0), (10.0, 0.1), (20.0, 0.3), (30.0, 0.3)])
    assert trained.speed(5, 25) == pytest.approx(20) and trained.speed(25, 35) == 0


def test_a_share_of_all_is_not_above_the_percentile():
    assert percentile(range(100), 0.95) == 95 and np.isnan(percentile([], 0.5))


def pretended(name: str, plan: crowd.Plan, worst: float = 0.2) -> Stage:
    """A stage of ten seconds: four movements a second for all, interactions of 0.1 s and one in ten of `worst`."""
    moved = [(0.25 * step, 0.25 * step - 0.1) for step in range(1, 41)]
    found = Findings(0.0, 10.0, [("draw", 0.1), ("turn the page", worst)] + 8 * [("draw", 0.1)])
    found.watched = [Seen(1.5, moved) for _ in range(plan.watchers)]
    begin, end = Reading(0.0, 5.0, 0.0, 200.0, 700.0, 500.0), Reading(10.0, 8.0, 8.0, 300.0, 900.0, 650.0)
    written = [at for _, at in moved]
    return Stage(name, plan, found, begin, end, alone=1_000.0, together=900.0, points=written)


@pytest.fixture
def nobody(monkeypatch):
    """No server, no run and no crowd."""
    labels = np.arange(10, dtype=np.uint8)
    data = Dataset.of((synthetic.draw(labels, seed=1), labels) * 2, "garments")

    class Still(Server):
        def read(self) -> Reading:
            return Reading(0.0, 0.0, 0.0, 190.0, 190.0, 150.0)

        def resident(self) -> float:
            return 310.0

    @contextmanager
    def there(*_):
        yield Still("http://127.0.0.1:1", Path("/nowhere"), None)

    @contextmanager
    def training(*_):
        yield Trained("r", 1_000)

    for name, given in {"app": there, "plain_app": there, "training": training}.items():
        monkeypatch.setattr(load, name, given)
    monkeypatch.setattr(load, "FORGOTTEN", 0)
    monkeypatch.setattr(load, "beside", lambda name, server, trained, plan: pretended(name, plan))
    monkeypatch.setattr(load, "come", lambda name, server, plan: replace(pretended(name, plan, 2.0), alone=0.0))
    monkeypatch.setattr(load.sources, "load", lambda settings: data)
    monkeypatch.delenv("FITTING_ROOM_PICTURES", raising=False)


def test_every_target_is_judged(nobody, capsys):
    load.main([])
    printed = capsys.readouterr().out
    rows = dict(re.findall(r"^(?:met|missed) +(.*): (.*)$", printed, re.MULTILINE))
    assert "missed" not in printed and rows["95 % of interactions under 500 ms"] == "200 ms"
    assert rows["training at most 20% slower"] == "10%" and rows["server at most half a core (30 watch)"] == "0.30"
    assert rows["a refresh a second for each (30 watch)"] == "4.0 for the worst, of 4.0 written"
    assert rows["curve at most 2 s behind (30 watch)"] == "0.1 s" and rows["no error"] == "0 errors"
    assert "flat" not in printed and "plain app: 1 trains, 30 use it" in printed


def test_a_missed_target_is_said(nobody, capsys, monkeypatch):
    def slow(name: str, server: Server, trained: Trained, plan: crowd.Plan) -> Stage:
        stage = replace(pretended(name, plan, worst=0.7), together=700.0)
        stage.found.errors.append("watcher 1: no answer")
        return stage

    monkeypatch.setattr(load, "beside", slow)
    load.main(["--only", "use"])
    printed = capsys.readouterr().out
    missed = re.findall(r"^missed +(.*)$", printed, re.MULTILINE)
    assert missed == [
        "no error: 1 errors",
        "95 % of interactions under 500 ms: 700 ms",
        "training at most 20% slower: 30%",
    ]
    assert "error, 1 times: watcher 1: no answer" in printed


def test_watchers_are_doubled_until_a_target_is_missed(nobody, capsys, monkeypatch):
    def crowded(name: str, server: Server, trained: Trained, plan: crowd.Plan) -> Stage:
        return replace(pretended(name, plan), together=1_000.0 - plan.watchers)

    monkeypatch.setattr(load, "beside", crowded)
    load.main(["--until-it-breaks"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines[1:-1]] == ["30", "60", "120", "240"]
    assert "With 240 watchers a target is missed: the training is 24% slower." in lines[-1]


def test_the_tables_go_where_they_belong(nobody, tmp_path, monkeypatch):
    copies = [tmp_path / document.name for document in results.DOCUMENTS]
    for copy, document in zip(copies, results.DOCUMENTS, strict=True):
        copy.write_text(document.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(results, "DOCUMENTS", copies)
    load.main(["--readme"])
    readme, long = (copy.read_text(encoding="utf-8") for copy in copies)
    assert "| 30 watch | 10 | 100 | 200 | 1.5 | 4.0 | 0.1 | 0.30 | 10% | 200 to 300 | 0 |" in long
    assert "| no error | 0 errors | met |" in long
    assert "95 % of 10 interactions took the server at most 200 ms" in readme
    with pytest.raises(SystemExit):
        load.main(["--readme", "--only", "watch"])


def delta(key: str, fragment: str = "") -> ForwardMsg:
    """A message that draws a button."""
    message = ForwardMsg()
    message.delta.new_element.button.id = f"$$ID-1a2b-{key}"
    message.delta.fragment_id = fragment
    return message


def test_a_tab_knows_its_widgets_and_the_fragments_they_are_in():
    tab = Tab("http://127.0.0.1:1")
    for message in (delta("page-two"), delta("draw", "f1")):
        tab._take(message)
    assert tab.widgets == {"page-two": ("$$ID-1a2b-page-two", ""), "draw": ("$$ID-1a2b-draw", "f1")}
    broken = ForwardMsg()
    broken.delta.new_element.exception.type = "ValueError"
    tab._take(broken)
    assert len(tab.errors) == 1 and "ValueError" in tab.errors[0]


def test_a_page_drawn_anew_begins_with_new_timers_and_a_fragment_keeps_them():
    async def drawn() -> list[list[str]]:
        tab, timers = Tab("http://127.0.0.1:1"), []
        timer, whole, part = ForwardMsg(), ForwardMsg(), ForwardMsg()
        timer.auto_rerun.fragment_id, timer.auto_rerun.interval = "f1", 60.0
        whole.new_session.name = part.new_session.name = "router.py"
        part.metadata.run.fragment_ids.append("f1")
        for message in (timer, part, whole):
            tab._take(message)
            timers.append(list(tab._timers))
        return timers

    assert aio.run(drawn()) == [["f1"], ["f1"], []]


def test_growth_is_told_in_megabytes_a_minute():
    rows = [(60.0 * minute, 300.0 + 2 * minute) for minute in range(10)]
    assert stages.slope(replace(pretended("use", crowd.Plan("")), residents=rows)) == pytest.approx(2)
