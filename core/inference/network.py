"""Images -> ten probabilities, with LiteRT: instant, and without TensorFlow.

A network carries its calibration: what its probabilities are worth. Knows nothing of files people upload, of the store
or of pages.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import RunError
from core.images import SIDE
from core.metrics import calibrated
from core.vision.reading import Kind

BATCH = 50  # images given to the interpreter at once: more are no faster, and it keeps the memory that they took
SHIPPED = Path(__file__).parents[2] / "models" / "shipped"


@dataclass(frozen=True)
class Thresholds:
    """Probabilities of the best answer that decide how far it is trusted."""

    sure: float  # from here on it is sure
    none: float  # below, it is none of the ten


@dataclass(frozen=True)
class Calibration:
    """What the probabilities of a network are worth."""

    temperature: float = 1.0
    thresholds: Mapping[Kind, Thresholds] = field(default_factory=dict)  # none for a kind it was not calibrated on
    uploaded: bool = False  # whether it learned from uploaded pictures

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Calibration":
        """That of the shipped network, as its card has it."""
        thresholds = {Kind(kind): Thresholds(**limits) for kind, limits in card["thresholds"].items()}
        return cls(card["temperature"], thresholds)


UNCALIBRATED = Calibration()


class Network:
    """A `.tflite` network: raw pixels (n, 28, 28) in, ten probabilities out. Safe to share between threads."""

    def __init__(self, content: bytes, calibration: Calibration = UNCALIBRATED) -> None:
        """Load a network from the bytes of a `.tflite` file. Raises RunError when they are not one."""
        from ai_edge_litert.interpreter import Interpreter

        self.content, self.calibration = content, calibration
        self._lock = threading.Lock()
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise RunError("This file is not a network I can load. Choose another run, or train it again.") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._size = 1

    def raw(self, images: np.ndarray) -> np.ndarray:
        """The network's own ten outputs for images (n, 28, 28) uint8, (n, 10) float32; sigmoids need not sum to 1."""
        images = np.asarray(images)
        if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"images have the shape {images.shape}; (n, {SIDE}, {SIDE}) is needed")
        parts = [self._run(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, 10), np.float32)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Ten probabilities an image, calibrated, each row summing to 1: (n, 10) float32."""
        return calibrated(self.raw(images), self.calibration.temperature).astype(np.float32)

    def _run(self, images: np.ndarray) -> np.ndarray:
        pixels = np.ascontiguousarray(images, dtype=np.float32)
        with self._lock:
            if len(pixels) != self._size:
                self._interpreter.resize_tensor_input(self._input, [len(pixels), SIDE, SIDE])
                self._interpreter.allocate_tensors()
                self._size = len(pixels)
            self._interpreter.set_tensor(self._input, pixels)
            self._interpreter.invoke()
            return np.array(self._interpreter.get_tensor(self._output), np.float32)


@lru_cache(maxsize=1)
def shipped() -> Network:
    """The network that comes with the app. Raises RunError when its files are missing."""
    return another_shipped()


def another_shipped() -> Network:
    """The same, for work that takes long: a network answers one after the other, and nobody's photo is to wait."""
    return Network(shipped_bytes("model.tflite"), Calibration.from_card(shipped_card()))


@lru_cache(maxsize=1)
def shipped_card() -> dict[str, Any]:
    """What is known about the shipped network: data, licences, seed, figures, thresholds, limits."""
    card: dict[str, Any] = json.loads(shipped_bytes("card.json"))
    return card


def shipped_probabilities() -> np.ndarray | None:
    """The shipped network's probabilities for the 10,000 real test images, (10000, 10) float32; None when not there."""
    path = SHIPPED / "probabilities.npz"
    if not path.exists():
        return None
    with np.load(path) as file:
        values = file["probabilities"].astype(np.float32)
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def shipped_bytes(name: str) -> bytes:
    """What is in one of the files that come with the app. Raises RunError when it is missing."""
    try:
        return (SHIPPED / name).read_bytes()
    except OSError as error:
        raise RunError(
            "The network that comes with the app is missing its file {name}. Install the app again.", name=name
        ) from error
