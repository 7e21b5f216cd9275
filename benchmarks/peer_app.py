"""The app for comparison in benchmarks/load.py: one script, as tutorials of Streamlit and Keras write it.

It loads Keras, trains inside the script, and asks the network with `model.predict`.
"""

import keras
import numpy as np
import streamlit as st
from PIL import Image, ImageOps

NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


@st.cache_data
def load_pictures():
    """Fashion-MNIST."""
    return keras.datasets.fashion_mnist.load_data()


@st.cache_resource
def load_model():
    """The network."""
    layers = [keras.Input((28, 28, 1)), keras.layers.Conv2D(64, 3, activation="relu"), keras.layers.MaxPooling2D()]
    layers += [keras.layers.Flatten(), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


st.title("Fashion MNIST")
(train_images, train_labels), (test_images, test_labels) = load_pictures()
model = load_model()

if st.button("Train", key="train"):
    place, curve = st.empty(), []

    class Curve(keras.callbacks.Callback):
        """Draws the curve while it learns."""

        def on_train_batch_end(self, batch, logs=None):
            if batch % 10 == 0:
                curve.append(logs["accuracy"])
                place.line_chart(curve)

    model.fit(train_images[..., None] / 255, train_labels, epochs=20, callbacks=[Curve()], verbose=0)

number = int(st.number_input("Test picture", 0, len(test_images) - 1, key="picture"))
st.image(test_images[number], width=200)
shares = model.predict(test_images[number][None, ..., None] / 255, verbose=0)[0]
st.bar_chart({name: [float(share)] for name, share in zip(NAMES, shares, strict=True)})

if uploaded := st.file_uploader("A photo", key="photo"):
    grey = ImageOps.invert(Image.open(uploaded).convert("L").resize((28, 28)))
    st.image(grey, width=200)
    answer = model.predict(np.array(grey)[None, ..., None] / 255, verbose=0)[0]
    st.write(f"This is a {NAMES[answer.argmax()]}, {answer.max():.0%} sure.")
