"""What a network makes of a picture before it decides: its last hidden layer. By it pictures are compared as the
network sees them, not dot by dot.

Knows nothing of files people upload, of the store or of pages.
"""

import warnings
from collections.abc import Iterator

import numpy as np

from core.images import SIDE
from core.inference.network import BATCH, Network

WIDTH = 256  # numbers that are kept of a picture: of a wider layer as many random sums, which keep what is near near
CLASSES = 10


class HiddenLayer:
    """The last hidden layer of a network. For one thread: make one for each piece of work."""

    def __init__(self, network: Network) -> None:
        """Raises ValueError when the network has none, or keeps it to itself."""
        from ai_edge_litert.interpreter import Interpreter

        with warnings.catch_warnings():  # that it is meant for looking into a network: so it is
            warnings.simplefilter("ignore", UserWarning)
            self._interpreter = Interpreter(
                model_content=network.content, num_threads=1, experimental_preserve_all_tensors=True
            )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        rows = [
            (int(tensor["index"]), int(tensor["shape"][1]))
            for tensor in self._interpreter.get_tensor_details()
            if tensor["dtype"] == np.float32 and len(tensor["shape"]) == 2 and tensor["shape"][0] == 1
        ]
        rows = [(index, width) for index, width in rows if width not in (CLASSES, SIDE * SIDE)]
        if not rows:
            raise ValueError("there is no hidden layer between the pictures and the ten answers")
        self._layer, width = rows[-1]
        mixing = np.random.default_rng(0).standard_normal((width, WIDTH), np.float32)
        self._mixing = mixing if width > WIDTH else None
        self._size = 1

    def see(self, images: np.ndarray) -> np.ndarray:
        """What it makes of images (n, 28, 28) uint8: (n, k) float16, each row of length 1, or 0 where it is silent."""
        return np.concatenate(list(self.each(images)))

    def each(self, images: np.ndarray) -> Iterator[np.ndarray]:
        """The same, a few pictures at a time."""
        for start in range(0, len(images), BATCH):
            seen = self._run(images[start : start + BATCH])
            seen = seen if self._mixing is None else seen @ self._mixing
            length = np.linalg.norm(seen, axis=1, keepdims=True)
            yield (seen / np.maximum(length, 1e-9)).astype(np.float16)

    def _run(self, images: np.ndarray) -> np.ndarray:
        if len(images) != self._size:
            self._interpreter.resize_tensor_input(self._input, [len(images), SIDE, SIDE])
            self._interpreter.allocate_tensors()
            self._size = len(images)
        self._interpreter.set_tensor(self._input, images.astype(np.float32))
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._layer), np.float32)


def most_alike(seen: np.ndarray, one: np.ndarray, count: int) -> np.ndarray:
    """Rows of the `count` pictures of which a network sees what is most like `one` (1, k), the closest first; `seen` is
    (n, k), rows of length 1."""
    closeness = (seen.astype(np.float32) @ one[0].astype(np.float32)).ravel()
    return np.argsort(-closeness, kind="stable")[:count]
