"""Why a network answered as it did: which parts of a picture mattered, what the pictures nearest to it are called,
whether two agree.

Knows nothing of pages, files or where a picture comes from.
"""

from collections import Counter

import cv2
import numpy as np

from core.inference.network import Network
from core.inference.verdict import Answer
from core.labels import NAMES

PATCH, STEP = 7, 3  # dots: side of the blank patch, and how far it moves on
LEAST = 0.02  # a drop of the probability below this is not worth a colour
WARM = np.array([255, 122, 43], np.float32)  # colour of what mattered
SCALE = 12  # each dot of the picture becomes so many pixels


def occlusion(network: Network, image: np.ndarray) -> np.ndarray:
    """How much each dot of an image (28, 28) uint8 mattered for its answer, (28, 28) float32.

    A blank patch slides over the image; a dot's value is how far the answer's probability falls, on average, where the
    patch covers it; 0 where nothing is. Below 0: covering it makes the answer surer. All images are answered in one
    batch.
    """
    side = len(image)
    starts = range(1 - STEP, side, STEP)
    places = [(slice(max(y, 0), y + PATCH), slice(max(x, 0), x + PATCH)) for y in starts for x in starts]
    places = [place for place in places if image[place].any()]  # where nothing is, covering changes nothing
    covered = np.repeat(image[None], len(places) + 1, axis=0)
    for number, place in enumerate(places, start=1):
        covered[number][place] = 0
    probabilities = network.probabilities(covered)
    index = int(probabilities[0].argmax())
    fall, times = np.zeros(image.shape, np.float32), np.zeros(image.shape, np.float32)
    for place, probability in zip(places, probabilities[1:, index], strict=True):
        fall[place] += probabilities[0, index] - probability
        times[place] += 1
    return np.where(image > 0, fall / np.maximum(times, 1), np.float32(0))


def overlay(image: np.ndarray, mattered: np.ndarray) -> np.ndarray:
    """An image (28, 28) uint8, enlarged with hard dots, with what `mattered` (28, 28) in a warm colour: (336, 336, 3)
    uint8."""
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
    row, column = (int(place) for place in np.unravel_index(mattered.argmax(), mattered.shape))
    across = ("left", "middle", "right")[column * 3 // mattered.shape[1]]
    down = ("top", "middle", "bottom")[row * 3 // mattered.shape[0]]
    where = " ".join(dict.fromkeys(word for word in (down, across) if word != "middle")) or "middle"
    return (
        f"What counts most is the {where}: with that covered, the bar of {label} falls by about {100 * most:.0f} points"
        " of 100."
    )


def alike(label: int, labels: np.ndarray) -> str:
    """In words: what the training pictures nearest to one that was answered `label` are called, labels (n,)."""
    counted = Counter(int(other) for other in labels)
    same = counted.pop(label, 0)
    others = ", ".join(f"{count} {NAMES[other]}" for other, count in counted.most_common())
    if not others:
        return f"All {len(labels)} are called {NAMES[label]}, as the answer is."
    if not same:
        return f"None of them is called {NAMES[label]}; they are {others}. That is a reason to doubt the answer."
    return (
        f"{same} of {len(labels)} {'is' if same == 1 else 'are'} called {NAMES[label]}, as the answer is; the others:"
        f" {others}."
    )


def compared(first: Answer, second: Answer, titles: tuple[str, str]) -> str:
    """In words: whether two networks give one picture the same name."""
    one, other = (f"{max(reply.probabilities):.0%}" for reply in (first, second))
    if first.index == second.index:
        return f"Both say {first.label}: {titles[0]} with {one}, {titles[1]} with {other}."
    return f"They differ: {titles[0]} says {first.label} ({one}), {titles[1]} says {second.label} ({other})."
