"""The data set in use, and what a person must know about it: that it was not found, or is not the one they named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.command.output import Output
from core.command.verb import program
from core.settings import Settings

if TYPE_CHECKING:
    from core.data.dataset import Dataset

DRAWN = (
    "The data set Fashion-MNIST was not found, so these are clothes drawn by program, and scores mean little.\n"
    "Get the real ones (31 MB): {program} download"
)


def clothes_in_use(settings: Settings, out: Output) -> Dataset:
    """The data set; whoever reads is told when it is not the one they may think."""
    from core.runs.runner import dataset_in_use

    data = dataset_in_use(settings)
    if words := remark(data):
        out.note(words)
    return data


def remark(data: Dataset) -> str:
    """What to know about a data set; "" when it is the real one."""
    words = [str(data.problem)] if data.problem else []
    if not data.real:
        words.append(DRAWN.format(program=program()))
    elif data.problem:
        words.append(f"Used instead: {data.title}")
    if data.read_as:
        words.append(str(data.read_as))
    return "\n".join(words)


def described(data: Dataset) -> dict[str, Any]:
    """The same for a program."""
    return {"title": data.title, "source": data.source, "drawn": not data.real, "note": remark(data)}
