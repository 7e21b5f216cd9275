"""How quickly one picture is answered, against Keras: LiteRT as the app uses it, alone and after reading a picture.

.venv/bin/python -m benchmarks.answers

Then how long a photo of 12 megapixels takes from its file to its answer, step by step in one process on one core,
against Pillow, which only decodes the same file. The photo is the first check photo below FITTING_ROOM_PICTURES, or
else one drawn by program, enlarged and with a camera's noise.
"""

import io
import os
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.timing import in_new_process, median_milliseconds
from core.data.class_folders import find
from core.inference.eye import second_eye
from core.inference.network import shipped
from core.inference.verdict import answer
from core.vision.decode import open_picture
from core.vision.reading import read_drawing, read_picture
from models import catalogue

LARGE = 4000, 3000  # px, the longer and the shorter side of the photo
LARGEST = 10**9  # bytes; these are files of this computer
NOISE, QUALITY = 4.0, 90  # of a camera: grey levels, and how well its JPEG file keeps them
ROUNDS = 15
STEPS = ("decoded", "read", "small network asked", "second eye asked and joined")
PILLOW = "Pillow, the file decoded in full"


def scene() -> np.ndarray:
    """Something dark on a pale floor, drawn: (1200, 900, 4) uint8 RGBA."""
    floor = np.full((1200, 900, 4), (200, 190, 170, 255), np.uint8)
    cv2.rectangle(floor, (250, 200), (650, 1000), (40, 50, 110, 255), -1)
    return floor


def large_photo(folder: str | None) -> bytes:
    """A JPEG file of 12 megapixels: the first check photo below a folder, enlarged; the scene when there is none."""
    listed = find(Path(folder), "check") if folder else []
    first = next((one.path.read_bytes() for one in listed if one.kind == "photos"), None)
    small = scene() if first is None else open_picture(first, LARGEST)
    size = LARGE if small.shape[1] >= small.shape[0] else LARGE[::-1]
    large = cv2.resize(small[..., :3], size, interpolation=cv2.INTER_CUBIC)
    noise = NOISE * np.random.default_rng(0).standard_normal(large.shape, np.float32)
    file = io.BytesIO()
    Image.fromarray(np.clip(large + noise, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def from_file_to_answer(jpeg: bytes, rounds: int = ROUNDS) -> np.ndarray:
    """Milliseconds of each of `STEPS` and of Pillow, (rounds, 5), after a first round that is not counted.

    OpenCV keeps to one core from here on, as the networks do: call it in a process of its own.
    """
    cv2.setNumThreads(1)
    network, eye, times = shipped(), second_eye(), []
    for _ in range(rounds + 1):
        moments = [time.perf_counter()]
        opened = open_picture(jpeg, LARGEST)
        moments.append(time.perf_counter())
        reading = read_picture(opened)
        moments.append(time.perf_counter())
        answer(network, reading)
        moments.append(time.perf_counter())
        answer(network, reading, eye)
        moments.append(time.perf_counter())
        Image.open(io.BytesIO(jpeg)).convert("RGB")
        moments.append(time.perf_counter())
        times.append(1000 * np.diff(moments))
    return np.array(times[1:])


def photo_lines(times: np.ndarray) -> list[str]:
    """What `from_file_to_answer` measured, a line each for the whole, its steps and Pillow: median, 95 % and ratio."""
    named = {"a photo of 12 megapixels, answered": times[:, :-1].sum(axis=1)}
    named |= {f"  {name}": column for name, column in zip(STEPS, times.T, strict=False)} | {PILLOW: times[:, -1]}
    baseline = np.median(times[:, -1])
    return [
        f"{name:34} {np.median(column):8.2f} ms   {np.percentile(column, 95):8.2f} ms in 95 %"
        f"   {np.median(column) / baseline:6.2f} times as long as Pillow"
        for name, column in named.items()
    ]


def main() -> None:
    """Measure and print, each baseline last."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    litert, eye = shipped(), second_eye()
    network = catalogue.RECIPES["quick"].build()
    floor = scene()
    paper = np.zeros((320, 320, 4), np.uint8)
    cv2.rectangle(paper, (60, 40), (260, 280), (30, 30, 30, 255), 21)
    pixels = image[..., np.newaxis].astype(np.float32) / 255
    times = {
        "LiteRT, the shipped network": median_milliseconds(lambda: litert.probabilities(image)),
        "a drawing, filled in and answered": median_milliseconds(lambda: answer(litert, read_drawing(paper))),
        "a photo, cut out and answered": median_milliseconds(lambda: answer(litert, read_picture(floor), eye)),
        "Keras, network(x), quick": median_milliseconds(lambda: network(pixels, training=False)),
        "Keras, network.predict(x), quick": median_milliseconds(lambda: network.predict(pixels, verbose=0)),
    }
    baseline = times["Keras, network.predict(x), quick"]
    for name, milliseconds in times.items():
        print(f"{name:34} {milliseconds:8.2f} ms   {baseline / milliseconds:6.1f} times as fast as predict")
    photo = large_photo(os.environ.get("FITTING_ROOM_PICTURES"))
    print(f"\nOn one core, {ROUNDS} times, a JPEG file of {len(photo) / 1e6:.1f} MB:")
    print("\n".join(photo_lines(in_new_process(from_file_to_answer, photo))))


if __name__ == "__main__":
    main()
