"""How quickly one picture is answered, against Keras: LiteRT as the app uses it, alone and after reading a picture.

.venv/bin/python -m benchmarks.answers
"""

import os

import cv2
import numpy as np

from benchmarks.timing import median_milliseconds
from core.inference.network import shipped
from core.inference.verdict import answer
from core.vision.reading import read_drawing, read_picture
from models import catalogue


def main() -> None:
    """Measure and print, the baseline last."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    litert = shipped()
    network = catalogue.RECIPES["quick"].build()
    floor = np.full((1200, 900, 4), (200, 190, 170, 255), np.uint8)
    cv2.rectangle(floor, (250, 200), (650, 1000), (40, 50, 110, 255), -1)
    paper = np.zeros((320, 320, 4), np.uint8)
    cv2.rectangle(paper, (60, 40), (260, 280), (30, 30, 30, 255), 21)
    pixels = image[..., np.newaxis].astype(np.float32) / 255
    times = {
        "LiteRT, the shipped network": median_milliseconds(lambda: litert.probabilities(image)),
        "a drawing, filled in and answered": median_milliseconds(lambda: answer(litert, read_drawing(paper))),
        "a photo, cut out and answered": median_milliseconds(lambda: answer(litert, read_picture(floor))),
        "Keras, network(x), quick": median_milliseconds(lambda: network(pixels, training=False)),
        "Keras, network.predict(x), quick": median_milliseconds(lambda: network.predict(pixels, verbose=0)),
    }
    baseline = times["Keras, network.predict(x), quick"]
    for name, milliseconds in times.items():
        print(f"{name:34} {milliseconds:8.2f} ms   {baseline / milliseconds:6.1f} times as fast as predict")


if __name__ == "__main__":
    main()
