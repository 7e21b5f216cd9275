"""How quickly one picture is answered: LiteRT as the app uses it, against Keras' own `predict` and a direct call.

.venv/bin/python -m benchmarks.answers
"""

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from core.inference import shipped
from models import catalogue

ROUNDS = 50


def median_milliseconds(call: Callable[[], object]) -> float:
    """The median time of one call, after a first that is not counted."""
    call()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def main() -> None:
    """Measure and print, the baseline last."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    litert = shipped()
    network = catalogue.RECIPES["quick"].build()
    pixels = image[..., np.newaxis].astype(np.float32) / 255
    times = {
        "LiteRT, the shipped network": median_milliseconds(lambda: litert.probabilities(image)),
        "Keras, network(x), quick": median_milliseconds(lambda: network(pixels, training=False)),
        "Keras, network.predict(x), quick": median_milliseconds(lambda: network.predict(pixels, verbose=0)),
    }
    baseline = times["Keras, network.predict(x), quick"]
    for name, spent in times.items():
        print(f"{name:34} {spent:8.2f} ms   {baseline / spent:6.1f} times as fast as predict")


if __name__ == "__main__":
    main()
