"""How training grows with the cores it may use, beside a plain `fit` on as many: a section of `benchmarks.training`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psutil

from benchmarks.keras_script import plain
from benchmarks.results import markdown_table, write
from benchmarks.timing import in_new_process, print_row
from core.data import sources
from core.settings import Settings
from core.training.plan import Plan

if TYPE_CHECKING:
    from benchmarks.training import Findings, Setup

SLOW = 10_000  # pictures a second; recipes that do fewer have convolutions
ROUNDS = 2  # of which the quicker counts
ON_PAPER = 8  # cores
HEADER = ("recipe", "cores", "app, s", "plain `fit`, s", "ratio", "app, not shared", "`fit`, not shared")


def trained(plan: Plan, cores: int) -> float:
    """Seconds of training in the app's own loop on so many cores. For a process of its own."""
    from core.training.backend import use_cores
    from core.training.loop import train

    use_cores(cores)
    data = sources.load(Settings.from_environment())
    train(replace(plan, epochs=1, examples=1_000), data)  # the first pays for TensorFlow's own beginnings
    return train(plan, data).seconds


def counts(cores: int) -> list[int]:
    """1, 2, 4 and so on, up to all cores."""
    return sorted({*(2**power for power in range(cores.bit_length())), cores})


def share_alone(alone: float, together: float, cores: int) -> float:
    """The share of the work, 0 to 1, that more cores do not make shorter, from the seconds on one core and on several
    (Amdahl's law)."""
    return min(1.0, max(0.0, (cores * together / alone - 1) / (cores - 1)))


def on_paper(alone: float, share: float, cores: int) -> float:
    """Seconds on so many cores by the same law."""
    return alone * (share + (1 - share) / cores)


def threads(setup: Setup, findings: Findings) -> None:
    """The recipes with convolutions on 1, 2, ... cores, in the app and in a plain `fit`, in turn; and on paper on 8"""
    print_row("seconds", "cores", "app trains", "plain fit", "ratio", "not shared", "fit, not sh.")
    measured = counts(psutil.cpu_count() or 1)
    for plan in setup.plans:
        if plan.row.images_per_second < SLOW:
            ours, fit = ({cores: float("inf") for cores in measured} for _ in range(2))
            for _ in range(ROUNDS):
                for cores in measured:
                    ours[cores] = min(ours[cores], in_new_process(trained, plan, cores))
                    fit[cores] = min(fit[cores], in_new_process(plain, plan, cores)[0])
            for row in _rows(ours, fit):
                print_row(plan.recipe, *row)
                findings.threads.append((f"`{plan.recipe}`", *(_cell(value) for value in row)))
    print("Not shared: the share of the work on one core that further cores did not make shorter (Amdahl's law).")


def write_table(findings: Findings) -> None:
    """Put what `threads` found into docs/results.md."""
    write("threads", markdown_table(HEADER, findings.threads))


def _rows(ours: dict[int, float], fit: dict[int, float]) -> list[tuple[object, ...]]:
    """The cells of one recipe beside its name, from seconds by number of cores; last what more cores would take."""
    rows: list[tuple[object, ...]] = [(cores, ours[cores], fit[cores], ours[cores] / fit[cores]) for cores in ours]
    most = max(ours)
    if 1 < most < ON_PAPER:
        shares = [share_alone(seconds[1], seconds[most], most) for seconds in (ours, fit)]
        app, keras = (on_paper(seconds[1], share, ON_PAPER) for seconds, share in zip((ours, fit), shares, strict=True))
        rows.append((f"{ON_PAPER}, on paper", app, keras, app / keras, *(f"{share:.0%}" for share in shares)))
    return [row + ("",) * (len(HEADER) - 1 - len(row)) for row in rows]


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
