"""Runs: stored, queued, carried out by workers, read back and taken home."""
