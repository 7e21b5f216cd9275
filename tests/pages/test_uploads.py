"""Files that people brought: the server lets go of them as soon as the page does."""

from types import SimpleNamespace

import pytest

from pages.shared import session
from tests.pages.conftest import opened

WORDS = b"Not a picture, not a zip, not a table: files go whatever is in them."


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the files, or of whole sessions, that the server was told to let go of; from the first page on."""
    removed: list[str] = []
    manager = SimpleNamespace(
        remove_file=lambda _session, file: removed.append(file), remove_session_files=removed.append
    )
    context = SimpleNamespace(session_id="mine", uploaded_file_mgr=manager)
    monkeypatch.setattr(session, "get_script_run_ctx", lambda **_: context)
    return removed


@pytest.mark.parametrize(
    ("page", "uploader", "name"),
    [
        ("predict", "predict_files", "letter.png"),
        ("own", "own_files_photos_0", "coat.png"),
        ("runs", "runs_import_file_0", "run.zip"),
        ("runs", "runs_load_file_0", "numbers.h5"),
    ],
)
def test_a_file_goes_when_another_page_is_opened(gone: list[str], page: str, uploader: str, name: str) -> None:
    at = opened(page)
    at.file_uploader(key=uploader).upload(name, WORDS, "application/octet-stream").run()
    gone.clear()
    at.run()
    assert not at.exception and gone == []
    at.switch_page("help.py").run()
    assert gone == ["mine"]


def test_a_photo_goes_when_another_takes_its_place_or_another_way_is_chosen(gone: list[str]) -> None:
    at = opened("predict")
    gone.clear()
    for count in range(3):
        at.file_uploader(key="predict_files").set_value([(f"{count}.png", WORDS, "image/png")]).run()
        assert len(gone) == count
    at.segmented_control(key="predict_way").set_value("data").run()
    assert len(set(gone)) == 3
