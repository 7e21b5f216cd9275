"""Finds the one garment in a picture: from RGB pixels to a mask, by colours of the border and GrabCut.

Knows nothing of files, classes or 28 x 28; `core.vision.normalise` crops and tones what is found here.
"""

import cv2
import numpy as np

from core.vision.masks import tidy

WORKING = 192  # px, longest side of the picture GrabCut works on; 28 px are wanted in the end
BORDER = 0.04  # share of the shorter side taken as "edge of the picture"
FLAT = 1.0  # a picture whose colours vary less (of 255) has nothing in it, and would keep GrabCut busy for long
CLUSTERS = 5  # colours a background may have
NEAR, FAR = 2.2, 5.0  # distances from the background colours, in standard deviations
SMALLEST = 0.003  # a garment covers at least this share of the picture
FILLING = 0.2  # a garment that the border's colours cannot tell must cover this share
LEFT = 0.3  # share of a mask that a cut after brushing leaves at least; else the brush counts only where it painted


def find_garment(rgb: np.ndarray) -> np.ndarray:
    """Mask of the garment, (h, w) bool, for an RGB picture (h, w, 3) uint8. All False when nothing stands out.

    Several first guesses are cut out and the most garment-like cut is kept: no single guess fits a black
    T-shirt on a striped bed, a white one on a white sheet, and trousers that run out of the picture.
    """
    height, width = rgb.shape[:2]
    empty = np.zeros((height, width), bool)
    if min(height, width) < 8:
        return empty
    scale = WORKING / max(height, width)
    if scale < 1:
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if min(small.shape[:2]) < 8:
            return empty
        found = cv2.resize(find_garment(small).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        return found > 0.5
    lab = cv2.cvtColor(cv2.bilateralFilter(rgb, 5, 30, 5), cv2.COLOR_RGB2LAB).astype(np.float32)
    if float(lab.std(axis=(0, 1)).max()) < FLAT:
        return empty
    best, best_score = empty, 0.0
    for guess in _guesses(lab):
        mask = tidy(_grab(rgb, guess))
        score = _plausible(lab, mask)
        if score > best_score:
            best, best_score = mask, score
    if best_score == 0.0:  # the garment has the border's colours: it may fill the picture and run out of it
        mask = tidy(_grab(rgb, _middle(np.full(lab.shape[:2], np.inf, np.float32))))
        best = mask if mask.mean() > FILLING and _plausible(lab, mask) > 0 else empty
    return best


def refine(rgb: np.ndarray, found: np.ndarray, keep: np.ndarray, drop: np.ndarray) -> np.ndarray:
    """The mask `found` (h, w) bool of a picture (h, w, 3) uint8, corrected by brush: `keep` and `drop` (h, w) bool
    surely do and do not belong.

    What looks like the brushed pixels, and is connected with them, follows them; the brushed pixels themselves always
    obey.
    """
    height, width = found.shape
    scale = min(1.0, WORKING / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    mask, inside, outside = (
        cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5 for part in (found, keep, drop)
    )
    if min(size) >= 8 and float(small.std(axis=(0, 1)).max()) >= FLAT:
        guess = np.where(mask, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        guess[inside], guess[outside] = cv2.GC_FGD, cv2.GC_BGD
        cut = _grab(small, guess)
        left = mask & ~outside
        # With less, the stroke lay on the garment's own colour, and would take all of it away.
        if (cut & left).sum() >= LEFT * left.sum():
            mask = cut
    _, parts = cv2.connectedComponents((mask & ~outside).astype(np.uint8))
    marked = np.isin(parts, np.unique(parts[inside & (parts > 0)])) if inside.any() else np.zeros(mask.shape, bool)
    refined = tidy((mask | inside) & ~outside) | (marked & (parts > 0))
    whole = cv2.resize(refined.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    return np.asarray((whole | keep) & ~drop)


def _guesses(lab: np.ndarray) -> list[np.ndarray]:
    """Labels GrabCut may start from, each (h, w) uint8."""
    colours, shares, spreads, central = _border_colours(lab)
    everything = np.ones(len(colours), bool)
    # More of a colour in the middle than at the border: the garment runs out of the picture.
    suspicious = (central > 0.25) & (central > 1.3 * shares)
    guesses = []
    for used in (everything, ~suspicious):
        if used.any() and (used is everything or suspicious.any()):
            guesses.append(_far_from(_distance(lab, colours[used], spreads[used])))
    sound = ~suspicious if not suspicious.all() else everything
    guesses.append(_middle(_distance(lab, colours[sound], spreads[sound])))
    return guesses


def _border_colours(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The main colours of the border: centres (k, 3), share of the border, spread (k, 3), share of the middle."""
    height, width = lab.shape[:2]
    edge = _rim((height, width), max(2, round(BORDER * min(height, width))))
    samples = lab[edge]
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    cv2.setRNGSeed(0)
    clusters = np.zeros((len(samples), 1), np.int32)
    _, found, centres = cv2.kmeans(samples, min(CLUSTERS, len(samples)), clusters, criteria, 1, cv2.KMEANS_PP_CENTERS)
    labels = found.ravel()
    shares = np.bincount(labels, minlength=len(centres)) / len(samples)
    kept = np.flatnonzero(shares >= min(0.06, shares.max()))
    deviations = np.stack([samples[labels == index].std(axis=0) for index in kept])
    # On clean shop white, less of a difference counts.
    least = np.clip(2 * deviations.max(axis=1, keepdims=True), 1.5, 4.0)
    spreads = np.clip(deviations, least, 14.0)
    middle = lab[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4].reshape(-1, 3)
    squared = ((middle[:, None] - centres[kept]) ** 2).sum(axis=2)
    close = np.where(squared.min(axis=1) < 22**2, squared.argmin(axis=1), -1)
    central = np.array([(close == index).mean() for index in range(len(kept))])
    return centres[kept], shares[kept], spreads, central


def _distance(lab: np.ndarray, colours: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """How far each pixel is from the nearest of some colours, in standard deviations, (h, w) float32."""
    scale = np.array([0.6, 1.0, 1.0], np.float32)  # light and shadow change L more than they change the colour
    nearest = np.full(lab.shape[:2], np.inf, np.float32)
    for colour, spread in zip(colours, spreads, strict=True):
        lightness, green_red, blue_yellow = cv2.split(((lab - colour) / spread * scale) ** 2)
        np.minimum(nearest, lightness + green_red + blue_yellow, out=nearest)
    return np.sqrt(nearest)


def _rim(shape: tuple[int, int], band: int) -> np.ndarray:
    rim = np.ones(shape, bool)
    rim[band:-band, band:-band] = False
    return rim


def _far_from(distance: np.ndarray) -> np.ndarray:
    """A first guess: what is unlike the border is garment, surely so in the middle."""
    height, width = distance.shape
    guess = np.where(distance > NEAR, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    rows, columns = np.ogrid[:height, :width]
    inside = (np.abs(rows / height - 0.5) < 0.33) & (np.abs(columns / width - 0.5) < 0.33)
    guess[inside & (distance > FAR)] = cv2.GC_FGD
    guess[_rim((height, width), max(1, round(0.012 * min(height, width)))) & (distance < FAR)] = cv2.GC_BGD
    return guess


def _middle(distance: np.ndarray) -> np.ndarray:
    """A first guess: people put the garment in the middle, surely so where that is unlike the border."""
    height, width = shape = distance.shape
    rows, columns = np.ogrid[:height, :width]
    radius = ((rows / height - 0.5) / 0.40) ** 2 + ((columns / width - 0.5) / 0.36) ** 2
    guess = np.where(radius < 1, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    guess[(radius < 0.05) & (distance > NEAR)] = cv2.GC_FGD
    guess[_rim(shape, max(1, round(0.02 * min(shape))))] = cv2.GC_BGD
    return guess


def _grab(rgb: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """GrabCut from a first guess, (h, w) bool; the guess itself when it holds no garment or no background."""
    start = np.asarray((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD))
    if start.mean() < SMALLEST or start.all():
        return start
    labels = guess.copy()
    cv2.setRNGSeed(0)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    no_box = (0, 0, 0, 0)
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    cv2.grabCut(bgr, labels, no_box, background, foreground, 3, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def _plausible(lab: np.ndarray, mask: np.ndarray) -> float:
    """How garment-like a cut is, 0 for not at all: apart in colour, in the middle, in one piece, not cut by the
    frame."""
    share = float(mask.mean())
    if not SMALLEST < share < 0.97:
        return 0.0
    height, width = mask.shape
    finer = np.clip(lab.std(axis=(0, 1)).max() / 12, 0.08, 1.0)  # white on white needs narrower bins
    bins = ((lab - lab.min(axis=(0, 1))) // (finer * np.array([26, 16, 16]))).astype(np.int64)
    sizes = bins.max(axis=(0, 1)) + 1
    codes = np.asarray(np.ravel_multi_index(tuple(np.moveaxis(bins, 2, 0)), sizes))
    inside = np.bincount(codes[mask], minlength=sizes.prod()) / mask.sum()
    outside = np.bincount(codes[~mask], minlength=sizes.prod()) / (~mask).sum()
    apart = 1.0 - float(np.sqrt(inside * outside).sum())
    centre = float(mask[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].mean())
    touched = float(mask[_rim(mask.shape, 2)].mean())
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(contours)))
    solid = min(1.0, float(mask.sum()) / max(hull, 1.0))
    size = min(1.0, share / 0.15)
    return apart * (0.2 + centre) * (1.0 - 0.8 * touched) * (0.3 + solid) * size
