"""Why a network answered as it did: which parts of a picture mattered, whether two networks agree. And what the
pictures nearest to one are called.

Knows nothing of pages, files or where a picture comes from.
"""

from collections import Counter

import cv2
import numpy as np

from core.inference.network import Network
from core.inference.verdict import Answer
from core.labels import NAMES

PATCH, STEP = 7, 3  # px, side of the blank patch, and how far it moves on
LEAST = 0.02  # a drop of the probability below this is not worth a colour
WARM = np.array([255, 122, 43], np.float32)  # colour of what mattered
SCALE = 12  # each pixel of the image becomes so many


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
    smooth = cv2.resize(np.maximum(mattered, 0).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    most = float(mattered.max())
    weight = (
        np.where(grey > 0, np.clip(smooth / max(most, LEAST), 0, 1)[..., None], 0)
        if most >= LEAST
        else np.zeros_like(grey)
    )
    return (grey * (1 - 0.75 * weight) * 0.85 + WARM * 0.75 * weight).round().astype(np.uint8)


def in_words(mattered: np.ndarray, label: str) -> str:
    """What a map of `occlusion` says, in a sentence."""
    most = float(mattered.max())
    if most < LEAST:
        return f"No single part decides: whichever part is covered, the answer stays {label}."
    row, column = (int(position) for position in np.unravel_index(mattered.argmax(), mattered.shape))
    across = ("left", "middle", "right")[column * 3 // mattered.shape[1]]
    down = ("top", "middle", "bottom")[row * 3 // mattered.shape[0]]
    where = " ".join(dict.fromkeys(word for word in (down, across) if word != "middle")) or "middle"
    return (
        f"What counts most is the {where}: with that covered, the bar of {label} falls by about {100 * most:.0f} points"
        " of 100."
    )


def neighbours_in_words(label: int, labels: np.ndarray, answered: bool) -> str:
    """What the pictures nearest to one are called, labels (n,), beside its own `label`: its answer, or its true one."""
    counts = Counter(int(neighbour) for neighbour in labels)
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
    """In words: whether two networks give one picture the same name."""
    one, other = titles
    if first.index == second.index:
        return f"Both say {first.label}: {one} with {first.percent}, {other} with {second.percent}."
    return f"They differ: {one} says {first.label} ({first.percent}), {other} says {second.label} ({second.percent})."
