"""What the lessons show: the five articles, what layers do to a picture, drawings of networks."""
