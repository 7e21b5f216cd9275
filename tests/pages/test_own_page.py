"""Own clothes: brought in one session, seen on every page of it and nowhere else, and put away again."""

import io
import re
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.runtime.caching.cache_resource_api import clear_session_cache
from streamlit.testing.v1 import AppTest

from core.data import explore, synthetic, upload
from core.data.naming import LEFT_OUT
from core.errors import LimitError, PictureError
from core.images import png
from core.inference.network import shipped_bytes
from core.labels import NAMES, SLUGS
from core.runs.book import NewRun
from core.runs.runner import carry_out
from core.runs.schema import FileKind
from core.runs.store import Store
from core.settings import Settings
from core.training.plan import Plan
from pages.shared import measuring
from tests.pages.conftest import kept, offers, opened

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
    """Choose a zip or a table, have it looked at, and use it if nothing is wrong with it."""
    at.segmented_control(key="own_way").set_value("file").run()
    at.get("file_uploader")[0].upload(name, content, "application/octet-stream").run()
    at.button(key="own_look").click().run()
    return at.button(key="own_use").click().run() if not at.error else at


def photos(each: int = 12, names: tuple[str, ...] = ("coat", "bag")) -> list[tuple[str, bytes, str]]:
    """Loose pictures that are called as their class, each with its bytes and its kind."""
    drawn = synthetic.draw(np.repeat([SLUGS.index(name) for name in names], each), seed=5)
    called = [f"{name}-{number}.png" for name in names for number in range(each)]
    return [(name, png(image), "image/png") for name, image in zip(called, drawn, strict=True)]


def in_use(at: AppTest) -> str:
    return next(caption.value for caption in at.caption if caption.value.startswith("Clothes in use"))


def faultless(at: AppTest) -> bool:
    return not at.exception and not at.error


def counted(at: AppTest, words: str) -> bool:
    """Whether Mistakes says of how many pictures its figures are."""
    return any(f"{words}<" in block.proto.body or f"{words} " in block.proto.body for block in at.html)


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
    assert faultless(at) and counted(at, "of 20")
    go(at, "predict", way="data")
    assert faultless(at) and at.number_input(key="sample").max == 19
    go(at, "training")
    assert faultless(at) and at.segmented_control(key="training_amount_quick").options == ["all"]
    go(at, "help")
    assert faultless(at)

    for page in ("dataset", "mistakes", "predict", "training"):
        go(other, page)
        assert faultless(other) and small.title in in_use(other)
    go(other, "mistakes")
    assert counted(other, "of 400")


def test_put_away_everything_is_as_before(small):
    at = session()
    bring(at, "clothes.csv", upload.example_table())
    go(at, "mistakes")
    assert counted(at, "of 20")
    at.button(key="frame_put_away").click().run()
    assert faultless(at) and in_use(at) == f"Clothes in use: {small.title}"
    assert counted(at, "of 400")
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


def test_what_was_left_out_is_named_before_anything_is_used_and_cannot_carry_markup(small):
    content = io.BytesIO(upload.example_zip())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("clothes/coat/<b>letter.png", b"x")
    at = session()
    at.segmented_control(key="own_way").set_value("file").run()
    at.get("file_uploader")[0].upload("clothes.zip", content.getvalue(), "application/zip").run()
    at.button(key="own_look").click().run()
    assert faultless(at) and at.expander[0].label == "✗ 1 file is left out"
    (listed,) = [block.proto.body for block in at.html if 'class="found"' in block.proto.body]
    assert "clothes/coat/_b_letter.png: This file is not a picture I can open" in listed
    assert small.title in in_use(at)  # until one says so
    at.button(key="own_use").click().run()
    assert "clothes.zip" in in_use(at)
    bring(at, "clothes.csv", upload.example_table())
    assert "clothes.csv" in in_use(at)


def test_loose_photos_are_sorted_by_name_or_by_the_network_and_a_person_corrects_them():
    at = session()
    named, strange = photos(), [(f"IMG_{n}.png", content, kind) for n, (_, content, kind) in enumerate(photos(2))]
    at.file_uploader(key="own_files_photos_0").set_value([*named, *strange, ("notes.png", b"x", "image/png")]).run()
    at.button(key="own_look").click().run()
    assert faultless(at)
    assert "Pictures: 28. Sorted by name: 24. Guessed by the network: 4." in [text.value for text in at.markdown]
    assert at.expander[0].label == "✗ 1 file is left out"
    table = at.dataframe[0].value
    assert table["class"].tolist()[:24] == [SLUGS.index("coat")] * 12 + [SLUGS.index("bag")] * 12
    assert table["by"].tolist()[24:] == ["the network's guess"] * 4
    at.button(key="own_use").click().run()
    assert faultless(at) and "Your clothes: photos (" in in_use(at)


def test_a_folder_says_the_class_of_its_pictures_without_a_zip():
    at = session()
    at.segmented_control(key="own_way").set_value("folder").run()
    files = [(f"mine/{name.split('-')[0]}/{number}.png", *rest) for number, (name, *rest) in enumerate(photos())]
    at.file_uploader(key="own_files_folder_0").set_value([*files, ("mine/.DS_Store", b"x", "")]).run()
    at.button(key="own_look").click().run()
    assert faultless(at) and not at.expander
    assert "Pictures: 24. Sorted by name: 24. Guessed by the network: 0." in [text.value for text in at.markdown]
    at.button(key="own_back").click().run()
    assert at.file_uploader and not at.dataframe
    at.file_uploader(key="own_files_folder_1").set_value(files).run()
    at.button(key="own_look").click().run()
    at.button(key="own_use").click().run()
    assert faultless(at) and "Your clothes: mine (" in in_use(at)


def in_german(names: tuple[str, ...] = ("Mäntel", "Taschen", "Стул")) -> bytes:
    """A zip with folders of twelve pictures each, the third of which no language of ours says anything about."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, slug in zip(names, ("coat", "bag", "shirt"), strict=True):
            for file, body, _kind in photos(names=(slug,)):
                archive.writestr(f"Kleidung/{name}/{file.split('-')[1]}", body)
    return content.getvalue()


def look_at(at: AppTest, name: str, content: bytes) -> AppTest:
    at.segmented_control(key="own_way").set_value("file").run()
    at.get("file_uploader")[0].upload(name, content, "application/zip").run()
    return at.button(key="own_look").click().run()


def asked(at: AppTest) -> list[Any]:
    """The boxes that ask which class a folder is."""
    return [box for box in at.selectbox if box.key.startswith("own_folder_")]


def test_folders_of_another_language_are_asked_about_once_and_then_remembered():
    at = look_at(session(), "kleidung.zip", in_german())
    assert faultless(at) and at.button(key="own_sorted").disabled
    rows = {box.label: box.value for box in asked(at)}
    assert rows == {
        "Стул · 12 pictures": None,
        "Mäntel · 12 pictures · a guess": SLUGS.index("coat"),
        "Taschen · 12 pictures · a guess": SLUGS.index("bag"),
    }
    assert sum(block.proto.body.count("<img") for block in at.html if 'class="first"' in block.proto.body) == 6
    asked(at)[0].select(SLUGS.index("shirt")).run()
    at.button(key="own_sorted").click().run()
    assert faultless(at) and at.expander[0].label == "Read as: Mäntel is Coat, Taschen is Bag, Стул is Shirt"
    at.button(key="own_use").click().run()
    assert "kleidung.zip (29 + 7 pictures)" in in_use(at)
    look_at(at, "mehr.zip", in_german())
    assert faultless(at) and not asked(at) and at.button(key="own_use")
    at.button(key="own_forget").click().run()
    at.button(key="own_back").click().run()
    look_at(at, "mehr.zip", in_german())
    assert len(asked(at)) == 3
    at.button(key="own_back").click().run()
    assert faultless(at) and at.get("file_uploader") and not asked(at)


def test_what_was_said_about_folders_is_known_after_a_reload_while_the_clothes_are_in_use(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.cookies", {"fitting_room_key": "f" * 32})
    at = look_at(session(), "kleidung.zip", in_german())
    asked(at)[0].select(SLUGS.index("shirt")).run()
    at.button(key="own_sorted").click().run()
    at.button(key="own_use").click().run()
    again = look_at(session(), "mehr.zip", in_german())
    assert faultless(again) and not asked(again) and again.button(key="own_use")


def test_a_folder_of_another_language_is_asked_about_too_and_one_may_be_left_out():
    at = session()
    at.segmented_control(key="own_way").set_value("folder").run()
    files = [
        (f"mine/{'Manteaux' if 'coat' in name else 'Divers'}/{n}.png", *rest)
        for n, (name, *rest) in enumerate(photos())
    ]
    at.file_uploader(key="own_files_folder_0").set_value(files).run()
    at.button(key="own_look").click().run()
    assert [box.label for box in asked(at)] == ["Divers · 12 pictures", "Manteaux · 12 pictures · a guess"]
    asked(at)[0].select(LEFT_OUT).run()
    at.button(key="own_sorted").click().run()
    assert "Pictures: 12. Sorted by name: 12. Guessed by the network: 0." in [text.value for text in at.markdown]
    assert any("mine/Divers/ was not wanted: 12 files left out" in block.proto.body for block in at.html)


def test_the_app_is_measured_on_photos_a_few_at_a_time_and_nothing_is_put_in_use(
    small, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measuring, "PIECE", 10)
    at = session()
    wrong = [(f"bag-wrong-{n}.png", content, kind) for n, (_, content, kind) in enumerate(photos(3, ("trouser",)))]
    brought = [*photos(), *wrong, ("coat-broken.png", b"x", "image/png"), ("IMG_1.png", b"x", "image/png")]
    at.file_uploader(key="own_files_photos_0").set_value(brought).run()
    at.button(key="own_measure").click().run()  # and the first ten are answered
    assert faultless(at) and not offers(at) and at.button(key="own_measure_stop")
    at.button(key="own_measure_stop").click().run()
    assert faultless(at) and any("Stopped after 10 of 28" in caption.value for caption in at.caption)
    assert any("of 10;" in block.proto.body or "of 9;" in block.proto.body for block in at.html)
    at.button(key="own_measure_on").click().run()
    at.run()
    assert faultless(at) and offers(at) == ["Download as CSV"]
    (figures,) = [block.proto.body for block in at.html if 'class="figures"' in block.proto.body]
    work = kept(at)[measuring.STATE]
    assert f"{work.right} of 27; of all such photos" in figures and 20 < work.right <= 24
    (shown,) = [block.proto.body for block in at.html if "tiles measured" in block.proto.body]
    assert all(f"bag-wrong-{n}.png" in shown for n in range(3)) and 'title="Trouser"' in shown and "really Bag" in shown
    assert at.expander[0].label == "✗ 2 files are left out"
    table = pd.read_csv(io.BytesIO(kept(at)["downloads"]["own_measured_csv"].make()))
    assert len(table) == 28 and (table["right"] == "yes").sum() == work.right
    assert table.set_index("file").loc["bag-wrong-0.png", ["class", "right", "label"]].tolist() == [
        "Bag",
        "no",
        "Trouser",
    ]
    assert small.title in in_use(at)
    at.button(key="own_back").click().run()
    assert faultless(at) and at.get("file_uploader") and measuring.STATE not in kept(at)


def test_a_run_is_measured_too_and_another_network_begins_anew(small, store: Store):
    run = store.create(NewRun(Plan.of("quick"), "Mine", small.fingerprint, small.title))
    store.claim(run).finish({FileKind.TFLITE: shipped_bytes("model.tflite")}, test_accuracy=0.9)
    at = session()
    at.file_uploader(key="own_files_photos_0").set_value(photos(3)).run()
    at.button(key="own_measure").click().run()
    work = kept(at)[measuring.STATE]
    assert faultless(at) and work.model == "shipped" and len(work.answered) == 6
    at.selectbox(key="choice_model").select(run).run()
    assert faultless(at) and work.model == run and len(work.answered) == 6
    assert not any(reply.verdict == "sure" and reply.eyes for reply in work.replies)
    go(at, "own", model="nonsense")
    assert any("There is no finished run" in info.value for info in at.info) and work.model == "shipped"


def test_a_photo_that_breaks_the_limits_is_left_out_alone(monkeypatch: pytest.MonkeyPatch):
    def do(work, *given, listen):
        if work is measuring.read_some and any(given[0][row][0] == "bag-3.png" for row in given[1]):
            raise LimitError("It takes too long.")
        return work(*given)

    at = session()
    at.file_uploader(key="own_files_photos_0").set_value(photos(6)).run()
    monkeypatch.setattr(measuring.LONG, "do", do)
    at.button(key="own_measure").click().run()
    for _ in range(14):
        at.run()
    work = kept(at)[measuring.STATE]
    broken = [row for row, reply in enumerate(work.replies) if isinstance(reply, PictureError)]
    assert not work.going and not work.problem and [work.listed.names[row] for row in broken] == ["bag-3.png"]


def test_folders_are_asked_about_before_the_app_is_measured_on_them_too():
    at = session()
    at.segmented_control(key="own_way").set_value("file").run()
    at.get("file_uploader")[0].upload("kleidung.zip", in_german(), "application/zip").run()
    at.button(key="own_measure").click().run()
    asked(at)[0].select(LEFT_OUT).run()
    at.button(key="own_sorted").click().run()
    assert faultless(at) and "kleidung.zip: 24 pictures." in [text.value for text in at.markdown]


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
    assert faultless(at) and any("wrong of 20" in block.proto.body for block in at.html)
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
    assert any("Up to 200 photos and 100 MB" in caption.value for caption in at.caption)
    assert offers(at) == ["Example zip", "Example table"]
    assert np.all(
        [
            word in " ".join(block.proto.body for block in at.html)
            for word in ("pixel784", "coat", "memory of the computer")
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
    assert small.title in in_use(at) and any("nothing was done for an hour" in info.value for info in at.info)
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
