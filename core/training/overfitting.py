"""What a learning curve says, in words. Knows nothing of networks, runs or pages."""

import pandas as pd

from core.language import _, percent

FEWEST = 4  # epochs before anything is said
LATER = 2  # epochs since the best one before it counts as past
WORSE = 1.03  # so much must the loss have risen since
BETTER = 0.02  # so much must it have fallen in the last epoch to call it still learning


def overfitting_since(epochs: pd.DataFrame) -> int | None:
    """The epoch after which only the training pictures went on getting better, or None.

    `epochs` has columns epoch, loss and val_loss (NaN without pictures held back), one row an epoch.
    """
    if len(epochs) < FEWEST or epochs["val_loss"].isna().any():
        return None
    best = int(epochs["val_loss"].to_numpy().argmin())
    last = epochs.iloc[-1]
    past = len(epochs) - 1 - best >= LATER and last["val_loss"] > WORSE * epochs["val_loss"].iloc[best]
    return int(epochs["epoch"].iloc[best]) if past and last["loss"] < epochs["loss"].iloc[best] else None


def curve_summary(epochs: pd.DataFrame, ended: bool) -> str:
    """What the learning curve of a run shows, in a sentence or two of Markdown with its term explained; "" when there
    is nothing to say. `epochs` as in `overfitting_since`, with accuracy and val_accuracy."""
    best = overfitting_since(epochs)
    if best is not None:
        last = epochs.iloc[-1]
        words = _(
            "**The curves part.** Since epoch {best} it gets better only on the pictures it learns from ({learned}"
            " right), no longer on those held back ({held_back}): it begins to learn them by heart. This is called"
            " overfitting. What helps: stop earlier, more pictures, changed pictures, or dropout."
        )
        shares = {"learned": percent(last["accuracy"]), "held_back": percent(last["val_accuracy"])}
        return words.format(best=best, **shares)
    if ended and len(epochs) >= 2:
        losses = epochs["val_loss"] if epochs["val_loss"].notna().all() else epochs["loss"]
        if losses.iloc[-1] < (1 - BETTER) * losses.iloc[-2]:
            return _("**It was still getting better** when it ended. Train it on for some more epochs and see.")
    return ""
