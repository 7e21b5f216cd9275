"""Plotly figures: data in, figure out. Backgrounds are transparent and text colours are left to the page's theme.

The same class has the same colour in every figure. Knows nothing of pages or runs.
"""

import html
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.labels import COLOURS, NAMES

SECOND = "#0d9488"
RIM = "rgba(243,238,230,.55)"  # around what would be lost on dark ground; not seen on light
# One look a curve where several are compared: from Okabe and Ito's palette for the colour-blind, seen on light and dark
# ground alike.
COMPARED = (
    ("#d55e00", "solid", "circle"),
    ("#3a86c8", "dash", "square"),
    ("#009e73", "dot", "diamond"),
    ("#c26aa0", "dashdot", "cross"),
)
SCALE = [
    [0, "rgba(194,65,12,0)"],
    [0.02, "rgba(194,65,12,.12)"],
    [0.3, "rgba(194,65,12,.45)"],
    [1, "rgba(194,65,12,.95)"],
]
SHORT_NAMES = tuple(name.split("/")[0] for name in NAMES)


def _quiet(figure: go.Figure, height: int, **layout: object) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        dragmode=False,
        **layout,
    )
    return figure


def bars(probabilities: np.ndarray, true: int | None = None, height: int = 320) -> go.Figure:
    """Ten horizontal bars of probability (ten floats, 0 to 1), class order from the top; the top one strong, the true
    one ticked."""
    top = int(np.argmax(probabilities))
    names = [f"✓ {name}" if index == true else name for index, name in enumerate(NAMES)]
    figure = go.Figure(
        go.Bar(
            x=[100 * float(value) for value in probabilities],
            y=names,
            orientation="h",
            marker={
                "color": COLOURS,
                "opacity": [1 if index == top else 0.45 for index in range(10)],
                "line": {"color": RIM, "width": 1},
            },
            text=[f"{100 * value:.0f} %" if value >= 0.005 else "" for value in probabilities],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        )
    )
    _quiet(figure, height, bargap=0.28)
    figure.update_xaxes(range=[0, 124], visible=False, fixedrange=True)  # room for "100 %" on a phone
    figure.update_yaxes(autorange="reversed", fixedrange=True, ticks="", showgrid=False)
    return figure


def overlay(curves: Mapping[str, pd.DataFrame], measure: str, height: int = 300) -> go.Figure:
    """One measure ("accuracy" or "loss") of up to four runs after each epoch, by their names; tables as the `epochs` of
    `curves`.

    Each is taken on its validation pictures where it has some, else on its training pictures, and the legend says
    which.
    """
    figure = go.Figure()
    for (name, epochs), (colour, dash, symbol) in zip(curves.items(), COMPARED, strict=False):
        held_back = bool(epochs[f"val_{measure}"].notna().any())
        figure.add_scatter(
            x=epochs["epoch"],
            y=epochs[f"val_{measure}" if held_back else measure] * (100 if measure == "accuracy" else 1),
            mode="lines+markers",
            name=f"{html.escape(name)} ({'validation' if held_back else 'training'})",
            line={"color": colour, "dash": dash, "width": 3},
            marker={"symbol": symbol, "size": 9},
        )
    _quiet(figure, height, hovermode="x unified")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    figure.update_xaxes(title="epochs", fixedrange=True, showgrid=False, rangemode="tozero")
    figure.update_yaxes(
        title="right answers, %" if measure == "accuracy" else "loss",
        fixedrange=True,
        gridcolor="rgba(128,128,128,.15)",
        automargin=True,
    )
    return figure


def matrix(counts: np.ndarray, as_percent: bool = False, height: int = 560) -> go.Figure:
    """The confusion matrix (10, 10): rows true, columns predicted.

    Numbers and clicks belong to an invisible marker on every cell, with customdata (true, predicted): Streamlit reports
    no click on a heat map, and text of its own would not follow the page's theme.
    """
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=SHORT_NAMES,
            y=SHORT_NAMES,
            colorscale=SCALE,
            zmin=0,
            zmax=100,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    cells = [(true, predicted) for true in range(10) for predicted in range(10)]
    strong = [cell for cell in cells if share[cell] >= 40]
    pale = [cell for cell in cells if share[cell] < 40]
    for group, look in (
        (strong, {"color": "#fff", "weight": 600}),
        (pale, {}),
    ):  # pale cells: the theme's own text colour
        shown = [f"{share[cell]:.0f}" if as_percent else f"{counts[cell]}" for cell in group]
        figure.add_scatter(
            x=[SHORT_NAMES[predicted] for _, predicted in group],
            y=[SHORT_NAMES[true] for true, _ in group],
            mode="markers+text",
            text=["" if number == "0" else number for number in shown],
            marker={"symbol": "square", "size": 34, "color": "rgba(0,0,0,0)"},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            customdata=group,
            hovertemplate=[
                f"{counts[cell]} of {counts[cell[0]].sum()} {NAMES[cell[0]]} pictures<br>were answered"
                f" “{NAMES[cell[1]]}”<extra></extra>"
                for cell in group
            ],
            textfont={"size": 11, **look},
        )
    outline = {"type": "rect", "line": {"color": SECOND, "width": 2}}
    corners = [(index - 0.47, index + 0.47) for index in range(10)]
    diagonal = [outline | {"x0": low, "x1": high, "y0": low, "y1": high} for low, high in corners]
    _quiet(figure, height, shapes=diagonal)
    labels = {"fixedrange": True, "showgrid": False, "ticks": "", "tickfont": {"size": 12}}
    figure.update_xaxes(title="the answer →", side="top", tickangle=-55, range=[-0.5, 9.5], **labels)
    figure.update_yaxes(range=[9.5, -0.5], **labels)
    return figure


def brightness(counts: np.ndarray, height: int = 260) -> go.Figure:
    """How many dots have each value, counts (256,), in steps of five; 0, the ground, is left out: its bar would dwarf
    all others."""
    steps = counts[1:].reshape(-1, 5).sum(axis=1)
    first = range(1, 256, 5)
    shades = [f"rgb({value},{value},{value})" for value in range(3, 256, 5)]
    figure = go.Figure(
        go.Bar(
            x=[value + 2 for value in first],
            y=steps,
            width=5,
            marker={"color": shades, "line": {"color": "rgba(128,128,128,.6)", "width": 1}},
            customdata=[f"{value} to {value + 4}" for value in first],
            hovertemplate="value %{customdata}<br>%{y:,} dots<extra></extra>",
        )
    )
    _quiet(figure, height, bargap=0)
    figure.update_xaxes(
        title="value of a dot: dark to bright", range=[0, 262], tickvals=[1, 50, 100, 150, 200, 255], fixedrange=True
    )
    figure.update_yaxes(title="dots", fixedrange=True, gridcolor="rgba(128,128,128,.15)", automargin=True)
    return figure


def atlas(points: np.ndarray, labels: np.ndarray, rows: np.ndarray, height: int = 560) -> go.Figure:
    """A map of pictures: points (n, 2) in the colours of their classes, each with its row as customdata for a click."""
    figure = go.Figure()
    for index, name in enumerate(NAMES):
        here = labels == index
        figure.add_scatter(  # as SVG: WebGL would have to compile code, which our pages allow no script
            x=points[here, 0],
            y=points[here, 1],
            customdata=rows[here]
            .reshape(-1, 1)
            .tolist(),  # of an array, a click would report an object in place of a list
            mode="markers",
            name=name,
            marker={
                "color": COLOURS[index],
                "size": 7,
                "opacity": 0.9,
                "line": {"color": "rgba(255,255,255,.45)", "width": 0.6},
            },
            unselected={"marker": {"opacity": 0.55}},
            selected={"marker": {"opacity": 1, "size": 14}},
            hovertemplate=f"{name}, picture %{{customdata[0]}}<extra></extra>",
        )
    _quiet(figure, height, uirevision="keep")
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant"}
    )
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    return figure
