"""A verb of the command line, what may follow it, and what several verbs share. Knows nothing of what they do."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.command.output import Output
from core.settings import Settings

Function: TypeAlias = Callable[[argparse.Namespace, Settings, Output], int]  # what a verb does; gives the exit status
LAYERS = '[["convolution", 32, 3, 1], ["pooling", 2], ["dense", 64]]'


@dataclass(frozen=True)
class Argument:
    """What may follow a verb, as argparse takes it."""

    name: str
    words: str
    options: dict[str, Any] = field(default_factory=dict)
    file: bool = False  # whether a shell should complete it with the names of files


@dataclass(frozen=True)
class Verb:
    """One thing that can be done, its arguments in the order of its help, and examples of what to type after it."""

    name: str
    function: Function
    words: str
    examples: Sequence[str]
    arguments: Sequence[Argument] = ()


def argument(name: str, words: str, file: bool = False, **options: Any) -> Argument:
    """An argument with what argparse should do with it."""
    return Argument(name, words, options, file)


def program() -> str:
    """How a person calls the command line."""
    return os.environ.get("FITTING_ROOM_PROGRAM", "python -m core")


NAME = argument("--name", "what the run is called", default="")
VARIANT = argument("--variant", "one of the recipe's variants, for instance with its oddity switched off", default="")
OWN_LAYERS = argument("--layers", f"of own-network, for instance '{LAYERS}'", default="")
ONE_RUN = argument("run", "run id, name, or the beginning of either", metavar="RUN")
SCORED_RUN = argument("run", "run id, name, the beginning of either, or “shipped”", metavar="RUN")
