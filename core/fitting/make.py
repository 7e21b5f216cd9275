"""Makes the shipped network: `python -m core.fitting --data FOLDER --pictures FOLDER [--out FOLDER] [--seed 0]`.

Fits one small network in two stages: on Fashion-MNIST and sketches made by program, then on these and cut-out photos.
The second stage is repeated with the photos of some people left out, so that every photo is answered once by a network
that has seen none of its owner's: these answers calibrate. The second eye's neurons are fitted to what its backbone
sees in the same photos, and joined with the small network, out of the same folds. The check folders are only measured.
Keras is imported inside functions: no server imports this file.
"""

import argparse
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from core import metrics
from core.data.dataset import Dataset
from core.data.naming import NONE
from core.data.sources import load
from core.fitting import sketches
from core.fitting.calibration import FOLDS, fit_thresholds, folds, measure
from core.fitting.eye import Fold, fit_eye, fit_joining, thresholds
from core.fitting.mixture import Mixture, augment, draw_pool
from core.fitting.network import KerasModel, LearningRate, answering, build, to_tflite
from core.fitting.pictures import Photos, Pictures, read_photos, read_photos_again, read_pictures
from core.inference.eye import Eye, Head, shipped_backbone
from core.inference.network import SHIPPED, Calibration, Network, Thresholds, shipped_bytes
from core.settings import Settings
from core.vision.reading import Kind

RATE = 6e-3  # of the convolutions; the rest is learned at a third of it
CHECKS = (  # figure of the card, kind of pictures, whose thresholds
    ("photos_check", "photo", Kind.PHOTO),
    ("drawings_check", "drawing", Kind.DRAWING),
    ("none_of_the_ten_check", NONE, Kind.PHOTO),
)
DATA = (
    ("Fashion-MNIST, training part", "Zalando SE", "MIT", "fitting"),
    ("Phone photos of clothes", "169 contributors", "CC0-1.0", "fitting, and calibration out of fold by contributor"),
    (
        "Phone photos of hats, shorts and skirts",
        "85 contributors, 67 of them the same",
        "CC0-1.0",
        "fitting what is none of the ten, and calibration out of fold",
    ),
    (
        "Sketches made by program from the first, from clothes drawn by program, and from templates",
        "Fitting Room",
        "MIT",
        "fitting",
    ),
    (
        "People drawn by program into the first and into the photos, and pairs of shoes made from the first",
        "Fitting Room",
        "MIT",
        "fitting",
    ),
    ("ImageNet, as a published network knows it", "Google, ML Illustrated", "Apache-2.0", "the second eye's backbone"),
    ("Phone photos of 61 other people", "contributors", "CC0-1.0", "measuring only"),
    ("Quick, Draw! drawings", "Google", "CC BY 4.0", "measuring only"),
)
LIMITS = (
    "Knows ten kinds of clothes; of anything else it should say none, and sometimes does not.",
    "Learnt from unworn clothes, laid flat or hung up, and from wearers drawn by program; of real worn clothes it saw"
    " none.",
    "Saw few photos of shoes and none of bags.",
    "Shirts, pullovers, coats and T-shirts are easily confused, by people too.",
)


class Stages(NamedTuple):
    """Epochs of each stage of the fit."""

    without_photos: int
    with_photos: int
    fold: int  # with photos, for each fold


STAGES = Stages(without_photos=10, with_photos=18, fold=3)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted network, and what networks fitted without a person's photos answered to them."""

    network: KerasModel  # logits
    clothes: np.ndarray  # (n, 10) float32, uncalibrated shares for the photos of clothes, in their order
    others: np.ndarray  # (n, 10) float32, the same for photos of other things


def falling(epochs: int, mixture: Mixture) -> LearningRate:
    """A rate that falls from RATE to nothing over some epochs of a mixture."""
    import keras

    return keras.optimizers.schedules.CosineDecay(RATE, epochs * mixture.steps, 0.005)


def rising() -> LearningRate:
    """A rate that rises to RATE over a thousand steps and stays there."""
    import keras

    return keras.optimizers.schedules.PolynomialDecay(RATE / 20, 1_000, RATE)


def without(photos: Photos, again: Photos, left_out: tuple[np.ndarray, np.ndarray]) -> Photos:
    """The photos in which a garment was found and those read again, without the people of one fold.

    `left_out` says which photos of clothes and which of other things are theirs, (n,) bool each.
    """

    def kept(known: Pictures, more: Pictures, removed: np.ndarray) -> Pictures:
        of_removed = np.isin(more.contributors, known.contributors[removed])
        return Pictures.joined([known.pick(~removed & known.found), more.pick(more.found & ~of_removed)])

    clothes, others = left_out
    return Photos(kept(photos.clothes, again.clothes, clothes), kept(photos.others, again.others, others))


def fit(data: Dataset, photos: Photos, again: Photos, seed: int, stages: Stages, say: Callable[[str], None]) -> Fitted:
    """Fit a network from a seed, and answer every photo by one that has seen none of its owner's.

    `again` holds the photos read again, changed: they are learned from beside their originals, and left out with the
    same people.
    """
    import keras

    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    pool = draw_pool(data, seed, generator)
    say(f"{len(pool.labels)} sketches drawn")
    network = build()
    say("without photos")
    Mixture(data, pool).learn(network, rising(), stages.without_photos, generator, say)
    basis = network.get_weights()

    def go_on(mixture: Mixture, epochs: int) -> None:
        network.set_weights(basis)
        mixture.learn(network, falling(epochs, mixture), epochs, generator, say)

    clothes = np.zeros((len(photos.clothes.labels), 10), np.float32)
    others = np.zeros((len(photos.others.labels), 10), np.float32)
    for number, left_out in enumerate(folds(photos, seed), start=1):
        say(f"with photos, fold {number} of {FOLDS}")
        go_on(Mixture(data, pool, without(photos, again, left_out), share=0.5), stages.fold)
        fold = Network(to_tflite(answering(network)))
        their_clothes, their_others = left_out
        clothes[their_clothes] = fold.raw(photos.clothes.images[their_clothes])
        others[their_others] = fold.raw(photos.others.images[their_others])
    say("with all photos")
    go_on(Mixture(data, pool, photos.with_more(again).found), stages.with_photos)
    return Fitted(network, clothes, others)


def calibrate(content: bytes, fitted: Fitted, data: Dataset, photos: Photos, seed: int) -> Network:
    """A network, the bytes of a `.tflite` file, with the temperature and the thresholds that are fitted to it.

    By the answers out of fold, and by clean images and sketches drawn for this alone.
    """
    generator = np.random.default_rng([seed, 1])
    fresh = generator.choice(len(data.train_labels), 1500, replace=False)
    drawn = sketches.from_images(data.train_images[fresh], generator)
    clean = augment(data.train_images[fresh], generator, 0.5)
    raw = Network(content)
    clothes, others = photos.clothes, photos.others
    temperature = metrics.best_temperature(
        [fitted.clothes[clothes.found], raw.raw(clean)], [clothes.labels[clothes.found], data.train_labels[fresh]]
    )
    network = Network(content, Calibration(temperature))
    outputs = np.concatenate([fitted.clothes[clothes.found], fitted.others[others.found]])
    labels = np.concatenate([clothes.labels[clothes.found], others.labels[others.found]])
    on_photos = fit_thresholds(metrics.calibrated(outputs, temperature), labels)
    on_sketches = fit_thresholds(network.probabilities(drawn), data.train_labels[fresh])
    # Sketches made by program are easier than people's, so a drawing must be at least as clear as a photo.
    on_drawings = Thresholds(max(on_photos.sure, on_sketches.sure), min(on_photos.none, on_sketches.none))
    return Network(content, Calibration(temperature, {Kind.PHOTO: on_photos, Kind.DRAWING: on_drawings}))


@dataclass(frozen=True, eq=False)
class Both:
    """The small network and the second eye, and what they answered to the photos out of fold."""

    network: Network
    eye: Eye
    out_of_fold: dict[str, np.ndarray]  # (n, 10) for the photos of clothes: of "network", "eye" and "both"

    def measure(self, pictures: Pictures, kind: Kind) -> dict[str, dict[str, float | int]]:
        """Figures of some pictures: of both together where there are photos, and of each alone."""
        network = self.network.probabilities(pictures.images)
        if kind is Kind.DRAWING:
            return self.figures(pictures, kind, {"network": network})
        assert pictures.features is not None
        eye = self.eye.head.probabilities(pictures.features.astype(np.float32))
        return self.figures(
            pictures, kind, {"both": self.eye.joining.join(network, eye), "network": network, "eye": eye}
        )

    def figures(
        self, pictures: Pictures, kind: Kind, answers: dict[str, np.ndarray]
    ) -> dict[str, dict[str, float | int]]:
        """Figures of answers (n, 10) to some pictures, each judged by its own thresholds."""
        limits = {
            "both": self.eye.joining.thresholds,
            "network": self.network.calibration.thresholds[kind],
            "eye": self.eye.alone,
        }
        return {name: measure(given, pictures, limits[name]) for name, given in answers.items()}


def join(network: Network, fitted: Fitted, photos: Photos, left_out: list[Fold], say: Callable[[str], None]) -> Both:
    """Fit the second eye to photos, and its joining with a calibrated network."""
    empty = Head.knowing_only_imagenet(shipped_bytes("eye/imagenet.npz"))
    seen = fit_eye(photos, left_out, empty, say)
    temperature = network.calibration.temperature
    own = tuple(metrics.calibrated(answers, temperature) for answers in (fitted.clothes, fitted.others))
    joining = fit_joining((own[0], own[1]), seen, photos)
    eye = Eye(shipped_backbone(), seen.head, joining, thresholds(seen.clothes, seen.others, photos))
    both = joining.join(own[0], seen.clothes)
    return Both(network, eye, {"both": both, "network": own[0], "eye": seen.clothes})


def make(
    data: Dataset, folder: Path, out: Path, seed: int, stages: Stages, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Read, fit, calibrate, measure and write what comes with the app; returns its card."""
    photos = read_photos(folder)
    checks = {kind: read_pictures(folder, kind, "check") for _, kind, _ in CHECKS}
    say(f"{len(photos.clothes.labels)} photos and {len(photos.others.labels)} other things read")
    again = read_photos_again(folder, seed)
    say(f"{len(again.clothes.labels)} photos and {len(again.others.labels)} other things read again, changed")
    fitted = fit(data, photos, again, seed, stages, say)
    return finish(fitted, data, photos, checks, out, seed, stages, say)


def finish(
    fitted: Fitted,
    data: Dataset,
    photos: Photos,
    checks: dict[str, Pictures],
    out: Path,
    seed: int,
    stages: Stages,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Calibrate a fitted network, fit the second eye to it, measure both and write them; returns the card."""
    model = answering(fitted.network)
    content = to_tflite(model)
    network = calibrate(content, fitted, data, photos, seed)
    both = join(network, fitted, photos, folds(photos, seed), say)
    measured = {name: both.measure(checks[kind], read_as) for name, kind, read_as in CHECKS}
    measured["photos_out_of_fold"] = both.figures(photos.clothes, Kind.PHOTO, both.out_of_fold)
    probabilities = network.probabilities(data.test_images)
    card = {
        "name": "shipped",
        "title": "The network that comes with Fitting Room",
        "source": "Fitting Room",
        "seed": seed,
        "epochs": stages.without_photos + stages.with_photos,
        "stages": {
            "without photos": stages.without_photos,
            "with photos": stages.with_photos,
            "with photos, for each of the folds": stages.fold,
        },
        "parameters": int(model.count_params()),
        "fingerprint": data.fingerprint,
        "test_accuracy": round(float(metrics.accuracy(data.test_labels, probabilities)), 4),
        "test_loss": round(float(metrics.loss(data.test_labels, probabilities)), 4),
        "temperature": round(network.calibration.temperature, 3),
        "thresholds": {kind.value: asdict(limits) for kind, limits in network.calibration.thresholds.items()},
        "eye": {
            "joining": asdict(both.eye.joining),
            "alone": asdict(both.eye.alone),
            "backbone": json.loads(shipped_bytes("eye/backbone.json")),
        },
        "figures": {name: of.get("both", of["network"]) for name, of in measured.items()},  # of what the app answers
        "alone": {name: {whose: of[whose] for whose in of if whose != "both"} for name, of in measured.items()},
        "data": [dict(zip(("name", "by", "licence", "use"), row, strict=True)) for row in DATA],
        "limits": list(LIMITS),
        "versions": versions(),
    }
    write(out, fitted.network, content, both.eye.head, card, probabilities)
    return card


def versions() -> dict[str, str]:
    """The versions of what a fit depends on."""
    import keras
    import tensorflow as tf

    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "opencv": cv2.__version__,
    }


def write(
    out: Path, network: KerasModel, content: bytes, head: Head, card: dict[str, Any], probabilities: np.ndarray
) -> None:
    """Write model.keras (of a network that gives logits), model.tflite, eye/head.npz, card.json, probabilities.npz."""
    (out / "eye").mkdir(parents=True, exist_ok=True)
    plain = build()  # without the optimiser's state, three times smaller
    plain.set_weights(network.get_weights())
    answering(plain).save(out / "model.keras")
    (out / "model.tflite").write_bytes(content)
    np.savez_compressed(out / "eye" / "head.npz", weights=head.weights.astype(np.float16), bias=head.bias)
    (out / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    np.savez_compressed(out / "probabilities.npz", probabilities=probabilities.astype(np.float16))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m core.fitting", description="Make the network that comes with the app."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with Fashion-MNIST's four files")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with pictures.csv, photos and drawings")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where the files go")
    parser.add_argument("--seed", type=int, default=0)
    words = "epochs without photos, with photos, and with photos for each fold"
    parser.add_argument(
        "--stages", type=int, nargs=3, default=STAGES, help=f"{words} (default: {' '.join(map(str, STAGES))})"
    )
    given = parser.parse_args(arguments)
    data = load(Settings(data=given.data))
    if not data.real:
        raise SystemExit(data.problem or f"{given.data} holds no Fashion-MNIST.")
    card = make(data, given.pictures, given.out, given.seed, Stages(*given.stages), partial(print, flush=True))
    shown = {name: card[name] for name in ("test_accuracy", "temperature", "figures", "alone")}
    print(json.dumps({**shown, "joining": card["eye"]["joining"]}, indent=2))
