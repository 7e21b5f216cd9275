"""Figures hold the data they were given: what a page shows is what was measured."""

import numpy as np
import pandas as pd
import pytest

from core import charts
from core.labels import COLOURS, NAMES

EPOCHS = pd.DataFrame(
    {
        "epoch": [1.0, 2.0],
        "accuracy": [0.5, 0.6],
        "loss": [2.0, 1.0],
        "val_accuracy": [0.4, 0.5],
        "val_loss": [2.1, 1.2],
    }
)


def test_the_bars_show_ten_percentages_in_class_order_and_class_colours() -> None:
    shares = np.linspace(0, 0.18, 10)
    figure = charts.bars(shares, true=3)
    bar = figure.data[0]
    assert list(bar.x) == pytest.approx(100 * shares) and bar.marker.color == COLOURS
    assert bar.y[3] == f"✓ {NAMES[3]}" and bar.y[0] == NAMES[0]
    assert bar.marker.opacity[9] == 1 and bar.marker.opacity[0] < 1


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

    def brightness(colour: str) -> float:  # relative luminance, WCAG 2
        shares = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        return float(
            np.where(shares <= 0.03928, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        )

    for ground in ("#faf7f2", "#14120f"):
        for line in lines:
            dark, light = sorted((brightness(line.line.color), brightness(ground)))
            assert (light + 0.05) / (dark + 0.05) >= 3


@pytest.mark.parametrize("as_percent", [False, True])
def test_the_matrix_shows_its_numbers_and_every_cell_can_be_clicked(as_percent: bool) -> None:
    counts = np.arange(100).reshape(10, 10)
    figure = charts.matrix(counts, as_percent)
    heat, *groups = figure.data
    numbers = {tuple(cell): text for group in groups for cell, text in zip(group.customdata, group.text, strict=True)}
    hovers = {
        tuple(cell): text for group in groups for cell, text in zip(group.customdata, group.hovertemplate, strict=True)
    }
    assert np.allclose(heat.z, 100 * counts / counts.sum(axis=1, keepdims=True))
    assert set(numbers) == {(true, predicted) for true in range(10) for predicted in range(10)}
    assert numbers[9, 9] == (f"{100 * 99 / counts[9].sum():.0f}" if as_percent else "99")
    assert numbers[0, 0] == ""
    assert "99 of 945 Ankle boot" in hovers[9, 9]


def test_the_right_answers_of_the_matrix_are_outlined_and_nothing_is_in_a_picture() -> None:
    outlines = charts.matrix(np.eye(10, dtype=int)).layout.shapes
    assert [round((shape.x0 + shape.x1) / 2) for shape in outlines] == list(range(10))
    assert all((shape.x0, shape.x1) == (shape.y0, shape.y1) for shape in outlines)


def test_the_brightness_leaves_out_the_ground_and_nothing_else() -> None:
    counts = np.arange(256) + 1_000_000 * (np.arange(256) == 0)
    bar = charts.brightness(counts).data[0]
    assert len(bar.y) == 51 and sum(bar.y) == counts[1:].sum()
    assert bar.y[0] == counts[1:6].sum() and bar.customdata[0] == "1 to 5" and bar.customdata[-1] == "251 to 255"


def test_the_map_has_a_colour_for_each_class_and_a_row_for_each_click() -> None:
    points, labels, rows = np.arange(8.0).reshape(4, 2), np.array([3, 0, 3, 9]), np.array([40, 10, 30, 20])
    figure = charts.atlas(points, labels, rows)
    assert [trace.name for trace in figure.data] == list(NAMES) and [
        trace.marker.color for trace in figure.data
    ] == list(COLOURS)
    dresses = figure.data[3]
    assert dresses.type == "scatter" and list(dresses.customdata) == [[40], [30]] and dresses.x.tolist() == [0, 4]
    assert len(figure.data[1].x) == 0
