"""From names to things: the images of a dataset, and a denoiser that is built."""
