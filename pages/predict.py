"""Predict."""

from pages.shared.frame import frame

frame("Predict", "Ask.")
