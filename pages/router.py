"""The main script: runs the page that the address names. Each page draws its own frame and menu."""

import streamlit as st

PAGES = ("dataset", "lessons", "training", "runs", "mistakes", "predict", "own", "help")

pages = [st.Page("welcome.py", default=True), *(st.Page(f"{name}.py") for name in PAGES)]
st.navigation(pages, position="hidden").run()
