"""One mode, one file."""
