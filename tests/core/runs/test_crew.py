"""What is asked of workers elsewhere, and the sentence for a run that none of them can have."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import Security

from core.data.dataset import Dataset, Source
from core.errors import WorkerError
from core.runs import credentials, trainer
from core.runs.book import NewRun
from core.runs.claims import Pending
from core.runs.crew import TOLD, Told, crew, resources, why_it_waits
from core.runs.live import Feed
from core.runs.store import Store, open_store
from core.runs.trainer import Outlook, task
from core.runs.workers import need_one_store
from core.settings import Settings
from core.training.plan import Plan

RUN = Pending("abc", 0.0, "0", "1234", "Fashion-MNIST")
OWN = RUN._replace(data="")
RIGHT, OTHER_DATA, OTHER_STORE = Told("a", "s", "1234"), Told("b", "s", "99"), Told("c", "t", "1234")
UNREACHED = Told("d", trouble="The store of runs cannot be read (no route).")


@pytest.mark.parametrize(
    ("run", "workers", "words"),
    [
        (RUN, [], "No worker has joined the scheduler yet."),
        (RUN, [OTHER_DATA, UNREACHED, OTHER_STORE], "No worker has this data set (Fashion-MNIST)."),
        (RUN, [OTHER_STORE, UNREACHED], "cannot reach the store of runs. The run starts by itself when one can. One"),
        (RUN, [UNREACHED], "One says: The store of runs cannot be read (no route)."),
        (RUN, [OTHER_STORE], "keep their runs in another store"),
        (RUN, [UNREACHED, OTHER_DATA, RIGHT], None),
        (OWN, [OTHER_DATA], None),
        (OWN, [OTHER_STORE], "keep their runs in another store"),
    ],
)
def test_why_a_run_waits_is_said(run: Pending, workers: list[Told], words: str | None) -> None:
    why = why_it_waits(run, workers, "s")
    assert (why is None) if words is None else words in str(why)
    assert (why is None) == any(resources("s", run.data).items() <= worker.offers.items() for worker in workers)


def test_dask_carries_plain_values_only_and_others_workers_have_told_nothing() -> None:
    assert crew([{TOLD: RIGHT.as_dict(), "resources": {}}, {"resources": {}}]) == [RIGHT]
    function, *arguments = task("abc")
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import pickle, sys; print(pickle.load(sys.stdin.buffer))"],
        input=pickle.dumps((function, arguments)),
        capture_output=True,
        cwd="/",
        check=True,
    )
    assert b"core.runs.trainer:perform" in done.stdout and b"abc" in done.stdout


def test_an_outlook_tells_the_store_and_the_data_set_and_reads_the_data_again_only_for_a_run_that_waits_for_other(
    home: Settings, store: Store, small: Dataset, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlook = Outlook(Settings(home=home.folder, data=small_folder))
    told = outlook.told()
    assert (told.store, told.data, told.title) == (store.identity(), small.fingerprint, small.title)
    read = []
    monkeypatch.setattr("core.runs.runner.dataset_in_use.cache_clear", lambda: read.append("again"))
    own, other = (
        NewRun(Plan.of("quick", epochs=1), "Quick", data, "pictures", source)
        for data, source in (("1" * 16, Source.OWN), ("2" * 16, Source.FOLDER))
    )
    store.create(own)
    for _ in range(5):
        assert outlook.told(told.data) == told
    assert read == []
    store.create(other)
    assert outlook.told(told.data) == told and read == ["again"]
    assert outlook.told(told.data) == told and read == ["again"]  # not at every look

    missing = Outlook(Settings(home=home.folder, store=f"sqlite:///{small_folder}")).told()
    assert missing.offers == {} and "cannot be" in missing.trouble


def test_two_stores_are_told_apart_and_one_is_the_same_for_all(home: Settings, store: Store, tmp_path: Path) -> None:
    again, other = open_store(home.store_url), open_store(f"sqlite:///{tmp_path}/other.sqlite")
    assert len(store.identity()) == 16 and again.identity() == store.identity() != other.identity()
    again.close()
    other.close()


def test_who_watches_a_run_reads_why_it_waits(store: Store) -> None:
    run_id = store.create(NewRun(Plan.of("quick", epochs=1), "Quick", "0" * 16, "pictures"))
    feed = Feed(store, run_id, 60_000, {run_id: why_it_waits(RUN, [], "s")}.get)
    feed.read()
    [message], _ = feed.since(0)
    assert "In the queue. No worker has joined the scheduler yet. The run starts by itself when one does" in message
    [message], _ = feed.since(0, "zh_Hans")
    assert "调度器" in json.loads(message)["state"]["words"]


@pytest.mark.parametrize(
    ("scheduler", "store", "refused"),
    [
        ("tcp://10.0.0.1:8786", None, True),
        ("tls://queue.school:8786", None, True),
        ("10.0.0.1:8786", None, True),
        ("tls://queue.school:8786", "postgresql://db/runs", False),
        ("tcp://127.0.0.1:8786", None, False),
        ("tls://localhost:8786", None, False),
        ("127.0.0.1:8786", None, False),
        ("tls://[::1]:8786", None, False),
        (None, None, False),
    ],
)
def test_a_file_of_runs_is_refused_where_the_scheduler_is_elsewhere(
    scheduler: str | None, store: str | None, refused: bool, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, scheduler=scheduler, store=store)
    if refused:
        with pytest.raises(WorkerError, match="an SQLite file on this computer.*same PostgreSQL database"):
            need_one_store(settings)
    else:
        need_one_store(settings)


def test_the_certificates_of_the_settings_are_shown_and_what_is_wrong_with_them_is_said(tmp_path: Path) -> None:
    made = Security.temporary().get_tls_config_for_role("client")
    certificate, key = tmp_path / "it.crt", tmp_path / "it.key"
    certificate.write_text(made["cert"])
    key.write_text(made["key"])

    def shown(**given: object) -> Security | None:
        return credentials.of_settings(Settings(home=tmp_path, scheduler="tls://a:1", **given))

    assert shown() is None
    every = {"tls_ca": certificate, "tls_cert": certificate, "tls_key": key}
    for role in ("client", "worker"):
        assert shown(**every).get_connection_args(role)["ssl_context"]
    for changed, words in (
        ({"tls_key": None}, "FITTING_ROOM_TLS_KEY is missing"),
        ({"tls_ca": tmp_path / "gone"}, "cannot be used"),
        ({"tls_key": certificate}, "cannot be used"),
    ):
        with pytest.raises(WorkerError, match=words):
            shown(**{**every, **changed})
    with pytest.raises(WorkerError, match="does not begin with tls://"):
        credentials.of_settings(Settings(home=tmp_path, scheduler="tcp://a:1", **every))


def test_a_process_gets_all_settings_but_the_words_of_the_entrance(tmp_path: Path) -> None:
    given = Settings(home=tmp_path, store="postgresql://h/db", workers=3, passphrase="hunter2", teacher_key="hunter3")
    assert Settings.from_environment(given.environment) == Settings(home=tmp_path, store=given.store, workers=3)
    assert not any("hunter" in value for value in given.environment.values())


@pytest.mark.parametrize(
    ("seen", "busy", "looks"),
    [
        ([RIGHT, RIGHT, OTHER_DATA], [], 3),  # other clothes lie in its folder
        ([RIGHT, UNREACHED, UNREACHED, RIGHT, UNREACHED, UNREACHED, UNREACHED], [], 7),  # a restart is borne
        ([OTHER_STORE], [True, True], 1),  # what trains is not disturbed
    ],
)
def test_a_worker_begins_anew_between_two_runs_when_what_it_offers_has_changed(
    seen: list[Told], busy: list[bool], looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 0.001)
    left, ended = list(seen), []

    class State:
        @property
        def executing_count(self) -> int:
            return int(busy.pop()) if busy else 0

    worker = SimpleNamespace(
        state=State(),
        outlook=SimpleNamespace(told=lambda data: left.pop(0)),
        loop=SimpleNamespace(add_callback=lambda close, **options: ended.append((close, options))),
        close="close",
    )
    trainer.Trainer._look(worker, RIGHT)
    assert len(seen) - len(left) == looks and busy == []
    assert [(close, options["nanny"]) for close, options in ended] == [("close", False)]
