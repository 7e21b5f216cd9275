"""Predict: photos, drawings and test pictures are answered; a bad file is one sentence and stops nothing."""

import base64
import io
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset
from core.images import png
from core.inference import hidden
from core.inference.eye import second_eye
from core.inference.network import Network, shipped
from core.inference.verdict import Verdict, answer
from core.labels import NAMES, SLUGS
from core.runs.book import NewRun
from core.runs.runner import carry_out
from core.runs.schema import FileKind
from core.runs.store import open_store
from core.settings import Settings
from core.training.plan import Plan
from core.vision.reading import read_photo
from pages.shared import alike, camera
from pages.shared.samples import SAMPLES, SamplePhoto
from tests.pages.conftest import PROJECT, kept, offers
from tests.pages.conftest import opened as open_page

PLAN = Plan.of("quick")


def opened(**address: str) -> AppTest:
    """The page, opened by an address with these words."""
    return open_page("predict", **address)


def photo(turns: int = 0) -> bytes:
    """A dark shirt on a pale floor, as a PNG, quarter turns to the left."""
    floor = np.full((240, 200, 3), 225, np.uint8)
    shirt = np.array(
        [(60, 30), (140, 30), (185, 90), (155, 110), (140, 85), (140, 210), (60, 210), (60, 85), (45, 110), (15, 90)]
    )
    cv2.fillPoly(floor, [shirt], (60, 40, 120))
    file = io.BytesIO()
    Image.fromarray(np.rot90(floor, turns)).save(file, "PNG")
    return file.getvalue()


def answers(at: AppTest) -> list[str]:
    return [block.proto.body for block in at.html if 'class="answer"' in block.proto.body]


def tiles(at: AppTest) -> list[str]:
    """The words on the gallery's buttons."""
    return [button.label for button in at.button if button.key.startswith("predict_open_")]


def last_image(at: AppTest) -> str:
    """The 28 x 28 picture of the strip, as its address."""
    return re.findall(r'src="([^"]*)"', strips(at)[0])[-1]


def strips(at: AppTest) -> list[str]:
    return [block.proto.body for block in at.html if 'class="strip"' in block.proto.body]


def trained(home: Settings, name: str = "my run") -> str:
    """The id of a finished run, whose network is that of the app."""
    shipped = (PROJECT / "models" / "shipped" / "model.tflite").read_bytes()
    store = open_store(home.store_url)
    run = store.create(NewRun(PLAN, name, "print", "Fashion-MNIST"))
    store.claim(run).finish({FileKind.TFLITE: shipped}, test_accuracy=0.9)
    store.close()
    return run


@pytest.fixture(autouse=True)
def folder(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))


def bars(at: AppTest) -> list[str]:
    """The bars of the answer, or of each network that was compared."""
    return [part for block in at.html if 'class="reply' in block.proto.body for part in ten_bars(block.proto.body)]


def ten_bars(shown: str) -> list[str]:
    return re.findall(r'<dl class="bars".*?</dl>', shown)


def test_a_fresh_home_answers_nothing_yet_shows_samples_to_tap_and_says_what_happens_to_photos():
    at = opened()
    assert not at.exception and not at.error
    assert not answers(at) and len(tried(at)) == 6
    assert any("never saved" in caption.value for caption in at.caption)


def tried(at: AppTest) -> list[str]:
    """What the buttons of the sample photos say."""
    return [button.label for button in at.button if button.key.startswith("predict_try_")]


@pytest.mark.parametrize("slug", SAMPLES)
def test_a_sample_photo_is_answered_truly_and_honestly(slug):
    file = SamplePhoto(slug).getvalue()
    assert len(file) < 40_000
    reply = answer(shipped(), read_photo(file, 40_000_000), second_eye())
    assert reply.index == SLUGS.index(slug) and reply.verdict in (Verdict.SURE, Verdict.UNSURE)


def test_most_sample_photos_are_answered_as_sure():
    readings = [read_photo(SamplePhoto(slug).getvalue(), 40_000_000) for slug in SAMPLES]
    assert sum(answer(shipped(), reading, second_eye()).verdict is Verdict.SURE for reading in readings) >= 5


def test_a_tapped_sample_stands_in_the_address_and_is_answered_like_a_photo():
    at = opened()
    at.button(key="predict_try_coat").click().run()
    assert at.query_params["photo"] == "coat" and "Coat" in answers(at)[0]
    assert len(strips(at)) == 1 and len(bars(at)) == 1 and offers(at) == ["Save this answer"]
    at = opened(photo="coat")
    assert "Coat" in answers(at)[0]
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert "photo" not in at.query_params and len(answers(at)) == 1 and '"answer">Coat' not in answers(at)[0]
    assert not opened(photo="no-such").exception and "no such sample photo" in opened(photo="no-such").info[0].value


def test_the_bars_are_sorted_and_only_the_first_is_coloured():
    shown = bars(opened(photo="bag"))[0]
    shares = [float(share) for share in re.findall(r"--share:([\d.]+)", shown)]
    assert shares == sorted(shares, reverse=True) and len(shares) == 10
    assert shown.count('class="top"') == 1 and ">Bag<" in shown.partition("</dt>")[0] + "<"


def test_a_photo_is_answered_with_its_stages_and_bars():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.jpg", photo(), "image/jpeg").run()
    assert not at.exception and not at.error
    assert len(answers(at)) == 1 and len(bars(at)) == 1 and not at.get("plotly_chart")
    assert "28 × 28" in strips(at)[0] and strips(at)[0].count("<img") >= 3
    assert any(name in answers(at)[0] for name in (*NAMES, "Something else"))


def test_a_bad_file_is_named_and_the_rest_is_still_answered():
    at = opened()
    files = [
        ("a.jpg", photo(), "image/jpeg"),
        ("letter.png", b"Dear computer", "image/png"),
        ("b.jpg", photo(), "image/jpeg"),
    ]
    at.file_uploader(key="predict_files").set_value(files).run()
    assert not at.exception and not at.error
    (broken,) = [block.proto.body for block in at.html if 'class="broken"' in block.proto.body]
    assert "letter.png: This file is not a picture" in broken
    assert len(tiles(at)) == 2 and len(answers(at)) == 1


def test_a_bad_file_alone_is_an_error():
    at = opened()
    at.file_uploader(key="predict_files").upload("letter.png", b"Dear computer", "image/png").run()
    assert not at.exception and not answers(at)
    assert at.error[0].value.startswith("letter.png: This file is not a picture")


def test_no_more_pictures_than_the_limit_are_answered(monkeypatch):
    monkeypatch.setenv("FITTING_ROOM_MAX_PICTURES", "2")
    at = opened()
    at.file_uploader(key="predict_files").set_value(
        [(f"{number}.jpg", photo(), "image/jpeg") for number in range(3)]
    ).run()
    assert len(tiles(at)) == 2
    assert any("2 at once is the most" in warning.value for warning in at.warning)


def test_one_tap_turns_a_photo_and_another_takes_it_back():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    upright, said = last_image(at), answers(at)
    at.file_uploader(key="predict_files").set_value([("sideways.png", photo(turns=1), "image/png")]).run()
    sideways = last_image(at)
    assert sideways != upright and "As it came" in strips(at)[0]
    at.button(key="predict_right").click().run()
    assert last_image(at) == upright and answers(at) == said and "As you edited it" in strips(at)[0]
    at.button(key="predict_undo").click().run()
    assert last_image(at) == sideways and not [button for button in at.button if button.key == "predict_undo"]


def test_swapping_and_cropping_change_what_the_network_sees():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    seen = [last_image(at)]
    at.button(key="predict_swap").click().run()
    seen.append(last_image(at))
    at.session_state["predict_fine"] = True
    at.run()
    at.slider(key="predict_down").set_value((0, 50)).run()
    seen.append(last_image(at))
    assert at.slider(key="predict_down").value == (0, 50) and len(set(seen)) == 3
    at.button(key="predict_undo").click().run()
    assert last_image(at) == seen[0] and at.slider(key="predict_down").value == (0, 100)
    assert not at.exception and not at.error


def test_a_picture_megabytes_large_is_kept_only_while_it_is_brushed_on():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    said = answers(at)
    for is_open in (False, True, False):
        at.session_state["predict_fine"] = is_open
        at.run()
        assert (kept(at)["photos"].picture is not None) == is_open and answers(at) == said


def test_several_photos_are_a_gallery_and_what_was_mended_stays_mended():
    at = opened()
    files = [("a.png", photo(), "image/png"), ("b.png", photo(turns=1), "image/png")]
    at.file_uploader(key="predict_files").set_value(files).run()
    first = last_image(at)
    at.button(key="predict_open_1").click().run()
    assert last_image(at) != first and [caption.value for caption in at.caption if caption.value.endswith(".png")] == [
        "b.png"
    ]
    at.button(key="predict_right").click().run()
    assert last_image(at) == first and tiles(at)[0] == tiles(at)[1]
    at.button(key="predict_open_0").click().run()
    at.button(key="predict_open_1").click().run()
    assert last_image(at) == first and "As you edited it" in strips(at)[0]
    assert any("2 of 2 pictures answered" in caption.value for caption in at.caption)
    assert not at.exception and not at.error


def test_of_bad_files_only_nothing_is_there_to_tap():
    at = opened()
    at.file_uploader(key="predict_files").set_value([(f"{n}.png", b"no", "image/png") for n in range(4)]).run()
    assert any("None of these files" in caption.value for caption in at.caption)
    assert not any("Tap one" in caption.value for caption in at.caption) and not at.error


def test_the_answer_is_explained_and_can_be_taken_away():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert not any("Training picture" in block.proto.body for block in at.html)  # worked out when somebody asks
    at.session_state["predict_why_photo"] = True
    at.run()
    (neighbours,) = [block.proto.body for block in at.html if "Training picture" in block.proto.body]
    assert neighbours.count('role="img"') == 6
    assert any("covering one part after the other" in caption.value for caption in at.caption)
    assert offers(at) == ["Save this answer"]


def test_photos_are_forgotten_when_another_way_or_page_is_opened():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert kept(at)["photos"].readings
    at.segmented_control(key="predict_way").set_value("data").run()
    assert not kept(at)["photos"].readings and kept(at)["photos"].picture is None
    at.segmented_control(key="predict_way").set_value("photo").run()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    at.switch_page("help.py").run()
    assert "photos" not in kept(at)


def test_two_networks_can_be_compared_and_the_address_says_so(home):
    assert not [box for box in opened().selectbox if box.key == "choice_with"]  # nothing to compare with
    run = trained(home, "my <run>")
    at = opened(way="data", sample="3")
    assert len(bars(at)) == 1
    at.selectbox(key="choice_with").set_value(run).run()
    assert at.query_params["with"] == run
    assert len(bars(at)) == 2 and len(answers(at)) == 1
    assert len(re.findall("<p>(?:✓ Sure|[?] Not sure): ", answers(at)[0])) == 2 and "Both say" in answers(at)[0]
    assert "my &lt;run&gt;" in answers(at)[0]
    at = opened(way="data", sample="3", **{"with": run, "model": run})
    assert len(bars(at)) == 1 and not at.exception


def test_a_network_to_compare_with_that_does_not_exist_is_named():
    at = opened(way="data", **{"with": "no-such-run"})
    assert len(bars(at)) == 1 and "no-such-run" in at.info[0].value and "Nothing is compared" in at.info[0].value


def test_a_network_whose_answers_are_no_numbers_is_called_broken_and_nothing_else_is_said(home, monkeypatch):
    run, real = trained(home), Network.raw
    monkeypatch.setattr(Network, "raw", lambda self, images: real(self, images) * (1 if self is shipped() else np.nan))
    at = opened(way="data", model=run)
    assert any("This network is broken" in error.value for error in at.error) and not answers(at)
    at = opened(way="data", **{"with": run})
    assert "This network is broken" in answers(at)[0] and len(bars(at)) == 1 and not at.error
    assert not any("nan" in block.proto.body for block in at.html if "reply" in block.proto.body)


def test_a_drawing_stays_on_the_page_and_is_forgotten_with_it():
    paper = np.zeros((320, 320, 4), np.uint8)
    cv2.rectangle(paper, (60, 120), (260, 260), (30, 30, 30, 255), 20)
    at = drawn(opened(way="draw"), paper, type="path")
    at.segmented_control(key="predict_way").set_value("photo").run()
    assert kept(at)["drawing_laid_out"]["objects"] == [{"type": "path"}]
    at.segmented_control(key="predict_way").set_value("draw").run()
    assert len(answers(at)) == 1  # though no browser said how the paper looks
    at.switch_page("help.py").run()
    assert not {"drawing_laid_out", "drawing_drawn"} & set(kept(at))


def test_a_drawing_laid_by_twice_is_still_whole():
    paper = np.zeros((320, 320, 4), np.uint8)
    cv2.rectangle(paper, (60, 120), (260, 260), (30, 30, 30, 255), 20)
    at = drawn(opened(way="draw"), paper, type="path")
    for way in ("photo", "draw", "data", "draw"):
        at.segmented_control(key="predict_way").set_value(way).run()
    assert kept(at)["drawing_laid_out"]["objects"] == [{"type": "path"}]


def drawn(at: AppTest, painted: np.ndarray, **json: object) -> AppTest:
    """What the canvas of the page sends when something is painted on it."""
    address = "data:image/png;base64," + base64.b64encode(png(painted)).decode()
    at.session_state["predict_canvas"] = {
        "drawing": {"raw": {"objects": [json]}, "data": address},
        "backgroundFit": None,
    }
    return at.run()


def test_a_drawing_is_answered_and_explained_only_on_request():
    paper = np.zeros((320, 320, 4), np.uint8)
    cv2.rectangle(paper, (60, 120), (260, 260), (30, 30, 30, 255), 20)
    at = drawn(opened(way="draw"), paper)
    assert not at.exception and not at.error
    assert len(answers(at)) == 1 and "Filled in" in strips(at)[0]
    assert not [block for block in at.html if "Training picture" in block.proto.body]
    assert offers(at)


@pytest.mark.parametrize("tool", ["thick", "shape"])
def test_the_paper_has_tools_and_a_template_to_draw_over(tool):
    at = opened(way="draw")
    at.segmented_control(key="predict_tool").set_value(tool).run()
    at.selectbox(key="predict_template").set_value("dress").run()
    assert at.query_params["template"] == "dress"
    assert not at.exception and not at.error and not answers(at)
    assert any(
        ("corner after corner" in caption.value) == (tool == "shape")
        for caption in at.caption
        if "piece of clothing" in caption.value or "corner" in caption.value
    )


def test_a_photo_never_reaches_the_disk(home):
    at = opened()
    before = {path: path.stat().st_size for path in home.folder.rglob("*") if "sqlite" not in path.name}
    at.file_uploader(key="predict_files").upload("shirt.jpg", photo(), "image/jpeg").run()
    assert len(answers(at)) == 1
    assert {path: path.stat().st_size for path in home.folder.rglob("*") if "sqlite" not in path.name} == before


def test_a_test_picture_is_answered_beside_its_true_label(small: Dataset):
    at = opened(way="data", sample="15")
    assert not at.exception and not at.error
    assert at.number_input(key="sample").value == 15
    assert f"the data set says {NAMES[small.test_labels[15]]}" in answers(at)[0]


def test_another_test_picture_can_be_taken(small: Dataset, monkeypatch):
    monkeypatch.setattr("random.randint", lambda low, high: high)
    at = opened(way="data")
    at.button(key="predict_another").click().run()
    assert at.number_input(key="sample").value == len(small.test_labels) - 1
    assert not at.exception and not at.error


def test_the_paper_invites_before_anything_is_drawn():
    at = opened(way="draw")
    assert not at.exception and not at.error
    assert any("Draw a shirt" in block.proto.body for block in at.html)
    assert not answers(at)


def test_the_camera_is_not_asked_for_until_it_is_chosen():
    assert not cameras(opened()) and len(cameras(opened(way="camera"))) == 1


def cameras(at: AppTest) -> list[str]:
    """The words of the camera's component, where it is shown."""
    shown = [json.loads(part.proto.json) for part in at.get("bidi_component") if part.proto.component_name == "camera"]
    return [data["words"]["freeze"] for data in shown]


def test_what_the_camera_sees_is_answered_at_once_and_a_frozen_picture_has_all_tools():
    at = opened(way="camera")
    assert not answers(at)
    seen = {
        "number": 1,
        "picture": "data:image/jpeg;base64," + base64.b64encode(SamplePhoto("bag").getvalue()).decode(),
    }
    at.session_state["predict_live"] = {"glance": seen, "frozen": None}
    at.run()
    assert "Bag" in answers(at)[0] and not strips(at) and kept(at)["camera_glances"] == 1
    assert not kept(at)["photos"].readings  # nothing is kept
    kept(at)["camera_frozen"] = camera.Snap("camera-1", SamplePhoto("bag").getvalue())
    at.run()
    assert "Bag" in answers(at)[0] and len(strips(at)) == 1 and not cameras(at)
    at.button(key="predict_look_again").click().run()
    assert len(cameras(at)) == 1 and not at.exception and not at.error


@pytest.mark.parametrize("sent", ["x", {"number": "1"}, {"number": 1, "picture": "data:text/html,x"}, {"number": 1}])
def test_what_is_no_picture_of_a_camera_is_passed_over(sent):
    at = opened(way="camera")
    at.session_state["predict_live"] = {"glance": sent, "frozen": None}
    at.run()
    assert not answers(at) and not at.exception and not at.error


@pytest.mark.parametrize(
    "address", [{"way": "Telepathy"}, {"way": "data", "sample": "-5"}, {"way": "data", "sample": "x"}]
)
def test_nonsense_in_the_address_falls_back(address):
    at = opened(**address)
    assert not at.exception and not at.error
    assert len(answers(at)) == (address["way"] == "data")


def test_an_unknown_network_is_named_and_the_shipped_one_answers():
    at = opened(model="no-such-run", way="data")
    assert not at.exception and not at.error
    assert "no-such-run" in at.info[0].value
    assert len(answers(at)) == 1


def test_a_run_opened_by_its_link_answers_and_a_photo_is_never_sure_to_it(home):
    run = trained(home)
    at = opened(model=run)
    at.file_uploader(key="predict_files").upload("shirt.jpg", photo(), "image/jpeg").run()
    assert not at.exception and not at.error and not at.info
    assert at.selectbox(key="choice_model").value == run
    assert len(answers(at)) == 1 and "✓ Sure" not in answers(at)[0]


def test_a_run_without_a_network_is_not_offered(home):
    store = open_store(home.store_url)
    store.create(NewRun(PLAN, "still waiting", "print", "Fashion-MNIST"))
    store.close()
    assert not any("still waiting" in option for option in opened().selectbox(key="choice_model").options)


@pytest.mark.slow
def test_a_sigmoid_network_shows_its_outputs_before_they_are_scaled(home, small: Dataset):
    assert not [
        block for block in opened(way="data").html if 'class="outputs"' in block.proto.body
    ]  # the shipped one is a softmax
    store = open_store(home.store_url)
    run = store.create(NewRun(Plan.of("five-steps", epochs=1, examples=300), "Sigmoid", small.fingerprint, small.title))
    carry_out(run, Settings.from_environment())
    store.close()
    at = opened(way="data", model=run, sample="4")
    (table,) = [block.proto.body for block in at.html if 'class="outputs"' in block.proto.body]
    figures = [float(words) for words in re.findall(r"<span>(.*?)</span>", table)]
    assert len(figures) == 10 and any(f"add up to {sum(figures):.2f}" in caption.value for caption in at.caption)


def test_training_pictures_are_compared_by_what_the_network_sees_and_dot_by_dot_only_where_it_cannot(monkeypatch):
    def said(at: AppTest) -> list[str]:
        return [caption.value for caption in at.caption if caption.value.startswith("Compared")]

    assert ["last hidden layer" in words for words in said(opened(way="data", sample="2"))] == [True]
    monkeypatch.setattr(hidden.HiddenLayer, "each", lambda *_: iter(()))  # nothing to put together: a ValueError
    alike.alike.shared.clear()
    at = opened(way="data", sample="2")
    assert ["dot by dot" in words for words in said(at)] == [True] and not at.exception and not at.error
    alike.alike.shared.clear()


def test_an_answer_to_a_picture_of_ones_own_is_shared_without_the_picture(monkeypatch):
    shared = []
    monkeypatch.setattr("pages.shared.share.share_menu", lambda key, note="", /, **words: shared.append((note, words)))
    at = opened(photo="coat")
    assert not at.error and not at.exception
    assert shared == [("", {})] and at.query_params["photo"] == "coat"
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert "never gets into a link" in shared[-1][0] and shared[-1][1] == {"photo": ""}
