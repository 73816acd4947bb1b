"""The checks in reading order, and diagnose()."""
