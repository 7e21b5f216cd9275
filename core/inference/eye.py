"""The second eye: a photo in colour -> ten probabilities, with a network that learned to see on a million others.

EfficientNet-Lite0 (Tan and Le, 2019, arXiv 1905.11946), fitted on ImageNet by others, gives 1,280 features of a
picture. What clothes they speak for was learned here, from photos; what bags look like it knows from ImageNet, for no
photo of one is at hand. Knows nothing of files people upload, of the store or of pages.
"""

import io
import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from weakref import WeakKeyDictionary
from zipfile import BadZipFile

import numpy as np

from core.errors import RunError
from core.inference.network import Thresholds, shipped_bytes, shipped_card
from core.labels import SLUGS
from core.language import N_
from core.vision.reading import Reading
from core.vision.views import VIEWS

FEATURES = 1280
BAG = SLUGS.index("bag")
DAMAGED = N_(
    "A file of the second eye is damaged. Install the app again; without the second eye the network answers alone."
)


@dataclass(frozen=True)
class Joining:
    """How an answer of a small network and one of the second eye become one: a weighted geometric mean."""

    network: float = 0.5  # exponent of the small network's probabilities
    eye: float = 0.5  # of the second eye's
    thresholds: Thresholds = Thresholds(1.0, 0.0)  # of the joint answer

    def join(self, network: np.ndarray, eye: np.ndarray) -> np.ndarray:
        """Probabilities (..., 10) of both -> those of the two together, each row summing to 1: (..., 10) float32."""
        logs = self.network * np.log(np.maximum(network, 1e-7)) + self.eye * np.log(np.maximum(eye, 1e-7))
        return softmax(logs).astype(np.float32)


EVENLY = Joining()  # for a network that was not tried together with the second eye


@dataclass(frozen=True, eq=False)
class Head:
    """What was fitted to the backbone's features, and what ImageNet's own classes say about bags."""

    weights: np.ndarray  # (k, 1280, 11) for each view of a reading: none of the ten, then the ten; nothing for Bag
    bias: np.ndarray  # (11,)
    imagenet: np.ndarray  # (1280, c), ImageNet's classes of bags, then those of clothes and shoes
    imagenet_bias: np.ndarray  # (c,)
    bags: int  # how many of them are bags

    @classmethod
    def knowing_only_imagenet(cls, imagenet: bytes) -> "Head":
        """From the bytes of imagenet.npz, which comes with the backbone; nothing is fitted yet."""
        with np.load(io.BytesIO(imagenet)) as known:
            rows = (known["weights"].astype(np.float32), known["bias"], int(known["bags"]))
        return cls(np.zeros((VIEWS, FEATURES, 11), np.float32), np.zeros(11, np.float32), *rows)

    @classmethod
    def read(cls, fitted: bytes, imagenet: bytes) -> "Head":
        """From the bytes of head.npz, which the fit writes, and of imagenet.npz."""
        with np.load(io.BytesIO(fitted)) as own:
            weights, bias = own["weights"].astype(np.float32), own["bias"]
        return replace(cls.knowing_only_imagenet(imagenet), weights=weights, bias=bias)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Ten probabilities from features (..., k, 1280): (..., 10). What is none of the ten is spread evenly."""
        shares = softmax(np.einsum("...kf,kfc->...c", features, self.weights) + self.bias)
        none, clothes = shares[..., :1], shares[..., 1:]
        clothes[..., BAG] = 0
        clothes = clothes / clothes.sum(axis=-1, keepdims=True)
        known = softmax(features[..., 0, :] @ self.imagenet + self.imagenet_bias)
        bag = known[..., : self.bags].sum(axis=-1, keepdims=True)  # first: what was learned here never saw one
        answers = (1 - bag) * ((1 - none) * clothes + none / 10)
        answers[..., BAG] += bag[..., 0]
        return np.asarray(answers)

    def evidence(self, places: np.ndarray) -> np.ndarray:
        """How much each place of the whole photo, features (7, 7, 1280), speaks for each of the ten: (10, 7, 7)."""
        rows = self.weights[0, :, 1:].copy()
        rows[:, BAG] = self.imagenet[:, : self.bags].mean(axis=1) - self.imagenet[:, self.bags :].mean(axis=1)
        return np.asarray(np.einsum("yxf,fc->cyx", places, rows - rows.mean(axis=1, keepdims=True)))


class Backbone:
    """What sees, the bytes of a `.tflite` file: colours in, features out. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raises RunError when the bytes are no network."""
        from ai_edge_litert.interpreter import Interpreter

        self._lock = threading.Lock()
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise RunError(DAMAGED) from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def places(self, views: np.ndarray) -> np.ndarray:
        """Features of each place of some views (n, 224, 224, 3) uint8: (n, 7, 7, 1280) float32."""
        return np.stack([self._run(view) for view in views])

    def features(self, views: np.ndarray) -> np.ndarray:
        """Features of some views as a whole, (n, 1280) float32."""
        return np.asarray(self.places(views).mean(axis=(1, 2)))

    def _run(self, view: np.ndarray) -> np.ndarray:
        with self._lock:
            self._interpreter.set_tensor(self._input, view[None].astype(np.float32))
            self._interpreter.invoke()
            return np.array(self._interpreter.get_tensor(self._output)[0], np.float32)


@dataclass(frozen=True, eq=False)
class Seen:
    """What the second eye makes of one photo."""

    probabilities: np.ndarray  # (10,) float32
    evidence: np.ndarray  # (10, 7, 7) float32, how much each place of the whole photo speaks for each class


class Eye:
    """A backbone and a head; what is worked out of a reading is kept as long as the reading."""

    def __init__(self, backbone: Backbone, head: Head, joining: Joining, alone: Thresholds) -> None:
        """`joining` is that with the shipped network, `alone` are the thresholds of its own answers."""
        self.backbone, self.head, self.joining, self.alone = backbone, head, joining, alone
        self._seen: WeakKeyDictionary[Reading, Seen] = WeakKeyDictionary()

    def look(self, reading: Reading) -> Seen:
        """What it makes of a reading with views; worked out once, however often it is asked."""
        seen = self._seen.get(reading)
        if seen is None:
            places = self.backbone.places(reading.views)
            probabilities = self.head.probabilities(places.mean(axis=(1, 2)))
            seen = Seen(probabilities.astype(np.float32), self.head.evidence(places[0]).astype(np.float32))
            self._seen[reading] = seen
        return seen


@lru_cache(maxsize=1)
def shipped_backbone() -> Backbone:
    """The backbone that comes with the app. Raises RunError when its file is missing."""
    return Backbone(shipped_bytes("eye/backbone.tflite"))


@lru_cache(maxsize=1)
def second_eye() -> Eye:
    """The second eye that comes with the app. Raises RunError when a file of it is missing or damaged."""
    fitted, imagenet = shipped_bytes("eye/head.npz"), shipped_bytes("eye/imagenet.npz")
    try:
        head, card = Head.read(fitted, imagenet), shipped_card()["eye"]
        if head.weights.shape != (VIEWS, FEATURES, 11):
            raise ValueError(f"the weights have the shape {head.weights.shape}")
        joining = Joining(
            card["joining"]["network"], card["joining"]["eye"], Thresholds(**card["joining"]["thresholds"])
        )
        alone = Thresholds(**card["alone"])
    except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
        raise RunError(DAMAGED) from error
    return Eye(shipped_backbone(), head, joining, alone)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Shares of the last axis, each summing to 1."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
