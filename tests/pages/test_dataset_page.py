"""The clothes: filter, page, one picture with its numbers, and the download when stand-ins are in use."""

import html
import re
import time
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data import explore, export
from core.data.dataset import Dataset
from core.errors import DataError
from core.inference.explanation import neighbours_in_words
from core.labels import NAMES
from core.settings import Settings
from pages.shared import pictures
from tests.pages.conftest import offers
from tests.pages.conftest import opened as open_page


def opened(**address: str) -> AppTest:
    """The page, opened by an address with these words."""
    return open_page("dataset", **address)


def pieces(at: AppTest, kind: str) -> list[str]:
    """The HTML of all blocks that hold this class."""
    return [block.proto.body for block in at.html if f'class="{kind}' in block.proto.body]


def links(at: AppTest, sheet: int = 0) -> list[dict[str, list[str]]]:
    """Where the pictures of a grid lead: the words of each address."""
    return [parse_qs(html.unescape(link)[1:]) for link in re.findall(r'href="(.*?)"', pieces(at, "sheet")[sheet])]


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
    monkeypatch.setattr("core.data.synthetic.make", lambda: few)


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
    assert any(f"Coat: {count:,} training pictures" in caption.value for caption in at.caption)


def test_a_tapped_class_opens_its_first_page_and_its_first_picture(small):
    at = opened(page="5", picture="900")
    at.pills(key="class").set_value("Bag").run()
    assert at.number_input(key="picture").value == int(np.flatnonzero(small.train_labels == 8)[0])
    assert "Bag" in [heading.value for heading in at.header]
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
    at.segmented_control(key="size").set_value(100).run()
    assert len(names(at)) == 100


def test_225_pictures_stand_by_the_numbers_of_their_classes_which_are_explained(small):
    at = opened(size="225")
    assert names(at) == [str(label) for label in small.train_labels[:225]]
    assert any("0 T-shirt/top, 1 Trouser" in caption.value for caption in at.caption)


def test_a_link_shows_the_same_shuffle_and_another_seed_another(small):
    at = opened(order="shuffled", seed="7")
    assert names(at) == [NAMES[small.train_labels[row]] for row in explore.arrange(small.train_labels, seed=7)[:30]]
    assert links(at)[0]["order"] == ["shuffled"] and links(at)[0]["seed"] == ["7"]
    again, first = opened(order="shuffled", seed="7"), links(at)
    assert links(again) == first
    at.number_input(key="seed").set_value(8).run()
    assert [link["picture"] for link in links(at)] != [link["picture"] for link in first]
    at.segmented_control(key="order").set_value("as they come").run()
    assert names(at) == [NAMES[label] for label in small.train_labels[:30]]


def test_a_class_tapped_in_a_shuffle_stays_shuffled_and_opens_its_first_picture_there(small):
    at = opened(order="shuffled", seed="7")
    at.pills(key="class").set_value("Bag").run()
    assert not at.exception and not at.error and set(names(at)) == {"Bag"}
    assert (
        at.number_input(key="picture").value
        == int(links(at)[0]["picture"][0])
        == explore.arrange(small.train_labels, 8, 7)[0]
    )


def test_any_one_stays_in_the_chosen_class_and_takes_its_ends_too(small, monkeypatch):
    bags = np.flatnonzero(small.train_labels == 8)
    for end in (0, -1):
        monkeypatch.setattr("random.choice", lambda rows, end=end: rows[end])
        at = opened(**{"class": "Bag"})
        at.button(key="dataset_any").click().run()
        assert at.number_input(key="picture").value == bags[end]
        assert not at.exception and not at.error


def test_the_opened_picture_is_marked_in_the_grid(small):
    assert re.findall(r'title="([^"]*)" aria-current', pieces(opened(picture="3"), "sheet")[0]) == [
        f"{NAMES[small.train_labels[3]]}, Training picture 3"
    ]
    assert "aria-current" not in pieces(opened(picture="300"), "sheet")[0]


def test_one_picture_is_shown_with_its_label_and_its_784_numbers(small):
    at = opened(part="test", picture="7")
    assert NAMES[small.test_labels[7]] in [heading.value for heading in at.header]
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


def test_scaling_shows_the_same_numbers_divided_by_255(small):
    at = opened(picture="7")
    values = small.train_images[7][14, 10:18]
    (piece,) = pieces(at, "scaled")
    assert re.findall(r"<b>(\d+)</b> → ([\d.]+)", piece) == [(str(value), f"{value / 255:.3f}") for value in values]
    assert [block.count("<figure>") for block in pieces(at, "with-bars")] == [2] and not at.get("plotly_chart")


def test_a_tab_nobody_opened_costs_nothing(monkeypatch):
    def never(*args):
        raise AssertionError("computed though nobody looked")

    for name in ("nearest", "project", "brightness"):
        monkeypatch.setattr(f"core.data.explore.{name}", never)
    monkeypatch.setattr("core.data.export.ends", never)
    at = opened()
    assert not at.exception and not at.error and not at.get("plotly_chart")
    assert not at.dataframe and not offers(at)


@pytest.mark.parametrize("part", ["training", "test"])
def test_more_like_this_shows_training_pictures_other_than_itself_and_names_other_classes(small, part):
    at = opened(look="More like this", part=part, picture="12")
    images, labels = (
        (small.train_images, small.train_labels) if part == "training" else (small.test_images, small.test_labels)
    )
    found = explore.nearest(small.train_images, images[12], 20, 12 if part == "training" else None)
    shown = links(at, 1)
    assert [int(link["picture"][0]) for link in shown] == found.tolist()
    assert {link["part"][0] for link in shown} == {"training"} and {link["look"][0] for link in shown} == {
        "More like this"
    }
    words = [
        name if label == labels[12] else f"≠ {name}" for label in small.train_labels[found] for name in [NAMES[label]]
    ]
    assert re.findall(r"<span>(.*?)</span>", pieces(at, "sheet")[1]) == words
    names = neighbours_in_words(int(labels[12]), small.train_labels[found], answered=False)
    assert any(names in text.value for text in at.markdown)


def test_the_brightness_follows_the_class(small):
    at = opened(look="Classes", **{"class": "Bag"})
    bags = small.train_images[small.train_labels == 8]
    words = f"{(bags == 0).mean():.0%} of the {bags.size:,} dots are 0".replace("%", "\u00a0%")
    assert any(words in text.value for text in at.markdown)
    assert "How bright the dots are: Bag" in [heading.value for heading in at.subheader]


def test_a_dot_of_the_map_shows_its_picture_and_opens_it(small):
    at = opened(look="Map", part="test")
    assert any("Tap a dot" in text.value for text in at.markdown) and "dataset_map_open" not in [
        button.key for button in at.button
    ]
    key = f"dataset_map_test_pca_{small.fingerprint}"
    at.session_state[key] = {
        "selection": {"points": [{"customdata": [33]}], "point_indices": [], "box": [], "lasso": []}
    }
    at.run()
    assert not at.exception and not at.error
    assert f'alt="{NAMES[small.test_labels[33]]}, found on the map: Test picture 33"' in "".join(
        block.proto.body for block in at.html
    )
    at.button(key="dataset_map_open").click().run()
    assert not at.exception and not at.error
    assert at.number_input(key="picture").value == 33 and at.session_state["look"] == "Numbers"


def test_the_other_map_is_drawn_when_it_is_asked_for():
    at = opened(look="Map")
    at.segmented_control(key="map").set_value("tsne").run()
    assert not at.exception and not at.error
    assert any("1,200 pictures, chosen by chance" in caption.value for caption in at.caption)


def test_the_table_has_its_shape_its_ends_and_two_files(small):
    at = opened(look="Table", part="test")
    assert not at.exception and not at.error
    assert any("**400 rows × 785 columns.**" in text.value for text in at.markdown)
    first, last = (frame.value for frame in at.dataframe)
    assert (
        first["label"].tolist() == small.test_labels[:5].tolist()
        and last["label"].tolist() == small.test_labels[-5:].tolist()
    )
    assert len(offers(at)) == 2
    (listed,) = pieces(at, "words")
    assert "(1200, 28, 28)" in listed and "(400, 28, 28)" in listed and export.listing(small.train_labels) in listed


def test_one_file_is_offered_and_the_other_one_behind_more():
    (more,) = [popover for popover in opened(look="Table").get("popover") if popover.proto.popover.label == "More"]
    assert ["Parquet" in block.proto.body for block in more.get("html")] == [True]


def test_an_address_means_the_same_in_every_language():
    at = opened(lang="zh_Hans", look="Map", **{"class": "Coat"})
    assert not at.exception and not at.error
    assert at.pills(key="class").value == "Coat" and at.segmented_control(key="look").value == "Map"


def test_the_slips_of_the_lessons_are_corrected():
    assert any("the other way round" in text.value for text in opened().markdown)
    assert any("labels of the handwritten digits" in caption.value for caption in opened(look="Table").caption)


def test_counts_of_each_class_add_up(small):
    at = opened(look="Classes")
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
        {"order": "backwards", "seed": "-1"},
        {"order": "shuffled", "seed": "many"},
        {"size": "31"},
        {"look": "Elsewhere"},
        {"look": "Map", "map": "globe"},
    ],
)
def test_nonsense_in_the_address_falls_back(address):
    at = opened(**address)
    assert not at.exception and not at.error
    assert len(names(at)) == 30
    written = [
        block.proto.body for block in at.html if "<script>document.cookie" not in block.proto.body
    ]  # our own one line
    assert not any("<script" in body for body in written) and len(written) >= len(at.html) - 1


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

    monkeypatch.setattr("core.data.download.download", broken)
    at = opened()
    at.button(key="dataset_fetch").click().run()
    assert not at.exception
    assert [error.value for error in at.error] == [
        "The clothes could not be downloaded. Check the network and try again."
    ]
    assert len(names(at)) == 30


def test_after_the_download_the_real_clothes_are_in_use(stand_ins, small_folder, monkeypatch):
    monkeypatch.setattr(
        "core.data.download.download",
        lambda settings, progress: monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder)),
    )
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


def test_a_grid_of_225_is_made_in_no_time(small):
    images, words = small.train_images[:225], [NAMES[label] for label in small.train_labels[:225]]
    addresses = [(f"picture {row}", f"?picture={row}") for row in range(225)]

    def seconds() -> float:
        began = time.perf_counter()
        pictures.markup(images, words, addresses, 15)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(20)) < 0.03
