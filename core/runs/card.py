"""The model card of a run: what the hub of Hugging Face, and a person, read first of a network that was taken home.

Its head is YAML as the hub's model cards have it (huggingface.co/docs/hub/model-cards); each line of it is JSON, which
is YAML too. English, like the code of a run. Knows nothing of the store and pages.
"""

import json
from collections.abc import Collection
from typing import Any

from core.data.dataset import Source, title_said
from core.labels import NAMES
from core.language import ENGLISH, using
from core.runs.schema import Run
from core.training.export import PURPOSE
from core.training.tflite_metadata import ABOUT, LABELS
from core.words import escaped

HUB_DATA = "fashion_mnist"  # the name of the data set on the hub
DATA = {"type": "fashion_mnist", "name": "Fashion-MNIST"}
OTHER_DATA = {"type": "image-folder", "name": "Clothes that somebody brought, or that were drawn"}
PUBLISHED = (Source.FOLDER, Source.CSV, Source.KERAS, Source.DOWNLOAD)
TASK = {"type": "image-classification", "name": "Image Classification"}
FILES = {
    "model.keras": "the network with its optimiser, for Keras 3",
    "model.tflite": "the same for phones and small computers",
    "model.weights.h5": "what it learned, as plain numbers",
    "probabilities.npy": "its answers to the test pictures, (n, 10)",
    "report.html": "its figures, curve and mistakes, to print",
    "metrics.csv": "its curve",
    "plan.json": "what was chosen, and the versions of the packages",
}
COMPILE = 'network.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])\n'
INSIDE = f"""Classes, input, calibration and scores are inside the files, too. `model.keras` is a zip, whose
`metadata.json` has them under `fitting_room`. `model.tflite` has TensorFlow Lite's metadata, and `{LABELS}` and
`{ABOUT}` as a zip behind it."""
USE = """```python
import keras

network = keras.saving.load_model("model.keras")
{compiled}{asked}
```
"""
EVALUATE = """(_, _), (pictures, labels) = keras.datasets.fashion_mnist.load_data()
print(network.evaluate(pictures, labels))  # [loss, accuracy]; pictures as they are, 0 to 255"""
PREDICT = "print(network.predict(pictures))  # yours, as said above: (n, 28, 28), 0 to 255"


def of_run(run: Run, kinds: Collection[str], labelled: bool) -> str:
    """The model card of a run, as README.md; `kinds` are the names of the files beside it, and `labelled` says whether
    its networks say themselves what they are: those of earlier versions do not."""
    head = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in _fields(run).items())
    files = {f"{run.recipe}.py": "the code that made it, alone", f"{run.recipe}.ipynb": "the same as a notebook"}
    listed = "\n".join(f"- `{name}`: {words}" for name, words in (FILES | files).items() if name in kinds)
    parts = [
        f"---\n{head}\n---",
        f"# {escaped(run.name)}",
        f"{PURPOSE} Trained with Fitting Room; the network is “{escaped(run.plan.title)}”.",
    ]
    if run.note:
        parts.append(escaped(run.note))
    if run.scored:
        with using(ENGLISH):
            learned = escaped(title_said(run.data_title))
        parts.append(f"It learned from “{learned}” and names {run.test_accuracy:.1%} of the test pictures rightly.")
    parts += ["## What is here", listed, "## What goes in and comes out", _in_and_out(run)]
    if "model.keras" in kinds:
        asked = EVALUATE if _on_fashion_mnist(run) else PREDICT
        parts += ["## Use", USE.strip().format(compiled="" if labelled else COMPILE, asked=asked)]
    if labelled:
        parts.append(INSIDE)
    return "\n\n".join(parts) + "\n"


def _on_fashion_mnist(run: Run) -> bool:
    return run.data_source in PUBLISHED or run.data_title.startswith("Fashion-MNIST")


def _fields(run: Run) -> dict[str, Any]:
    """What the hub reads of a card."""
    known = _on_fashion_mnist(run)
    data = DATA if known else OTHER_DATA
    fields: dict[str, Any] = {
        "license": "mit",
        "library_name": "keras",
        "pipeline_tag": "image-classification",
        "tags": ["keras", "tflite", "image-classification", "fashion-mnist", "fitting-room"],
        **({"datasets": [HUB_DATA]} if known else {}),
        "metrics": ["accuracy"],
    }
    if run.scored:
        measured = [
            {"type": "accuracy", "value": run.test_accuracy, "name": "Test accuracy"},
            {"type": "loss", "value": run.test_loss, "name": "Test loss"},
        ]
        results = [{"task": TASK, "dataset": {**data, "split": "test"}, "metrics": measured}]
        fields["model-index"] = [{"name": run.name, "results": results}]
    return fields


def _in_and_out(run: Run) -> str:
    classes = ", ".join(NAMES)
    certainty = "as these shares say; they were not corrected."
    if f"{run.temperature:.4g}" != "1":
        certainty = (
            f"raise each share to the power of 1 / {run.temperature:.4g}, then divide by their sum (its calibration,"
            " found on pictures held back)."
        )
    return (
        "In: pictures (n, 28, 28), grey values from 0, the background, to 255: bright clothes on black, as large as"
        f" they go. Out: a share for each of {classes}, in this order.\n\nHow sure it is: {certainty}"
    )
