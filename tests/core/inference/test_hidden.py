"""What a network sees is what pictures are compared by."""

import numpy as np
import pytest

from core.data import explore
from core.inference.hidden import WIDTH, HiddenLayer, most_alike
from core.inference.network import Network, shipped


@pytest.mark.parametrize("count", [1, 3, 120])
def test_many_pictures_are_seen_as_single_ones_are(count, small):
    images, layer = small.test_images[:count], HiddenLayer(shipped())
    seen = layer.see(images)
    assert seen.shape == (count, WIDTH) and seen.dtype == np.float16
    assert np.allclose(np.linalg.norm(seen.astype(float), axis=1), 1, atol=0.01)
    assert np.allclose(layer.see(images[-1:]), seen[-1:], atol=0.01)


def test_the_picture_itself_is_most_alike(small):
    seen = HiddenLayer(shipped()).see(small.train_images[:60])
    assert most_alike(seen, seen[17:18], 3)[0] == 17 and len(most_alike(seen, seen[:1], 6)) == 6


def test_what_the_network_sees_names_more_pictures_rightly_than_their_dots_do(real):
    train, labels = real.train_images[:600], real.train_labels[:600]
    layer = HiddenLayer(shipped())
    seen, asked = layer.see(train), layer.see(real.test_images[:150])
    by_network = [labels[most_alike(seen, one[None], 1)[0]] for one in asked]
    by_dots = [labels[explore.nearest(train, image, 1)[0]] for image in real.test_images[:150]]
    truth = real.test_labels[:150]
    assert (by_network == truth).mean() > (by_dots == truth).mean() + 0.05


def test_a_network_without_a_hidden_layer_is_told(monkeypatch):
    class Flat:
        def __init__(self, **_: object) -> None: ...

        def allocate_tensors(self) -> None: ...

        def get_input_details(self) -> list[dict]:
            return [{"index": 0}]

        def get_tensor_details(self) -> list[dict]:
            shapes = ([1, 28, 28], [1, 784], [1, 10], [10, 784])
            return [{"index": n, "shape": shape, "dtype": np.float32} for n, shape in enumerate(shapes)]

    network: Network = shipped()
    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter", Flat)
    with pytest.raises(ValueError, match="no hidden layer"):
        HiddenLayer(network)
