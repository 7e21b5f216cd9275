"""Makes the shipped network: `python -m core.fitting --data FOLDER --pictures FOLDER [--out models/shipped] [--seed
0]`.

Fits one small network in two stages: on Fashion-MNIST and sketches made by program, then on these and cut-out photos.
The second stage is repeated with the photos of some people left out, so that every photo is answered once by a network
that has seen none of its owner's: these answers calibrate. The check folders are only measured. Keras is imported
inside functions: no server imports this file.
"""

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from core import metrics
from core.data.dataset import Dataset
from core.data.sources import load
from core.fitting import sketches
from core.fitting.calibration import FOLDS, fit_temperature, fit_thresholds, folds, measure
from core.fitting.mixture import Mixture, augment, draw_pool
from core.fitting.network import answering, build, to_tflite
from core.fitting.pictures import Pictures, read_again, read_pictures
from core.inference.network import SHIPPED, Network, calibrated
from core.settings import Settings

RATE = 6e-3  # of the convolutions; the rest is learned at a third of it
STAGES = (14, 20, 3)  # epochs without photos, with photos, and with photos for each fold
DATA = (
    ("Fashion-MNIST, training part", "Zalando SE", "MIT", "fitting"),
    ("Phone photos of clothes", "162 contributors", "CC0-1.0", "fitting, and calibration out of fold by contributor"),
    (
        "Phone photos of hats, shorts and skirts",
        "78 contributors, 60 of them the same",
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
    ("Phone photos of 61 other people", "contributors", "CC0-1.0", "measuring only"),
    ("Quick, Draw! drawings", "Google", "CC BY 4.0", "measuring only"),
)


def falling(epochs: int, mixture: Mixture) -> object:
    """A rate that falls from RATE to nothing over some epochs of a mixture."""
    import keras

    return keras.optimizers.schedules.CosineDecay(RATE, epochs * mixture.steps, 0.005)


def rising() -> object:
    """A rate that rises to RATE over a thousand steps and stays there."""
    import keras

    return keras.optimizers.schedules.PolynomialDecay(RATE / 20, 1_000, RATE)


def fit(
    data: Dataset,
    photos: Pictures,
    none: Pictures,
    again: tuple[Pictures, Pictures],
    seed: int,
    stages: tuple[int, int, int],
    say: Callable[[str], None],
) -> tuple:
    """Fit a network from a seed.

    Gives the network (logits) and what networks that had not seen them said of all photos and all others.

    These out-of-fold answers are raw shares, (n, 10) float32 each, in the order of `photos` and `none`. `again` holds
    photos and others read anew: they are learned from beside their originals, and left out with the same people.
    """
    import keras

    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    pool = draw_pool(data, seed, generator)
    say(f"{len(pool[1])} sketches drawn")
    without = Mixture(data, pool)
    network = build()
    say("without photos")
    without.learn(network, rising(), stages[0], generator, say)
    basis = network.get_weights()
    said = np.zeros((len(photos.labels), 10), np.float32), np.zeros((len(none.labels), 10), np.float32)
    for place, (mine, others) in enumerate(folds(photos, none, seed), start=1):
        say(f"with photos, fold {place} of {FOLDS}")
        learned = [
            known.pick(~away & known.found).and_those(
                more.pick(more.found & ~np.isin(more.contributors, known.contributors[away]))
            )
            for known, more, away in zip((photos, none), again, (mine, others), strict=True)
        ]
        mixture = Mixture(data, pool, *learned, share=0.5)
        network.set_weights(basis)
        mixture.learn(network, falling(stages[2], mixture), stages[2], generator, say)
        judge = Network(to_tflite(answering(network)))
        said[0][mine], said[1][others] = judge.raw(photos.images[mine]), judge.raw(none.images[others])
    say("with all photos")
    learned = [known.and_those(more) for known, more in zip((photos, none), again, strict=True)]
    mixture = Mixture(data, pool, *(pictures.pick(pictures.found) for pictures in learned))
    network.set_weights(basis)
    mixture.learn(network, falling(stages[1], mixture), stages[1], generator, say)
    return network, *said


def make(
    data: Dataset, folder: Path, out: Path, seed: int, stages: tuple[int, int, int], say: Callable[[str], None] = print
) -> dict:
    """Read, fit, calibrate, measure and write the shipped network's files; returns its card."""
    generator = np.random.default_rng([seed, 1])
    photos, none = read_pictures(folder, "photo", "train"), read_pictures(folder, "none-of-the-ten", "train")
    checks = {kind: read_pictures(folder, kind, "check") for kind in ("photo", "drawing", "none-of-the-ten")}
    say(f"{len(photos.labels)} photos and {len(none.labels)} other things read")
    again = tuple(read_again(folder, kind, seed) for kind in ("photo", "none-of-the-ten"))
    say(f"{len(again[0].labels)} photos and {len(again[1].labels)} other things read again, changed")
    fitted, said, said_of_none = fit(data, photos, none, again, seed, stages, say)
    model = answering(fitted)
    content = to_tflite(model)

    raw = Network(content)
    fresh = generator.choice(len(data.train_labels), 1500, replace=False)
    drawn = sketches.from_images(data.train_images[fresh], generator)
    clean = augment(data.train_images[fresh], generator, 0.5)
    temperature = fit_temperature(
        [said[photos.found], raw.raw(clean)], [photos.labels[photos.found], data.train_labels[fresh]]
    )
    network = Network(content, temperature, saw_photos=True)
    both = np.concatenate([said[photos.found], said_of_none[none.found]])
    truth = np.concatenate([photos.labels[photos.found], none.labels[none.found]])
    on_photos = fit_thresholds(calibrated(both, temperature), truth)
    on_sketches = fit_thresholds(network.probabilities(drawn), data.train_labels[fresh])
    # Sketches made by program are easier than people's, so a drawing must be at least as clear as a photo.
    on_drawings = {
        "sure": max(on_photos["sure"], on_sketches["sure"]),
        "none": min(on_photos["none"], on_sketches["none"]),
    }
    thresholds = {"photo": on_photos, "drawing": on_drawings}

    probabilities = network.probabilities(data.test_images)
    figures = {
        "photos_check": measure(network.probabilities(checks["photo"].images), checks["photo"], on_photos),
        "drawings_check": measure(network.probabilities(checks["drawing"].images), checks["drawing"], on_drawings),
        "none_of_the_ten_check": measure(
            network.probabilities(checks["none-of-the-ten"].images), checks["none-of-the-ten"], on_photos
        ),
        "photos_out_of_fold": measure(calibrated(said, temperature), photos, on_photos),
    }
    card = _card(model, data, seed, stages, temperature, thresholds, figures, probabilities)
    write(out, fitted, content, card, probabilities)
    return card


def _card(
    model,
    data: Dataset,
    seed: int,
    stages: tuple[int, int, int],
    temperature: float,
    thresholds: dict,
    figures: dict,
    probabilities: np.ndarray,
) -> dict:
    import keras
    import tensorflow as tf

    versions = {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "opencv": cv2.__version__,
    }
    return {
        "name": "shipped",
        "title": "The network that comes with Fitting Room",
        "source": "Fitting Room",
        "seed": seed,
        "epochs": stages[0] + stages[1],
        "stages": {
            "without photos": stages[0],
            "with photos": stages[1],
            "with photos, for each of the folds": stages[2],
        },
        "parameters": int(model.count_params()),
        "fingerprint": data.fingerprint,
        "test_accuracy": round(float(metrics.accuracy(data.test_labels, probabilities)), 4),
        "test_loss": round(float(metrics.loss(data.test_labels, probabilities)), 4),
        "temperature": round(temperature, 3),
        "thresholds": thresholds,
        "figures": figures,
        "data": [dict(zip(("name", "by", "licence", "use"), row, strict=True)) for row in DATA],
        "limits": [
            "Knows ten kinds of clothes; of anything else it should say none, and sometimes does not.",
            (
                "Learnt from unworn clothes, laid flat or hung up, and from wearers drawn by program; of real worn"
                " clothes it saw none."
            ),
            "Saw few photos of shoes and none of bags.",
            "Shirts, pullovers, coats and T-shirts are easily confused, by people too.",
        ],
        "versions": versions,
    }


def write(out: Path, fitted, content: bytes, card: dict, probabilities: np.ndarray) -> None:
    """Write model.keras, model.tflite, card.json and probabilities.npz into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    plain = build()  # without the optimiser's state, three times smaller
    plain.set_weights(fitted.get_weights())
    answering(plain).save(out / "model.keras")
    (out / "model.tflite").write_bytes(content)
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
    card = make(
        data, given.pictures, given.out, given.seed, tuple(given.stages), lambda words: print(words, flush=True)
    )
    print(
        json.dumps(
            {"test_accuracy": card["test_accuracy"], "temperature": card["temperature"], **card["figures"]}, indent=2
        )
    )


if __name__ == "__main__":
    main()
