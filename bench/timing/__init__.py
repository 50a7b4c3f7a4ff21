"""How long denoisers take, and how fast this harness is beside the loop a user would write."""
