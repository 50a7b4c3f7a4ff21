"""The one door to the disk: what was measured, read and written whole or not at all."""
