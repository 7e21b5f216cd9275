"""How many people the app bears: a class watches a run while others browse, upload and draw; a hundred tabs idle.

    python -m benchmarks.load                       the whole: about seven minutes on two cores
    python -m benchmarks.load --only watch          some scenarios
    python -m benchmarks.load --minutes 30          whether memory stays flat: watched and used for so long
    python -m benchmarks.load --until-it-breaks     30, 60, 120 … watchers until a target is missed
    python -m benchmarks.load --readme              also writes docs/results.md and README.md

Clients speak Streamlit's own protocol over WebSockets from one process of their own, on the same machine. Server time
of an interaction: from the message that asks until the one that the script has ended. Beside it, in the same run, a
plain app as tutorials write it (benchmarks/peer_app.py), where nobody can watch the run of another: one person trains.
"""

import argparse
import io
import os
import statistics
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from PIL import Image

from benchmarks import crowd
from benchmarks.results import markdown_table, write
from benchmarks.served import EPOCHS, Reading, Server, app, plain_app, training
from benchmarks.stages import Stage, beside, come, percentile, slope
from core.data import sources
from core.data.dataset import Dataset
from core.errors import FittingRoomError
from core.settings import Settings
from core.training.plan import Plan
from models.catalogue import RECIPES

WATCHERS, BUSY, IDLE = 30, 30, 100
SECONDS = 60.0
STEP = 20.0  # seconds of a stage of --until-it-breaks
FORGOTTEN = 130.0  # seconds until Streamlit has let go of a session whose tab was closed (it keeps it for 120)
PHOTOS, PHOTO_SIDE = 8, 1200  # px
MOST_WATCHERS = 960
MOST_MS, FEWEST_REFRESHES, MOST_BEHIND, MOST_CORE, MOST_SLOWER = 500, 1.0, 2.0, 0.5, 0.20
MB_BEFORE, MB_AFTER, MB_ALL = 250, 400, 1000
MB_FLAT = 20  # that memory which is called flat may grow by
FLAT_MINUTES = 30


@dataclass
class Measured:
    """What was found out. Memory in megabytes of the server."""

    stages: dict[str, Stage] = field(default_factory=dict)
    fresh: Reading | None = None  # nobody has come yet
    # with the code of the pages loaded, but the idle tabs not yet opened; and after those were closed and forgotten
    before_idle: float = 0.0
    closed: float | None = None


def scenario(server: Server, data: Dataset, given: argparse.Namespace, measured: Measured) -> None:
    """A class watches a run; then others browse, upload and draw beside it; then a hundred tabs stand open."""
    plan = Plan.of(given.recipe, epochs=EPOCHS, examples=min(given.examples, len(data.train_labels)))
    everybody = crowd.Plan(server.address, photos=some_photos(data))
    alone, both = (replace(everybody, watchers=WATCHERS, seconds=seconds) for seconds in (SECONDS / 2, SECONDS))
    both = replace(both, busy=BUSY, seconds=60 * given.minutes if given.minutes else SECONDS)
    measured.fresh = server.read()
    if {"watch", "use"} & set(given.only):
        with training(server, plan, data) as trained:
            if "watch" in given.only:
                keep(measured, beside("watch", server, trained, alone))
            if "use" in given.only:
                keep(measured, beside("use", server, trained, both))
    if "idle" in given.only:
        with training(server, plan, data) as trained:
            come("visitors", server, replace(everybody, run_id=trained.run_id, watchers=1, busy=1, seconds=5.0))
            measured.before_idle = server.resident()
            keep(measured, beside("idle", server, trained, replace(everybody, watchers=IDLE, seconds=SECONDS / 2)))
        threading.Event().wait(FORGOTTEN)
        come("visitors", server, replace(everybody, busy=1, seconds=5.0))  # Streamlit forgets when it is next asked
        measured.closed = server.resident()


def plain(data: Dataset, measured: Measured) -> None:
    """The plain app: one person trains in it, the others use it."""
    with plain_app(data) as server:
        visitors = crowd.Plan(server.address, watchers=1, busy=BUSY, seconds=SECONDS / 2, plain=True)
        keep(measured, come("plain", server, replace(visitors, photos=some_photos(data))))


def keep(measured: Measured, stage: Stage) -> None:
    """Note a stage and print it."""
    measured.stages[stage.name] = stage
    print(f"\n{TITLES[stage.name]} (clients took {stage.found.cpu_seconds / stage.seconds:.0%} of a core)")
    for name, value in zip(HEADER[1:], row(stage)[1:], strict=True):
        print(f"  {name}: {value}")
    kinds: dict[str, list[float]] = {}
    for kind, seconds in stage.found.interactions:
        kinds.setdefault(kind, []).append(1000 * seconds)
    for kind, times in sorted(kinds.items()):
        print(
            f"    {kind}: {len(times)}, median {statistics.median(times):.0f} ms, 95 % {percentile(times, 0.95):.0f} ms"
        )
    for error, count in Counter(stage.found.errors).most_common(5):
        print(f"    error, {count} times: {error}", flush=True)


def some_photos(data: Dataset) -> tuple[tuple[str, bytes], ...]:
    """Photos to show: of the folder of people's pictures where there is one, else enlarged pictures of the data."""
    folder = os.environ.get("FITTING_ROOM_PICTURES", "")
    found = sorted(Path(folder, "photos", "check").rglob("*.jpg")) if folder else []
    if found:
        return tuple((path.name, path.read_bytes()) for path in found[:: max(len(found) // PHOTOS, 1)][:PHOTOS])
    photos = []
    for index in range(PHOTOS):
        file = io.BytesIO()
        Image.fromarray(255 - data.test_images[index]).resize((PHOTO_SIDE, PHOTO_SIDE)).save(file, "JPEG")
        photos.append((f"photo-{index}.jpg", file.getvalue()))
    return tuple(photos)


TITLES = {
    "watch": f"{WATCHERS} watch",
    "use": f"{WATCHERS} watch, {BUSY} browse, upload and draw",
    "idle": f"{IDLE} idle on a live run",
    "plain": f"plain app: 1 trains, {BUSY} use it",
}
HEADER = (
    "scenario",
    "interactions",
    "median, ms",
    "95 %, ms",
    "page opened, s",
    "refreshes a second",
    "behind, s",
    "server, cores",
    "training slower",
    "server, MB",
    "errors",
)


def row(stage: Stage) -> list[str]:
    """The cells of a stage, in the order of HEADER."""
    times, opened = stage.milliseconds, [seen.opened for seen in stage.found.watched if seen.opened is not None]
    watched = bool(stage.found.watched)
    return [
        TITLES[stage.name],
        f"{len(times):,}",
        f"{percentile(times, 0.5):.0f}" if times else "",
        f"{percentile(times, 0.95):.0f}" if times else "",
        f"{percentile(opened, 0.95):.1f}" if opened else "",
        f"{stage.refreshes():.1f}" if watched else "",
        f"{stage.behind():.1f}" if watched else "",
        f"{stage.core:.2f}",
        f"{stage.slower:.0%}" if stage.alone else "",
        f"{stage.begin.server:.0f} to {stage.end.server:.0f}",
        f"{len(stage.found.errors)}",
    ]


def verdicts(measured: Measured, minutes: float) -> list[tuple[str, str, str]]:
    """A row a target: what was aimed at, what came out, and whether that meets it."""
    rows: list[tuple[str, str, str]] = []

    def judge(target: str, measure: str, met: bool) -> None:
        rows.append((target, measure, "met" if met else "missed"))

    ours = [stage for name, stage in measured.stages.items() if name != "plain"]
    if ours:
        errors = sum(len(stage.found.errors) for stage in ours)
        judge("no error", f"{errors} errors", errors == 0)
    if use := measured.stages.get("use"):
        late = percentile(use.milliseconds, 0.95)
        judge(f"95 % of interactions under {MOST_MS} ms", f"{late:.0f} ms", late < MOST_MS)
        judge(f"training at most {MOST_SLOWER:.0%} slower", f"{use.slower:.0%}", use.slower <= MOST_SLOWER)
    for stage in (stage for stage in ours if stage.name in ("watch", "use")):
        name, seen, late = TITLES[stage.name], stage.refreshes(), stage.behind()
        words = f"{seen:.1f} for the worst, of {stage.written():.1f} written"
        judge(f"a refresh a second for each ({name})", words, seen >= FEWEST_REFRESHES)
        judge(f"curve at most {MOST_BEHIND:.0f} s behind ({name})", f"{late:.1f} s", late <= MOST_BEHIND)
    if watch := measured.stages.get("watch"):
        judge(f"server at most half a core ({TITLES['watch']})", f"{watch.core:.2f}", watch.core <= MOST_CORE)
    if measured.fresh:
        judge(
            f"server {MB_BEFORE} MB before use", f"{measured.fresh.server:.0f} MB", measured.fresh.server <= MB_BEFORE
        )
    if use:
        judge(f"server {MB_AFTER} MB after use", f"{use.end.server:.0f} MB", use.end.server <= MB_AFTER)
        most = max((stage.end for stage in ours), key=lambda reading: reading.everything)
        words = f"{most.everything:.0f} MB, of which {most.everything - most.written:.0f} are code"
        judge(f"{MB_ALL} MB in all, worker included", words, most.everything <= MB_ALL)
        if minutes >= FLAT_MINUTES:
            grown = minutes * slope(use)
            words = f"{slope(use):+.2f} MB a minute, {grown:+.0f} MB in {minutes:.0f} minutes"
            judge(f"memory flat over {FLAT_MINUTES} minutes", words, grown <= MB_FLAT)
    if measured.closed is not None:
        idle = measured.stages["idle"]
        sizes = measured.before_idle, idle.end.server, measured.closed
        words = "{:.0f} MB before {} tabs, {:.0f} MB with them, {:.0f} MB after".format(sizes[0], IDLE, *sizes[1:])
        judge("a closed tab gives its memory back", words, sizes[2] <= sizes[0] + MB_FLAT)
    return rows


def until_it_breaks(server: Server, data: Dataset, given: argparse.Namespace) -> str:
    """Twice as many watchers again and again until a target is missed; gives that in a sentence."""
    plan = Plan.of(given.recipe, epochs=EPOCHS, examples=min(given.examples, len(data.train_labels)))
    count = WATCHERS
    with training(server, plan, data) as trained:
        while count <= MOST_WATCHERS:
            visitors = crowd.Plan(server.address, watchers=count, seconds=STEP)
            stage = beside("watch", server, trained, visitors)
            missed = {
                f"{len(stage.found.errors)} errors, such as {stage.found.errors[:1]}": bool(stage.found.errors),
                f"the slowest curve moves {stage.refreshes():.1f} times a second": stage.refreshes() < FEWEST_REFRESHES,
                f"a curve is {stage.behind():.1f} s behind": stage.behind() > MOST_BEHIND,
                f"the training is {stage.slower:.0%} slower": stage.slower > MOST_SLOWER,
            }
            first = [words for words, is_missed in missed.items() if is_missed]
            print(
                f"{count} watch: {stage.core:.2f} cores, {stage.end.server:.0f} MB; {', '.join(first) or 'all met'}",
                flush=True,
            )
            if first:
                words = f"{'; '.join(first)}. The server takes {stage.core:.2f} of a core"
                return f"With {count} watchers a target is missed: {words}."
            count *= 2
    return f"With {count // 2} watchers no target is missed; more were not tried."


def write_tables(measured: Measured, minutes: float) -> None:
    """Put the scenarios and the targets into docs/results.md, and the heaviest scenario into README.md."""
    rows = [row(stage) for stage in measured.stages.values()]
    write("load", markdown_table(HEADER, rows))
    write("load-goals", markdown_table(("target", "measured", ""), verdicts(measured, minutes)))
    use = measured.stages["use"]
    times, late = use.milliseconds, percentile(use.milliseconds, 0.95)
    words = (
        f"{TITLES['use'].capitalize()} while a network trains: 95 % of {len(times):,} interactions took the server at"
        f" most {late:.0f} ms; every curve moved at least {use.refreshes():.1f} times a second and was never more than"
        f" {use.behind():.1f} s behind; the training was {use.slower:.0%} slower; the server had"
        f" {use.end.server:.0f} MB; errors: {len(use.found.errors)}."
    )
    write("load-short", words)


def command_line() -> argparse.ArgumentParser:
    """What the command can be asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=TITLES, default=list(TITLES), metavar="SCENARIO", help=", ".join(TITLES)
    )
    parser.add_argument("--minutes", type=float, default=0, help="how long the run is watched and the app used")
    parser.add_argument(
        "--recipe", choices=RECIPES, default="new-abcd", metavar="RECIPE", help="what trains (default: %(default)s)"
    )
    parser.add_argument("--examples", type=int, default=20_000, help="pictures it learns from (default: %(default)s)")
    parser.add_argument(
        "--until-it-breaks", action="store_true", help="only double the watchers until a target is missed"
    )
    parser.add_argument("--readme", action="store_true", help="write the tables into docs/results.md and README.md")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, judge, and write where asked."""
    parser = command_line()
    given = parser.parse_args(arguments)
    if given.readme and set(given.only) != set(TITLES):
        parser.error("--readme needs all scenarios")
    try:
        data = sources.load(Settings.from_environment())
        load = f"{psutil.cpu_count()} cores; load before it began: {psutil.getloadavg()[0]:.1f}"
        print(f"{data.title}; {load}; {given.recipe} trains", flush=True)
        if given.until_it_breaks:
            with app() as server:
                breaking = until_it_breaks(server, data, given)
            print(breaking)
            if given.readme:
                write("load-breaks", breaking)
            return
        measured = Measured()
        if set(given.only) - {"plain"}:
            with app() as server:
                scenario(server, data, given, measured)
        if "plain" in given.only:
            plain(data, measured)
        print()
        for target, measure, verdict in verdicts(measured, given.minutes):
            print(f"{verdict:6}  {target}: {measure}")
        if given.readme:
            write_tables(measured, given.minutes)
    except KeyboardInterrupt:
        print("\nStopped.")
    except FittingRoomError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
