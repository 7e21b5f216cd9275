"""Any picture or drawing becomes the 28 x 28 image that a network is given."""
