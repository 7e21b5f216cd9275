"""Outlines of the ten classes, another one for each seed: to draw over on the page, and to make sketches from."""

from collections.abc import Callable

import cv2
import numpy as np

GHOSTS = (1, 15, 3, 14, 8, 0, 1, 15, 6, 11)  # for each class, the seed of a template that is good to draw over
GHOST = 208  # its tone on white, 0..255
Strokes = list[np.ndarray]  # each (k, 2) float, x and y from 0 to 1


def ghost(label: int, side: int) -> np.ndarray:
    """The template of a class, 0..9, faint on white paper to be drawn over: (side, side) uint8."""
    paper = np.full((side, side), 255, np.uint8)
    for stroke in outline(label, side):
        points = (16 * stroke).round().astype(np.int32)  # in sixteenths of a pixel, for shift=4
        cv2.polylines(paper, [points], False, GHOST, max(1, side // 90), cv2.LINE_AA, shift=4)
    return paper


def outline(label: int, side: int) -> Strokes:
    """The strokes of the template of a class, 0..9, on a paper of so many pixels, each (k, 2) float."""
    return [(stroke * 0.8 + 0.1) * side for stroke in TEMPLATES[label](np.random.default_rng(GHOSTS[label]))]


def _line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, float)


def _closed(*points: tuple[float, float]) -> np.ndarray:
    return np.array([*points, points[0]], float)


def _arc(x: float, y: float, wide: float, high: float, start: float = 0.0, end: float = 1.0) -> np.ndarray:
    """Part of an ellipse around (x, y); 0 is to the right, .25 down, .5 left, .75 up."""
    angle = np.linspace(start, end, 24) * 2 * np.pi
    return np.stack([x + wide * np.cos(angle), y + high * np.sin(angle)], axis=1)


def _top(
    rng: np.random.Generator, sleeve: float, angle: float, length: float, waist: float = 0.0, flare: float = 0.0
) -> tuple[Strokes, float]:
    """Outline of something with sleeves, worn on the upper body, and the height of its neck."""
    half = rng.uniform(0.17, 0.27)
    wide = rng.uniform(0.09, 0.16)
    neck, bottom = rng.uniform(0.05, 0.1), 0.08 + length
    across, down = sleeve * np.cos(angle), sleeve * np.sin(angle)
    tip = 0.5 + half + across, 0.14 + down
    under = tip[0] - wide * np.sin(angle), tip[1] + wide * np.cos(angle)
    right = [(0.5 + neck + 0.02, 0.06), (0.5 + half, 0.13)]
    if sleeve > 0:
        right += [tip, under]
    right += [
        (0.5 + half * 0.97, 0.14 + 1.5 * wide),
        (0.5 + half * (1 - waist), 0.08 + 0.5 * length),
        (0.5 + half * (1 + flare), bottom),
    ]
    left = [(1 - x, y) for x, y in reversed(right)]
    dip = 0.06 + rng.uniform(0.0, 0.1)
    return [_closed(*right, *left, (0.5, dip))], dip


def _t_shirt(rng: np.random.Generator) -> Strokes:
    strokes, dip = _top(
        rng, rng.choice([0.0, 0.16, 0.2, 0.24, 0.28, 0.32]), rng.uniform(0.1, 0.9), rng.uniform(0.6, 0.85)
    )
    return strokes + [_arc(0.5, 0.06, 0.12, dip, 0, 0.5)] * (rng.random() < 0.3)


def _pullover(rng: np.random.Generator) -> Strokes:
    """Long sleeves, no opening; sometimes a hem, a band of pattern across the chest, a hood."""
    length = rng.uniform(0.42, 0.8)
    strokes, dip = _top(rng, rng.uniform(0.32, 0.6), rng.uniform(0.1, 1.4), length)
    hem = [_line((0.3, 0.02 + length), (0.7, 0.02 + length))] * (rng.random() < 0.3)
    heights = np.tile((0.0, rng.uniform(0.0, 0.08)), 5)
    pattern = [np.stack([np.linspace(0.32, 0.68, 10), y + heights], axis=1) for y in (0.3, 0.5)[: rng.integers(1, 3)]]
    hood = [_arc(0.5, 0.06, 0.13, 0.14, 0.5, 1.0)] * (rng.random() < 0.2)
    collar = [_arc(0.5, 0.06, 0.12, dip, 0, 0.5)] * (rng.random() < 0.4)
    return strokes + hem + pattern * (rng.random() < 0.2) + hood + collar


def _dress(rng: np.random.Generator) -> Strokes:
    sleeve = rng.choice([0.0, 0.0, 0.1, 0.3])
    strokes, _ = _top(rng, sleeve, rng.uniform(0.5, 1.3), 0.88, rng.uniform(0.2, 0.45), rng.uniform(0.1, 1.0))
    strokes = [(stroke - (0.5, 0)) * (0.75, 1) + (0.5, 0) for stroke in strokes]
    return strokes + [_line((0.4, 0.5), (0.6, 0.5))] * (rng.random() < 0.4)


def _front(rng: np.random.Generator, dip: float, bottom: float, opening: float, buttons: float) -> Strokes:
    """An opening down the front, a line or two, and buttons beside it, each with its own chance."""
    x = 0.5 + rng.normal(0, 0.015)
    strokes = [_line((x, dip), (x, bottom))] if rng.random() < opening else []
    if rng.random() < 0.25 * opening:  # one edge lies over the other, or the front is a little open
        beside = x + rng.uniform(0.04, 0.14)
        strokes.append(_line((beside, dip), (beside, bottom)))
    if rng.random() < buttons:
        strokes += [
            _arc(x + 0.04, y, 0.012, 0.012) for y in np.linspace(dip + 0.1, bottom - 0.1, int(rng.integers(3, 6)))
        ]
    return strokes


def _coat(rng: np.random.Generator) -> Strokes:
    """Open down the front, with lapels, pockets at the hips, sometimes a hood or wide open."""
    length, sleeve = rng.uniform(0.42, 0.88), rng.uniform(0.16, 0.62) * (rng.random() > 0.06)
    strokes, dip = _top(rng, sleeve, rng.uniform(0.1, 1.4), length, rng.uniform(0, 0.15), rng.uniform(0, 0.35))
    if rng.random() < 0.15:  # wide open: two halves
        ajar = 0.5 + rng.uniform(0.01, 0.1)
        right = np.concatenate(
            [strokes[0][: len(strokes[0]) // 2 - 1], [(ajar, 0.08 + length), (ajar, dip), strokes[0][0]]]
        )
        return [right, (1, 0) + right * (-1, 1)] + [_arc(0.5, 0.06, ajar - 0.44, 0.04)] * (rng.random() < 0.5)
    lapels = [_line((0.38, 0.07), (0.5, dip + rng.uniform(0.12, 0.3)), (0.62, 0.07))] * (rng.random() < 0.6)
    pockets = [_line((x - 0.06, 0.62), (x + 0.06, 0.62)) for x in (0.36, 0.64)] * (rng.random() < 0.5)
    hood = [_arc(0.5, 0.08, 0.14, 0.15, 0.5, 1.0)] * (rng.random() < 0.3)
    belt = [_line((0.3, 0.5), (0.7, 0.5))] * (rng.random() < 0.15)
    return strokes + _front(rng, dip, 0.08 + length, 0.9, 0.45) + lapels + pockets + hood + belt


def _shirt(rng: np.random.Generator) -> Strokes:
    """Two points of a collar, a row of buttons, often a pocket on the chest."""
    long = rng.random() < 0.5
    sleeve, angle = (rng.uniform(0.42, 0.58), rng.uniform(0.8, 1.4)) if long else (0.22, rng.uniform(0.3, 0.9))
    length = rng.uniform(0.68, 0.82)
    strokes, dip = _top(rng, sleeve, angle, length)
    collar = [
        _closed((0.5, dip + 0.02), (0.38, 0.06), (0.36, 0.15)),
        _closed((0.5, dip + 0.02), (0.62, 0.06), (0.64, 0.15)),
    ]
    pocket = [_closed((0.58, 0.28), (0.68, 0.28), (0.68, 0.38), (0.58, 0.38))] * (rng.random() < 0.4)
    return strokes + _front(rng, dip, 0.08 + length, 0.6, 0.9) + collar + pocket


def _trouser(rng: np.random.Generator) -> Strokes:
    """Two legs, wide apart or with a slit between them; sometimes a waistband, a fly, loose strings at the waist."""
    waist, foot = rng.uniform(0.13, 0.28), rng.uniform(0.06, 0.14)
    spread, fork = foot + rng.uniform(0.01, 0.16), rng.uniform(0.22, 0.5)
    long = 0.95 - rng.choice([0.2, 0.5]) * rng.random()
    right = [(0.5 + waist, 0.05), (0.5 + spread + foot, long), (0.5 + spread - foot, long)]
    outline = _closed(*right, (0.5, fork * long / 0.95), *[(1 - x, y) for x, y in reversed(right)])
    band = [_line((0.5 - waist, 0.12), (0.5 + waist, 0.12))] * (rng.random() < 0.5)
    fly = [_line((0.5, 0.05), (0.5, fork * long / 0.95))] * (rng.random() < 0.3)
    strings = [
        _arc(0.5 + side * waist, 0.12, 0.5 * waist, 0.1, 0.25 - side * 0.25, 0.5 - side * 0.25) for side in (-1, 1)
    ]
    return [outline] + band + fly + strings * (rng.random() < 0.25)


def _sole(rng: np.random.Generator, ankle: float, instep: float) -> np.ndarray:
    """Side view of a shoe, toe to the left."""
    toe, heel, back = rng.uniform(0.44, 0.62), rng.uniform(0.88, 0.96), rng.uniform(0.9, 0.97)
    round_toe, rise = rng.uniform(0.0, 0.1), rng.uniform(0.0, 0.12)
    outline = [
        (heel, ankle), (back, 0.72), (back - 0.02, 0.78), (0.08, 0.78), (0.03, 0.7), (0.06 + round_toe, toe + 0.02),
        (0.3, toe - 0.03), (instep, max(ankle, toe - rise)),
        (min(instep + rng.uniform(0.02, 0.12), heel - 0.12), ankle),
    ]  # fmt: skip
    return _closed(*outline) if rng.random() < 0.85 else _line(*outline)  # some leave it open at the top


def _sneaker(rng: np.random.Generator) -> Strokes:
    instep = rng.uniform(0.38, 0.62)
    laces = [_line((x, 0.45), (x + 0.06, 0.52)) for x in np.linspace(0.36, instep, 4)] * (rng.random() < 0.5)
    sole = [_line((0.06, 0.7), (0.95, 0.7))] * (rng.random() < 0.6)
    ankle = rng.uniform(0.27, 0.48)
    opening = [_arc(0.515 + 0.5 * instep, ankle, 0.435 - 0.5 * instep, rng.uniform(0.03, 0.08))]
    opening *= rng.random() < 0.35
    flat = 1, rng.uniform(0.6, 1.0)  # many draw it low and long
    return [stroke * flat for stroke in (_sole(rng, ankle, instep), *laces, *sole, *opening)]


def _ankle_boot(rng: np.random.Generator) -> Strokes:
    top, instep = rng.uniform(0.0, 0.16), rng.uniform(0.36, 0.6)
    heel = [_closed((0.7, 0.78), (0.95, 0.78), (0.93, 0.9), (0.74, 0.9))] * (rng.random() < 0.5)
    laces = [_line((instep, y), (instep + 0.12, y + 0.02)) for y in (0.2, 0.28, 0.36)] * (rng.random() < 0.4)
    sole = [_line((0.06, 0.7), (0.95, 0.7))] * (rng.random() < 0.4)
    cuff = [_line((instep + 0.06, top + 0.1), (0.95, top + 0.1))] * (rng.random() < 0.3)
    return [_sole(rng, top, instep)] + heel + laces + sole + cuff


def _sandal(rng: np.random.Generator) -> Strokes:
    if rng.random() < 0.5:  # a flip-flop from above, or a pair of them
        wide = rng.uniform(0.14, 0.24)
        sole = _arc(0.5, 0.5, wide, 0.45) - np.array([(0.06, 0)]) * np.sin(np.linspace(0, 2 * np.pi, 24))[:, None] ** 2
        sole[-1] = sole[0]
        strap = [_line((0.5 - 0.9 * wide, 0.5), (0.5, rng.uniform(0.15, 0.3)), (0.5 + 0.9 * wide, 0.5))]
        strap *= rng.random() < 0.85
        beside = rng.uniform(0.52, 0.75)
        pair = [(stroke * (-1, 1) + (1 + 2 * wide + 0.03, 0)) * (beside, beside) for stroke in (sole, *strap)]
        if rng.random() < 0.5:
            return [sole, *strap]
        return [stroke * (beside, beside) for stroke in (sole, *strap)] + pair
    heel = rng.uniform(0.5, 0.68)
    under = (0.97, heel + 0.06), (0.93, 0.82), (0.85, 0.82), (0.8, 0.72), (0.4, 0.82), (0.04, 0.82)
    sole = _closed((0.03, 0.75), (0.4, 0.74), (0.95, heel), *under)
    straps = [_arc(x, 0.74, rng.uniform(0.06, 0.14), rng.uniform(0.12, 0.3), 0.5, 1.0) for x in (0.25, 0.55, 0.8)]
    return [sole] + straps[: rng.integers(1, 4)]


def _bag(rng: np.random.Generator) -> Strokes:
    kind = rng.integers(5)
    if kind == 0:  # backpack: round top, pocket, straps
        body = np.concatenate([_arc(0.5, 0.4, 0.3, 0.32, 0.5, 1.0), _line((0.8, 0.92), (0.2, 0.92), (0.2, 0.4))])
        pocket = [_closed((0.3, 0.6), (0.7, 0.6), (0.7, 0.85), (0.3, 0.85))] * (rng.random() < 0.7)
        straps = [_arc(x, 0.6, 0.1, 0.22, start, start + 0.5) for x, start in ((0.2, 0.25), (0.8, 0.75))]
        straps *= rng.random() < 0.5
        # its back, seen aslant
        side = [_arc(rng.uniform(0.1, 0.2), 0.6, 0.14, rng.uniform(0.2, 0.36))] * (rng.random() < 0.25)
        return [body] + pocket + straps + side + [_arc(0.5, 0.1, 0.08, 0.07, 0.5, 1.0)] * (rng.random() < 0.6)
    if kind == 4:  # suitcase on wheels, upright, its handle pulled out
        half, long, grip = rng.uniform(0.18, 0.3), rng.uniform(0.1, 0.3), rng.uniform(0.06, 0.16)
        body = _closed((0.5 - half, 0.36), (0.5 + half, 0.36), (0.5 + half, 0.9), (0.5 - half, 0.9))
        wheels = [_arc(0.5 + side * 0.7 * half, 0.93, 0.03, 0.03) for side in (-1, 1)] * (rng.random() < 0.6)
        pull = _line((0.5 - grip, 0.36), (0.5 - grip, 0.36 - long), (0.5 + grip, 0.36 - long), (0.5 + grip, 0.36))
        return [body, pull] + wheels + [_line((0.5 - half, 0.6), (0.5 + half, 0.6))] * (rng.random() < 0.4)
    top, narrow = rng.uniform(0.3, 0.5), rng.uniform(-0.06, 0.12)
    body = _closed((0.06 + narrow, top), (0.94 - narrow, top), (0.94, 0.92), (0.06, 0.92))
    if kind == 1:  # suitcase: flat, small handle, bands
        bands = [_line((x, top), (x, 0.92)) for x in (0.25, 0.75)] * (rng.random() < 0.4)
        return [body, _line((0.38, top), (0.38, top - 0.12), (0.62, top - 0.12), (0.62, top))] + bands
    handle = _arc(0.5, top, rng.uniform(0.15, 0.35), rng.uniform(0.15, top), 0.5, 1.0)
    if kind == 2:  # hand bag: large handle, clasp or flap
        return [body, handle] + [_line((0.06, 0.55), (0.5, 0.68), (0.94, 0.55))] * (rng.random() < 0.5)
    pouch = np.concatenate(
        [_line((0.15, top), (0.85, top)), _arc(0.5, top + 0.2, 0.44, 0.35, 0.0, 0.5), _line((0.15, top))]
    )
    return [pouch, handle]


TEMPLATES: tuple[Callable[[np.random.Generator], Strokes], ...] = (
    _t_shirt, _trouser, _pullover, _dress, _coat, _sandal, _shirt, _sneaker, _bag, _ankle_boot,
)  # fmt: skip
