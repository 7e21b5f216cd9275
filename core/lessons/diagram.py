"""Drawings of networks as SVG: data in, text out. White ink on nothing; a page gives it the colour of its text.

Knows nothing of pages or runs.
"""

import html
import math
from collections.abc import Sequence

from core.language import _, number

LOOKS = (
    "text{fill:#fff;font:600 20px system-ui,sans-serif;text-anchor:middle}"
    "text.left{text-anchor:start}text.quiet{font-weight:400}"
    "line,path{stroke:#fff;fill:none}.thin{stroke-width:.7;opacity:.35}.dot{fill:none;stroke:#fff;stroke-width:2}"
    ".full{fill:#fff;fill-opacity:.22;stroke:#fff;stroke-width:2.5}.against{stroke-dasharray:5 5}"
    ".sheet{fill:#fff;fill-opacity:.14;stroke:#fff;stroke-width:1.5}"
)
SHEETS = 6  # at most so many sheets are drawn for a stack of pictures


def layer(shape: Sequence[int]) -> str:
    """One layer's output: a stack of sheets for (height, width, channels), a column for (numbers,) as tall as their
    logarithm."""
    if len(shape) == 1:
        tall = 12 * math.log2(shape[0] + 1)
        return _svg(34, tall + 4, f'<rect x="10" y="2" width="14" height="{tall:.0f}" rx="7" class="full"/>')
    side = 18 + 3 * shape[0]
    count = min(SHEETS, max(1, round(shape[2] ** 0.5 / 1.5)))
    spread = 6 * (count - 1)
    sheets = "".join(
        f'<rect x="{2 + 6 * index}" y="{2 + spread - 6 * index}" width="{side}" height="{side}" rx="5" class="sheet"/>'
        for index in reversed(range(count))
    )
    return _svg(side + spread + 4, side + spread + 4, sheets)


def neuron(inputs: Sequence[float], weights: Sequence[float], bias: float) -> str:
    """One neuron at work: inputs times weights, summed with the bias, negative made 0.

    Thicker lines are larger weights.
    """
    total = sum(value * weight for value, weight in zip(inputs, weights, strict=True)) + bias
    gap = 76
    middle = 30 + gap * (len(inputs) - 1) / 2
    parts = []
    for index, (value, weight) in enumerate(zip(inputs, weights, strict=True)):
        y = 30 + gap * index
        sign = "for" if weight >= 0 else "against"
        parts.append(
            f'<line x1="58" y1="{y}" x2="222" y2="{middle}" stroke-width="{1 + 3 * abs(weight):.1f}" class="{sign}"/>'
        )
        parts.append(f'<circle cx="32" cy="{y}" r="26" class="dot"/>{_text(32, y + 7, f"{value:g}")}')
        parts.append(_text(118, y + (middle - y) * 0.38 - 10, f"× {weight:g}"))
    parts.append(f'<circle cx="250" cy="{middle}" r="30" class="full"/>{_text(250, middle + 7, _short(total))}')
    parts.append(_text(250, middle + 58, _("sum + {bias}").format(bias=f"{bias:g}")))
    parts.append(f'<line x1="280" y1="{middle}" x2="330" y2="{middle}" stroke-width="2"/>')
    parts.append(f'<path d="M338 {middle + 16}h22l18 -32" stroke-width="3"/>{_text(358, middle + 58, "ReLU")}')
    parts.append(f'<line x1="386" y1="{middle}" x2="418" y2="{middle}" stroke-width="2"/>')
    parts.append(f'<circle cx="448" cy="{middle}" r="30" class="dot"/>{_text(448, middle + 7, _short(max(total, 0)))}')
    return _svg(480, 30 + gap * (len(inputs) - 1) + 32, "".join(parts))


def network(names: Sequence[str], hidden: int, inputs: int = 784) -> str:
    """A network of three columns: inputs, hidden neurons and outputs with their names; every neuron is joined to every
    one before it."""
    height = 27 * len(names)
    columns = [
        (58, 8, _("{count} pixels").format(count=number(inputs))),
        (200, 6, _("{count} neurons").format(count=number(hidden))),
        (336, len(names), _("{count} answers").format(count=number(len(names)))),
    ]
    spots = [[(x, (index + 0.5) * height / count) for index in range(count)] for x, count, _words in columns]
    lines = "".join(
        f'<line x1="{x1}" y1="{y1:.0f}" x2="{x2}" y2="{y2:.0f}" class="thin"/>'
        for before, after in zip(spots, spots[1:], strict=False)
        for x1, y1 in before
        for x2, y2 in after
    )
    dots = "".join(
        f'<circle cx="{x}" cy="{y:.0f}" r="8" class="{"full" if x == 200 else "dot"}"/>'
        for column in spots
        for x, y in column
    )
    words = "".join(_text(352, y + 7, name, "left") for name, (_x, y) in zip(names, spots[-1], strict=True))
    titles = "".join(_text(x, height + 26, title) for x, _count, title in columns)
    return _svg(480, height + 36, lines + dots + words + titles)


def transfer(pictures: str, features: str, answers: str) -> str:
    """A network in two parts: layers that learned elsewhere from many `pictures`, then so many `features`, and a last
    layer that learned here and gives the `answers`."""
    sheets = "".join(
        f'<rect x="{x}" y="{80 - side / 2:.0f}" width="{thick}" height="{side}" rx="5" class="sheet"/>'
        for x, side, thick in ((24, 120, 8), (52, 120, 14), (90, 92, 20), (136, 64, 28), (192, 38, 36))
    )
    joints = "".join(
        f'<line x1="297" y1="{12 + 136 * line / 7:.0f}" x2="372" y2="{22 + 13 * neuron}" class="thin"/>'
        for line in range(8)
        for neuron in range(10)
    )
    neurons = "".join(f'<circle cx="378" cy="{22 + 13 * neuron}" r="5" class="full"/>' for neuron in range(10))
    column = '<rect x="280" y="8" width="16" height="144" rx="8" class="full"/>'
    arrows = '<path d="M240 80h28m-8 -7l8 7l-8 7M394 80h24m-8 -7l8 7l-8 7" stroke-width="2"/>'
    braces = '<path d="M20 166v8h212v-8M276 166v8h116v-8" stroke-width="1.5"/>'
    words = (
        _text(112, 200, _("learned elsewhere"))
        + _text(112, 226, pictures, "quiet")
        + _text(348, 200, _("learned here"))
        + _text(348, 226, features, "quiet")
        + _text(424, 87, answers, "left")
    )
    return _svg(504, 236, sheets + arrows + column + joints + neurons + braces + words)


def hill(places: Sequence[float]) -> str:
    """A walk downhill: a valley, the bottom of which is at 0, and the places (-1 to 1, farther is off the edge) that
    somebody stood at, step by step."""
    valley = " ".join(f"{240 + 220 * x / 50:.0f},{220 - 200 * (x / 50) ** 2:.0f}" for x in range(-50, 51))
    spots = [(240 + 220 * place, 220 - 200 * place**2) for place in places if abs(place) <= 1]
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in spots)
    dots = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{9 if index == len(spots) - 1 else 5}" class="full"/>'
        for index, (x, y) in enumerate(spots)
    )
    return _svg(
        480,
        240,
        f'<polyline points="{valley}" fill="none" stroke="#fff" stroke-width="3"/>'
        f'<polyline points="{path}" fill="none" stroke="#fff" stroke-width="1.5"/>{dots}',
    )


def _short(value: float) -> str:
    return f"{value:.2g}"


def _text(x: float, y: float, words: str, look: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{look}">{html.escape(words)}</text>'


def _svg(width: float, height: float, content: str) -> str:
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{LOOKS}</style>{content}</svg>'
