"""The cuts of the ten garments as functions that draw one on a canvas, in the order of the labels.

Knows nothing of finished pictures.
"""

from collections.abc import Callable

from core.data.silhouettes.canvas import Cloth
from core.data.silhouettes.clothes import coat, dress, pullover, shirt, t_shirt, trouser
from core.data.silhouettes.shoes_and_bags import ankle_boot, bag, sandal, sneaker

GARMENTS: tuple[Callable[[Cloth], None], ...] = (
    t_shirt,
    trouser,
    pullover,
    dress,
    coat,
    sandal,
    shirt,
    sneaker,
    bag,
    ankle_boot,
)
