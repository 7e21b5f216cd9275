"""Predict with two eyes: both are shown of a photo, either can answer alone, and everything to keep has both."""

import base64
import io
import re
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import RunError
from core.inference import export
from core.inference import verdict as answers_of
from core.inference.explanation import WITHOUT_EYE
from core.inference.eye import Eye, second_eye
from core.inference.network import shipped
from core.inference.verdict import NEITHER, Answer, Verdict
from core.labels import COLOURS, NAMES
from pages.shared import downloads
from pages.shared.eyes import RESTS
from tests.pages.test_predict_page import answers, drawn, last_image, opened, photo, strips, ten_bars, trained

pytestmark = pytest.mark.usefixtures("small_data")


def bars(at: AppTest) -> list[float]:
    """The ten bars of the answer, 0 to 1."""
    found = re.findall(r"--share:([\d.]+);--class:(#\w+)", ten_bars(answers(at)[0])[0])
    shown = {colour: float(share) for share, colour in found}
    return [shown[colour] for colour in COLOURS]


def grey(address: str) -> np.ndarray:
    """The picture of an address in grey, (h, w) uint8."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"))


def shares(shown: str) -> list[list[float]]:
    """The ten bars of each of the two eyes."""
    found = [float(share) for share in re.findall(r"--share:([\d.]+)", shown)]
    return [found[:10], found[10:]]


def eyes(at: AppTest) -> list[str]:
    return [block.proto.body for block in at.html if '<section class="eyes"' in block.proto.body]


def together_headings(at: AppTest) -> int:
    return sum("Both eyes together" in block.proto.body for block in at.html)


def told(monkeypatch, network: str, eye: str, verdict: Verdict = Verdict.UNSURE) -> None:
    """Let every answer with two eyes be one in which they say this."""
    real = answers_of.answer

    def answer(*asked) -> Answer:
        reply = real(*asked)
        known = reply.eyes and replace(reply.eyes, said=(network, eye))
        return replace(reply, eyes=known, verdict=verdict) if known else reply

    monkeypatch.setattr(answers_of, "answer", answer)


def test_two_eyes_look_at_a_photo_and_the_second_can_be_switched_off():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    together = bars(at)
    (shown,) = eyes(at)
    assert shown.count("<img") == 2 and shown.count("<dt") == 20
    assert "They differ: the small network says" in shown or "Both say" in shown
    assert together_headings(at) == 1
    assert "sees 28 × 28 grey dots" in shown and "learned on a million others" in shown
    dots, whole = (grey(each) for each in re.findall(r'src="([^"]*)"', shown))
    assert np.array_equal(dots, grey(last_image(at))) and whole.shape == (224, 224)
    at.toggle(key="choice_eye").set_value(False).run()
    assert at.query_params["eye"] == "off" and not eyes(at) and len(answers(at)) == 1 and not together_headings(at)
    alone = bars(at)
    assert alone != together and not any("answers alone" in caption.value for caption in at.caption)
    small, second = shares(shown)
    assert np.allclose(alone, small, atol=1e-3) and not np.allclose(second, small, atol=1e-3)
    at.toggle(key="choice_eye").set_value(True).run()
    assert "eye" not in at.query_params and eyes(at) == [shown] and bars(at) == together
    assert not at.exception and not at.error


def test_the_joint_answer_comes_first_then_its_steps_then_the_two_eyes():
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    bodies = [block.proto.body for block in at.html]
    assert bodies.index(answers(at)[0]) < bodies.index(strips(at)[0]) < bodies.index(eyes(at)[0])


def test_a_network_trained_here_is_asked_alone_unless_somebody_wishes_otherwise(home):
    run = trained(home, "my <run>")
    at = opened(model=run)
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert not at.toggle(key="choice_eye").value and not eyes(at) and "eye" not in at.query_params
    at.toggle(key="choice_eye").set_value(True).run()
    assert at.query_params["eye"] == "on" and "“my &lt;run&gt;”" in eyes(at)[0]
    assert at.selectbox(key="choice_with").value == "" and "the small network" not in eyes(at)[0].lower()
    at.selectbox(key="choice_model").set_value("shipped").run()
    assert at.toggle(key="choice_eye").value and "eye" not in at.query_params  # as is usual for this one
    assert not at.exception and not at.error


def test_networks_that_are_compared_answer_alone_and_the_page_says_so(home):
    run = trained(home)
    at = opened(eye="off")
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    alone, rests = bars(at), [RESTS in [caption.value for caption in at.caption]]
    at.toggle(key="choice_eye").set_value(True).run()
    together = bars(at)
    at.selectbox(key="choice_with").set_value(run).run()
    assert bars(at) == alone != together and answers(at)[0].count("<dl") == 2
    assert ">Both say " in answers(at)[0]
    assert not eyes(at) and not together_headings(at)
    assert "choice_eye" not in [toggle.key for toggle in at.toggle]
    rests.append(RESTS in [caption.value for caption in at.caption])
    files = [("a.png", photo(), "image/png"), ("b.png", photo(turns=1), "image/png")]
    at.file_uploader(key="predict_files").set_value(files).run()
    assert not any('<small class="eyes"' in block.proto.body for block in at.html)
    at.selectbox(key="choice_with").set_value("").run()
    assert at.toggle(key="choice_eye").value and eyes(at) and rests == [False, True]
    assert not at.exception and not at.error


def test_networks_that_differ_are_told_apart_by_name_and_only_a_name_somebody_gave_is_quoted(home, monkeypatch):
    run, replies = trained(home, "my <run>"), []
    real = answers_of.answer

    def answer(network, *asked) -> Answer:
        replies.append(real(network, *asked))
        return replies[-1] if network is shipped() else replace(replies[-1], verdict=Verdict.NONE)

    monkeypatch.setattr(answers_of, "answer", answer)
    at = opened(**{"with": run})
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    (words,) = answers(at)
    assert "They differ: the network that comes with the app says " in words
    assert ", “my &lt;run&gt;” none of the ten." in words and not any(reply.eyes for reply in replies)


def test_what_was_chosen_for_a_network_is_kept_when_another_one_is_asked_in_between(home):
    run = trained(home)
    at = opened()
    at.toggle(key="choice_eye").set_value(False).run()
    for model, chosen, word in (
        (run, False, None),
        ("shipped", False, "off"),
        (run, True, "on"),
        ("shipped", False, "off"),
        (run, True, "on"),
    ):
        at.selectbox(key="choice_model").set_value(model).run()
        if at.toggle(key="choice_eye").value != chosen:
            at.toggle(key="choice_eye").set_value(chosen).run()
        assert at.toggle(key="choice_eye").value is chosen
        assert (at.query_params["eye"] if "eye" in at.query_params else None) == word
    at.toggle(key="choice_eye").set_value(False).run()
    assert "eye" not in at.query_params and not at.toggle(key="choice_eye").value
    at.switch_page("help.py").run()
    at.query_params.clear()
    at.switch_page("predict.py").run()
    assert at.toggle(key="choice_eye").value is False and at.query_params["eye"] == "off"
    at.query_params["eye"] = "on"  # another address
    at.run()
    assert at.toggle(key="choice_eye").value is True and "eye" not in at.query_params


def test_an_eye_that_says_none_of_the_ten_has_no_class_in_bold(monkeypatch):
    told(monkeypatch, "Shirt", NEITHER)
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    small, second = eyes(at)[0].split("</figure>")[:2]
    assert "<strong>None of the ten</strong>" in second and "class=top" not in second and "class=top" in small
    assert "the second eye none of the ten." in eyes(at)[0]


def test_an_answer_that_is_something_else_is_explained_by_the_nearest_of_the_ten(monkeypatch):
    told(monkeypatch, NEITHER, NEITHER, Verdict.NONE)
    at = opened()
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    at.session_state["predict_why_photo"] = True
    at.run()
    captions = [caption.value for caption in at.caption]
    nearest = NAMES[int(np.argmax(bars(at)))]
    assert f"The nearest of the ten is {nearest}." in captions
    assert any(caption.startswith("To it, the nearest of the ten is ") for caption in captions)
    assert any(caption.startswith("They are called ") for caption in captions)


def test_the_name_of_a_network_stands_beside_the_second_eye_and_is_cut_where_it_is_long(home, monkeypatch):
    saved = []
    monkeypatch.setattr(downloads, "offer", lambda title, make, *_: make())
    monkeypatch.setattr(export, "card", lambda *asked: saved.append(asked[-1]))
    run = trained(home, "a <network> " + "with quite a long name " * 2)
    at = opened(model=run, eye="on")
    files = [("a.png", photo(), "image/png"), ("b.png", photo(turns=1), "image/png")]
    at.file_uploader(key="predict_files").set_value(files).run()
    at.session_state["predict_why_photo"] = True
    at.run()
    (shown,) = eyes(at)
    assert set(saved) == {"“a <network> with quite…”"}
    assert "“a &lt;network&gt; with quite…”" in shown and "small network" not in shown.lower()
    assert any("What mattered to “a &lt;network&gt; with quite…”" in block.proto.body for block in at.html)
    said = [block.proto.body for block in at.html if '<small class="eyes"' in block.proto.body]
    assert len(said) == 2 and not any("mall network" in words for words in said)


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
    for way, address in (("draw", {}), ("data", {"sample": "3"})):
        at = opened(way=way, **address)
        at = drawn(at, paper) if way == "draw" else at
        assert len(answers(at)) == 1 and not eyes(at)
        assert "choice_eye" not in [toggle.key for toggle in at.toggle]
        assert answers(at)[0].count("answers alone") == 1


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
    (told,) = [caption.value for caption in at.caption if "covered, the" in caption.value]
    assert own in told and NAMES[other] not in told


def test_without_a_file_of_the_second_eye_the_network_answers_alone_and_one_warning_says_so(monkeypatch):
    def missing(name: str) -> bytes:
        raise RunError(f"{name} is missing.")

    second_eye.cache_clear()
    monkeypatch.setattr("core.inference.eye.shipped_bytes", missing)
    at = opened()
    assert not at.warning
    at.file_uploader(key="predict_files").upload("shirt.png", photo(), "image/png").run()
    assert [warning.value for warning in at.warning] == [WITHOUT_EYE] and len(answers(at)) == 1 and not eyes(at)
    alone = bars(at)
    at.session_state["predict_why_photo"] = True
    at.run()
    assert any("covering one part" in caption.value for caption in at.caption)
    at.toggle(key="choice_eye").set_value(False).run()
    assert bars(at) == alone and not at.warning
    at.toggle(key="choice_eye").set_value(True).run()
    files = [("a.png", photo(), "image/png"), ("b.png", photo(turns=1), "image/png")]
    at.file_uploader(key="predict_files").set_value(files).run()
    assert len(at.warning) == 1 and len(answers(at)) == 1
    assert any("2 of 2 pictures answered" in caption.value for caption in at.caption)
    assert not at.error and not at.exception


def test_the_tiles_of_a_gallery_and_its_table_have_what_both_eyes_say(monkeypatch):
    tables = []
    monkeypatch.setattr(export, "csv", lambda rows: tables.append(rows) or "")
    at = opened()
    files = [("a.png", photo(), "image/png"), ("b.png", photo(turns=1), "image/png")]
    at.file_uploader(key="predict_files").set_value(files).run()
    said = [block.proto.body for block in at.html if '<small class="eyes"' in block.proto.body]
    assert len(said) == 2 and all("Both eyes: " in words or "The second eye: " in words for words in said)
    assert all(reply.eyes for _, reply in tables[-1])
    at.toggle(key="choice_eye").set_value(False).run()
    assert not any('<small class="eyes"' in block.proto.body for block in at.html)
    assert not any(reply.eyes for _, reply in tables[-1])
