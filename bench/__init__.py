"""The harness: it plans, trains, scores, stores and reports."""
