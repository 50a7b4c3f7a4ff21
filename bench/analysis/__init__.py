"""From scores to what they say: rows, intervals, comparisons, regret, ranking and breakdown, all as numbers."""
