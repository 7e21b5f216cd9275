"""A network of one's own: built from a list of layers, which is checked layer by layer without TensorFlow.

The list is plain, so that it can be stored: [["convolution", 32, 3, 1], ["pooling", 2], ["dropout", 0.3], ["dense",
64]]. What is always the same is added by itself: a Flatten before the first dense layer, and ten outputs with softmax
at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from models import N_

if TYPE_CHECKING:
    import keras

Row = Sequence[str | int | float]  # one layer: its kind, then its numbers
Rows = Sequence[Row]
PICTURE = (28, 28, 1)
# Kind of layer: its numbers, each with the least and the most.
KINDS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "convolution": {"filters": (1, 128), "size": (1, 7), "step": (1, 4)},
    "pooling": {"size": (2, 4)},
    "average": {},
    "normalise": {},
    "dropout": {"share": (0.05, 0.9)},
    "flatten": {},
    "dense": {"neurons": (1, 512)},
}
# Kinds that cannot stand below one that makes a row of numbers.
TAKE_PICTURES = ("convolution", "pooling", "average", "flatten")
MAKE_A_ROW = ("average", "flatten", "dense")
MOST_LAYERS = 12
MOST_PARAMETERS = 3_000_000
MOST_WORK = 50_000_000  # multiply-adds for one picture
MOST_KEPT = 250_000  # numbers between the layers for one picture: training keeps them for a whole batch
# Nanoseconds a picture, fitted to twenty networks in batches of 64.
FIXED, PER_WORK, PER_KEPT, PER_PARAMETER = 3_000, 0.07, 4.5, 0.05


TOO_MANY_PARAMETERS = N_(
    "This network has {total} numbers to learn, and {most} are allowed; most come from layer {layer}. Make it"
    " smaller there, or put a pooling layer above it."
)
TOO_MUCH_WORK = N_(
    "This network multiplies {total} times for each picture, and {most} are allowed; most come from layer {layer}."
    " Make it smaller there, or put a pooling layer above it."
)
TOO_MUCH_KEPT = N_(
    "This network keeps {total} numbers of each picture while it learns, and {most} are allowed; most come from"
    " layer {layer}. Make it smaller there, or put a pooling layer above it."
)
NO_WHOLE_NUMBER = N_("The {name} of layer {layer} ({kind}) must be a whole number between {low} and {high}.")
NO_NUMBER = N_("The {name} of layer {layer} ({kind}) must be between {low} and {high}.")


class LayerError(ValueError):
    """The layers do not fit together, or are too many or too large.

    `str(error)` is one sentence for a person, in English; pages say `words` with its `fields` in the reader's language.
    """

    def __init__(self, words: str, index: int | None = None, **fields: int | str) -> None:
        super().__init__(
            words.format(**{name: f"{value:,}" if isinstance(value, int) else value for name, value in fields.items()})
        )
        self.words, self.fields = words, fields
        self.index = index  # of the row that is at fault, from 0; None when it is the whole


@dataclass(frozen=True)
class Layer:
    """One layer of Keras: how it is made, and what it gives for one picture."""

    kind: str  # Keras' name
    arguments: tuple[float, ...]
    shape: tuple[int, ...]  # of what it gives, without the batch
    parameters: int = 0
    work: int = 0  # multiply-adds
    options: Mapping[str, str | int] = field(default_factory=dict)
    index: int | None = None  # of its row in the list, from 0; None for one that is added by itself

    @property
    def kept(self) -> int:
        """How many numbers it gives for one picture."""
        return prod(self.shape)

    @property
    def code(self) -> str:
        """The layer as Python code: `Conv2D(32, 3, activation="relu")`."""
        named = (
            f'{name}="{value}"' if isinstance(value, str) else f"{name}={value!r}"
            for name, value in self.options.items()
        )
        return f"{self.kind}({', '.join([*map(repr, self.arguments), *named])})"


def build(layers: Rows) -> keras.Model:
    """A fresh network for images (n, 28, 28, 1), giving (n, 10) probabilities.

    Raises LayerError when the layers do not fit.
    """
    from keras import Input, Sequential
    from keras import layers as keras_layers

    made = [getattr(keras_layers, layer.kind)(*layer.arguments, **layer.options) for layer in checked(layers)]
    return Sequential([Input(PICTURE), *made], name="own_network")


def checked(layers: Rows) -> list[Layer]:
    """Every layer of the network, from the first row to the ten outputs.

    Raises LayerError when one does not fit or it is too large.
    """
    if len(layers) > MOST_LAYERS:
        raise LayerError(
            "These are {count} layers, and {most} are allowed: take some out.", count=len(layers), most=MOST_LAYERS
        )
    network = list(walk(layers))
    for words, most, measure in (
        (TOO_MANY_PARAMETERS, MOST_PARAMETERS, lambda layer: layer.parameters),
        (TOO_MUCH_WORK, MOST_WORK, lambda layer: layer.work),
        (TOO_MUCH_KEPT, MOST_KEPT, lambda layer: layer.kept),
    ):
        total, largest = sum(map(measure, network)), max(network, key=measure)
        if total > most:
            index = len(layers) - 1 if largest.index is None else largest.index
            raise LayerError(words, index, total=total, most=most, layer=index + 1)
    return network


def walk(layers: Rows) -> Iterator[Layer]:
    """The layers one after the other, as far as they fit; raises LayerError at the first misfit.

    The whole may still be too large.
    """
    shape: tuple[int, ...] = PICTURE
    for index, row in enumerate(layers):
        kind, numbers = _read(index, row)
        if kind == "dense" and len(shape) > 1:
            yield Layer("Flatten", (), shape := (prod(shape),))
        layer = _layer(index, kind, numbers, shape)
        shape = layer.shape
        yield layer
    if len(shape) > 1:
        yield Layer("Flatten", (), shape := (prod(shape),))
    yield _dense(None, shape[0], 10, "softmax")


def pictures_per_second(network: Sequence[Layer]) -> int:
    """A guess at how many pictures a second it trains on, on one of two cores: what its layers multiply, keep and learn
    takes time."""
    spent = (PER_WORK * layer.work + PER_KEPT * layer.kept + PER_PARAMETER * layer.parameters for layer in network)
    return round(1e9 / (FIXED + sum(spent)))


def _read(index: int, row: Row) -> tuple[str, tuple[Any, ...]]:
    """A row's kind and numbers, each within its limits."""
    kind = row[0] if row else ""
    if not isinstance(kind, str) or kind not in KINDS:
        words = N_("Layer {layer} is of no kind that there is. Choose one of {kinds}.")
        raise LayerError(words, index, layer=index + 1, kinds=", ".join(KINDS))
    numbers: tuple[Any, ...] = tuple(row[1:])
    limits = KINDS[kind]
    if len(numbers) != len(limits):
        words = N_("Layer {layer} ({kind}) takes {due}, and {count} came.")
        raise LayerError(words, index, layer=index + 1, kind=kind, due=", ".join(limits) or "–", count=len(numbers))
    for value, (name, (low, high)) in zip(numbers, limits.items(), strict=True):
        if type(value) not in (type(low), int) or not low <= value <= high:
            raise LayerError(
                NO_WHOLE_NUMBER if isinstance(low, int) else NO_NUMBER,
                index,
                layer=index + 1,
                kind=kind,
                name=name,
                low=str(low),
                high=str(high),
            )
    return kind, numbers


def _layer(index: int, kind: str, numbers: tuple[Any, ...], shape: tuple[int, ...]) -> Layer:
    """One row as a layer on what comes to it, `shape` without the batch."""
    if kind in TAKE_PICTURES and len(shape) == 1:
        words = N_("Layer {layer} needs pictures, but one row of numbers comes to it: move it up.")
        raise LayerError(words, index, layer=index + 1)
    match kind:
        case "convolution":
            return _convolution(index, shape, *numbers)
        case "pooling":
            return _pooling(index, shape, *numbers)
        case "average":
            return Layer("GlobalAveragePooling2D", (), shape[-1:], index=index)
        case "normalise":  # a scale and a shift that are learned, a mean and a spread that are measured
            return Layer("BatchNormalization", (), shape, 4 * shape[-1], prod(shape), index=index)
        case "dropout":
            return Layer("Dropout", numbers, shape, index=index)
        case "flatten":
            return Layer("Flatten", (), (prod(shape),), index=index)
        case _:  # "dense"
            return _dense(index, shape[0], numbers[0], "relu")


def _convolution(index: int, shape: tuple[int, ...], filters: int, size: int, step: int) -> Layer:
    height, width, channels = shape
    if size > min(height, width):
        raise LayerError(
            "Layer {layer} has filters of {size} × {size} dots, and pictures of {height} × {width} come to it: take"
            " smaller filters, or take a layer above it out.",
            index,
            layer=index + 1,
            size=size,
            height=height,
            width=width,
        )
    after = ((height - size) // step + 1, (width - size) // step + 1, filters)
    weights = size * size * channels * filters
    options: dict[str, str | int] = {"activation": "relu"}
    if step > 1:
        options = {"strides": step, **options}
    return Layer("Conv2D", (filters, size), after, weights + filters, weights * after[0] * after[1], options, index)


def _pooling(index: int, shape: tuple[int, ...], size: int) -> Layer:
    height, width, channels = shape
    if size > min(height, width):
        raise LayerError(
            "Layer {layer} joins {size} × {size} dots into one, and pictures of {height} × {width} come to it: take a"
            " pooling layer out.",
            index,
            layer=index + 1,
            size=size,
            height=height,
            width=width,
        )
    return Layer("MaxPooling2D", (size,), (height // size, width // size, channels), index=index)


def _dense(index: int | None, inputs: int, neurons: int, activation: str) -> Layer:
    weights = inputs * neurons
    return Layer("Dense", (neurons,), (neurons,), weights + neurons, weights, {"activation": activation}, index)
