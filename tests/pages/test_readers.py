"""What visitors bring is read beside the server: what takes too much ends in a sentence, and pages go on meanwhile."""

import threading
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.apart import Apart, Listener
from core.data import upload
from core.images import png
from core.settings import Settings
from pages.shared import photos, readers
from tests.pages.conftest import opened

pytestmark = pytest.mark.usefixtures("small_data")
STEPS = 10_000
PHOTO = png(np.full((60, 60, 3), 200, np.uint8))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that gives up at once, and photos whose reading takes longer."""
    reader = Apart(seconds=0.2, megabytes=300, rest_seconds=5)
    monkeypatch.setattr(photos, "QUICK", reader)
    monkeypatch.setattr(photos, "read_photo", _for_ever)
    yield
    reader.close()


def _for_long() -> None:
    time.sleep(3)  # the work that takes so long, in the process apart


def _for_ever(*_: object) -> None:
    time.sleep(600)


def broken(at: AppTest) -> list[str]:
    """What the gallery says of photos that could not be read."""
    return [block.proto.body for block in at.html if 'class="broken"' in block.proto.body]


@pytest.mark.usefixtures("hasty")
def test_photos_that_take_too_long_are_named_and_the_others_brought_with_them_are_not_tried():
    at = opened("predict")
    at.file_uploader(key="predict_files").set_value([(f"{n}.png", PHOTO, "image/png") for n in range(5)]).run()
    assert not at.exception
    slow = [words for words in broken(at) if "longer than 0.2 seconds" in words]
    unread = [words for words in broken(at) if "left unread" in words]
    assert (len(slow), len(unread)) == (photos.MOST_HEAVY, 5 - photos.MOST_HEAVY)
    at.run()
    assert len(broken(at)) == 5  # and nothing is tried again


def test_somebody_who_leaves_does_not_keep_the_place_of_his_photo():
    reading = threading.Thread(target=readers.QUICK.do, args=(_for_long,))
    reading.start()

    def leave(*_: int) -> None:
        raise SystemExit  # as Streamlit ends a page's run: no Exception

    with pytest.raises(SystemExit):
        readers.QUICK.do(_for_long, listen=leave)
    assert reading.is_alive()
    reading.join()


def test_a_page_is_drawn_while_a_file_is_read():
    reading = threading.Thread(target=readers.QUICK.do, args=(_for_long,))
    reading.start()
    at = opened("predict", way="data")
    assert not at.exception and any("reply" in block.proto.body for block in at.html)
    assert reading.is_alive()
    reading.join()


def test_reading_a_data_set_can_be_stopped():
    """In the process apart; the page that goes away, as at a tap on Stop, ends it."""
    heard: list[int] = []

    def leave(done: int, total: int) -> None:
        heard.append(done)
        if done:
            raise SystemExit  # as Streamlit ends a page's run: no Exception

    files = [("clothes.zip", upload.example_zip())]
    with pytest.raises(SystemExit):
        readers.LONG.do(_slowly, files, listen=leave)
    assert 0 < heard[-1] < STEPS
    found = readers.LONG.do(upload.read_upload, files, Settings(), listen=lambda *_: None)
    assert len(found.data.train_images)


def _slowly(_files: object, progress: Listener) -> None:
    for done in range(STEPS):
        progress(done, STEPS)
        time.sleep(0.1)
