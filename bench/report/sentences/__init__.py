"""The sentences of the report, made from numbers so that they cannot go stale."""
