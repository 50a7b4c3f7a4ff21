"""Values: experiments, protocols, tasks and results, and how they are named.

Images and random streams are values too. Nothing here trains, scores or reads results.
"""
