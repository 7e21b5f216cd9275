"""Files to take home on the command line: a run in a form, its code, the data set."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.command.files import FORMS
from core.data import download
from core.data.files import FILES
from core.inference.network import shipped_bytes
from core.runs.book import NewRun
from core.runs.files import put
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from tests.core.command.conftest import Command


@pytest.fixture
def run_id(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run with a file, and an empty current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    made = store.create(NewRun(Plan.of("five-steps", "softmax"), "Müller & Söhne", "0" * 16, "Clothes"))
    with store.database.writing() as connection:
        put(connection, made, "tflite", b"a network")
    return made


def test_a_run_is_written_into_the_current_folder_and_never_over_a_file(command: Command, run_id: str) -> None:
    file = Path(f"m-ller-s-hne-{run_id}.tflite")
    assert command("export", run_id, "--as", "tflite").out == f"Müller & Söhne ({run_id}): {file}\n"
    assert file.read_bytes() == b"a network"
    file.write_bytes(b"mine")
    assert command("export", run_id, "--as", "tflite").error.startswith(f"{file} is there already. Choose another name")
    assert file.read_bytes() == b"mine"
    (row,) = command("export", run_id, "--as", "tflite", "--force", "--json").rows
    assert row == {"run": run_id, "as": "tflite", "file": str(file), "bytes": 9} and file.read_bytes() == b"a network"


def test_a_run_is_written_where_one_wishes(command: Command, run_id: str, tmp_path: Path) -> None:
    export = ["export", run_id, "--as", "tflite", "--to"]
    Path("folder").mkdir()
    assert command(*export, "folder").status == command(*export, "folder/x.tflite").status == 0
    assert sorted(path.name for path in Path("folder").iterdir()) == [f"m-ller-s-hne-{run_id}.tflite", "x.tflite"]
    assert command(*export, "-").out == "a network"
    assert "leave out --json" in command(*export, "-", "--json").rows[0]["error"]
    assert "There is no folder nowhere." in command(*export, "nowhere/x.tflite").error
    assert "cannot be written (" in command(*export, "/proc/x", "--force").error or not Path("/proc").exists()


def test_a_file_that_a_run_does_not_have_is_said(command: Command, run_id: str) -> None:
    assert "This run has no model yet." in command("export", run_id, "--as", "keras").error
    assert list(Path().iterdir()) == []


def test_the_code_of_a_run_is_printed_and_exported_alike(command: Command, run_id: str) -> None:
    script, book = command("code", run_id).out, command("code", run_id, "--notebook").out
    assert "softmax" in script and json.loads(book)["nbformat"] == 4
    assert command("export", run_id, "--as", "code", "--to", "-").out == script
    assert command("export", run_id, "--as", "notebook", "--to", "-").out == book
    (row,) = command("code", run_id, "--json").rows
    assert row == {"what": run_id, "kind": "script", "code": script}
    assert 'build(outputs="softmax")' in command("code", "five-steps", "--variant", "softmax").out.replace("'", '"')


@pytest.mark.parametrize("option", ["--variant=softmax", '--layers=[["dense", 9]]'])
def test_the_code_of_a_run_takes_no_variant(command: Command, run_id: str, option: str) -> None:
    error = command("code", run_id, option).error
    assert "is a run, and its code is that of its own plan: --variant and --layers go with a recipe" in error
    assert "The recipes are: quick, five-steps" in command("code", "nothere", option).error


def test_the_network_that_comes_with_the_app_is_written_too(command: Command, run_id: str) -> None:
    (row,) = command("export", "shipped", "--as", "tflite", "--json").rows
    assert (row["run"], row["file"]) == ("shipped", "fitting-room-shipped.tflite")
    assert Path(row["file"]).read_bytes() == shipped_bytes("model.tflite")
    assert "can be had as keras, tflite, html only" in command("export", "shipped", "--as", "zip").error


def test_every_form_has_an_ending_of_its_own() -> None:
    assert len({form.ending for form in FORMS.values()}) == len(FORMS)


@pytest.fixture
def shop(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of a server with a small data set, in place of the real one."""
    asked: list[str] = []

    def fetch(settings: Settings, progress: object) -> Path:
        folder = settings.folder / download.DOWNLOADS
        folder.mkdir()
        for name in FILES:
            asked.append(name)
            (folder / f"{name}.gz").write_bytes((small_folder / f"{name}.gz").read_bytes())
            progress(len(asked), len(FILES))  # type: ignore[operator]
        return folder

    monkeypatch.delenv("FITTING_ROOM_DATA", raising=False)
    monkeypatch.setattr(download, "download", fetch)
    yield asked


def test_the_data_set_is_fetched_once(command: Command, shop: list[str], home: Settings) -> None:
    *events, done = command("download", "--json").rows
    assert [event["done"] for event in events] == [1, 2, 3, 4] and {event["event"] for event in events} == {"progress"}
    assert done == {**done, "event": "done", "already": False, "folder": str(home.folder / download.DOWNLOADS)}
    (row,) = command("download", "--json").rows
    assert row["already"] is True and len(shop) == 4 and row["folder"] == done["folder"]
    assert command("download").out.startswith("The data set is here already: Fashion-MNIST, downloaded")


def test_a_folder_that_is_none_is_said_beside_a_download(
    command: Command, shop: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FITTING_ROOM_DATA", "/nowhere")
    assert "There is no folder" in command("download").err
    (row,) = command("download", "--json").rows
    assert row["already"] is True and "There is no folder" in row["note"] and len(shop) == 4


def test_a_download_in_words_says_what_comes_next(command: Command, shop: list[str]) -> None:
    lines = command("download").out.splitlines()
    assert lines[0] == "Fetching Fashion-MNIST (31 MB) ..." and lines[-1].endswith(
        "Train with it: start.py train quick"
    )
