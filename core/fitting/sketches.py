"""Sketch-like training pictures: outlines of pictures of clothes and caricatures, drawn with a shaky pen.

Every sketch goes through the same gap closing and filling as a person's drawing (`core.vision.reading.fill_outline`).
Knows nothing of networks. No human drawing is used.
"""

import cv2
import numpy as np

from core.fitting.geometry import rotation, to_pixels
from core.vision.drawing import fill_outline
from core.vision.normalise import to_square
from core.vision.templates import TEMPLATES, Strokes

CANVAS = 140  # px; human drawings of 280 px with an 8 px pen have the same proportions at 4 px
MARGIN = 14
LARGE, FRAME = 112, 128  # px, side of an image while its outline is traced, without and with the border around it


def from_images(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Sketches of images: (n, 28, 28) uint8 in, (n, 28, 28) uint8 out."""
    return np.stack([_sketch(_outline(image, generator), generator) for image in images])


def caricatures(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Sketches drawn from the ten templates of `core.vision.templates`, for labels (n,) 0..9: (n, 28, 28) uint8."""
    return np.stack([_sketch(_hurried(TEMPLATES[int(label)](generator), generator), generator) for label in labels])


def _outline(image: np.ndarray, generator: np.random.Generator) -> Strokes:
    """Outline and some inner edges of one image (28, 28) uint8, points 0..1."""
    large = cv2.resize(image, (LARGE, LARGE), interpolation=cv2.INTER_CUBIC)
    mask = _bordered((cv2.GaussianBlur(large, (0, 0), 1.5) > generator.uniform(10, 40)).astype(np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    simpler = generator.uniform(0.5, 4.0)
    strokes = []
    for contour in contours:
        if cv2.contourArea(contour) > 60:
            points = cv2.approxPolyDP(contour, simpler, True)[:, 0].astype(float)
            strokes.append(np.concatenate([points, points[:1]]) / FRAME)
    if generator.random() < 0.5:
        strokes += _inner_edges(large, mask, generator)
    return strokes or [np.array([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1)])]


def _inner_edges(large: np.ndarray, mask: np.ndarray, generator: np.random.Generator) -> Strokes:
    """Up to four of the longest edges well inside the garment, points 0..1."""
    edges = _bordered(cv2.Canny(cv2.GaussianBlur(large, (0, 0), 2.5), 30, 80)) > 0
    inside = cv2.erode(mask, np.ones((13, 13), np.uint8)) > 0
    found, _ = cv2.findContours((edges & inside).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    longest = sorted(found, key=len, reverse=True)[: generator.integers(1, 5)]
    return [points[:, 0].astype(float) / FRAME for points in longest if len(points) > 4]


def _bordered(image: np.ndarray) -> np.ndarray:
    """The image (LARGE, LARGE) with an empty border around it: (FRAME, FRAME)."""
    border = (FRAME - LARGE) // 2
    return cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_CONSTANT)


def _sketch(strokes: Strokes, generator: np.random.Generator) -> np.ndarray:
    """Draw strokes with a shaky pen, then close, fill and shrink them: (28, 28) uint8."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    thickness, careful = int(generator.integers(2, 7)), generator.random() < 0.8
    turn = generator.normal(0, 0.07)
    matrix = rotation(turn) @ np.diag(np.exp(generator.normal(0, 0.13, 2)))
    waves = generator.normal(0, 0.012, (3, 2)), generator.uniform(0, 6.3, (3, 2)), generator.uniform(2, 12, (3, 2))
    for index, stroke in enumerate(strokes):
        points = _dense(stroke)
        for size, phase, speed in zip(*waves, strict=True):
            points = points + size * np.sin(points[:, ::-1] * speed + phase)
        points = (points - 0.5) @ matrix.T + 0.5
        if index == 0 and generator.random() < 0.45:  # the pen stops before it is back, or leaves a whole side open
            start = int(generator.integers(len(points)))
            kept = generator.uniform(0.86, 0.99) if careful else generator.uniform(0.6, 0.86)
            points = np.roll(points, start, axis=0)[: max(2, int(len(points) * kept))]
        scaled = to_pixels(np.clip(points * (CANVAS - 2 * MARGIN) + MARGIN, 2, CANVAS - 3))
        cv2.polylines(canvas, [scaled], False, 255, thickness)
    toned, inside = fill_outline(canvas > 0)
    image = to_square(toned, inside)
    return image[:, ::-1] if generator.random() < 0.5 else image


def _hurried(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """The strokes of a template as a hurried hand draws them: corners cut, the whole thing squeezed or pulled."""
    corner, squeezed = generator.choice([0.0, 0.1, 0.25]), np.exp(generator.normal(0, 0.12))
    return [(_rounded(stroke, corner) - 0.5) * (1, squeezed) + 0.5 for stroke in strokes]


def _rounded(stroke: np.ndarray, corner: float) -> np.ndarray:
    """A stroke with its corners cut twice, each at a share of the sides beside it (Chaikin, 1974)."""
    closed = bool((stroke[0] == stroke[-1]).all())
    for _ in range(2 if corner else 0):
        before, after = stroke[:-1], stroke[1:]
        cut = np.stack([before + corner * (after - before), after + corner * (before - after)], axis=1).reshape(-1, 2)
        stroke = np.concatenate([cut, cut[:1]]) if closed else np.concatenate([stroke[:1], cut[1:-1], stroke[-1:]])
    return stroke


def _dense(stroke: np.ndarray) -> np.ndarray:
    """The stroke with points no further than 0.02 apart."""
    parts = []
    for start, end in zip(stroke[:-1], stroke[1:], strict=True):
        steps = max(1, int(np.hypot(*(end - start)) / 0.02))
        parts.append(start + (end - start) * np.linspace(0, 1, steps, endpoint=False)[:, None])
    return np.concatenate([*parts, stroke[-1:]])
