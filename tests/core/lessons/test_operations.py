"""What layers do to one picture, shown as Keras does it."""

import numpy as np
import pytest

from core.lessons import operations


@pytest.fixture
def image(garments) -> np.ndarray:
    return garments.train_images[3]


@pytest.mark.parametrize("name", operations.KERNELS)
def test_convolution_and_pooling_are_those_of_keras(name: str, image: np.ndarray) -> None:
    from keras import layers

    kernel = operations.KERNELS[name].weights
    convolution = layers.Conv2D(1, 3, use_bias=False)
    convolution.build((None, 28, 28, 1))
    convolution.set_weights([kernel[..., np.newaxis, np.newaxis]])
    expected = convolution(image[np.newaxis, ..., np.newaxis].astype(np.float32) / 255)
    found = operations.convolve(image, kernel)
    assert found == pytest.approx(np.asarray(expected)[0, ..., 0], abs=1e-5)
    pooled = layers.MaxPooling2D(2)(expected)
    assert operations.pool(found) == pytest.approx(np.asarray(pooled)[0, ..., 0], abs=1e-5)


def test_an_odd_last_row_is_left_out() -> None:
    values = np.arange(25.0).reshape(5, 5)
    assert operations.pool(values).tolist() == [[6, 8], [16, 18]]


def test_relu_keeps_only_what_is_positive() -> None:
    assert operations.relu(np.array([-2.0, 0.0, 3.0])).tolist() == [0, 0, 3]


def test_dropout_leaves_out_its_share_and_keeps_the_sum() -> None:
    values = np.ones((200, 200))
    dropped = operations.drop(values, 0.25, seed=1)
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.01) and dropped.mean() == pytest.approx(1, abs=0.01)
    assert np.array_equal(dropped, operations.drop(values, 0.25, seed=1))
    assert not np.array_equal(dropped, operations.drop(values, 0.25, seed=2))


def test_zero_is_middle_grey_only_where_something_is_negative() -> None:
    assert operations.to_grey(np.array([[-1.0, 0.0, 1.0]])).tolist() == [[0, 128, 255]]
    assert operations.to_grey(np.array([[0.0, 2.0]])).tolist() == [[0, 255]]
    assert operations.to_grey(np.zeros((1, 2))).tolist() == [[0, 0]]
