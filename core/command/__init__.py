"""The command line: every verb of `python3 start.py VERB` and `python -m core VERB`."""
