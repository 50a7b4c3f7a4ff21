"""Trained denoisers put to use: which one to take for an image, restoring files, exporting, and what that is worth."""
