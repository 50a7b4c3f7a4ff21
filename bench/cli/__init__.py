"""The command line: options, what they ask for, and what the terminal shows."""
