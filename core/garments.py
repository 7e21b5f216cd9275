"""Ten classes of clothes drawn by program in the format of Fashion-MNIST: the stand-in when there is no data and no network.

A garment is drawn four times too large as a map of its parts (body, sleeve, trim, ...), cropped, and shrunk so that its longest
side is 28 pixels; every picture then gets its own tones, cloth, folds and proportions. Knows nothing of files, networks or pages.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

SIDE = 28
UNIT = 4 * SIDE  # canvas pixels for a garment of length 1
CANVAS = 176
EMPTY, BODY, SLEEVE, TRIM, LINE, DETAIL, INSIDE, PANEL = range(8)  # the parts of a garment

Points = Sequence[tuple[float, float]] | np.ndarray


def _curve(points: Points, steps: int = 5) -> np.ndarray:
    """A smooth line through the points (Catmull-Rom), ends included: (k, 2) floats."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    middle = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.vstack([middle.reshape(-1, 2), p[-2]])


class _Cloth:
    """A canvas of parts with x = 0 in the middle and y = 0 at the top, and the generator that decides every choice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.parts = np.zeros((CANVAS, CANVAS), np.uint8)
        self.rng = rng

    def u(self, low: float, high: float) -> float:
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, *weights: float) -> int:
        return int(np.searchsorted(np.cumsum(weights), self.rng.random() * sum(weights)))

    def _pixels(self, points: Points) -> np.ndarray:
        return np.rint((np.asarray(points) * UNIT + (CANVAS / 2, 30)) * 16).astype(np.int32)

    def fill(self, points: Points, part: int = BODY) -> None:
        cv2.fillPoly(self.parts, [self._pixels(points)], part, shift=4)

    def pair(self, points: Points, part: int = BODY) -> None:
        """Fill a shape and its mirror image."""
        self.fill(points, part)
        self.fill(np.asarray(points) * (-1, 1), part)

    def line(self, points: Points, part: int = LINE, width: float = 0.02, closed: bool = False) -> None:
        cv2.polylines(self.parts, [self._pixels(points)], closed, part, max(1, round(width * UNIT)), shift=4)

    def lines(self, points: Points, part: int = LINE, width: float = 0.02) -> None:
        self.line(points, part, width)
        self.line(np.asarray(points) * (-1, 1), part, width)

    def oval(self, x: float, y: float, across: float, down: float, part: int) -> None:
        angle = np.linspace(0, 2 * np.pi, 17)[:-1]
        self.fill(np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], 1), part)

    def box(self, x: float, y: float, across: float, down: float, part: int) -> None:
        self.fill([(x, y), (x + across, y), (x + across, y + down), (x, y + down)], part)


def _upper(
    c: _Cloth, arm: float, spread: float, cuff: float, waist: float, hem: float, neck: float, depth: float, vee: float = 2.0,
    chest: float = 0.26, shoulder: float = 0.22, length: float = 1.0, bow: float = 0.0, upper_arm: float = 0.0,
) -> None:
    """Body, sleeves and neckline. `arm` is the sleeve's length (0 = none), `spread` its angle, `bow` the roundness of the hem."""
    drop, armpit = c.u(0.04, 0.09), c.u(0.27, 0.34)
    if arm:
        along = np.array([np.sin(spread), np.cos(spread)])
        across = np.array([along[1], -along[0]]) * cuff / 2
        start = np.array([shoulder - 0.02, drop + 0.05])
        wrist = start + arm * along
        outer = _curve([(shoulder - 0.05, drop), (shoulder + 0.02, drop + 0.02), start + along * arm * 0.45 + across * (1 + upper_arm), wrist + across])
        inner = _curve([wrist - across, start + along * arm * 0.6 - across * 1.1, (chest - 0.02, armpit)])
        c.pair(np.vstack([outer, inner, [(shoulder - 0.08, armpit)]]), SLEEVE)
        if c.chance(0.6):
            c.lines([wrist + across - along * 0.04, wrist - across - along * 0.04], TRIM, c.u(0.02, 0.05))
    side = _curve([(chest, armpit), (waist, c.u(0.5, 0.65) * length), (hem, length)])
    top = [(neck, 0.0), (shoulder, drop), (shoulder + (0.0 if arm else -0.03), 0.6 * drop + 0.4 * armpit)]
    bottom = _curve([(hem, length), (0.5 * hem, length + 0.7 * bow), (0, length + bow)], 3)
    right = np.vstack([top, side, bottom])
    c.fill(np.vstack([right, right[::-1] * (-1, 1)]))
    x = np.linspace(-1, 1, 15)
    front = np.stack([neck * x, depth * (1 - np.abs(x) ** vee)], 1)
    back = np.stack([neck * x, min(depth, 0.035) * (1 - x**2)], 1)
    c.fill(np.vstack([front, back[::-1]]), INSIDE)
    c.fill(np.vstack([back, [(neck, -0.1), (-neck, -0.1)]]), EMPTY)
    if c.chance(0.7):
        c.line(front, TRIM, c.u(0.012, 0.035))
    if arm and c.chance(0.75):
        c.lines([(shoulder - 0.01, drop), (shoulder - c.u(0.0, 0.03), 0.6 * armpit), (chest, armpit), (waist, 0.62 * length)], LINE, c.u(0.008, 0.02))
    if c.chance(0.35):
        c.line(bottom * (1, 1) - (0, 0.05), LINE, 0.01)
        c.line((bottom - (0, 0.05)) * (-1, 1), LINE, 0.01)


def _print(c: _Cloth) -> None:
    """A printed chest: words, badge, picture or pocket."""
    y, kind = c.u(0.2, 0.38), c.pick(4, 3, 2, 2, 1.5)
    if kind == 0:
        for row in range(c.pick(5, 3, 2) + 1):
            half, x = c.u(0.08, 0.17), 0.0
            x = -half
            while x < half:
                letter = c.u(0.02, 0.06)
                c.box(x, y + 0.075 * row, letter, 0.05, DETAIL)
                x += letter + 0.02
    elif kind == 1:
        r = c.u(0.07, 0.15)
        c.oval(0, y + r, r, r, DETAIL)
        c.oval(c.u(-0.03, 0.03), y + r, r * c.u(0.4, 0.8), r * c.u(0.4, 0.8), PANEL)
    elif kind == 2:
        spots = np.cumsum(c.rng.normal(0, 0.09, (9, 2)), 0) * (0.5, 0.5)
        c.line(np.clip(spots, -0.16, 0.16) + (0, y + 0.14), DETAIL, c.u(0.02, 0.06))
    elif kind == 3:
        x = c.u(0.06, 0.1)
        c.box(x, y, 0.09, 0.1, c.pick(1, 1, 1) + TRIM)
    else:
        w, h = c.u(0.1, 0.16), c.u(0.08, 0.25)
        c.box(-w, y, 2 * w, h, DETAIL)
        c.box(-w * c.u(0.3, 0.8), y + 0.25 * h, w, 0.5 * h, PANEL)


def _collar(c: _Cloth, neck: float, size: float, part: int = TRIM) -> None:
    """Two turned-down points at the neck."""
    c.pair([(0.01, 0.05), (neck, -0.01), (neck + 0.25 * size, 0.04), (neck * 0.75 + 0.1 * size, 0.05 + size), (0.02, 0.09)], part)
    c.lines([(0.01, 0.06), (neck * 0.75 + 0.1 * size, 0.05 + size)], LINE, 0.012)


def _placket(c: _Cloth, x: float, top: float, bottom: float, buttons: int) -> None:
    c.line([(x, top), (x, bottom)], LINE, c.u(0.01, 0.022))
    if c.chance(0.4):
        c.line([(x + 0.05, top), (x + 0.05, bottom)], LINE, 0.01)
    for y in np.linspace(top + 0.05, bottom - 0.08, max(buttons, 1))[:buttons]:
        c.oval(x + 0.02, y, 0.014, 0.014, DETAIL)


def _pockets(c: _Cloth, y: float, slanted: bool) -> None:
    x, tilt = c.u(0.08, 0.13), c.u(0.04, 0.1) if slanted else 0.0
    c.lines([(x, y + tilt), (x + c.u(0.07, 0.1), y)], LINE if c.chance(0.6) else TRIM, c.u(0.012, 0.03))


def t_shirt(c: _Cloth) -> None:
    """Short sleeves, caps, straps or none; round, V or wide neck; often a print."""
    kind = c.pick(0.62, 0.12, 0.16, 0.05, 0.05)  # short, cap, tank, straps, long
    hem = c.u(0.22, 0.32)
    if kind == 2 or kind == 3:
        thin = kind == 3
        neck = c.u(0.1, 0.15)
        _upper(c, 0, 0, 0, hem * c.u(0.85, 1), hem, neck, c.u(0.12, 0.24), c.u(1.3, 3), c.u(0.2, 0.25), neck + c.u(0.02, 0.04 if thin else 0.09), 1, c.u(-0.03, 0.06))
    else:
        arm = (c.u(0.22, 0.34), c.u(0.08, 0.15), 0, 0, c.u(0.5, 0.85))[kind]
        spread = c.u(0.2, 0.35) if kind == 4 else c.u(0.45, 0.85)
        _upper(c, arm, spread, c.u(0.1, 0.14) if kind == 4 else c.u(0.14, 0.2), hem * c.u(0.86, 1), hem, c.u(0.08, 0.16), c.u(0.05, 0.17), c.u(1, 2.6),
               c.u(0.23, 0.28), c.u(0.19, 0.24), 1, c.u(-0.02, 0.05))
    if c.chance(0.42):
        _print(c)
    elif c.chance(0.06):
        _collar(c, 0.11, c.u(0.05, 0.09))
        _placket(c, 0, 0.1, c.u(0.25, 0.4), c.pick(1, 1, 1))


def trouser(c: _Cloth) -> None:
    """Two legs from skinny to wide, sometimes one set forward."""
    hip, waist = c.u(0.16, 0.23), c.u(0.12, 0.16)
    crotch, foot, ankle = c.u(0.26, 0.36), c.u(0.1, 0.2), c.u(0.06, 0.14)
    knee = 0.5 * (hip / 2 + ankle / 2) + c.u(0.0, 0.015)
    for sign in (1, -1):
        lean, low = c.u(-0.015, 0.03), 1 - c.u(0, 0.015)
        out = _curve([(waist, 0), (hip, 0.2), ((hip + foot) / 2 + knee - 0.055, 0.58), (foot + ankle / 2 + lean, low)])
        inn = _curve([(foot - ankle / 2 + lean, low), ((hip + foot) / 2 - knee - 0.05, 0.6), (0.004, crotch)])
        c.fill(np.vstack([out, inn, [(0, 0.0)]]) * (sign, 1), BODY if sign > 0 else SLEEVE)
        if c.chance(0.35):
            c.line(np.array([(0.1, 0.3), ((hip + foot) / 2 - 0.04, 0.6), (foot + lean, low)]) * (sign, 1), LINE, 0.012)
    c.line([(-waist, 0.03), (waist, 0.03)], TRIM, c.u(0.02, 0.06))
    c.line([(0, 0.04), (c.u(-0.01, 0.01), crotch)], LINE, 0.012)
    if c.chance(0.6):
        c.lines([(waist * 0.5, 0.06), (hip * 0.95, c.u(0.1, 0.17))], LINE, 0.014)
    if c.chance(0.15):
        c.lines([(hip, 0.15), (foot + ankle / 2, 1)], TRIM, 0.03)


def pullover(c: _Cloth) -> None:
    """Long sleeves without an opening; round neck, V, roll neck or hood; ribbed ends."""
    neck, hem = c.u(0.07, 0.15), c.u(0.2, 0.29)
    depth = c.u(0.03, 0.09) if c.chance(0.75) else c.u(0.1, 0.2)
    chest = c.u(0.23, 0.28)
    length = c.u(0.82, 1)
    _upper(c, c.u(0.78, 0.96), c.u(0.08, 0.27), c.u(0.08, 0.14), hem * c.u(0.94, 1.06), hem, neck, depth, c.u(1, 2.5), chest, c.u(0.19, 0.25), length,
           0, c.u(0, 0.7))
    if c.chance(0.6):
        c.line([(-hem, length - 0.03), (hem, length - 0.03)], TRIM if c.chance(0.6) else LINE, c.u(0.02, 0.06))
    style = c.pick(0.52, 0.22, 0.1, 0.1, 0.03, 0.03)
    if style == 1:
        _print(c)
    elif style == 2:
        c.fill([(-neck, -0.03), (neck, -0.03), (neck + 0.03, 0.06), (0, 0.1), (-neck - 0.03, 0.06)], TRIM)
    elif style == 3:
        c.fill(_curve([(-0.17, 0.1), (-0.14, -0.08), (0, -0.12), (0.14, -0.08), (0.17, 0.1), (0, 0.22), (-0.17, 0.1)]), TRIM)
        c.oval(0, 0.03, c.u(0.06, 0.09), 0.08, INSIDE)
        c.line([(-0.15, 0.85), (-0.1, 0.62), (0.1, 0.62), (0.15, 0.85)], LINE, 0.015)
    elif style == 4:
        _placket(c, 0, depth, length, c.pick(1, 1, 1, 1, 1))
    elif style == 5:
        _collar(c, neck, c.u(0.05, 0.08))


def dress(c: _Cloth) -> None:
    """One narrow piece: sheath, flared or long, with or without sleeves, often a waist line."""
    kind = c.pick(0.35, 0.25, 0.2, 0.2)  # none, cap or short, long, straps
    shoulder, waist_y = c.u(0.12, 0.16), c.u(0.32, 0.42)
    chest, waist = c.u(0.12, 0.16), c.u(0.09, 0.14)
    hem = waist + c.pick(3, 3, 1) * c.u(0.03, 0.07) + c.u(0.0, 0.04)
    if kind == 1 or kind == 2:
        arm, spread = (c.u(0.1, 0.22), c.u(0.3, 0.8)) if kind == 1 else (c.u(0.4, 0.62), c.u(0.1, 0.25))
        along = np.array([np.sin(spread), np.cos(spread)])
        tip = np.array([shoulder - 0.02, 0.06]) + arm * along
        half = np.array([along[1], -along[0]]) * c.u(0.035, 0.06)
        c.pair([(shoulder - 0.05, 0.03), (shoulder + 0.015, 0.045), tip + half, tip - half, (chest - 0.02, 0.21)], SLEEVE)
    neck = c.u(0.05, 0.1) if kind < 3 else shoulder - 0.025
    side = _curve([(chest, 0.2), (waist, waist_y), (0.35 * waist + 0.65 * (hem + 0.01), 0.65), (hem, 1)])
    right = np.vstack([[(neck, 0), (shoulder, 0.03), (shoulder - 0.005, 0.12)], side, [(0.5 * hem, 1.01), (0, 1 + c.u(0, 0.03))]])
    c.fill(np.vstack([right, right[::-1] * (-1, 1)]))
    depth, x = c.u(0.03, 0.12) if kind < 3 else c.u(0.1, 0.17), np.linspace(-1, 1, 11)
    front = np.stack([neck * x, depth * (1 - np.abs(x) ** c.u(1, 3))], 1)
    c.fill(np.vstack([front, [(neck, -0.05), (-neck, -0.05)]]), EMPTY)
    c.line(front, TRIM, 0.012)
    if c.chance(0.55):
        c.line([(-waist, waist_y), (waist, waist_y)], TRIM if c.chance(0.5) else LINE, c.u(0.01, 0.04))
    for _ in range(c.pick(3, 2, 2, 1, 1)):
        x = c.u(-0.8, 0.8)
        c.line([(x * waist, waist_y + 0.02), (x * hem, c.u(0.7, 1))], LINE, 0.01)
    if c.chance(0.1):
        _placket(c, 0, depth, c.u(0.5, 1), c.pick(1, 1, 1, 1, 1))
    if c.chance(0.12):
        c.box(-0.3, waist_y + 0.25, 0.6, 0.001, LINE)


def coat(c: _Cloth) -> None:
    """Long sleeves and an opening down the front; lapels, stand-up collar or hood; pockets."""
    hem, neck, depth = c.u(0.21, 0.29), c.u(0.07, 0.12), c.u(0.04, 0.12)
    _upper(c, c.u(0.66, 0.92), c.u(0.08, 0.23), c.u(0.1, 0.15), hem * c.u(0.85, 1.03), hem, neck, depth, c.u(1, 2), c.u(0.22, 0.27), c.u(0.18, 0.23), 1,
           c.u(-0.01, 0.02), c.u(0, 0.6))
    style, middle = c.pick(0.3, 0.25, 0.2, 0.15, 0.1), c.u(-0.03, 0.03)
    if style == 0:
        low = c.u(0.22, 0.45)
        c.fill([(-neck * 0.7, 0.0), (neck * 0.7, 0.0), (middle, low)], INSIDE)
        c.pair([(neck * 0.6, 0), (neck + 0.03, 0.02), (neck + c.u(0.04, 0.08), low * 0.6), (middle + 0.01, low)], PANEL if c.chance(0.5) else TRIM)
    elif style == 1:
        c.fill([(-neck, -0.04), (neck, -0.04), (neck + 0.03, 0.07), (0, 0.09), (-neck - 0.03, 0.07)], TRIM)
    elif style == 2:
        c.fill(_curve([(-0.18, 0.1), (-0.13, -0.07), (0, -0.11), (0.13, -0.07), (0.18, 0.1), (0, 0.2), (-0.18, 0.1)]), PANEL)
        c.oval(0, 0.03, c.u(0.06, 0.1), c.u(0.06, 0.09), INSIDE)
    elif style == 3:
        _collar(c, neck, c.u(0.06, 0.13))
    if c.chance(0.93):
        c.line([(middle, depth + 0.03), (middle, 1)], LINE if c.chance(0.7) else TRIM, c.u(0.012, 0.035))
    if c.chance(0.35):
        c.line([(middle + 0.06, depth + 0.1), (middle + 0.06, 1)], LINE, 0.012)
    for side in ((), (0.035,), (-0.07, 0.07))[c.pick(0.55, 0.28, 0.17)]:
        for y in np.linspace(0.35, 0.75, c.pick(1, 1, 1) + 3):
            c.oval(middle + side, y, 0.018, 0.018, DETAIL)
    if c.chance(0.6):
        _pockets(c, c.u(0.55, 0.72), c.chance(0.5))
    if c.chance(0.12):
        c.line([(-hem, 0.55), (hem, 0.55)], TRIM, 0.04)


def shirt(c: _Cloth) -> None:
    """Collar and buttons, long or short sleeves, shirt-tail hem; blouses without either."""
    hem, neck = c.u(0.2, 0.3), c.u(0.06, 0.12)
    kind = c.pick(0.6, 0.3, 0.1)  # long, short, none
    arm = (c.u(0.72, 0.94), c.u(0.18, 0.42), 0.0)[kind]
    spread = c.u(0.07, 0.25) if kind == 0 else c.u(0.3, 0.75)
    blouse = c.chance(0.33)
    depth = c.u(0.05, 0.18) if blouse else c.u(0.04, 0.07)
    _upper(c, arm, spread, c.u(0.07, 0.13) if kind == 0 else c.u(0.13, 0.19), hem * c.u(0.85, 1), hem, neck, depth, c.u(1, 2.2), c.u(0.22, 0.27),
           c.u(0.18, 0.23), c.u(0.9, 0.98), c.u(-0.02, 0.07), c.u(0, 0.5))
    if not blouse:
        _collar(c, neck, c.u(0.04, 0.09), TRIM if c.chance(0.6) else BODY)
    if not blouse or c.chance(0.3):
        _placket(c, c.u(-0.01, 0.01), depth + 0.02, c.u(0.95, 1) if c.chance(0.85) else c.u(0.3, 0.5), c.pick(2, 0, 0, 0, 1, 1, 2, 2))
    if c.chance(0.3):
        c.box(c.u(0.07, 0.09), c.u(0.28, 0.33), 0.09, 0.1, LINE if c.chance(0.3) else TRIM)
    elif blouse and c.chance(0.2):
        _print(c)


def sandal(c: _Cloth) -> None:
    """A sole and straps with gaps: flat, wedge or high heel."""
    kind = c.pick(0.42, 0.22, 0.36)
    heel = (c.u(0.02, 0.08), c.u(0.12, 0.3), c.u(0.35, 0.62))[kind]
    thick = c.u(0.035, 0.09) if kind < 2 else c.u(0.03, 0.07)
    floor = 0.9
    bed = _curve([(-0.5, floor - thick), (-0.2, floor - thick - 0.01), (0.1, floor - thick - 0.45 * heel), (0.34, floor - thick - 0.95 * heel),
                  (0.5, floor - thick - heel)])
    base = [(0.5, floor), (-0.5, floor)] if kind < 2 else (bed + (0, thick))[::-1]
    c.fill(np.vstack([bed, base]), TRIM)
    if kind == 2:
        width = c.u(0.015, 0.06)
        c.fill([(0.36, floor - heel), (0.5, floor - heel), (0.48, floor), (0.48 - 2 * width, floor)], TRIM)
    else:
        c.line(bed, PANEL, 0.025)

    def at(x: float) -> float:
        return float(np.interp(x, bed[:, 0], bed[:, 1]))

    wide = c.u(0.025, 0.085)
    peak = c.u(0.14, 0.24)
    for _ in range(c.pick(0.1, 4, 4, 2)):
        a, b = c.u(-0.46, -0.15), c.u(-0.28, 0.1)
        c.line(_curve([(a, at(a)), ((a + b) / 2, at((a + b) / 2) - peak * c.u(0.6, 1)), (b + 0.06, at(b))]), BODY, wide * c.u(0.7, 1.4))
    if c.chance(0.85):
        cuff = at(0.36) - c.u(0.16, 0.36)
        c.line(_curve([(0.18, cuff + c.u(0, 0.08)), (0.34, cuff + 0.05), (0.47, cuff)]), BODY, wide)
        c.line(_curve([(0.44, at(0.44)), (0.47, (cuff + at(0.44)) / 2), (0.47, cuff)]), BODY, wide * c.u(0.8, 2))
        if c.chance(0.75):
            c.line(_curve([(0.18, cuff + 0.05), (c.u(-0.1, 0.1), at(0) - 0.12), (c.u(-0.35, -0.2), at(-0.3))]), SLEEVE, wide)
        if c.chance(0.45):
            c.line(_curve([(0.2, cuff + 0.03), (0.22, at(0.2) - 0.1), (c.u(0.05, 0.2), at(0.1))]), SLEEVE, wide)
        c.oval(0.3, cuff + 0.05, 0.02, 0.025, DETAIL)
    if c.chance(0.25):
        c.oval(-0.3, at(-0.3) - 0.1, 0.05, 0.04, DETAIL)


def sneaker(c: _Cloth) -> None:
    """Low and closed, a thick sole under it, laces and side stripes."""
    floor, sole = 0.6, c.u(0.045, 0.1)
    toe, ankle, tongue = c.u(0.1, 0.16), c.u(0.25, 0.36), c.u(0.33, 0.44)
    if c.chance(0.07):
        ankle, tongue = ankle + 0.13, tongue + 0.13
    mouth = c.u(0.08, 0.18)
    seam = floor - sole
    top = _curve([(-0.5, seam), (-0.48, seam - toe * 0.65), (-0.36, seam - toe), (-0.15, seam - 0.62 * tongue), (mouth - 0.04, seam - tongue + 0.05),
                  (mouth + 0.02, seam - tongue + 0.03)])
    back = _curve([(mouth + 0.1, seam - ankle + c.u(0.03, 0.08)), (0.38, seam - ankle + 0.02), (0.46, seam - ankle - 0.01), (0.48, seam - 0.5 * ankle), (0.49, seam)])
    c.fill(np.vstack([top, back]))
    c.fill([(-0.5, seam), (0.5, seam), (0.49, floor - 0.01), (0.46, floor), (-0.42, floor), (-0.49, floor - 0.02)], TRIM)
    c.line([(-0.5, seam), (0.5, seam)], LINE, c.u(0.01, 0.02))
    if c.chance(0.5):
        c.fill(_curve([(-0.49, seam), (-0.46, seam - toe * 0.6), (-0.34, seam - toe * 0.8), (-0.28, seam)]), PANEL)
    if c.chance(0.5):
        c.fill([(0.3, seam), (0.36, seam - 0.6 * ankle), (0.48, seam - 0.7 * ankle), (0.49, seam)], PANEL)
    for i in range(c.pick(2, 1, 2, 3)):
        x = -0.22 + 0.07 * i
        c.line([(x, seam - 0.42 * tongue - 0.25 * i * tongue / 3), (x + 0.09, seam - 0.3 * tongue - 0.25 * i * tongue / 3)], DETAIL, 0.02)
    stripe = c.pick(3, 2, 2, 2)
    if stripe == 1:
        c.line(_curve([(-0.2, seam - 0.1), (-0.02, seam - 0.06), (0.38, seam - c.u(0.15, 0.22))]), DETAIL, c.u(0.02, 0.05))
    elif stripe == 2:
        for x in (-0.08, 0.0, 0.08):
            c.line([(x + 0.08, seam - 0.02), (x, seam - 0.2)], DETAIL, 0.028)
    elif stripe == 3:
        c.line(_curve([(-0.3, seam - 0.03), (-0.1, seam - 0.18), (0.1, seam - 0.08), (0.3, seam - 0.22)]), LINE, c.u(0.015, 0.04))
    c.line(back[:9], LINE if c.chance(0.5) else TRIM, 0.025)


def bag(c: _Cloth) -> None:
    """Tote, satchel, shoulder bag, clutch or half-moon; handles above or a strap at the sides."""
    kind = c.pick(0.24, 0.26, 0.24, 0.14, 0.12)  # tote, satchel, shoulder bag, clutch, half-moon
    half = c.u(0.34, 0.5)
    high = 2 * half * (c.u(0.75, 1.1), c.u(0.6, 0.85), c.u(0.5, 0.85), c.u(0.45, 0.7), c.u(0.55, 0.75))[kind]
    top, flare = 0.5, c.u(-0.05, 0.08)
    low, up = half + (flare if kind < 2 else 0) / 2, half - flare / 2
    rim = [(-up, top), (up, top)]
    if kind == 4:
        shape = _curve([(-up, top + high * 0.9), (-up, top + high * 0.5), (-0.6 * up, top + 0.1 * high), (0, top), (0.6 * up, top + 0.1 * high), (up, top + high * 0.5),
                        (up, top + high * 0.9), (0.8 * up, top + high), (-0.8 * up, top + high)])
    else:
        r = c.u(0.02, 0.14)
        shape = np.vstack([rim, _curve([(low, top + high - r), (low - 0.3 * r, top + high - 0.3 * r), (low - r, top + high)], 3),
                           _curve([(-low + r, top + high), (-low + 0.3 * r, top + high - 0.3 * r), (-low, top + high - r)], 3)])
    wide = c.u(0.02, 0.05)
    if kind in (0, 1, 4) and c.chance(0.9):
        grip, rise = half * c.u(0.3, 0.62), half * (c.u(0.5, 1.3) if kind == 0 else c.u(0.25, 0.7))
        c.line(_curve([(-grip, top + 0.08), (-grip * 0.85, top - 0.65 * rise), (0, top - rise), (grip * 0.85, top - 0.65 * rise), (grip, top + 0.08)]), SLEEVE, wide)
    elif kind == 2:
        loop = c.u(0.02, 0.1)
        c.lines(_curve([(up - 0.02, top), (up + loop, top + 0.35 * high), (low + loop * 0.8, top + 0.75 * high), (low - 0.05, top + high)]), SLEEVE, wide)
        if c.chance(0.25):
            c.line(_curve([(-up, top + 0.03), (-0.5 * up, top - 0.15), (0.5 * up, top - 0.15), (up, top + 0.03)]), SLEEVE, wide)
    c.fill(shape)
    if kind in (1, 2, 3) and c.chance(0.7):
        fall = high * c.u(0.3, 0.65)
        flap = _curve([(-up, top), (-up * 0.9, top + fall * 0.8), (0, top + fall), (up * 0.9, top + fall * 0.8), (up, top)]) if c.chance(0.6) else np.array(
            [(-up, top), (-up * c.u(0.2, 0.95), top + fall), (up * c.u(0.2, 0.95), top + fall), (up, top)])
        c.fill(flap, SLEEVE if c.chance(0.6) else PANEL)
        c.line(flap, LINE, 0.016)
        if c.chance(0.7):
            c.box(-0.03, top + fall - 0.04, 0.06, 0.06, DETAIL)
    elif kind != 4:
        c.line([(-up, top + 0.03), (up, top + 0.03)], TRIM if c.chance(0.5) else LINE, c.u(0.015, 0.05))
    if c.chance(0.4):
        y = top + high * c.u(0.4, 0.7)
        c.line([(-low, y), (low, y)], LINE if c.chance(0.6) else TRIM, c.u(0.01, 0.04))
    if c.chance(0.35):
        w, h = half * c.u(0.3, 0.7), high * c.u(0.2, 0.4)
        c.line([(-w, top + 0.5 * high), (w, top + 0.5 * high), (w, top + 0.5 * high + h), (-w, top + 0.5 * high + h)], LINE, 0.014, True)
    if c.chance(0.25):
        c.lines([(half * 0.45, top), (half * 0.45, top + high)], TRIM, wide)
    if c.chance(0.3):
        c.oval(0, top + high * c.u(0.3, 0.6), 0.04, 0.03, DETAIL)


def ankle_boot(c: _Cloth) -> None:
    """A shaft over the ankle on a flat sole, a block heel or a high heel."""
    heel = (c.u(0.03, 0.08), c.u(0.1, 0.18), c.u(0.22, 0.4))[c.pick(0.4, 0.36, 0.24)]
    floor, sole = 1.2, c.u(0.03, 0.07)
    shaft, front = c.u(0.5, 0.85) + 0.5 * heel, c.u(-0.06, 0.12)
    toe, rise = c.u(0.12, 0.19), 0.75 * heel
    rear = c.u(0.42, 0.48)
    up = _curve([(-0.5, floor - sole), (-0.47, floor - sole - 0.7 * toe), (-0.3, floor - sole - toe - 0.03), (front - 0.08, floor - rise - 0.36), (front, floor - shaft * 0.75),
                 (front + c.u(-0.04, 0.03), floor - shaft)])
    down = _curve([(rear + c.u(-0.05, 0.02), floor - shaft + c.u(-0.03, 0.03)), (rear - 0.03, floor - 0.65 * shaft), (rear - 0.01, floor - heel - 0.2), (0.49, floor - heel - 0.05),
                   (0.46, floor - heel)])
    arch = _curve([(0.4, floor - heel), (0.12, floor - 0.7 * heel - sole * 0.5), (-0.15, floor - sole)])
    c.fill(np.vstack([up, down, arch]))
    tip = c.u(0.02, 0.16) if heel > 0.2 else c.u(0.16, 0.26)
    c.fill([(0.2 if heel < 0.2 else 0.3, floor - 0.85 * heel), (0.48, floor - heel - 0.02), (0.47, floor), (0.47 - tip, floor)], TRIM)
    c.fill(np.vstack([[(-0.5, floor - sole), (-0.46, floor), (-0.05, floor)], arch[::-1][:8] + (0, 0.6 * sole), arch[:8], [(-0.1, floor - sole - 0.005)]]), TRIM)
    if heel < 0.1:
        c.fill([(-0.5, floor - sole), (0.48, floor - sole - 0.02), (0.48, floor), (-0.46, floor)], TRIM)
        c.line([(-0.5, floor - sole), (0.48, floor - sole - 0.02)], LINE, 0.014)
    style = c.pick(0.3, 0.22, 0.2, 0.18, 0.1)
    if style == 1:
        for t in np.linspace(0.2, 0.9, c.pick(1, 1, 1) + 4):
            y = floor - rise - 0.3 - t * (shaft - rise - 0.36)
            x = float(np.interp(-y, -up[:, 1], up[:, 0]))
            c.line([(x, y), (x + 0.12, y + 0.03)], DETAIL, 0.022)
        c.line(up[10:] + (0.13, 0.02), LINE, 0.012)
    elif style == 2:
        x = (front + rear) / 2
        c.fill([(x - 0.08, floor - shaft), (x + 0.07, floor - shaft), (x + 0.03, floor - heel - 0.22), (x - 0.02, floor - heel - 0.22)], PANEL)
    elif style == 3:
        c.line([(c.u(0.1, 0.3), floor - shaft), (c.u(0.1, 0.3), floor - heel - 0.1)], LINE, 0.014)
    elif style == 4:
        y = floor - heel - c.u(0.28, 0.38)
        c.line([(front - 0.06, y), (rear - 0.03, y + 0.03)], TRIM, c.u(0.03, 0.06))
        c.oval(0.2, y + 0.01, 0.03, 0.03, DETAIL)
    if c.chance(0.4):
        c.line([(front, floor - shaft + 0.03), (rear, floor - shaft + 0.03)], TRIM if c.chance(0.6) else INSIDE, c.u(0.02, 0.07))
    if c.chance(0.4):
        c.line(_curve([(-0.28, floor - sole - toe - 0.03), (-0.2, floor - sole - 0.08), (-0.24, floor - sole)]), LINE, 0.014)


GARMENTS: tuple[Callable[[_Cloth], None], ...] = (
    t_shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle_boot,
)  # in the order of the labels
CLOTHS = ("plain", "melange", "across", "down", "check", "print", "dots", "shaded")
# How often each class is made of each cloth, and the middle and spread of its tone (0 = white, 255 = black).
WEAVE = np.array([
    [50, 12, 14, 2, 1, 12, 3, 6], [62, 18, 0, 4, 2, 7, 1, 6], [48, 24, 17, 1, 2, 4, 1, 3], [52, 12, 6, 3, 2, 15, 4, 6], [60, 22, 2, 1, 6, 5, 1, 3],
    [80, 8, 1, 0, 1, 6, 1, 3], [36, 13, 4, 8, 17, 16, 4, 2], [64, 20, 1, 0, 1, 10, 1, 3], [62, 14, 2, 3, 5, 9, 2, 3], [74, 16, 0, 0, 1, 4, 1, 4],
])
TONE = np.array([[165, 62], [182, 48], [172, 52], [178, 52], [185, 48], [138, 66], [158, 52], [148, 62], [174, 52], [186, 52]], float)
BANK = 40  # samples of every cloth


def _smooth(rng: np.random.Generator, shape: tuple[int, int], across: float, down: float) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), across, sigmaY=down)
    return noise / noise.std()


def _cloths(rng: np.random.Generator) -> np.ndarray:
    """Samples of cloth, twice the picture's size: (8 kinds, BANK, 56, 56) float32, about -1 to 1."""
    size = 2 * SIDE
    y, x = np.mgrid[:size, :size].astype(np.float32)
    bank = np.zeros((len(CLOTHS), BANK, size, size), np.float32)
    for i in range(BANK):
        period, phase, sharp = rng.uniform(2.2, 9), rng.uniform(0, 7), rng.uniform(1, 5)
        stripe = np.tanh(sharp * (np.sin(2 * np.pi * y / period + phase) + rng.uniform(-0.6, 0.6)))
        thin = np.tanh(sharp * np.sin(2 * np.pi * x / rng.uniform(2.1, 5) + phase))
        other = np.tanh(sharp * np.sin(2 * np.pi * x / period))
        grain = rng.uniform(0.5, 0.8)
        flowers = _smooth(rng, (size, size), rng.uniform(0.6, 1.6), rng.uniform(0.6, 1.6))
        dots = np.cos(2 * np.pi * (x + y) / period) + np.cos(2 * np.pi * (x - y) / period)
        bank[:, i] = (
            0.15 * _smooth(rng, (size, size), 1, 1), 0.45 * _smooth(rng, (size, size), grain, grain), stripe, thin,
            0.5 * (stripe + other) + 0.15 * stripe * other, np.tanh(1.5 * flowers), -np.clip(2 * dots - 1.5, 0, 1.2),
            np.tanh((y - size / 2 + 3 * rng.normal()) / rng.uniform(4, 14)) * rng.choice([-1, 1]),
        )
    return bank


def _tones(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A tone for every part of every picture: (n, 256) uint8, ready as a look-up table."""
    n = len(labels)
    middle, spread = TONE[labels].T
    body = np.clip(middle + spread * rng.normal(-0.1, 0.75, n), 18, 240)
    other = np.clip(body + rng.choice([-1, 1], n) * rng.uniform(50, 150, n), 8, 250)  # a contrasting colour
    near = body[:, None] * rng.uniform(0.86, 1.14, (n, 8))
    contrast = rng.random((n, 8)) < np.array([0, 0, 0.07, 0.2, 0, 0.85, 0, 0.45])
    tones = np.where(contrast, other[:, None] * rng.uniform(0.9, 1.1, (n, 8)), near)
    tones[:, BODY] = body
    tones[:, LINE] = body * np.where(rng.random(n) < 0.6, rng.uniform(0.35, 0.85, n), rng.uniform(1.1, 1.5, n))
    tones[:, INSIDE] = body * rng.uniform(0.35, 1.15, n)
    tones[:, EMPTY] = 0
    table = np.zeros((n, 256), np.uint8)
    table[:, :8] = np.clip(tones, 2, 255) * (np.arange(8) > 0)
    return table


def _shapes(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw, crop and shrink: (n, 28, 28) uint8 without cloth. One drawing serves about a dozen pictures of other width and tone."""
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    tables, stretch = _tones(labels, rng), rng.uniform(0.9, 1.1, len(labels))
    for label, garment in enumerate(GARMENTS):
        rows = np.flatnonzero(labels == label)
        flips = rng.random(len(rows)) < (0.01 if label in (5, 7, 9) else 0.5)
        drawings = min(len(rows), 40 + len(rows) // 10)
        for first in range(drawings):
            cloth = _Cloth(rng)
            garment(cloth)
            x, y, across, down = cv2.boundingRect(cloth.parts)
            parts = np.ascontiguousarray(cloth.parts[y : y + down, x : x + across])
            for row, flip in zip(rows[first::drawings], flips[first::drawings], strict=True):
                ratio = across / down * stretch[row]
                width, height = (SIDE, max(5, round(SIDE / ratio))) if ratio > 1 else (max(6, round(SIDE * ratio)), SIDE)
                small = cv2.resize(cv2.LUT(parts, tables[row]), (width, height), interpolation=cv2.INTER_AREA)
                left, top = (SIDE - width) // 2, (SIDE - height) // 2
                images[row, top : top + height, left : left + width] = small[:, ::-1] if flip else small
    return images


def draw(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw one garment for every label.

    `labels` (n,) whole numbers 0 to 9. Gives (n, 28, 28) uint8, background 0, longest side 28; the same seed gives the same pictures.
    Raises ValueError for a label outside 0 to 9.
    """
    labels = np.asarray(labels).astype(np.int64)
    if labels.ndim != 1 or len(labels) and not 0 <= labels.min() <= labels.max() <= 9:
        raise ValueError("labels must be one row of whole numbers from 0 to 9")
    rng = np.random.default_rng(seed)
    images = _shapes(labels, rng)
    size = 2 * SIDE
    windows = np.lib.stride_tricks.sliding_window_view(_cloths(rng), (SIDE, SIDE), axis=(2, 3))
    folds = np.stack([_smooth(rng, (size, size), a, b) for a, b in ((1, 5), (2, 3), (3, 2), (1.2, 8)) * 12])
    folds = np.lib.stride_tricks.sliding_window_view(folds, (SIDE, SIDE), axis=(1, 2))
    chances = np.cumsum(WEAVE / WEAVE.sum(1, keepdims=True), 1)
    for start in range(0, len(labels), 2000):
        part = images[start : start + 2000]
        n = len(part)
        kind = (rng.random((n, 1)) > chances[labels[start : start + n]][:, :-1]).sum(1)
        cloth = windows[kind, rng.integers(BANK, size=n), rng.integers(SIDE, size=n), rng.integers(SIDE, size=n)]
        fold = folds[rng.integers(len(folds), size=n), rng.integers(SIDE, size=n), rng.integers(SIDE, size=n)]
        cloth *= np.where(kind < 1, 0.4, rng.uniform(0.15, 0.65, n)).astype(np.float32)[:, None, None]
        cloth += fold * rng.uniform(0.02, 0.11, n).astype(np.float32)[:, None, None]
        picture = np.zeros((n, SIDE + 8, SIDE), np.float32)  # empty rows keep neighbours apart when all are blurred at once
        inner = picture[:, 4:-4]
        inner[:] = part * (1 + cloth)
        blurred = cv2.GaussianBlur(picture.reshape(-1, SIDE), (5, 5), 1.0, borderType=cv2.BORDER_CONSTANT).reshape(picture.shape)
        inner += 0.5 * (inner - blurred[:, 4:-4])
        np.clip(inner, part > 0, 255, out=inner)
        part[:] = np.rint(inner) * (part > 0)
    images[:, [0, 0, -1, -1], [0, -1, 0, -1]] = 0
    return images


def make(train: int = 60_000, test: int = 10_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A whole data set: train images (train, 28, 28), train labels (train,), test images, test labels, all uint8.

    The ten classes come equally often, shuffled; the two parts share no drawing.
    """
    seeds = np.random.SeedSequence(seed).generate_state(3)
    rng = np.random.default_rng(seeds[0])
    labels = [rng.permutation(np.arange(count, dtype=np.int64) % 10).astype(np.uint8) for count in (train, test)]
    return draw(labels[0], int(seeds[1])), labels[0], draw(labels[1], int(seeds[2])), labels[1]
