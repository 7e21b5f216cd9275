"""The cuts of sandals, sneakers, ankle boots (from the side, toe to the left) and bags.

Lengths and parts are those of the canvas.
"""

import numpy as np

from core.data.silhouettes.canvas import BODY, DETAIL, INSIDE, LINE, PANEL, SLEEVE, TRIM, Cloth, curve


def sandal(c: Cloth) -> None:
    """A sole and straps with gaps between: flat, wedge or high heel."""
    kind, floor = c.pick(0.44, 0.24, 0.32), 0.9
    heel = (c.u(0.02, 0.08), c.u(0.12, 0.3), c.u(0.35, 0.62))[kind]
    thick = c.u(0.035, 0.09) if kind < 2 else c.u(0.03, 0.07)
    bed = curve(
        [
            (x, floor - thick - share * heel)
            for x, share in ((-0.5, 0), (-0.2, 0.02), (0.1, 0.45), (0.34, 0.95), (0.5, 1))
        ]
    )
    c.fill(np.concatenate([bed, [(0.5, floor), (-0.48, floor)] if kind < 2 else (bed + (0, thick))[::-1]]), TRIM)
    if kind == 2:
        width = c.u(0.015, 0.06)
        tip = 0.47 - 2 * width
        c.fill(
            [
                (0.36, floor - 0.97 * heel),
                (0.5, floor - heel),
                (0.47, floor),
                (tip, floor),
                (tip - 0.02, floor - 0.6 * heel),
            ],
            TRIM,
        )
    elif c.chance(0.7):
        c.line(bed + (0, 0.01), PANEL if c.chance(0.6) else LINE, c.u(0.02, 0.035))

    def at(x: float) -> float:
        return float(np.interp(x, bed[:, 0], bed[:, 1]))

    wide = c.u(0.025, 0.085)
    for _ in range(c.pick(0.1, 4, 4, 2)):
        a, b = c.u(-0.46, -0.15), c.u(-0.2, 0.1)
        rise = at((a + b) / 2) - c.u(0.09, 0.22)
        c.line(curve([(a, at(a)), ((a + b) / 2, rise), (b + 0.06, at(b))]), BODY, wide * c.u(0.7, 1.5))
    if c.chance(0.25):
        c.fill(
            curve([(-0.42, at(-0.42)), (-0.36, at(-0.36) - 0.12), (-0.2, at(-0.2) - 0.18), (-0.1, at(-0.1))]), SLEEVE
        )
    if c.chance(0.85):
        cuff = at(0.36) - c.u(0.16, 0.36)
        c.line(curve([(0.18, cuff + c.u(0, 0.08)), (0.34, cuff + 0.05), (0.47, cuff)]), BODY, wide)
        c.line(curve([(0.44, at(0.44)), (0.47, (cuff + at(0.44)) / 2), (0.47, cuff)]), BODY, wide * c.u(0.8, 2.2))
        if c.chance(0.75):
            c.line(
                curve([(0.18, cuff + 0.05), (c.u(-0.1, 0.1), at(0) - 0.12), (c.u(-0.35, -0.2), at(-0.3))]), SLEEVE, wide
            )
        if c.chance(0.45):
            c.line(curve([(0.2, cuff + 0.03), (0.22, at(0.2) - 0.1), (c.u(0.05, 0.2), at(0.1))]), SLEEVE, wide)
        c.oval(0.3, cuff + 0.05, 0.02, 0.025, DETAIL)
    if c.chance(0.25):
        c.oval(-0.3, at(-0.3) - 0.1, 0.05, 0.04, DETAIL)


def sneaker(c: Cloth) -> None:
    """Low and closed on a thick sole, with tongue, laces and side stripes."""
    floor, sole = 0.6, c.u(0.045, 0.1)
    toe, ankle, tongue = c.u(0.1, 0.16), c.u(0.24, 0.33), c.u(0.3, 0.42)
    if c.chance(0.08):
        ankle, tongue = ankle + 0.14, tongue + 0.14
    mouth, seam = c.u(0.08, 0.18), floor - sole
    lip = seam - tongue
    top = curve(
        [
            (-0.5, seam),
            (-0.48, seam - toe * 0.65),
            (-0.36, seam - toe),
            (-0.18, seam - 0.5 * tongue),
            (mouth - 0.05, lip + 0.04),
        ]
    )
    pull = c.u(0, 0.05)
    back = curve([(mouth + 0.1, seam - ankle + c.u(0.02, 0.06)),
                  (0.36, seam - ankle + 0.03), (0.45, seam - ankle - pull),
                   (0.48, seam - 0.5 * ankle), (0.49, seam)])  # fmt: skip
    c.fill(np.concatenate([top, [(mouth - 0.01, lip), (mouth + 0.04, lip + 0.03)], back]))
    sole_line = [(-0.5, seam), (0.5, seam), (0.49, floor - 0.01), (0.46, floor), (-0.42, floor), (-0.49, floor - 0.02)]
    c.fill(sole_line, TRIM)
    c.line([(-0.5, seam), (0.5, seam)], LINE, c.u(0.012, 0.026))
    if c.chance(0.3):
        c.line([(-0.44, floor - 0.008), (0.47, floor - 0.008)], PANEL, 0.016)
    if c.chance(0.5):
        c.fill(curve([(-0.49, seam), (-0.46, seam - toe * 0.6), (-0.34, seam - toe * 0.8), (-0.28, seam)]), PANEL)
    if c.chance(0.5):
        c.fill([(0.3, seam), (0.36, seam - 0.6 * ankle), (0.48, seam - 0.7 * ankle), (0.49, seam)], PANEL)
    slope = np.array([mouth - 0.05, lip + 0.05]) - (-0.18, seam - 0.55 * tongue)
    if c.chance(0.7):
        c.line([(-0.2, seam - 0.35 * tongue), (mouth - 0.01, lip + 0.13)], LINE, c.u(0.01, 0.025))
    for share in np.linspace(0.1, 0.9, c.pick(3, 1, 1, 3, 3))[:, None]:
        start = (np.array([[-0.18, seam - 0.55 * tongue]]) + share * slope)[0]
        c.line([start, start + (0.05, 0.07)], DETAIL, 0.022)
    stripe = c.pick(3, 2, 2, 2)
    if stripe == 1:
        c.line(
            curve([(-0.2, seam - 0.1), (-0.02, seam - 0.05), (0.38, seam - c.u(0.13, 0.2))]), DETAIL, c.u(0.02, 0.05)
        )
    elif stripe == 2:
        for x in (-0.08, 0.0, 0.08):
            c.line([(x + 0.08, seam - 0.02), (x, seam - 0.2)], DETAIL, 0.028)
    elif stripe == 3:
        c.line(
            curve([(-0.3, seam - 0.03), (-0.1, seam - 0.18), (0.1, seam - 0.08), (0.3, seam - 0.22)]),
            LINE,
            c.u(0.015, 0.04),
        )
    c.line(back[:10], (LINE, TRIM, DETAIL)[c.pick(3, 3, 1)], c.u(0.015, 0.035))


def _handles(c: Cloth, kind: int, half: float, up: float, low: float, top: float, high: float) -> None:
    wide = c.u(0.02, 0.05)
    if kind in (0, 1, 4) and c.chance(0.9):
        grip, rise = half * c.u(0.3, 0.62), half * (c.u(0.5, 1.3) if kind == 0 else c.u(0.25, 0.7))
        right = np.array([(0, top - rise), (grip * 0.85, top - 0.65 * rise), (grip, top + 0.08)])
        c.line(curve(np.concatenate([right[:0:-1] * (-1, 1), right])), SLEEVE, wide)
    elif kind == 2:
        loop = c.u(0.02, 0.1)
        strap = [
            (up - 0.02, top),
            (up + loop, top + 0.35 * high),
            (low + loop * 0.8, top + 0.75 * high),
            (low - 0.05, top + high),
        ]
        c.lines(curve(strap), SLEEVE, wide)
        if c.chance(0.25):
            c.line(
                curve([(-up, top + 0.03), (-0.5 * up, top - 0.15), (0.5 * up, top - 0.15), (up, top + 0.03)]),
                SLEEVE,
                wide,
            )


def bag(c: Cloth) -> None:
    """Tote, satchel, shoulder bag, clutch or half-moon; handles above or a strap at the sides."""
    kind = c.pick(0.22, 0.24, 0.28, 0.14, 0.12)  # tote, satchel, shoulder bag, clutch, half-moon
    half = c.u(0.32, 0.5)
    high = 2 * half * (c.u(0.75, 1.1), c.u(0.6, 0.85), c.u(0.5, 0.85), c.u(0.45, 0.7), c.u(0.55, 0.75))[kind]
    top, flare = 0.5, c.u(-0.05, 0.08)
    low, up, bottom = half + (flare if kind < 2 else 0) / 2, half - flare / 2, top + high
    if kind == 4:
        right = np.array(
            [(0, top), (0.6 * up, top + 0.1 * high), (up, top + high * 0.5), (up, top + high * 0.9), (0.8 * up, bottom)]
        )
        shape = curve(np.concatenate([right, right[::-1] * (-1, 1)]))
    else:
        r = c.u(0.02, 0.14)
        right = np.concatenate(
            [[(up, top)], curve([(low, bottom - r), (low - 0.3 * r, bottom - 0.3 * r), (low - r, bottom)], 3)]
        )
        shape = np.concatenate([right, right[::-1] * (-1, 1)])
    _handles(c, kind, half, up, low, top, high)
    c.fill(shape)
    if c.chance(0.5):
        c.line(shape * (0.93, 0.93) + (0, 0.07 * (top + high / 2)), LINE, c.u(0.01, 0.02), True)
    if kind in (1, 2, 3) and c.chance(0.7):
        fall, point = high * c.u(0.3, 0.65), c.u(0.2, 0.95)
        flap = np.array([(-up, top), (-up * point, top + fall), (up * point, top + fall), (up, top)])
        if c.chance(0.6):
            flap = curve(
                [(-up, top), (-up * 0.9, top + fall * 0.8), (0, top + fall), (up * 0.9, top + fall * 0.8), (up, top)]
            )
        c.fill(flap, SLEEVE if c.chance(0.6) else PANEL)
        c.line(flap, LINE, c.u(0.014, 0.026))
        if c.chance(0.7):
            c.box(-0.03, top + fall - 0.04, 0.06, 0.06, DETAIL)
    elif kind != 4:
        c.line([(-up, top + 0.02), (up, top + 0.02)], TRIM if c.chance(0.5) else LINE, c.u(0.015, 0.04))
    if c.chance(0.4):
        y = top + high * c.u(0.4, 0.7)
        c.line([(-low, y), (low, y)], LINE if c.chance(0.6) else TRIM, c.u(0.01, 0.04))
    if c.chance(0.35):
        w, y, h = half * c.u(0.3, 0.7), top + 0.5 * high, high * c.u(0.2, 0.4)
        c.line([(-w, y), (w, y), (w, y + h), (-w, y + h)], LINE, 0.014, True)
    if c.chance(0.25):
        c.lines([(half * 0.45, top), (half * 0.45, bottom)], TRIM, c.u(0.02, 0.05))
    if c.chance(0.3):
        c.oval(0, top + high * c.u(0.3, 0.6), 0.04, 0.03, DETAIL)


def ankle_boot(c: Cloth) -> None:
    """A shaft over the ankle on a flat sole, a block heel or a high heel; laces, elastic, zip or strap."""
    heel = (c.u(0.03, 0.08), c.u(0.1, 0.18), c.u(0.22, 0.4))[c.pick(0.4, 0.36, 0.24)]
    floor, sole = 1.2, c.u(0.03, 0.07)
    shaft, front, rear = c.u(0.5, 0.85) + 0.5 * heel, c.u(-0.06, 0.12), c.u(0.42, 0.48)
    toe, rise = c.u(0.12, 0.19), 0.75 * heel
    ball, rim, seat = floor - sole, floor - shaft, floor - heel
    up = curve([(-0.5, ball), (-0.47, ball - 0.7 * toe), (-0.3, ball - toe - 0.03), (front - 0.08, floor - rise - 0.36),
                 (front, floor - shaft * 0.75), (front + c.u(-0.04, 0.03), rim)])  # fmt: skip
    down = curve([(rear + c.u(-0.05, 0.02), rim + c.u(-0.03, 0.03)),
                  (rear - 0.03, floor - 0.65 * shaft), (rear - 0.01, seat - 0.2),
                   (0.49, seat - 0.05), (0.46, seat)])  # fmt: skip
    arch = curve([(0.4, seat), (0.12, floor - 0.7 * heel - sole * 0.5), (-0.15, ball)])
    c.fill(np.concatenate([up, down, arch]))
    tip = c.u(0.02, 0.16) if heel > 0.2 else c.u(0.16, 0.26)
    c.fill(
        [(0.2 if heel < 0.2 else 0.3, floor - 0.85 * heel), (0.48, seat - 0.02), (0.47, floor), (0.47 - tip, floor)],
        TRIM,
    )
    c.fill(
        np.concatenate(
            [[(-0.5, ball), (-0.46, floor), (-0.05, floor)], (arch + (0, 0.6 * sole))[::-1], arch, [(-0.1, ball)]]
        ),
        TRIM,
    )
    if heel < 0.1:
        c.fill([(-0.5, ball), (0.48, ball - 0.02), (0.48, floor), (-0.46, floor)], TRIM)
    if c.chance(0.75):
        c.line(
            np.concatenate([[(-0.49, ball)], arch[::-1] - (0, 0.01), [(0.47, seat - 0.02)]]), LINE, c.u(0.012, 0.022)
        )
    style = c.pick(0.28, 0.26, 0.2, 0.16, 0.1)
    if style == 1:
        for y in np.linspace(floor - rise - 0.3, rim + 0.04, c.pick(1, 1, 1) + 5):
            x = float(np.interp(-y, -up[:, 1], up[:, 0]))
            c.line([(x - 0.01, y), (x + 0.11, y + 0.04)], DETAIL, 0.024)
        c.line(up[10:] + (0.13, 0.03), LINE, 0.016)
    elif style == 2:
        x = (front + rear) / 2
        c.fill([(x - 0.08, rim), (x + 0.07, rim), (x + 0.03, seat - 0.22), (x - 0.02, seat - 0.22)], PANEL)
        c.line([(x - 0.08, rim), (x - 0.02, seat - 0.22), (x + 0.03, seat - 0.22), (x + 0.07, rim)], LINE, 0.012)
    elif style == 3:
        c.line([(c.u(0.1, 0.3), rim), (c.u(0.1, 0.3), seat - 0.1)], LINE, 0.02)
    elif style == 4:
        y = seat - c.u(0.28, 0.38)
        c.line([(front - 0.06, y), (rear - 0.03, y + 0.03)], TRIM, c.u(0.03, 0.06))
        c.oval(0.2, y + 0.01, 0.03, 0.03, DETAIL)
    if c.chance(0.45):
        c.line([(front, rim + 0.03), (rear, rim + 0.03)], (TRIM, INSIDE, LINE)[c.pick(2, 2, 1)], c.u(0.02, 0.07))
    if c.chance(0.45):
        c.line(curve([(-0.28, ball - toe - 0.03), (-0.2, ball - 0.08), (-0.24, ball)]), LINE, c.u(0.012, 0.024))
    if c.chance(0.35):
        c.line(curve([(0.22, ball - 0.9 * heel), (0.3, seat - 0.2), (0.45, seat - 0.26)]), LINE, c.u(0.012, 0.02))
