"""Figures hold the data they were given: what a page shows is what was measured."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core import charts
from core.labels import COLOURS, NAMES, names
from core.language import using

LOOKS = Path(__file__).resolve().parents[2] / "pages/shared/looks/base.css"

EPOCHS = pd.DataFrame(
    {
        "epoch": [1.0, 2.0],
        "accuracy": [0.5, 0.6],
        "loss": [2.0, 1.0],
        "val_accuracy": [0.4, 0.5],
        "val_loss": [2.1, 1.2],
    }
)


@pytest.mark.parametrize(("measure", "factor"), [("accuracy", 100), ("loss", 1)])
def test_curves_laid_over_each_other_keep_their_numbers_and_say_what_they_were_taken_on(
    measure: str, factor: int
) -> None:
    alone = EPOCHS.assign(val_accuracy=np.nan, val_loss=np.nan)
    figure = charts.overlay({"<b>One</b>": EPOCHS, "Two": alone}, measure)
    one, two = figure.data
    assert list(one.y) == pytest.approx([factor * value for value in EPOCHS[f"val_{measure}"]])
    assert list(two.y) == pytest.approx([factor * value for value in EPOCHS[measure]])
    assert (one.name, two.name) == ("&lt;b&gt;One&lt;/b&gt; (validation)", "Two (training)")


def test_curves_laid_over_each_other_are_told_apart_without_colours_and_seen_on_both_grounds() -> None:
    lines = charts.overlay({name: EPOCHS for name in "abcd"}, "loss").data
    assert len({line.line.dash for line in lines}) == len({line.marker.symbol for line in lines}) == len(lines) == 4

    for ground in ("#faf7f2", "#14120f"):
        for line in lines:
            assert contrast(line.line.color, ground) >= 3


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, as WCAG 2 has it."""

    def brightness(colour: str) -> float:
        shares = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        linear = np.where(shares <= 0.03928, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)


def figures() -> list[go.Figure]:
    """One of each kind."""
    points, labels = np.arange(20.0).reshape(10, 2), np.arange(10)
    return [
        charts.overlay({"One": EPOCHS}, "loss"),
        charts.brightness(np.ones(256)),
        charts.atlas(points, labels, labels),
    ]


def test_the_words_in_charts_are_read_in_both_themes() -> None:
    style = LOOKS.read_text(encoding="utf-8")
    assert ".stPlotlyChart svg text:not(.hovertext text) { fill: var(--soft) !important; }" in style
    light, dark = re.search(r"--soft: light-dark\((#\w{6}), (#\w{6})\)", style).groups()
    assert contrast(light, "#faf7f2") >= 4.5 and contrast(dark, "#14120f") >= 4.5
    for figure in figures():
        layout = figure.layout
        axes = [axis for axis in (layout.xaxis, layout.yaxis) if axis.visible is not False]
        sizes = [layout.font.size, layout.legend.font.size, layout.hoverlabel.font.size]
        assert min(sizes + [axis.tickfont.size for axis in axes] + [axis.title.font.size for axis in axes]) >= 12


def test_charts_speak_the_readers_language() -> None:
    with using("zh_Hans"):
        assert [trace.name for trace in figures()[2].data] == list(names()) != list(NAMES)


def test_the_brightness_leaves_out_the_ground_and_nothing_else() -> None:
    counts = np.arange(256) + 1_000_000 * (np.arange(256) == 0)
    bar = charts.brightness(counts).data[0]
    assert len(bar.y) == 51 and sum(bar.y) == counts[1:].sum()
    assert (
        bar.y[0] == counts[1:6].sum()
        and bar.hovertext[0].startswith("1 to 5: ")
        and bar.hovertext[-1].startswith("251 to 255: ")
    )


def test_the_map_has_a_colour_for_each_class_and_a_row_for_each_click() -> None:
    points, labels, rows = np.arange(8.0).reshape(4, 2), np.array([3, 0, 3, 9]), np.array([40, 10, 30, 20])
    figure = charts.atlas(points, labels, rows)
    assert [trace.name for trace in figure.data] == list(NAMES) and [
        trace.marker.color for trace in figure.data
    ] == list(COLOURS)
    dresses = figure.data[3]
    assert dresses.type == "scatter" and list(dresses.customdata) == [[40], [30]] and dresses.x.tolist() == [0, 4]
    assert len(figure.data[1].x) == 0
