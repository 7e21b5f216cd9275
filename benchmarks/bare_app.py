"""The app for comparison in benchmarks/pages.py: two pages of a few lines, as Streamlit's own tutorial writes them."""

import streamlit as st


def first() -> None:
    """A heading, a sentence and two widgets."""
    st.title("Fashion MNIST")
    st.write("Seventy thousand pictures of clothes, in ten classes.")
    st.number_input("Test picture", 0, 9999)
    st.button("Predict")
    st.page_link(second_page, label="Second")


def second() -> None:
    """The way back."""
    st.title("Second")
    st.write("Ten classes.")
    st.button("Train")
    st.page_link(first_page, label="First")


first_page, second_page = st.Page(first, default=True), st.Page(second)
st.navigation([first_page, second_page], position="hidden").run()
