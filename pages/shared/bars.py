"""Ten probabilities as bars: the most likely class on top and coloured, the others quiet. Plain HTML, for a bar chart
library is a megabyte.

Knows nothing of where they come from.
"""

import html

import numpy as np

from core.labels import COLOURS, names
from core.language import _, percent


def bars(probabilities: np.ndarray, true: int | None = None, most: int = 10) -> str:
    """HTML of the bars of ten probabilities (floats, 0 to 1), of the `most` likely ones; the `true` one is ticked."""
    called = names()
    order = np.argsort(-probabilities, kind="stable")[:most]
    rows = "".join(
        f'<div class="{"top" if place == 0 else ""}" style="--share:{float(probabilities[index]):.4f};'
        f'--class:{COLOURS[index]}"><dt>{"✓ " * bool(index == true)}{html.escape(called[index])}</dt>'
        f"<dd><i></i><b>{percent(float(probabilities[index]))}</b></dd></div>"
        for place, index in enumerate(order)
    )
    label = html.escape(_("How likely each class is, the most likely first"), quote=True)
    return f'<dl class="bars" aria-label="{label}">{rows}</dl>'
