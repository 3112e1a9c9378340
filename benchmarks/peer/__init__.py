"""Other tools, measured on the same server of known cadence as our engine; see ``peers.py``."""
