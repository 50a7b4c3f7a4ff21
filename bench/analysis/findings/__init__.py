"""What results say: facts as numbers and flags, and what finds them."""
