"""The list of networks: name, plain sentence, source and how each is trained. Knows nothing of data or runs.

`python -m models.catalogue` writes layers.json: every network's layers, so that pages show them without TensorFlow.
"""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

LAYERS_FILE = Path(__file__).with_name("layers.json")


@dataclass(frozen=True)
class Recipe:
    """One way to train one network, with its author's choices as defaults."""

    name: str
    title: str
    sentence: str
    source: str
    parameters: int
    epochs: int
    batch_size: int
    optimiser: str  # "adam", "rmsprop" or "adamw" (decoupled decay, warm-up and cosine)
    learning_rate: float
    images_per_second: int  # typical training speed on two cores, for the first estimate
    epsilon: float = 1e-7
    validation: float = 0.0  # share of the training pictures held back
    validation_seed: int = 12345
    train_scale: float = 255.0  # pixels are divided by this for training
    test_scale: float = 255.0  # and by this for every answer
    one_hot: bool = False
    sigmoid: bool = False
    on_patches: bool = False
    oddity: str = ""
    published_accuracy: float | None = None  # on the test set
    published_loss: float | None = None
    published_train_accuracy: tuple[float, ...] = ()  # after each epoch
    published_train_loss: tuple[float, ...] = ()

    def build(self):
        """A fresh Keras network for images (n, 28, 28, 1), already divided by the scale."""
        return import_module(f"models.{self.name.replace('-', '_')}").build()


SIGMOID = "Its ten outputs are sigmoids: each is a share of its own, and the ten need not add up to 100 %. The bars are scaled to 100 %."

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="quick",
            title="Quick",
            sentence="Made for lessons: looks at 49 patches of the picture and learns in seconds.",
            source="Fitting Room",
            parameters=102_666,
            epochs=4,
            batch_size=64,
            optimiser="adamw",
            learning_rate=8e-3,
            images_per_second=40_000,
            validation=0.05,
            on_patches=True,
        ),
        Recipe(
            name="five-steps",
            title="Five easy steps",
            sentence="One layer of 64 small filters, then 32 neurons: a classic first image network.",
            source="article 0, “Fashion classifier in 5 easy steps”",
            parameters=347_114,
            epochs=50,
            batch_size=512,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=2_000,
            validation=0.2,
            sigmoid=True,
            oddity=SIGMOID,
        ),
        Recipe(
            name="hello-world",
            title="Hello World",
            sentence="No filters at all: 784 pixels straight into 128 neurons.",
            source="article 1, “The fashionable Hello World”",
            parameters=101_770,
            epochs=5,
            batch_size=128,
            optimiser="rmsprop",
            learning_rate=1e-3,
            images_per_second=100_000,
            one_hot=True,
            published_accuracy=0.8683,
            published_train_accuracy=(0.7989, 0.8507, 0.8679, 0.8767, 0.8842),
            published_train_loss=(0.5805, 0.4159, 0.3692, 0.3403, 0.3185),
        ),
        Recipe(
            name="intuitive-cnn",
            title="Intuitive CNN",
            sentence="Two layers of filters, one on top of the other: the second sees patterns of patterns.",
            source="article 2, “Intuitively create a CNN”",
            parameters=45_066,
            epochs=50,
            batch_size=512,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=1_600,
            validation=0.2,
            sigmoid=True,
            oddity=SIGMOID,
            published_accuracy=0.90,
        ),
        Recipe(
            name="clothes-ann",
            title="Clothes ANN",
            sentence="The network of Hello World, fed with pixels as they are in the files, 0 to 255.",
            source="article 3, “Classify clothes with an ANN”",
            parameters=101_770,
            epochs=5,
            batch_size=32,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=50_000,
            epsilon=1e-8,
            train_scale=1.0,
            test_scale=1.0,
            oddity="Its pixels stay at 0 to 255 where others divide them by 255. Training is rougher, and the result about 5 points lower.",
            published_accuracy=0.7822,
            published_loss=0.7431,
        ),
        Recipe(
            name="new-abcd",
            title="New ABCD",
            sentence="64 filters into 128 neurons: the largest here, with 1.4 million numbers to learn.",
            source="article 4, “New ABCD of machine learning”",
            parameters=1_386_506,
            epochs=50,
            batch_size=32,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=1_200,
            epsilon=1e-8,
            train_scale=225.0,
            oddity="Its author divided the training pixels by 225 (a slip for 255) and the test pixels by 255.",
            published_accuracy=0.914,
            published_loss=0.26,
        ),
    )
}


def layers(name: str) -> list[dict]:
    """The layers of a network, from layers.json: `kind`, `shape` (without the batch), `parameters`."""
    return json.loads(LAYERS_FILE.read_text(encoding="utf-8"))[name]


def describe(recipe: Recipe) -> list[dict]:
    """The same rows, read from Keras itself."""
    return [
        {"kind": type(layer).__name__, "shape": list(layer.output.shape[1:]), "parameters": layer.count_params()}
        for layer in recipe.build().layers
    ]


if __name__ == "__main__":
    rows = {name: describe(recipe) for name, recipe in RECIPES.items()}
    LAYERS_FILE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
