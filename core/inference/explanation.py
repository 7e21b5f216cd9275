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
from core.labels import NAMES, names
from core.language import N_, _, ngettext, number, percent

PATCH, STEP = 7, 3  # px, side of the blank patch, and how far it moves on
LEAST = 0.02  # a drop of the probability below this is not worth a colour
WARM = np.array([255, 122, 43], np.float32)  # colour of what mattered
SCALE = 12  # each pixel of the image becomes so many
WITHOUT_EYE = N_("A file of the second eye is missing or damaged, so the network answers alone. Install the app again.")
WHERE = (  # a place, by thirds: from top to bottom, from left to right
    (N_("top left"), N_("top"), N_("top right")),
    (N_("left"), N_("middle"), N_("right")),
    (N_("bottom left"), N_("bottom"), N_("bottom right")),
)


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
    for place, patch in enumerate(patches, start=1):
        covered[place][patch] = 0
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
    """What a map of `occlusion` says of a class, one of NAMES, in a sentence."""
    most = float(mattered.max())
    if most < LEAST:
        words = _("No single part decides: whichever part is covered, the answer stays {garment}.")
        return words.format(garment=_(label))
    words = _(
        "What counts most is the {place}: with that covered, the bar of {garment} falls by about {points} points"
        " of 100."
    )
    return words.format(place=_where(mattered), garment=_(label), points=number(100 * most))


def evidence_in_words(evidence: np.ndarray, label: str) -> str:
    """What the second eye's `evidence` (7, 7) for a class, one of NAMES, says, in a sentence."""
    if float(evidence.max()) <= 0:
        return _("No place of the photo speaks for {garment}.").format(garment=_(label))
    words = _("What speaks most for {garment} is the {place} of the photo.")
    return words.format(garment=_(label), place=_where(evidence))


def _where(places: np.ndarray) -> str:
    """In which third of a map its highest place lies, such as “top left”."""
    row, column = (int(position) for position in np.unravel_index(places.argmax(), places.shape))
    return _(WHERE[int(3 * (row + 0.5) / places.shape[0])][int(3 * (column + 0.5) / places.shape[1])])


def neighbours_in_words(label: int | None, labels: np.ndarray, answered: bool) -> str:
    """What the pictures nearest to one are called, labels (n,), beside its own `label`: its answer, or its true one;
    None when the answer is none of the ten."""
    called, counts = names(), Counter(int(neighbour) for neighbour in labels)
    if label is None:
        return _("They are called {garments}.").format(garments=_counted(counts))
    same = counts.pop(label, 0)
    fields = {"garment": called[label], "count": number(len(labels)), "same": number(same), "others": _counted(counts)}
    if not counts:
        if answered:
            return _("All {count} are called {garment}, as the answer is.").format(**fields)
        return _("All {count} are called {garment} too.").format(**fields)
    if same and answered:
        words = ngettext(
            "{same} of {count} is called {garment}, as the answer is. The others: {others}.",
            "{same} of {count} are called {garment}, as the answer is. The others: {others}.",
            same,
        )
        return words.format(**fields)
    if same:
        words = ngettext(
            "{same} of {count} is called {garment} too. The others: {others}. They look alike, and yet people gave"
            " them other names.",
            "{same} of {count} are called {garment} too. The others: {others}. They look alike, and yet people gave"
            " them other names.",
            same,
        )
        return words.format(**fields)
    if answered:
        words = _("None of the {count} is called {garment}: {others}. That is a reason to doubt the answer.")
        return words.format(**fields)
    words = _(
        "None of the {count} is called {garment}: {others}. They look alike, and yet people gave them other names."
    )
    return words.format(**fields)


def _counted(counts: Counter[int]) -> str:
    """Classes and how many there are of each, the most frequent first."""
    words = _("{garment} ({count})")
    each = (words.format(garment=names()[index], count=number(count)) for index, count in counts.most_common())
    return ", ".join(each)


def compared(first: Answer, second: Answer, titles: tuple[str, str]) -> str:
    """In words: whether two networks, each asked alone, say the same of one picture."""
    one, other = (NEITHER if each.verdict is Verdict.NONE else NAMES[each.index] for each in (first, second))
    return _compared((one, other), (first.probabilities, second.probabilities), titles)


def eyes_compared(eyes: Eyes, whose: str) -> str:
    """In words: whether both eyes say the same of one photo; `whose` is what the small network is called."""
    return _compared(eyes.said, (eyes.network, eyes.eye), (whose, _("the second eye")))


def said_alone(said: str, shares: Sequence[float]) -> str:
    """What one eye says, as a headline, such as “Dress 61 %”; without a figure where that is none of the ten."""
    if said == NEITHER:
        return _("None of the ten")
    return _("{garment} {percent}").format(garment=_(said), percent=percent(max(shares)))


def _compared(said: tuple[str, str], shares: tuple[Sequence[float], Sequence[float]], whose: tuple[str, str]) -> str:
    if said[0] == said[1]:
        return _("Both say {answer}.").format(answer=_(said[0]))
    one, other = (
        _(words) if words == NEITHER else _("{garment} ({percent})").format(garment=_(words), percent=percent(max(ten)))
        for words, ten in zip(said, shares, strict=True)
    )
    words = _("They differ: {one} says {answer}, {other} {other_answer}.")
    return words.format(one=whose[0], answer=one, other=whose[1], other_answer=other)
