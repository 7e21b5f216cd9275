"""An image becomes ten probabilities, a verdict and an explanation."""
