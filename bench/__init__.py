"""Desruido: what does a denoiser cost at the noise variances it was not trained for?"""
