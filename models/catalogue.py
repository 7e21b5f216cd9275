"""The list of networks: name, plain sentence, source and how each is trained. Knows nothing of data or runs.

`python -m models.catalogue` writes layers.json: every network's layers, so that pages show them without TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import N_, own_network

if TYPE_CHECKING:
    import keras

OWN = "own-network"  # built from a list of layers, so it stands beside the list of networks and not in it
LAYERS_FILE = Path(__file__).with_name("layers.json")


@dataclass(frozen=True)
class Variant:
    """A recipe with something changed: an oddity switched off, or an experiment."""

    name: str
    title: str
    words: str  # what is changed, and what to look for
    changes: Mapping[str, Any]  # fields of the Recipe
    corrects: bool = False  # whether it switches the recipe's oddity off


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
    difference: str = ""  # why measured and published accuracy differ by more than a point
    published_accuracy: float | None = None  # on the test set
    published_loss: float | None = None
    published_train_accuracy: tuple[float, ...] = ()  # after each epoch
    published_train_loss: tuple[float, ...] = ()
    arguments: Mapping[str, Any] = field(
        default_factory=dict
    )  # of the network's build function, where a variant changes it
    variants: tuple[Variant, ...] = ()

    @property
    def article(self) -> str:
        """The title of the article it comes from."""
        return self.source.partition("“")[2].rstrip("”")

    @property
    def module(self) -> str:
        """The module that holds the network."""
        return f"models.{self.name.replace('-', '_')}"

    def build(self) -> keras.Model:
        """A fresh Keras network for images (n, 28, 28, 1), already divided by the scale."""
        return import_module(self.module).build(**self.arguments)

    def variant(self, name: str) -> Recipe:
        """This recipe with one of its variants applied; "" is the recipe as published.

        Raises KeyError for an unknown one.
        """
        return replace(self, **{variant.name: variant.changes for variant in self.variants}[name]) if name else self

    @property
    def correction(self) -> Variant | None:
        """The variant that switches the recipe's oddity off, where it has one."""
        return next((variant for variant in self.variants if variant.corrects), None)


UNPUBLISHED = {
    "published_accuracy": None,
    "published_loss": None,
    "published_train_accuracy": (),
    "published_train_loss": (),
}
SOFTMAX = Variant(
    "softmax",
    N_("Softmax instead of sigmoids"),
    N_(
        "Ten outputs that share 100 % between them, as is usual today. Compare the curve with the published one: is it"
        " calmer?"
    ),
    {"sigmoid": False, "oddity": "", "arguments": {"outputs": "softmax"}, **UNPUBLISHED},
    corrects=True,
)
SIGMOID = N_(
    "Its ten outputs are sigmoids: each is a share of its own, and the ten need not add up to 100 %. The bars are"
    " scaled to 100 %."
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="quick",
            title=N_("Quick"),
            sentence=N_("Made for lessons: looks at 49 patches of the picture and learns in seconds."),
            source=N_("Fitting Room"),
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
            title=N_("Five easy steps"),
            sentence=N_("One layer of 64 small filters, then 32 neurons: a classic first image network."),
            source=N_("article 0, “Fashion classifier in 5 easy steps”"),
            parameters=347_114,
            epochs=50,
            batch_size=512,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=3_000,
            validation=0.2,
            sigmoid=True,
            oddity=SIGMOID,
            variants=(
                SOFTMAX,
                Variant(
                    "32-filters",
                    N_("32 filters instead of 64"),
                    N_("The author's advice was to try 32 filters first. Half the work: how much worse is it?"),
                    {"parameters": 173_738, "images_per_second": 5_000, "arguments": {"filters": 32}},
                ),
                Variant(
                    "second-convolution",
                    N_("A second convolution"),
                    N_(
                        "The author wrote a second convolution and switched it off. Switched on, the network is"
                        " smaller: is it better?"
                    ),
                    {"parameters": 45_066, "images_per_second": 2_300, "arguments": {"second": True}},
                ),
            ),
        ),
        Recipe(
            name="hello-world",
            title=N_("Hello World"),
            sentence=N_("No filters at all: 784 pixels straight into 128 neurons."),
            source=N_("article 1, “The fashionable Hello World”"),
            parameters=101_770,
            epochs=5,
            batch_size=128,
            optimiser="rmsprop",
            learning_rate=1e-3,
            images_per_second=42_000,
            one_hot=True,
            variants=(
                Variant(
                    "longer",
                    N_("Ten times as long"),
                    N_(
                        "The author called the gap between training and test pictures overfitting. With 50 epochs and a"
                        " fifth of the pictures held back one sees it open: the curves part."
                    ),
                    {"epochs": 50, "validation": 0.2, **UNPUBLISHED},
                ),
            ),
            published_accuracy=0.8683,
            published_train_accuracy=(0.7989, 0.8507, 0.8679, 0.8767, 0.8842),
            published_train_loss=(0.5805, 0.4159, 0.3692, 0.3403, 0.3185),
        ),
        Recipe(
            name="intuitive-cnn",
            title=N_("Intuitive CNN"),
            sentence=N_("Two layers of filters, one on top of the other: the second sees patterns of patterns."),
            source=N_("article 2, “Intuitively create a CNN”"),
            parameters=45_066,
            epochs=50,
            batch_size=512,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=2_300,
            validation=0.2,
            sigmoid=True,
            oddity=SIGMOID,
            variants=(SOFTMAX,),
            published_accuracy=0.90,
        ),
        Recipe(
            name="clothes-ann",
            title=N_("Clothes ANN"),
            sentence=N_("The network of Hello World, fed with pixels as they are in the files, 0 to 255."),
            source=N_("article 3, “Classify clothes with an ANN”"),
            parameters=101_770,
            epochs=5,
            batch_size=32,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=36_000,
            epsilon=1e-8,
            train_scale=1.0,
            test_scale=1.0,
            oddity=N_(
                "Its pixels stay at 0 to 255 where others divide them by 255. Training is rougher, and the result about"
                " 5 points lower."
            ),
            variants=(
                Variant(
                    "scaled",
                    N_("Pixels divided by 255"),
                    N_(
                        "The same network with pixels from 0 to 1. The first steps are no longer too large: see where"
                        " the curve begins."
                    ),
                    {"train_scale": 255.0, "test_scale": 255.0, "oddity": "", **UNPUBLISHED},
                    corrects=True,
                ),
            ),
            published_accuracy=0.7822,
            published_loss=0.7431,
        ),
        Recipe(
            name="new-abcd",
            title=N_("New ABCD"),
            sentence=N_("64 filters into 128 neurons: the largest here, with 1.4 million numbers to learn."),
            source=N_("article 4, “New ABCD of machine learning”"),
            parameters=1_386_506,
            epochs=50,
            batch_size=32,
            optimiser="adam",
            learning_rate=1e-3,
            images_per_second=2_800,
            epsilon=1e-8,
            train_scale=225.0,
            oddity=N_("Its author divided the training pixels by 225 (a slip for 255) and the test pixels by 255."),
            difference=N_(
                "The accuracy agrees; the loss does not: 0.67 measured, 0.26 published. After 50 epochs the network is"
                " far too sure of its wrong answers, and the loss counts that."
            ),
            variants=(
                Variant(
                    "scaled-alike",
                    N_("Both divided by 255"),
                    N_(
                        "Training and test pictures on the same scale. The slip made the test pictures a little darker:"
                        " did it matter?"
                    ),
                    {"train_scale": 255.0, "oddity": "", **UNPUBLISHED},
                    corrects=True,
                ),
            ),
            published_accuracy=0.914,
            published_loss=0.26,
        ),
    )
}


def own_recipe(rows: own_network.Rows) -> Recipe:
    """A recipe for a network of one's own, built from these layers. Raises LayerError when they do not fit."""
    network = own_network.checked(rows)
    return Recipe(
        name=OWN,
        title=N_("My own network"),
        sentence=N_("Built from a list of layers."),
        source=N_("you"),
        parameters=sum(layer.parameters for layer in network),
        epochs=3,
        batch_size=64,
        optimiser="adam",
        learning_rate=1e-3,
        images_per_second=own_network.pictures_per_second(network),
        validation=0.1,
        arguments={"layers": rows},
    )


def layers(name: str, variant: str = "") -> list[dict[str, Any]]:
    """The layers of a network, from layers.json: `kind`, `shape` (without the batch), `parameters`, `setting`,
    `sum`."""
    return _written_layers()[f"{name}/{variant}" if variant else name]


@cache
def _written_layers() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = json.loads(LAYERS_FILE.read_text(encoding="utf-8"))
    return rows


def every() -> dict[str, Recipe]:
    """Every recipe and every variant of one, by name: "quick", "five-steps", "five-steps/softmax", ..."""
    rows = dict(RECIPES)
    rows |= {
        f"{name}/{row.name}": recipe.variant(row.name) for name, recipe in RECIPES.items() for row in recipe.variants
    }
    return rows


def describe(recipe: Recipe) -> list[dict[str, Any]]:
    """The same rows, read from Keras itself; `setting` says how the layer is set, `sum` how its parameters are
    counted."""
    return [
        {
            "kind": type(layer).__name__,
            "shape": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
            **_setting(layer),
        }
        for layer in recipe.build().layers
    ]


def _setting(layer: keras.Layer) -> dict[str, str]:
    kind = type(layer).__name__
    if kind == "Conv2D":
        height, width = layer.kernel_size
        stride = f", {layer.strides[0]} dots a step" if layer.strides[0] > 1 else ""
        channels = layer.input.shape[-1]
        return {
            "setting": f"{layer.filters} filters, {height} × {width}{stride}, {layer.activation.__name__}",
            "sum": f"({height} × {width} × {channels} + 1) × {layer.filters}",
        }
    if kind == "Dense":
        return {
            "setting": f"{layer.units} neurons, {layer.activation.__name__}",
            "sum": f"({layer.input.shape[-1]:,} + 1) × {layer.units}",
        }
    if kind == "MaxPooling2D":
        return {"setting": "the largest of {} × {}".format(*layer.pool_size), "sum": ""}
    if kind == "Dropout":
        return {"setting": f"{layer.rate:.0%} left out", "sum": ""}
    return {"setting": "", "sum": ""}


if __name__ == "__main__":
    rows = {name: describe(recipe) for name, recipe in every().items()}
    LAYERS_FILE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
