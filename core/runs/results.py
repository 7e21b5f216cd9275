"""What a stored run, or the shipped network, answers to the test pictures; and the network itself.

Answers are never paired with pictures other than those they were given for.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core import metrics
from core.arrays import DAMAGE, plain_array
from core.data.dataset import Dataset, title_said
from core.errors import RunError, door
from core.inference.network import Calibration, Network, another_shipped, shipped, shipped_card, shipped_probabilities
from core.language import N_, Saying
from core.runs.schema import Run
from core.runs.store import Store

SHIPPED = "shipped"
MOST_SURE = 1e6  # no network here answers with a larger number
SHIPPED_TITLE = N_("the network that comes with the app")


def eye_beside(name: str) -> bool:
    """Whether the second eye looks at photos beside a network, a run's or `shipped`, unless somebody wishes otherwise:
    only the shipped one was fitted together with it."""
    return name == SHIPPED


@dataclass(frozen=True, eq=False)
class TestAnswers:
    """Answers to the test pictures: outputs (n, 10) float32 as the network gave them, labels (n,) uint8, and what they
    score."""

    id: str
    title: str
    labels: np.ndarray
    outputs: np.ndarray
    accuracy: float  # 0 to 1
    loss: float  # nats
    note: Saying | None = None

    @cached_property
    def report(self) -> pd.DataFrame:
        """Precision, recall and F1 of each class, with the averages; worked out once."""
        return metrics.full_report(self.labels, self.outputs)


def load_test_answers(name: str, store: Store, dataset: Dataset) -> TestAnswers:
    """The test answers of a run (id, name, beginning of either) or of `shipped`, with the data set in use.

    Raises RunError for an unknown or unfinished run, and for one that was trained with pictures that are not in use
    now.
    """
    if name == SHIPPED:
        return shipped_test_answers(dataset)
    run = store.find(name)
    if run.fingerprint != dataset.fingerprint:
        raise RunError(
            "“{name}” was tested on “{other}”, but the pictures in use now are “{title}”.",
            N_("Bring those back to look into its mistakes, or choose another run."),
            name=run.name,
            other=title_said(run.data_title),
            title=title_said(dataset.title),
        )
    return _scored(run.id, run.name, dataset.test_labels, answers_of(run, store, len(dataset.test_labels)))


def shipped_test_answers(dataset: Dataset) -> TestAnswers:
    """The shipped network's answers to the test pictures of a data set; to others than its own it gives them on the
    spot."""
    outputs, note = shipped_probabilities(), None
    if shipped_card()["fingerprint"] != dataset.fingerprint or outputs is None:
        outputs = another_shipped().probabilities(dataset.test_images)
        note = Saying(
            "It learned from the real Fashion-MNIST; these are its answers to other pictures: {title}.",
            title=dataset.title,
        )
    return _scored(SHIPPED, SHIPPED_TITLE, dataset.test_labels, outputs, note)


def _scored(
    run_id: str, title: str, labels: np.ndarray, outputs: np.ndarray, note: Saying | None = None
) -> TestAnswers:
    """Outputs (n, 10) to pictures of these classes (n,), with what they score."""
    outputs = outputs.astype(np.float32)
    return TestAnswers(
        run_id, title, labels, outputs, metrics.accuracy(labels, outputs), metrics.loss(labels, outputs), note
    )


def answers_of(run: Run, store: Store, count: int) -> np.ndarray:
    """What a run's network answered to the `count` test pictures, (count, 10) float32, as it is kept in the store.

    Raises RunError when there is none (yet), or it is not that.
    """
    content = store.artifact(run.id, "probabilities")
    lost = Saying("What was kept of the answers of “{name}” cannot be read.", "Choose another run.", name=run.name)
    with door(RunError, lost, DAMAGE):
        outputs = plain_array(content)
        if outputs.shape != (count, 10) or not (np.abs(outputs) <= MOST_SURE).all():
            raise ValueError("numbers that cannot be")
        return outputs.astype(np.float32)


def network(name: str, store: Store) -> Network:
    """The network of a run (id, name, beginning of either) or of `shipped`. Raises RunError when there is none."""
    if name == SHIPPED:
        return shipped()
    run = store.find(name)
    calibration = Calibration(run.temperature, uploaded=run.on_uploaded_pictures)
    return Network(store.artifact(run.id, "tflite"), calibration)


def best(runs: list[Run]) -> Run | None:
    """The run with the highest test accuracy, if any has one.

    Runs on an uploaded data set had another test and do not count.
    """
    scored = [
        (run.test_accuracy, run) for run in runs if run.test_accuracy is not None and not run.on_uploaded_pictures
    ]
    return max(scored, key=lambda row: row[0])[1] if scored else None
