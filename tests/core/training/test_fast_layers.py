"""The shortcuts of training: what they compute, and learn, is what the plain Keras network and optimiser do."""

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.training import whitening
from core.training.fast_layers import forward_pass
from core.training.optimiser import fused
from models.catalogue import every

pytestmark = pytest.mark.slow

COUNT = 48


def pixels(data: Dataset, scale: float) -> np.ndarray:
    return data.train_images[:COUNT, ..., np.newaxis] / np.float32(scale)


def outcome(
    forward, network, inputs: np.ndarray, labels: np.ndarray, training: bool = False
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Outputs, and the gradients of a loss that looks at all of them."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = forward(tf.constant(inputs), training)
        loss = tf.reduce_mean(tf.square(outputs - tf.one_hot(labels, outputs.shape[-1])))
    return outputs.numpy(), [gradient.numpy() for gradient in tape.gradient(loss, network.trainable_variables)]


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same weights each time: one network in some thousands has two dots that are equal but for the last bit, and
    pooling may take either."""
    import keras

    keras.utils.set_random_seed(0)


def agree(network, inputs: np.ndarray, labels: np.ndarray, onednn: bool) -> None:
    """Fail unless the forward pass computes what the network does, forwards and backwards."""
    outputs, gradients = outcome(forward_pass(network, onednn), network, inputs, labels)
    plain, slopes = outcome(lambda inputs, training: network(inputs, training=training), network, inputs, labels)
    assert np.allclose(outputs, plain, rtol=0, atol=1e-5)
    assert len(gradients) == len(slopes) > 0
    for gradient, slope in zip(gradients, slopes, strict=True):
        assert np.allclose(gradient, slope, rtol=0, atol=min(1e-4, 0.01 * np.abs(slope).max()))


def with_biases(network):
    """Biases begin at zero, where their place would not matter."""
    generator = np.random.default_rng(0)
    for layer in network.layers:
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(generator.normal(0, 0.1, layer.bias.shape))
    return network


@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("name", every())
def test_every_recipe_computes_and_learns_the_same(name: str, onednn: bool, garments: Dataset) -> None:
    recipe = every()[name]
    agree(with_biases(recipe.build()), pixels(garments, recipe.train_scale), garments.train_labels[:COUNT], onednn)


def test_so_does_quick_on_its_patches(garments: Dataset) -> None:
    from models.quick import build_on_patches

    learner = whitening.whitened(build_on_patches(whitening.COMPONENTS), whitening.whiten(garments.train_images))
    agree(learner, pixels(garments, 255), garments.train_labels[:COUNT], True)


def shapes():
    """Networks the recipes do not have."""
    from keras import layers

    relu = {"activation": "relu"}
    return {
        "same padding": [layers.Conv2D(4, 3, padding="same", **relu), layers.MaxPooling2D(2)],
        "large and even kernels": [
            layers.Conv2D(4, 4, padding="same"),
            layers.MaxPooling2D(2),
            layers.Conv2D(5, 2, **relu),
            layers.MaxPooling2D(2),
        ],
        "kernels that are not square": [
            layers.Conv2D(4, (2, 5), **relu),
            layers.MaxPooling2D(2),
            layers.Conv2D(5, (3, 4), **relu),
            layers.MaxPooling2D(2),
        ],
        "no pooling": [layers.Conv2D(4, 3, **relu), layers.Conv2D(4, 3, padding="same", **relu)],
        "pooling of another kind": [
            layers.Conv2D(4, 3, **relu),
            layers.MaxPooling2D(3),
            layers.Conv2D(4, 3, **relu),
            layers.MaxPooling2D(2, padding="same"),
        ],
        "steps, no bias, another activation": [
            layers.Conv2D(4, 3, strides=2, **relu),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 2, use_bias=False, **relu),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 1, activation="gelu"),
            layers.MaxPooling2D(2),
        ],
        "something in front": [layers.Rescaling(2.0, -1.0), layers.Conv2D(4, 3, **relu), layers.MaxPooling2D(2)],
    }


@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("name", shapes())
def test_other_networks_are_left_right(name: str, onednn: bool, garments: Dataset) -> None:
    import keras

    network = keras.Sequential(
        [keras.Input((28, 28, 1)), *shapes()[name], keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    agree(with_biases(network), pixels(garments, 255), garments.train_labels[:COUNT], onednn)


def test_what_is_left_out_in_training_is_what_keras_would_leave_out(garments: Dataset) -> None:
    recipe = every()["intuitive-cnn"]
    network, given = recipe.build(), (pixels(garments, 255), garments.train_labels[:COUNT])
    state = network.layers[2].seed_generator.state
    began = state.numpy()
    outputs, gradients = outcome(forward_pass(network), network, *given, training=True)
    state.assign(began)
    plain, slopes = outcome(lambda inputs, training: network(inputs, training=training), network, *given, training=True)
    assert np.allclose(outputs, plain, rtol=0, atol=1e-5) and np.allclose(gradients[0], slopes[0], rtol=0, atol=1e-4)
    assert np.abs(outputs - outcome(forward_pass(network), network, *given)[0]).max() > 1e-3


@pytest.mark.parametrize("kind", ["Adam", "AdamW"])
def test_the_fused_optimiser_takes_the_steps_of_keras(kind: str) -> None:
    import keras
    import tensorflow as tf

    plain = getattr(keras.optimizers, kind)
    generator = np.random.default_rng(0)
    begin, slopes = (
        generator.normal(size=(30, 20)).astype(np.float32),
        generator.normal(size=(25, 30, 20)).astype(np.float32),
    )

    def walked(optimiser: type) -> tuple[np.ndarray, list[str]]:
        rate = keras.optimizers.schedules.CosineDecay(0.0, 20, 0.01, warmup_target=0.05, warmup_steps=5)
        weights, steps = keras.Variable(begin), optimiser(rate, weight_decay=0.1, epsilon=1e-8)
        steps.build([weights])
        apply = tf.function(lambda slope: steps.apply([slope], [weights]))
        for slope in slopes:
            apply(slope)
        return weights.numpy(), [variable.shape for variable in steps.variables]

    (ours, kept), (theirs, expected) = walked(fused(plain)), walked(plain)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-6) and kept == expected
    assert np.abs(ours - begin).max() > 0.1
