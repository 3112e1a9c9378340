"""Frozen values and pure functions over them: the standard library and numpy, no clock, no I/O."""
