"""The command that makes the shipped network: splits by person, augmentation, sketches, calibration, thresholds."""

import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset
from core.data.synthetic import draw
from core.errors import DataError, PictureError
from core.fitting import mixture, sketches
from core.fitting.calibration import FOLDS, PRECISION, fit_thresholds, folds
from core.fitting.make import without
from core.fitting.mixture import BATCH, SHOES, Labelled, Mixture, augment
from core.fitting.network import answering, build, optimiser, to_tflite
from core.fitting.pictures import Photos, Pictures, read_pictures, taken_again
from core.inference.network import Network


def test_nobodys_pictures_are_on_both_sides_of_a_fold_and_each_is_left_out_once():
    def pictures_of_people(count: int, seed: int) -> Pictures:
        people = np.random.default_rng(seed).integers(0, 60, count).astype(str)
        return Pictures(np.zeros((count, 28, 28), np.uint8), np.zeros(count, int), people, np.ones(count, bool))

    clothes, others = pictures_of_people(900, 0), pictures_of_people(200, 1)
    left_out = folds(Photos(clothes, others), seed=1)
    assert len(left_out) == FOLDS
    assert all((np.sum(which, axis=0) == 1).all() for which in zip(*left_out, strict=True))
    for in_fold, others_in_fold in left_out:
        people = set(clothes.contributors[in_fold]) | set(others.contributors[others_in_fold])
        assert not people & (set(clothes.contributors[~in_fold]) | set(others.contributors[~others_in_fold]))
        assert 0.7 / FOLDS < in_fold.mean() < 1.3 / FOLDS


def test_without_a_fold_nothing_of_its_people_is_learned_from_nor_anything_that_was_not_found():
    def pictures(people: str, found: str) -> Pictures:
        count = len(people)
        images = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
        return Pictures(images, np.zeros(count, int), np.array(list(people)), np.array([one == "1" for one in found]))

    photos = Photos(pictures("abca", "1101"), pictures("ab", "11"))
    again = Photos(pictures("aabbcc", "101101"), pictures("abab", "1111"))
    left = without(photos, again, (np.array([True, False, False, True]), np.array([False, False])))
    assert left.clothes.contributors.tolist() == ["b", "b", "b", "c"] and left.clothes.found.all()
    assert left.clothes.images[:, 0, 0].tolist() == [1, 2, 3, 5]
    assert left.others.contributors.tolist() == ["a", "b", "a", "b", "a", "b"]


def test_augmented_images_differ_but_stay_images_of_the_data_set():
    images = draw(np.arange(10), seed=0)
    before = images.copy()
    changed = augment(images, np.random.default_rng(0), 1.0)
    assert changed.shape == images.shape and changed.dtype == np.uint8
    assert (images == before).all() and (changed != images).any(axis=(1, 2)).all()
    assert np.mean((changed > 0) == (images > 0)) > 0.6
    assert (augment(images, np.random.default_rng(0), 1.0) == changed).all()


@pytest.mark.parametrize(("share", "photographed"), [(1.0, False), (1.0, True), (0.5, True)])
def test_an_epoch_holds_every_kind_of_picture_in_whole_batches(monkeypatch, share, photographed):
    counts = {"PHOTOS": 140, "SKETCHES": 150, "NONE": 30, "WORN": 60, "LYING": 50}
    for name, count in counts.items():
        monkeypatch.setattr(f"core.fitting.mixture.{name}", count)
    seen = {}
    for name in ("worn_by_people", "lying_about"):
        monkeypatch.setattr(
            f"core.fitting.wearers.{name}",
            lambda images, *others, name=name: seen.setdefault(name, []).append((images, others)) or images,
        )
    labels = np.tile(np.arange(10, dtype=np.uint8), 40)
    images = draw(labels, seed=1)
    data = Dataset.of((images, labels, images[:10], labels[:10]), "garments")
    known = [
        Pictures(images[:50], truth, np.full(50, "person"), np.ones(50, bool))
        for truth in (labels[:50].astype(int), np.full(50, -1))
    ]
    photos = Photos(*known) if photographed else None
    mixture = Mixture(data, Labelled(images, labels.astype(int)), photos, share=share)
    epoch, targets = mixture.epoch(np.random.default_rng(0))
    total = round(400 * share) + 150 + 60 + 50 + (170 if photographed else 0)
    assert len(epoch) == len(targets) == total // BATCH * BATCH == mixture.steps * BATCH
    assert epoch.dtype == np.uint8 and np.allclose(targets.sum(axis=1), 1)
    assert (np.isclose(targets.max(axis=1), 0.1).sum() > 0) == photographed
    assert (
        sum(len(images) for images, _ in seen["worn_by_people"]) == 60
        and len(seen["worn_by_people"]) == 1 + photographed
    )
    [(shoes, _)] = seen["lying_about"]
    assert len(shoes) == 50 and all((images[np.isin(labels, SHOES)] == shoe).all(axis=(1, 2)).any() for shoe in shoes)


def test_a_pool_of_sketches_has_three_kinds_and_comes_from_its_seed(monkeypatch):
    monkeypatch.setattr("core.fitting.mixture.POOL", 12)
    labels = np.tile(np.arange(10, dtype=np.uint8), 2)
    images = draw(labels, seed=1)
    data = Dataset.of((images, labels, images, labels), "garments")
    (first, truth), (again, _), (other, _) = (
        mixture.draw_pool(data, seed, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first.shape == (36, 28, 28) and truth.shape == (36,) and (first == again).all() and (first != other).any()
    assert first.any(axis=(1, 2)).all()


@pytest.mark.parametrize("source", ["images", "templates"])
def test_sketches_are_filled_shapes_that_touch_two_opposite_edges(source):
    labels = np.repeat(np.arange(10), 3)
    generator = np.random.default_rng(0)
    drawn = (
        sketches.from_images(draw(labels, seed=1), generator)
        if source == "images"
        else sketches.caricatures(labels, generator)
    )
    assert drawn.shape == (30, 28, 28) and drawn.dtype == np.uint8
    assert len({image.tobytes() for image in drawn}) == 30
    for image in drawn:
        rows, columns = image.any(axis=1), image.any(axis=0)
        assert (rows[0] and rows[-1]) or (columns[0] and columns[-1])
    assert 0.2 < (drawn > 0).mean() < 0.8


def test_what_is_kept_averages_three_looks_at_a_picture():
    import keras

    keras.utils.set_random_seed(0)
    network, image = build(), draw([6], seed=3)[0]
    network.layers[-1].set_weights(
        [30 * weights for weights in network.layers[-1].get_weights()]
    )  # so that the looks differ
    farther, nearer = (
        np.zeros((28, 28)),
        cv2.resize(image.astype(float), (30, 30), interpolation=cv2.INTER_LINEAR)[1:-1, 1:-1],
    )
    farther[1:-1, 1:-1] = cv2.resize(image.astype(float), (26, 26), interpolation=cv2.INTER_LINEAR)
    logits = network.predict(np.stack([image, farther[:, ::-1], nearer]).astype(np.float32), verbose=0).mean(axis=0)
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    kept = answering(network)
    assert np.allclose(kept.predict(image[None].astype(np.float32), verbose=0)[0], expected, atol=1e-4)
    assert np.allclose(Network(to_tflite(kept)).raw(image[None])[0], expected, atol=5e-3)  # weights in 16 bits


def test_a_step_moves_a_convolution_as_far_in_every_direction_and_the_rest_as_adam_does():
    import keras

    generator = np.random.default_rng(0)
    columns = np.linalg.qr(generator.normal(size=(3 * 3 * 8, 16)))[0] * np.geomspace(
        1, 0.1, 16
    )  # ten times farther one way than another
    gradients = columns.reshape(3, 3, 8, 16).astype(np.float32), generator.normal(size=(20, 10)).astype(np.float32)
    kernel, matrix = (keras.Variable(np.zeros_like(gradient)) for gradient in gradients)
    optimiser(0.01).apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], [kernel, matrix])
    lengths = np.linalg.svd(np.array(kernel).reshape(-1, 16), compute_uv=False)
    assert 0.5 < lengths.min() / lengths.max() and lengths.max() == pytest.approx(0.2 * 0.01 * 72**0.5, rel=0.3)
    assert np.allclose(np.array(matrix), -0.01 / 3 * np.sign(gradients[1]), rtol=0.01)


def test_sure_answers_are_as_often_right_as_was_asked():
    generator = np.random.default_rng(0)
    best = generator.uniform(0.2, 1.0, 3000)
    probabilities = np.full((3000, 10), 0.0)
    probabilities[:, 1:] = ((1 - best) / 9)[:, None]
    probabilities[:, 0] = best
    labels = np.where(generator.random(3000) < best, 0, 3)
    limits = fit_thresholds(probabilities, labels)
    sure = best >= limits.sure
    assert (labels[sure] == 0).mean() >= PRECISION - 0.01 and sure.sum() > 300
    assert limits.none < limits.sure


def test_an_answer_that_is_never_right_is_hardly_ever_sure():
    probabilities = np.tile(np.array([0.9, *[0.1 / 9] * 9]), (200, 1))
    assert fit_thresholds(probabilities, np.full(200, 4)).sure > 0.95


def picture_folder(folder) -> None:
    (folder / "photos").mkdir()
    rows = []
    for index, (kind, part) in enumerate([("coat", "train"), ("coat", "check"), ("hat", "train")]):
        picture = Image.new("RGB", (80, 100), (200, 190, 180))
        picture.paste((20, 30, 60), (20, 20, 60, 85))
        picture.save(folder / "photos" / f"{index}.png")
        rows.append(
            {
                "path": f"photos/{index}.png",
                "class": kind,
                "kind": "photo",
                "part": part,
                "contributor": f"person {index}",
            }
        )
    with (folder / "pictures.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_reading_takes_only_the_part_asked_for(tmp_path):
    picture_folder(tmp_path)
    found = read_pictures(tmp_path, "photo", "train")
    assert found.labels.tolist() == [4, -1] and found.contributors.tolist() == ["person 0", "person 2"]
    assert found.images.shape == (2, 28, 28) and found.found.all()


def test_a_picture_taken_again_is_another_file_of_the_same_garment(tmp_path):
    picture_folder(tmp_path)
    content = (tmp_path / "photos" / "0.png").read_bytes()
    first, second, same = (taken_again(content, np.random.default_rng(seed)) for seed in (1, 2, 1))
    assert first == same != second and first[:3] == b"\xff\xd8\xff"
    plain, changed = read_pictures(tmp_path, "photo", "train"), read_pictures(tmp_path, "photo", "train", seed=5)
    assert changed.labels.tolist() == plain.labels.tolist() and (changed.images != plain.images).any(axis=(1, 2)).all()
    assert np.mean((changed.images > 0) == (plain.images > 0)) > 0.8
    both = Pictures.joined([plain, changed])
    assert len(both.labels) == 4 and both.pick(both.labels < 0).contributors.tolist() == ["person 2", "person 2"]


def test_what_cannot_be_taken_again_is_left_out(tmp_path):
    picture_folder(tmp_path)
    (tmp_path / "photos" / "0.png").write_bytes(b"not a picture")
    with pytest.raises(PictureError, match="Try JPEG"):
        taken_again(b"not a picture", np.random.default_rng(0))
    assert read_pictures(tmp_path, "photo", "train", seed=5).contributors.tolist() == ["person 2"]


def test_a_folder_without_a_list_of_pictures_gives_a_sentence(tmp_path):
    with pytest.raises(DataError, match="pictures.csv"):
        read_pictures(tmp_path, "photo", "train")
    picture_folder(tmp_path)
    with pytest.raises(DataError, match="drawing"):
        read_pictures(tmp_path, "drawing", "check")
