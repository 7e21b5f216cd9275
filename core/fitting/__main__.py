"""`python -m core.fitting` makes the network that comes with the app."""

from core.fitting.make import main

if __name__ == "__main__":
    main()
