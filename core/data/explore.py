"""Finding one's way among many small pictures: an order to look at them, the ones most alike, a map, how bright their
dots are.

Plain NumPy, OpenCV and scikit-learn. Knows nothing of files, networks or pages.
"""

import cv2
import numpy as np

MAPS = {"pca": 3_000, "tsne": 2_000}  # way to draw a map: pictures on it. t-SNE of 2,000 takes about 4 s of one core
CHUNK = 1_000  # pictures counted at once: np.bincount makes eight bytes of each dot


def arrange(labels: np.ndarray, kind: int | None = None, seed: int | None = None) -> np.ndarray:
    """Rows into the data set, (n,) int: those of one class or all, as they come or shuffled.

    The same seed gives the same order.
    """
    rows = np.arange(len(labels)) if kind is None else np.flatnonzero(labels == kind)
    return rows if seed is None else np.random.default_rng(seed).permutation(rows)


def nearest(images: np.ndarray, image: np.ndarray, count: int, leave_out: int | None = None) -> np.ndarray:
    """Rows of the `count` pictures of `images` (n, 28, 28) uint8 that differ least from `image` (28, 28) uint8, the
    closest first.

    The difference is the sum of (a - b)^2 over all dots. `leave_out` is the row of the picture itself, which is not its
    own neighbour.
    """
    wanted = min(count + (leave_out is not None), len(images))
    if not wanted:
        return np.zeros(0, int)
    pixels = images.reshape(len(images), -1)
    found = cv2.batchDistance(image.reshape(1, -1), pixels, cv2.CV_32S, normType=cv2.NORM_L2SQR, K=wanted)[1].ravel()
    return found[found != leave_out][:count] if leave_out is not None else found


def sample(count: int, most: int, seed: int = 0) -> np.ndarray:
    """Up to `most` of the rows 0 to count - 1, chosen by chance; a smaller sample of the same seed is the beginning of
    a larger one."""
    return np.random.default_rng(seed).permutation(count)[:most]


def project(images: np.ndarray, way: str = "pca") -> np.ndarray:
    """Where pictures (n, 28, 28) uint8 stand on a map, (n, 2) float32: alike ones near each other.

    "pca" keeps the two directions in which the pictures differ most; "tsne" cares for close neighbours only. Fewer than
    four pictures are no map: they all stand at 0. One thread, so that a training keeps its core (and two threads that
    wait for each other on a busy machine are slower). Repeatable.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    if len(images) < 4:
        return np.zeros((len(images), 2), np.float32)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    points: np.ndarray
    with threadpool_limits(1):
        if way == "pca":
            points = PCA(2, svd_solver="randomized", random_state=0).fit_transform(pixels)
            return points.astype(np.float32)
        from sklearn.manifold import TSNE

        pixels = PCA(min(50, len(images)), svd_solver="randomized", random_state=0).fit_transform(pixels)
        perplexity = min(30, (len(images) - 1) / 3)
        map_of = TSNE(2, init="pca", perplexity=perplexity, max_iter=500, random_state=0, n_jobs=1)
        points = map_of.fit_transform(pixels)
        return points


def brightness(images: np.ndarray) -> np.ndarray:
    """How many dots of pictures (n, 28, 28) uint8 have each value, (256,) int64."""
    counts = np.zeros(256, np.int64)
    for start in range(0, len(images), CHUNK):
        counts += np.bincount(images[start : start + CHUNK].ravel(), minlength=256)
    return counts
