"""Clothes."""

from pages.shared.frame import frame

frame("Clothes", "Look at the clothes.")
