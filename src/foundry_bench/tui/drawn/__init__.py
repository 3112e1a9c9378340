"""What widgets show, as text: pure functions of values."""
