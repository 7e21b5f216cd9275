"""Predict with two eyes: both are shown of a photo, either can answer alone, and everything to keep has both."""

import base64
import io
import json
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import RunError
from core.inference import export
from core.inference.eye import Eye, second_eye
from core.labels import NAMES
from pages.shared import downloads
from tests.pages.test_predict_page import answers, drawn, last_image, opened, photo, strips, trained

pytestmark = pytest.mark.usefixtures("small_data")


def bars(at: AppTest) -> list[float]:
    """The ten bars of the answer, 0 to 1."""
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    return [round(share / 100, 4) for share in plotly_numbers(figure["data"][0]["x"])]


def plotly_numbers(values) -> list[float]:
    if isinstance(values, dict):  # as Plotly packs an array
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()
    return values


def grey(address: str) -> np.ndarray:
    """The picture of an address in grey, (h, w) uint8."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"))


def shares(shown: str) -> list[list[float]]:
    """The ten bars of each of the two eyes."""
    found = [float(share) for share in re.findall(r"--share:([\d.]+)", shown)]
    return [found[:10], found[10:]]


def eyes(at: AppTest) -> list[str]:
    return [block.proto.body for block in at.html if '<section class="eyes"' in block.proto.body]


def test_two_eyes_look_at_a_photo_and_the_second_can_be_switched_off():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    together = bars(at)
    (shown,) = eyes(at)
    assert shown.count("<img") == 2 and shown.count("<dt") == 20
    assert "The eyes differ: the small network" in shown or "Both eyes say" in shown
    assert "sees 28 x 28 grey dots" in shown and "learned on a million others" in shown
    dots, whole = (grey(each) for each in re.findall(r'src="([^"]*)"', shown))
    assert np.array_equal(dots, grey(last_image(at))) and whole.shape == (224, 224)
    at.toggle(key="choice_eye").set_value(False).run()
    assert at.query_params["eye"] == "off" and not eyes(at) and len(answers(at)) == 1
    alone = bars(at)
    assert alone != together and not any("answers alone" in caption.value for caption in at.caption)
    small, second = shares(shown)
    assert np.allclose(alone, small, atol=1e-3) and not np.allclose(second, small, atol=1e-3)
    at.toggle(key="choice_eye").set_value(True).run()
    assert "eye" not in at.query_params and eyes(at) == [shown] and bars(at) == together
    assert not at.exception and not at.error


def test_the_joint_answer_comes_before_the_two_eyes():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    bodies = [block.proto.body for block in at.html]
    assert bodies.index(answers(at)[0]) < bodies.index(eyes(at)[0]) < bodies.index(strips(at)[0])


def test_a_network_trained_here_is_asked_alone_unless_somebody_wishes_otherwise(home):
    run = trained(home, "my <run>")
    at = opened(model=run)
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert not at.toggle(key="choice_eye").value and not eyes(at) and "eye" not in at.query_params
    at.toggle(key="choice_eye").set_value(True).run()
    assert at.query_params["eye"] == "on" and "“my &lt;run&gt;”" in eyes(at)[0]
    at.selectbox(key="choice_with").set_value("shipped").run()  # both with it
    assert len(at.get("plotly_chart")) == 2 and len(eyes(at)) == 1
    at.selectbox(key="choice_model").set_value("shipped").run()
    assert at.toggle(key="choice_eye").value and "eye" not in at.query_params  # as is usual for this one
    assert not at.exception and not at.error


@pytest.mark.parametrize(("word", "on"), [("off", False), ("on", True), ("maybe", True)])
def test_the_address_says_whether_the_second_eye_looks(word, on):
    at = opened(eye=word)
    assert at.toggle(key="choice_eye").value is on and ("eye" in at.query_params) is (word == "off")


def test_the_camera_counts_as_a_photo():
    assert opened(way="camera", eye="off").toggle(key="choice_eye").value is False


@pytest.mark.parametrize("eye", ["on", "off"])
def test_the_answer_that_is_saved_is_the_one_that_is_shown(monkeypatch, eye):
    saved = []
    monkeypatch.setattr(downloads, "offer", lambda title, make, *_: make())
    monkeypatch.setattr(export, "card", lambda reading, reply, *_: saved.append(reply))
    at = opened(eye=eye)
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    (reply,) = saved
    assert np.allclose(reply.probabilities, bars(at), atol=1e-4) and bool(reply.eyes) is bool(eyes(at)) is (eye == "on")


def test_drawings_and_test_pictures_are_answered_by_the_small_network_alone_and_the_page_says_so():
    paper = np.zeros((320, 320, 4), np.uint8)
    cv2.rectangle(paper, (60, 120), (260, 260), (30, 30, 30, 255), 20)
    for way, address in (("draw", {}), ("data", {"sample": "3"}), ("photo", {})):
        at = opened(way=way, **address)
        at = drawn(at, paper) if way == "draw" else at
        assert len(answers(at)) == 1 and not eyes(at)
        assert ("choice_eye" in [toggle.key for toggle in at.toggle]) is (way == "photo")
        assert sum("answers alone" in caption.value for caption in at.caption) == 1


def test_what_the_second_eye_looked_at_is_explained_beside_what_mattered_to_the_small_network():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    at.session_state["predict_why_photo"] = True
    at.run()
    assert sum("What the second eye looked at" in block.proto.body for block in at.html) == 1
    assert sum("What mattered to the small network" in block.proto.body for block in at.html) == 1
    at.toggle(key="choice_eye").set_value(False).run()
    at.session_state["predict_why_photo"] = True
    at.run()
    assert not any("second eye looked" in block.proto.body for block in at.html)
    assert any('class="whose">What mattered<' in block.proto.body for block in at.html)


def test_what_matters_to_the_small_network_is_told_of_its_own_answer(monkeypatch):
    alone = opened(eye="off")
    alone.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    own = NAMES[int(np.argmax(bars(alone)))]
    other = (NAMES.index(own) + 1) % 10
    seen = SimpleNamespace(probabilities=np.eye(10, dtype=np.float32)[other], evidence=np.zeros((10, 7, 7), np.float32))
    monkeypatch.setattr(Eye, "look", lambda self, reading: seen)
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    at.session_state["predict_why_photo"] = True
    at.run()
    assert NAMES[other] in answers(at)[0] or "Something else" in answers(at)[0]
    (told,) = [caption.value for caption in at.caption if "covering one part" in caption.value]
    assert own in told and NAMES[other] not in told


def test_a_second_eye_that_is_missing_is_said_and_can_be_switched_off(monkeypatch):
    def missing(name: str) -> bytes:
        raise RunError(f"{name} is missing.")

    second_eye.cache_clear()
    monkeypatch.setattr("core.inference.eye.shipped_bytes", missing)
    at = opened()
    assert not at.error and len(answers(at)) == 1  # the example needs none
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert "is missing." in at.error[0].value and not at.exception
    at.toggle(key="choice_eye").set_value(False).run()
    assert not at.error and len(answers(at)) == 1


def test_the_tiles_of_a_gallery_and_its_table_have_what_both_eyes_say(monkeypatch):
    tables = []
    monkeypatch.setattr(export, "csv", lambda rows: tables.append(rows) or "")
    at = opened()
    files = [("a.png", photo(), "image/png"), ("b.png", photo(turns=1), "image/png")]
    at.file_uploader(key="predict_files").set_value(files).run()
    said = [block.proto.body for block in at.html if '<small class="eyes"' in block.proto.body]
    assert len(said) == 2 and all("Both eyes: " in words or "Second eye: " in words for words in said)
    assert all(reply.eyes for _, reply in tables[-1])
    at.toggle(key="choice_eye").set_value(False).run()
    assert not any('<small class="eyes"' in block.proto.body for block in at.html)
    assert not any(reply.eyes for _, reply in tables[-1])
