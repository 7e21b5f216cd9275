"""Own clothes: brought in one session, seen on every page of it and nowhere else, and put away again."""

import io
import re
import zipfile

import numpy as np
import pytest
from streamlit.runtime.caching.cache_resource_api import clear_session_cache
from streamlit.testing.v1 import AppTest

from core.data import explore, upload
from core.labels import NAMES
from core.runs.runner import carry_out
from core.runs.store import Store
from core.settings import Settings
from tests.pages.conftest import offers, opened

pytestmark = pytest.mark.usefixtures("small_data")


def session() -> AppTest:
    """A browser window of its own, on the page for bringing clothes."""
    return opened("own")


def go(at: AppTest, page: str, **address: str) -> AppTest:
    """Another page of the same window."""
    at.switch_page(f"{page}.py")
    at.query_params.clear()
    for word, value in address.items():
        at.query_params[word] = value
    return at.run()


def bring(at: AppTest, name: str, content: bytes) -> AppTest:
    """Choose a file and press the button."""
    at.get("file_uploader")[0].upload(name, content, "application/octet-stream").run()
    return at.button(key="own_use").click().run()


def in_use(at: AppTest) -> str:
    return next(caption.value for caption in at.caption if caption.value.startswith("Clothes in use"))


def faultless(at: AppTest) -> bool:
    return not at.exception and not at.error


def test_brought_clothes_are_on_every_page_of_this_window_and_in_no_other(small):
    at, other = session(), session()
    bring(at, "clothes.zip", upload.example_zip())
    assert faultless(at) and "Your clothes: clothes.zip (80 + 20 pictures), in this browser only" in in_use(at)
    found = upload.read_upload([("clothes.zip", upload.example_zip())], Settings()).data

    go(at, "dataset")
    assert faultless(at) and "80 training pictures" in "".join(caption.value for caption in at.caption)
    labels = re.findall(
        r"<span>(.*?)</span>", next(block.proto.body for block in at.html if 'class="sheet' in block.proto.body)
    )
    assert labels[:30] == [NAMES[label] for label in found.train_labels[:30]]
    go(at, "mistakes")
    assert faultless(at) and any("of 20" in metric.delta for metric in at.metric)
    go(at, "predict", way="data")
    assert faultless(at) and at.number_input(key="sample").max == 19
    go(at, "training")
    assert faultless(at) and at.segmented_control(key="training_amount_quick").options == ["all"]
    go(at, "help")
    assert faultless(at) and any("for this browser only" in block.proto.body for block in at.html)

    for page in ("dataset", "mistakes", "predict", "training"):
        go(other, page)
        assert faultless(other) and small.title in in_use(other)
    go(other, "mistakes")
    assert any("of 400" in metric.delta for metric in other.metric)


def test_put_away_everything_is_as_before(small):
    at = session()
    bring(at, "clothes.csv", upload.example_table())
    go(at, "mistakes")
    assert any("of 20" in metric.delta for metric in at.metric)
    at.button(key="frame_put_away").click().run()
    assert faultless(at) and in_use(at) == f"Clothes in use: {small.title}"
    assert any("of 400" in metric.delta for metric in at.metric)
    assert "frame_put_away" not in [button.key for button in at.button]


def test_the_averages_are_those_of_the_clothes_in_use():
    def averages(at: AppTest) -> str:
        return (
            [block.proto.body for block in go(at, "dataset").html if 'class="sheet' in block.proto.body][-1]
            .split("base64,")[1]
            .split(")")[0]
        )

    at, other = session(), session()
    before = averages(other)
    bring(at, "clothes.zip", upload.example_zip())
    assert averages(at) != before == averages(other)


def test_a_bad_file_is_one_sentence_and_changes_nothing(small):
    at = session()
    bring(at, "letter.zip", b"Dear teacher")
    assert [error.value for error in at.error] == [
        "The file “letter.zip” is damaged, or is not a zip. Pack the folders again."
    ]
    assert small.title in in_use(at)
    rows = upload.example_table().replace(b"\n3,", b"\n12,", 1)
    at = session()
    bring(at, "mine.csv", rows)
    assert "“12” for label in row 4 (line 5)" in at.error[0].value and small.title in in_use(at)


def test_what_was_left_out_is_named_and_cannot_carry_markup():
    content = io.BytesIO(upload.example_zip())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("clothes/coat/<b>letter.png", b"x")
    at = session()
    bring(at, "clothes.zip", content.getvalue())
    assert faultless(at) and at.expander[0].label == "✗ 1 left out"
    (listed,) = [block.proto.body for block in at.html if 'class="found"' in block.proto.body]
    assert "clothes/coat/_b_letter.png: This file is not a picture I can open" in listed


@pytest.mark.slow
def test_a_run_on_them_carries_its_pictures_and_its_mistakes_are_seen_in_this_window_only(store: Store):
    at, other = session(), session()
    bring(at, "clothes.zip", upload.example_zip())
    go(at, "training")
    assert any("only until it has ended" in caption.value for caption in at.caption)
    at.button(key="training_start").click().run()
    (run,) = store.runs()
    assert faultless(at) and run.plan.examples == 80 and store.pictures(run.id)
    assert carry_out(run.id, Settings.from_environment()) == "done"
    assert store.pictures(run.id) is None
    go(at, "mistakes", run=run.id)
    assert faultless(at) and any("of 20" in metric.delta for metric in at.metric)
    go(other, "mistakes", run=run.id)
    assert not other.exception and any(
        "was tested on “Your clothes: clothes.zip" in error.value for error in other.error
    )
    go(other, "predict", model=run.id)
    assert faultless(other)
    other.switch_page("welcome.py").run()
    assert faultless(other) and not other.metric  # it is nobody else's best run


def test_a_run_on_everybodys_clothes_carries_none(store: Store):
    at = go(session(), "training")
    assert not any("only until it has ended" in caption.value for caption in at.caption)
    at.button(key="training_start").click().run()
    (run,) = store.runs()
    assert store.pictures(run.id) is None


def test_an_amount_chosen_before_does_not_outlast_the_clothes_that_had_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    def table(count: int) -> bytes:
        lines = upload.example_table().decode().splitlines()
        return "\n".join([lines[0], *lines[1:] * (count // 100)]).encode()

    at = session()
    bring(at, "large.csv", table(8_000))
    go(at, "training")
    at.segmented_control(key="training_amount_quick").set_value(6_000).run()
    go(at, "own")
    bring(at, "small.csv", table(100))
    go(at, "training")
    at.button(key="training_start").click().run()
    assert faultless(at) and store.runs()[0].plan.examples == 80


def test_the_page_offers_both_formats_with_an_example_and_says_the_limits():
    at = session()
    assert faultless(at) and not [block for block in at.html if 'class="found"' in block.proto.body]
    assert any("100 MB and 20,000 pictures" in caption.value for caption in at.caption)
    assert offers(at) == ["Example zip", "Example table"]
    assert np.all(
        [
            word in " ".join(block.proto.body for block in at.html)
            for word in ("pixel784", "coat", "memory of this computer")
        ]
    )


def test_a_reload_finds_them_again_by_the_cookie_and_putting_away_holds_for_every_window(
    small, monkeypatch: pytest.MonkeyPatch
):
    stranger = session()
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.cookies", {"fitting_room_key": "k" * 32})
    at = session()
    bring(at, "clothes.zip", upload.example_zip())
    again = session()
    assert "clothes.zip" in in_use(again) and faultless(again)
    again.button(key="frame_put_away").click().run()
    assert small.title in in_use(again) and small.title in in_use(stranger)
    at.run()
    assert small.title in in_use(at) and any("long rest" in info.value for info in at.info)
    assert not at.run().info


def test_what_is_worked_out_from_brought_clothes_is_never_kept_for_all(monkeypatch: pytest.MonkeyPatch):
    counted = []
    count = explore.brightness
    monkeypatch.setattr("core.data.explore.brightness", lambda images: counted.append(len(images)) or count(images))
    for _ in range(2):
        at = session()
        bring(at, "clothes.zip", upload.example_zip())
        assert faultless(go(at, "dataset", look="Classes"))
        clear_session_cache("test session id")  # as Streamlit does when a session ends; all of AppTest's have this name
    assert counted == [80, 80]  # anew in each browser: nothing of the first one's clothes is left for the second
