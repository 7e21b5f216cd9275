"""The networks, one short file per architecture, and the catalogue that lists them.

Keras is imported inside functions only.
"""


def N_(words: str) -> str:  # noqa: N802  the name that gettext's tools look for
    """Words that pages say later, in the reader's language: marked here so that they get into the catalogues."""
    return words
