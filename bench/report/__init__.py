"""REPORT.md: a pure function of the store."""
