"""Plotly figures: data in, figure out. Backgrounds are transparent; the colour of their words is the page's affair.

The same class has the same colour in every figure. Knows nothing of pages or runs.
"""

import html
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.labels import COLOURS, names
from core.language import _, number

# One look a curve where several are compared: from Okabe and Ito's palette for the colour-blind, seen on light and dark
# ground alike.
COMPARED = (
    ("#d55e00", "solid", "circle"),
    ("#3a86c8", "dash", "square"),
    ("#009e73", "dot", "diamond"),
    ("#c26aa0", "dashdot", "cross"),
)
TYPE = 14  # px of all words
GRID = "rgba(128,128,128,.15)"


def _quiet(figure: go.Figure, height: int, **layout: object) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        dragmode=False,
        font={"size": TYPE},
        legend={"font": {"size": TYPE}, "orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"font": {"size": TYPE}},
        **layout,
    )
    words = {"tickfont": {"size": TYPE}, "title": {"font": {"size": TYPE}}, "fixedrange": True}
    figure.update_xaxes(**words)
    figure.update_yaxes(**words)
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
            name=(_("{name} (validation)") if held_back else _("{name} (training)")).format(name=html.escape(name)),
            line={"color": colour, "dash": dash, "width": 3},
            marker={"symbol": symbol, "size": 9},
        )
    _quiet(figure, height, hovermode="x unified")
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text=_("epochs"), showgrid=False, rangemode="tozero")
    title = _("right answers, %") if measure == "accuracy" else _("loss")
    figure.update_yaxes(title_text=title, gridcolor=GRID, automargin=True)
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
            hovertext=[
                _("{first} to {last}: {count} dots").format(first=value, last=value + 4, count=number(int(dots)))
                for value, dots in zip(first, steps, strict=True)
            ],
            hoverinfo="text",
        )
    )
    _quiet(figure, height, bargap=0)
    figure.update_xaxes(
        title_text=_("value of a dot: dark to bright"), range=[0, 262], tickvals=[1, 50, 100, 150, 200, 255]
    )
    figure.update_yaxes(title_text=_("dots"), gridcolor=GRID, automargin=True)
    return figure


def atlas(points: np.ndarray, labels: np.ndarray, rows: np.ndarray, height: int = 560) -> go.Figure:
    """A map of pictures: points (n, 2) in the colours of their classes, each with its row as customdata for a click."""
    figure = go.Figure()
    for index, name in enumerate(names()):
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
            hovertemplate=_("{name}, picture {index}").format(name=html.escape(name), index="%{customdata[0]}")
            + "<extra></extra>",
        )
    _quiet(figure, height, uirevision="keep")
    figure.update_layout(showlegend=True, legend_itemsizing="constant")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
