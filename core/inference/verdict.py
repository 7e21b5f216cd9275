"""Ten probabilities and a reading -> an answer with a verdict that admits doubt, its reason and what to do.

Depends on the networks and the reading alone: what the probabilities are worth says their calibration.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from core.errors import RunError
from core.inference.eye import EVENLY, Eye
from core.inference.network import Calibration, Network, Thresholds
from core.labels import CLASSES, NAMES, names
from core.language import N_, _, percent
from core.vision.quality import PHOTO_TIP, WEAKENING, Problem
from core.vision.reading import Kind, Reading

SAMPLE_SURE = 0.7  # probability from which on an image of the data set itself is answered as sure
NEVER_SEEN = {
    Kind.PHOTO: N_("this network has never seen a photo, so its answer is a guess"),
    Kind.DRAWING: N_("this network has never seen a drawing, so its answer is a guess"),
}
ASK_ANOTHER = {
    Kind.PHOTO: N_("Ask the network that comes with the app: it has seen photos, too."),
    Kind.DRAWING: N_("Ask the network that comes with the app: it has seen drawings, too."),
}
DRAWING_TIP = N_("Draw the outline large, with a thick brush, and close it all the way round.")
BROKEN = N_("This network is broken: what it answers are not numbers. Choose another one, or train it again.")


class Verdict(StrEnum):
    """How far an answer can be trusted."""

    SURE = "sure"
    UNSURE = "unsure"
    NONE = "none"  # of the ten classes
    UNCLEAR = "unclear"  # no single garment in the picture


NEITHER = N_("none of the ten")


@dataclass(frozen=True)
class Eyes:
    """What each of two eyes says of one photo: ten probabilities each, in class order, and that in words."""

    network: tuple[float, ...]  # the small network, which sees 28 x 28 grey dots
    eye: tuple[float, ...]  # the second eye, which sees the photo
    said: tuple[str, str]  # one of NAMES, or NEITHER: by the one, by the other; in English, to be said with `_`

    @property
    def agree(self) -> bool:
        """Whether both say the same."""
        return self.said[0] == self.said[1]


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
        """What the picture shows, in a word of the reader's language."""
        return _("Something else") if self.verdict is Verdict.NONE else names()[self.index]

    @property
    def called(self) -> str:
        """Its name, with a question mark when it is in doubt."""
        return self.name if self.verdict in (Verdict.SURE, Verdict.NONE) else _("{name}?").format(name=self.name)

    @property
    def percent(self) -> str:
        """The probability of its label, such as “93 %”."""
        return percent(self.probabilities[self.index])

    @property
    def sentence(self) -> str:
        """The reason as a sentence."""
        return _("{sentence}.").format(sentence=f"{self.reason[:1].upper()}{self.reason[1:]}")


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
        return names()[self.first]

    @property
    def certainty(self) -> str:
        return _("{percent} for {garment}").format(percent=percent(self.probability), garment=self.name)

    @property
    def doubt(self) -> str:
        return _("it could be {garment} or {other}").format(garment=self.name, other=names()[self.second])

    def doubt_because(self, problem: Problem | None) -> str:
        """The doubt, and what is wrong with the picture, if something is."""
        if not problem:
            return self.doubt
        words = _("it could be {garment} or {other}; {problem}")
        return words.format(garment=self.name, other=names()[self.second], problem=problem.words)

    @property
    def difference(self) -> str:
        """How to tell the one from the other."""
        return _described(self.first, self.second)


def _described(*indices: int) -> str:
    """What classes look like, in a sentence each."""
    words = _("{garment}: {description}.")
    return " ".join(
        words.format(garment=names()[index], description=_(CLASSES[index].description)) for index in indices
    )


def answer(network: Network, reading: Reading, eye: Eye | None = None) -> Answer:
    """The network's answer to a reading, and how far it can be trusted, in plain words.

    With the second eye beside it the answer to a photo is that of both. Drawings and pictures of the data set the
    second eye cannot read, and the network answers alone. Raises RunError when the network is broken.
    """
    own = network.probabilities(reading.image[None])[0]
    if not np.isfinite(own).all():
        raise RunError(BROKEN)
    if eye is None or not len(reading.views):
        return _answer(own, _alone(network.calibration, reading, _Candidates.of(own)))
    seen = eye.look(reading).probabilities
    limits = network.calibration.thresholds.get(reading.kind)
    eyes = Eyes(_tuple(own), _tuple(seen), (_said(own, limits), _said(seen, eye.alone)))
    joint = (eye.joining if limits else EVENLY).join(own, seen)
    best, both = _Candidates.of(joint), (int(own.argmax()), int(seen.argmax()))
    if best.first not in both or not (limits or eyes.agree):
        return _answer(joint, _undecided(reading, eyes, both, best), eyes)
    if limits:  # it was fitted together with the second eye
        return _answer(joint, _judged(reading, best, eye.joining.thresholds), eyes)
    # as sure as the second eye is, which has seen photos
    return _answer(joint, _judged(reading, best, eye.alone, float(seen.max())), eyes)


def _said(probabilities: np.ndarray, limits: Thresholds | None) -> str:
    """What a network says that is asked alone."""
    index = int(probabilities.argmax())
    return NEITHER if limits and probabilities[index] < limits.none else NAMES[index]


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
        only = _("this network knows only the pictures somebody brought, so its answer is a guess")
        reason = only if calibration.uploaded else _(NEVER_SEEN[reading.kind])
        return _unclear(reading) or _Judged(Verdict.UNSURE, reason, _(ASK_ANOTHER[reading.kind]))
    return _judged(reading, best, limits)


def _undecided(reading: Reading, eyes: Eyes, both: tuple[int, int], joint: _Candidates) -> _Judged:
    """What the answer of two is worth that say different things; `both` are their best classes."""
    said = {"one": _(eyes.said[0]), "other": _(eyes.said[1])}
    reason = _("the network says {one}, the second eye {other}").format(**said)
    if joint.first not in both:
        words = _("the network says {one}, the second eye {other}; what both find possible is {garment}")
        reason = words.format(**said, garment=joint.name)
    tip = _described(*dict.fromkeys(both))
    return _unclear(reading) or _Judged(Verdict.UNSURE, reason, f"{tip} {_tip(reading)}")


def _judged(reading: Reading, best: _Candidates, limits: Thresholds, probability: float | None = None) -> _Judged:
    """What an answer is worth whose thresholds are known; they are those of a `probability`, if not of the best's."""
    if unclear := _unclear(reading):
        return unclear
    probability = best.probability if probability is None else probability
    if probability >= limits.sure:
        if reading.remark and reading.remark in WEAKENING:
            words = _("it looks like {garment}, but {problem}")
            reason = words.format(garment=best.name, problem=reading.remark.words)
            return _Judged(Verdict.UNSURE, reason, reading.remark.tip)
        return _Judged(Verdict.SURE, best.certainty, "")
    if probability < limits.none:
        known = _("I know {garments}.").format(garments=", ".join(names()))
        reason = _("it looks like none of the ten things I know")
        if reading.remark:
            words = _("it looks like none of the ten things I know; {problem}")
            reason = words.format(problem=reading.remark.words)
        return _Judged(Verdict.NONE, reason, f"{known} {_tip(reading)}")
    return _Judged(Verdict.UNSURE, best.doubt_because(reading.remark), f"{best.difference} {_tip(reading)}")


def _unclear(reading: Reading) -> _Judged | None:
    """That no single garment was found; None when one was."""
    if not reading.finding:
        return None
    words = _("I cannot find one garment in this picture: {problem}")
    return _Judged(Verdict.UNCLEAR, words.format(problem=reading.finding.words), reading.finding.tip)


def _tip(reading: Reading) -> str:
    """What to do about a picture in which a garment was found, and is still in doubt."""
    if reading.remark:
        return reading.remark.tip
    return _(DRAWING_TIP if reading.kind is Kind.DRAWING else PHOTO_TIP)
