"""Makes the network that comes with the app: `python -m core.fitting`."""
