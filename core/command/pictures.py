"""`predict`: which garment each picture shows."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from core.command.output import Output
from core.command.reading import PICTURES as ENDINGS
from core.command.reading import STANDARD_INPUT, pictures_in, read_file
from core.command.runbook import find
from core.command.verb import Verb, argument
from core.errors import FittingRoomError, RunError
from core.settings import Settings

if TYPE_CHECKING:
    from core.inference.eye import Eye
    from core.inference.network import Network
    from core.inference.verdict import Answer


def predict(asked: argparse.Namespace, settings: Settings, out: Output) -> int:
    """Answer each picture as soon as it is read; one that cannot be is named, and the others go on."""
    from core.quiet import quiet
    from core.runs.results import eye_beside

    beside = asked.eye == "on" if asked.eye else eye_beside(asked.model)
    with quiet():
        asking = Asking(_network(asked.model, settings), beside, settings, out)
        failed = [file for file, problem in pictures_in(asked.files) if not asking.answered(file, problem)]
    return int(bool(failed))


def _network(name: str, settings: Settings) -> Network:
    from core.inference.network import shipped
    from core.runs.results import SHIPPED, network
    from core.runs.store import open_store

    if name == SHIPPED:
        return shipped()
    with closing(open_store(settings.store_url)) as store:
        return network(find(name, store).id, store)


class Asking:
    """A network that is asked about one picture after the other, and the second eye beside it."""

    def __init__(self, network: Network, beside: bool, settings: Settings, out: Output) -> None:
        self.network, self.beside, self.out = network, beside, out
        self.most_mb = settings.max_upload_mb
        self.eye: Eye | None = None

    def answered(self, file: str, problem: FittingRoomError | None) -> bool:
        """Say what a picture shows, or the problem with it; whether it was answered."""
        from core.inference.verdict import answer
        from core.vision.reading import read_photo

        called = "standard input" if file == STANDARD_INPUT else file
        began = time.perf_counter()
        try:
            if problem:
                raise problem
            reading = read_photo(read_file(file, self.most_mb), self.most_mb * 1_000_000)
        except FittingRoomError as error:
            if self.out.json:
                self.out.error(str(error), file=file)
            else:
                self.out.error(f"{called}: {error}")
            return False
        spent = time.perf_counter() - began
        if (
            self.beside and not self.eye and len(reading.views)
        ):  # loaded when a photo needs it; its time counts for none
            self._load_eye()
        began = time.perf_counter()
        reply = answer(self.network, reading, self.eye)
        milliseconds = 1000 * (spent + time.perf_counter() - began)
        self.out.say(
            f"{called}: {in_words(reply)}", {"file": file, **_row(reply), "milliseconds": round(milliseconds, 2)}
        )
        return True

    def _load_eye(self) -> None:
        from core.inference.explanation import WITHOUT_EYE
        from core.inference.eye import second_eye

        try:
            self.eye = second_eye()
        except RunError:
            self.beside = False
            self.out.warn(WITHOUT_EYE)


def in_words(reply: Answer) -> str:
    """An answer in one line: what it shows, how sure that is, and why it is in doubt."""
    from core.inference.verdict import Verdict

    if reply.verdict is Verdict.SURE:
        return f"{reply.label}, {reply.percent}, {reply.verdict}"
    if reply.verdict is Verdict.NONE:
        return f"none of the ten. {reply.sentence}"
    return f"{reply.label}?, {reply.percent}, {reply.verdict}. {reply.sentence}"


def _row(reply: Answer) -> dict[str, Any]:
    figures = {"label": reply.label, "index": reply.index, "probabilities": list(reply.probabilities)}
    words = {"verdict": reply.verdict, "reason": reply.reason, "tip": reply.tip}
    eyes = {"network": reply.eyes.network, "eye": reply.eyes.eye} if reply.eyes else None
    return {**figures, **words, "eyes": eyes}


FILES = argument(
    "files",
    f"pictures, folders (of each all that end in {', '.join(ENDINGS)}, also in folders below), patterns such as"
    ' "photos/*.jpg" or "photos/**/*.png", or - for the standard input',
    file=True,
    nargs="+",
    metavar="FILE",
)
MODEL = argument("--model", "run id, name, the beginning of either, or “shipped” (the default)", default="shipped")
EYE = argument(
    "--eye",
    "whether the second eye looks at photos too (default: on beside “shipped”, off beside others)",
    choices=("on", "off"),
)
EXAMPLES = ("photo.jpg", "photos/", '"photos/**/*.jpg" --model Mine --json', "- < photo.jpg")
VERBS = (Verb("predict", predict, "say which garment each picture shows", EXAMPLES, [FILES, MODEL, EYE]),)
