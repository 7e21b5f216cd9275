"""What the words of the trade mean: layers, losses, optimisers; how a recipe is set; published and measured figures."""

import pandas as pd

from core.language import N_, _, number, percent
from models import measured
from models.catalogue import RECIPES, Recipe

LAYERS = {  # Keras' name: (plain name, what it does)
    "Input": (N_("The picture"), N_("28 × 28 dots, one channel.")),
    "Conv2D": (
        N_("Convolution"),
        N_("Small filters slide over the picture; each gives a new picture of where it found its pattern."),
    ),
    "MaxPooling2D": (
        N_("Max pooling"),
        N_("Keeps the largest of every 2 × 2 numbers: smaller, and less picky about the exact place."),
    ),
    "GlobalAveragePooling2D": (
        N_("Average"),
        N_("Keeps of each picture one number, its mean: how much was found there, no matter where."),
    ),
    "BatchNormalization": (
        N_("Normalise"),
        N_("Brings the numbers to a common size, batch by batch: it learns more steadily, and often quicker."),
    ),
    "Dropout": (
        N_("Dropout"),
        N_("Leaves out a random part while training, so that nothing is learned by heart. In use, all are there."),
    ),
    "Flatten": (N_("Flatten"), N_("Lays all numbers into one long row. Nothing to learn.")),
    "Dense": (N_("Dense"), N_("Neurons that see everything before them: each takes a weighted sum.")),
}

CHOICES = {  # what a run is made of, in plain words
    N_("Batch"): N_("The pictures that are looked at together before the weights are changed once."),
    N_("Epoch"): N_("One look at all training pictures."),
    N_("Validation"): N_("Pictures held back from training, to see how it does on new ones."),
    N_("Loss"): N_(
        "How surprised the network is by the truth: minus the logarithm of the share it gave to the right class. 0 is"
        " perfect; 2.3 is guessing."
    ),
    N_("Optimiser"): N_(
        "The rule that changes the weights after each batch, always downhill on the loss. Adam and RMSprop give each"
        " weight a step size of its own."
    ),
    N_("Metric"): N_(
        "What people look at: accuracy, the share of right answers. The network never sees it; it follows the loss."
    ),
    N_("ReLU"): N_("Negative becomes 0, the rest stays. Without such a bend, many layers would be no more than one."),
    N_("Softmax"): N_("Turns ten numbers into ten shares that add up to 100 %."),
    N_("Sigmoid"): N_(
        "Turns each number into a share of its own, between 0 and 1. Ten of them need not add up to anything."
    ),
}

COLUMNS = {  # of `results`
    "recipe": N_("network"),
    "published": N_("published"),
    "measured": N_("measured"),
    "test loss": N_("test loss"),
    "training": N_("training"),
    "without its oddity": N_("without its oddity"),
    "seconds": N_("seconds"),
    "numbers to learn": N_("numbers to learn"),
    "seed": N_("seed"),
    "versions": N_("versions"),
}

OPTIMISERS = {"adam": "Adam", "rmsprop": "RMSprop", "adamw": N_("AdamW with warm-up and a falling rate")}


def facts(recipe: Recipe) -> dict[str, str]:
    """How a recipe is trained, as its author set it: one plain line for each choice, in the reader's language."""
    return {
        _("Pixels"): _scales(recipe),
        _("Labels"): _("one-hot") if recipe.one_hot else _("whole numbers"),
        _("Validation"): _("{share} held back, seed {seed}").format(
            share=percent(recipe.validation), seed=recipe.validation_seed
        )
        if recipe.validation
        else _("none held back"),
        _("Loss"): _("categorical cross-entropy") if recipe.one_hot else _("sparse categorical cross-entropy"),
        _("Optimiser"): _("{optimiser}, learning rate {rate}").format(
            optimiser=_(OPTIMISERS[recipe.optimiser]), rate=f"{recipe.learning_rate:g}"
        ),
        _("Outputs"): _("ten sigmoids") if recipe.sigmoid else _("softmax"),
        _("Epochs"): number(recipe.epochs),
        _("Batch"): _("{count} pictures").format(count=number(recipe.batch_size)),
    }


def _scales(recipe: Recipe) -> str:
    train, test = number(recipe.train_scale), number(recipe.test_scale)
    if train != test:
        return _("divided by {train} for training, by {test} for testing").format(train=train, test=test)
    return _("left at 0 to 255") if recipe.train_scale == 1 else _("divided by {scale}").format(scale=train)


def results() -> pd.DataFrame:
    """Every recipe that was measured, one row each: published beside measured accuracy, and what it took."""
    rows = measured.results()
    table = []
    for name, recipe in RECIPES.items():
        if name not in rows:
            continue
        row = rows[name]
        mended = rows.get(f"{name}/{recipe.correction.name}") if recipe.correction else None
        table.append(
            {
                "recipe": recipe.title,
                "published": _share(recipe.published_accuracy),
                "measured": _share(row["test_accuracy"]),
                "test loss": row["test_loss"],
                "training": _share(row["train_accuracy"]),
                "without its oddity": _share(mended["test_accuracy"] if mended else None),
                "seconds": round(row["seconds"]),
                "numbers to learn": row["parameters"],
                "seed": row["seed"],
                "versions": ", ".join(f"{package} {version}" for package, version in row["versions"].items()),
            }
        )
    return pd.DataFrame(table)


def _share(share: float | None) -> str:
    return f"{share:.1%}" if share else ""
