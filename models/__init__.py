"""The networks, one short file per architecture, and the catalogue that lists them.

Keras is imported inside functions only.
"""
