"""Where what visitors bring is read: in a process beside the server for what is quick, in another for what takes long.

Knows nothing of what is read.
"""

import numpy as np

from core.apart import Apart
from core.vision.reading import read_picture

QUICK = Apart(seconds=10, megabytes=700, rest_seconds=600)  # a photo, a run's zip
LONG = Apart(seconds=600, megabytes=900, rest_seconds=20, stand_back=True)  # a data set


def warm_up() -> None:
    """Start the quick one, so that the first photo finds it ready."""
    QUICK.do(read_picture, np.full((64, 64, 4), 255, np.uint8))


def close() -> None:
    """End both."""
    QUICK.close()
    LONG.close()
