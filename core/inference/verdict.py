"""Ten probabilities and a reading -> an answer with a verdict that admits doubt, its reason and what to do.

Depends on the network and the reading alone: what the probabilities are worth says the network's calibration.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.inference.network import Calibration, Network
from core.labels import CLASSES, NAMES
from core.vision.quality import PHOTO_TIP, WEAKENING
from core.vision.reading import Kind, Reading

SAMPLE_SURE = 0.7  # probability from which on an image of the data set itself is answered as sure
LEARNED = {Kind.PHOTO: "photos", Kind.DRAWING: "sketches"}
DRAWING_TIP = "Draw the outline large, with a thick brush, and close it all the way round."


class Verdict(StrEnum):
    """How far an answer can be trusted."""

    SURE = "sure"
    UNSURE = "unsure"
    NONE = "none"  # of the ten classes
    UNCLEAR = "unclear"  # no single garment in the picture


@dataclass(frozen=True)
class Answer:
    """What the app says about one picture."""

    index: int
    label: str
    probabilities: tuple[float, ...]  # ten, in class order
    verdict: Verdict
    reason: str  # without a capital letter and a full stop
    tip: str

    @property
    def name(self) -> str:
        """What the picture shows, in a word."""
        return "Something else" if self.verdict is Verdict.NONE else self.label

    @property
    def called(self) -> str:
        """Its name, with a question mark when it is in doubt."""
        return self.name if self.verdict in (Verdict.SURE, Verdict.NONE) else f"{self.name}?"

    @property
    def percent(self) -> str:
        """The probability of its label, such as “93%”."""
        return f"{self.probabilities[self.index]:.0%}"

    @property
    def sentence(self) -> str:
        """The reason as a sentence."""
        return f"{self.reason[:1].upper()}{self.reason[1:]}."


@dataclass(frozen=True)
class _Candidates:
    """The two most probable classes, the best first."""

    first: int
    second: int
    probability: float  # of the first

    @property
    def name(self) -> str:
        return NAMES[self.first]

    @property
    def certainty(self) -> str:
        return f"{self.probability:.0%} for {self.name}"

    @property
    def doubt(self) -> str:
        return f"it could be {self.name} or {NAMES[self.second]}"

    @property
    def difference(self) -> str:
        """How to tell the one from the other."""
        return " ".join(f"{NAMES[index]}: {CLASSES[index].description}." for index in (self.first, self.second))


def answer(network: Network, reading: Reading) -> Answer:
    """The network's answer to a reading, and how far it can be trusted, in plain words."""
    probabilities = network.probabilities(reading.image[None])[0]
    first, second = (int(index) for index in np.argsort(-probabilities)[:2])
    candidates = _Candidates(first, second, float(probabilities[first]))
    verdict, reason, tip = _judge(network.calibration, reading, candidates)
    return Answer(first, NAMES[first], tuple(float(value) for value in probabilities), verdict, reason, tip)


def _judge(calibration: Calibration, reading: Reading, best: _Candidates) -> tuple[Verdict, str, str]:
    """Verdict, reason and tip."""
    if reading.kind is Kind.SAMPLE:
        if best.probability >= SAMPLE_SURE:
            return Verdict.SURE, best.certainty, ""
        return Verdict.UNSURE, best.doubt, best.difference
    if reading.finding:
        reason = f"I cannot find one garment in this picture: {reading.finding.words}"
        return Verdict.UNCLEAR, reason, reading.finding.tip
    limits = calibration.thresholds.get(reading.kind)
    if limits is None:
        never_seen = f"has never seen a {reading.kind}"
        knows = "only knows the pictures somebody brought" if calibration.uploaded else never_seen
        tip = f"Ask the network that comes with the app: it knows {LEARNED[reading.kind]} too."
        return Verdict.UNSURE, f"this network {knows}, so its answer is a guess", tip
    if best.probability >= limits.sure:
        if reading.remark and reading.remark in WEAKENING:
            return Verdict.UNSURE, f"it looks like {best.name}, but {reading.remark.words}", reading.remark.tip
        return Verdict.SURE, best.certainty, ""
    because = f"; {reading.remark.words}" if reading.remark else ""
    if best.probability < limits.none:
        known = f"I know {', '.join(NAMES[:-1])} and {NAMES[-1]}."
        return Verdict.NONE, f"it looks like none of the ten things I know{because}", f"{known} {_tip(reading)}"
    return Verdict.UNSURE, f"{best.doubt}{because}", f"{best.difference} {_tip(reading)}"


def _tip(reading: Reading) -> str:
    """What to do about a picture in which a garment was found, and is still in doubt."""
    if reading.remark:
        return reading.remark.tip
    return DRAWING_TIP if reading.kind is Kind.DRAWING else PHOTO_TIP
