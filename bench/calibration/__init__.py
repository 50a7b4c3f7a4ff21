"""Numbers of others: published ones, and their networks measured here."""
