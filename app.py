"""The welcome page: a wall of clothes, three doors, and what is going on now."""

import streamlit as st

from pages.shared.frame import frame, guard
from pages.shared.services import data

frame("Welcome", "Here.")
with guard():
    st.write(data().title)
