"""The training pictures most like one as a network sees them. What it sees of them is worked out once for everybody,
in a thread of its own, and takes a few seconds for a large network.

Knows nothing of how a page looks.
"""

import threading

import numpy as np

from core.data import explore
from core.data.dataset import Dataset
from core.inference.hidden import HiddenLayer, most_alike
from core.inference.network import Network
from pages.shared.data import per_data

MOST = 5_000  # training pictures a network looks at; all 60,000 would take the shipped one minutes


class Alike:
    """What a network sees of some training pictures."""

    def __init__(self, network: Network, images: np.ndarray) -> None:
        """Begin to look at `images` (n, 28, 28) uint8, at MOST of them by chance."""
        self.rows = np.sort(explore.sample(len(images), MOST))
        self.looked_at = 0
        self._network, self._seen = network, np.zeros((0, 0), np.float16)
        self.layer = True  # whether there is a hidden layer to compare by
        self._thread = threading.Thread(target=self._look, args=(images[self.rows],), daemon=True)
        self._thread.start()

    def _look(self, images: np.ndarray) -> None:
        parts = []
        try:
            for part in HiddenLayer(self._network).each(images):
                parts.append(part)
                self.looked_at += len(part)
            self._seen = np.concatenate(parts)
        except (ValueError, RuntimeError):  # none, or LiteRT keeps it to itself
            self.layer = False

    def ready(self, seconds: float | None) -> bool:
        """Whether all were looked at, after waiting for it so long at most, without end if None."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def nearest(self, image: np.ndarray, count: int) -> np.ndarray:
        """Rows of the training pictures most like an image (28, 28) uint8, the closest first. Needs a `layer`."""
        return self.rows[most_alike(self._seen, HiddenLayer(self._network).see(image[None]), count)]


@per_data(max_entries=8, show_spinner=False)
def alike(model: str, fingerprint: str, _network: Network, _used: Dataset) -> Alike:
    """What a network, known by the id of its `model`, sees of the training pictures of the data set in use."""
    return Alike(_network, _used.train_images)
