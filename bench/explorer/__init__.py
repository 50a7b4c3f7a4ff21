"""The explorer: one page, `index.html`, that opens by a double click and shows all that a study holds."""
