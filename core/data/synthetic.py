"""Ten classes of clothes drawn by program in the format of Fashion-MNIST: the stand-in when there is no data and no
network.

A garment is cut four times too large (core/data/silhouettes), cropped, and shrunk so that its longest side is 28
pixels, as the real photos were; every picture then gets its own proportions, tones, cloth and folds. Knows nothing of
files, networks or pages.
"""

import cv2
import numpy as np

from core.data.silhouettes import GARMENTS
from core.data.silhouettes.canvas import BODY, EMPTY, INSIDE, LINE, TRIM, Cloth
from core.images import SIDE

BANK = 40  # samples of every kind of cloth, each twice the picture's side
CHUNK = 1000  # pictures finished at once
# For each class, in the order of the labels: how often (in hundredths) it is made of each cloth.
# plain, melange, stripes across, stripes down, check, print, dots, shaded
WEAVE = np.array([
    [52, 14, 14, 2, 1, 10, 2, 5],
    [66, 18, 0, 4, 2, 4, 1, 5],
    [50, 26, 15, 1, 2, 2, 1, 3],
    [58, 12, 5, 3, 2, 12, 3, 5],
    [64, 22, 2, 1, 5, 3, 0, 3],
    [84, 8, 1, 0, 0, 3, 1, 3],
    [40, 14, 4, 8, 16, 13, 3, 2],
    [76, 18, 0, 0, 0, 3, 0, 3],
    [68, 14, 2, 2, 4, 6, 1, 3],
    [80, 14, 0, 0, 0, 2, 0, 4],
]) / 100  # fmt: skip
# Middle and spread of the body's tone (0 = white, 255 = black), share of contrasting trims, share of pale ones (white
# soles).
TONE = np.array([
    [165, 62, 0.25, 0.0],
    [186, 48, 0.15, 0.0],
    [174, 54, 0.25, 0.0],
    [180, 54, 0.25, 0.0],
    [176, 50, 0.15, 0.0],
    [142, 66, 0.15, 0.2],
    [160, 56, 0.15, 0.0],
    [162, 62, 0.1, 0.6],
    [174, 54, 0.35, 0.0],
    [184, 52, 0.2, 0.12],
])  # fmt: skip
CONTRAST = np.array([0, 0, 0.06, 0, 0, 0.85, 0, 0.35])  # how often each part of a garment has the second colour


def _smooth(rng: np.random.Generator, across: float, down: float) -> np.ndarray:
    """Smooth noise of standard deviation 1, twice the picture's side: (56, 56) float32."""
    noise = cv2.GaussianBlur(rng.standard_normal((2 * SIDE, 2 * SIDE), np.float32), (0, 0), across, sigmaY=down)
    smooth: np.ndarray = noise / noise.std()
    return smooth


def _cloths(rng: np.random.Generator) -> np.ndarray:
    """Samples of the eight cloths: (8, BANK, 56, 56) float32, about -1 to 1, 0 = the plain tone."""
    y, x = np.mgrid[: 2 * SIDE, : 2 * SIDE].astype(np.float32)
    bank = np.zeros((WEAVE.shape[1], BANK, 2 * SIDE, 2 * SIDE), np.float32)
    for sample in range(BANK):
        period, phase, sharp = rng.uniform(2.2, 9), rng.uniform(0, 7), rng.uniform(1, 5)
        across = np.tanh(sharp * (np.sin(2 * np.pi * y / period + phase) + rng.uniform(-0.6, 0.6)))
        down = np.tanh(sharp * np.sin(2 * np.pi * x / rng.uniform(2.1, 5) + phase))
        crossing = np.tanh(sharp * np.sin(2 * np.pi * x / period))
        grain, flower = rng.uniform(0.4, 0.7), rng.uniform(0.5, 1.3)
        dots = np.cos(2 * np.pi * (x + y) / period) + np.cos(2 * np.pi * (x - y) / period)
        bank[:, sample] = (
            0.05 * _smooth(rng, 0.6, 0.8),
            0.24 * _smooth(rng, grain, grain),
            across,
            down,
            0.5 * (across + crossing),
            0.8 * np.tanh(1.3 * _smooth(rng, flower, flower)),
            -np.clip(2 * dots - 1.5, 0, 1.2),
            np.tanh((y - SIDE + 3 * rng.normal()) / rng.uniform(4, 14)) * rng.choice([-1, 1]),
        )
    return bank


def _tones(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The tone of every part of every picture, a look-up table from part to tone: (n, 256) uint8."""
    n = len(labels)
    middle, spread, trim, pale = TONE[labels].T
    body = np.clip(middle + spread * rng.normal(-0.05, 0.8, n), 14, 243)
    second = np.clip(body + rng.choice([-1, 1], n) * rng.uniform(50, 150, n), 8, 250)
    contrast = np.tile(CONTRAST, (n, 1))
    contrast[:, TRIM] = trim
    tones = body[:, None] * rng.uniform(0.88, 1.12, (n, len(CONTRAST)))
    tones = np.where(rng.random(tones.shape) < contrast, second[:, None] * rng.uniform(0.9, 1.1, tones.shape), tones)
    tones[:, BODY] = body
    tones[:, TRIM] = np.where(rng.random(n) < pale, rng.uniform(8, 80, n), tones[:, TRIM])
    tones[:, LINE] = body * np.where(rng.random(n) < 0.5, rng.uniform(0.3, 0.8, n), rng.uniform(1.15, 1.6, n))
    tones[:, INSIDE] = body * np.where(rng.random(n) < 0.5, rng.uniform(0.02, 0.7, n), rng.uniform(1, 1.6, n))
    tones = np.clip(tones, 2, 255)
    tones[:, EMPTY] = 0
    table = np.zeros((n, 256), np.uint8)
    table[:, : len(CONTRAST)] = tones
    return table


def _shapes(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut, crop and shrink: (n, 28, 28) uint8, still without cloth.

    One cut serves up to a dozen pictures of other width and tone.
    """
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    tables, stretch = _tones(labels, rng), rng.uniform(0.9, 1.1, len(labels))
    for label, garment in enumerate(GARMENTS):
        rows = np.flatnonzero(labels == label)
        flips = rng.random(len(rows)) < (0.01 if label in (5, 7, 9) else 0.5)  # shoes point to the left
        cuts = min(len(rows), 40 + len(rows) // 12)
        for first in range(cuts):
            cloth = Cloth(rng)
            garment(cloth)
            x, y, across, down = cv2.boundingRect(cloth.parts)
            parts = np.ascontiguousarray(cloth.parts[y : y + down, x : x + across])
            for row, flip in zip(rows[first::cuts], flips[first::cuts], strict=True):
                ratio = across / down * stretch[row]
                width, height = (
                    (SIDE, max(5, round(SIDE / ratio))) if ratio > 1 else (max(6, round(SIDE * ratio)), SIDE)
                )
                small = cv2.resize(cv2.LUT(parts, tables[row]), (width, height), interpolation=cv2.INTER_AREA)
                left, top = (SIDE - width) // 2, (SIDE - height) // 2
                images[row, top : top + height, left : left + width] = small[:, ::-1] if flip else small
    return images


def _windows(bank: np.ndarray, rng: np.random.Generator, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
    """From each chosen sample a piece cut at a random place: (n, 28, 28)."""
    pieces = np.lib.stride_tricks.sliding_window_view(bank, (SIDE, SIDE), axis=(-2, -1))
    row, column = rng.integers(SIDE, size=(2, len(chosen[0])))
    cut: np.ndarray = pieces[(*chosen, row, column)]
    return cut


def _blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blur every picture (n, 28, 28) float32 by itself, all in one call: empty rows keep neighbours apart."""
    apart = np.zeros((len(images), SIDE + 8, SIDE), np.float32)
    apart[:, 4:-4] = images
    blurred = cv2.GaussianBlur(
        apart.reshape(-1, SIDE), (9, 9) if sigma > 1 else (5, 5), sigma, borderType=cv2.BORDER_CONSTANT
    )
    return blurred.reshape(apart.shape)[:, 4:-4]


def _dress_up(
    images: np.ndarray, labels: np.ndarray, cloths: np.ndarray, folds: np.ndarray, rng: np.random.Generator
) -> None:
    """Give each picture (n, 28, 28) uint8 in place its cloth, folds, roundness, and the sharp edges of the real data's
    preparation."""
    n = len(images)
    shares = np.cumsum(WEAVE[labels], axis=1)[:, :-1]
    kind = (rng.random((n, 1)) > shares).sum(1)
    strength: np.ndarray = np.where(kind < 2, rng.uniform(0.2, 0.7, n), 0.12 + 0.6 * rng.random(n) ** 1.5)
    drape: np.ndarray = rng.uniform(0.005, 0.04, n)
    depth: np.ndarray = rng.normal(0, 0.28, n)
    strength, drape, depth = (values.astype(np.float32)[:, None, None] for values in (strength, drape, depth))
    inside = images > 0
    shade = _windows(cloths, rng, (kind, rng.integers(BANK, size=n))) * strength
    shade += _windows(folds, rng, (rng.integers(len(folds), size=n),)) * drape
    shade += (_blur(inside, 2) - 0.85) * depth
    shade += 1
    shade *= images
    shade += 0.55 * (shade - _blur(shade, 1))
    np.clip(shade, 1, 255, out=shade)
    images[:] = np.rint(shade) * inside


def draw(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw one garment for every label; the same labels and seed give the same pictures.

    `labels` (n,) are whole numbers 0 to 9. Gives (n, 28, 28) uint8: background 0, longest side 28, corners 0.
    Raises ValueError for anything else than one row of labels from 0 to 9.
    """
    labels = np.asarray(labels).astype(np.int64)
    if labels.ndim != 1 or (len(labels) and not 0 <= labels.min() <= labels.max() < len(GARMENTS)):
        raise ValueError(
            f"labels must be one row of whole numbers from 0 to {len(GARMENTS) - 1}, not of shape {labels.shape}"
        )
    rng = np.random.default_rng(seed)
    images = _shapes(labels, rng)
    cloths = _cloths(rng)
    folds = np.stack([_smooth(rng, across, down) for across, down in ((1, 5), (1.5, 3), (3, 2), (0.8, 8)) * 12])
    for start in range(0, len(labels), CHUNK):
        piece = slice(start, start + CHUNK)
        _dress_up(images[piece], labels[piece], cloths, folds, rng)
    images[:, [0, 0, -1, -1], [0, -1, 0, -1]] = 0
    return images


def make(
    train: int = 60_000, test: int = 10_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A whole data set: train images (train, 28, 28), train labels (train,), test images, test labels, all uint8.

    The ten classes come equally often, shuffled; the two parts share no cut.
    """
    seeds = np.random.SeedSequence(seed).generate_state(3)
    rng = np.random.default_rng(seeds[0])
    train_labels, test_labels = (
        rng.permutation(np.arange(count) % len(GARMENTS)).astype(np.uint8) for count in (train, test)
    )
    return draw(train_labels, int(seeds[1])), train_labels, draw(test_labels, int(seeds[2])), test_labels
