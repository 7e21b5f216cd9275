"""Predict: photos, drawings and test pictures are answered; a bad file is one sentence and stops nothing."""

import io
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.dataset import Dataset
from core.labels import NAMES
from core.runner import carry_out
from core.settings import Settings
from core.store import Store
from core.training import Plan

APP = Path(__file__).resolve().parents[2] / "app.py"
PLAN = {"recipe": "quick", "epochs": 4}


def opened(**address: str) -> AppTest:
    """The page, opened by an address with these words."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.switch_page("pages/predict.py")
    for word, value in address.items():
        at.query_params[word] = value
    return at.run()


def photo() -> bytes:
    """A dark shirt on a pale floor, as a JPEG."""
    floor = np.full((240, 200, 3), 225, np.uint8)
    shirt = np.array([(60, 30), (140, 30), (185, 90), (155, 110), (140, 85), (140, 210), (60, 210), (60, 85), (45, 110), (15, 90)])
    cv2.fillPoly(floor, [shirt], (60, 40, 120))
    file = io.BytesIO()
    Image.fromarray(floor).save(file, "JPEG")
    return file.getvalue()


def answers(at: AppTest) -> list[str]:
    return [block.proto.body for block in at.html if 'class="answer"' in block.proto.body]


def strips(at: AppTest) -> list[str]:
    return [block.proto.body for block in at.html if 'class="strip"' in block.proto.body]


@pytest.fixture(autouse=True)
def folder(home: Settings, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(small_folder))


def test_a_fresh_home_shows_an_example_and_says_what_happens_to_photos():
    at = opened()
    assert not at.exception and not at.error
    assert len(answers(at)) == 1
    assert any("never saved" in caption.value for caption in at.caption)


def test_a_photo_is_answered_with_its_stages_and_bars():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.jpg", photo(), "image/jpeg").run()
    assert not at.exception and not at.error
    assert len(answers(at)) == 1 and len(at.get("plotly_chart")) == 1
    assert "28 x 28" in strips(at)[0] and strips(at)[0].count("<img") >= 3
    assert any(name in answers(at)[0] for name in (*NAMES, "Something else"))


def test_a_bad_file_is_named_and_the_rest_is_still_answered():
    at = opened()
    files = [("a.jpg", photo(), "image/jpeg"), ("letter.png", b"Dear computer", "image/png"), ("b.jpg", photo(), "image/jpeg")]
    at.file_uploader(key="predict_files").set_value(files).run()
    assert not at.exception
    assert len(at.error) == 1
    assert at.error[0].value.startswith("letter.png: This file is not a picture")
    assert len(answers(at)) == 2


def test_no_more_pictures_than_the_limit_are_answered(monkeypatch):
    monkeypatch.setenv("FITTING_ROOM_MAX_PICTURES", "2")
    at = opened()
    at.file_uploader(key="predict_files").set_value([(f"{number}.jpg", photo(), "image/jpeg") for number in range(3)]).run()
    assert len(answers(at)) == 2
    assert any("2 at once is the most" in warning.value for warning in at.warning)


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
    assert any(f"the data set says **{NAMES[small.test_labels[15]]}**" in text.value for text in at.markdown)


def test_another_test_picture_can_be_taken(small: Dataset, monkeypatch):
    monkeypatch.setattr("random.randint", lambda low, high: high)
    at = opened(way="data")
    at.button(key="predict_another").click().run()
    assert at.number_input(key="sample").value == len(small.test_labels) - 1
    assert not at.exception and not at.error


def test_the_paper_invites_before_anything_is_drawn():
    at = opened(way="draw")
    assert not at.exception and not at.error
    assert any("Draw a shirt" in heading.value for heading in at.subheader)
    assert not answers(at)


def test_the_camera_is_not_asked_for_until_it_is_chosen():
    assert not opened().get("camera_input")
    assert len(opened(way="camera").get("camera_input")) == 1


@pytest.mark.parametrize("address", [{"way": "Telepathy"}, {"way": "data", "sample": "-5"}, {"way": "data", "sample": "x"}])
def test_nonsense_in_the_address_falls_back(address):
    at = opened(**address)
    assert not at.exception and not at.error
    assert len(answers(at)) == 1


def test_an_unknown_network_is_named_and_the_shipped_one_answers():
    at = opened(model="no-such-run")
    assert not at.exception and not at.error
    assert "no-such-run" in at.info[0].value
    assert len(answers(at)) == 1


def test_a_run_opened_by_its_link_answers_and_a_photo_is_never_sure_to_it(home):
    shipped = (APP.parent / "models" / "shipped" / "model.tflite").read_bytes()
    store = Store(home.store_url)
    run = store.create(PLAN, "my run", "print", "Fashion-MNIST")
    store.finish(run, {"tflite": shipped}, status="done", test_accuracy=0.9)
    store.close()
    at = opened(model=run)
    at.file_uploader(key="predict_files").upload("shirt.jpg", photo(), "image/jpeg").run()
    assert not at.exception and not at.error and not at.info
    assert at.selectbox(key="predict_model").value == run
    assert len(answers(at)) == 1 and "✓ Sure" not in answers(at)[0]


def test_a_run_without_a_network_is_not_offered(home):
    store = Store(home.store_url)
    store.create(PLAN, "still waiting", "print", "Fashion-MNIST")
    store.close()
    assert not any("still waiting" in option for option in opened().selectbox(key="predict_model").options)


def test_a_sigmoid_network_shows_its_outputs_before_they_are_scaled(home, small: Dataset):
    assert not [block for block in opened(way="data").html if 'class="outputs"' in block.proto.body]  # the shipped one is a softmax
    store = Store(home.store_url)
    run = store.create(Plan.of("five-steps", epochs=1, examples=300).as_dict(), "Sigmoid", small.fingerprint, small.title)
    carry_out(run, Settings.from_environment())
    store.close()
    at = opened(way="data", model=run, sample="4")
    (table,) = [block.proto.body for block in at.html if 'class="outputs"' in block.proto.body]
    figures = [float(words) for words in re.findall(r"<span>(.*?)</span>", table)]
    assert len(figures) == 10 and any(f"add up to {sum(figures):.2f}" in caption.value for caption in at.caption)
