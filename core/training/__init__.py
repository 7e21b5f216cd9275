"""A plan and a data set become a trained network."""
