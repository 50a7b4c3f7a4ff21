"""A denoiser and clean images give values for each image."""
