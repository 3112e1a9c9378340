"""A screen a file: the modes, what lies over them, and what several of them have in common."""
