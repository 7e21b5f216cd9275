"""A `.tflite` network as plain steps and numbers, so that something other than LiteRT can compute the same answers.

A step takes values made before it, the first of which is the picture, and makes one: {"do": "convolve", "of": [3],
"shape": [26, 26, 64], ...}. Numbers that were learned lie in one long row. Knows nothing of who computes it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.errors import RunError, door
from core.language import Saying

if TYPE_CHECKING:
    from ai_edge_litert import schema_py_generated as schema

Step: TypeAlias = dict[str, Any]
# TensorFlow Lite's codes (its schema.fbs): kinds of numbers, and what follows an addition or a convolution at once.
KINDS = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}
THEN = {0: "", 1: "relu", 3: "relu6"}
SAME = 0  # padding
DAMAGE = (ValueError, TypeError, IndexError, KeyError, AttributeError, struct.error)


@dataclass(frozen=True, eq=False)
class Steps:
    """A network that looks at one picture (28, 28) and gives ten outputs."""

    steps: list[Step]
    numbers: np.ndarray  # (n,) float32; a step names its own as [beginning, shape]


def steps_of(content: bytes) -> Steps:
    """The steps of a `.tflite` network. Raises RunError for one that has other steps than networks here have."""
    from ai_edge_litert import schema_py_generated as schema

    damaged = Saying("This file is not a network I can load. Choose another run, or train it again.")
    with door(RunError, damaged, DAMAGE):
        return _Reader(schema.Model.GetRootAs(content, 0), schema).read()


class _Reader:
    """Goes through a network from its picture to its outputs."""

    def __init__(self, model: schema.Model, names: Any) -> None:
        self.model, self.schema, self.graph = model, names, model.Subgraphs(0)
        self.called = {code: name for name, code in vars(names.BuiltinOperator).items() if isinstance(code, int)}
        self.values = {int(self.graph.Inputs(0)): 0}  # place of a value that steps make, by the number of its tensor
        self.constants: dict[int, np.ndarray] = {}
        self.places: dict[int, int] = {}  # where the numbers of a tensor begin, of those that steps need
        self.numbers: list[np.ndarray] = []
        self.steps: list[Step] = []

    def read(self) -> Steps:
        """All of it."""
        for place in range(self.graph.OperatorsLength()):
            self._take(self.graph.Operators(place))
        if self.values[int(self.graph.Outputs(0))] != len(self.steps):
            raise ValueError("the last step does not give the outputs")
        return Steps(self.steps, np.concatenate(self.numbers) if self.numbers else np.zeros(0, np.float32))

    def _take(self, operator: schema.Operator) -> None:
        """One operator: it becomes a step, or only numbers; what works out the size of a batch is left out."""
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        name = self.called[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = [int(operator.Inputs(place)) for place in range(operator.InputsLength())]
        output = int(operator.Outputs(0))
        if name == "DEQUANTIZE":
            self.constants[output] = self._constant(inputs[0]).astype(np.float32)
            return
        if self.graph.Tensors(output).Type() != 0:  # a size, not a picture
            return
        if name not in MAKERS:
            sentence = "This network has a layer that no web page can compute yet: {layer}. Take another file of it."
            raise RunError(sentence, layer=name.lower())
        shape = [int(side) for side in self.graph.Tensors(output).ShapeAsNumpy()]
        self.steps.append(MAKERS[name](self, operator, inputs) | {"shape": shape})
        self.values[output] = len(self.steps)

    def _constant(self, tensor: int) -> np.ndarray:
        """The numbers that a tensor always has."""
        if tensor not in self.constants:
            found = self.graph.Tensors(tensor)
            content = self.model.Buffers(found.Buffer()).DataAsNumpy()
            shape = found.ShapeAsNumpy() if found.ShapeLength() else ()
            self.constants[tensor] = np.frombuffer(content.tobytes(), KINDS[found.Type()]).reshape(shape)
        return self.constants[tensor]

    def kept(self, tensor: int) -> list[Any]:
        """Where the numbers of a tensor lie, and their shape."""
        numbers = self._constant(tensor).astype(np.float32)
        if tensor not in self.places:
            self.places[tensor] = sum(map(len, self.numbers))
            self.numbers.append(numbers.ravel())
        return [self.places[tensor], list(numbers.shape)]

    def options(self, operator: schema.Operator, name: str) -> Any:
        """How an operator is set."""
        options = getattr(self.schema, f"{name}Options")()
        table = operator.BuiltinOptions()
        if table is not None:
            options.Init(table.Bytes, table.Pos)
        return options

    def whole(self, tensor: int) -> list[Any]:
        """Whole numbers that say how something is done."""
        found: list[Any] = self._constant(tensor).tolist()
        return found

    def learned(self, operator: schema.Operator, inputs: list[int], do: str, name: str) -> Step:
        """A step with a matrix or filters and a bias."""
        options = self.options(operator, name)
        step = {"do": do, "of": [self.values[inputs[0]]], "weights": self.kept(inputs[1]), "then": _then(options)}
        return step | ({"bias": self.kept(inputs[2])} if len(inputs) > 2 and inputs[2] >= 0 else {})

    def joined(self, operator: schema.Operator, inputs: list[int], do: str, name: str) -> Step:
        """A step on two values, the second of which may be numbers."""
        step: Step = {"do": do, "then": _then(self.options(operator, name))}
        made = [tensor for tensor in inputs if tensor in self.values]
        step["of"] = [self.values[tensor] for tensor in made]
        if len(made) == 1:
            other = inputs[1 - inputs.index(made[0])]
            step |= {"with": self.kept(other), "first": made[0] == inputs[0]}
        return step


Maker: TypeAlias = Callable[[_Reader, "schema.Operator", list[int]], Step]


def _then(options: Any) -> str:
    return THEN[options.FusedActivationFunction()]


def _windows(options: Any) -> Step:
    return {"step": [options.StrideH(), options.StrideW()], "same": options.Padding() == SAME}


def _convolution(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
    options = reader.options(operator, "Conv2D")
    if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
        raise ValueError("filters with gaps")
    return reader.learned(operator, inputs, "convolve", "Conv2D") | _windows(options)


def _pooling(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
    options = reader.options(operator, "Pool2D")
    size = [options.FilterHeight(), options.FilterWidth()]
    then = {"then": _then(options)}
    return {"do": "largest", "of": [reader.values[inputs[0]]], "size": size} | _windows(options) | then


def _resizing(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
    options = reader.options(operator, "ResizeBilinear")
    if options.AlignCorners() or not options.HalfPixelCenters():
        raise ValueError("another way to resize")
    return _simple("resize")(reader, operator, inputs)


def _cropping(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
    """A slice without its ends: they follow from the shape that it gives."""
    begin, steps = reader.whole(inputs[1]), reader.whole(inputs[3])
    options = reader.options(operator, "StridedSlice")
    if set(steps) != {1} or options.EllipsisMask() or options.NewAxisMask() or options.ShrinkAxisMask():
        raise ValueError("another way to slice")
    begin = [0 if options.BeginMask() >> axis & 1 else place for axis, place in enumerate(begin)]
    return {"do": "crop", "of": [reader.values[inputs[0]]], "begin": begin}


def _simple(do: str, how: str = "") -> Maker:
    """A step on one value, with whole numbers that say how."""

    def make(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
        step: Step = {"do": do, "of": [reader.values[inputs[0]]]}
        return step | ({how: reader.whole(inputs[1])} if how else {})

    return make


def _joining(do: str, name: str) -> Maker:
    return lambda reader, operator, inputs: reader.joined(operator, inputs, do, name)


def _dense(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
    return reader.learned(operator, inputs, "dense", "FullyConnected")


def _softmax(reader: _Reader, operator: schema.Operator, inputs: list[int]) -> Step:
    return _simple("softmax")(reader, operator, inputs) | {"beta": reader.options(operator, "Softmax").Beta()}


MAKERS: dict[str, Maker] = {  # by TensorFlow Lite's name of an operator
    "ADD": _joining("add", "Add"),
    "CONV_2D": _convolution,
    "DIV": _joining("divide", "Div"),
    "FULLY_CONNECTED": _dense,
    "LOGISTIC": _simple("sigmoid"),
    "MAX_POOL_2D": _pooling,
    "MEAN": _simple("average", "axes"),
    "MUL": _joining("multiply", "Mul"),
    "PAD": _simple("pad", "edges"),
    "RELU": _simple("relu"),
    "RESHAPE": _simple("reshape"),
    "RESIZE_BILINEAR": _resizing,
    "REVERSE_V2": _simple("reverse", "axes"),
    "SOFTMAX": _softmax,
    "STRIDED_SLICE": _cropping,
    "SUB": _joining("subtract", "Sub"),
    "TRANSPOSE": _simple("transpose", "axes"),
}
