"""How a training or a download is followed: bars on a terminal, plain lines elsewhere, rows with --json.

Knows nothing of plans, stores and networks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.command.output import Output, plain
from core.language import number, percent

if TYPE_CHECKING:
    from rich.console import Console

    from core.training.progress import Point


class Followed:
    """A training as plain lines: what is done now, and each epoch when it has ended."""

    def __init__(self, out: Output) -> None:
        self.out = out
        self.run = ""  # its id, once there is one

    def phase(self, words: str) -> None:
        """Something else is done from now on, in words such as "TensorFlow starts"."""
        self.out.say(f"{words} ...", {"event": "phase", "phase": words})

    def epochs(self, run: str, count: int) -> None:
        """The training itself begins, of a run with so many epochs."""
        self.run = run

    def point(self, point: Point) -> None:
        """The next point of its curve."""
        figures = asdict(point)
        self.out.row({"event": figures.pop("kind"), "run": self.run, **figures})
        if point.kind == "epoch":
            self.out.words(epoch_in_words(point))


class Bars(Followed):
    """The same on a terminal: a line that moves, and a bar that fills once an epoch."""

    def __init__(self, out: Output, console: Console) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        super().__init__(out)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        self.bars = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self.task = self.bars.add_task("", total=None, figures="")
        self.count = 0

    def phase(self, words: str) -> None:
        """A bar that only shows that something is done."""
        self.bars.reset(self.task, total=None, description=words, figures="")

    def epochs(self, run: str, count: int) -> None:
        """Begin the first epoch."""
        super().epochs(run, count)
        self.count = count
        self._begin(1)

    def point(self, point: Point) -> None:
        """Fill the bar of this epoch; when it is full, leave its line and begin the next."""
        if point.kind == "epoch":
            self.bars.console.print(plain(epoch_in_words(point)), markup=False, highlight=False)
            if point.progress < 1:
                self._begin(round(point.epoch) + 1)
            else:
                self.phase("Scoring on the test pictures, and saving")
        else:
            figures = plain(f"{percent(point.accuracy, 1)} right, {number(point.speed)} pictures/s")
            self.bars.update(self.task, completed=point.epoch % 1 or 1, figures=figures)

    def _begin(self, epoch: int) -> None:
        self.bars.reset(self.task, total=1, description=f"epoch {epoch} of {self.count}", figures="")


def epoch_in_words(point: Point) -> str:
    """What a whole epoch brought."""
    held_back = "" if point.val_accuracy is None else f", on held-back pictures {percent(point.val_accuracy, 1)}"
    return f"epoch {point.epoch:.0f}: {percent(point.accuracy, 1)} right, loss {point.loss:.4f}{held_back}"


@contextmanager
def training_followed(out: Output) -> Iterator[Followed]:
    """Follow a training in these lines, from the first moment."""
    if out.json or not sys.stdout.isatty():
        yield Followed(out)
        return
    from rich.console import Console

    bars = Bars(out, Console())
    with bars.bars:
        yield bars


@contextmanager
def bytes_followed(out: Output) -> Iterator[Callable[[int, int], None]]:
    """Follow a download: give what is told the bytes done and the bytes in all."""
    if out.json:
        yield lambda done, total: out.row({"event": "progress", "done": done, "total": total})
        return
    if not sys.stdout.isatty():
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, transient=True) as bars:
        task = bars.add_task("Fashion-MNIST", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
