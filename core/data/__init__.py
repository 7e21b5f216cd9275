"""The pictures a network learns from: where they are found, read, drawn, uploaded, explored and taken home."""
