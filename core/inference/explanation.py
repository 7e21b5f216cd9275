"""Why a network answered as it did: which parts of a picture mattered, whether two networks, or two eyes, agree. And
what the pictures nearest to one are called.

Knows nothing of pages, files or where a picture comes from.
"""

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from core.inference.network import Network
from core.inference.verdict import NEITHER, Answer, Eyes, Verdict
from core.labels import NAMES

PATCH, STEP = 7, 3  # px, side of the blank patch, and how far it moves on
LEAST = 0.02  # a drop of the probability below this is not worth a colour
WARM = np.array([255, 122, 43], np.float32)  # colour of what mattered
SCALE = 12  # each pixel of the image becomes so many
WITHOUT_EYE = "A file of the second eye is missing or damaged, so the network answers alone. Install the app again."


def occlusion(network: Network, image: np.ndarray) -> np.ndarray:
    """How much each pixel of an image (28, 28) uint8 mattered for its answer, (28, 28) float32.

    A blank patch slides over the image; a pixel's value is how far the answer's probability falls, on average, where
    the patch covers it; 0 where nothing is. Below 0: covering it makes the answer surer. All images are answered in one
    batch.
    """
    side = len(image)
    starts = range(1 - STEP, side, STEP)
    patches = [(slice(max(y, 0), y + PATCH), slice(max(x, 0), x + PATCH)) for y in starts for x in starts]
    patches = [patch for patch in patches if image[patch].any()]  # where nothing is, covering changes nothing
    covered = np.repeat(image[None], len(patches) + 1, axis=0)
    for number, patch in enumerate(patches, start=1):
        covered[number][patch] = 0
    probabilities = network.probabilities(covered)
    index = int(probabilities[0].argmax())
    fall, times = np.zeros(image.shape, np.float32), np.zeros(image.shape, np.float32)
    for patch, probability in zip(patches, probabilities[1:, index], strict=True):
        fall[patch] += probabilities[0, index] - probability
        times[patch] += 1
    return np.where(image > 0, fall / np.maximum(times, 1), np.float32(0))


def overlay(image: np.ndarray, mattered: np.ndarray) -> np.ndarray:
    """An image (28, 28) uint8, enlarged with hard-edged pixels, with what `mattered` (28, 28) in a warm colour.

    Gives (336, 336, 3) uint8.
    """
    side = SCALE * len(image)
    grey = cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.float32)[..., None]
    least = LEAST if float(mattered.max()) >= LEAST else np.inf
    return _warmed(grey, np.where(grey[..., 0] > 0, _smooth(mattered, side, least), 0))


def evidence_overlay(view: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """A photo as the second eye sees it, (h, h, 3) uint8, in grey, with the places of `evidence` (7, 7) that speak more
    than the average for a class in a warm colour, (h, h, 3) uint8."""
    more = evidence - max(0.0, float(evidence.mean()))
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    return _warmed(np.repeat(grey, 3, axis=2), _smooth(more, len(view), 1e-6))


def _smooth(places: np.ndarray, side: int, least: float) -> np.ndarray:
    """A map of any size as shares of its highest place, or of `least` where that is more: (side, side), 0 to 1."""
    large = cv2.resize(np.maximum(places, 0).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large / max(float(places.max()), least), 0, 1))


def _warmed(picture: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A picture (h, w, 1 or 3) float32, a little darker, with the warm colour where the weight (h, w) is high."""
    share = 0.75 * weight[..., None]
    return np.asarray((picture * (1 - share) * 0.85 + WARM * share).round().astype(np.uint8))


def in_words(mattered: np.ndarray, label: str) -> str:
    """What a map of `occlusion` says, in a sentence."""
    most = float(mattered.max())
    if most < LEAST:
        return f"No single part decides: whichever part is covered, the answer stays {label}."
    return (
        f"What counts most is the {_where(mattered)}: with that covered, the bar of {label} falls by about"
        f" {100 * most:.0f} points of 100."
    )


def evidence_in_words(evidence: np.ndarray, label: str) -> str:
    """What the second eye's `evidence` (7, 7) for a class says, in a sentence."""
    if float(evidence.max()) <= 0:
        return f"No place of the photo speaks for {label}."
    return f"What speaks most for {label} is the {_where(evidence)} of the photo."


def _where(places: np.ndarray) -> str:
    """In which third of a map its highest place lies, such as “top left”."""
    row, column = (int(position) for position in np.unravel_index(places.argmax(), places.shape))
    across = ("left", "middle", "right")[int(3 * (column + 0.5) / places.shape[1])]
    down = ("top", "middle", "bottom")[int(3 * (row + 0.5) / places.shape[0])]
    return " ".join(word for word in (down, across) if word != "middle") or "middle"


def neighbours_in_words(label: int | None, labels: np.ndarray, answered: bool) -> str:
    """What the pictures nearest to one are called, labels (n,), beside its own `label`: its answer, or its true one;
    None when the answer is none of the ten."""
    counts = Counter(int(neighbour) for neighbour in labels)
    if label is None:
        return f"They are called {', '.join(f'{NAMES[each]} ({count})' for each, count in counts.most_common())}."
    same = counts.pop(label, 0)
    name, as_well = NAMES[label], ", as the answer is" if answered else " too"
    if not counts:
        return f"All {len(labels)} are called {name}{as_well}."
    others = ", ".join(f"{count} {NAMES[other]}" for other, count in counts.most_common())
    if same:
        words = f"{same} of {len(labels)} {'is' if same == 1 else 'are'} called {name}{as_well}; the others: {others}."
    else:
        words = f"None of the {len(labels)} is called {name}; they are {others}."
    if not answered:
        return f"{words} Dot by dot they look alike, and yet people gave them other names."
    return words if same else f"{words} That is a reason to doubt the answer."


def compared(first: Answer, second: Answer, titles: tuple[str, str]) -> str:
    """In words: whether two networks, each asked alone, say the same of one picture."""
    one, other = (NEITHER if each.verdict is Verdict.NONE else each.label for each in (first, second))
    return _compared((one, other), (first.probabilities, second.probabilities), titles)


def eyes_compared(eyes: Eyes, whose: str) -> str:
    """In words: whether both eyes say the same of one photo; `whose` is what the small network is called."""
    return _compared(eyes.said, (eyes.network, eyes.eye), (whose, "the second eye"))


def said_alone(said: str, shares: Sequence[float]) -> str:
    """What one eye says, as a headline, such as “Dress 61%”; without a figure where that is none of the ten."""
    return said.capitalize() if said == NEITHER else f"{said} {max(shares):.0%}"


def _compared(said: tuple[str, str], shares: tuple[Sequence[float], Sequence[float]], whose: tuple[str, str]) -> str:
    if said[0] == said[1]:
        return f"Both say {said[0]}."
    one, other = (
        words if words == NEITHER else f"{words} ({max(ten):.0%})" for words, ten in zip(said, shares, strict=True)
    )
    return f"They differ: {whose[0]} says {one}, {whose[1]} {other}."
