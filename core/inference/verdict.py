"""Ten probabilities and a reading -> an answer with a verdict that admits doubt, its reason and what to do.

Depends on the networks and the reading alone: what the probabilities are worth says their calibration.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from core.inference.eye import EVENLY, Eye
from core.inference.network import Calibration, Network, Thresholds
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


class Eyes(NamedTuple):
    """What each of two eyes says of one photo: ten probabilities each, in class order."""

    network: tuple[float, ...]  # the small network, which sees 28 x 28 grey dots
    eye: tuple[float, ...]  # the second eye, which sees the photo

    @property
    def agree(self) -> bool:
        """Whether both say the same."""
        return bool(np.argmax(self.network) == np.argmax(self.eye))


@dataclass(frozen=True)
class Answer:
    """What the app says about one picture."""

    index: int
    label: str
    probabilities: tuple[float, ...]  # ten, in class order
    verdict: Verdict
    reason: str  # without a capital letter and a full stop
    tip: str
    eyes: Eyes | None = None  # what it was joined from; None when one network was asked alone

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


class _Judged(NamedTuple):
    """How far an answer can be trusted, why, and what to do."""

    verdict: Verdict
    reason: str
    tip: str


@dataclass(frozen=True)
class _Candidates:
    """The two most probable classes, the best first."""

    first: int
    second: int
    probability: float  # of the first

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "_Candidates":
        """The best two of ten."""
        first, second = (int(index) for index in np.argsort(-probabilities)[:2])
        return cls(first, second, float(probabilities[first]))

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


def answer(network: Network, reading: Reading, eye: Eye | None = None) -> Answer:
    """The network's answer to a reading, and how far it can be trusted, in plain words.

    With the second eye beside it the answer to a photo is that of both. Drawings and pictures of the data set the
    second eye cannot read, and the network answers alone.
    """
    own = network.probabilities(reading.image[None])[0]
    if eye is None or not len(reading.views):
        return _answer(own, _alone(network.calibration, reading, _Candidates.of(own)))
    seen = eye.look(reading).probabilities
    eyes = Eyes(_tuple(own), _tuple(seen))
    if reading.kind in network.calibration.thresholds:  # it was fitted together with the second eye
        joint = eye.joining.join(own, seen)
        return _answer(joint, _judged(reading, _Candidates.of(joint), eye.joining.thresholds), eyes)
    joint = EVENLY.join(own, seen)
    if eyes.agree:  # as sure as the second eye is, which has seen photos
        return _answer(joint, _judged(reading, _Candidates.of(seen), eye.alone), eyes)
    return _answer(joint, _undecided(reading, _Candidates.of(own), _Candidates.of(seen)), eyes)


def _answer(probabilities: np.ndarray, judged: _Judged, eyes: Eyes | None = None) -> Answer:
    index = int(probabilities.argmax())
    return Answer(index, NAMES[index], _tuple(probabilities), *judged, eyes)


def _tuple(probabilities: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in probabilities)


def _alone(calibration: Calibration, reading: Reading, best: _Candidates) -> _Judged:
    """What a network's answer is worth that was asked alone."""
    if reading.kind is Kind.SAMPLE:
        if best.probability >= SAMPLE_SURE:
            return _Judged(Verdict.SURE, best.certainty, "")
        return _Judged(Verdict.UNSURE, best.doubt, best.difference)
    limits = calibration.thresholds.get(reading.kind)
    if limits is None:
        never_seen = f"has never seen a {reading.kind}"
        knows = "only knows the pictures somebody brought" if calibration.uploaded else never_seen
        tip = f"Ask the network that comes with the app: it knows {LEARNED[reading.kind]} too."
        guess = _Judged(Verdict.UNSURE, f"this network {knows}, so its answer is a guess", tip)
        return _unclear(reading) or guess
    return _judged(reading, best, limits)


def _undecided(reading: Reading, own: _Candidates, seen: _Candidates) -> _Judged:
    """What the answer of two is worth that differ and were not fitted together."""
    reason = f"this network says {own.name}, the second eye {seen.name}"
    tip = f"This network has never seen a {reading.kind}. Ask the one that comes with the app beside the second eye."
    return _unclear(reading) or _Judged(Verdict.UNSURE, reason, tip)


def _judged(reading: Reading, best: _Candidates, limits: Thresholds) -> _Judged:
    """What an answer is worth whose thresholds are known."""
    if unclear := _unclear(reading):
        return unclear
    if best.probability >= limits.sure:
        if reading.remark and reading.remark in WEAKENING:
            return _Judged(Verdict.UNSURE, f"it looks like {best.name}, but {reading.remark.words}", reading.remark.tip)
        return _Judged(Verdict.SURE, best.certainty, "")
    because = f"; {reading.remark.words}" if reading.remark else ""
    if best.probability < limits.none:
        known = f"I know {', '.join(NAMES[:-1])} and {NAMES[-1]}."
        reason = f"it looks like none of the ten things I know{because}"
        return _Judged(Verdict.NONE, reason, f"{known} {_tip(reading)}")
    return _Judged(Verdict.UNSURE, f"{best.doubt}{because}", f"{best.difference} {_tip(reading)}")


def _unclear(reading: Reading) -> _Judged | None:
    """That no single garment was found; None when one was."""
    if not reading.finding:
        return None
    reason = f"I cannot find one garment in this picture: {reading.finding.words}"
    return _Judged(Verdict.UNCLEAR, reason, reading.finding.tip)


def _tip(reading: Reading) -> str:
    """What to do about a picture in which a garment was found, and is still in doubt."""
    if reading.remark:
        return reading.remark.tip
    return DRAWING_TIP if reading.kind is Kind.DRAWING else PHOTO_TIP
