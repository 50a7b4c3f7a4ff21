"""Chapters about what is measured beside experiments: costs, noise estimates, banks, choices and others."""
