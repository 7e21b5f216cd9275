"""What a curve says in words: overfitting where the curves part, and nothing where they do not."""

import numpy as np
import pandas as pd
import pytest

from core.training.overfitting import curve_summary, overfitting_since


def curve(loss: list[float], val_loss: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": np.arange(1.0, len(loss) + 1),
            "loss": loss,
            "val_loss": val_loss,
            "accuracy": 0.97,
            "val_accuracy": 0.88,
        }
    )


@pytest.mark.parametrize(
    ("loss", "val_loss", "best"),
    [
        ([0.9, 0.6, 0.4, 0.3, 0.2, 0.1], [0.9, 0.7, 0.6, 0.65, 0.7, 0.8], 3),
        ([0.9, 0.6, 0.4, 0.3, 0.2, 0.1], [0.9, 0.8, 0.7, 0.6, 0.5, 0.45], None),  # still learning
        ([0.9, 0.6, 0.4, 0.39], [0.9, 0.7, 0.6, 0.605], None),  # flat, not worse
        ([0.9, 0.6, 0.7, 0.8, 0.9], [0.9, 0.6, 0.8, 0.9, 1.0], None),  # both get worse: that is something else
        ([0.9, 0.6], [0.6, 0.9], None),  # too early to say
        ([0.9, 0.6, 0.4, 0.3, 0.2], [np.nan] * 5, None),  # nothing held back
    ],
)
def test_overfitting_is_seen_where_only_the_training_pictures_go_on_getting_better(
    loss: list[float], val_loss: list[float], best: object
):
    epochs = curve(loss, val_loss)
    assert overfitting_since(epochs) == best
    assert ("overfitting" in curve_summary(epochs, ended=False)) == (best is not None)
    if best:
        assert f"Since epoch {best}" in curve_summary(epochs, ended=True) and "97\u00a0%" in curve_summary(
            epochs, ended=True
        )


def test_a_run_that_ended_while_it_was_getting_better_says_so_and_a_running_one_does_not():
    epochs = curve([0.9, 0.6, 0.4], [0.9, 0.7, 0.5])
    assert "still getting better" in curve_summary(epochs, ended=True)
    assert curve_summary(epochs, ended=False) == "" and curve_summary(epochs.iloc[:1], ended=True) == ""
    assert curve_summary(curve([0.5, 0.5, 0.5], [0.5, 0.5, 0.499]), ended=True) == ""
