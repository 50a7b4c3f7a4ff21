"""Fitting weights by a recipe, and choosing the parameter of a filter."""
