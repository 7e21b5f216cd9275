"""Ten probabilities and a reading -> an answer with a verdict that admits doubt, its reason and what to do."""

from dataclasses import dataclass

import numpy as np

from core.inference.network import Network, shipped_card
from core.labels import CLASSES, NAMES
from core.vision import quality
from core.vision.reading import Reading

SAMPLE_SURE = 0.7  # probability above which an image of the data set itself is answered as sure
KINDS = {"photo": "a photo", "drawing": "a drawing"}
LEARNED = {"photo": "photos", "drawing": "sketches"}


@dataclass(frozen=True)
class Answer:
    """What the app says about one picture."""

    index: int
    label: str
    probabilities: tuple[float, ...]  # ten, in class order
    verdict: str  # "sure", "unsure", "none" (of the ten) or "unclear" (no single garment in the picture)
    reason: str
    tip: str

    @property
    def name(self) -> str:
        """What the picture shows, in a word."""
        return "Something else" if self.verdict == "none" else self.label

    @property
    def called(self) -> str:
        """Its name, with a question mark when it is in doubt."""
        return self.name if self.verdict in ("sure", "none") else f"{self.name}?"


def answer(network: Network, reading: Reading) -> Answer:
    """The network's answer to a reading, and how far it can be trusted, in plain words."""
    probabilities = network.probabilities(reading.image[None])[0]
    first, second = (int(index) for index in np.argsort(-probabilities)[:2])
    verdict, reason, tip = _verdict(network, reading, probabilities, first, second)
    return Answer(first, NAMES[first], tuple(float(value) for value in probabilities), verdict, reason, tip)


def _verdict(
    network: Network, reading: Reading, probabilities: np.ndarray, first: int, second: int
) -> tuple[str, str, str]:
    best = float(probabilities[first])
    between = f"it could be {NAMES[first]} or {NAMES[second]}"
    difference = f"{NAMES[first]}: {CLASSES[first].description}. {NAMES[second]}: {CLASSES[second].description}."
    if reading.kind == "sample":
        if best >= SAMPLE_SURE:
            return "sure", f"{best:.0%} for {NAMES[first]}", ""
        return "unsure", between, difference
    if reading.finding is not None:
        return "unclear", f"I cannot find one garment in this picture: {reading.finding}", _tip(reading)
    if not network.saw_photos:
        seen = (
            "only knows the pictures somebody brought" if network.brought else f"has never seen {KINDS[reading.kind]}"
        )
        return (
            "unsure",
            f"this network {seen}, so its answer is a guess",
            f"Ask the network that comes with the app: it knows {LEARNED[reading.kind]} too.",
        )
    limits = shipped_card()["thresholds"][reading.kind]
    trouble = quality.EVERY.get(reading.remark)
    if best >= limits["sure"]:
        if trouble in quality.WEAKENING:
            return "unsure", f"it looks like {NAMES[first]}, but {trouble.words}", trouble.tip
        return "sure", f"{best:.0%} for {NAMES[first]}", ""
    because = f"; {trouble.words}" if trouble else ""
    if best < limits["none"]:
        known = f"I know {', '.join(NAMES[:-1])} and {NAMES[-1]}."
        return "none", f"it looks like none of the ten things I know{because}", f"{known} {_tip(reading)}"
    return "unsure", f"{between}{because}", f"{difference} {_tip(reading)}"


def _tip(reading: Reading) -> str:
    trouble = quality.EVERY.get(reading.finding or reading.remark)
    if trouble:
        return trouble.tip
    if reading.kind == "drawing":
        return "Draw the outline large, with a thick brush, and close it all the way round."
    return quality.PLAIN
