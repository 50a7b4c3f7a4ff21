"""From names to results: what is asked, what is missing, and measuring it on any executor."""
