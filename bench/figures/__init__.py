"""From results to figures: which there are, what each shows, and the functions that draw them."""
