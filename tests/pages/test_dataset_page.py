"""The clothes: filter, page, one picture with its numbers, and the download when stand-ins are in use."""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.dataset import Dataset
from core.errors import DataError
from core.labels import NAMES
from core.settings import Settings

APP = Path(__file__).resolve().parents[2] / "app.py"


def opened(**address: str) -> AppTest:
    """The page, opened by an address with these words."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.switch_page("pages/dataset.py")
    for word, value in address.items():
        at.query_params[word] = value
    return at.run()


def pieces(at: AppTest, kind: str) -> list[str]:
    """The HTML of all blocks that hold this class."""
    return [block.proto.body for block in at.html if f'class="{kind}' in block.proto.body]


def names(at: AppTest) -> list[str]:
    """The labels below the pictures of the grid."""
    return re.findall(r"<span>(.*?)</span>", pieces(at, "sheet")[0])


@pytest.fixture(autouse=True)
def folder(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))


@pytest.fixture
def stand_ins(garments: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data anywhere: few clothes are drawn."""
    monkeypatch.delenv("FITTING_ROOM_DATA")
    few = (garments.train_images, garments.train_labels, garments.test_images, garments.test_labels)
    monkeypatch.setattr("core.garments.make", lambda: few)


def test_the_grid_shows_the_first_training_pictures_with_their_labels(small):
    at = opened()
    assert not at.exception and not at.error
    assert names(at) == [NAMES[label] for label in small.train_labels[:30]]


def test_a_tapped_class_leaves_only_that_class(small):
    at = opened()
    at.pills(key="class").set_value("Coat").run()
    assert not at.exception and not at.error
    assert set(names(at)) == {"Coat"}
    count = int((small.train_labels == 4).sum())
    assert any(f"{count:,} training pictures of the class Coat" in caption.value for caption in at.caption)


def test_a_tapped_class_opens_its_first_page_and_its_first_picture(small):
    at = opened(page="5", picture="900")
    at.pills(key="class").set_value("Bag").run()
    assert at.number_input(key="picture").value == int(np.flatnonzero(small.train_labels == 8)[0])
    assert "Bag" in [heading.value for heading in at.subheader]
    assert "page" not in at.query_params
    at.pills(key="class").set_value(None).run()
    assert not at.exception and not at.error
    assert names(at) == [NAMES[label] for label in small.train_labels[:30]]


def test_pages_go_on_where_the_last_one_ended(small):
    at = opened(page="2")
    assert names(at) == [NAMES[label] for label in small.train_labels[30:60]]


def test_the_test_part_can_be_opened_by_its_link(small):
    at = opened(part="test")
    assert names(at) == [NAMES[label] for label in small.test_labels[:30]]


def test_more_pictures_at_once_can_be_asked_for():
    at = opened()
    at.segmented_control(key="dataset_size").set_value(225).run()
    assert len(names(at)) == 225


def test_one_picture_is_shown_with_its_label_and_its_784_numbers(small):
    at = opened(part="test", picture="7")
    assert NAMES[small.test_labels[7]] in [heading.value for heading in at.subheader]
    shown = [int(text) for text in re.findall(r">(\d+)</td>", pieces(at, "numbers")[0])]
    assert np.array_equal(np.array(shown).reshape(28, 28), small.test_images[7])


def test_the_arrows_go_to_the_neighbours_and_never_past_the_ends():
    at = opened(picture="3")
    at.button(key="dataset_next").click().run()
    assert at.number_input(key="picture").value == 4
    for _ in range(6):
        at.button(key="dataset_before").click().run()
    assert at.number_input(key="picture").value == 0
    assert not at.exception and not at.error


def test_counts_of_each_class_add_up(small):
    at = opened()
    counted = [int(text.replace(",", "")) for text in re.findall(r"</i>([\d,]+)</dd>", pieces(at, "counts")[0])]
    assert counted == np.bincount(small.train_labels, minlength=10).tolist()


@pytest.mark.parametrize(
    "address",
    [
        {"part": "nonsense"},
        {"class": "<script>alert(1)</script>"},
        {"page": "99999"},
        {"page": "-3"},
        {"picture": "many"},
        {"picture": "99999999"},
        {"part": "test", "picture": "1100"},
    ],
)
def test_nonsense_in_the_address_falls_back(address):
    at = opened(**address)
    assert not at.exception and not at.error
    assert len(names(at)) == 30
    assert not any("<script" in block.proto.body for block in at.html)


def test_a_shorter_part_does_not_break_a_picture_chosen_in_the_longer_one():
    at = opened(picture="1100")
    at.segmented_control(key="part").set_value("test").run()
    assert not at.exception and not at.error
    assert at.number_input(key="picture").value < 400


def test_stand_ins_are_named_and_the_download_is_offered(stand_ins):
    at = opened()
    assert not at.exception and not at.error
    assert any("drawn by program" in text.value for text in at.markdown)
    assert at.button(key="dataset_fetch").label.startswith("Fetch the real clothes")


def test_real_clothes_are_never_called_drawn():
    at = opened()
    assert not any("drawn" in text.value.lower() for text in [*at.markdown, *at.caption])
    assert "dataset_fetch" not in [button.key for button in at.button]


def test_a_download_that_fails_is_one_sentence_and_keeps_the_page(stand_ins, monkeypatch):
    def broken(settings, progress):
        progress(1, 4)
        raise DataError("The clothes could not be downloaded. Check the network and try again.")

    monkeypatch.setattr("core.dataset.download", broken)
    at = opened()
    at.button(key="dataset_fetch").click().run()
    assert not at.exception
    assert [error.value for error in at.error] == ["The clothes could not be downloaded. Check the network and try again."]
    assert len(names(at)) == 30


def test_after_the_download_the_real_clothes_are_in_use(stand_ins, small_folder, monkeypatch):
    monkeypatch.setattr("core.dataset.download", lambda settings, progress: monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder)))
    at = opened()
    at.button(key="dataset_fetch").click().run()
    assert not at.exception and not at.error
    assert not any("drawn by program" in text.value for text in at.markdown)


def test_a_damaged_data_folder_is_named_and_stand_ins_serve(stand_ins, tmp_path, monkeypatch):
    empty = tmp_path / "nothing-here"
    empty.mkdir()
    monkeypatch.setenv("FITTING_ROOM_DATA", str(empty))
    at = opened()
    assert not at.exception
    assert any("nothing-here" in warning.value for warning in at.warning)
    assert len(names(at)) == 30
