"""Help."""

from pages.shared.frame import frame

frame("Help", "Words explained.")
