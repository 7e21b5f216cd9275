"""`python -m core VERB ...` in this folder, or `python3 start.py VERB ...` from any: see core/command/line.py."""

import sys

from core.command.line import main

if __name__ == "__main__":
    sys.exit(main())
