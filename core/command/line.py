"""The command line as a whole: its verbs, how it is read, and how it ends.

Exit status: 0 done; 1 something asked for did not work; 2 the command is not understood; 130 stopped by Ctrl-C. With
--json every line printed is one JSON object. Heavy packages are imported by the verbs that need them.
"""

import argparse
import difflib
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import shtab

from core.command import files, pictures, runbook, scores, training
from core.command.output import NobodyReads, Output
from core.command.verb import Verb, argument, program
from core.errors import FittingRoomError
from core.settings import Settings, lend_home

PROJECT = Path(__file__).resolve().parents[2]
START = "start.py"
START_VERBS = {  # start.py does these itself; they are named here so that it can list and complete them
    "check": "look through the code: lint, format, types",
    "audit": "ask whether weaknesses of the packages are known",
    "test": "run the tests; --quick: without a browser and what takes long",
}
ENDS = """
exit status:
  0  done
  1  something asked for did not work; a sentence says why
  2  the command is not understood
  130  stopped by Ctrl-C

With --json every line is one JSON object, an error {"error": "..."}.
"{program} VERB --help" shows what may follow a verb, with an example.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    out = Output("--json" in words)
    try:
        return _carried_out(words, out)
    except FittingRoomError as error:
        return _failed(str(error), out)
    except KeyboardInterrupt:
        return _failed("Stopped.", out, 130)
    except NobodyReads:
        return int(out.failed)
    finally:
        out.close()


def _failed(words: str, out: Output, status: int = 1) -> int:
    try:
        out.error(words)
    except FittingRoomError:  # nor can that be written there
        print(words, file=sys.stderr)
    except NobodyReads:
        pass
    return status


def _carried_out(words: list[str], out: Output) -> int:
    try:
        asked = _read(words)
    except _NotUnderstood as refusal:
        if not out.json:
            refusal.parser.print_usage(sys.stderr)
        out.error(str(refusal) if out.json else f"{refusal.parser.prog}: error: {refusal}")
        return 2
    lend_home()
    verb: Verb = asked.verb
    return verb.function(asked, Settings.from_environment(), out)


class _NotUnderstood(Exception):
    """Words that make no command."""

    def __init__(self, parser: argparse.ArgumentParser, words: str) -> None:
        super().__init__(words)
        self.parser = parser


class _Parser(argparse.ArgumentParser):
    """A parser that leaves it to others to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse when it does not understand."""
        raise _NotUnderstood(self, message)


def _read(words: list[str]) -> argparse.Namespace:
    """What the words ask for. Raises _NotUnderstood."""
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    parser, names = _parser(program()), [verb.name for verb in VERBS]
    verb = next((word for word in words if not word.startswith("-")), None)
    if verb is not None and verb not in names:
        near = difflib.get_close_matches(verb.lower(), names, 1)
        meant = f" Did you mean “{near[0]}”?" if near else ""
        parser.error(f"There is no command “{verb}”.{meant} The commands: {', '.join(names)}.")
    return parser.parse_args(words)


def _parser(called: str) -> argparse.ArgumentParser:
    """What the command line may say; `called` is how the person calls it."""
    raw = argparse.RawDescriptionHelpFormatter
    ends = ENDS.replace("{program}", called)
    parser = _Parser(called, description="Fitting Room without a browser.", epilog=ends, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"Fitting Room {_version()}")
    commands = parser.add_subparsers(required=True, metavar="VERB")
    for verb in VERBS:
        shown = "\n".join(["examples:", *(f"  {called} {verb.name} {words}".rstrip() for words in verb.examples)])
        command = commands.add_parser(verb.name, help=verb.words, epilog=shown, formatter_class=raw)
        command.description = f"{verb.words[:1].upper()}{verb.words[1:]}."
        command.set_defaults(verb=verb)
        for each in (*verb.arguments, JSON):
            added = command.add_argument(each.name, help=each.words, **each.options)
            if each.file:
                vars(added)["complete"] = shtab.FILE  # where shtab looks for what may follow
    if called == START:
        for name, words in START_VERBS.items():
            commands.add_parser(name, help=words)
    return parser


def _version() -> str:
    """The version of Fitting Room, which only pyproject.toml keeps."""
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def complete(asked: argparse.Namespace, _settings: Settings, out: Output) -> int:
    """Print what makes a shell complete the words after start.py."""
    script = shtab.complete(_parser(START), asked.shell)
    out.say(script, {"shell": asked.shell, "script": script})
    return 0


JSON = argument("--json", "one JSON object a line", action="store_true")
SHELL = argument("shell", "the shell to complete in", choices=shtab.SUPPORTED_SHELLS)
COMPLETION = "print what makes a shell complete the words after start.py"
VERBS = (
    *scores.VERBS[:1],
    *training.VERBS,
    *scores.VERBS[1:],
    *pictures.VERBS,
    *runbook.VERBS,
    *files.VERBS,
    Verb("completion", complete, COMPLETION, ["bash > fitting-room; source fitting-room"], [SHELL]),
)
