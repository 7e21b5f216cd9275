"""The cuts of T-shirts, trousers, pullovers, dresses, coats and shirts. Lengths and parts are those of the canvas."""

import numpy as np

from core.data.silhouettes.canvas import BODY, DETAIL, EMPTY, INSIDE, LINE, PANEL, SLEEVE, TRIM, Cloth, curve


def _sleeves(
    c: Cloth, arm: float, spread: float, cuff: float, shoulder: float, drop: float, under: tuple[float, float]
) -> None:
    """Two sleeves: `arm` long, `spread` from the vertical in radians, `cuff` wide, ending in the armpit `under`."""
    along = np.array([np.sin(spread), np.cos(spread)])
    across = np.array([along[1], -along[0]]) * cuff / 2
    start = np.array([shoulder + 0.01, drop + 0.06])
    wrist, full = start + arm * along, c.u(1.1, 1.6) if arm > 0.5 else 1.1
    elbow = start + along * arm * 0.5 + across * full
    outer = curve([(shoulder - 0.06, drop - 0.01), start + across * full - (0, 0.01), elbow, wrist + across])
    inner = curve([wrist - across, start + along * arm * 0.55 - across * full, under])
    c.pair(np.concatenate([outer, inner, [(shoulder - 0.1, under[1])]]), SLEEVE)
    if c.chance(0.5) and arm > 0.5:
        fold = [start + along * 0.12, start + along * arm * 0.5 - across * 0.3, wrist - across * 0.4]
        c.lines(curve(fold), PANEL if c.chance(0.3) else LINE, c.u(0.01, 0.03))
    if c.chance(0.6):
        rib = along * c.u(0.01, 0.05)
        c.lines([wrist + across - rib, wrist - across - rib], TRIM if c.chance(0.7) else LINE, c.u(0.012, 0.045))


def _upper(
    c: Cloth,
    arm: float,
    spread: float,
    cuff: float,
    waist: float,
    hem: float,
    neck: float,
    depth: float,
    vee: float,
    chest: float,
    shoulder: float,
    length: float = 1.0,
    bow: float = 0.0,
) -> None:
    """Body, sleeves and neckline of everything worn above the waist.

    `vee` shapes the neckline, `bow` rounds the hem.
    """
    drop, armpit = c.u(0.04, 0.09), c.u(0.27, 0.33)
    if arm:
        _sleeves(c, arm, spread, cuff, shoulder, drop, (chest - 0.02, armpit))
    side = curve([(chest, armpit), (waist, c.u(0.5, 0.62) * length), (hem, length)])
    top = [(neck, 0.0), (shoulder, drop), (shoulder - (0.0 if arm else 0.04), 0.5 * drop + 0.5 * armpit)]
    bottom = curve([(hem, length), (0.5 * hem, length + 0.7 * bow), (0, length + bow)], 3)
    right = np.concatenate([top, side, bottom])
    c.fill(np.concatenate([right, right[::-1] * (-1, 1)]))
    x = np.linspace(-1, 1, 15)
    front = np.stack([neck * x, depth * (1 - np.abs(x) ** vee)], 1)
    back = np.stack([neck * x, min(depth, c.u(0.0, 0.04)) * (1 - x**2)], 1)
    c.fill(np.concatenate([front, back[::-1]]), INSIDE)
    c.fill(np.concatenate([back, [(neck, -0.1), (-neck, -0.1)]]), EMPTY)
    if c.chance(0.7):
        c.line(front, TRIM, c.u(0.012, 0.035))
    if arm and c.chance(0.8):
        seam = [
            (shoulder - 0.01, drop),
            (shoulder - c.u(0.0, 0.04), 0.6 * armpit),
            (chest - 0.005, armpit),
            (waist, 0.6 * length),
        ]
        c.lines(curve(seam)[: c.pick(1, 3) * 5 + 8], LINE, c.u(0.008, 0.026))
    if c.chance(0.4):
        c.lines(bottom - (0, c.u(0.03, 0.06)), LINE, c.u(0.008, 0.016))
    for _ in range(c.pick(5, 2, 2)):
        x0, y0 = c.u(-0.15, 0.15), c.u(0.35, 0.7)
        c.line([(x0, y0), (x0 + c.u(-0.04, 0.04), y0 + c.u(0.1, 0.3))], PANEL if c.chance(0.25) else LINE, 0.009)


def _print(c: Cloth) -> None:
    """A printed chest: words, a badge, a scribble, a pocket or a picture."""
    y, kind = c.u(0.2, 0.36), c.pick(4, 3, 2, 2, 1.5)
    if kind == 0:
        for row in range(c.pick(5, 3, 2) + 1):
            half = c.u(0.08, 0.17)
            x = -half
            while x < half:
                letter = c.u(0.02, 0.06)
                c.box(x, y + 0.075 * row, letter, 0.05, DETAIL)
                x += letter + 0.02
    elif kind == 1:
        r = c.u(0.07, 0.15)
        c.oval(0, y + r, r, r, DETAIL)
        c.oval(c.u(-0.02, 0.02), y + r, r * c.u(0.4, 0.8), r * c.u(0.4, 0.8), BODY)
        c.oval(0, y + r, r * 0.3, r * c.u(0.1, 0.4), DETAIL)
    elif kind == 2:
        scribble = np.clip(np.cumsum(c.rng.normal(0, 0.05, (9, 2)), 0), -0.15, 0.15)
        c.line(scribble + (0, y + 0.14), DETAIL, c.u(0.02, 0.05))
    elif kind == 3:
        c.box(c.u(0.05, 0.1), y, 0.09, 0.1, (TRIM, LINE, DETAIL)[c.pick(1, 1, 1)])
    else:
        w, h = c.u(0.1, 0.16), c.u(0.08, 0.25)
        c.box(-w, y, 2 * w, h, DETAIL)
        c.box(-w * c.u(0.3, 0.8), y + 0.25 * h, w, 0.5 * h, PANEL)


def _collar(c: Cloth, neck: float, size: float, part: int = TRIM) -> None:
    """Two points turned down at the neck, the open neck between them."""
    c.fill([(-neck * 0.7, -0.005), (neck * 0.7, -0.005), (0, 0.07)], INSIDE)
    tip = (neck * 0.7 + 0.2 * size, 0.05 + size)
    c.pair([(0.005, 0.06), (neck * 0.8, -0.02), (neck + 0.02, 0.03), tip, (0.02, 0.09)], part)
    c.lines([(0.01, 0.07), tip, (neck + 0.02, 0.03)], LINE, 0.014)


def _hood(c: Cloth, part: int) -> None:
    w, h = c.u(0.13, 0.17), c.u(0.06, 0.11)
    c.fill(
        curve([(-w, 0.11), (-w + 0.02, -0.4 * h), (0, -h), (w - 0.02, -0.4 * h), (w, 0.11), (0, 0.2), (-w, 0.11)]), part
    )
    c.oval(0, 0.04, c.u(0.05, 0.09), c.u(0.05, 0.09), INSIDE)
    if c.chance(0.5):
        c.lines([(0.04, 0.13), (0.045, c.u(0.22, 0.32))], DETAIL, 0.014)


def _placket(c: Cloth, x: float, top: float, bottom: float, buttons: int) -> None:
    c.line([(x, top), (x, bottom)], LINE, c.u(0.01, 0.026))
    if c.chance(0.4):
        c.line([(x + 0.05, top), (x + 0.05, bottom)], LINE, 0.01)
    for y in np.linspace(top + 0.04, bottom - 0.07, buttons):
        c.oval(x + 0.02, y, 0.015, 0.015, DETAIL)


def t_shirt(c: Cloth) -> None:
    """Short sleeves, caps, straps or none; round, V or wide neck; often a print."""
    kind = c.pick(0.62, 0.12, 0.16, 0.05, 0.05)  # short, cap, vest, straps, long
    hem, neck = c.u(0.2, 0.3), c.u(0.08, 0.15)
    waist, bow = hem * c.u(0.86, 1), c.u(-0.02, 0.05)
    if kind in (2, 3):
        edge = neck + (c.u(0.02, 0.04) if kind == 3 else c.u(0.03, 0.09))
        _upper(c, 0, 0, 0, waist, hem, neck, c.u(0.12, 0.24), c.u(1.3, 3), c.u(0.2, 0.25), edge, 1, bow)
    else:
        arm = (c.u(0.2, 0.32), c.u(0.07, 0.13), 0, 0, c.u(0.5, 0.85))[kind]
        spread, cuff = (c.u(0.1, 0.2), c.u(0.09, 0.12)) if kind == 4 else (c.u(0.4, 0.75), c.u(0.13, 0.19))
        _upper(
            c,
            arm,
            spread,
            cuff,
            waist,
            hem,
            neck,
            c.u(0.05, 0.17),
            c.u(1, 2.6),
            c.u(0.22, 0.27),
            c.u(0.19, 0.24),
            1,
            bow,
        )
    if c.chance(0.42):
        _print(c)
    elif c.chance(0.06):
        _collar(c, 0.11, c.u(0.05, 0.09))
        _placket(c, 0, 0.1, c.u(0.25, 0.4), c.pick(1, 1, 1))


def trouser(c: Cloth) -> None:
    """Two legs from skinny to wide, sometimes one set forward."""
    hip, waist, crotch = c.u(0.155, 0.22), c.u(0.13, 0.17), c.u(0.26, 0.36)
    gap, foot = c.u(0.015, 0.08), c.u(0.08, 0.16)
    knee, pose = c.u(0.95, 1.15) * foot, c.u(-0.03, 0.03) if c.chance(0.35) else 0.0
    for sign in (1, -1):
        low, bend = 1 - c.u(0, 0.012), sign * pose
        inside = np.array([(gap + bend / 2, low), (0.7 * gap + bend, 0.62), (0.003, crotch)])
        outside = curve(
            [(waist, 0), (hip, 0.18), (inside[1, 0] + 0.3 * hip + 0.7 * knee, 0.6), (inside[0, 0] + foot, low)]
        )
        c.fill(np.concatenate([outside, inside, [(0, 0.0)]]) * (sign, 1))
        if c.chance(0.4):
            c.line(
                np.array([(0.09, 0.28), inside[1] + (knee / 2, 0), inside[0] + (foot / 2, 0)]) * (sign, 1),
                LINE,
                c.u(0.01, 0.022),
            )
        if c.chance(0.4):
            c.line((inside + (0.008, 0)) * (sign, 1), LINE, 0.016)
        if c.chance(0.25):
            c.line(
                np.array([(inside[0, 0], low - 0.03), (inside[0, 0] + foot, low - 0.03)]) * (sign, 1),
                TRIM,
                c.u(0.01, 0.04),
            )
    c.line([(-waist, 0.02), (waist, 0.02)], TRIM, c.u(0.02, 0.05))
    c.line([(0, 0.04), (c.u(-0.01, 0.01), crotch)], LINE, c.u(0.01, 0.02))
    if c.chance(0.6):
        c.lines(curve([(waist * 0.5, 0.06), (waist * 0.7, 0.1), (hip * 0.95, c.u(0.1, 0.15))]), LINE, 0.014)
    if c.chance(0.1):
        c.lines([(hip, 0.15), (gap + foot, 1)], TRIM, 0.03)


def pullover(c: Cloth) -> None:
    """Long sleeves without an opening; round neck, V, roll neck or hood; ribbed ends."""
    neck, hem, length = c.u(0.07, 0.14), c.u(0.19, 0.26), c.u(0.82, 1)
    depth = c.u(0.03, 0.09) if c.chance(0.75) else c.u(0.1, 0.2)
    reach = c.u(0.78, 0.94)
    chest, shoulder, waist = c.u(0.22, 0.26), c.u(0.2, 0.25), hem * c.u(0.94, 1.06)
    _upper(c, reach, c.u(0.04, 0.2), c.u(0.08, 0.12), waist, hem, neck, depth, c.u(1, 2.5), chest, shoulder, length)
    if c.chance(0.6):
        c.line([(-hem, length - 0.03), (hem, length - 0.03)], TRIM if c.chance(0.6) else LINE, c.u(0.015, 0.05))
    style = c.pick(0.5, 0.22, 0.1, 0.12, 0.03, 0.03)
    if style == 1:
        _print(c)
    elif style == 2:
        c.fill([(-neck, -0.04), (neck, -0.04), (neck + 0.03, 0.06), (0, 0.1), (-neck - 0.03, 0.06)], TRIM)
        c.line([(-neck - 0.02, 0.05), (0, 0.09), (neck + 0.02, 0.05)], LINE, 0.014)
    elif style == 3:
        _hood(c, TRIM)
        if c.chance(0.7):
            c.line(
                [(-0.15, 0.85 * length), (-0.1, 0.62 * length), (0.1, 0.62 * length), (0.15, 0.85 * length)],
                LINE,
                0.018,
            )
    elif style == 4:
        _placket(c, 0, depth, length, c.pick(1, 1, 1, 1, 1))
    elif style == 5:
        _collar(c, neck, c.u(0.05, 0.08))


def dress(c: Cloth) -> None:
    """One narrow piece: sheath, flared or full, with or without sleeves, often a waist line and pleats."""
    kind = c.pick(0.36, 0.3, 0.18, 0.16)  # no sleeve, short, long, straps
    shoulder, chest, waist = c.u(0.13, 0.17), c.u(0.125, 0.17), c.u(0.1, 0.145)
    waist_y = c.u(0.32, 0.42)
    hem = (c.u(0.11, 0.17), c.u(0.18, 0.26), c.u(0.26, 0.36))[c.pick(0.42, 0.43, 0.15)]
    if kind in (1, 2):
        arm, spread = (c.u(0.08, 0.2), c.u(0.3, 0.75)) if kind == 1 else (c.u(0.4, 0.62), c.u(0.08, 0.22))
        _sleeves(c, arm, spread, c.u(0.07, 0.1), shoulder - 0.01, 0.035, (chest - 0.02, 0.21))
    neck = c.u(0.05, 0.1) if kind < 3 else shoulder - 0.03
    full = c.u(0.35, 0.75)
    side = curve([(chest, 0.2), (waist, waist_y), ((1 - full) * waist + full * hem + 0.01, 0.66), (hem, 1)])
    right = np.concatenate(
        [[(neck, 0), (shoulder, 0.03), (shoulder - 0.015, 0.12)], side, [(0.5 * hem, 1.01), (0, 1 + c.u(0, 0.03))]]
    )
    c.fill(np.concatenate([right, right[::-1] * (-1, 1)]))
    depth, x = c.u(0.03, 0.12) if kind < 3 else c.u(0.1, 0.17), np.linspace(-1, 1, 11)
    front = np.stack([neck * x, depth * (1 - np.abs(x) ** c.u(1, 3))], 1)
    c.fill(np.concatenate([front, [(neck, -0.05), (-neck, -0.05)]]), EMPTY)
    if kind < 3 and c.chance(0.4):
        c.fill(np.concatenate([front, [(neck, 0), (0, 0.02), (-neck, 0)]]), INSIDE)
    c.line(front, TRIM, 0.014)
    if c.chance(0.55):
        c.line([(-waist, waist_y), (waist, waist_y)], (TRIM, LINE, DETAIL)[c.pick(2, 2, 1)], c.u(0.01, 0.04))
    for _ in range(c.pick(2, 2, 2, 2, 1, 1)):
        pleat = c.u(-0.85, 0.85)
        c.line(
            [(pleat * waist, waist_y + c.u(0.02, 0.2)), (pleat * hem, c.u(0.8, 1))],
            PANEL if c.chance(0.3) else LINE,
            c.u(0.008, 0.02),
        )
    if c.chance(0.1):
        _placket(c, 0, depth, c.u(0.5, 1), c.pick(1, 1, 1, 1, 1))
    elif c.chance(0.05):
        _print(c)


def coat(c: Cloth) -> None:
    """Long sleeves and an opening down the front; lapels, stand-up collar, hood or points; buttons, pockets, belt."""
    hem, neck, depth = c.u(0.2, 0.27), c.u(0.07, 0.12), c.u(0.04, 0.12)
    length = 1 if c.chance(0.75) else c.u(0.84, 0.98)
    chest, shoulder, arm, cuff = c.u(0.21, 0.25), c.u(0.19, 0.24), c.u(0.64, 0.9), c.u(0.09, 0.13)
    waist, bow = hem * c.u(0.85, 1.03), c.u(-0.01, 0.02)
    _upper(c, arm, c.u(0.04, 0.16), cuff, waist, hem, neck, depth, c.u(1, 2), chest, shoulder, length, bow)
    style, middle = c.pick(0.3, 0.25, 0.2, 0.15, 0.1), c.u(-0.03, 0.03)
    if style == 0:
        low, wide = c.u(0.22, 0.45), neck + c.u(0.04, 0.08)
        c.fill([(-neck * 0.7, 0.0), (neck * 0.7, 0.0), (middle, low)], INSIDE)
        c.pair(
            [(neck * 0.6, -0.01), (neck + 0.03, 0.02), (wide, low * 0.6), (middle + 0.01, low)],
            PANEL if c.chance(0.5) else TRIM,
        )
        c.lines([(neck + 0.03, 0.02), (wide, low * 0.6), (middle + 0.01, low)], LINE, 0.014)
    elif style == 1:
        c.fill([(-neck, -0.05), (neck, -0.05), (neck + 0.03, 0.06), (0, 0.09), (-neck - 0.03, 0.06)], TRIM)
        c.line([(-neck - 0.02, 0.06), (0, 0.09), (neck + 0.02, 0.06)], LINE, 0.016)
    elif style == 2:
        _hood(c, PANEL)
    elif style == 3:
        _collar(c, neck, c.u(0.06, 0.13))
    if c.chance(0.93):
        c.line([(middle, depth + 0.03), (middle, length)], (LINE, TRIM, INSIDE)[c.pick(7, 2, 1)], c.u(0.014, 0.04))
    if c.chance(0.35):
        c.line([(middle + 0.06, depth + 0.1), (middle + 0.06, length)], LINE, 0.012)
    for beside in ((), (0.035,), (-0.07, 0.07))[c.pick(0.55, 0.28, 0.17)]:
        for y in np.linspace(0.35, 0.75, c.pick(1, 1, 1) + 3):
            c.oval(middle + beside, y, 0.018, 0.018, DETAIL)
    if c.chance(0.6):
        x, y = c.u(0.08, 0.12), c.u(0.55, 0.72)
        slant = c.u(0.04, 0.1) if c.chance(0.5) else 0
        c.lines([(x, y + slant), (x + c.u(0.06, 0.09), y)], LINE if c.chance(0.7) else TRIM, c.u(0.014, 0.03))
    if c.chance(0.14):
        c.line([(-hem, 0.52), (hem, 0.52)], TRIM, c.u(0.025, 0.05))
        c.line([(-hem, 0.545), (hem, 0.545)], LINE, 0.012)


def shirt(c: Cloth) -> None:
    """Collar and buttons, long or short sleeves, shirt-tail hem; blouses without either."""
    hem, neck = c.u(0.18, 0.27), c.u(0.06, 0.12)
    kind = c.pick(0.6, 0.3, 0.1)  # long, short, none
    arm = (c.u(0.72, 0.92), c.u(0.18, 0.42), 0.0)[kind]
    spread, cuff = (c.u(0.04, 0.18), c.u(0.07, 0.11)) if kind == 0 else (c.u(0.3, 0.7), c.u(0.12, 0.18))
    blouse = c.chance(0.33)
    depth, long = c.u(0.05, 0.18) if blouse else c.u(0.04, 0.07), c.u(0.9, 0.98)
    chest, shoulder = c.u(0.21, 0.25), c.u(0.18, 0.23)
    _upper(
        c, arm, spread, cuff, hem * c.u(0.85, 1), hem, neck, depth, c.u(1, 2.2), chest, shoulder, long, c.u(-0.02, 0.07)
    )
    if not blouse:
        _collar(c, neck, c.u(0.04, 0.09), TRIM if c.chance(0.6) else BODY)
    if not blouse or c.chance(0.3):
        bottom = long if c.chance(0.85) else c.u(0.3, 0.5)
        _placket(c, c.u(-0.01, 0.01), depth + 0.02, bottom, (0, 4, 5, 6, 7)[c.pick(2, 1, 1, 2, 2)])
    if c.chance(0.3):
        c.box(c.u(0.06, 0.09), c.u(0.28, 0.33), 0.08, 0.1, LINE if c.chance(0.3) else TRIM)
    elif blouse and c.chance(0.2):
        _print(c)
