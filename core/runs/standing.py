"""How a run stands, in words and figures for those who watch it, in whichever language is spoken.

Knows nothing of the store, of how it is sent or drawn.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from core.labels import people
from core.language import N_, Saying, _, ngettext, number, percent
from core.runs.schema import CURVE, GETTING_READY, Run, Status
from core.training.overfitting import curve_summary
from core.training.plan import duration

# Numbers, or None: of a batch epoch, seconds, accuracy, loss; of an epoch val_accuracy and val_loss too.
Row: TypeAlias = tuple[Any, ...]
Figure: TypeAlias = tuple[str, str, str]  # what it is called, its value, and what it is to be compared with
PHASES = (
    N_("getting ready"),
    N_("training"),
    N_("scoring on the test pictures"),
    N_("saving"),
    N_("loading the weights"),
)
NOTHING = "…"  # in place of a figure that is not known yet


@dataclass(frozen=True)
class Standing:
    """What is to be said of a run at a moment."""

    run: Run
    epochs: list[Row]
    last: Row | None = None  # its last point
    left: float | None = None  # seconds of training
    ahead: tuple[int, float] | None = None  # of one that waits: how many runs come before it, and for how long
    silent: bool = False  # its worker was not heard of for a while
    why: Saying | None = None  # why no worker can have one that waits

    def state(self) -> dict[str, Any]:
        """How the run stands, in words and figures ready to show."""
        run = self.run
        table = pd.DataFrame([row[:1] + row[2:] for row in self.epochs], columns=list(CURVE), dtype=float)
        return {
            "version": version(run),
            "ended": run.ended,
            "words": self._words(),
            "progress": None if run.ended or run.status == Status.WAITING else round(run.progress, 4),
            "figures": score(run) if run.ended else self._figures(),
            "note": curve_summary(table, run.ended),
            "seams": run.seams,
            "snapshot": int(self.epochs[-1][0] or 0) if self.epochs else None,
            "said": self._said(),
            "title": self._title(),
        }

    @property
    def _training(self) -> bool:
        return self.run.phase in ("training", "")

    @property
    def _epoch(self) -> int:
        return min(len(self.epochs) + 1, self.run.plan.epochs)

    def _words(self) -> str:
        run = self.run
        if run.ended:
            return ""
        if run.status == Status.WAITING:
            return self._queue()
        doing = _("epoch {epoch} of {epochs}").format(epoch=self._epoch, epochs=run.plan.epochs)
        if not self._training:
            doing = _(run.phase)
        if self.silent:
            words = _("{doing}: nothing heard of its worker for a while. Another one takes it up where it stood.")
            return words.format(doing=doing)
        if run.status == Status.PAUSED:
            return _("{doing}, paused").format(doing=doing)
        if run.stop_requested:
            return _("Stopping: what it learned is kept, then scored and saved.")
        if run.pause_requested:
            return _("Pausing: it keeps where it stands.")
        if run.speed and self._training:
            return _("{doing}, {count} pictures a second").format(doing=doing, count=number(round(run.speed)))
        return doing

    def _queue(self) -> str:
        if self.why:
            return _("In the queue. {why}").format(why=self.why)
        if not self.ahead:
            return _("In the queue: it is next. It starts by itself; you may close this page.")
        count, seconds = self.ahead
        return ngettext(
            "In the queue: {count} run is before it, about {time}. It starts by itself; you may close this page.",
            "In the queue: {count} runs are before it, about {time}. It starts by itself; you may close this page.",
            count,
        ).format(count=count, time=duration(seconds))

    def _figures(self) -> list[Figure]:
        """The figures of a run that has not ended: always the same ones, so that nothing moves when they come."""
        run = self.run
        accuracy = loss = None
        if self.last and None not in self.last and run.status != Status.WAITING:
            _epoch, _seconds, accuracy, loss = self.last
        return [
            (_("right answers now"), NOTHING if accuracy is None else percent(accuracy), ""),
            (_("loss"), NOTHING if loss is None else number(loss, 2), _("how far off it is")),
            (_("time left"), NOTHING if accuracy is None else self._left(), ""),
        ]

    def _left(self) -> str:
        if not self._training:
            return NOTHING if self.run.phase == GETTING_READY else _("almost done")
        return NOTHING if self.left is None else duration(self.left)

    def _said(self) -> str:
        """What is announced: that it waits, that it began, each epoch, a break, and how it ended."""
        run = self.run
        if run.ended:
            if run.status == Status.FAILED:
                return _("The training broke off.")
            if not run.scored:
                return _("The training has ended.")
            words = _("The training has ended. {share} of the test pictures are right.")
            return words.format(share=percent(run.test_accuracy or 0.0, 1))
        if run.status == Status.WAITING:
            return _("The training waits in the queue.")
        if run.status == Status.PAUSED:
            return _("The training is paused.")
        if not self.epochs:
            return _("The training has started.")
        words = _("Epoch {epoch} of {epochs} is over. {share} of the answers are right.")
        return words.format(epoch=len(self.epochs), epochs=run.plan.epochs, share=self._share(self.epochs[-1]))

    def _title(self) -> str:
        """What stands in the tab of a browser while it trains."""
        run = self.run
        if run.ended:
            return ""
        if run.status != Status.RUNNING or not self.last:
            return _("waiting") if run.status == Status.WAITING else _("paused") if run.status == Status.PAUSED else ""
        words = _("epoch {epoch} of {epochs} · {share}")
        return words.format(epoch=self._epoch, epochs=run.plan.epochs, share=self._share(self.last))

    @staticmethod
    def _share(row: Row) -> str:
        share = row[4] if len(row) > 4 and row[4] is not None else row[2]
        return NOTHING if share is None else percent(share)


def version(run: Run) -> str:
    """Changes whenever there is something else to press: whether the run waits, trains or has ended, and what was
    asked of it."""
    return f"{run.status} {run.phase == 'training'} {run.stop_requested} {run.pause_requested} {run.name}"


def score(run: Run) -> list[Figure]:
    """The figures of a run that has ended, with what others reached; none of one without a score."""
    if run.test_accuracy is None or run.test_loss is None:
        return []
    published = run.plan.row.published_accuracy
    beside = _("people: {share}").format(share=people())
    if published:
        beside = _("as published: {share}").format(share=percent(published, 1))
    if run.on_uploaded_pictures:  # those figures are for other pictures
        beside = ""
    figures = [
        (_("of the test pictures right"), percent(run.test_accuracy, 1), beside),
        (_("loss"), number(run.test_loss, 2), _("how far off it is")),
    ]
    if run.seconds is not None:
        epochs = round(run.kept_epoch or run.plan.epochs, 1)
        words = ngettext("{count} epoch", "{count} epochs", math.ceil(epochs))
        count = number(epochs, 0 if epochs == round(epochs) else 1)
        figures.append((_("time to train"), duration(run.seconds), words.format(count=count)))
    return figures
