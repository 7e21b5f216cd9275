"""How quickly 15 x 15 pictures are made: one sheet, as the app sends it, against the article's 225 Matplotlib axes.

.venv/bin/python -m benchmarks.grids

The sheet is what `pages/shared/pictures.py` makes for the Clothes page, HTML and all. The article's way is a loop over
axes with `imshow`, the label as a title and no axis, here saved as a PNG, as a notebook does.
"""

import io

import numpy as np

from benchmarks.timing import median_milliseconds
from core.data import sources
from core.labels import NAMES
from core.settings import Settings
from pages.shared import pictures

SIDE = 15  # pictures a row, and rows


def app_sheet(images: np.ndarray, labels: np.ndarray) -> str:
    """What the page sends: all pictures in one PNG, which the browser cuts up, each with its label and its link."""
    links = [(f"picture {index}", f"?picture={index}") for index in range(len(images))]
    return pictures.markup(images, [NAMES[label] for label in labels], links, SIDE, [str(label) for label in labels])


def matplotlib_grid(images: np.ndarray, labels: np.ndarray) -> bytes:
    """The article's figure: 17 x 17 inches, 225 axes."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(SIDE, SIDE, figsize=(17, 17))
    for axis, image, label in zip(axes.ravel(), images, labels, strict=True):
        axis.imshow(image)
        axis.set_title(label, fontsize=8)
        axis.axis("off")
    content = io.BytesIO()
    figure.savefig(content, format="png")
    pyplot.close(figure)
    return content.getvalue()


def main() -> None:
    """Measure and print, the article's way last."""
    import matplotlib

    matplotlib.use("agg")  # no window
    data = sources.load(Settings.from_environment())
    rows = np.random.default_rng(0).integers(0, len(data.train_images), SIDE * SIDE)
    images, labels = data.train_images[rows], data.train_labels[rows]
    sheet = median_milliseconds(lambda: app_sheet(images, labels))
    axes = median_milliseconds(lambda: matplotlib_grid(images, labels), rounds=2)
    print(f"{data.title}: a grid of {SIDE} x {SIDE} pictures")
    print(f"one sheet, as the app sends it   {sheet:9.2f} ms")
    print(f"225 Matplotlib axes, saved       {axes:9.2f} ms   {axes / sheet:,.0f} times as long")


if __name__ == "__main__":
    main()
